#include "actors/kinds/field/amount.h"
#include "actors/kinds/field/claim.h"
#include "actors/kinds/field/ip.h"
#include "actors/kinds/field/node-selector.h"
#include "actors/kinds/pod/pod-private.h"

/*
 * What is legal in a pod and does not do what its writer may think (upstream's warningsForPodSpecAndMeta).
 */

#define PATHS_MAX 512U /* compared with each other */
#define PORTS_MAX 512U /* the same */
#define SECCOMP_POD STR("seccomp.security.alpha.kubernetes.io/pod")
#define SECCOMP_CONTAINER STR("container.seccomp.security.alpha.kubernetes.io/")
#define NO_SELECTOR "a null labelSelector results in matching no pod"

struct warner {
	struct kind_change *change;
	const struct path *spec, *meta;
	const struct core_pod_spec *pod;
	const struct meta_object_meta *metadata;
	bool is_pod;
};

static void say(const struct warner *w, const struct path *at, const char *words)
{
	kind_warn(w->change, STR_FMT ": %s", STR_ARG(path_text(at)), words);
}

/* ---- labels and annotations of old --------------------------------------------------------------------------------------- */

static void warn_of_nodes(const struct warner *w)
{
	const struct core_affinity *affinity = w->pod->affinity;
	const struct path *selector = PATH(w->spec, "nodeSelector");

	for (uint32_t i = 0; i < w->pod->node_selector.len; i++) {
		struct str key = w->pod->node_selector.at[i].key;
		const char *words = node_selector_label_words(key);

		if (words != NULL)
			say(w, PATH_KEY(selector, key), words);
	}
	if (affinity != NULL && affinity->node_affinity != NULL)
		node_selector_warn_affinity(w->change,
					    PATH(PATH(w->spec, "affinity"), "nodeAffinity"),
					    affinity->node_affinity);
}

static void warn_of_spread(const struct warner *w)
{
	struct core_topology_spread_constraint_list list = w->pod->topology_spread_constraints;

	for (uint32_t i = 0; i < list.len; i++) {
		const struct path *at = PATH_AT(PATH(w->spec, "topologySpreadConstraints"), i);
		const char *words = node_selector_label_words(list.at[i].topology_key);

		if (words != NULL)
			kind_warn(w->change, STR_FMT ": " STR_FMT " is %s",
				  STR_ARG(path_text(PATH(at, "topologyKey"))),
				  STR_ARG(list.at[i].topology_key), words);
		if (list.at[i].label_selector == NULL)
			say(w, PATH(at, "labelSelector"), NO_SELECTOR);
	}
}

static void warn_of_annotations(const struct warner *w)
{
	static const struct {
		const char *key, *words;
	} old[] = {
		{ "scheduler.alpha.kubernetes.io/critical-pod",
		  "non-functional in v1.16+; use the \"priorityClassName\" field instead" },
		{ "security.alpha.kubernetes.io/sysctls",
		  "non-functional in v1.11+; use the \"sysctls\" field instead" },
		{ "security.alpha.kubernetes.io/unsafe-sysctls",
		  "non-functional in v1.11+; use the \"sysctls\" field instead" },
	};
	const struct path *at = PATH(w->meta, "annotations");

	for (size_t i = 0; i < sizeof old / sizeof old[0]; i++)
		if (str_map_get(w->metadata->annotations, str_from(old[i].key)).at != NULL)
			say(w, PATH_KEY(at, str_from(old[i].key)), old[i].words);
}

/* ---- volumes ----------------------------------------------------------------------------------------------------------------- */

static void warn_of_source(const struct warner *w, const struct path *at,
			   const struct core_volume_source *source)
{
	const struct {
		const void *source;
		const char *member, *words;
	} old[] = {
		{ source->photon_persistent_disk, "photonPersistentDisk",
		  "deprecated in v1.11, non-functional in v1.16+" },
		{ source->git_repo, "gitRepo",
		  "deprecated in v1.11, and disabled by default in v1.33+" },
		{ source->scale_io, "scaleIO", "deprecated in v1.16, non-functional in v1.22+" },
		{ source->flocker, "flocker", "deprecated in v1.22, non-functional in v1.25+" },
		{ source->storageos, "storageOS", "deprecated in v1.22, non-functional in v1.25+" },
		{ source->quobyte, "quobyte", "deprecated in v1.22, non-functional in v1.25+" },
		{ source->glusterfs, "glusterfs", "deprecated in v1.25, non-functional in v1.26+" },
		{ source->cephfs, "cephfs", "deprecated in v1.28, non-functional in v1.31+" },
		{ source->rbd, "rbd", "deprecated in v1.28, non-functional in v1.31+" },
	};
	const struct core_persistent_volume_claim_template *template =
	    source->ephemeral ? source->ephemeral->volume_claim_template : NULL;

	for (size_t i = 0; i < sizeof old / sizeof old[0]; i++)
		if (old[i].source != NULL)
			say(w, PATH_NAMED(at, str_from(old[i].member)), old[i].words);
	if (template != NULL && template->spec->resources != NULL)
		claim_warn(w->change,
			   PATH(PATH(PATH(at, "ephemeral"), "volumeClaimTemplate"), "spec"),
			   template->spec);
}

