#include "runtime/actor/actor-private.h"

#define EMPTY(name) .name = { (struct list *)&act_no_ties.name, (struct list *)&act_no_ties.name }

const struct act_ties act_no_ties = {
	EMPTY(children), EMPTY(owned),  EMPTY(watchers), EMPTY(watching), EMPTY(asking),
	EMPTY(asked),    EMPTY(timers), EMPTY(tasks),    EMPTY(jobs),     EMPTY(lanes),
};

struct act_ties *ties_make(struct act *act)
{
	struct act_ties *ties = pool_take(&act->host->pool, sizeof *ties);
	struct list *const lists[] = { &ties->children, &ties->owned,  &ties->watchers,
				       &ties->watching, &ties->asking, &ties->asked,
				       &ties->timers,   &ties->tasks,  &ties->jobs,
				       &ties->lanes };

	assert(!(act->flags & ACTOR_DEAD));
	*ties = (struct act_ties){ .stash = { NULL, NULL } };
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		list_init(lists[i]);
	act->ties = ties;
	return ties;
}

void ties_free(struct act *act)
{
	struct act_ties *ties = act->ties;

	if (ties == &act_no_ties)
		return;
	vec_fini(&ties->groups);
	mem_free(ties->words);
	pool_give(&act->host->pool, ties, sizeof *ties);
	act->ties = (struct act_ties *)&act_no_ties;
}
