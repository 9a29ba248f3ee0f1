#include "actors/admission/security/security-check.h"

#define WORDS_BYTES \
	(64U * 1024U) /* of all that is wrong with one pod; upstream has no bound of its own */

#define B SECURITY_BASELINE
#define R SECURITY_RESTRICTED
const struct security_check security_checks[] = {
	{ "appArmorProfile", B, 0, security_check_app_armor, NULL },
	{ "capabilities_baseline", B, 0, security_check_capabilities, NULL },
	{ "hostNamespaces", B, 0, security_check_host_namespaces, NULL },
	{ "hostPathVolumes", B, 0, security_check_host_paths, NULL },
	{ "hostPorts", B, 0, security_check_host_ports, NULL },
	{ "hostProbesAndHostLifecycle", B, 34, security_check_probe_hosts, NULL },
	{ "privileged", B, 0, security_check_privileged, NULL },
	{ "procMount", B, 0, security_check_proc_mount, NULL },
	{ "seLinuxOptions", B, 0, security_check_selinux, NULL },
	{ "seccompProfile_baseline", B, 0, security_check_seccomp_annotations, NULL },
	{ "seccompProfile_baseline", B, 19, security_check_seccomp, NULL },
	{ "sysctls", B, 0, security_check_sysctls, NULL },
	{ "windowsHostProcess", B, 0, security_check_host_process, NULL },
	{ "allowPrivilegeEscalation", R, 8, security_check_escalation, NULL },
	{ "capabilities_restricted", R, 22, security_check_dropped_capabilities,
	  "capabilities_baseline" },
	{ "procMount_restricted", R, 35, security_check_proc_mount_always, "procMount" },
	{ "restrictedVolumes", R, 0, security_check_volume_types, "hostPathVolumes" },
	{ "runAsNonRoot", R, 0, security_check_non_root, NULL },
	{ "runAsUser", R, 23, security_check_user, NULL },
	{ "seccompProfile_restricted", R, 19, security_check_seccomp_set,
	  "seccompProfile_baseline" },
};
#undef B
#undef R
const uint32_t security_check_count = sizeof security_checks / sizeof security_checks[0];

/* ---- which of them count ------------------------------------------------------------------------------------------ */

static bool is_replaced(const struct security_check *check, uint32_t minor)
{
	for (uint32_t i = 0; i < security_check_count; i++)
		if (security_checks[i].replaces != NULL && security_checks[i].since <= minor &&
		    strcmp(security_checks[i].replaces, check->name) == 0)
			return true;
	return false;
}

static bool counts(uint32_t at, enum security_level level, uint32_t minor)
{
	const struct security_check *check = &security_checks[at];
	const struct security_check *next = at + 1 < security_check_count ? check + 1 : NULL;

	if (check->level > level || check->since > minor)
		return false;
	if (next != NULL && strcmp(next->name, check->name) == 0 && next->since <= minor)
		return false;
	return check->level == level || !is_replaced(check, minor);
}

/* ---- what they say together ----------------------------------------------------------------------------------------- */

static const struct core_container *as_container(const struct core_ephemeral_container *container)
{
	_Static_assert(sizeof(struct core_container) ==
			   sizeof(struct core_ephemeral_container_common),
		       "the two types have the same members in the same order");
	return (const struct core_container *)container->ephemeral_container_common;
}

static void gather(struct security_pod *pod)
{
	const struct core_pod_spec *spec = pod->spec;
	const struct core_container **at = arena_array(
	    pod->arena, const struct core_container *,
	    spec->init_containers.len + spec->containers.len + spec->ephemeral_containers.len + 1);
	uint32_t len = 0;

	for (uint32_t i = 0; i < spec->init_containers.len; i++)
		at[len++] = &spec->init_containers.at[i];
	for (uint32_t i = 0; i < spec->containers.len; i++)
		at[len++] = &spec->containers.at[i];
	for (uint32_t i = 0; i < spec->ephemeral_containers.len; i++)
		if (spec->ephemeral_containers.at[i].ephemeral_container_common != NULL)
			at[len++] = as_container(&spec->ephemeral_containers.at[i]);
	pod->containers = at;
	pod->container_count = len;
}

struct security_verdict security_check_pod(struct security_bar bar, struct arena *arena,
					   const struct meta_object_meta *meta,
					   const struct core_pod_spec *spec)
{
	struct security_pod pod = { .arena = arena, .meta = meta, .spec = spec };
	struct text reasons = text_in(arena, WORDS_BYTES), details = text_in(arena, WORDS_BYTES);

	if (bar.level == SECURITY_PRIVILEGED)
		return (struct security_verdict){ .is_allowed = true };
	pod.minor = bar.minor > SECURITY_MINOR_MAX ? SECURITY_MINOR_MAX : bar.minor;
	gather(&pod);
	for (uint32_t i = 0; i < security_check_count; i++) {
		struct security_offence offence;

		if (!counts(i, bar.level, pod.minor))
			continue;
		offence = security_checks[i].look(&pod);
		if (offence.reason.at == NULL)
			continue;
		text_add(&reasons, reasons.len > 0 ? STR(", ") : STR(""));
		text_add(&reasons, offence.reason);
		text_printf(&details, "%s" STR_FMT " (" STR_FMT ")", details.len > 0 ? ", " : "",
			    STR_ARG(offence.reason), STR_ARG(offence.detail));
	}
	return (struct security_verdict){ .is_allowed = reasons.len == 0,
					  .reasons = text_str(&reasons),
					  .details = text_str(&details) };
}

/* ---- for checks ------------------------------------------------------------------------------------------------------ */

struct str security_check_containers(const struct security_names *names)
{
	struct str quoted = security_names_quoted(names);

	return arena_printf(names->arena, "%s " STR_FMT,
			    security_names_word(names, "container", "containers"), STR_ARG(quoted));
}

struct str security_check_setters(const struct security_pod *pod, bool is_pod,
				  const struct security_names *containers)
{
	struct str words;

	if (containers->len == 0)
		return is_pod ? STR("pod") : STR("");
	words = security_check_containers(containers);
	return is_pod ? arena_printf(pod->arena, "pod and " STR_FMT, STR_ARG(words)) : words;
}

bool security_check_seccomp_is_good(struct str type)
{
	return str_is(type, "Localhost") || str_is(type, "RuntimeDefault");
}

bool security_check_has_own_users(const struct security_pod *pod)
{
	return pod->spec->has.host_users && !pod->spec->host_users;
}

bool security_check_is_windows(const struct security_pod *pod)
{
	return pod->spec->os != NULL && str_is(pod->spec->os->name, "windows");
}
