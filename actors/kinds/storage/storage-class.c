#include <stdlib.h>

#include "actors/kinds/field/node-selector.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "actors/kinds/seen.h"
#include "datastore/object/name.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"
#include "datastore/schema/storage.h"
#include "datastore/schema/type.h"

/*
 * StorageClass and VolumeAttributesClass: what kind of volume is made, and what it can be changed to (upstream: apis/storage/validation).
 * That members of a StorageClass stay says a mark.
 */

#define PARAMETERS_MAX 512U
#define PARAMETER_BYTES_MAX (256U * KIB)

static void check_driver(const struct path *at, struct str driver)
{
	char *lowered;

	if (!rule_needed(at, driver, ""))
		return;
	lowered = arena_cstr(path_arena(at), driver);
	for (uint32_t i = 0; i < driver.len; i++)
		if (lowered[i] >= 'A' && lowered[i] <= 'Z')
			lowered[i] = (char)(lowered[i] - 'A' + 'a');
	rule_name(at, NAME_LABEL_KEY, str_of(lowered, driver.len));
}

static void check_parameters(const struct path *at, struct str_map parameters, bool needs_one)
{
	uint64_t bytes = 0;

	if (parameters.len > PARAMETERS_MAX) {
		path_too_long(at, PARAMETERS_MAX);
		return;
	}
	for (uint32_t i = 0; i < parameters.len; i++) {
		if (parameters.at[i].key.len == 0)
			path_invalid(at, STR(""), "field can not be empty.");
		bytes += (uint64_t)parameters.at[i].key.len + parameters.at[i].value.len;
	}
	if (bytes > PARAMETER_BYTES_MAX)
		path_too_long(at, PARAMETER_BYTES_MAX);
	if (needs_one && parameters.len == 0)
		path_required(at, "must contain at least one key/value pair");
}

/* ---- topologies ------------------------------------------------------------------------------------------ */

static void check_need(const struct path *at,
		       const struct core_topology_selector_label_requirement *need)
{
	const struct path *values = PATH(at, "values");
	struct seen seen = seen_in(path_arena(at));

	if (need->values.len == 0)
		path_required(values, "");
	for (uint32_t i = 0; i < need->values.len; i++)
		if (!seen_add(&seen, need->values.at[i]))
			path_duplicate(PATH_AT(values, i), need->values.at[i]);
	rule_name(PATH(at, "key"), NAME_LABEL_KEY, need->key);
}

