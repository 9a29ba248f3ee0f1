/*
 * The options that say how an S3-compatible store is reached, of every verb that may be given `s3://BUCKET/PREFIX`.
 */
#ifndef DEPLOY_MAIN_BACKUP_S3_OPTIONS_H
#define DEPLOY_MAIN_BACKUP_S3_OPTIONS_H

#include "deploy/main/backup/s3-place.h"
#include "deploy/main/command/command.h"

/* For the tables of commands. */
#define S3_OPTIONS                                                                         \
	TEXT_OPTION("s3-endpoint", "URL",                                                  \
		    "where s3://BUCKET is served; else AWS's own place of the region",     \
		    .group = "An S3-compatible store"),                                    \
	    TEXT_OPTION("s3-credentials", "FILE",                                          \
			"aws_access_key_id = ..., aws_secret_access_key = ...; else "      \
			"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the environment"), \
	    TEXT_OPTION("s3-region", "R",                                                  \
			"else that of the credentials, AWS_REGION, or us-east-1"),         \
	    TEXT_OPTION("s3-ca", "FILE",                                                   \
			"who signed the endpoint's certificate; else the machine's own list")
#define S3_OPTIONS_WORDS 8U

/* What was said about `url`; paths are made absolute. */
MUST_USE enum status s3_options(const struct command_line *line, const char *url,
				struct arena *arena, struct s3_words *out, struct fault *why);
/* The same options as words for another command line; gives how many. */
uint32_t s3_options_words(const struct s3_words *words, const char **out);

#endif
