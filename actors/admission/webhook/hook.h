/*
 * A webhook, as either kind of configuration describes it, and whether a request is its matter.
 *
 * For the plug-ins of this room. Upstream's WebhookAccessor and ShouldCallHook.
 */
#ifndef ACTORS_ADMISSION_WEBHOOK_HOOK_H
#define ACTORS_ADMISSION_WEBHOOK_HOOK_H

#include "actors/admission/plugin.h"
#include "datastore/schema/admissionregistration.h"

/* Borrowed from its configuration, which the request's arena holds. */
struct hook {
	const struct object *object; /* the configuration */
	struct str name, configuration;
	struct str id; /* configuration/name: what it is remembered by */
	const struct admissionregistration_webhook_client_config *client;
	struct admissionregistration_rule_with_operations_list rules;
	struct admissionregistration_match_condition_list conditions;
	const struct meta_label_selector *namespaces, *objects;
	struct str_list versions; /* of AdmissionReview */
	bool ignores_failures, is_equivalent, has_no_side_effects, wants_again;
	uint32_t timeout_ms;
	bool is_mutating;
	uint32_t index;           /* among all there are */
	uint32_t first_condition; /* among those of its configuration */
};

struct hook_list {
	struct hook *at;
	uint32_t len;
};

/* All there are, by the names of their configurations. */
struct hook_list hook_list_mutating(const struct admission *admission);
struct hook_list hook_list_validating(const struct admission *admission);

enum hook_match {
	HOOK_MATCHES, /* *view is the request in the words that it wants to hear */
	HOOK_PASSES,
	HOOK_REFUSES, /* it cannot be told whether it matches, or what it would have to hear, and it must not be passed over: `failure` is set */
	HOOK_WAITS,   /* to be asked again: what it wants to hear is being converted */
};

enum hook_match hook_match(const struct hook *hook, struct admission *admission,
			   const struct admission **view);

#endif
