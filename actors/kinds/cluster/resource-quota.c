#include "actors/kinds/field/amount.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/path.h"
#include "actors/kinds/seen.h"
#include "datastore/object/name.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"
#include "datastore/schema/type.h"

/*
 * The ResourceQuota: what all objects of a namespace may have together, or those of a scope.
 */

static struct core_resource_quota *new_of(const struct kind_change *change)
{
	return change->object;
}

/* ---- names ---------------------------------------------------------------------------------------------------------------- */

static void check_hard(const struct path *at, struct str_map amounts)
{
	for (uint32_t i = 0; i < amounts.len; i++) {
		const struct path *here = PATH_KEY(at, amounts.at[i].key);

		amount_check_quota_name(here, amounts.at[i].key);
		amount_check(here, amounts.at[i].key, amounts.at[i].value);
	}
}

/* ---- scopes ----------------------------------------------------------------------------------------------------------------- */

static bool is_scope(struct str scope)
{
	static const char *const known[] = {
		"Terminating",           "NotTerminating", "BestEffort",
		"NotBestEffort",         "PriorityClass",  "CrossNamespacePodAffinity",
		"VolumeAttributesClass",
	};

	return STR_IS_ONE_OF(scope, known);
}

/* Whether what is counted can be in the scope at all. */
static bool fits(struct str scope, struct str name)
{
	static const char *const of_pods[] = {
		"pods",       "cpu",           "memory", "requests.cpu", "requests.memory",
		"limits.cpu", "limits.memory",
	};

	if (!is_scope(scope) || !amount_is_quota(name))
		return true;
	if (str_is(scope, "VolumeAttributesClass"))
		return str_is(name, "persistentvolumeclaims") || str_is(name, "requests.storage");
	return str_is(scope, "BestEffort") ? str_is(name, "pods") : STR_IS_ONE_OF(name, of_pods);
}

static bool contradicts(const struct seen *scopes, const char *a, const char *b)
{
	return seen_has(scopes, str_from(a)) && seen_has(scopes, str_from(b));
}

static void check_pairs(const struct path *at, const struct seen *scopes, struct str shown)
{
	if (contradicts(scopes, "BestEffort", "NotBestEffort"))
		path_fault(at, FAULT_INVALID, shown, "conflicting scopes");
	if (contradicts(scopes, "Terminating", "NotTerminating"))
		path_fault(at, FAULT_INVALID, shown, "conflicting scopes");
}

static void check_fit(const struct path *at, struct str scope,
		      const struct core_resource_quota_spec *spec, struct str shown)
{
	for (uint32_t i = 0; i < spec->hard.len; i++)
		if (!fits(scope, spec->hard.at[i].key))
			path_fault(at, FAULT_INVALID, shown,
				   "unsupported scope applied to resource");
}

static void check_scopes(const struct path *at, const struct core_resource_quota_spec *spec)
{
	struct str shown = path_shown_list(at, spec->scopes);
	struct seen seen = seen_in(path_arena(at));

	for (uint32_t i = 0; i < spec->scopes.len; i++) {
		struct str scope = spec->scopes.at[i];

		if (!is_scope(scope))
			path_fault(at, FAULT_INVALID, shown, "unsupported scope");
		/* Said once for each, as often as it stands there. */
		check_fit(at, scope, spec, shown);
		seen_add(&seen, scope);
	}
	check_pairs(at, &seen, shown);
}

/* ---- the selector of scopes --------------------------------------------------------------------------------------------------- */

static void check_relation(const struct path *at,
			   const struct core_scoped_resource_selector_requirement *need)
{
	struct str relation = need->operator;
	const struct path *values = PATH(at, "values"), *here = PATH(at, "operator");
	bool is_plain = is_scope(need->scope_name) && !str_is(need->scope_name, "PriorityClass") &&
			!str_is(need->scope_name, "VolumeAttributesClass");

	if (is_plain && !str_is(relation, "Exists"))
		path_invalid(here, relation,
			     "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, "
			     "ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, "
			     "ResourceQuotaScopeNotBestEffort or "
			     "ResourceQuotaScopeCrossNamespacePodAffinity");
	if (str_is(relation, "In") || str_is(relation, "NotIn")) {
		if (need->values.len == 0)
			path_required(values, "must be at least one value when `operator` is 'In' "
					      "or 'NotIn' for scope selector");
	} else if (str_is(relation, "Exists") || str_is(relation, "DoesNotExist")) {
		if (need->values.len > 0)
			path_fault(values, FAULT_INVALID, path_shown_list(values, need->values),
				   "must be no value when `operator` is 'Exist' or 'DoesNotExist' "
				   "for scope selector");
	} else {
		path_invalid(here, relation, "not a valid selector operator");
	}
}

/* As upstream's internal type is written. */
static struct str shown_selector(const struct path *at, const struct core_scope_selector *selector)
{
	struct text out = text_in(path_arena(at), MIB);

