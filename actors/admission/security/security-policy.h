/*
 * What a namespace asks of its pods: for each of three modes a level and the version in whose wording it counts.
 *
 * For the plug-in PodSecurity. Pure. A policy that cannot be read is a strict one, and the faults say why.
 */
#ifndef ACTORS_ADMISSION_SECURITY_SECURITY_POLICY_H
#define ACTORS_ADMISSION_SECURITY_SECURITY_POLICY_H

#include "datastore/schema/type.h"
#include "runtime/base/base.h"

enum security_level { SECURITY_PRIVILEGED, SECURITY_BASELINE, SECURITY_RESTRICTED };

#define SECURITY_LATEST UINT32_MAX

struct security_bar {
	enum security_level level;
	uint32_t minor; /* of v1.<minor>, or SECURITY_LATEST */
};

struct security_policy {
	struct security_bar enforce, audit, warn;
};

/* Whom the policies do not bind, and what counts where a namespace says nothing. Borrowed while the server lives. */
struct security_options {
	struct security_policy defaults;
	struct str_list users, namespaces, classes; /* runtime classes */
};

/* Upstream's where nothing is configured: everything is privileged, at its latest version; nobody is exempt. */
extern const struct security_options security_policy_open;

bool security_policy_has_name(struct str_list list, struct str name); /* "" is in none */

/* Faults are at metadata.labels[...]. What is wrong counts as restricted for `enforce`, as privileged for the others. */
struct security_policy security_policy_read(struct str_map labels,
					    const struct security_policy *defaults,
					    struct faults *faults);
/* The texts of one mode; false: not one of those that there are, and *out is the strictest. */
bool security_policy_level(struct str text, enum security_level *out);
bool security_policy_version(struct str text, uint32_t *out);
#define SECURITY_LEVEL_WORDS "must be one of privileged, baseline, restricted"
#define SECURITY_VERSION_WORDS "must be \"latest\" or \"v1.x\""

/* "baseline:v1.22", "restricted:latest" */
struct str security_policy_text(struct security_bar bar, struct arena *arena);
bool security_policy_is_same(struct security_bar a, struct security_bar b);
/* Nothing is asked in any mode. */
bool security_policy_is_open(const struct security_policy *policy);

#endif
