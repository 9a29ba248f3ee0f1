/*
 * What a KMS plug-in is asked and answers: the messages of v2.KeyManagementService (upstream's k8s.io/kms/apis/v2), as protobuf.
 *
 * Pure. Questions have gRPC's prefix and are the arena's; what is read points into what came. CORRUPT: it is no such answer.
 */
#ifndef ACTORS_ENCRYPTION_KMS_MESSAGE_H
#define ACTORS_ENCRYPTION_KMS_MESSAGE_H

#include "actors/encryption/kms/envelope.h"

#define MESSAGE_BYTES_MAX (128U * 1024U)

struct message_status {
	struct str version, healthz, key_id;
};

struct str message_ask_status(struct arena *arena);
struct str message_ask_encrypt(struct str plain, struct str uid, struct arena *arena);
struct str message_ask_decrypt(const struct envelope_lock *lock, struct str uid,
			       struct arena *arena);

MUST_USE enum status message_read_status(struct str bytes, struct message_status *out);
/* The lock is checked by nobody yet. */
MUST_USE enum status message_read_encrypt(struct str bytes, struct arena *arena,
					  struct envelope_lock *out);
MUST_USE enum status message_read_decrypt(struct str bytes, struct str *out);

#endif
