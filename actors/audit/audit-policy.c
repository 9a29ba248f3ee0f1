#include "actors/audit/audit-policy.h"

#include <stdarg.h>
#include <stdio.h>

#include "datastore/object/name.h"

static const char *const levels[] = { "None", "Metadata", "Request", "RequestResponse" };
static const char *const stages[] = { "RequestReceived", "ResponseStarted", "ResponseComplete",
				      "Panic" };
#define STAGES 4U

const char *audit_policy_level_name(enum audit_level level)
{
	return levels[level];
}

const char *audit_policy_stage_name(enum audit_stage stage)
{
	return stages[__builtin_ctz(stage)];
}

/* ---- is it a policy --------------------------------------------------------------------------------------- */

static enum status refuse(struct fault *why, const char *where, struct str at, const char *format,
			  ...) __attribute__((format(printf, 4, 5)));

static enum status refuse(struct fault *why, const char *where, struct str at, const char *format,
			  ...)
{
	char words[256];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof words, format, args);
	va_end(args);
	return fault_set(why, BAD_REQUEST, where, "%s: " STR_FMT ": %s", where, STR_ARG(at), words);
}

static bool is_among(struct str name, const char *const *list, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (str_is(name, list[i]))
			return true;
	return false;
}

static enum status check_stages(struct str_list list, struct str at, const char *where,
				struct fault *why)
{
	for (uint32_t i = 0; i < list.len; i++)
		if (!is_among(list.at[i], stages, STAGES))
			return refuse(why, where, at,
				      "Invalid value: \"" STR_FMT
				      "\": allowed stages are RequestReceived,ResponseStarted,"
				      "ResponseComplete,Panic",
				      STR_ARG(list.at[i]));
	return OK;
}

static enum status check_paths(struct str_list urls, struct str at, const char *where,
			       struct fault *why)
{
	for (uint32_t i = 0; i < urls.len; i++) {
		struct str url = urls.at[i];
		int64_t star = str_find_char(url, '*');

		if (str_is(url, "*"))
			continue;
		if (!str_starts(url, STR("/")))
			return refuse(why, where, at,
				      "Invalid value: \"" STR_FMT "\": non-resource URL rules must "
				      "begin with a '/' character",
				      STR_ARG(url));
		if (star >= 0 && star + 1 < (int64_t)url.len)
			return refuse(why, where, at,
				      "Invalid value: \"" STR_FMT "\": non-resource URL wildcards "
				      "'*' must be the final character of the rule",
				      STR_ARG(url));
	}
	return OK;
}

static enum status check_resources(struct audit_group_resources_list list, struct str at,
				   const char *where, struct fault *why)
{
	for (uint32_t i = 0; i < list.len; i++) {
		const struct audit_group_resources *group = &list.at[i];

		if (group->group.len > 0 && !str_is(group->group, "*") &&
		    !name_is(NAME_DNS_SUBDOMAIN, group->group))
			return refuse(why, where, at, "Invalid value: \"" STR_FMT "\": no group",
				      STR_ARG(group->group));
		if (group->resource_names.len > 0 && group->resources.len == 0)
			return refuse(why, where, at,
				      "Invalid value: using resourceNames requires at least one "
				      "resource");
	}
	return OK;
}

static enum status check_rule(const struct audit_policy_rule *rule, struct str at,
			      const char *where, struct arena *arena, struct fault *why)
{
	struct str paths = arena_printf(arena, STR_FMT ".nonResourceURLs", STR_ARG(at));

	if (rule->level.len == 0)
		return refuse(why, where, arena_printf(arena, STR_FMT ".level", STR_ARG(at)),
			      "Required value");
	if (!is_among(rule->level, levels, 4))
		return refuse(why, where, arena_printf(arena, STR_FMT ".level", STR_ARG(at)),
			      "Unsupported value: \"" STR_FMT
			      "\": supported values: \"None\", \"Metadata\", \"Request\", "
			      "\"RequestResponse\"",
			      STR_ARG(rule->level));
	TRY(check_paths(rule->non_resource_urls, paths, where, why));
	TRY(check_resources(rule->resources, arena_printf(arena, STR_FMT ".resources", STR_ARG(at)),
			    where, why));
	TRY(check_stages(rule->omit_stages, arena_printf(arena, STR_FMT ".omitStages", STR_ARG(at)),
			 where, why));
	if (rule->non_resource_urls.len > 0 && (rule->resources.len > 0 || rule->namespaces.len > 0))
		return refuse(why, where, paths,
			      "Invalid value: rules cannot apply to both regular resources and "
			      "non-resource URLs");
	return OK;
}

