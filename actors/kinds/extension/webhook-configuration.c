#include "actors/kinds/extension/match-rule.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "actors/kinds/seen.h"
#include "datastore/object/object.h"
#include "datastore/object/record.h"
#include "datastore/schema/admissionregistration.h"
#include "datastore/schema/type.h"

/*
 * MutatingWebhookConfiguration and ValidatingWebhookConfiguration (upstream: apis/admissionregistration/validation). Both are the same but
 * for one member. Expressions of match conditions are not compiled here.
 */

#define TIMEOUT_MAX_S 30
#define URL_FORM "; desired format: https://host[/path]"

/* One webhook of either kind. */
struct hook {
	struct str name, failure_policy, match_policy, side_effects, reinvocation_policy;
	const struct admissionregistration_webhook_client_config *client_config;
	struct admissionregistration_rule_with_operations_list rules;
	const struct meta_label_selector *namespace_selector, *object_selector;
	struct str_list versions;
	struct admissionregistration_match_condition_list conditions;
	bool has_timeout;
	int32_t timeout_s;
};

struct hooks {
	struct hook *at;
	uint32_t len;
};

/* What is stored already and may stay. */
struct stored {
	bool allows_side_effects, allows_bad_values, allows_unknown_versions, allows_same_names;
	bool has_same_conditions;
};

#define HOOK_OF(h)                                                                               \
	{                                                                                        \
		.name = (h)->name, .failure_policy = (h)->failure_policy,                        \
		.match_policy = (h)->match_policy, .side_effects = (h)->side_effects,            \
		.client_config = (h)->client_config, .rules = (h)->rules,                        \
		.namespace_selector = (h)->namespace_selector,                                   \
		.object_selector = (h)->object_selector,                                         \
		.versions = (h)->admission_review_versions, .conditions = (h)->match_conditions, \
		.has_timeout = (h)->has.timeout_seconds, .timeout_s = (h)->timeout_seconds       \
	}

static struct hooks hooks_of(const struct kind_change *change, const void *record)
{
	const struct admissionregistration_mutating_webhook_configuration *m = record;
	const struct admissionregistration_validating_webhook_configuration *v = record;
	bool is_mutating =
	    change->type == &admissionregistration_mutating_webhook_configuration_type;
	uint32_t len = is_mutating ? m->webhooks.len : v->webhooks.len;
	struct hooks hooks = { arena_array(change->arena, struct hook, len + 1), len };

	for (uint32_t i = 0; i < len; i++) {
		if (is_mutating) {
			hooks.at[i] = (struct hook)HOOK_OF(&m->webhooks.at[i]);
			hooks.at[i].reinvocation_policy = m->webhooks.at[i].reinvocation_policy;
		} else {
			hooks.at[i] = (struct hook)HOOK_OF(&v->webhooks.at[i]);
		}
	}
	return hooks;
}

/* There is no spec to count changes of. */
static void prepare_update(struct kind_change *change)
{
	const struct field *webhooks = type_field(change->type, STR("webhooks"));
	struct meta_object_meta *meta = record_meta(change->type, change->object);

	if (!record_equal_field(webhooks, change->object, change->old))
		SET(meta, generation, meta->generation + 1);
}

/* ---- where it is -------------------------------------------------------------------------------------------- */

static void check_url(const struct path *at, struct str url)
{
	struct str host, rest;
	int64_t scheme = str_find(url, STR("://")), end;

	if (scheme < 0 || !str_eq(str_slice(url, 0, (uint32_t)scheme), STR("https")))
		path_invalid(at, str_slice(url, 0, scheme < 0 ? 0 : (uint32_t)scheme),
			     "'https' is the only allowed URL scheme" URL_FORM);
	rest = scheme < 0 ? STR("") : str_slice(url, (uint32_t)scheme + 3, url.len);
	for (end = 0;
	     end < rest.len && rest.at[end] != '/' && rest.at[end] != '?' && rest.at[end] != '#';
	     end++)
		;
	host = str_slice(rest, 0, (uint32_t)end);
	if (str_find_last(host, '@') >= 0) {
		path_invalid(at, str_slice(host, 0, (uint32_t)str_find_last(host, '@')),
			     "user information is not permitted in the URL");
		host = str_slice(host, (uint32_t)str_find_last(host, '@') + 1, host.len);
	}
	if (host.len == 0)
		path_invalid(at, STR(""), "host must be specified" URL_FORM);
	rest = url;
	str_cut(&rest, '#');
	if (rest.len > 0)
		path_invalid(at, rest, "fragments are not permitted in the URL");
	rest = url;
	rest = str_cut(&rest, '#');
	str_cut(&rest, '?');
	if (rest.len > 0)
		path_invalid(at, rest, "query parameters are not permitted in the URL");
}

