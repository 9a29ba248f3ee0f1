/*
 * --encryption-provider-config: an EncryptionConfiguration, and how it is read again when it changes.
 *
 * identity, aesgcm, aescbc, secretbox and kms of v2 are known; kms of v1 is refused by name.
 */
#ifndef DEPLOY_MAIN_API_ENCRYPTION_FILE_H
#define DEPLOY_MAIN_API_ENCRYPTION_FILE_H

#include "actors/encryption/encryption.h"
#include "actors/encryption/kms/asker.h"
#include "deploy/main/api/file/reload.h"

/*
 * `encryption` is borrowed by whoever closes and opens; `reload` are the args of the actor, on the same loop, that looks now and then whether the file
 * says something else.
 */
struct encryption_file {
	struct encryption encryption;
	struct reload_args reload; /* `path` NULL: nothing is encrypted */
	struct kms_book plugins;
	struct asker_args asker; /* of the actor, on the same loop, that asks them */
};

/* What it says first is the arena's. Blocks. */
MUST_USE enum status encryption_file_load(struct encryption_file *file, const char *path,
					  struct arena *arena, struct fault *why);
/* A KMS plug-in is in use. */
bool encryption_file_has_plugins(const struct encryption_file *file);

#endif
