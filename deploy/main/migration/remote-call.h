/*
 * One call to an etcd (or kine) that runs: gRPC with one message each way, in a loop and on a connection of its own.
 *
 * Only a verb's main thread calls it; it blocks, for REMOTE_CALL_MS at most.
 */
#ifndef DEPLOY_MAIN_MIGRATION_REMOTE_CALL_H
#define DEPLOY_MAIN_MIGRATION_REMOTE_CALL_H

#include "runtime/actor/seams.h"
#include "runtime/base/base.h"
#include "transport/tls/context.h"

#define REMOTE_CALL_MS 30000U
#define REMOTE_CALL_BYTES (64U * MIB) /* of an answer */

/* PEM files; NULL: none. With none of them it is spoken to without TLS. */
struct remote_keys {
	const char *authority, *certificate, *key;
};

/* Of those files; `prefix` goes before the names of options in words: "--". */
MUST_USE enum status remote_tls(const struct seams_files *files, const struct remote_keys *keys,
				const char *prefix, struct arena *arena,
				GIVE struct tls_context **out, struct fault *why);

struct remote_place {
	const char *url; /* "https://10.0.0.1:2379", "http://..." */
	struct tls_context *tls;
};

/*
 * `path`: "/etcdserverpb.KV/Range". The answer is the arena's. With words: UNAVAILABLE or TIMEOUT (another endpoint may answer), TOO_LARGE
 * (REMOTE_CALL_BYTES), UNAUTHORIZED, FORBIDDEN, EXPIRED (the revision was compacted), NOT_IMPLEMENTED, INVALID (whatever else it says).
 */
MUST_USE enum status remote_call(const struct remote_place *place, const char *path,
				 struct str message, struct arena *arena, struct str *out,
				 struct fault *why);

#endif