enum status audit_policy_check(const struct audit_policy *policy, const char *where,
			       struct arena *arena, struct fault *why)
{
	TRY(check_stages(policy->omit_stages, STR("omitStages"), where, why));
	if (policy->rules.len == 0)
		return refuse(why, where, STR("rules"),
			      "Required value: a policy without rules "
			      "tells of nothing");
	for (uint32_t i = 0; i < policy->rules.len; i++)
		TRY(check_rule(&policy->rules.at[i], arena_printf(arena, "rules[%u]", i), where,
			       arena, why));
	return OK;
}

/* ---- what it says of a request ------------------------------------------------------------------------------ */

static bool fits_user(const struct audit_policy_rule *rule, const struct user *user)
{
	bool is_in = rule->user_groups.len == 0;

	if (rule->users.len > 0 && (user == NULL || !str_list_has(rule->users, user->name)))
		return false;
	for (uint32_t i = 0; user != NULL && !is_in && i < user->group_count; i++)
		is_in = str_list_has(rule->user_groups, user->groups[i]);
	return is_in;
}

/* pods, pods/log, *, pods/ *, * /scale: each without the space. */
static bool fits_resource(struct str wanted, const struct attributes *a)
{
	struct str rest = wanted, resource = str_cut(&rest, '/');

	if (str_is(wanted, "*"))
		return true;
	if (rest.at == NULL)
		return a->subresource.len == 0 && str_eq(resource, a->resource);
	if (str_is(rest, "*"))
		return str_eq(resource, a->resource);
	return a->subresource.len > 0 && str_eq(rest, a->subresource) &&
	       (str_is(resource, "*") || str_eq(resource, a->resource));
}

static bool fits_group(const struct audit_group_resources *group, const struct attributes *a)
{
	if (!str_is(group->group, "*") && !str_eq(group->group, a->group))
		return false;
	if (group->resources.len == 0)
		return true;
	if (group->resource_names.len > 0 && !str_list_has(group->resource_names, a->name))
		return false;
	for (uint32_t i = 0; i < group->resources.len; i++)
		if (fits_resource(group->resources.at[i], a))
			return true;
	return false;
}

static bool fits_object(const struct audit_policy_rule *rule, const struct attributes *a)
{
	if (!a->is_resource)
		return false;
	if (rule->namespaces.len > 0 && !str_list_has(rule->namespaces, a->namespace))
		return false;
	for (uint32_t i = 0; i < rule->resources.len; i++)
		if (fits_group(&rule->resources.at[i], a))
			return true;
	return rule->resources.len == 0;
}

static bool fits_path(struct str_list urls, struct str path)
{
	for (uint32_t i = 0; i < urls.len; i++) {
		struct str url = urls.at[i];

		if (str_eq(url, path) ||
		    (str_ends(url, STR("*")) && str_starts(path, str_slice(url, 0, url.len - 1))))
			return true;
	}
	return false;
}

static bool fits(const struct audit_policy_rule *rule, const struct attributes *a)
{
	if (!fits_user(rule, a->user) ||
	    (rule->verbs.len > 0 && !str_list_has(rule->verbs, a->verb)))
		return false;
	if (rule->namespaces.len > 0 || rule->resources.len > 0)
		return fits_object(rule, a);
	if (rule->non_resource_urls.len > 0)
		return !a->is_resource && fits_path(rule->non_resource_urls, a->path);
	return true;
}

static uint32_t stages_of(struct str_list list)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < list.len; i++)
		for (uint32_t stage = 0; stage < STAGES; stage++)
			if (str_is(list.at[i], stages[stage]))
				bits |= 1U << stage;
	return bits;
}

static enum audit_level level_of(struct str name)
{
	uint32_t level = 0;

	while (level < AUDIT_RESPONSE && !str_is(name, levels[level]))
		level++;
	return (enum audit_level)level;
}

struct audit_decision audit_policy_decide(const struct audit_policy *policy,
					  const struct attributes *attributes)
{
	struct audit_decision decision = { .level = AUDIT_NONE,
					   .omitted = stages_of(policy->omit_stages),
					   .omits_managed_fields = policy->omit_managed_fields };

	for (uint32_t i = 0; i < policy->rules.len; i++) {
		const struct audit_policy_rule *rule = &policy->rules.at[i];

		if (!fits(rule, attributes))
			continue;
		decision.level = level_of(rule->level);
		decision.omitted |= stages_of(rule->omit_stages);
		if (rule->has.omit_managed_fields)
			decision.omits_managed_fields = rule->omit_managed_fields;
		break;
	}
	return decision;
}
