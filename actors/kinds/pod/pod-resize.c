#include "actors/kinds/pod/pod-private.h"
#include "datastore/object/record.h"

/*
 * pods/resize: more or less cpu and memory for a pod that runs (KEP-1287). Everything else of the request is set back, unless the
 * containers are others: then the rules have to say so.
 */

#define ONLY_MUTABLE "only cpu and memory resources are mutable"

static struct core_pod_spec *spec_of(const void *pod)
{
	return ((const struct core_pod *)pod)->spec;
}

/* ---- before rules ------------------------------------------------------------------------------------------------------ */

static bool has_same_names(struct core_container_list now, struct core_container_list old)
{
	if (now.len != old.len)
		return false;
	for (uint32_t i = 0; i < now.len; i++)
		if (!str_eq(now.at[i].name, old.at[i].name))
			return false;
	return true;
}

/* The stored containers with the amounts that were sent. */
static struct core_container_list with_amounts(struct core_container_list stored,
					       struct core_container_list sent)
{
	for (uint32_t i = 0; i < stored.len; i++) {
		stored.at[i].resources = sent.at[i].resources;
		stored.at[i].resize_policy = sent.at[i].resize_policy;
	}
	return stored;
}

static void set_back(struct kind_change *change)
{
	struct core_pod *pod = change->object;
	struct core_pod_spec *sent = pod->spec;
	struct core_pod_spec *stored =
	    record_clone_shallow(&core_pod_spec_type, spec_of(change->old), change->arena);

	if (sent->containers.len != stored->containers.len ||
	    sent->init_containers.len != stored->init_containers.len)
		return;
	stored->containers = has_same_names(sent->containers, stored->containers)
				 ? with_amounts(stored->containers, sent->containers)
				 : sent->containers;
	stored->init_containers = has_same_names(sent->init_containers, stored->init_containers)
				      ? with_amounts(stored->init_containers, sent->init_containers)
				      : sent->init_containers;
	stored->resources = sent->resources;
	pod->spec = stored;
	pod->status = record_clone_shallow(
	    &core_pod_status_type, ((const struct core_pod *)change->old)->status, change->arena);
}

void pod_prepare_resize(struct kind_change *change)
{
	struct core_pod *pod = change->object;
	const struct core_pod *old = change->old;

	set_back(change);
	if (pod->spec->resources == NULL && old->spec->resources != NULL)
		pod->spec->resources = record_clone_shallow(&core_resource_requirements_type,
							    old->spec->resources, change->arena);
	pod_default_resources(change->arena, pod->spec);
}

/* ---- rules --------------------------------------------------------------------------------------------------------------- */

static bool is_missing_any(struct str_map now, struct str_map old)
{
	for (uint32_t i = 0; i < old.len; i++)
		if (str_map_get(now, old.at[i].key).at == NULL)
			return true;
	return now.len < old.len;
}

static struct str_map amounts(const struct core_resource_requirements *resources, bool of_limits)
{
	if (resources == NULL)
		return (struct str_map){ 0 };
	return of_limits ? resources->limits : resources->requests;
}

static void check_removed(const struct path *at, const struct core_resource_requirements *now,
			  const struct core_resource_requirements *old, const char *requests,
			  const char *limits)
{
	if (is_missing_any(amounts(now, false), amounts(old, false)))
		path_forbidden(PATH(at, "requests"), requests);
	if (is_missing_any(amounts(now, true), amounts(old, true)))
		path_forbidden(PATH(at, "limits"), limits);
}

/* False: the containers are not those that are stored. */
static bool check_order(const struct path *at, const char *title, struct core_container_list now,
			struct core_container_list old)
{
	bool is_same = true;

	if (now.len != old.len)
		return path_fault(at, FAULT_FORBIDDEN, STR_NONE,
				  "%s may not be added or removed on resize", title);
	for (uint32_t i = 0; i < old.len; i++)
		if (!str_eq(now.at[i].name, old.at[i].name))
			is_same = path_fault(PATH(PATH_AT(at, i), "name"), FAULT_FORBIDDEN, STR_NONE,
					     "%s may not be renamed or reordered on resize", title);
	return is_same;
}

static struct str_map with_old(struct arena *arena, struct str_map now, struct str_map old)
{
	static const char *const names[] = { "cpu", "memory" };

	for (size_t i = 0; i < 2; i++) {
		struct str name = str_from(names[i]), value = str_map_get(old, name);

		if (value.at != NULL)
			str_map_put(&now, arena, name, value);
		else
			str_map_remove(&now, arena, name);
	}
	return now;
}

/* The requirements with cpu and memory as they were: what is left is no resizing. */
static struct core_resource_requirements *
without_resize(struct arena *arena, const struct core_resource_requirements *now,
	       const struct core_resource_requirements *old)
{
	struct core_resource_requirements *out =
	    record_clone_shallow(&core_resource_requirements_type, now, arena);

	if (out == NULL)
		return NULL;
	out->requests = with_old(arena, out->requests, amounts(old, false));
	out->limits = with_old(arena, out->limits, amounts(old, true));
	return out;
}

