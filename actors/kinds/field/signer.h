/*
 * Names of signers of certificates: example.com/my-signer; and of the trust bundles that belong to them.
 */
#ifndef ACTORS_KINDS_FIELD_SIGNER_H
#define ACTORS_KINDS_FIELD_SIGNER_H

#include "actors/kinds/rule.h"

bool signer_check_name(const struct path *at, struct str name);
/* example.com:my-signer:name for that signer's, or a name without colons. Absent: good; else why not, upstream's words. `is_prefix`: something will be appended. */
struct str signer_bundle_fault(const struct path *at, struct str bundle, struct str signer,
			       bool is_prefix);
/* Annotations that a pod sends along to a signer. */
void signer_check_annotations(const struct path *at, struct str_map annotations);

#endif
