/*
 * --encryption-provider-config: an EncryptionConfiguration, and how it is read again when it changes.
 *
 * identity, aesgcm, aescbc and secretbox are known; kms is refused by name.
 */
#ifndef DEPLOY_MAIN_API_ENCRYPTION_FILE_H
#define DEPLOY_MAIN_API_ENCRYPTION_FILE_H

#include "actors/encryption/encryption.h"
#include "deploy/main/api/file/reload.h"

/*
 * `encryption` is borrowed by whoever closes and opens; `reload` are the args of the actor, on the same loop, that looks every minute whether the file
 * says something else.
 */
struct encryption_file {
	struct encryption encryption;
	struct reload_args reload; /* `path` NULL: nothing is encrypted */
};

/* What it says first is the arena's. Blocks. */
MUST_USE enum status encryption_file_load(struct encryption_file *file, const char *path,
					  struct arena *arena, struct fault *why);

#endif
