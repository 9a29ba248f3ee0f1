#include "tests/sim/people.h"

#include <stdio.h>

uint64_t person_below(struct act *act, uint64_t n)
{
	return n ? act_random(act) % n : 0;
}

struct act_ref person_store(struct act *act, const struct person *person)
{
	char name[32];

	if (person->is_at_home && person_below(act, 4) > 0)
		return act_named(act, "store");
	snprintf(name, sizeof name, "store@n%u", (unsigned)(1 + person_below(act, person->stores)));
	return act_named(act, name);
}
