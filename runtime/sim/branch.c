/*
 * Rarely taken branches: whether one is taken now, and how often each was.
 */
#include "runtime/sim/sim-private.h"

/* Where ACT_BRANCH lists those of this program; the linker bounds the section. None at all: both are NULL. */
extern const struct act_branch *const __start_act_branches[]
    __attribute__((weak, visibility("hidden")));
extern const struct act_branch *const __stop_act_branches[]
    __attribute__((weak, visibility("hidden")));

static struct sim_asked *branch_find(const struct act_sim *sim, const struct act_branch *branch)
{
	for (uint32_t i = 0; i < sim->asked.len; i++)
		if (sim->asked.at[i].branch == branch)
			return &sim->asked.at[i];
	return NULL;
}

bool sim_branch(struct act_sim *sim, const struct act_branch *branch)
{
	struct sim_asked *asked = branch_find(sim, branch);

	if (!asked) {
		asked = vec_add(&sim->asked);
		asked->branch = branch;
	}
	asked->asked++;
	if (!sim->is_buggifying || sim_below(sim, 1000) >= branch->per_mille)
		return false;
	asked->taken++;
	return true;
}

void act_sim_buggify(struct act_sim *sim, bool is_buggifying)
{
	sim->is_buggifying = is_buggifying;
}

static bool branch_is_listed(const struct act_branch *branch)
{
	for (const struct act_branch *const *at = __start_act_branches; at < __stop_act_branches;
	     at++)
		if (*at == branch)
			return true;
	return false;
}

void act_sim_branches(const struct act_sim *sim,
		      void (*each)(void *arg, const struct act_sim_branch *branch), void *arg)
{
	for (const struct act_branch *const *at = __start_act_branches; at < __stop_act_branches;
	     at++) {
		const struct sim_asked *asked = branch_find(sim, *at);

		each(arg, &(struct act_sim_branch){ (*at)->what, asked ? asked->asked : 0,
						    asked ? asked->taken : 0 });
	}
	/* Those of other modules of the program are known once they were asked about. */
	for (uint32_t i = 0; i < sim->asked.len; i++) {
		const struct sim_asked *asked = &sim->asked.at[i];

		if (!branch_is_listed(asked->branch))
			each(arg, &(struct act_sim_branch){ asked->branch->what, asked->asked,
							    asked->taken });
	}
}
