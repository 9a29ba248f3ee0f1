#include "actors/admission/security/security-check.h"

/*
 * The checks of restricted: what a container that needs nothing of the machine says of itself.
 */

static struct security_offence offence(const char *reason, struct str detail)
{
	return (struct security_offence){ str_from(reason), detail };
}

/* ---- what must be given up -------------------------------------------------------------------------------------- */

struct security_offence security_check_escalation(const struct security_pod *pod)
{
	struct security_names bad = security_names_in(pod->arena);
	struct str who;

	if (pod->minor >= 25 && security_check_is_windows(pod))
		return SECURITY_FINE;
	for (uint32_t i = 0; i < pod->container_count; i++) {
		const struct core_security_context *context = pod->containers[i]->security_context;

		if (context == NULL || !context->has.allow_privilege_escalation ||
		    context->allow_privilege_escalation)
			security_names_add(&bad, pod->containers[i]->name);
	}
	if (bad.len == 0)
		return SECURITY_FINE;
	who = security_check_containers(&bad);
	return offence("allowPrivilegeEscalation != false",
		       arena_printf(pod->arena,
				    STR_FMT
				    " must set securityContext.allowPrivilegeEscalation=false",
				    STR_ARG(who)));
}

struct capabilities {
	struct security_names keeping, adding, added;
};

static void look_at_capabilities(const struct core_container *container, struct capabilities *seen)
{
	const struct core_security_context *context = container->security_context;
	const struct core_capabilities *capabilities = context ? context->capabilities : NULL;
	bool has_dropped = false, is_adding = false;

	for (uint32_t i = 0; capabilities != NULL && i < capabilities->drop.len; i++)
		has_dropped |= str_is(capabilities->drop.at[i], "ALL");
	for (uint32_t i = 0; capabilities != NULL && i < capabilities->add.len; i++)
		if (!str_is(capabilities->add.at[i], "NET_BIND_SERVICE")) {
			is_adding = true;
			security_names_put(&seen->added, capabilities->add.at[i]);
		}
	if (!has_dropped)
		security_names_add(&seen->keeping, container->name);
	if (is_adding)
		security_names_add(&seen->adding, container->name);
}

struct security_offence security_check_dropped_capabilities(const struct security_pod *pod)
{
	struct security_names none = security_names_in(pod->arena), details = none;
	struct capabilities seen = { none, none, none };

	if (pod->minor >= 25 && security_check_is_windows(pod))
		return SECURITY_FINE;
	for (uint32_t i = 0; i < pod->container_count; i++)
		look_at_capabilities(pod->containers[i], &seen);
	if (seen.keeping.len > 0) {
		struct str who = security_check_containers(&seen.keeping);

		security_names_add(
		    &details,
		    arena_printf(pod->arena,
				 STR_FMT " must set securityContext.capabilities.drop=[\"ALL\"]",
				 STR_ARG(who)));
	}
	if (seen.adding.len > 0) {
		struct str who = security_check_containers(&seen.adding);
		struct str what = security_names_quoted(&seen.added);

		security_names_add(&details,
				   arena_printf(pod->arena,
						STR_FMT " must not include " STR_FMT
							" in securityContext.capabilities.add",
						STR_ARG(who), STR_ARG(what)));
	}
	if (details.len == 0)
		return SECURITY_FINE;
	return offence("unrestricted capabilities", security_names_joined(&details, "; "));
}

/* ---- volumes ------------------------------------------------------------------------------------------------------ */

static bool is_plain(const struct core_volume_source *source)
{
	return source->config_map != NULL || source->csi != NULL || source->downward_api != NULL ||
	       source->empty_dir != NULL || source->ephemeral != NULL || source->image != NULL ||
	       source->persistent_volume_claim != NULL || source->projected != NULL ||
	       source->secret != NULL;
}

static struct str type_of_source(const struct core_volume_source *source)
{
	const struct {
		const void *is_there;
		const char *name;
	} rows[] = {
		{ source->host_path, "hostPath" },
		{ source->gce_persistent_disk, "gcePersistentDisk" },
		{ source->aws_elastic_block_store, "awsElasticBlockStore" },
		{ source->git_repo, "gitRepo" },
		{ source->nfs, "nfs" },
		{ source->iscsi, "iscsi" },
		{ source->glusterfs, "glusterfs" },
		{ source->rbd, "rbd" },
		{ source->flex_volume, "flexVolume" },
		{ source->cinder, "cinder" },
		{ source->cephfs, "cephfs" },
		{ source->flocker, "flocker" },
		{ source->fc, "fc" },
		{ source->azure_file, "azureFile" },
		{ source->vsphere_volume, "vsphereVolume" },
		{ source->quobyte, "quobyte" },
		{ source->azure_disk, "azureDisk" },
		{ source->photon_persistent_disk, "photonPersistentDisk" },
		{ source->portworx_volume, "portworxVolume" },
		{ source->scale_io, "scaleIO" },
		{ source->storageos, "storageos" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].is_there != NULL)
			return str_from(rows[i].name);
	return STR("unknown");
}

