/*
 * A file that is read again when it changes: what it says then counts without a restart.
 *
 * An actor looks at the file every so often, on a worker; the same bytes are no change. What is wrong with new ones is said once, and what counted goes on.
 * What counted before stays RELOAD_KEPT_MS for requests that began with it, and for as long as it is busy. RELOAD_KEPT_MAX such at most: while there are
 * more, nothing is looked at.
 */
#ifndef DEPLOY_MAIN_API_FILE_RELOAD_H
#define DEPLOY_MAIN_API_FILE_RELOAD_H

#include "runtime/actor/act.h"
#include "runtime/base/base.h"
#include "runtime/trace/metrics.h"
#include "transport/tls/crypto.h"

#define RELOAD_KEPT_MS (2U * LIMIT_REQUEST_MS)
#define RELOAD_KEPT_MAX 32U
#define RELOAD_EVERY_MS 5000U /* where upstream is told by the system at once */

/* What a text came to, and the memory that it lies in; the latter NULL: it is somebody else's. */
struct reload_read {
	struct arena *arena;
	void *at;
};

/* Borrowed while the actor lives; what reload_begin() has written into it too. */
struct reload_args {
	const char *path;
	const char *what;  /* for the log: "encryption" */
	uint32_t every_ms; /* 0: RELOAD_EVERY_MS */
	void *arg;
	/* On a worker: all of it is the arena's. */
	enum status (*read)(void *arg, struct str text, struct arena *arena, void **out,
			    struct fault *why);
	/* On the loop: lets it count, and gives what counted before. False: it says the same. */
	bool (*use)(void *arg, struct reload_read now, struct reload_read *before);
	bool (*is_busy)(const void *before); /* NULL: it never is */
	void (*end)(void *before);           /* before its arena goes; NULL: nothing to do */
	/* apiserver_NAME_automatic_reloads_total and its kin, upstream's; NULL: nothing is counted. */
	const char *metrics_name;
	struct metrics *metrics;
	uint8_t seen[CRYPTO_SHA256_BYTES]; /* of the bytes that counted first */
	bool has_seen;
};

/* The first time, before there is an actor: the words of a fault begin with the path. Blocks. */
MUST_USE enum status reload_begin(struct reload_args *args, struct arena *arena, void **out,
				  struct fault *why);

extern const struct act_class reload_class;

#endif
