#include "actors/kinds/field/amount.h"
#include "actors/kinds/field/node-selector.h"
#include "actors/kinds/field/toleration.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/path.h"
#include "actors/kinds/rule.h"
#include "actors/kinds/seen.h"
#include "datastore/schema/node.h"

/*
 * The RuntimeClass: which runtime runs a pod, what that costs and where it is (upstream: apis/node/validation).
 */

/* What a pod pays for its runtime is judged, and reported, as the limits of a container. */
static void check_overhead(const struct path *at, const struct node_overhead *overhead)
{
	const struct core_resource_requirements as_limits = { .limits = overhead->pod_fixed };

	amount_check_requirements(at, &as_limits, NULL, STR(""), false, false);
}

/* For how long it is tolerated makes no other toleration of it. */
static struct str key_of(struct arena *arena, const struct core_toleration *t)
{
	return arena_printf(arena, STR_FMT "\n" STR_FMT "\n" STR_FMT "\n" STR_FMT, STR_ARG(t->key),
			    STR_ARG(t->operator), STR_ARG(t->value), STR_ARG(t->effect));
}

static void check_tolerations(const struct path *at, struct core_toleration_list tolerations)
{
	struct seen seen = seen_in(path_arena(at));

	toleration_check(at, tolerations, false);
	for (uint32_t i = 0; i < tolerations.len; i++)
		if (!seen_add(&seen, key_of(path_arena(at), &tolerations.at[i])))
			path_fault(PATH_AT(at, i), FAULT_DUPLICATE,
				   path_shown_record(at, &core_toleration_type, &tolerations.at[i]),
				   "%s", "");
}

static void warn(struct kind_change *change, const struct path *at, struct str_map labels)
{
	for (uint32_t i = 0; i < labels.len; i++) {
		const char *words = node_selector_label_words(labels.at[i].key);
		struct str path = path_text(at);

		if (words != NULL)
			kind_warn(change, STR_FMT ": %s", STR_ARG(path), words);
	}
}

static void validate(struct kind_change *change)
{
	const struct node_runtime_class *class = change->object;
	const struct path *at = PATH_ROOT(change->faults, "scheduling");

	rule_needed_name(PATH_ROOT(change->faults, "handler"), NAME_DNS_LABEL, class->handler, "");
	if (class->overhead != NULL)
		check_overhead(PATH_ROOT(change->faults, "overhead"), class->overhead);
	if (class->scheduling == NULL)
		return;
	rule_labels(PATH(at, "nodeSelector"), class->scheduling->node_selector);
	check_tolerations(PATH(at, "tolerations"), class->scheduling->tolerations);
	warn(change, PATH(at, "nodeSelector"), class->scheduling->node_selector);
}

const struct kind_rules kind_runtime_class = {
	.group = "node.k8s.io",
	.kind = "RuntimeClass",
	.has_any_finalizer = true,
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.allows_create_on_update = true,
	.needs_resource_version = true,
	.validate_create = validate,
	.validate_update = validate,
};
