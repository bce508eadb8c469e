/*
 * Memory barriers (EL2 build): inner-shareable DMBs for memory that CPUs of
 * this machine share. Arm ARM DDI 0487, DMB, DSB, ISB.
 */
#ifndef PLINTH_PORT_BARRIER_H
#define PLINTH_PORT_BARRIER_H

#define smp_mb()  __asm__ volatile("dmb ish" ::: "memory")
#define smp_rmb() __asm__ volatile("dmb ishld" ::: "memory")
#define smp_wmb() __asm__ volatile("dmb ishst" ::: "memory")

/* Between looks at memory that another CPU will change. */
#define cpu_relax() __asm__ volatile("yield" ::: "memory")

/* Stores to what p points at count as seen: none of them may be left out. */
#define keep_stores(p) __asm__ volatile("" ::"r"(p) : "memory")

#endif
