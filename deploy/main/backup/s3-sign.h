/*
 * Signatures of requests to S3-compatible stores: AWS Signature Version 4, as their public documents describe it. Pure.
 */
#ifndef DEPLOY_MAIN_BACKUP_S3_SIGN_H
#define DEPLOY_MAIN_BACKUP_S3_SIGN_H

#include "runtime/base/base.h"

struct s3_credentials {
	struct str key_id, secret;
	struct str token; /* of a session; absent: none */
	struct str region;
};

struct s3_signed {
	const char *method;
	struct str host;     /* as the request says it, with its port if it says one */
	struct str path;     /* encoded */
	struct str query;    /* encoded, names in order; may be absent */
	struct str range;    /* a Range header that is signed, too; absent: none */
	struct str hash_hex; /* SHA-256 of the body */
	struct wall now;
};

#define S3_DATE_BYTES 17U /* 20261127T001122Z */
void s3_date(struct wall now, char out[S3_DATE_BYTES]);
/* Of the bytes, in hexadecimal. */
struct str s3_hash(struct str bytes, struct arena *arena);
/* What the header Authorization says; x-amz-date and x-amz-content-sha256 must go with it, and x-amz-security-token for a session. */
struct str s3_sign(const struct s3_credentials *credentials, const struct s3_signed *request,
		   struct arena *arena);

#endif
