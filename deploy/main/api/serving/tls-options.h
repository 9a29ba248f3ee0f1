/*
 * --tls-*: what is spoken at the API's door, and certificates that others have made.
 *
 * The cluster's own certificate stays for who asks by the cluster's own names, or by none (by an address): nodes that join, kubeconfigs and
 * pods go on by that. Files are read again when they change.
 */
#ifndef DEPLOY_MAIN_API_SERVING_TLS_OPTIONS_H
#define DEPLOY_MAIN_API_SERVING_TLS_OPTIONS_H

#include "deploy/main/api/file/text-file.h"
#include "deploy/main/command/command.h"
#include "transport/tls/context.h"

/* For the table of options. */
#define TLS_OPTIONS                                                                             \
	TEXT_OPTION(                                                                            \
	    "tls-cert-file", "PATH",                                                            \
	    "a certificate, and what leads from it to its authority, that is shown to who "     \
	    "asks by another name than the cluster's own"),                                     \
	    TEXT_OPTION("tls-private-key-file", "PATH", "and its key"),                         \
	    TEXT_OPTION(                                                                        \
		"tls-sni-cert-key", "CERT,KEY[:NAME,...]",                                      \
		"one for who asks by those names, or else by one of its own; given again: "     \
		"the first that fits",                                                          \
		.is_many = true),                                                               \
	    CHOICE_OPTION("tls-min-version", "VersionTLS12|VersionTLS13", "VersionTLS12",       \
			  "what clients have to speak at least"),                               \
	    TEXT_OPTION("tls-cipher-suites", "A,B",                                             \
			"what is spoken with those of TLS 1.2, by IANA's names; else all that " \
			"keep former sessions secret")

struct tls_pair {
	struct text_file certificate, key;
	struct str names; /* absent: the certificate's */
};

struct tls_setting {
	struct tls_pair pairs[TLS_OTHERS_MAX]; /* the last may be that of --tls-cert-file */
	uint32_t pair_count;
	bool has_rest, only_tls13;
	struct str cipher_suites;
};

/* BAD_REQUEST and others with words: one file without the other, a key of another certificate, a suite that is not spoken. Blocks. */
MUST_USE enum status tls_options_load(const struct command_line *line, struct arena *arena,
				      struct tls_setting *out, struct fault *why);
bool tls_options_say(const struct tls_setting *setting); /* anything at all */
/* For struct process: `arg` is the setting. */
void tls_options_secure(void *arg, struct tls_config *config, struct arena *arena);

#endif