/* A file of a volume, and where it comes from. */
struct file {
	struct str path, source; /* source "": it goes without saying */
};

struct files {
	struct arena *arena;
	struct file at[PATHS_MAX];
	uint32_t len;
};

static bool is_below(struct str path, struct str folder)
{
	return str_starts(path, folder) && (path.len == folder.len || path.at[folder.len] == '/');
}

static struct str shown(struct arena *arena, const struct file *file)
{
	if (file->source.len == 0)
		return arena_printf(arena, "\"" STR_FMT "\"", STR_ARG(file->path));
	return arena_printf(arena, "\"" STR_FMT "\" (" STR_FMT ")", STR_ARG(file->path),
			    STR_ARG(file->source));
}

static void add_file(const struct warner *w, struct files *files, struct str volume,
		     const char *what, struct str path, struct str source)
{
	struct file file = { path, source };

	while (str_ends(file.path, STR("/")))
		file.path = str_slice(file.path, 0, file.path.len - 1);
	for (uint32_t i = 0; i < files->len && file.path.len > 0; i++) {
		const struct file *other = &files->at[i];

		if (other->path.len > 0 &&
		    (is_below(file.path, other->path) || is_below(other->path, file.path)))
			kind_warn(w->change,
				  "volume \"" STR_FMT "\" (%s): overlapping paths: " STR_FMT
				  " with " STR_FMT,
				  STR_ARG(volume), what, STR_ARG(shown(files->arena, &file)),
				  STR_ARG(shown(files->arena, other)));
	}
	if (files->len < PATHS_MAX)
		files->at[files->len++] = file;
}

static void add_keys(const struct warner *w, struct files *files, struct str volume,
		     const char *what, struct core_key_to_path_list items, struct str source)
{
	for (uint32_t i = 0; i < items.len; i++)
		add_file(w, files, volume, what, items.at[i].path, source);
}

static void add_downward(const struct warner *w, struct files *files, struct str volume,
			 const char *what, struct core_downward_api_volume_file_list items,
			 struct str source)
{
	for (uint32_t i = 0; i < items.len; i++)
		add_file(w, files, volume, what, items.at[i].path, source);
}

static struct str titled(struct arena *arena, const char *kind, struct str name)
{
	return arena_printf(arena, "%s \"" STR_FMT "\"", kind, STR_ARG(name));
}

static void add_certificate(const struct warner *w, struct files *files, struct str volume,
			    const struct core_pod_certificate_projection *certificate)
{
	if (certificate->certificate_chain_path.len > 0)
		add_file(w, files, volume, "Projected", certificate->certificate_chain_path,
			 STR("PodCertificate chain"));
	if (certificate->key_path.len > 0)
		add_file(w, files, volume, "Projected", certificate->key_path,
			 STR("PodCertificate key"));
	if (certificate->credential_bundle_path.len > 0)
		add_file(w, files, volume, "Projected", certificate->credential_bundle_path,
			 STR("PodCertificate credential bundle"));
}

static void add_projected(const struct warner *w, struct files *files, struct str volume,
			  const struct core_volume_projection *source)
{
	struct arena *arena = files->arena;

	if (source->config_map != NULL)
		add_keys(
		    w, files, volume, "Projected", source->config_map->items,
		    titled(arena, "ConfigMap", source->config_map->local_object_reference->name));
	else if (source->secret != NULL)
		add_keys(w, files, volume, "Projected", source->secret->items,
			 titled(arena, "Secret", source->secret->local_object_reference->name));
	else if (source->downward_api != NULL)
		add_downward(w, files, volume, "Projected", source->downward_api->items,
			     STR("DownwardAPI"));
	else if (source->service_account_token != NULL)
		add_file(w, files, volume, "Projected", source->service_account_token->path,
			 STR("ServiceAccountToken"));
	else if (source->cluster_trust_bundle != NULL)
		add_file(w, files, volume, "Projected", source->cluster_trust_bundle->path,
			 titled(arena, "ClusterTrustBundle",
				source->cluster_trust_bundle->name.at != NULL
				    ? source->cluster_trust_bundle->name
				    : source->cluster_trust_bundle->signer_name));
	else if (source->pod_certificate != NULL)
		add_certificate(w, files, volume, source->pod_certificate);
	else
		kind_warn(w->change, "volume \"" STR_FMT "\" (Projected) has no sources provided",
			  STR_ARG(volume));
}

