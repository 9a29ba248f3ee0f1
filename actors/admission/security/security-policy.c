#include "actors/admission/security/security-policy.h"

#include "datastore/object/name.h"

#define PREFIX "pod-security.kubernetes.io/"
#define DIGITS_MAX 9U

const struct security_options security_policy_open = {
	.defaults = { { SECURITY_PRIVILEGED, SECURITY_LATEST },
		      { SECURITY_PRIVILEGED, SECURITY_LATEST },
		      { SECURITY_PRIVILEGED, SECURITY_LATEST } },
};

static const char *const levels[] = { "privileged", "baseline", "restricted" };

bool security_policy_has_name(struct str_list list, struct str name)
{
	for (uint32_t i = 0; name.len > 0 && i < list.len; i++)
		if (str_eq(list.at[i], name))
			return true;
	return false;
}

bool security_policy_level(struct str text, enum security_level *out)
{
	for (uint32_t i = 0; i < 3; i++)
		if (str_is(text, levels[i])) {
			*out = (enum security_level)i;
			return true;
		}
	*out = SECURITY_RESTRICTED;
	return false;
}

bool security_policy_version(struct str text, uint32_t *out)
{
	struct str digits = str_slice(text, 3, text.len);
	uint64_t minor;

	*out = SECURITY_LATEST;
	if (str_is(text, "latest"))
		return true;
	if (!str_starts(text, STR("v1.")) || digits.len == 0 || digits.len > DIGITS_MAX ||
	    (digits.len > 1 && digits.at[0] == '0') || str_to_u64(digits, &minor) != OK)
		return false;
	*out = (uint32_t)minor;
	return true;
}

/* ---- labels --------------------------------------------------------------------------------------------------- */

static void complain(struct faults *faults, const char *label, struct str value, const char *words)
{
	faults_add(faults, FAULT_INVALID, arena_printf(faults->arena, "metadata.labels[%s]", label),
		   name_quoted(faults->arena, value), "%s", words);
}

struct mode {
	const char *level, *version; /* labels */
	enum security_level failing; /* what a level that cannot be read counts for */
};

/* Which of the two labels there are, and what they say. */
struct said {
	bool has_level, is_level_good, has_version;
};

static struct said read_mode(struct str_map labels, const struct mode *mode,
			     struct security_bar *bar, struct faults *faults)
{
	struct str level = str_map_get(labels, str_from(mode->level));
	struct str version = str_map_get(labels, str_from(mode->version));
	struct said said = { .has_level = level.at != NULL, .has_version = version.at != NULL };

	if (said.has_level) {
		said.is_level_good = security_policy_level(level, &bar->level);
		if (!said.is_level_good) {
			bar->level = mode->failing;
			complain(faults, mode->level, level, SECURITY_LEVEL_WORDS);
		}
	}
	if (said.has_version && !security_policy_version(version, &bar->minor))
		complain(faults, mode->version, version, SECURITY_VERSION_WORDS);
	return said;
}

struct security_policy security_policy_read(struct str_map labels,
					    const struct security_policy *defaults,
					    struct faults *faults)
{
	static const struct mode enforce = { PREFIX "enforce", PREFIX "enforce-version",
					     SECURITY_RESTRICTED },
				 audit = { PREFIX "audit", PREFIX "audit-version",
					   SECURITY_PRIVILEGED },
				 warn = { PREFIX "warn", PREFIX "warn-version",
					  SECURITY_PRIVILEGED };
	struct security_policy policy = *defaults;
	struct said enforced = read_mode(labels, &enforce, &policy.enforce, faults), warned;

	read_mode(labels, &audit, &policy.audit, faults);
	warned = read_mode(labels, &warn, &policy.warn, faults);
	/* Who is held to more than is warned of is to be warned too. */
	if (!warned.has_level && enforced.is_level_good && policy.enforce.level > policy.warn.level) {
		policy.warn.level = policy.enforce.level;
		if (!warned.has_version)
			policy.warn.minor = policy.enforce.minor;
	}
	return policy;
}

/* ---- what it says ----------------------------------------------------------------------------------------------- */

struct str security_policy_text(struct security_bar bar, struct arena *arena)
{
	if (bar.minor == SECURITY_LATEST)
		return arena_printf(arena, "%s:latest", levels[bar.level]);
	return arena_printf(arena, "%s:v1.%u", levels[bar.level], bar.minor);
}

bool security_policy_is_same(struct security_bar a, struct security_bar b)
{
	return a.level == b.level && a.minor == b.minor;
}

bool security_policy_is_open(const struct security_policy *policy)
{
	return policy->enforce.level == SECURITY_PRIVILEGED &&
	       policy->audit.level == SECURITY_PRIVILEGED &&
	       policy->warn.level == SECURITY_PRIVILEGED;
}