struct security_offence security_check_volume_types(const struct security_pod *pod)
{
	static const struct core_volume_source nothing;
	struct security_names bad = security_names_in(pod->arena), types = bad;
	struct str who, what;

	for (uint32_t i = 0; i < pod->spec->volumes.len; i++) {
		const struct core_volume *volume = &pod->spec->volumes.at[i];
		const struct core_volume_source *source =
		    volume->volume_source ? volume->volume_source : &nothing;

		if (is_plain(source))
			continue;
		security_names_add(&bad, volume->name);
		security_names_put(&types, type_of_source(source));
	}
	if (bad.len == 0)
		return SECURITY_FINE;
	who = security_names_quoted(&bad);
	what = security_names_quoted(&types);
	return offence("restricted volume types",
		       arena_printf(pod->arena, "%s " STR_FMT " %s %s " STR_FMT,
				    security_names_word(&bad, "volume", "volumes"), STR_ARG(who),
				    security_names_word(&bad, "uses", "use"),
				    security_names_word(&types, "restricted volume type",
							"restricted volume types"),
				    STR_ARG(what)));
}

/* ---- who a container runs as ----------------------------------------------------------------------------------------- */

struct security_offence security_check_non_root(const struct security_pod *pod)
{
	const struct core_pod_security_context *of_pod = pod->spec->security_context;
	bool is_said = of_pod != NULL && of_pod->has.run_as_non_root;
	struct security_names bad = security_names_in(pod->arena), silent = bad;
	struct str who;

	if (pod->minor >= 35 && security_check_has_own_users(pod))
		return SECURITY_FINE;
	for (uint32_t i = 0; i < pod->container_count; i++) {
		const struct core_security_context *context = pod->containers[i]->security_context;

		if (context == NULL || !context->has.run_as_non_root) {
			if (!is_said || !of_pod->run_as_non_root)
				security_names_add(&silent, pod->containers[i]->name);
		} else if (!context->run_as_non_root) {
			security_names_add(&bad, pod->containers[i]->name);
		}
	}
	who = security_check_setters(pod, is_said && !of_pod->run_as_non_root, &bad);
	if (who.len > 0)
		return offence("runAsNonRoot != true",
			       arena_printf(pod->arena,
					    STR_FMT
					    " must not set securityContext.runAsNonRoot=false",
					    STR_ARG(who)));
	if (silent.len == 0)
		return SECURITY_FINE;
	who = security_check_containers(&silent);
	return offence("runAsNonRoot != true",
		       arena_printf(pod->arena,
				    "pod or " STR_FMT " must set securityContext.runAsNonRoot=true",
				    STR_ARG(who)));
}

struct security_offence security_check_user(const struct security_pod *pod)
{
	const struct core_pod_security_context *of_pod = pod->spec->security_context;
	struct security_names bad = security_names_in(pod->arena);
	struct str who;

	if (pod->minor >= 35 && security_check_has_own_users(pod))
		return SECURITY_FINE;
	for (uint32_t i = 0; i < pod->container_count; i++) {
		const struct core_security_context *context = pod->containers[i]->security_context;

		if (context != NULL && context->has.run_as_user && context->run_as_user == 0)
			security_names_add(&bad, pod->containers[i]->name);
	}
	who = security_check_setters(
	    pod, of_pod != NULL && of_pod->has.run_as_user && of_pod->run_as_user == 0, &bad);
	if (who.len == 0)
		return SECURITY_FINE;
	return offence("runAsUser=0",
		       arena_printf(pod->arena, STR_FMT " must not set runAsUser=0", STR_ARG(who)));
}

/* ---- seccomp ------------------------------------------------------------------------------------------------------------- */

struct security_offence security_check_seccomp_set(const struct security_pod *pod)
{
	const struct core_pod_security_context *of_pod = pod->spec->security_context;
	const struct core_seccomp_profile *profile = of_pod ? of_pod->seccomp_profile : NULL;
	bool is_good = profile != NULL && security_check_seccomp_is_good(profile->type);
	struct security_names silent = security_names_in(pod->arena);
	struct security_offence said;
	struct str who;

	if (pod->minor >= 25 && security_check_is_windows(pod))
		return SECURITY_FINE;
	/* What is said wrongly is told as baseline does. */
	said = security_check_seccomp(pod);
	if (said.reason.at != NULL || is_good)
		return said;
	for (uint32_t i = 0; i < pod->container_count; i++) {
		const struct core_security_context *context = pod->containers[i]->security_context;

		if (context == NULL || context->seccomp_profile == NULL)
			security_names_add(&silent, pod->containers[i]->name);
	}
	if (silent.len == 0)
		return SECURITY_FINE;
	who = security_check_containers(&silent);
	return offence("seccompProfile",
		       arena_printf(pod->arena,
				    "pod or " STR_FMT
				    " must set securityContext.seccompProfile.type to "
				    "\"RuntimeDefault\" or \"Localhost\"",
				    STR_ARG(who)));
}
