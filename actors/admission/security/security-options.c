#include "actors/admission/security/security-options.h"

#include "datastore/object/name.h"

static void complain(struct faults *faults, enum fault_kind kind, struct str field,
		     struct str value, const char *words)
{
	faults_add(faults, kind, field, name_quoted(faults->arena, value), "%s", words);
}

static void read_bar(const char *mode, struct str level, struct str version,
		     struct security_bar *out, struct faults *faults)
{
	if (!security_policy_level(level, &out->level))
		complain(faults, FAULT_INVALID, arena_printf(faults->arena, "defaults.%s", mode),
			 level, SECURITY_LEVEL_WORDS);
	if (!security_policy_version(version, &out->minor))
		complain(faults, FAULT_INVALID,
			 arena_printf(faults->arena, "defaults.%s-version", mode), version,
			 SECURITY_VERSION_WORDS);
}

static void check_names(const char *field, struct str_list list, const enum name_syntax *syntax,
			struct faults *faults)
{
	for (uint32_t i = 0; i < list.len; i++) {
		struct str at = arena_printf(faults->arena, "exemptions.%s[%u]", field, i);
		struct str_list before = { list.at, i };

		if (list.at[i].len == 0)
			complain(faults, FAULT_INVALID, at, list.at[i], "must not be empty");
		else if ((syntax == NULL || name_check(*syntax, list.at[i], at, faults)) &&
			 security_policy_has_name(before, list.at[i]))
			complain(faults, FAULT_DUPLICATE, at, list.at[i], "");
	}
}

enum status security_options_of(const struct podsecurity_pod_security_configuration *from,
				const char *where, struct arena *arena,
				struct security_options *out, struct fault *why)
{
	static const struct podsecurity_pod_security_exemptions nobody;
	const struct podsecurity_pod_security_exemptions *exempt =
	    from->exemptions ? from->exemptions : &nobody;
	const struct podsecurity_pod_security_defaults *defaults = from->defaults;
	static const enum name_syntax label = NAME_DNS_LABEL, subdomain = NAME_DNS_SUBDOMAIN;
	struct security_options options = security_policy_open;
	struct faults faults = faults_in(arena);

	if (defaults != NULL) {
		read_bar("enforce", defaults->enforce, defaults->enforce_version,
			 &options.defaults.enforce, &faults);
		read_bar("warn", defaults->warn, defaults->warn_version, &options.defaults.warn,
			 &faults);
		read_bar("audit", defaults->audit, defaults->audit_version, &options.defaults.audit,
			 &faults);
	}
	check_names("namespaces", exempt->namespaces, &label, &faults);
	check_names("runtimeClasses", exempt->runtime_classes, &subdomain, &faults);
	check_names("usernames", exempt->usernames, NULL, &faults);
	options.users = exempt->usernames;
	options.namespaces = exempt->namespaces;
	options.classes = exempt->runtime_classes;
	if (faults.len > 0)
		return fault_set(why, BAD_REQUEST, where, "%s: " STR_FMT ": " STR_FMT, where,
				 STR_ARG(faults.at[0].field), STR_ARG(faults.at[0].message));
	*out = options;
	return OK;
}
