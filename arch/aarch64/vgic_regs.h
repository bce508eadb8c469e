/*
 * Register offsets and fields of GICv3 that the virtual GIC implements or
 * programs. Source: GICv3/v4 IHI 0069 (GICD_*, GICR_*, ICH_*, ICC_*), names
 * as the specification spells them. Offsets are bytes from the frame's base.
 */
#ifndef PLINTH_VGIC_REGS_H
#define PLINTH_VGIC_REGS_H

#include <base/bits.h>

/* INTID ranges. */
#define GIC_NR_SGIS     16
#define GIC_NR_PRIVATE  32
#define GIC_MAX_SPIS    960
#define GIC_SPURIOUS    1023
#define GIC_LPI_FIRST   8192
#define GIC_LPI_END     65536 /* INTIDs of 16 bits: what every CPU has */
#define GIC_FRAME_SIZE  0x10000
#define GIC_REDIST_SIZE 0x20000 /* RD_base and SGI_base frames of one PE */

/* Distributor. */
#define GICD_CTLR        0x0000
#define GICD_TYPER       0x0004
#define GICD_IIDR        0x0008
#define GICD_TYPER2      0x000c
#define GICD_STATUSR     0x0010
#define GICD_SETSPI_NSR  0x0040
#define GICD_CLRSPI_NSR  0x0048
#define GICD_IGROUPR     0x0080 /* also GICR_IGROUPR0 in SGI_base, ... */
#define GICD_ISENABLER   0x0100
#define GICD_ICENABLER   0x0180
#define GICD_ISPENDR     0x0200
#define GICD_ICPENDR     0x0280
#define GICD_ISACTIVER   0x0300
#define GICD_ICACTIVER   0x0380
#define GICD_IPRIORITYR  0x0400
#define GICD_ITARGETSR   0x0800
#define GICD_ICFGR       0x0c00
#define GICD_IGRPMODR    0x0d00
#define GICD_NSACR       0x0e00
#define GICD_SGIR        0x0f00
#define GICD_CPENDSGIR   0x0f10
#define GICD_SPENDSGIR   0x0f20
#define GICD_IROUTER     0x6000
#define GICD_IROUTER1023 0x7ff8
#define GIC_IDREGS       0xffd0 /* PIDR4..7, PIDR0..3, CIDR0..3 */
#define GIC_PIDR0        0xffe0
#define GIC_IDREGS_PAGE  0xff80

#define GICD_CTLR_EnableGrp0 BIT(0)
#define GICD_CTLR_EnableGrp1 BIT(1)
#define GICD_CTLR_ARE        BIT(4)
#define GICD_CTLR_DS         BIT(6)
#define GICD_CTLR_RWP        BIT(31)

#define GICD_TYPER_ITLinesNumber GENMASK(4, 0)
#define GICD_TYPER_MBIS          BIT(16)
#define GICD_TYPER_LPIS          BIT(17)
#define GICD_TYPER_IDbits        GENMASK(23, 19)
#define GICD_TYPER_A3V           BIT(24)
#define GICD_TYPER_RSS           BIT(26)

#define GICD_SETSPI_INTID GENMASK(9, 0) /* and CLRSPI */

#define GICD_IROUTER_IRM  BIT(31)
#define GICD_IROUTER_MASK (GENMASK(39, 32) | BIT(31) | GENMASK(23, 0))

/* Redistributor, RD_base. */
#define GICR_CTLR      0x0000
#define GICR_IIDR      0x0004
#define GICR_TYPER     0x0008
#define GICR_STATUSR   0x0010
#define GICR_WAKER     0x0014
#define GICR_SETLPIR   0x0040
#define GICR_PROPBASER 0x0070
#define GICR_PENDBASER 0x0078
#define GICR_INVLPIR   0x00a0
#define GICR_INVALLR   0x00b0
#define GICR_SYNCR     0x00c0
#define GICR_SGI_BASE  0x10000

#define GICR_CTLR_EnableLPIs BIT(0)
#define GICR_CTLR_CES        BIT(1)
#define GICR_CTLR_IR         BIT(2)
#define GICR_CTLR_RWP        BIT(3)
#define GICR_CTLR_DPG        GENMASK(25, 24) /* DPG0 and DPG1NS */
#define GICR_SYNCR_Busy      BIT(0)

#define GICR_TYPER_PLPIS            BIT(0)
#define GICR_TYPER_Last             BIT(4)
#define GICR_TYPER_DPGS             BIT(5)
#define GICR_TYPER_Processor_Number GENMASK(23, 8)
#define GICR_TYPER_Affinity         GENMASK(63, 32)
#define GICR_WAKER_ProcessorSleep   BIT(1)
#define GICR_WAKER_ChildrenAsleep   BIT(2)

