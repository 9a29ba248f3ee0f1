#include <stdarg.h>

#include "actors/admission/security/security-check.h"
#include "datastore/object/name.h"

/*
 * The checks of baseline: nothing that is known to lead out of a container.
 */

static struct security_offence offence(const struct security_pod *pod, const char *reason,
				       const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static struct security_offence offence(const struct security_pod *pod, const char *reason,
				       const char *format, ...)
{
	struct security_offence said = { .reason = str_from(reason) };
	va_list args;

	va_start(args, format);
	said.detail = arena_vprintf(pod->arena, format, args);
	va_end(args);
	return said;
}

/* Those whose security context the rule finds bad. The rule may note what it has seen. */
static struct security_names
bad_containers(const struct security_pod *pod,
	       bool (*is_bad)(const struct core_security_context *context, void *arg), void *arg)
{
	struct security_names bad = security_names_in(pod->arena);

	for (uint32_t i = 0; i < pod->container_count; i++) {
		const struct core_container *container = pod->containers[i];

		if (container->security_context != NULL && is_bad(container->security_context, arg))
			security_names_add(&bad, container->name);
	}
	return bad;
}

static bool is_among(struct str value, const char *const *list)
{
	for (; *list != NULL; list++)
		if (str_is(value, *list))
			return true;
	return false;
}

/* ---- AppArmor ------------------------------------------------------------------------------------------------- */

#define APP_ARMOR STR("container.apparmor.security.beta.kubernetes.io/")

static bool is_bad_profile(const struct core_app_armor_profile *profile,
			   struct security_names *values)
{
	if (profile == NULL || str_is(profile->type, "RuntimeDefault") ||
	    str_is(profile->type, "Localhost"))
		return false;
	security_names_put(values, profile->type);
	return true;
}

static bool has_bad_profile(const struct core_security_context *context, void *arg)
{
	return is_bad_profile(context->app_armor_profile, arg);
}

/* The form that profiles had before they were fields. */
static struct security_names bad_annotations(const struct security_pod *pod)
{
	struct security_names bad = security_names_in(pod->arena);

	for (uint32_t i = 0; pod->meta != NULL && i < pod->meta->annotations.len; i++) {
		struct str_entry entry = pod->meta->annotations.at[i];
		struct str shown;

		if (!str_starts(entry.key, APP_ARMOR) || entry.value.len == 0 ||
		    str_is(entry.value, "runtime/default") ||
		    str_starts(entry.value, STR("localhost/")))
			continue;
		shown = name_quoted(pod->arena, entry.value);
		security_names_put(&bad, arena_printf(pod->arena, STR_FMT "=" STR_FMT,
						      STR_ARG(entry.key), STR_ARG(shown)));
	}
	return bad;
}

struct security_offence security_check_app_armor(const struct security_pod *pod)
{
	const struct core_pod_security_context *context = pod->spec->security_context;
	struct security_names values = security_names_in(pod->arena);
	bool is_pod = context != NULL && is_bad_profile(context->app_armor_profile, &values);
	struct security_names containers = bad_containers(pod, has_bad_profile, &values);
	struct security_names annotations = bad_annotations(pod);
	struct str setters = security_check_setters(pod, is_pod, &containers), quoted;

	if (setters.len == 0 && annotations.len == 0)
		return SECURITY_FINE;
	for (uint32_t i = 0; i < annotations.len; i++)
		security_names_add(&values, annotations.at[i]);
	quoted = security_names_quoted(&values);
	return offence(pod,
		       security_names_word(&values, "forbidden AppArmor profile",
					   "forbidden AppArmor profiles"),
		       STR_FMT "%s%s must not set AppArmor profile type to " STR_FMT,
		       STR_ARG(setters), setters.len > 0 && annotations.len > 0 ? " and " : "",
		       annotations.len == 0
			   ? ""
			   : security_names_word(&annotations, "annotation", "annotations"),
		       STR_ARG(quoted));
}

/* ---- capabilities ------------------------------------------------------------------------------------------------- */

static bool adds_capabilities(const struct core_security_context *context, void *arg)
{
	static const char *const allowed[] = {
		"AUDIT_WRITE", "CHOWN",  "DAC_OVERRIDE",     "FOWNER",  "FSETID",
		"KILL",        "MKNOD",  "NET_BIND_SERVICE", "SETFCAP", "SETGID",
		"SETPCAP",     "SETUID", "SYS_CHROOT",       NULL
	};
	struct security_names *seen = arg;
	bool is_bad = false;

	for (uint32_t i = 0; context->capabilities != NULL && i < context->capabilities->add.len;
	     i++) {
		struct str capability = context->capabilities->add.at[i];

		if (is_among(capability, allowed))
			continue;
		is_bad = true;
		security_names_put(seen, capability);
	}
	return is_bad;
}

struct security_offence security_check_capabilities(const struct security_pod *pod)
{
	struct security_names added = security_names_in(pod->arena);
	struct security_names bad = bad_containers(pod, adds_capabilities, &added);
	struct str who, what;

	if (bad.len == 0)
		return SECURITY_FINE;
	who = security_check_containers(&bad);
	what = security_names_quoted(&added);
	return offence(pod, "non-default capabilities",
		       STR_FMT " must not include " STR_FMT " in securityContext.capabilities.add",
		       STR_ARG(who), STR_ARG(what));
}

/* ---- the machine's own ---------------------------------------------------------------------------------------------- */

struct security_offence security_check_host_namespaces(const struct security_pod *pod)
{
	struct security_names shared = security_names_in(pod->arena);
	struct str joined;

	if (pod->spec->host_network)
		security_names_add(&shared, STR("hostNetwork=true"));
	if (pod->spec->host_pid)
		security_names_add(&shared, STR("hostPID=true"));
	if (pod->spec->host_ipc)
		security_names_add(&shared, STR("hostIPC=true"));
	if (shared.len == 0)
		return SECURITY_FINE;
	joined = security_names_joined(&shared, ", ");
	return offence(pod, "host namespaces", STR_FMT, STR_ARG(joined));
}

struct security_offence security_check_host_paths(const struct security_pod *pod)
{
	struct security_names bad = security_names_in(pod->arena);
	struct str quoted;

	for (uint32_t i = 0; i < pod->spec->volumes.len; i++) {
		const struct core_volume *volume = &pod->spec->volumes.at[i];

		if (volume->volume_source != NULL && volume->volume_source->host_path != NULL)
			security_names_add(&bad, volume->name);
	}
	if (bad.len == 0)
		return SECURITY_FINE;
	quoted = security_names_quoted(&bad);
	return offence(pod, "hostPath volumes", "%s " STR_FMT,
		       security_names_word(&bad, "volume", "volumes"), STR_ARG(quoted));
}

struct security_offence security_check_host_ports(const struct security_pod *pod)
{
	struct security_names bad = security_names_in(pod->arena), seen = bad;
	struct str who, joined;

	for (uint32_t i = 0; i < pod->container_count; i++) {
		const struct core_container *container = pod->containers[i];
		uint32_t before = 0;

		for (uint32_t j = 0; j < container->ports.len; j++) {
			int32_t port = container->ports.at[j].host_port;

			if (port == 0)
				continue;
			before++;
			security_names_put(&seen, arena_printf(pod->arena, "%d", port));
		}
		if (before > 0)
			security_names_add(&bad, container->name);
	}
	if (bad.len == 0)
		return SECURITY_FINE;
	who = security_check_containers(&bad);
	joined = security_names_joined(&seen, ", ");
	return offence(pod, "hostPort", STR_FMT " %s %s " STR_FMT, STR_ARG(who),
		       security_names_word(&bad, "uses", "use"),
		       security_names_word(&seen, "hostPort", "hostPorts"), STR_ARG(joined));
}

/* ---- hosts that probes go to ------------------------------------------------------------------------------------------ */

static bool note_host(struct str host, struct security_names *seen)
{
	if (host.len > 0)
		security_names_put(seen, host);
	return host.len > 0;
}

static bool note_hosts(const struct core_http_get_action *http,
		       const struct core_tcp_socket_action *tcp, struct security_names *seen)
{
	bool is_http = http != NULL && note_host(http->host, seen);
	bool is_tcp = tcp != NULL && note_host(tcp->host, seen);

	return is_http || is_tcp;
}

static bool probes_host(const struct core_probe *probe, struct security_names *seen)
{
	return probe != NULL && probe->handler != NULL &&
	       note_hosts(probe->handler->http_get, probe->handler->tcp_socket, seen);
}

static bool handles_host(const struct core_lifecycle_handler *handler, struct security_names *seen)
{
	return handler != NULL && note_hosts(handler->http_get, handler->tcp_socket, seen);
}

static bool names_host(const struct core_container *container, struct security_names *seen)
{
	bool is_bad = probes_host(container->liveness_probe, seen);

	is_bad |= probes_host(container->readiness_probe, seen);
	is_bad |= probes_host(container->startup_probe, seen);
	if (container->lifecycle != NULL) {
		is_bad |= handles_host(container->lifecycle->post_start, seen);
		is_bad |= handles_host(container->lifecycle->pre_stop, seen);
	}
	return is_bad;
}

struct security_offence security_check_probe_hosts(const struct security_pod *pod)
{
	struct security_names bad = security_names_in(pod->arena), seen = bad;
	struct str who, hosts;

	for (uint32_t i = 0; i < pod->container_count; i++)
		if (names_host(pod->containers[i], &seen))
			security_names_put(&bad, pod->containers[i]->name);
	if (bad.len == 0)
		return SECURITY_FINE;
	who = security_check_containers(&bad);
	hosts = security_names_quoted(&seen);
	return offence(
	    pod, "probe or lifecycle host", STR_FMT " %s %s " STR_FMT, STR_ARG(who),
	    security_names_word(&bad, "uses", "use"),
	    security_names_word(&seen, "probe or lifecycle host", "probe or lifecycle hosts"),
	    STR_ARG(hosts));
}

/* ---- what a container may do ------------------------------------------------------------------------------------------- */

static bool is_privileged(const struct core_security_context *context, void *arg)
{
	(void)arg;
	return context->privileged;
}

struct security_offence security_check_privileged(const struct security_pod *pod)
{
	struct security_names bad = bad_containers(pod, is_privileged, NULL);
	struct str who;

	if (bad.len == 0)
		return SECURITY_FINE;
	who = security_check_containers(&bad);
	return offence(pod, "privileged", STR_FMT " must not set securityContext.privileged=true",
		       STR_ARG(who));
}

static bool unmasks_proc(const struct core_security_context *context, void *arg)
{
	if (context->proc_mount.at == NULL || str_is(context->proc_mount, "Default"))
		return false;
	security_names_put(arg, context->proc_mount);
	return true;
}

struct security_offence security_check_proc_mount_always(const struct security_pod *pod)
{
	struct security_names seen = security_names_in(pod->arena);
	struct security_names bad = bad_containers(pod, unmasks_proc, &seen);
	struct str who, what;

	if (bad.len == 0)
		return SECURITY_FINE;
	who = security_check_containers(&bad);
	what = security_names_quoted(&seen);
	return offence(pod, "procMount",
		       STR_FMT " must not set securityContext.procMount to " STR_FMT, STR_ARG(who),
		       STR_ARG(what));
}

struct security_offence security_check_proc_mount(const struct security_pod *pod)
{
	if (pod->minor >= 35 && security_check_has_own_users(pod))
		return SECURITY_FINE;
	return security_check_proc_mount_always(pod);
}

static bool is_host_process(const struct core_windows_security_context_options *options)
{
	return options != NULL && options->host_process;
}

static bool has_host_process(const struct core_security_context *context, void *arg)
{
	(void)arg;
	return is_host_process(context->windows_options);
}

struct security_offence security_check_host_process(const struct security_pod *pod)
{
	const struct core_pod_security_context *context = pod->spec->security_context;
	struct security_names bad = bad_containers(pod, has_host_process, NULL);
	struct str setters = security_check_setters(
	    pod, context != NULL && is_host_process(context->windows_options), &bad);

	if (setters.len == 0)
		return SECURITY_FINE;
	return offence(pod, "hostProcess",
		       STR_FMT " must not set securityContext.windowsOptions.hostProcess=true",
		       STR_ARG(setters));
}

/* ---- SELinux -------------------------------------------------------------------------------------------------------------- */

struct labels {
	struct security_names types;
	bool has_user, has_role, knows_engine;
};

static bool is_bad_label(const struct core_se_linux_options *options, struct labels *seen)
{
	static const char *const allowed[] = { "", "container_t", "container_init_t",
					       "container_kvm_t", NULL };
	bool is_type;

	if (options == NULL)
		return false;
	is_type = !is_among(options->type, allowed) &&
		  !(seen->knows_engine && str_is(options->type, "container_engine_t"));
	if (is_type)
		security_names_put(&seen->types, options->type);
	seen->has_user |= options->user.len > 0;
	seen->has_role |= options->role.len > 0;
	return is_type || options->user.len > 0 || options->role.len > 0;
}

static bool has_bad_label(const struct core_security_context *context, void *arg)
{
	return is_bad_label(context->se_linux_options, arg);
}

struct security_offence security_check_selinux(const struct security_pod *pod)
{
	const struct core_pod_security_context *context = pod->spec->security_context;
	struct labels seen = { .types = security_names_in(pod->arena),
			       .knows_engine = pod->minor >= 31 };
	bool is_pod = context != NULL && is_bad_label(context->se_linux_options, &seen);
	struct security_names bad = bad_containers(pod, has_bad_label, &seen);
	struct security_names data = security_names_in(pod->arena);
	struct str setters = security_check_setters(pod, is_pod, &bad), joined;

	if (setters.len == 0)
		return SECURITY_FINE;
	if (seen.types.len > 0) {
		struct str quoted = security_names_quoted(&seen.types);

		security_names_add(&data,
				   arena_printf(pod->arena, "%s " STR_FMT,
						security_names_word(&seen.types, "type", "types"),
						STR_ARG(quoted)));
	}
	if (seen.has_user)
		security_names_add(&data, STR("user may not be set"));
	if (seen.has_role)
		security_names_add(&data, STR("role may not be set"));
	joined = security_names_joined(&data, "; ");
	return offence(pod, "seLinuxOptions",
		       STR_FMT " set forbidden securityContext.seLinuxOptions: " STR_FMT,
		       STR_ARG(setters), STR_ARG(joined));
}

/* ---- seccomp ---------------------------------------------------------------------------------------------------------------- */

#define SECCOMP_POD "seccomp.security.alpha.kubernetes.io/pod"
#define SECCOMP_CONTAINER "container.seccomp.security.alpha.kubernetes.io/"

static void note_annotation(const struct security_pod *pod, struct str key,
			    struct security_names *bad)
{
	struct str value = pod->meta ? str_map_get(pod->meta->annotations, key) : STR_NONE, shown;

	if (value.at == NULL || str_is(value, "runtime/default") ||
	    str_is(value, "docker/default") || str_starts(value, STR("localhost/")))
		return;
	shown = name_quoted(pod->arena, value);
	security_names_put(
	    bad, arena_printf(pod->arena, STR_FMT "=" STR_FMT, STR_ARG(key), STR_ARG(shown)));
}

struct security_offence security_check_seccomp_annotations(const struct security_pod *pod)
{
	struct security_names bad = security_names_in(pod->arena);
	struct str joined;

	note_annotation(pod, STR(SECCOMP_POD), &bad);
	for (uint32_t i = 0; i < pod->container_count; i++)
		note_annotation(pod,
				arena_printf(pod->arena, SECCOMP_CONTAINER STR_FMT,
					     STR_ARG(pod->containers[i]->name)),
				&bad);
	if (bad.len == 0)
		return SECURITY_FINE;
	joined = security_names_joined(&bad, ", ");
	return offence(pod, "seccompProfile", "forbidden %s " STR_FMT,
		       security_names_word(&bad, "annotation", "annotations"), STR_ARG(joined));
}

static bool is_bad_seccomp(const struct core_seccomp_profile *profile, struct security_names *seen)
{
	if (profile == NULL || security_check_seccomp_is_good(profile->type))
		return false;
	security_names_put(seen, profile->type);
	return true;
}

static bool has_bad_seccomp(const struct core_security_context *context, void *arg)
{
	return is_bad_seccomp(context->seccomp_profile, arg);
}

struct security_offence security_check_seccomp(const struct security_pod *pod)
{
	const struct core_pod_security_context *context = pod->spec->security_context;
	struct security_names seen = security_names_in(pod->arena);
	bool is_pod = context != NULL && is_bad_seccomp(context->seccomp_profile, &seen);
	struct security_names bad = bad_containers(pod, has_bad_seccomp, &seen);
	struct str setters = security_check_setters(pod, is_pod, &bad), what;

	if (setters.len == 0)
		return SECURITY_FINE;
	what = security_names_quoted(&seen);
	return offence(pod, "seccompProfile",
		       STR_FMT " must not set securityContext.seccompProfile.type to " STR_FMT,
		       STR_ARG(setters), STR_ARG(what));
}

/* ---- sysctls ----------------------------------------------------------------------------------------------------------------- */

static bool is_safe_sysctl(struct str name, uint32_t minor)
{
	static const struct {
		const char *name;
		uint32_t since;
	} safe[] = {
		{ "kernel.shm_rmid_forced", 0 },
		{ "net.ipv4.ip_local_port_range", 0 },
		{ "net.ipv4.tcp_syncookies", 0 },
		{ "net.ipv4.ping_group_range", 0 },
		{ "net.ipv4.ip_unprivileged_port_start", 0 },
		{ "net.ipv4.ip_local_reserved_ports", 27 },
		{ "net.ipv4.tcp_keepalive_time", 29 },
		{ "net.ipv4.tcp_fin_timeout", 29 },
		{ "net.ipv4.tcp_keepalive_intvl", 29 },
		{ "net.ipv4.tcp_keepalive_probes", 29 },
		{ "net.ipv4.tcp_rmem", 32 },
		{ "net.ipv4.tcp_wmem", 32 },
		{ "net.ipv4.tcp_slow_start_after_idle", 37 },
		{ "net.ipv4.tcp_notsent_lowat", 37 },
	};

	for (size_t i = 0; i < sizeof safe / sizeof safe[0]; i++)
		if (str_is(name, safe[i].name))
			return safe[i].since <= minor;
	return false;
}

struct security_offence security_check_sysctls(const struct security_pod *pod)
{
	const struct core_pod_security_context *context = pod->spec->security_context;
	struct security_names bad = security_names_in(pod->arena);
	struct str joined;

	for (uint32_t i = 0; context != NULL && i < context->sysctls.len; i++)
		if (!is_safe_sysctl(context->sysctls.at[i].name, pod->minor))
			security_names_add(&bad, context->sysctls.at[i].name);
	if (bad.len == 0)
		return SECURITY_FINE;
	joined = security_names_joined(&bad, ", ");
	return offence(pod, "forbidden sysctls", STR_FMT, STR_ARG(joined));
}
