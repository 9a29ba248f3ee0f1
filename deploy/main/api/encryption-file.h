/*
 * --encryption-provider-config: an EncryptionConfiguration, and how it is read again when it changes.
 *
 * identity, aesgcm and aescbc are known; secretbox and kms are refused by name.
 */
#ifndef DEPLOY_MAIN_API_ENCRYPTION_FILE_H
#define DEPLOY_MAIN_API_ENCRYPTION_FILE_H

#include "actors/encryption/encryption.h"
#include "runtime/actor/act.h"

/* All of it is the arena's. Blocks. */
MUST_USE enum status encryption_file_load(const char *path, struct arena *arena,
					  const struct encryption_set **out, struct fault *why);

/*
 * The actor that looks every minute whether the file says something else, and lets that count from then on. What is wrong then is said, and
 * what counted before goes on. `encryption` is borrowed by whoever closes and opens, on the same loop.
 */
struct encryption_file_args {
	const char *path;
	struct encryption *encryption;
	uint32_t every_ms; /* 0: a minute */
};
extern const struct act_class encryption_file_class;

#endif
