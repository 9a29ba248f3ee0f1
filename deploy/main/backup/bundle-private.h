/* What writer and reader of bundles share: the header and the key. */
#ifndef DEPLOY_MAIN_BACKUP_BUNDLE_PRIVATE_H
#define DEPLOY_MAIN_BACKUP_BUNDLE_PRIVATE_H

#include "deploy/main/backup/bundle.h"
#include "transport/tls/crypto.h"

#define BUNDLE_HEADER_BYTES 64U
#define BUNDLE_SALT_BYTES 32U
#define BUNDLE_CHUNK_BYTES (256U * KIB)
#define BUNDLE_LAST 0x80000000U
#define BUNDLE_ENCRYPTED 1U /* of the header's flags */
#define BUNDLE_CONTEXT_BYTES (BUNDLE_HEADER_BYTES + 12)

struct bundle_header {
	uint32_t version, flags;
	struct crypto_scrypt_cost cost;
	uint8_t salt[BUNDLE_SALT_BYTES];
};

/* INVALID: no bundle; NOT_IMPLEMENTED: a newer one; CORRUPT: a cost that nobody would ask for. */
MUST_USE enum status bundle_get_header(struct str bytes, const char *path,
				       struct bundle_header *out, struct fault *why);
/* What a chunk is sealed with besides its bytes. */
struct str bundle_context(const char header[BUNDLE_HEADER_BYTES], uint64_t number, uint32_t word,
			  char out[BUNDLE_CONTEXT_BYTES]);

#endif
