#include "actors/kinds/field/toleration.h"

#include "actors/kinds/seen.h"

/* Shown under the operator, as upstream does: which value makes sense depends on it. */
static void check_value(const struct path *at, const struct core_toleration *toleration,
			bool allows_comparison)
{
	const struct path *relation_path = PATH(at, "operator");
	struct str relation = toleration->operator, value = toleration->value, words;
	int64_t number;

	if (relation.len == 0 || str_is(relation, "Equal")) {
		words = rule_words(at, NAME_LABEL_VALUE, value, ";");
		if (words.len > 0)
			path_invalid(relation_path, value, words.at);
	} else if (str_is(relation, "Exists")) {
		if (value.len > 0)
			path_invalid(relation_path, value,
				     "value must be empty when `operator` is 'Exists'");
	} else if (str_is(relation, "Lt") || str_is(relation, "Gt")) {
		if (!allows_comparison)
			path_not_supported(relation_path, relation,
					   "\"Equal\", \"Exists\", \"Lt\", \"Gt\"");
		else if (str_to_i64(value, &number) != OK)
			path_invalid(PATH(at, "value"), value, "must be a valid integer");
	} else {
		path_not_supported(relation_path, relation, "\"Equal\", \"Exists\"");
	}
}

static bool check_effect(const struct path *at, struct str effect)
{
	return str_is(effect, "NoSchedule") || str_is(effect, "PreferNoSchedule") ||
	       str_is(effect, "NoExecute") ||
	       path_not_supported(at, effect, "\"NoSchedule\", \"PreferNoSchedule\", \"NoExecute\"");
}

static void check(const struct path *at, const struct core_toleration *toleration,
		  bool allows_comparison)
{
	if (toleration->key.len > 0)
		rule_name(PATH(at, "key"), NAME_LABEL_KEY, toleration->key);
	else if (!str_is(toleration->operator, "Exists"))
		path_invalid(PATH(at, "operator"), toleration->operator,
			     "operator must be Exists when `key` is empty, which means \"match all "
			     "values and all keys\"");
	if (toleration->has.toleration_seconds && !str_is(toleration->effect, "NoExecute"))
		path_invalid(PATH(at, "effect"), toleration->effect,
			     "effect must be 'NoExecute' when `tolerationSeconds` is set");
	check_value(at, toleration, allows_comparison);
	if (toleration->effect.len > 0)
		check_effect(PATH(at, "effect"), toleration->effect);
}

bool toleration_check(const struct path *at, struct core_toleration_list tolerations,
		      bool allows_comparison)
{
	uint32_t before = path_faults(at)->len;

	for (uint32_t i = 0; i < tolerations.len; i++)
		check(PATH_AT(at, i), &tolerations.at[i], allows_comparison);
	return path_faults(at)->len == before;
}

static struct str pair_of(const struct path *at, const struct core_taint *taint)
{
	return arena_printf(path_arena(at), STR_FMT "\n" STR_FMT, STR_ARG(taint->effect),
			    STR_ARG(taint->key));
}

/* As upstream's internal type is written. */
static struct str shown_taint(const struct path *at, const struct core_taint *taint)
{
	return arena_printf(path_arena(at),
			    "{\"Key\":" STR_FMT ",\"Value\":" STR_FMT ",\"Effect\":" STR_FMT
			    ",\"TimeAdded\":" STR_FMT "}",
			    STR_ARG(name_quoted(path_arena(at), taint->key)),
			    STR_ARG(name_quoted(path_arena(at), taint->value)),
			    STR_ARG(name_quoted(path_arena(at), taint->effect)),
			    STR_ARG(path_shown_field(at, &core_taint_type, "timeAdded", taint)));
}

bool toleration_check_taints(const struct path *at, struct core_taint_list taints)
{
	struct seen pairs = seen_in(path_arena(at));
	uint32_t before = path_faults(at)->len;

	for (uint32_t i = 0; i < taints.len; i++) {
		const struct core_taint *taint = &taints.at[i];
		const struct path *here = PATH_AT(at, i);
		struct str words = rule_words(at, NAME_LABEL_VALUE, taint->value, ";");

		rule_name(PATH(here, "key"), NAME_LABEL_KEY, taint->key);
		if (words.len > 0)
			path_invalid(PATH(here, "value"), taint->value, words.at);
		if (rule_needed(PATH(here, "effect"), taint->effect, ""))
			check_effect(PATH(here, "effect"), taint->effect);
		if (!seen_add(&pairs, pair_of(at, taint)))
			path_fault(here, FAULT_DUPLICATE, shown_taint(here, taint),
				   "taints must be unique by key and effect pair");
	}
	return path_faults(at)->len == before;
}