static void check_steps(const struct path *at, struct str path)
{
	struct str rest = str_slice(path, 1, path.len), shown = name_quoted(path_arena(at), path);
	uint32_t number = 0;

	if (str_ends(rest, STR("/")))
		rest = str_slice(rest, 0, rest.len - 1);
	for (; rest.at != NULL; number++) {
		struct str step = str_cut(&rest, '/');
		struct str words = rule_words(at, NAME_DNS_SUBDOMAIN, step, "\n");

		if (step.len == 0)
			path_fault(at, FAULT_INVALID, shown, "segment[%u] may not be empty", number);
		else if (words.len > 0)
			path_invalid_lines(
			    at, path, arena_printf(path_arena(at), "segment[%u]: ", number), words);
	}
}

/* That each missing part is told at the other's place is upstream's. */
static void check_service(const struct path *at,
			  const struct admissionregistration_service_reference *service)
{
	const struct path *path = PATH(at, "path");

	if (service->namespace.len == 0)
		path_required(PATH(at, "name"), "service name is required");
	if (service->name.len == 0)
		path_required(PATH(at, "namespace"), "service namespace is required");
	if (service->port < 1 || service->port > 65535)
		path_invalid_number(PATH(at, "port"), service->port,
				    "port is not valid: must be between 1 and 65535, inclusive");
	if (service->path.len == 0 || str_is(service->path, "/"))
		return;
	if (str_is(service->path, "//")) {
		path_invalid(path, service->path, "segment[0] may not be empty");
		return;
	}
	if (!str_starts(service->path, STR("/")))
		path_invalid(path, service->path, "must start with a '/'");
	check_steps(path, service->path);
}

static void check_client(const struct path *at,
			 const struct admissionregistration_webhook_client_config *client)
{
	if ((client->url.at == NULL) == (client->service == NULL))
		path_required(at, "exactly one of url or service is required");
	else if (client->url.at != NULL)
		check_url(PATH(at, "url"), client->url);
	else
		check_service(PATH(at, "service"), client->service);
}

/* ---- one webhook --------------------------------------------------------------------------------------------- */

/* a.b.c, three parts at least; upstream's IsFullyQualifiedName. */
static void check_name(const struct path *at, struct str name)
{
	struct str words, rest = name;

	if (!rule_needed(at, name, ""))
		return;
	words = rule_words(at, NAME_DNS_SUBDOMAIN, name, ",");
	str_cut(&rest, '.');
	if (words.len > 0)
		path_invalid(at, name, words.at);
	else if (rest.at == NULL || str_find_char(rest, '.') < 0)
		path_invalid(at, name,
			     "should be a domain with at least three segments separated by dots");
}

static bool is_harmless(struct str effects)
{
	return str_is(effects, "None") || str_is(effects, "NoneOnDryRun");
}

static void check_effects(const struct path *at, struct str effects, bool allows_all)
{
	if (effects.at == NULL)
		path_required(at, allows_all
				      ? "must specify one of None, NoneOnDryRun, Some, Unknown"
				      : "must specify one of None, NoneOnDryRun");
	else if (!is_harmless(effects) &&
		 !(allows_all && (str_is(effects, "Some") || str_is(effects, "Unknown"))))
		path_not_supported(at, effects,
				   allows_all ? "\"None\", \"NoneOnDryRun\", \"Some\", \"Unknown\""
					      : "\"None\", \"NoneOnDryRun\"");
}

static bool has_known_version(struct str_list versions)
{
	return rule_list_has(versions, STR("v1")) || rule_list_has(versions, STR("v1beta1"));
}

static void check_versions(const struct path *at, struct str_list versions, bool allows_unknown)
{
	struct seen seen = seen_in(path_arena(at));

	if (versions.len == 0) {
		path_required(at, "must specify one of v1, v1beta1");
		return;
	}
	for (uint32_t i = 0; i < versions.len; i++) {
		if (!seen_add(&seen, versions.at[i]))
			path_invalid(PATH_AT(at, i), versions.at[i], "duplicate version");
		else
			rule_name(PATH_AT(at, i), NAME_DNS1035_LABEL, versions.at[i]);
	}
	if (!has_known_version(versions) && !allows_unknown)
		path_fault(at, FAULT_INVALID, path_shown_list(at, versions),
			   "must include at least one of v1, v1beta1");
}

