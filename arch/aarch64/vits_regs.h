/*
 * Registers, commands and fields of an ITS. Source: GICv3/v4 IHI 0069, "ITS
 * register map" and "ITS commands", names as the specification spells them.
 * Table entries are the ITS's own: their format is IMPLEMENTATION DEFINED.
 */
#ifndef PLINTH_VITS_REGS_H
#define PLINTH_VITS_REGS_H

#include <base/bits.h>

#define GITS_SIZE       0x20000 /* control frame and translation frame */
#define GITS_CTLR       0x0000
#define GITS_IIDR       0x0004
#define GITS_TYPER      0x0008
#define GITS_CBASER     0x0080
#define GITS_CWRITER    0x0088
#define GITS_CREADR     0x0090
#define GITS_BASER      0x0100 /* + 8 * n, 0..7 */
#define GITS_BASER_END  0x0140
#define GITS_TRANSLATER 0x10040

#define GITS_CTLR_Enabled   BIT(0)
#define GITS_CTLR_Quiescent BIT(31)

#define GITS_TYPER_Physical       BIT(0)
#define GITS_TYPER_ITT_entry_size GENMASK(7, 4)   /* bytes - 1 */
#define GITS_TYPER_IDbits         GENMASK(12, 8)  /* of EventIDs, - 1 */
#define GITS_TYPER_Devbits        GENMASK(17, 13) /* of DeviceIDs, - 1 */

#define GITS_CBASER_Valid BIT(63)
#define GITS_CBASER_PA    GENMASK(51, 12)
#define GITS_CBASER_Size  GENMASK(7, 0) /* 4 KiB pages - 1 */
#define GITS_CBASER_MASK                                                       \
	(BIT(63) | GENMASK(61, 59) | GENMASK(55, 53) | GENMASK(51, 10) |       \
	 GENMASK(7, 0))

#define GITS_CWRITER_Retry  BIT(0)
#define GITS_CREADR_Stalled BIT(0)
#define GITS_CQ_Offset      GENMASK(19, 5) /* of CREADR and CWRITER */

#define GITS_BASER_Valid      BIT(63)
#define GITS_BASER_Indirect   BIT(62)
#define GITS_BASER_Type       GENMASK(58, 56)
#define GITS_BASER_Entry_Size GENMASK(52, 48) /* bytes - 1 */
#define GITS_BASER_PA         GENMASK(47, 12)
#define GITS_BASER_PA_64K     GENMASK(47, 16)
#define GITS_BASER_PA_HIGH    GENMASK(15, 12) /* bits 51:48, 64 KiB pages */
#define GITS_BASER_Page_Size  GENMASK(9, 8)
#define GITS_BASER_Size       GENMASK(7, 0) /* pages - 1 */
#define GITS_BASER_RO         (GITS_BASER_Type | GITS_BASER_Entry_Size)

#define GITS_BASER_TYPE_DEVICE     1
#define GITS_BASER_TYPE_COLLECTION 4

/* Commands: 32 bytes, four little-endian doublewords. */
#define ITS_CMD_SIZE 32
enum its_cmd {
	ITS_MOVI = 0x01,
	ITS_INT = 0x03,
	ITS_CLEAR = 0x04,
	ITS_SYNC = 0x05,
	ITS_MAPD = 0x08,
	ITS_MAPC = 0x09,
	ITS_MAPTI = 0x0a,
	ITS_MAPI = 0x0b,
	ITS_INV = 0x0c,
	ITS_INVALL = 0x0d,
	ITS_MOVALL = 0x0e,
	ITS_DISCARD = 0x0f
};

#define ITS_DW0_COMMAND  GENMASK(7, 0)
#define ITS_DW0_DeviceID GENMASK(63, 32)
#define ITS_DW1_EventID  GENMASK(31, 0)
#define ITS_DW1_pINTID   GENMASK(63, 32)
#define ITS_DW1_Size     GENMASK(4, 0) /* MAPD: bits of EventIDs - 1 */
#define ITS_DW2_ICID     GENMASK(15, 0)
#define ITS_DW2_RDbase   GENMASK(50, 16) /* GICR_TYPER.Processor_Number */
#define ITS_DW2_ITT      GENMASK(51, 8)
#define ITS_DW2_V        BIT(63)

#endif
