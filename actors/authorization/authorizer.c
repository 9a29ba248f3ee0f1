#include "actors/authorization/authorizer.h"

void authorizer_rules_add(struct authorizer_rules *rules, struct authorizer_rule rule)
{
	rules->at = arena_grow(rules->arena, rules->at, rules->len * sizeof *rules->at,
			       (rules->len + 1) * sizeof *rules->at);
	rules->at[rules->len++] = rule;
}
