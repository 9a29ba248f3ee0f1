/*
 * Spin: is it worth looking again for a moment before a loop sleeps?
 *
 * To be woken costs more than a short wait, and where each waits for the other's answer that is most of its time. But
 * looking takes a processor from others. So it has to be earned: by waits in a row that were short enough that looking would have met their end.
 * A look that ends without anything makes the next one dearer, one that succeeds cheaper. Pure; one loop's.
 *
 * Bounded: of a loop whose waits are long nothing is spent; a miss costs one limit, at most each SPIN_PRICE_MIN short waits.
 */
#ifndef RUNTIME_LOOP_SPIN_SPIN_H
#define RUNTIME_LOOP_SPIN_SPIN_H

#include <stdbool.h>
#include <stdint.h>

#define SPIN_PRICE_MIN 4U
#define SPIN_PRICE_MAX 4096U

struct spin {
	int64_t limit_ns; /* of one look; 0: never */
	uint32_t earned;  /* short waits in a row */
	uint32_t price;   /* so many are needed */
};

void spin_init(struct spin *spin, uint32_t limit_us);
bool spin_may(const struct spin *spin);
/* The loop has slept for so long. */
void spin_slept(struct spin *spin, int64_t ns);
/* It has looked, and something came, or nothing did. */
void spin_hit(struct spin *spin);
void spin_missed(struct spin *spin);

#endif
