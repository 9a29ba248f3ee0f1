/*
 * Brief: may a loop do a short job itself instead of having a thread do it?
 *
 * To wake a thread and to be woken by it costs a processor as much as a short write to a disk, about 45 us. But for the time of the
 * job the loop hears nothing. So it does such jobs itself while they take less than a millisecond on average, whoever does them: any disk
 * without moving parts. One that took the loop several is a surprise for all that waited; it is earned back by short ones of the thread,
 * one for each 100 us. Pure; one loop's.
 *
 * Bounded: of a loop whose jobs are long nothing is taken; between two surprises the loop is free for longer than the first one took.
 */
#ifndef RUNTIME_LOOP_SPIN_BRIEF_H
#define RUNTIME_LOOP_SPIN_BRIEF_H

#include <stdbool.h>
#include <stdint.h>

#define BRIEF_AVERAGE_NS 1000000
#define BRIEF_LONG_NS 4000000  /* a surprise */
#define BRIEF_EARNED_NS 100000 /* of it, by each short job of the thread */
#define BRIEF_FIRST 8U         /* so many, before anything is known */

struct brief {
	int64_t average_ns; /* of the last ones, most of the newest */
	uint32_t owed;      /* so many are the thread's */
};

void brief_init(struct brief *brief);
bool brief_may(const struct brief *brief);
/* One has taken so long, here on the loop or on the thread. */
void brief_ran(struct brief *brief, int64_t ns, bool is_here);

#endif
