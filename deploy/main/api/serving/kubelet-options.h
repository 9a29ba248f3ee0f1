/*
 * --kubelet-*: how the API server comes to the kubelets of nodes, and who it is to them.
 *
 * Without a certificate of an operator's it shows the cluster's own. Files are read again when they change.
 */
#ifndef DEPLOY_MAIN_API_SERVING_KUBELET_OPTIONS_H
#define DEPLOY_MAIN_API_SERVING_KUBELET_OPTIONS_H

#include "actors/server/server.h"
#include "deploy/main/api/file/text-file.h"
#include "deploy/main/api/serving/serving-options.h"
#include "deploy/main/command/command.h"

/* For the table of options. */
#define KUBELET_OPTIONS                                                                     \
	TEXT_OPTION("kubelet-client-certificate", "PATH",                                   \
		    "a certificate that kubelets are shown in place of the cluster's own"), \
	    TEXT_OPTION("kubelet-client-key", "PATH", "and its key"),                       \
	    TEXT_OPTION("kubelet-certificate-authority", "PATH",                            \
			"who has signed theirs; without it whatever they show is taken"),   \
	    TEXT_OPTION("kubelet-preferred-address-types", "A,B",                           \
			"which of a node's addresses is called, the first that is one: "    \
			"InternalIP,ExternalIP,Hostname",                                   \
			.fallback = "InternalIP,ExternalIP,Hostname"),                      \
	    NUMBER_OPTION("kubelet-port", "N", "10250", "that of a node that names none"),  \
	    MOOT_OF("kubelet-timeout", "upstream does not look at it either"),              \
	    MOOT_OF("kubelet-read-only-port", "kubelets are called over TLS only")

struct kubelet_setting {
	struct text_file certificate, key, authorities;
	struct str_list address_types;
	uint16_t port;
};

/* BAD_REQUEST and others with words: one file without the other, a key of another certificate, a port that is none. Blocks. */
MUST_USE enum status kubelet_options_load(const struct command_line *line, struct arena *arena,
					  struct kubelet_setting *out, struct fault *why);
/* Over what the server is told of the cluster's own; also after a file has changed. */
void kubelet_options_apply(const struct kubelet_setting *setting, struct server_config *server);

#endif
