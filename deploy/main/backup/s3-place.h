/*
 * A place in an S3-compatible store: `s3://bucket/prefix`, where it is served, and who asks.
 *
 * Credentials come from a file as other programs keep them (`aws_access_key_id = ...`, `aws_secret_access_key = ...`, also
 * `aws_session_token` and `region`; of its first section), else from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
 * AWS_SESSION_TOKEN, AWS_REGION). Objects are named in the path, which every such store understands.
 */
#ifndef DEPLOY_MAIN_BACKUP_S3_PLACE_H
#define DEPLOY_MAIN_BACKUP_S3_PLACE_H

#include "deploy/main/backup/s3-sign.h"
#include "transport/tls/context.h"

struct s3_place {
	const char *url; /* of the endpoint */
	struct str host; /* as requests say it */
	struct str bucket;
	struct str prefix; /* empty, or ends with a slash */
	struct s3_credentials credentials;
	struct tls_context *tls; /* NULL: the endpoint has none */
};

struct s3_words {
	const char *url;              /* s3://bucket/prefix */
	const char *endpoint;         /* NULL: AWS's own of the region */
	const char *credentials_file; /* NULL: the environment */
	const char *ca_file; /* who signed the endpoint's certificate; NULL: the machine's authorities */
	const char *region; /* NULL: as above, else us-east-1 */
};

bool s3_is_place(const char *text);
/* BAD_REQUEST, INVALID, NOT_FOUND, FORBIDDEN with words. Everything but the TLS context is the arena's. Blocks. */
MUST_USE enum status s3_place_read(const struct s3_words *words, struct arena *arena,
				   struct s3_place *out, struct fault *why);

#endif
