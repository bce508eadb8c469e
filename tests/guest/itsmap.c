/*
 * What an ITS can map (GICv3, Arm IHI 0069, "ITS commands"): MAPI, whose event
 * is its own LPI, devices with many events, and where tables and numbers end.
 * Natively it wants QEMU virt's own ITS. One CPU is enough.
 */
#include "lib/check.h"
#include "lib/guest.h"
#include "lib/irqlog.h"
#include "lib/its.h"

const char payload_name[] = "itsmap";

#define DEV        2U
#define EVENT_BITS 14U
#define ITT_BYTES  (16U << EVENT_BITS) /* of entries of up to 16 bytes */
#define LPI_LAST   16383U              /* of 14 bits */

static uint8_t itt[ITT_BYTES] __attribute__((noinit, aligned(0x10000)));

static bool took(unsigned lpi)
{
	return irq_take(1) && irq_log()->nr == 1 && irq_log()->intid[0] == lpi;
}

static bool nothing(unsigned event)
{
	irq_log_start(NULL);
	return its_run(its_event(ITS_INT, DEV, event)) && irq_none();
}

static bool comes(unsigned event, unsigned lpi)
{
	irq_log_start(NULL);
	return its_run(its_event(ITS_INT, DEV, event)) && took(lpi) &&
	       irq_none();
}

/* MAPD of a device that is mapped: its events are gone, by the new table. */
static void map_anew(void)
{
	for (unsigned i = 0; i < ITT_BYTES; i += 8)
		*(uint64_t *)ptr_of(addr_of(itt) + i) = 0;
	dsb_sy();
	its_run(its_mapd_at(DEV, itt, EVENT_BITS));
}

static void enable(unsigned lpi)
{
	its_config(lpi, PRIO_DEFAULT, true);
	its_run(its_invall(0));
}

static void check_mapi(void)
{
	const unsigned lpi = LPI_FIRST + 77;

	map_anew();
	enable(lpi);
	CHECK("event_is_not_mapped_at_first", nothing(lpi));
	CHECK("mapi_runs", its_run(its_mapi(DEV, lpi, 0)));
	CHECK("mapi_event_is_its_own_lpi", comes(lpi, lpi));
	CHECK("its_neighbours_are_not_mapped",
	      nothing(lpi - 1) && nothing(lpi + 1));
	its_run(its_event(ITS_DISCARD, DEV, lpi));
	CHECK("discarded_it_is_unmapped", nothing(lpi));
	its_run(its_mapi(DEV, 40, 0));
	CHECK("mapi_of_an_spi_maps_nothing",
	      nothing(40) && !gic_bit(GIC_ISPENDR, 40));
}

static void check_ends(void)
{
	const unsigned last = (1U << EVENT_BITS) - 1;

	map_anew();
	enable(LPI_LAST);
	enable(LPI_FIRST);
	its_run(its_mapti(DEV, last, LPI_FIRST, 0));
	CHECK("last_event_of_a_device", comes(last, LPI_FIRST));
	its_run(its_mapti(DEV, 0, LPI_LAST, 0));
	CHECK("last_lpi", comes(0, LPI_LAST));
	its_run(its_mapti(DEV, last + 1, LPI_FIRST, 0));
	CHECK("event_behind_the_last_is_not_mapped", nothing(last + 1));
	its_run(its_mapti(DEV, 1, LPI_LAST + 1, 0));
	CHECK("lpi_beyond_the_tables_comes_to_nobody", nothing(1));
	its_run(its_mapti(DEV, 2, LPI_FIRST - 1, 0));
	CHECK("number_below_the_lpis_is_none", nothing(2));
	CHECK("what_was_mapped_works_still", comes(last, LPI_FIRST));
}

/* Two events of one LPI, and one event mapped twice. */
static void check_twice(void)
{
	map_anew();
	enable(LPI_FIRST + 1);
	enable(LPI_FIRST + 2);
	its_put(its_mapti(DEV, 5, LPI_FIRST + 1, 0));
	its_run(its_mapti(DEV, 6, LPI_FIRST + 2, 0));
	CHECK("two_events", comes(5, LPI_FIRST + 1) && comes(6, LPI_FIRST + 2));
	its_run(its_event(ITS_DISCARD, DEV, 5));
	its_run(its_mapti(DEV, 5, LPI_FIRST + 2, 0));
	CHECK("an_event_can_have_another_lpi", comes(5, LPI_FIRST + 2));
	its_run(its_mapd(DEV, false));
	CHECK("unmapped_device_has_none", nothing(5) && nothing(6));
	map_anew();
	CHECK("mapped_again_it_has_none", nothing(5) && nothing(6));
}

static void check_collections(void)
{
	const unsigned far = 0xffff;

	map_anew();
	enable(LPI_FIRST + 3);
	its_run(its_mapc(far, this_cpu(), true));
	its_run(its_mapti(DEV, 3, LPI_FIRST + 3, far));
	CHECK("collection_beyond_its_table_is_none", nothing(3));
	its_run(its_event(ITS_DISCARD, DEV, 3));
	its_run(its_mapti(DEV, 3, LPI_FIRST + 3, 7));
	CHECK("collection_that_is_not_mapped_is_none", nothing(3));
	its_run(its_mapc(7, this_cpu(), true));
	CHECK("mapped_later_it_delivers", comes(3, LPI_FIRST + 3));
	its_run(its_mapc(7, this_cpu(), false));
	CHECK("unmapped_it_does_not", nothing(3));
	its_run(its_movi(DEV, 3, 0));
	CHECK("movi_from_no_collection_is_ignored", nothing(3));
	its_run(its_mapc(7, this_cpu(), true));
	its_run(its_movi(DEV, 3, far));
	CHECK("movi_to_no_collection_is_ignored", comes(3, LPI_FIRST + 3));
	its_run(its_movi(DEV, 3, 0));
	its_run(its_mapc(7, this_cpu(), false));
	CHECK("movi_leads_it_elsewhere", comes(3, LPI_FIRST + 3));
}

void payload_main(void)
{
	if (!CHECK("there_is_one", its_present()))
		return;
	gic_init_dist();
	gic_init_cpu();
	its_init();
	CHECK("a_collection_is_mapped", its_run(its_mapc(0, this_cpu(), true)));
	check_mapi();
	check_ends();
	check_twice();
	check_collections();
}
