/*
 * Authorization: may this user do that, by several authorizers in order.
 *
 * Each is an instance of struct authorizer in the server's configuration, one file each in this folder. The first that
 * does not pass decides; if all pass the answer is no. Members of system:masters are never asked about.
 */
#ifndef ACTORS_AUTHORIZATION_AUTHORIZER_H
#define ACTORS_AUTHORIZATION_AUTHORIZER_H

#include "actors/client/check.h"
#include "actors/client/user.h"

/* What is to be done, as upstream's authorizer.Attributes. */
struct attributes {
	const struct user *user;
	struct str verb; /* get, list, watch, create, ...; of a path: the method in lower case */
	bool is_resource;
	struct str group, version, resource, subresource;
	struct str namespace, name;                /* absent: all of them, or none in the request */
	struct str path;                           /* when it is no resource */
	struct str field_selector, label_selector; /* as they came */
};

struct authorization {
	struct check_context check;
	struct attributes attributes;
	bool wants_reason; /* also of an allowance, which else nobody reads */
	struct str reason; /* why, for the answer of a refusal and for reviews; may be absent */
};

/* What a user may do in a namespace, for SelfSubjectRulesReview. */
struct authorizer_rule {
	const struct str *verbs, *groups, *resources, *resource_names, *paths;
	uint32_t verb_count, group_count, resource_count, resource_name_count, path_count;
};
struct authorizer_rules {
	struct arena *arena;
	struct authorizer_rule *at;
	uint32_t len;
	bool is_incomplete;
	struct str why_incomplete;
};
void authorizer_rules_add(struct authorizer_rules *rules, struct authorizer_rule rule);

struct authorizer {
	const char *name;
	enum check (*check)(const struct authorizer *authorizer,
			    struct authorization *authorization);
	/* Adds all that it would allow; NULL: it cannot say, the answer is then marked incomplete. */
	void (*rules)(const struct authorizer *authorizer, struct check_context *check,
		      const struct user *user, struct str namespace, struct authorizer_rules *out);
	const void *config; /* belongs to whoever made it, constant while the server lives */
};

/* Those that are asked, in order. Another may count from one request to the next; whoever has begun with one goes on with it. */
struct authorizer_set {
	const struct authorizer *at;
	uint32_t count;
};

#endif
