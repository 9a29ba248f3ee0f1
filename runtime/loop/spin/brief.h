/*
 * Brief: may a loop do a short job itself instead of having a thread do it?
 *
 * To wake a thread and to be woken by it costs a processor as much as a short write to a disk, about 45 us. But for the time of the
 * job the loop hears nothing. So it does such jobs itself while they take less than a millisecond on average, whoever does them: any disk
 * without moving parts. One that took the loop much longer, as other activations do at times, is a surprise for all that wait for it; it is
 * earned back by short ones of the thread, as many as the square of its milliseconds: a disk that stops for longer each
 * now and then does so for its thread. Pure; one loop's.
 *
 * Bounded: of a loop whose jobs are long nothing is taken; after 8 ms 64 jobs are the thread's, after 100 ms 10,000.
 */
#ifndef RUNTIME_LOOP_SPIN_BRIEF_H
#define RUNTIME_LOOP_SPIN_BRIEF_H

#include <stdbool.h>
#include <stdint.h>

#define BRIEF_AVERAGE_NS 1000000
#define BRIEF_LONG_NS 8000000 /* a surprise */
#define BRIEF_FIRST 8U        /* so many are the thread's, before anything is known */

struct brief {
	int64_t average_ns; /* of the last ones, most of the newest */
	uint32_t owed;      /* so many are the thread's */
};

void brief_init(struct brief *brief);
bool brief_may(const struct brief *brief);
/* One has taken so long, here on the loop or on the thread. */
void brief_ran(struct brief *brief, int64_t ns, bool is_here);

#endif