static void check_hook(const struct path *at, const struct hook *hook, const struct stored *stored)
{
	check_name(PATH(at, "name"), hook->name);
	for (uint32_t i = 0; i < hook->rules.len; i++)
		match_rule_check(PATH_AT(PATH(at, "rules"), i), &hook->rules.at[i]);
	if (hook->failure_policy.at != NULL)
		rule_one_of(PATH(at, "failurePolicy"), hook->failure_policy,
			    &admissionregistration_failure_policy_type_values);
	if (hook->match_policy.at != NULL)
		rule_one_of(PATH(at, "matchPolicy"), hook->match_policy,
			    &admissionregistration_match_policy_type_values);
	check_effects(PATH(at, "sideEffects"), hook->side_effects, stored->allows_side_effects);
	if (hook->has_timeout && (hook->timeout_s < 1 || hook->timeout_s > TIMEOUT_MAX_S))
		path_invalid_number(PATH(at, "timeoutSeconds"), hook->timeout_s,
				    "the timeout value must be between 1 and 30 seconds");
	rule_selector(PATH(at, "namespaceSelector"), hook->namespace_selector,
		      stored->allows_bad_values);
	rule_selector(PATH(at, "objectSelector"), hook->object_selector, stored->allows_bad_values);
	if (hook->reinvocation_policy.at != NULL)
		rule_one_of(PATH(at, "reinvocationPolicy"), hook->reinvocation_policy,
			    &admissionregistration_reinvocation_policy_type_values);
	check_client(PATH(at, "clientConfig"), hook->client_config);
	if (!stored->has_same_conditions)
		match_rule_check_conditions(PATH(at, "matchConditions"), hook->conditions, false);
	check_versions(PATH(at, "admissionReviewVersions"), hook->versions,
		       stored->allows_unknown_versions);
}

/* ---- the configuration ------------------------------------------------------------------------------------------- */

static bool has_same_conditions(const struct hooks *now, const struct hooks *before)
{
	if (now->len != before->len)
		return false;
	for (uint32_t i = 0; i < now->len; i++) {
		struct admissionregistration_match_condition_list a = now->at[i].conditions,
								  b = before->at[i].conditions;

		if (a.len != b.len)
			return false;
		for (uint32_t c = 0; c < a.len; c++)
			if (!str_eq(a.at[c].name, b.at[c].name) ||
			    !str_eq(a.at[c].expression, b.at[c].expression))
				return false;
	}
	return true;
}

static struct stored look_at_stored(struct kind_change *change, const struct hooks *now)
{
	struct hooks before = hooks_of(change, change->old);
	struct faults faults = faults_in(change->arena);
	struct seen names = seen_in(change->arena);
	struct stored stored = { .has_same_conditions = has_same_conditions(now, &before) };

	for (uint32_t i = 0; i < before.len; i++) {
		const struct hook *hook = &before.at[i];

		stored.allows_side_effects |= !is_harmless(hook->side_effects);
		stored.allows_bad_values |=
		    !rule_selector(PATH_ROOT(&faults, "x"), hook->namespace_selector, false) ||
		    !rule_selector(PATH_ROOT(&faults, "x"), hook->object_selector, false);
		stored.allows_unknown_versions |=
		    hook->versions.len > 0 && !has_known_version(hook->versions);
		stored.allows_same_names |= hook->name.len > 0 && !seen_add(&names, hook->name);
	}
	return stored;
}

static void validate(struct kind_change *change)
{
	struct hooks hooks = hooks_of(change, change->object);
	const struct path *at = PATH_ROOT(change->faults, "webhooks");
	struct seen names = seen_in(change->arena);
	struct stored stored = { 0 };

	if (change->old != NULL)
		stored = look_at_stored(change, &hooks);
	for (uint32_t i = 0; i < hooks.len; i++) {
		struct str name = hooks.at[i].name;

		check_hook(PATH_AT(at, i), &hooks.at[i], &stored);
		if (name.len > 0 && !seen_add(&names, name) && !stored.allows_same_names)
			path_duplicate(PATH(PATH_AT(at, i), "name"), name);
	}
}

const struct kind_rules kind_mutating_webhook_configuration = {
	.group = "admissionregistration.k8s.io",
	.kind = "MutatingWebhookConfiguration",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.needs_resource_version = true,
	.prepare_update = prepare_update,
	.validate_create = validate,
	.validate_update = validate,
};

const struct kind_rules kind_validating_webhook_configuration = {
	.group = "admissionregistration.k8s.io",
	.kind = "ValidatingWebhookConfiguration",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.needs_resource_version = true,
	.prepare_update = prepare_update,
	.validate_create = validate,
	.validate_update = validate,
};
