#include <string.h>

#include "datastore/object/defaults/default-private.h"
#include "datastore/schema/core.h"

static bool is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* [a-z0-9]+ joined by one of . _ / or any number of -, as the reference grammar of image names has it; nearly. */
static bool is_path(struct str path)
{
	bool needs_letter = true;

	for (uint32_t i = 0; i < path.len; i++) {
		bool is_joint = memchr("._/-", path.at[i], 4) != NULL;
		bool is_repeatable = path.at[i] == '-' || path.at[i] == '_';
		if (!is_lower_or_digit(path.at[i]) &&
		    !(is_joint && (!needs_letter || (is_repeatable && i > 0))))
			return false;
		needs_letter = is_joint;
	}
	return path.len > 0 && !needs_letter;
}

/* What stands in front of the first slash is a registry if it looks like a host. */
static bool is_name(struct str name)
{
	int64_t slash = str_find_char(name, '/');
	struct str host = str_slice(name, 0, slash < 0 ? 0 : (uint32_t)slash);
	bool is_host = str_find_char(host, '.') >= 0 || str_find_char(host, ':') >= 0 ||
		       str_is(host, "localhost");

	for (uint32_t i = 0; i < host.len && !is_host; i++)
		is_host = host.at[i] >= 'A' && host.at[i] <= 'Z';
	return is_path(is_host ? str_slice(name, host.len + 1, name.len) : name);
}

/* Whether the image is the latest of its name: said so, or neither a tag nor a digest given. What is no name is not. */
static bool is_latest(struct str image)
{
	struct str digest = image, name = str_cut(&digest, '@');
	int64_t slash = str_find_last(name, '/'), colon = str_find_last(name, ':');
	struct str tag = STR_NONE;

	/* A colon in front of the last slash belongs to the registry's port. */
	if (colon > slash) {
		tag = str_slice(name, (uint32_t)colon + 1, name.len);
		name = str_slice(name, 0, (uint32_t)colon);
	}
	if (!is_name(name))
		return false;
	return tag.at == NULL ? digest.at == NULL : str_is(tag, "latest");
}

static void set_pull_policy(struct str *policy, struct str image)
{
	default_str(policy, is_latest(image) ? STR("Always") : STR("IfNotPresent"));
}

static void after_container(void *record, struct arena *arena)
{
	struct core_container *container = record;

	(void)arena;
	set_pull_policy(&container->image_pull_policy, container->image);
}

static void after_ephemeral_container(void *record, struct arena *arena)
{
	struct core_ephemeral_container_common *container = record;

	(void)arena;
	set_pull_policy(&container->image_pull_policy, container->image);
}

static void after_image_volume(void *record, struct arena *arena)
{
	struct core_image_volume_source *source = record;

	(void)arena;
	set_pull_policy(&source->pull_policy, source->reference);
}

/* A volume without a source is an empty directory. */
static void after_volume(void *record, struct arena *arena)
{
	struct core_volume *volume = record;
	struct core_volume_source *source = MAKE(volume->volume_source, arena);
	const struct type *type = &core_volume_source_type;

	for (uint32_t i = 0; i < type->field_count; i++)
		if (field_is_set(&type_fields(type)[i], source))
			return;
	source->empty_dir = arena_new_of(arena, struct core_empty_dir_volume_source);
}

/* The old name and the new one of the same field. */
static void after_pod_spec(void *record, struct arena *arena)
{
	struct core_pod_spec *spec = record;

	(void)arena;
	default_str(&spec->service_account_name, spec->service_account);
	spec->service_account = spec->service_account_name;
}

static void set_containers(struct core_container_list containers, bool is_host_network,
			   struct arena *arena)
{
	for (uint32_t i = 0; i < containers.len; i++) {
		struct core_container *container = &containers.at[i];
		struct core_resource_requirements *resources = container->resources;
		if (resources != NULL && resources->limits.at != NULL)
			default_entries(&resources->requests, resources->limits, arena);
		for (uint32_t j = 0; is_host_network && j < container->ports.len; j++) {
			struct core_container_port *port = &container->ports.at[j];
			if (port->host_port == 0)
				SET(port, host_port, port->container_port);
		}
	}
}

/* What a pod gets and a template does not. */
static void after_pod(void *record, struct arena *arena)
{
	struct core_pod *pod = record;
	struct core_pod_spec *spec = MAKE(pod->spec, arena);

	set_containers(spec->containers, spec->host_network, arena);
	set_containers(spec->init_containers, spec->host_network, arena);
	if (!spec->has.enable_service_links)
		SET(spec, enable_service_links, true);
	if (spec->has.termination_grace_period_seconds && spec->termination_grace_period_seconds < 0)
		SET(spec, termination_grace_period_seconds, 1);
}

/* The first of the addresses is the one address of old. */
static void after_pod_status(void *record, struct arena *arena)
{
	struct core_pod_status *status = record;

	if (status->pod_ip.len > 0 &&
	    (status->pod_ips.len == 0 || !str_eq(status->pod_ips.at[0].ip, status->pod_ip))) {
		struct core_pod_ip *ip = arena_new_of(arena, struct core_pod_ip);
		ip->ip = status->pod_ip;
		status->pod_ips = (struct core_pod_ip_list){ ip, 1 };
	} else if (status->pod_ip.len == 0 && status->pod_ips.len > 0) {
		status->pod_ip = status->pod_ips.at[0].ip;
	}
}

const struct default_rule default_pod[] = {
	DEFAULT_RULE("core", "Container", NULL, after_container),
	DEFAULT_RULE("core", "EphemeralContainerCommon", NULL, after_ephemeral_container),
	DEFAULT_RULE("core", "ImageVolumeSource", NULL, after_image_volume),
	DEFAULT_RULE("core", "Pod", NULL, after_pod),
	DEFAULT_RULE("core", "PodSpec", NULL, after_pod_spec),
	DEFAULT_RULE("core", "PodStatus", NULL, after_pod_status),
	DEFAULT_RULE("core", "Volume", NULL, after_volume),
	DEFAULT_END,
};
