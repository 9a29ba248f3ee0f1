#include "actors/kinds/kinds.h"

/*
 * Kinds without hooks are rows: what upstream's strategies say as constants. A kind that gets hooks moves to a file of its own,
 * `<kind>.c`, and into the list of kinds.h.
 */
#define SUBDOMAIN .name_syntax = NAME_DNS_SUBDOMAIN
#define NEEDS_VERSION .needs_resource_version = true

#define CERTIFICATES "certificates.k8s.io"

#define ROWS_MAP(X) X(CERTIFICATES, "PodCertificateRequest", SUBDOMAIN, NEEDS_VERSION)

#define ROW(row_group, row_kind, ...) \
	&(const struct kind_rules){ .group = row_group, .kind = row_kind, __VA_ARGS__ },
#define FILE(name) &kind_##name,
const struct kind_rules *const kinds[] = { ROWS_MAP(ROW) KINDS_MAP(FILE) };
#undef ROW
#undef FILE
const uint32_t kind_count = sizeof kinds / sizeof kinds[0];
