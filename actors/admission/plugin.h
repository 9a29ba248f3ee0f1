/*
 * Admission: what the cluster has to say about an object before it is stored, one plug-in a file in this folder.
 *
 * plugins[] (plugins.c) lists them in upstream's order. First all mutate, perhaps twice, then, after the object is complete, all
 * validate; CHECK_DENY ends the request with `failure`, everything else goes on. Reads and DELETE of an object are admitted
 * as upstream does: get, list and watch never, delete with the stored object in `old`.
 *
 * What mutates is asked once more, and only once, when one of them has set `wants_again`: what was changed late may matter to who was
 * asked early. A struct admission lives from its first question to the end of the last round, through every wait.
 */
#ifndef ACTORS_ADMISSION_PLUGIN_H
#define ACTORS_ADMISSION_PLUGIN_H

#include "actors/client/check.h"
#include "actors/client/failure.h"
#include "actors/client/user.h"
#include "datastore/schema/type.h"

enum admission_operation {
	ADMISSION_CREATE = 1 << 0,
	ADMISSION_UPDATE = 1 << 1,
	ADMISSION_DELETE = 1 << 2,
	ADMISSION_CONNECT = 1 << 3,
};
#define ADMISSION_ALL (ADMISSION_CREATE | ADMISSION_UPDATE | ADMISSION_DELETE | ADMISSION_CONNECT)

struct cel_authorizer;
struct event_limits;
struct image_policy;
struct security_options;
struct metrics;
struct policy_cache;
struct policy_words;

/* How long pods that say nothing of it stay on nodes that are not well. */
struct toleration_seconds {
	int64_t not_ready, unreachable;
};

/* Of one request; more than its answer's head has room for, unless they are very short. */
#define WARNINGS_MAX 512U

struct admission {
	struct check_context check;
	enum admission_operation operation;
	struct str group, version, resource, subresource;
	struct str namespace, name; /* name is absent for generateName */
	const struct type *type;    /* of object and old */
	void *object; /* may be changed while mutating; its memory is check.arena's; NULL for DELETE */
	const void *old; /* as stored; NULL for CREATE */
	const struct user *user;
	bool is_dry_run;
	const struct type *options_type; /* CreateOptions and its like; NULL: there are none */
	const void *options;
	/* Where the above is in the words of another version or group (policy-match.h): those of the request; NULL: it is not. */
	const struct resource_name *asked;
	const struct type *asked_type;
	/* Of a custom resource in other words: the version that they name. Its objects stay what they are, so that nothing of them is lost. */
	const struct type *named_type;
	const struct cel_authorizer *authorizer; /* for expressions; NULL: nobody can be asked */
	const struct security_options *security; /* PodSecurity's; NULL: upstream's where none are given */
	const struct toleration_seconds *tolerations; /* NULL: upstream's defaults */
	struct event_limits *event_limits;            /* EventRateLimit's; NULL: there are none */
	struct image_policy *image_policy; /* ImagePolicyWebhook's; NULL: nobody is asked */
	struct policy_cache *policies;     /* what was compiled for earlier requests */
	struct metrics *metrics;           /* what is counted; NULL: nothing is */
	const struct str *warnings;        /* as admission_warn adds them */
	uint32_t warning_count;
	struct str_map annotations; /* for the audit log, as admission_annotate adds them */
	bool is_again;              /* this is the second round */
	bool wants_again; /* who mutates says so, in the first round, when it has changed the object */
	struct policy_words *words; /* what webhooks of definitions have converted: policy-match.h */
	void *memory; /* the plug-in's own, NULL at first, kept until the last round ends */
	struct failure *failure; /* with CHECK_DENY; NULL there: admission_deny was not used, a bug */
};

/* The kind that others are told of. */
static inline const struct type *admission_kind(const struct admission *admission)
{
	return admission->named_type != NULL ? admission->named_type : admission->type;
}

/* Sets the usual failure, 403 `pods "x" is forbidden: <why>`, and gives CHECK_DENY. */
enum check admission_deny(struct admission *admission, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* What was said already, and what comes after WARNINGS_MAX others, is passed over. */
void admission_warn(struct admission *admission, struct str text);
/* Both are borrowed for as long as the request lives. The first word about a key stands. */
void admission_annotate(struct admission *admission, struct str key, struct str value);

struct plugin {
	const char *name;
	bool is_off;                                         /* unless it is asked for */
	uint32_t operations;                                 /* of enum admission_operation */
	enum check (*mutate)(struct admission *admission);   /* NULL: it does not */
	enum check (*validate)(struct admission *admission); /* NULL: it does not */
};

extern const struct plugin *const plugins[]; /* in order */
extern const uint32_t plugin_count;

#endif
