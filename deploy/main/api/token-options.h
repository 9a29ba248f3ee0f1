/*
 * --service-account-*, --api-audiences: who issues tokens of service accounts, for whom, and by which keys.
 *
 * Without a word the cluster's own key signs and its own issuer is named. Files of keys are read again when they change; they are the
 * operator's to bring to each node.
 */
#ifndef DEPLOY_MAIN_API_TOKEN_OPTIONS_H
#define DEPLOY_MAIN_API_TOKEN_OPTIONS_H

#include "datastore/schema/type.h"
#include "deploy/main/api/file/text-file.h"
#include "deploy/main/command/command.h"
#include "transport/tls/certificate-key.h"

/* For the table of options. */
#define TOKEN_OPTIONS                                                                              \
	TEXT_OPTION(                                                                               \
	    "service-account-issuer", "URL",                                                       \
	    "who issues tokens of service accounts; given again: the first issues, of all "        \
	    "they are taken",                                                                      \
	    .is_many = true),                                                                      \
	    TEXT_OPTION("service-account-signing-key-file", "PATH",                                \
			"the key that signs them, of RSA or P-256; else the cluster's own"),       \
	    TEXT_OPTION("service-account-key-file", "PATH",                                        \
			"keys by which they are known beside that one; given again: of all files", \
			.is_many = true),                                                          \
	    TEXT_OPTION("service-account-jwks-uri", "URL",                                         \
			"where others find these keys, as the discovery document says; https"),    \
	    TEXT_OPTION("api-audiences", "A,B",                                                    \
			"for whom tokens are that name nobody, and of whom one has to be named; "  \
			"else the issuers"),                                                       \
	    CHOICE_OPTION("service-account-extend-token-expiration", "true|false", "true",         \
			  "tokens in pods that ask for an hour are good for a year"),              \
	    CHOICE_OPTION("service-account-lookup", "true", "true",                                \
			  "what a token is bound to has to be there; always so")

#define TOKEN_FILES_MAX 17U /* the first is the signing key, if one is named */
#define TOKEN_KEYS_MAX 64U

struct token_setting {
	struct str_list issuers, audiences;
	struct str keys_uri; /* absent: our own address */
	struct text_file files[TOKEN_FILES_MAX];
	uint32_t file_count;
	bool has_signing; /* files[0] */
	bool has_short;   /* tokens are not extended */
};

/* BAD_REQUEST with words. `own_issuer` is for where none is given. Blocks. */
MUST_USE enum status token_options_load(const struct command_line *line, struct str own_issuer,
					struct arena *arena, struct token_setting *out,
					struct fault *why);

struct token_keys {
	struct arena *arena; /* of all of it */
	const struct certificate_key *signing;
	const struct certificate_key **at; /* the signing one is the first */
	uint32_t count;
};

/* What the files come to now; `own_pem` is the cluster's own key, which counts where no file is named in its place. */
MUST_USE enum status token_keys_make(const struct token_setting *setting, struct str own_pem,
				     struct token_keys *out, struct fault *why);
void token_keys_free(struct token_keys *keys);

#endif