static void warn_of_files(const struct warner *w, const struct core_volume *volume)
{
	const struct core_volume_source *source = volume->volume_source;
	struct arena *arena = w->change->arena;
	struct files *files;

	if (source->config_map == NULL && source->secret == NULL && source->downward_api == NULL &&
	    source->projected == NULL)
		return;
	files = arena_new_of(arena, struct files);
	files->arena = arena;
	if (source->config_map != NULL)
		add_keys(
		    w, files, volume->name,
		    titled(arena, "ConfigMap", source->config_map->local_object_reference->name).at,
		    source->config_map->items, STR(""));
	files->len = 0;
	if (source->secret != NULL)
		add_keys(w, files, volume->name,
			 titled(arena, "Secret", source->secret->secret_name).at,
			 source->secret->items, STR(""));
	files->len = 0;
	if (source->downward_api != NULL)
		add_downward(w, files, volume->name, "DownwardAPI", source->downward_api->items,
			     STR(""));
	files->len = 0;
	for (uint32_t i = 0; source->projected != NULL && i < source->projected->sources.len; i++)
		add_projected(w, files, volume->name, &source->projected->sources.at[i]);
}

/* ---- names twice ------------------------------------------------------------------------------------------------------------------ */

static void warn_of_doubles(const struct warner *w)
{
	struct core_host_alias_list aliases = w->pod->host_aliases;
	struct core_local_object_reference_list secrets = w->pod->image_pull_secrets;
	struct seen ips = seen_in(w->change->arena), names = seen_in(w->change->arena);

	for (uint32_t i = 0; i < aliases.len; i++)
		if (!seen_add(&ips, aliases.at[i].ip))
			kind_warn(w->change, STR_FMT ": duplicate ip \"" STR_FMT "\"",
				  STR_ARG(path_text(
				      PATH(PATH_AT(PATH(w->spec, "hostAliases"), i), "ip"))),
				  STR_ARG(aliases.at[i].ip));
	for (uint32_t i = 0; i < secrets.len; i++) {
		const struct path *at = PATH(PATH_AT(PATH(w->spec, "imagePullSecrets"), i), "name");

		if (!seen_add(&names, secrets.at[i].name))
			kind_warn(w->change, STR_FMT ": duplicate name \"" STR_FMT "\"",
				  STR_ARG(path_text(at)), STR_ARG(secrets.at[i].name));
		if (secrets.at[i].name.len == 0)
			say(w, at, "invalid empty name \"\"");
	}
}

static void warn_of_env(const struct warner *w, const struct path *at, struct core_env_var_list env)
{
	struct seen names = seen_in(w->change->arena);

	for (uint32_t i = 0; i < env.len; i++) {
		const struct core_env_var *variable = &env.at[i];
		struct str ref;

		if (seen_add(&names, variable->name))
			continue;
		ref = arena_printf(w->change->arena, "$(" STR_FMT ")", STR_ARG(variable->name));
		/* One that builds upon the former means what it says. */
		if (variable->value_from == NULL && !str_eq(variable->value, ref) &&
		    str_find(variable->value, ref) >= 0)
			continue;
		kind_warn(w->change,
			  STR_FMT ": hides previous definition of \"" STR_FMT
				  "\", which may be dropped when using apply",
			  STR_ARG(path_text(PATH_AT(at, i))), STR_ARG(variable->name));
	}
}

/* ---- containers ------------------------------------------------------------------------------------------------------------------- */

static struct str annotation_of(const struct warner *w, struct str prefix, struct str name,
				struct str *key)
{
	*key = arena_printf(w->change->arena, STR_FMT STR_FMT, STR_ARG(prefix), STR_ARG(name));
	return str_map_get(w->metadata->annotations, *key);
}

