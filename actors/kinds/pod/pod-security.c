#include "actors/kinds/field/volume.h"
#include "actors/kinds/pod/pod-private.h"

/*
 * Security contexts of pods and containers, and what each operating system has of them.
 */

#define SYSCTL_MAX 253U
#define APP_ARMOR_MAX 4095U /* PATH_MAX without its NUL */
#define GMSA_MAX (64U * KIB)
#define WINDOWS_DOMAIN_MAX 256U
#define WINDOWS_USER_MAX 104U

/* ---- profiles ----------------------------------------------------------------------------------------------------------- */

static void check_seccomp(const struct path *at, const struct core_seccomp_profile *profile)
{
	const struct path *local = PATH(at, "localhostProfile"), *type = PATH(at, "type");

	if (profile == NULL)
		return;
	if (rule_needed(type, profile->type, "type is required when seccompProfile is set") &&
	    !str_is(profile->type, "Localhost") && !str_is(profile->type, "RuntimeDefault") &&
	    !str_is(profile->type, "Unconfined"))
		path_not_supported(type, profile->type,
				   "\"Localhost\", \"RuntimeDefault\", \"Unconfined\"");
	if (!str_is(profile->type, "Localhost")) {
		if (profile->localhost_profile.at != NULL)
			path_fault(local, FAULT_INVALID,
				   path_shown_record(local, &core_seccomp_profile_type, profile),
				   "can only be set when seccomp type is Localhost");
	} else if (profile->localhost_profile.at == NULL) {
		path_required(local, "must be set when seccomp type is Localhost");
	} else {
		volume_check_path(local, profile->localhost_profile);
	}
}

static void check_local_app_armor(const struct path *at, struct str profile)
{
	static const char words[] = "must be set when AppArmor type is Localhost";

	if (profile.at == NULL)
		path_required(at, words);
	else if (str_trim(profile).len != profile.len)
		path_invalid(at, profile, "must not be padded with whitespace");
	else if (profile.len == 0)
		path_required(at, words);
	rule_at_most_bytes(at, profile, APP_ARMOR_MAX);
}

static void check_app_armor(const struct path *at, const struct core_app_armor_profile *profile)
{
	const struct path *local = PATH(at, "localhostProfile"), *type = PATH(at, "type");

	if (profile == NULL)
		return;
	if (str_is(profile->type, "Localhost")) {
		check_local_app_armor(local, profile->localhost_profile);
	} else if (str_is(profile->type, "RuntimeDefault") || str_is(profile->type, "Unconfined")) {
		if (profile->localhost_profile.at != NULL)
			path_invalid(local, profile->localhost_profile,
				     "can only be set when AppArmor type is Localhost");
	} else if (rule_needed(type, profile->type, "type is required when appArmorProfile is set")) {
		path_not_supported(type, profile->type,
				   "\"Localhost\", \"RuntimeDefault\", \"Unconfined\"");
	}
}

/* ---- Windows ------------------------------------------------------------------------------------------------------------- */

