#include "actors/kinds/extension/hook-client.h"
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
	hook_client_check(PATH(at, "clientConfig"), hook->client_config->url,
			  hook->client_config->service);
	if (!stored->has_same_conditions)
		match_rule_check_conditions(PATH(at, "matchConditions"), hook->conditions, false);
	hook_client_check_versions(PATH(at, "admissionReviewVersions"), hook->versions,
				   "must specify one of v1, v1beta1",
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
		    hook->versions.len > 0 && !hook_client_is_known(hook->versions);
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
	.has_any_finalizer = true,
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
	.has_any_finalizer = true,
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.needs_resource_version = true,
	.prepare_update = prepare_update,
	.validate_create = validate,
	.validate_update = validate,
};
