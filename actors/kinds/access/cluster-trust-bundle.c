#include "actors/kinds/access/pem.h"
#include "actors/kinds/field/signer.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "actors/kinds/seen.h"
#include "datastore/schema/certificates.h"
#include "transport/tls/certificate.h"

/*
 * The ClusterTrustBundle: authorities that a signer's certificates lead to (upstream: apis/certificates/validation, validateTrustBundle).
 */

#define BUNDLE_BYTES_MAX MIB
#define DATA STR("\"<value omitted>\"")

static void check_block(const struct path *at, const struct pem_block *block, uint32_t number,
			struct seen *seen)
{
	struct arena *arena = path_arena(at);
	struct certificate_info info;
	struct fault why = { 0 };

	if (!str_is(block->label, "CERTIFICATE"))
		path_fault(at, FAULT_INVALID, DATA, "entry %u has bad block type: " STR_FMT, number,
			   STR_ARG(block->label));
	else if (block->has_headers)
		path_fault(at, FAULT_INVALID, DATA, "entry %u has PEM block headers", number);
	else if (certificate_read(block->text, arena, &info, &why) != OK)
		path_fault(at, FAULT_INVALID, DATA, "entry %u does not parse as X.509", number);
	else if (!(info.usage & CERTIFICATE_AUTHORITY))
		path_fault(at, FAULT_INVALID, DATA,
			   "entry %u is not marked as a certificate authority", number);
	else if (!seen_add(seen, arena_str(arena, str_of((const char *)info.fingerprint,
							 sizeof info.fingerprint))))
		path_fault(at, FAULT_INVALID, DATA, "entry %u is a duplicate", number);
}

static void check_bundle(const struct path *at, struct str bundle)
{
	struct seen seen = seen_in(path_arena(at));
	struct str rest = bundle;
	struct pem_block block;
	uint32_t count = 0;

	if (bundle.len > BUNDLE_BYTES_MAX) {
		path_too_long(at, BUNDLE_BYTES_MAX);
		return;
	}
	while (pem_next(&rest, &block))
		check_block(at, &block, count++, &seen);
	if (count == 0)
		path_fault(at, FAULT_INVALID, DATA, "at least one trust anchor must be provided");
}

static void check_name(const struct kind_change *change, const struct path *at, struct str name,
		       bool is_prefix)
{
	const struct certificates_cluster_trust_bundle *bundle = change->object;

	path_invalid_lines(at, name, STR(""),
			   signer_bundle_fault(at, name, bundle->spec->signer_name, is_prefix));
}

static void validate(struct kind_change *change)
{
	const struct certificates_cluster_trust_bundle *bundle = change->object, *old = change->old;
	const struct certificates_cluster_trust_bundle_spec *spec = bundle->spec;
	const struct path *at = PATH_ROOT(change->faults, "spec"), *signer = PATH(at, "signerName");

	if (old != NULL)
		check_name(change, PATH(PATH_ROOT(change->faults, "metadata"), "name"),
			   bundle->metadata->name, false);
	if (spec->signer_name.len > 0)
		signer_check_name(signer, spec->signer_name);
	if (old == NULL || !str_eq(spec->trust_bundle, old->spec->trust_bundle))
		check_bundle(PATH(at, "trustBundle"), spec->trust_bundle);
	if (old != NULL)
		rule_unchanged(signer, &certificates_cluster_trust_bundle_spec_type, "signerName",
			       spec, old->spec);
}

const struct kind_rules kind_cluster_trust_bundle = {
	.group = "certificates.k8s.io",
	.kind = "ClusterTrustBundle",
	.check_name = check_name,
	.needs_resource_version = true,
	.validate_create = validate,
	.validate_update = validate,
};