/* Memory attributes are kept as written: EL2 accesses as Normal cacheable. */
#define GICR_PROPBASER_IDbits GENMASK(4, 0)
#define GICR_PROPBASER_PA     GENMASK(51, 12)
#define GICR_PROPBASER_MASK   (GENMASK(58, 56) | GENMASK(51, 7) | GENMASK(4, 0))
#define GICR_PENDBASER_PTZ    BIT(62)
#define GICR_PENDBASER_PA     GENMASK(51, 16)
#define GICR_PENDBASER_MASK                                                    \
	(GICR_PENDBASER_PTZ | GENMASK(58, 56) | GICR_PENDBASER_PA |            \
	 GENMASK(11, 7))

/* One byte of the LPI configuration table. */
#define LPI_CONFIG_Enable   BIT(0)
#define LPI_CONFIG_Priority GENMASK(7, 2)

/* MPIDR_EL1 affinity fields. */
#define MPIDR_Aff0 GENMASK(7, 0)
#define MPIDR_Aff1 GENMASK(15, 8)
#define MPIDR_Aff2 GENMASK(23, 16)
#define MPIDR_Aff3 GENMASK(39, 32)

/* ICC_SGI0R_EL1, ICC_SGI1R_EL1, ICC_ASGI1R_EL1. */
#define ICC_SGIR_TargetList GENMASK(15, 0)
#define ICC_SGIR_Aff1       GENMASK(23, 16)
#define ICC_SGIR_INTID      GENMASK(27, 24)
#define ICC_SGIR_Aff2       GENMASK(39, 32)
#define ICC_SGIR_IRM        BIT(40)
#define ICC_SGIR_RS         GENMASK(47, 44)
#define ICC_SGIR_Aff3       GENMASK(55, 48)

/* ICC_CTLR_EL1 as a guest sees it (ICV_CTLR_EL1). */
#define ICC_CTLR_CBPR    BIT(0)
#define ICC_CTLR_EOImode BIT(1)
#define ICC_CTLR_PRIbits GENMASK(10, 8)
#define ICC_CTLR_IDbits  GENMASK(13, 11)
#define ICC_CTLR_SEIS    BIT(14)
#define ICC_CTLR_A3V     BIT(15)

/* ICH_LR<n>_EL2. */
#define ICH_LR_vINTID   GENMASK(31, 0)
#define ICH_LR_EOI      BIT(41)         /* HW == 0 only */
#define ICH_LR_pINTID   GENMASK(44, 32) /* HW == 1 only */
#define ICH_LR_Priority GENMASK(55, 48)
#define ICH_LR_Group    BIT(60)
#define ICH_LR_HW       BIT(61)
#define ICH_LR_Pending  BIT(62)
#define ICH_LR_Active   BIT(63)
#define ICH_LR_State    (ICH_LR_Pending | ICH_LR_Active)

/* ICH_HCR_EL2. */
#define ICH_HCR_En       BIT(0)
#define ICH_HCR_UIE      BIT(1)
#define ICH_HCR_LRENPIE  BIT(2)
#define ICH_HCR_NPIE     BIT(3)
#define ICH_HCR_VGrp0EIE BIT(4)
#define ICH_HCR_VGrp0DIE BIT(5)
#define ICH_HCR_VGrp1EIE BIT(6)
#define ICH_HCR_VGrp1DIE BIT(7)
#define ICH_HCR_TC       BIT(10)
#define ICH_HCR_TDIR     BIT(14)
#define ICH_HCR_EOIcount GENMASK(31, 27)

/* ICH_VTR_EL2. */
#define ICH_VTR_ListRegs GENMASK(4, 0)
#define ICH_VTR_TDS      BIT(19)
#define ICH_VTR_A3V      BIT(21)
#define ICH_VTR_SEIS     BIT(22)
#define ICH_VTR_IDbits   GENMASK(25, 23)
#define ICH_VTR_PREbits  GENMASK(28, 26)
#define ICH_VTR_PRIbits  GENMASK(31, 29)

/* ICH_VMCR_EL2. */
#define ICH_VMCR_VENG0  BIT(0)
#define ICH_VMCR_VENG1  BIT(1)
#define ICH_VMCR_VFIQEn BIT(3)
#define ICH_VMCR_VCBPR  BIT(4)
#define ICH_VMCR_VEOIM  BIT(9)
#define ICH_VMCR_VBPR1  GENMASK(20, 18)
#define ICH_VMCR_VBPR0  GENMASK(23, 21)
#define ICH_VMCR_VPMR   GENMASK(31, 24)

#endif
