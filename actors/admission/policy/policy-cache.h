/*
 * Compiled policies and conditions of webhooks, kept from request to request: compiling one costs twenty times what asking it does.
 *
 * The API server owns one, its plug-ins get what they ask for. What was compiled is that of one revision of one policy or configuration, by uid: it goes when another revision
 * is asked for, when it was not asked for the longest among more than POLICY_CACHE_MAX, or when all take more than POLICY_CACHE_BYTES. Who got something
 * keeps it as long as the arena it named. One thread.
 */
#ifndef ACTORS_ADMISSION_POLICY_POLICY_CACHE_H
#define ACTORS_ADMISSION_POLICY_POLICY_CACHE_H

#include "actors/admission/policy/policy-walk.h"
#include "datastore/custom/policy/policy.h"
#include "runtime/base/collection/list.h"
#include "runtime/base/collection/map.h"

#define POLICY_CACHE_MAX 1024U
#define POLICY_CACHE_BYTES (32U * MIB)

/* An expression: one of the two is there. */
struct policy_expression {
	struct cel_program *program;
	struct str wrong; /* why it does not compile */
};

struct policy_compiled {
	struct policy policy; /* its arena is that of all this */
	size_t bytes;
	struct policy_expression *conditions;  /* as many as the policy has */
	struct policy_expression *expressions; /* of validations or mutations */
	struct policy_expression *messages; /* of validations; neither program nor words: there is none */
	struct policy_expression *annotations; /* for the audit log */
	struct str wrong;                      /* of what all need: variables, conditions */
};

struct policy_cache {
	struct map by_uid;
	struct list by_use; /* the oldest first */
	size_t bytes;
	uint64_t compiled; /* how often something was */
};

void policy_cache_init(struct policy_cache *cache);
void policy_cache_fini(struct policy_cache *cache);

const struct policy_compiled *policy_cache_get(struct policy_cache *cache,
					       const struct policy_sort *sort,
					       const struct policy_terms *terms,
					       HOLD struct arena *arena);

/* For policy_sort.compile(): in the policy's arena. */
struct policy_expression *policy_cache_array(struct policy_compiled *compiled, uint32_t len);
void policy_cache_compile(struct policy_compiled *compiled, struct str text,
			  enum policy_result result, bool has_authorizer,
			  struct policy_expression *out);
/* Conditions, behind one another: they see neither variables nor whoever asks for them. */
void policy_cache_compile_conditions(struct policy_compiled *compiled,
				     struct admissionregistration_match_condition_list list,
				     struct policy_expression *out);

#endif
