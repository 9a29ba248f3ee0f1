/*
 * Shrinking: delta debugging over a list of faults (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002).
 *
 * The list is cut into n parts; if one part alone still fails, or the list without one part does, that is the new list; else it
 * is cut finer. At single faults, no part can be left out any more.
 */
#include "runtime/base/mem.h"
#include "runtime/sim/sim-private.h"

struct shrink {
	struct act_sim_fault *faults, *tried;
	uint32_t count, tries;
	bool (*fails)(void *arg, const struct act_sim_fault *faults, uint32_t count);
	void *arg;
};

/* Whether [from, to) alone fails, or all but those; if so that is the list from now on. */
static bool shrink_to(struct shrink *shrink, uint32_t from, uint32_t to, bool is_without)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < shrink->count; i++)
		if ((i >= from && i < to) != is_without)
			shrink->tried[count++] = shrink->faults[i];
	if (shrink->tries == 0 || count == shrink->count)
		return false;
	shrink->tries--;
	if (!shrink->fails(shrink->arg, shrink->tried, count))
		return false;
	memcpy(shrink->faults, shrink->tried, count * sizeof *shrink->faults);
	shrink->count = count;
	return true;
}

static bool shrink_once(struct shrink *shrink, uint32_t parts, bool is_without)
{
	const uint32_t count = shrink->count;

	for (uint32_t i = 0; i < parts; i++) {
		uint32_t from = (uint32_t)((uint64_t)count * i / parts);
		uint32_t to = (uint32_t)((uint64_t)count * (i + 1) / parts);

		if (shrink_to(shrink, from, to, is_without))
			return true;
	}
	return false;
}

uint32_t act_sim_shrink(struct act_sim_fault *faults, uint32_t count, uint32_t tries_max,
			bool (*fails)(void *arg, const struct act_sim_fault *faults, uint32_t count),
			void *arg)
{
	struct shrink shrink = { faults, mem_alloc((count + 1) * sizeof *faults),
				 count,  tries_max,
				 fails,  arg };
	uint32_t parts = 2;

	/* Perhaps it needs none at all. */
	if (shrink_to(&shrink, 0, count, true))
		parts = 1;
	while (shrink.count > 1 && shrink.tries > 0) {
		if (parts > shrink.count)
			parts = shrink.count;
		if (shrink_once(&shrink, parts, false))
			parts = 2;
		else if (parts > 2 && shrink_once(&shrink, parts, true))
			parts--;
		else if (parts < shrink.count)
			parts *= 2;
		else
			break;
	}
	mem_free(shrink.tried);
	return shrink.count;
}
