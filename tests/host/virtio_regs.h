/*
 * What the registers of a virtio slot have to read, computed from the
 * transport's state and not from where a driver reads them. virtio 1.2
 * sec. 4.2.2.
 */
#ifndef PLINTH_TESTS_VIRTIO_REGS_H
#define PLINTH_TESTS_VIRTIO_REGS_H

#include <hyp/vdev/virtio_mmio.h>

/* Whether all of t->cfg.regs below the configuration is so; InterruptStatus and
 * ConfigGeneration are state themselves. */
bool virtio_regs_are_true(const struct virtio_mmio *t);

#endif