static bool has_any_of(struct str text, const char *characters)
{
	for (uint32_t i = 0; i < text.len; i++)
		if (strchr(characters, text.at[i]) != NULL)
			return true;
	return false;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_net_bios(struct str name)
{
	return name.len > 0 && name.len <= 15 && name.at[0] != '.' &&
	       !has_any_of(name, "\\/:*?\"<>|");
}

static bool is_any_case_dns(struct str name)
{
	struct str rest = name;

	while (rest.at != NULL) {
		struct str label = str_cut(&rest, '.');

		if (label.len == 0 || label.len > 63 || !is_alnum(label.at[0]) ||
		    !is_alnum(label.at[label.len - 1]))
			return false;
		for (uint32_t i = 0; i < label.len; i++)
			if (!is_alnum(label.at[i]) && label.at[i] != '-')
				return false;
	}
	return true;
}

static bool has_controls(struct str text)
{
	for (uint32_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f)
			return true;
	return false;
}

static bool is_dots_and_spaces(struct str text)
{
	for (uint32_t i = 0; i < text.len; i++)
		if (text.at[i] != '.' && text.at[i] != ' ')
			return false;
	return text.len > 0;
}

static void check_windows_user(const struct path *at, struct str name, struct str user)
{
	if (user.len == 0)
		path_invalid(at, name, "runAsUserName's User cannot be empty");
	else if (user.len > WINDOWS_USER_MAX)
		path_invalid(at, name,
			     "runAsUserName's User length must not be longer than 104 characters");
	if (is_dots_and_spaces(user))
		path_invalid(at, name, "runAsUserName's User cannot contain only periods or spaces");
	if (has_any_of(user, "\"/\\:;|=,+*?<>@[]"))
		path_invalid(at, name,
			     "runAsUserName's User cannot contain the following characters: "
			     "\"/\\:;|=,+*?<>@[]");
}

static void check_windows_name(const struct path *at, struct str name)
{
	struct str rest = name, domain = str_cut(&rest, '\\');

	if (name.len == 0) {
		path_invalid(at, name, "runAsUserName cannot be an empty string");
	} else if (has_controls(name)) {
		path_invalid(at, name, "runAsUserName cannot contain control characters");
	} else if (rest.at == NULL) {
		check_windows_user(at, name, name);
	} else if (str_find_char(rest, '\\') >= 0) {
		path_invalid(at, name, "runAsUserName cannot contain more than one backslash");
	} else {
		if (domain.len >= WINDOWS_DOMAIN_MAX)
			path_invalid(at, name,
				     "runAsUserName's Domain length must be under 256 characters");
		if (!is_net_bios(domain) && !is_any_case_dns(domain))
			path_invalid(at, name,
				     "runAsUserName's Domain doesn't match the NetBios nor the DNS "
				     "format");
		check_windows_user(at, name, rest);
	}
}

static void check_windows(const struct path *at,
			  const struct core_windows_security_context_options *options)
{
	const struct path *spec = PATH(at, "gmsaCredentialSpec");

	if (options == NULL)
		return;
	if (options->gmsa_credential_spec_name.at != NULL)
		rule_name(PATH(at, "gmsaCredentialSpecName"), NAME_DNS_SUBDOMAIN,
			  options->gmsa_credential_spec_name);
	if (options->gmsa_credential_spec.at != NULL && options->gmsa_credential_spec.len == 0)
		path_invalid(spec, options->gmsa_credential_spec,
			     "gmsaCredentialSpec cannot be an empty string");
	else if (options->gmsa_credential_spec.len > GMSA_MAX)
		path_invalid(spec, options->gmsa_credential_spec,
			     "gmsaCredentialSpec size must be under 64 KiB");
	if (options->run_as_user_name.at != NULL)
		check_windows_name(PATH(at, "runAsUserName"), options->run_as_user_name);
}

/* ---- containers ------------------------------------------------------------------------------------------------------------ */

static void check_escalation(const struct pod_check *check, const struct path *at,
			     const struct core_security_context *sent)
{
	const struct core_capabilities *capabilities = sent->capabilities;

	if (!sent->has.allow_privilege_escalation || sent->allow_privilege_escalation)
		return;
	if (sent->privileged)
		path_fault(at, FAULT_INVALID,
			   path_shown_record(at, &core_security_context_type, sent),
			   "cannot set `allowPrivilegeEscalation` to false and `privileged` to "
			   "true");
	if (capabilities == NULL || check->tolerance->unprivileged_sys_admin)
		return;
	for (uint32_t i = 0; i < capabilities->add.len; i++)
		if (str_is(capabilities->add.at[i], "CAP_SYS_ADMIN"))
			path_fault(at, FAULT_INVALID,
				   path_shown_record(at, &core_security_context_type, sent),
				   "cannot set `allowPrivilegeEscalation` to false and "
				   "`capabilities.Add` CAP_SYS_ADMIN");
}

static bool has_host_users(const struct core_pod_spec *spec)
{
	return !spec->has.host_users || spec->host_users;
}

void pod_check_container_security(const struct pod_check *check, const struct path *at,
				  const struct core_security_context *sent)
{
	const struct path *mount = PATH(at, "procMount");

	if (sent == NULL)
		return;
	if (sent->has.run_as_user)
		rule_range(PATH(at, "runAsUser"), sent->run_as_user, 0, INT32_MAX);
	if (sent->has.run_as_group)
		rule_range(PATH(at, "runAsGroup"), sent->run_as_group, 0, INT32_MAX);
	if (sent->proc_mount.at != NULL) {
		rule_one_of(mount, sent->proc_mount, &core_proc_mount_type_values);
		if (has_host_users(check->spec) && str_is(sent->proc_mount, "Unmasked"))
			path_invalid(mount, sent->proc_mount,
				     "`hostUsers` must be false to use `Unmasked`");
	}
	check_seccomp(PATH(at, "seccompProfile"), sent->seccomp_profile);
	check_escalation(check, at, sent);
	check_windows(PATH(at, "windowsOptions"), sent->windows_options);
	check_app_armor(PATH(at, "appArmorProfile"), sent->app_armor_profile);
}

/* ---- pods ------------------------------------------------------------------------------------------------------------------ */

static bool is_sysctl_part(struct str part)
{
	bool is_edge_good = part.len > 0 && strchr("-_", part.at[0]) == NULL &&
			    strchr("-_", part.at[part.len - 1]) == NULL;

	for (uint32_t i = 0; i < part.len; i++) {
		char c = part.at[i];

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_')
			return false;
	}
	return is_edge_good;
}

static bool is_sysctl(struct str name)
{
	uint32_t from = 0;

	for (uint32_t i = 0; i <= name.len; i++) {
		if (i < name.len && name.at[i] != '.' && name.at[i] != '/')
			continue;
		if (!is_sysctl_part(str_slice(name, from, i)))
			return false;
		from = i + 1;
	}
	return name.len <= SYSCTL_MAX;
}

/* net/ipv4.conf becomes net.ipv4/conf when the first separator is a slash: both spellings mean the same file. */
static struct str with_dots(struct arena *arena, struct str name)
{
	int64_t dot = str_find_char(name, '.'), slash = str_find_char(name, '/');
	char *copy = arena_cstr(arena, name);

	if (slash < 0 || (dot >= 0 && dot < slash))
		return name;
	for (uint32_t i = 0; i < name.len; i++)
		copy[i] = copy[i] == '.' ? '/' : copy[i] == '/' ? '.' : copy[i];
	return str_of(copy, name.len);
}

static bool is_of_ipc(struct str name)
{
	return str_is(name, "kernel.sem") || str_starts(name, STR("kernel.shm")) ||
	       str_starts(name, STR("kernel.msg")) || str_starts(name, STR("fs.mqueue."));
}

static void check_host_sysctl(const struct path *at, struct str name,
			      const struct core_pod_spec *spec)
{
	struct str dotted = with_dots(path_arena(at), name);

	if (spec->host_network && str_starts(dotted, STR("net.")))
		path_invalid(at, name, "may not be specified when 'hostNetwork' is true");
	else if (spec->host_ipc && is_of_ipc(dotted))
		path_invalid(at, name, "may not be specified when 'hostIPC' is true");
}

static void check_sysctls(const struct pod_check *check, const struct path *at,
			  struct core_sysctl_list list)
{
	struct seen names = seen_in(path_arena(at));

	for (uint32_t i = 0; i < list.len; i++) {
		const struct path *here = PATH(PATH_AT(at, i), "name");
		struct str name = list.at[i].name;

		if (name.len == 0)
			path_required(here, "");
		else if (!is_sysctl(name))
			path_invalid(here, name,
				     "must have at most 253 characters and match regex "
				     "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*"
				     "[a-z0-9])?$");
		else if (seen_has(&names, name))
			path_duplicate(here, name);
		if (!check->tolerance->host_sysctls)
			check_host_sysctl(here, name, check->spec);
		seen_add(&names, name);
	}
}

static void check_ids(const struct path *at, const struct core_pod_security_context *sent)
{
	if (sent->has.fs_group)
		rule_range(PATH(at, "fsGroup"), sent->fs_group, 0, INT32_MAX);
	if (sent->has.run_as_user)
		rule_range(PATH(at, "runAsUser"), sent->run_as_user, 0, INT32_MAX);
	if (sent->has.run_as_group)
		rule_range(PATH(at, "runAsGroup"), sent->run_as_group, 0, INT32_MAX);
	for (uint32_t i = 0; i < sent->supplemental_groups.len; i++)
		rule_range(PATH_AT(PATH(at, "supplementalGroups"), i),
			   sent->supplemental_groups.at[i], 0, INT32_MAX);
}

void pod_check_security(const struct pod_check *check, const struct path *at)
{
	const struct core_pod_security_context *sent = check->spec->security_context;

	if (sent == NULL)
		return;
	check_ids(at, sent);
	check_sysctls(check, PATH(at, "sysctls"), sent->sysctls);
	if (sent->fs_group_change_policy.at != NULL)
		rule_one_of(PATH(at, "fsGroupChangePolicy"), sent->fs_group_change_policy,
			    &core_pod_fs_group_change_policy_values);
	check_seccomp(PATH(at, "seccompProfile"), sent->seccomp_profile);
	check_windows(PATH(at, "windowsOptions"), sent->windows_options);
	check_app_armor(PATH(at, "appArmorProfile"), sent->app_armor_profile);
	if (sent->supplemental_groups_policy.at != NULL)
		rule_one_of(PATH(at, "supplementalGroupsPolicy"), sent->supplemental_groups_policy,
			    &core_supplemental_groups_policy_values);
	if (sent->se_linux_change_policy.at != NULL)
		rule_one_of(PATH(at, "seLinuxChangePolicy"), sent->se_linux_change_policy,
			    &core_pod_se_linux_change_policy_values);
}

/* ---- operating systems --------------------------------------------------------------------------------------------------------- */

static void forbid_set(const struct path *at, const struct type *type, const void *record,
		       const char *const *members, size_t count)
{
	for (size_t i = 0; record != NULL && i < count; i++) {
		const struct field *field = type_field(type, str_from(members[i]));

		assert(field != NULL);
		if (field_is_set(field, record))
			path_forbidden(PATH_NAMED(at, field_name(field)),
				       "cannot be set for a windows pod");
	}
}

static void check_linux(const struct path *at, const struct core_pod_spec *spec)
{
	static const char words[] = "windows options cannot be set for a linux pod";
	const struct core_pod_security_context *pod = spec->security_context;
	struct pod_walk walk = pod_walk_of(spec);
	const struct core_container *container;

	if (pod != NULL && pod->windows_options != NULL)
		path_forbidden(PATH(PATH(at, "securityContext"), "windowsOptions"), words);
	while ((container = pod_walk_next(&walk)) != NULL)
		if (container->security_context != NULL &&
		    container->security_context->windows_options != NULL)
			path_forbidden(PATH(PATH(POD_WALK_PATH(at, &walk), "securityContext"),
					    "windowsOptions"),
				       words);
}

static void check_not_linux(const struct path *at, const struct core_pod_spec *spec)
{
	static const char *const of_pod[] = {
		"appArmorProfile",     "seLinuxOptions",
		"seccompProfile",      "fsGroup",
		"fsGroupChangePolicy", "sysctls",
		"runAsUser",           "runAsGroup",
		"supplementalGroups",  "supplementalGroupsPolicy",
		"seLinuxChangePolicy",
	};
	static const char *const of_container[] = {
		"appArmorProfile",
		"seLinuxOptions",
		"seccompProfile",
		"capabilities",
		"readOnlyRootFilesystem",
		"privileged",
		"allowPrivilegeEscalation",
		"procMount",
		"runAsUser",
		"runAsGroup",
	};
	static const char words[] = "cannot be set for a windows pod";
	struct pod_walk walk = pod_walk_of(spec);
	const struct core_container *container;

	forbid_set(PATH(at, "securityContext"), &core_pod_security_context_type,
		   spec->security_context, of_pod, sizeof of_pod / sizeof of_pod[0]);
	if (spec->has.host_users)
		path_forbidden(PATH(at, "hostUsers"), words);
	if (spec->host_pid)
		path_forbidden(PATH(at, "hostPID"), words);
	if (spec->host_ipc)
		path_forbidden(PATH(at, "hostIPC"), words);
	if (spec->has.share_process_namespace)
		path_forbidden(PATH(at, "shareProcessNamespace"), words);
	while ((container = pod_walk_next(&walk)) != NULL)
		forbid_set(PATH(POD_WALK_PATH(at, &walk), "securityContext"),
			   &core_security_context_type, container->security_context, of_container,
			   sizeof of_container / sizeof of_container[0]);
}

void pod_check_system(const struct pod_check *check, const struct path *at)
{
	const struct core_pod_os *os = check->spec->os;
	const struct path *here = PATH(at, "os");

	if (os == NULL || !rule_needed(PATH(here, "name"), os->name, ""))
		return;
	if (!rule_one_of(here, os->name, &core_os_name_values))
		return;
	if (str_is(os->name, "linux"))
		check_linux(at, check->spec);
	else
		check_not_linux(at, check->spec);
}
