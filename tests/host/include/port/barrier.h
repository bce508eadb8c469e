/* Memory barriers (host build): full fences, so ordering bugs stay visible to
 * the thread sanitizer and reorderings by the compiler are excluded. */
#ifndef PLINTH_PORT_BARRIER_H
#define PLINTH_PORT_BARRIER_H

#define smp_mb()    __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb()   __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb()   __atomic_thread_fence(__ATOMIC_RELEASE)
#define cpu_relax() __atomic_signal_fence(__ATOMIC_SEQ_CST)

/* Stores to what p points at count as seen: none of them may be left out. */
#define keep_stores(p) __asm__ volatile("" ::"r"(p) : "memory")

#endif