static int compare_words(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static struct str join_sorted(struct arena *arena, struct str *words, uint32_t len, char mark)
{
	struct text out = text_in(arena, LIMIT_BODY_BYTES);

	qsort(words, len, sizeof *words, compare_words);
	for (uint32_t i = 0; i < len; i++) {
		text_add(&out, words[i]);
		text_add_char(&out, mark);
	}
	return text_str(&out);
}

/* The same text for the same labels and values, in whatever order; no label has these marks in it. */
static struct str text_of(struct arena *arena, const struct core_topology_selector_term *term)
{
	uint32_t len = term->match_label_expressions.len;
	struct str *needs = arena_array(arena, struct str, len + 1);

	for (uint32_t i = 0; i < len; i++) {
		const struct core_topology_selector_label_requirement *need =
		    &term->match_label_expressions.at[i];
		struct str *values = arena_array(arena, struct str, need->values.len + 1);
		struct str joined;

		if (need->values.len > 0)
			memcpy(values, need->values.at, need->values.len * sizeof *values);
		joined = join_sorted(arena, values, need->values.len, '\n');
		needs[i] =
		    arena_printf(arena, STR_FMT "\t" STR_FMT, STR_ARG(need->key), STR_ARG(joined));
	}
	return join_sorted(arena, needs, len, '\f');
}

static void check_term(const struct path *at, const struct core_topology_selector_term *term)
{
	const struct path *needs = PATH(at, "matchLabelExpressions");
	struct seen keys = seen_in(path_arena(at));

	for (uint32_t i = 0; i < term->match_label_expressions.len; i++) {
		const struct path *here = PATH_AT(needs, i);
		struct str key = term->match_label_expressions.at[i].key;

		check_need(here, &term->match_label_expressions.at[i]);
		if (!seen_add(&keys, key))
			path_duplicate(PATH(here, "key"), key);
	}
}

/*
 * Upstream says it once for each term that is the same, and compares with as many that say nothing at all as there are terms: so one that says
 * nothing is refused.
 */
static void check_topologies(const struct path *at, struct core_topology_selector_term_list terms)
{
	uint32_t *times = arena_array(path_arena(at), uint32_t, terms.len + 1);
	struct seen seen = seen_in(path_arena(at));

	for (uint32_t i = 0; i < terms.len; i++) {
		const struct path *here = PATH(PATH_AT(at, i), "matchLabelExpressions");
		struct str text = text_of(path_arena(at), &terms.at[i]);
		uint32_t *before;

		check_term(PATH_AT(at, i), &terms.at[i]);
		if (seen_put(&seen, text, i))
			times[i] = text.len == 0 ? terms.len : 0;
		before = &times[seen_find(&seen, text)];
		for (uint32_t k = 0; k < *before && k < LIMIT_FAULTS; k++)
			path_duplicate(here, STR(""));
		(*before)++;
	}
}

static void warn(struct kind_change *change, const struct path *at,
		 struct core_topology_selector_term_list terms)
{
	for (uint32_t i = 0; i < terms.len; i++) {
		for (uint32_t j = 0; j < terms.at[i].match_label_expressions.len; j++) {
			struct str key = terms.at[i].match_label_expressions.at[j].key;
			const char *words = node_selector_label_words(key);
			struct str path = path_text(
			    PATH(PATH_AT(PATH(PATH_AT(at, i), "matchLabelExpressions"), j), "key"));

			if (words != NULL)
				kind_warn(change, STR_FMT ": " STR_FMT " is %s", STR_ARG(path),
					  STR_ARG(key), words);
		}
	}
}

/* ---- StorageClass ---------------------------------------------------------------------------------------- */

static void validate_storage(struct kind_change *change)
{
	const struct storage_storage_class *class = change->object;
	const struct path *policy = PATH_ROOT(change->faults, "reclaimPolicy");
	const struct path *topologies = PATH_ROOT(change->faults, "allowedTopologies");

	check_driver(PATH_ROOT(change->faults, "provisioner"), class->provisioner);
	check_parameters(PATH_ROOT(change->faults, "parameters"), class->parameters, false);
	if (class->reclaim_policy.len > 0 && !str_is(class->reclaim_policy, "Delete") &&
	    !str_is(class->reclaim_policy, "Retain"))
		path_not_supported(policy, class->reclaim_policy, "\"Delete\", \"Retain\"");
	rule_needed_one_of(PATH_ROOT(change->faults, "volumeBindingMode"),
			   class->volume_binding_mode, &storage_volume_binding_mode_values);
	check_topologies(topologies, class->allowed_topologies);
	warn(change, topologies, class->allowed_topologies);
}

const struct kind_rules kind_storage_class = {
	.group = "storage.k8s.io",
	.kind = "StorageClass",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.returns_deleted = true,
	.validate_create = validate_storage,
	.validate_update = validate_storage,
};

/* ---- VolumeAttributesClass -------------------------------------------------------------------------------- */

static bool differs(const struct kind_change *change, const char *member)
{
	return !record_equal_field(type_field(change->type, str_from(member)), change->object,
				   change->old);
}

static void validate_attributes(struct kind_change *change)
{
	const struct storage_volume_attributes_class *class = change->object;
	const struct path *driver = PATH_ROOT(change->faults, "driverName");
	const struct path *parameters = PATH_ROOT(change->faults, "parameters");

	if (change->old != NULL && differs(change, "driverName"))
		path_forbidden(driver, "updates to driverName are forbidden.");
	if (change->old != NULL && differs(change, "parameters"))
		path_forbidden(parameters, "updates to parameters are forbidden.");
	check_driver(driver, class->driver_name);
	check_parameters(parameters, class->parameters, true);
}

const struct kind_rules kind_volume_attributes_class = {
	.group = "storage.k8s.io",
	.kind = "VolumeAttributesClass",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.returns_deleted = true,
	.validate_create = validate_attributes,
	.validate_update = validate_attributes,
};
