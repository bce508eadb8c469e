/*
 * Virtual ITS (Interrupt Translation Service) of one VM: devices' messages
 * become LPIs. GICv3/v4 IHI 0069, "The Interrupt Translation Service"; 16 bits
 * of EventID, DeviceID and collection; device and collection tables, flat or
 * with two levels, interrupt translation tables and command queue are in the
 * guest's memory, and everything read there is checked each time. Physical
 * LPIs only (no GICv4 commands), target addresses are processor numbers
 * (GITS_TYPER.PTA = 0), no SEIs for errors.
 *
 * A command whose parameters are wrong is ignored. One whose memory (of the
 * queue or a table) is outside the guest's RAM stalls the queue
 * (GITS_CREADR.Stalled) until software writes GITS_CWRITER.Retry.
 *
 * Commands are executed in the access that makes them visible (GITS_CWRITER,
 * GITS_CTLR), a bounded number at a time; what is left, or waits for another
 * vCPU, goes on at the next exits of the same vCPU (VGIC_STALE_ITS,
 * vgic_ops.exit_again) and at each read of GITS_CREADR.
 *
 * Lock: vits->lock, outside of the vGIC's; see vgic.h.
 */
#ifndef PLINTH_VITS_H
#define PLINTH_VITS_H

#include <arch/aarch64/vgic.h>
#include <arch/aarch64/vits_regs.h>

/*
 * The control and translation frames, GITS_SIZE bytes; `vgic` is a struct
 * vgic with an ITS. mmio_fn of base/mmio.h, always 0. A vCPU has no DeviceID,
 * so what it writes to GITS_TRANSLATER is ignored.
 */
MUST_CHECK int vits_mmio(void *vgic, struct mmio_op *op);

/*
 * A device writes `event` to GITS_TRANSLATER. Without mapping, or without ITS,
 * nothing happens. DeviceIDs are given by whoever makes the device known to
 * the guest. Callable from anywhere.
 */
void vits_inject(struct vgic *g, uint32_t device, uint32_t event);

#endif