static void warn_of_profiles(const struct warner *w, const struct core_container *container)
{
	const struct core_security_context *context = container->security_context;
	const struct path *at = PATH(w->meta, "annotations");
	struct str key;

	if (w->metadata->annotations.len == 0)
		return;
	if ((context == NULL || context->seccomp_profile == NULL) &&
	    annotation_of(w, SECCOMP_CONTAINER, container->name, &key).at != NULL)
		say(w, PATH_KEY(at, key),
		    "non-functional in v1.27+; use the \"seccompProfile\" field instead");
	/* Those of pods are told when the annotation becomes a field. */
	if (!w->is_pod && (context == NULL || context->app_armor_profile == NULL) &&
	    annotation_of(w, POD_APP_ARMOR, container->name, &key).at != NULL)
		say(w, PATH_KEY(at, key),
		    "deprecated since v1.30; use the \"appArmorProfile\" field instead");
}

static void warn_of_container(const struct warner *w, const struct path *at,
			      const struct core_container *container)
{
	const struct core_resource_requirements *sent = container->resources;
	const struct path *resources = PATH(at, "resources");
	const struct path *limits = PATH(resources, "limits"),
			  *requests = PATH(resources, "requests");

	warn_of_profiles(w, container);
	if (sent != NULL) {
		amount_warn_of_fraction(w->change, limits, sent->limits, "memory");
		amount_warn_of_fraction(w->change, requests, sent->requests, "memory");
		amount_warn_of_fraction(w->change, limits, sent->limits, "ephemeral-storage");
		amount_warn_of_fraction(w->change, requests, sent->requests, "ephemeral-storage");
	}
	warn_of_env(w, PATH(at, "env"), container->env);
}

/* ---- ports of all containers --------------------------------------------------------------------------------------------------------- */

struct port {
	const struct core_container_port *port;
	struct str at;
};

struct ports {
	struct port at[PORTS_MAX];
	uint32_t len;
};

static const char *clash_of(const struct core_container_port *a, const struct core_container_port *b)
{
	bool is_a_any = a->host_ip.len == 0, is_b_any = b->host_ip.len == 0;

	if (a->container_port != b->container_port || !str_eq(a->protocol, b->protocol))
		return NULL;
	if (str_eq(a->host_ip, b->host_ip) && a->host_port == b->host_port)
		return "duplicate";
	if (a->host_port == 0 || b->host_port == 0)
		return "overlapping";
	if (a->host_port == b->host_port && is_a_any != is_b_any)
		return "dangerously ambiguous";
	return NULL;
}

static void warn_of_port(const struct warner *w, struct ports *ports, struct port port)
{
	if (port.port->host_ip.len > 0 && port.port->host_port == 0)
		kind_warn(w->change,
			  STR_FMT ": hostIP set without hostPort: {Name:" STR_FMT
				  " HostPort:0 ContainerPort:%d Protocol:" STR_FMT
				  " HostIP:" STR_FMT "}",
			  STR_ARG(port.at), STR_ARG(port.port->name), port.port->container_port,
			  STR_ARG(port.port->protocol), STR_ARG(port.port->host_ip));
	for (uint32_t i = 0; i < ports->len; i++) {
		const char *clash = clash_of(port.port, ports->at[i].port);

		if (clash != NULL)
			kind_warn(w->change, STR_FMT ": %s port definition with " STR_FMT,
				  STR_ARG(port.at), clash, STR_ARG(ports->at[i].at));
	}
	if (ports->len < PORTS_MAX)
		ports->at[ports->len++] = port;
}

static void warn_of_ports(const struct warner *w)
{
	struct ports *ports = arena_new_of(w->change->arena, struct ports);
	struct pod_walk walk = pod_walk_of(w->pod);
	const struct core_container *container;
	struct seen names = seen_in(w->change->arena);

	while ((container = pod_walk_next(&walk)) != NULL)
		for (uint32_t i = 0; i < container->ports.len && ports->len < PORTS_MAX; i++)
			warn_of_port(
			    w, ports,
			    (struct port){ &container->ports.at[i],
					   path_text(PATH_AT(
					       PATH(POD_WALK_PATH(w->spec, &walk), "ports"), i)) });
	for (uint32_t i = 0; i < ports->len; i++) {
		struct str name = ports->at[i].port->name;
		int64_t other = seen_find(&names, name);

		if (name.len > 0 && other >= 0)
			kind_warn(w->change,
				  STR_FMT ": duplicate port name \"" STR_FMT "\" with " STR_FMT
					  ", services and probes that select ports by name will "
					  "use " STR_FMT,
				  STR_ARG(ports->at[i].at), STR_ARG(name),
				  STR_ARG(ports->at[other].at), STR_ARG(ports->at[other].at));
		seen_put(&names, name, i);
	}
}

