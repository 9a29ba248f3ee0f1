/*
 * --door-*: one more address at which the API is served, under a certificate that others have made.
 *
 * For names that the cluster's own authority does not answer for, and for clients whose certificates another authority has signed. The
 * node's own door stays as it is: kubeconfigs, joining nodes and pods go on by that.
 */
#ifndef DEPLOY_MAIN_API_DOOR_OPTIONS_H
#define DEPLOY_MAIN_API_DOOR_OPTIONS_H

#include "deploy/main/api/file/text-file.h"
#include "deploy/main/command/command.h"
#include "transport/tls/context.h"

/* For the table of options. */
#define DOOR_OPTIONS                                                                        \
	TEXT_OPTION("door-listen", "IP:PORT",                                               \
		    "serves the API there too, under a certificate that others have made"), \
	    TEXT_OPTION("door-cert-file", "PATH",                                           \
			"that certificate, and what leads from it to its authority"),       \
	    TEXT_OPTION("door-key-file", "PATH", "and its key"),                            \
	    TEXT_OPTION(                                                                    \
		"door-client-ca-file", "PATH",                                              \
		"who signs certificates of clients there, beside the cluster's own authority")

struct door_setting {
	const char *listen; /* NULL: there is none, and nothing else is set */
	struct text_file certificate, key;
	struct text_file authorities; /* none: the cluster's own alone */
};

/* BAD_REQUEST and others with words: one option without the others, a file that is none, a key of another certificate. Blocks. */
MUST_USE enum status door_options_load(const struct command_line *line, struct arena *arena,
				       struct door_setting *out, struct fault *why);

/* What its sessions have in common; `cluster_pem` is the cluster's own authority. Borrows of all of them. */
struct tls_config door_tls(const struct door_setting *door, struct str cluster_pem,
			   struct arena *arena);

#endif