	if (selector->match_expressions.at == NULL)
		return STR("{\"MatchExpressions\":null}");
	text_lit(&out, "{\"MatchExpressions\":[");
	for (uint32_t i = 0; i < selector->match_expressions.len; i++) {
		const struct core_scoped_resource_selector_requirement *need =
		    &selector->match_expressions.at[i];

		text_printf(&out,
			    "%s{\"ScopeName\":" STR_FMT ",\"Operator\":" STR_FMT
			    ",\"Values\":" STR_FMT "}",
			    i ? "," : "", STR_ARG(name_quoted(path_arena(at), need->scope_name)),
			    STR_ARG(name_quoted(path_arena(at), need->operator)),
			    STR_ARG(path_shown_list(at, need->values)));
	}
	text_lit(&out, "]}");
	return text_str(&out);
}

static void check_selector(const struct path *at, const struct core_resource_quota_spec *spec)
{
	struct core_scoped_resource_selector_requirement_list list =
	    spec->scope_selector->match_expressions;
	struct str shown = shown_selector(at, spec->scope_selector);
	struct seen seen = seen_in(path_arena(at));

	for (uint32_t i = 0; i < list.len; i++) {
		if (!is_scope(list.at[i].scope_name))
			path_invalid(PATH(at, "scopeName"), list.at[i].scope_name,
				     "unsupported scope");
		check_fit(at, list.at[i].scope_name, spec, shown);
		check_relation(at, &list.at[i]);
		seen_add(&seen, list.at[i].scope_name);
	}
	check_pairs(at, &seen, path_shown_list(at, spec->scopes));
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------------ */

static void check_spec(const struct path *at, const struct core_resource_quota_spec *spec)
{
	check_hard(PATH(at, "hard"), spec->hard);
	if (spec->scopes.len > 0)
		check_scopes(PATH(at, "scopes"), spec);
	if (spec->scope_selector != NULL)
		check_selector(PATH(PATH(at, "scopeSelector"), "matchExpressions"), spec);
}

static void warn(struct kind_change *change)
{
	static const struct {
		const char *request, *plain, *limit;
	} pairs[] = {
		{ "requests.cpu", "cpu", "limits.cpu" },
		{ "requests.memory", "memory", "limits.memory" },
		{ "requests.storage", NULL, "limits.storage" },
		{ "requests.ephemeral-storage", NULL, "limits.ephemeral-storage" },
	};
	struct str_map hard = new_of(change)->spec->hard;

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		const char *name = pairs[i].request;
		struct str request = str_map_get(hard, str_from(name));
		struct str limit = str_map_get(hard, str_from(pairs[i].limit));

		if (request.at == NULL && pairs[i].plain != NULL) {
			name = pairs[i].plain;
			request = str_map_get(hard, str_from(name));
		}
		if (request.at != NULL && limit.at != NULL && amount_cmp(request, limit) > 0)
			kind_warn(change,
				  "ResourceQuota %s (" STR_FMT ") should be less than %s (" STR_FMT
				  ")",
				  name, STR_ARG(request), pairs[i].limit, STR_ARG(limit));
	}
}

static void validate_create(struct kind_change *change)
{
	check_spec(PATH_ROOT(change->faults, "spec"), new_of(change)->spec);
	warn(change);
}

static bool has_all(struct arena *arena, struct str_list of, struct str_list wanted)
{
	struct seen seen = seen_in(arena);

	for (uint32_t i = 0; i < of.len; i++)
		seen_add(&seen, of.at[i]);
	for (uint32_t i = 0; i < wanted.len; i++)
		if (!seen_has(&seen, wanted.at[i]))
			return false;
	return true;
}

static void validate_update(struct kind_change *change)
{
	const struct core_resource_quota *old = change->old;
	struct str_list now = new_of(change)->spec->scopes, before = old->spec->scopes;
	const struct path *at = PATH_ROOT(change->faults, "spec");
	const struct path *scopes = PATH(at, "scopes");

	check_spec(at, new_of(change)->spec);
	if (!has_all(change->arena, now, before) || !has_all(change->arena, before, now))
		path_fault(scopes, FAULT_INVALID, path_shown_list(scopes, now),
			   "field is immutable");
}

static void validate_status(struct kind_change *change)
{
	const struct path *at = PATH_ROOT(change->faults, "status");

	check_hard(PATH(at, "hard"), new_of(change)->status->hard);
	check_hard(PATH(at, "used"), new_of(change)->status->used);
}

static const struct kind_subresource subresources[] = {
	{ "status", NULL, validate_status },
};

const struct kind_rules kind_resource_quota = {
	.group = "",
	.kind = "ResourceQuota",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.returns_deleted = true,
	.validate_create = validate_create,
	.validate_update = validate_update,
	.subresources = subresources,
	.subresource_count = 1,
};