/* ---- affinity, names, addresses -------------------------------------------------------------------------------------------------------- */

static void warn_of_terms(const struct warner *w, const struct path *at,
			  struct core_pod_affinity_term_list required,
			  struct core_weighted_pod_affinity_term_list preferred)
{
	for (uint32_t i = 0; i < required.len; i++)
		if (required.at[i].label_selector == NULL)
			say(w,
			    PATH(PATH_AT(PATH(at, "requiredDuringSchedulingIgnoredDuringExecution"),
					 i),
				 "labelSelector"),
			    NO_SELECTOR);
	for (uint32_t i = 0; i < preferred.len; i++)
		if (preferred.at[i].pod_affinity_term->label_selector == NULL)
			say(w,
			    PATH(PATH(PATH_AT(
					  PATH(at,
					       "preferredDuringSchedulingIgnoredDuringExecution"),
					  i),
				      "podAffinityTerm"),
				 "labelSelector"),
			    NO_SELECTOR);
}

static void warn_of_affinity(const struct warner *w)
{
	const struct core_affinity *affinity = w->pod->affinity;
	const struct path *at = PATH(w->spec, "affinity");

	if (affinity == NULL)
		return;
	if (affinity->pod_affinity != NULL)
		warn_of_terms(
		    w, PATH(at, "podAffinity"),
		    affinity->pod_affinity->required_during_scheduling_ignored_during_execution,
		    affinity->pod_affinity->preferred_during_scheduling_ignored_during_execution);
	if (affinity->pod_anti_affinity != NULL)
		warn_of_terms(
		    w, PATH(at, "podAntiAffinity"),
		    affinity->pod_anti_affinity->required_during_scheduling_ignored_during_execution,
		    affinity->pod_anti_affinity->preferred_during_scheduling_ignored_during_execution);
}

static void warn_of_addresses(const struct warner *w)
{
	const struct core_pod_dns_config *dns = w->pod->dns_config;
	struct core_host_alias_list aliases = w->pod->host_aliases;

	for (uint32_t i = 0; dns != NULL && i < dns->nameservers.len; i++)
		kind_warn_text(w->change,
			       ip_warning(w->change->arena,
					  path_text(PATH_AT(
					      PATH(PATH(w->spec, "dnsConfig"), "nameservers"), i)),
					  dns->nameservers.at[i]));
	for (uint32_t i = 0; i < aliases.len; i++)
		kind_warn_text(
		    w->change,
		    ip_warning(w->change->arena,
			       path_text(PATH(PATH_AT(PATH(w->spec, "hostAliases"), i), "ip")),
			       aliases.at[i].ip));
}

void pod_spec_warn(struct kind_change *change, const struct path *spec, const struct path *meta,
		   const struct core_pod_spec *pod, const struct meta_object_meta *metadata,
		   bool is_pod)
{
	struct warner w = { change, spec, meta, pod, metadata, is_pod };
	struct pod_walk walk = pod_walk_of(pod);
	const struct core_container *container;

	warn_of_nodes(&w);
	warn_of_spread(&w);
	warn_of_annotations(&w);
	for (uint32_t i = 0; i < pod->volumes.len; i++)
		warn_of_source(&w, PATH_AT(PATH(spec, "volumes"), i),
			       pod->volumes.at[i].volume_source);
	for (uint32_t i = 0; i < pod->volumes.len; i++)
		warn_of_files(&w, &pod->volumes.at[i]);
	warn_of_doubles(&w);
	amount_warn_of_fraction(change, PATH(spec, "overhead"), pod->overhead, "memory");
	amount_warn_of_fraction(change, PATH(spec, "overhead"), pod->overhead, "ephemeral-storage");
	if ((pod->security_context == NULL || pod->security_context->seccomp_profile == NULL) &&
	    str_map_get(metadata->annotations, SECCOMP_POD).at != NULL)
		say(&w, PATH_KEY(PATH(meta, "annotations"), SECCOMP_POD),
		    "non-functional in v1.27+; use the \"seccompProfile\" field instead");
	while ((container = pod_walk_next(&walk)) != NULL)
		warn_of_container(&w, POD_WALK_PATH(spec, &walk), container);
	warn_of_ports(&w);
	if (pod->termination_grace_period_seconds < 0)
		say(&w, PATH(spec, "terminationGracePeriodSeconds"),
		    "must be >= 0; negative values are invalid and will be treated as 1");
	warn_of_affinity(&w);
	warn_of_addresses(&w);
}
