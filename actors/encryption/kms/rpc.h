/*
 * Calls of a KMS plug-in's methods, by gRPC over its Unix socket.
 *
 * For the asker, in its tasks. A call waits for a socket that is not there yet, as long as the plug-in may take for an answer.
 */
#ifndef ACTORS_ENCRYPTION_KMS_RPC_H
#define ACTORS_ENCRYPTION_KMS_RPC_H

#include "actors/encryption/kms/kms.h"
#include "runtime/actor/act.h"
#include "transport/http/grpc.h"

enum rpc_method { RPC_STATUS, RPC_ENCRYPT, RPC_DECRYPT, RPC_COUNT };

/* The way to one plug-in. All but the first three are its own. */
struct rpc {
	struct act *act;
	struct kms *kms;
	struct metrics *metrics; /* NULL: nothing is counted */
	struct act_ref client;
	bool has_client;
};

/* `out` is the arena's, empty unless said->code is GRPC_OK; says in `kms` whether it is away. */
void rpc_ask(struct rpc *rpc, enum rpc_method method, struct str question, struct arena *arena,
	     struct str *out, struct grpc_fault *said);
void rpc_end(struct rpc *rpc); /* not while it is asked */

const char *rpc_code_name(enum grpc_code code);
/* What values are said to be of whose seed did not open; constant. */
const char *rpc_seed_words(enum grpc_code code);

#endif
