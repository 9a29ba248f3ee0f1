/*
 * What is in an old cluster: counted kind by kind, with what ours would not understand and what must not be taken over.
 *
 * Pure. Only keys of Kubernetes (/registry/) are taken; others are counted by their first name. A custom resource is understood if its
 * definition is among the keys.
 */
#ifndef DEPLOY_MAIN_MIGRATION_SURVEY_H
#define DEPLOY_MAIN_MIGRATION_SURVEY_H

#include "runtime/base/base.h"

#define SURVEY_TAKEN STR("/registry/")

struct survey {
	struct arena *arena;
	struct map kinds;       /* "apps/v1 Deployment": struct survey_kind */
	struct map definitions; /* "crontabs.example.com" of custom resource definitions */
	struct map others;      /* "/bootstrap/": uint64_t, keys that are left out */
	uint64_t keys, bytes;   /* that are taken */
	uint64_t encrypted, too_large;
	struct str first_encrypted, first_too_large;
};

struct survey_kind {
	uint64_t keys;
	bool is_known;
	struct str resource; /* of a custom one: "crontabs.example.com" */
};

struct survey survey_new(struct arena *arena);
void survey_fini(struct survey *survey);
/* Whether the key is one that is taken over. */
bool survey_is_taken(struct str key);
void survey_add(struct survey *survey, struct str key, struct str value);
/* All of it as lines for a person. */
void survey_print(const struct survey *survey, struct text *out);
/* Whether it can be taken over. INVALID with what to do: values are encrypted. TOO_LARGE. */
MUST_USE enum status survey_judge(const struct survey *survey, struct fault *why);

#endif
