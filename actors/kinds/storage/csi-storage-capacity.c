#include "actors/kinds/field/amount.h"
#include "actors/kinds/field/node-selector.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "datastore/object/quantity.h"
#include "datastore/schema/storage.h"

/*
 * The CSIStorageCapacity: how much a driver can still make, and where (upstream: apis/storage/validation).
 */

static void warn(struct kind_change *change, const struct meta_label_selector *selector)
{
	const struct path *at = PATH_ROOT(change->faults, "nodeTopology");

	for (uint32_t i = 0; selector != NULL && i < selector->match_expressions.len; i++) {
		struct str key = selector->match_expressions.at[i].key;
		const char *words = node_selector_label_words(key);
		struct str path = path_text(PATH(PATH_AT(PATH(at, "matchExpressions"), i), "key"));

		if (words != NULL)
			kind_warn(change, STR_FMT ": " STR_FMT " is %s", STR_ARG(path),
				  STR_ARG(key), words);
	}
	for (uint32_t i = 0; selector != NULL && i < selector->match_labels.len; i++) {
		struct str key = selector->match_labels.at[i].key;
		const char *words = node_selector_label_words(key);
		struct str path = path_text(PATH_NAMED(PATH(at, "matchLabels"), key));

		if (words != NULL)
			kind_warn(change, STR_FMT ": " STR_FMT " is %s", STR_ARG(path),
				  STR_ARG(key), words);
	}
}

static void check(struct kind_change *change, bool allows_bad_values)
{
	const struct storage_csi_storage_capacity *capacity = change->object;
	const struct path *amount = PATH_ROOT(change->faults, "capacity");

	rule_selector(PATH_ROOT(change->faults, "nodeTopology"), capacity->node_topology,
		      allows_bad_values);
	rule_name(PATH_ROOT(change->faults, "storageClassName"), NAME_DNS_SUBDOMAIN,
		  capacity->storage_class_name);
	if (capacity->capacity.at != NULL && amount_cmp(capacity->capacity, STR("0")) < 0)
		path_invalid(amount, capacity->capacity, "must be greater than or equal to 0");
	warn(change, capacity->node_topology);
}

static void validate_create(struct kind_change *change)
{
	check(change, false);
}

static void validate_update(struct kind_change *change)
{
	const struct storage_csi_storage_capacity *old = change->old;
	struct faults before = faults_in(change->arena);

	check(change, !rule_selector(PATH_ROOT(&before, "x"), old->node_topology, false));
	rule_unchanged(PATH_ROOT(change->faults, "nodeTopology"), change->type, "nodeTopology",
		       change->object, old);
	rule_unchanged(PATH_ROOT(change->faults, "storageClassName"), change->type,
		       "storageClassName", change->object, old);
}

const struct kind_rules kind_csi_storage_capacity = {
	.group = "storage.k8s.io",
	.kind = "CSIStorageCapacity",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.needs_resource_version = true,
	.validate_create = validate_create,
	.validate_update = validate_update,
};