static bool restarts_to_resize(const struct core_container *container)
{
	for (uint32_t i = 0; i < container->resize_policy.len; i++)
		if (str_is(container->resize_policy.at[i].restart_policy, "RestartContainer"))
			return true;
	return false;
}

static void check_container(struct kind_change *change, const struct path *at, bool is_init,
			    const struct core_container *now, const struct core_container *old)
{
	struct core_container mine = *now;

	mine.resources = without_resize(change->arena, now->resources, old->resources);
	if (!record_equal(&core_container_type, &mine, old)) {
		if (is_init)
			path_forbidden(at, "only cpu and memory resources for init or sidecar "
					   "containers are mutable");
		else
			path_forbidden(PATH_ROOT(change->faults, "spec"), ONLY_MUTABLE);
	}
	if (is_init && !pod_is_sidecar(now) && restarts_to_resize(now) &&
	    !record_equal(&core_container_type, now, old))
		path_forbidden(at, "non-sidecar init containers with a resize policy of "
				   "RestartContainer cannot be resized");
}

static void check_containers(struct kind_change *change, const struct path *at, bool is_init,
			     struct core_container_list now, struct core_container_list old)
{
	for (uint32_t i = 0; i < old.len; i++)
		check_removed(PATH(PATH_AT(at, i), "resources"), now.at[i].resources,
			      old.at[i].resources, "resource requests cannot be removed",
			      "resource limits cannot be removed");
	for (uint32_t i = 0; i < old.len; i++)
		check_container(change, PATH_AT(at, i), is_init, &now.at[i], &old.at[i]);
}

static bool says_any(const struct core_pod_spec *spec)
{
	return spec->resources != NULL &&
	       spec->resources->requests.len + spec->resources->limits.len > 0;
}

static void check_pod_level(struct kind_change *change, const struct path *at)
{
	const struct core_pod_spec *now = spec_of(change->object), *old = spec_of(change->old);
	struct core_resource_requirements *mine;
	static const struct core_resource_requirements none;

	if (!says_any(now) && !says_any(old))
		return;
	check_removed(PATH(at, "resources"), now->resources, old->resources,
		      "pod-level resource requests cannot be removed",
		      "pod-level resource limits cannot be removed");
	mine = without_resize(change->arena, now->resources, old->resources);
	if (!record_equal(&core_resource_requirements_type, mine,
			  old->resources ? old->resources : &none))
		path_forbidden(at, "only cpu and memory resources are mutable at pod-level");
}

/* A node that says nothing of resources in the status of what runs cannot resize. */
static bool is_supported(const struct core_pod *pod)
{
	for (uint32_t i = 0; pod->status != NULL && i < pod->status->container_statuses.len; i++) {
		const struct core_container_status *status = &pod->status->container_statuses.at[i];

		if (status->state != NULL && status->state->running != NULL)
			return status->resources != NULL;
	}
	return true;
}

static void check_rest(struct kind_change *change, const struct path *at)
{
	struct core_pod_spec mine = *spec_of(change->object);
	const struct core_pod_spec *old = spec_of(change->old);

	/* These were judged above. */
	mine.containers = old->containers;
	mine.init_containers = old->init_containers;
	mine.resources = old->resources;
	if (!record_equal(&core_pod_spec_type, &mine, old))
		path_forbidden(at, ONLY_MUTABLE);
}

static bool is_refused(struct kind_change *change)
{
	const struct core_pod *old = change->old;
	const struct path *at = PATH_ROOT(change->faults, "");

	if (str_map_get(old->metadata->annotations, POD_MIRROR).at != NULL)
		return !path_forbidden(at, "static pods cannot be resized");
	if (old->spec->os != NULL && str_is(old->spec->os->name, "windows"))
		return !path_forbidden(at, "windows pods cannot be resized");
	return false;
}

void pod_check_resize(struct kind_change *change)
{
	const struct core_pod_spec *now = spec_of(change->object), *old = spec_of(change->old);
	const struct core_pod *stored = change->old;
	const struct path *at = PATH_ROOT(change->faults, "spec");
	const struct path *init = PATH(at, "initContainers"), *regular = PATH(at, "containers");
	struct str quality = stored->status != NULL && stored->status->qos_class.len > 0
				 ? stored->status->qos_class
				 : pod_quality(old);

	if (is_refused(change))
		return;
	pod_check_all(change);
	if (!str_eq(quality, pod_quality(now)))
		path_invalid(at, quality, "Pod QOS Class may not change as a result of resizing");
	if (!is_supported(stored))
		path_forbidden(at, "Pod running on node without support for resize");
	check_pod_level(change, at);
	if (!check_order(regular, "containers", now->containers, old->containers) ||
	    !check_order(init, "initContainers", now->init_containers, old->init_containers))
		return;
	check_containers(change, init, true, now->init_containers, old->init_containers);
	check_containers(change, regular, false, now->containers, old->containers);
	if (!record_equal_field(type_field(&core_pod_spec_type, STR("volumes")), now, old))
		path_forbidden(
		    PATH(at, "volumes"),
		    "volumes are immutable on resize when "
		    "InPlacePodVerticalScalingMemoryBackedVolumes feature gate is disabled");
	if (change->faults->len == 0)
		check_rest(change, at);
}
