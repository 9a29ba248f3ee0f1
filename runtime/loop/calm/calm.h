/*
 * A process that was busy and is calm gives the machine back what it touched and no longer uses: free pages of its heap, and pages
 * of its program and libraries, most of them of a start that does not come again. What is needed later comes back at a page fault,
 * 64 KiB at a time, out of the machine's cache of files.
 *
 * For a loop's thread. Costs a comparison at each turn; after CALM_TURNS of them one look a little later, which reads how large the process is
 * (three calls of the system) and how much of its heap is free: that walks over all its free pieces, a third of a millisecond for
 * each thousand of them, and is left out when the process is larger than 128 MiB. It gives back at the first calm look, soon after its start, and then whenever it
 * has grown by CALM_GROWN_BYTES, or its heap has so much more that is free: a fifth of a millisecond, and the faults afterwards. Who sleeps is
 * not woken. A process may have several loops: each does so for all.
 */
#ifndef RUNTIME_LOOP_CALM_CALM_H
#define RUNTIME_LOOP_CALM_CALM_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/limits.h"

#define CALM_TURNS \
	4U /* since the last look: something was done, more than the look itself is; a kubectl is some 6 */
#define CALM_FIRST_MS 100U /* from then on to the look: after a start that was short */
#define CALM_LOOK_MS 3000U /* and later */
#define CALM_BUSY_TURNS \
	512U /* meanwhile: not calm; a node's heartbeats and its cluster's are some 50 a second */
#define CALM_GROWN_BYTES (2U * MIB) /* a kubectl that comes and goes makes it 4 */

/* Zeroed at first. */
struct calm {
	uint32_t turns; /* since the last look, or since one was asked for */
	bool is_asked;  /* a look is due */
	uint64_t bytes; /* how large the process was after it gave back; 0: never yet */
	uint64_t free;  /* in its heap then; the pages of it are gone, but not its addresses */
};

/* A turn has been. Not 0: call calm_look so many milliseconds from now. */
static inline uint32_t calm_turn(struct calm *calm)
{
	if (++calm->turns < CALM_TURNS || calm->is_asked)
		return 0;
	calm->turns = 0;
	calm->is_asked = true;
	return calm->bytes == 0 ? CALM_FIRST_MS : CALM_LOOK_MS;
}

/* Gives back if it is time to. Not 0: it was busy, look again so many milliseconds from now. */
uint32_t calm_look(struct calm *calm);

/* Pages of files that have been changed in memory (a debugger's, a probe's) keep the mapping they are in as it is. */
void calm_give_back(void);

/*
 * glibc gives free memory at the heap's end back as soon as it is 128 KiB, and takes it again at the next message of 64: 15 page faults
 * for each. It learns from what is freed to keep more: from here on up to 4 MiB. They go when the process is calm. Where somebody
 * has set the heap's thresholds they stay as they are.
 */
void calm_keep_heap(void);

/* What of the process is in memory, pages that others use too included; 0: the machine does not say. */
uint64_t calm_resident_bytes(void);

#endif
