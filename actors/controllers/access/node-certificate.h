/*
 * Requests for certificates of nodes: what they have to be like.
 *
 * For the controllers that approve and sign them. Pure; the words are upstream's (pkg/apis/certificates/helpers.go).
 */
#ifndef ACTORS_CONTROLLERS_ACCESS_NODE_CERTIFICATE_H
#define ACTORS_CONTROLLERS_ACCESS_NODE_CERTIFICATE_H

#include "datastore/schema/type.h"
#include "transport/tls/certificate.h"

#define NODE_CERTIFICATE_PREFIX "system:node:"

bool node_certificate_uses(struct str_list usages, const char *usage);
/* A signature, for this purpose, and perhaps to encipher keys, which RSA's do: nothing else. */
bool node_certificate_usages(struct str_list usages, const char *purpose);
bool node_certificate_is_of_nodes(const struct certificate_info *info);
/* Why it is none by which a node may call the API server; absent: it is one. */
struct str node_certificate_refuse(const struct certificate_info *info, struct str_list usages);

#endif
