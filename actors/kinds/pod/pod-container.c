#include "actors/kinds/field/amount.h"
#include "actors/kinds/field/volume.h"
#include "actors/kinds/pod/pod-private.h"
#include "datastore/object/record.h"

/*
 * Containers of a pod: init, regular, ephemeral (upstream's validateContainerCommon and what is around it).
 */

#define RESTART_RULES_MAX 20U
#define EXIT_CODES_MAX 255U

/* ---- all of them -------------------------------------------------------------------------------------------------- */

const struct core_container *pod_ephemeral(const struct core_ephemeral_container *container)
{
	_Static_assert(sizeof(struct core_container) ==
			   sizeof(struct core_ephemeral_container_common),
		       "the two types have the same members in the same order");
	return (const struct core_container *)container->ephemeral_container_common;
}

static uint32_t length_of(const struct core_pod_spec *spec, uint32_t list)
{
	return list == 0   ? spec->init_containers.len
	       : list == 1 ? spec->containers.len
	       : list == 2 ? spec->ephemeral_containers.len
			   : 0;
}

const struct core_container *pod_walk_next(struct pod_walk *walk)
{
	static const char *const members[] = { "initContainers", "containers",
					       "ephemeralContainers" };

	if (walk->has_begun)
		walk->index++;
	walk->has_begun = true;
	while (walk->list < 3 && walk->index >= length_of(walk->spec, walk->list)) {
		walk->list++;
		walk->index = 0;
	}
	if (walk->list == 3)
		return NULL;
	walk->member = str_from(members[walk->list]);
	if (walk->list == 2)
		return pod_ephemeral(&walk->spec->ephemeral_containers.at[walk->index]);
	return walk->list == 0 ? &walk->spec->init_containers.at[walk->index]
			       : &walk->spec->containers.at[walk->index];
}

bool pod_is_sidecar(const struct core_container *container)
{
	return str_is(container->restart_policy, "Always");
}

/* ---- ports --------------------------------------------------------------------------------------------------------- */

static void check_port_name(const struct path *at, struct str name, struct seen *names)
{
	if (name.len > 0 && rule_name(at, NAME_PORT_NAME, name) && !seen_add(names, name))
		path_duplicate(at, name);
}

static void check_ports(const struct path *at, struct core_container_port_list ports)
{
	struct seen names = seen_in(path_arena(at));

	for (uint32_t i = 0; i < ports.len; i++) {
		const struct core_container_port *port = &ports.at[i];
		const struct path *here = PATH_AT(at, i);

		check_port_name(PATH(here, "name"), port->name, &names);
		if (port->container_port == 0)
			path_required(PATH(here, "containerPort"), "");
		else
			rule_port(PATH(here, "containerPort"), port->container_port);
		if (port->host_port != 0)
			rule_port(PATH(here, "hostPort"), port->host_port);
		rule_needed_one_of(PATH(here, "protocol"), port->protocol, &core_protocol_values);
	}
}

static void take_host_ports(const struct path *at, const struct core_container *container,
			    struct seen *taken)
{
	for (uint32_t i = 0; i < container->ports.len; i++) {
		const struct core_container_port *port = &container->ports.at[i];
		struct str key;

		if (port->host_port == 0)
			continue;
		key = arena_printf(path_arena(at), STR_FMT "/" STR_FMT "/%d",
				   STR_ARG(port->protocol), STR_ARG(port->host_ip), port->host_port);
		if (!seen_add(taken, key))
			path_duplicate(PATH(PATH_AT(PATH(at, "ports"), i), "hostPort"), key);
	}
}

/* ---- mounts -------------------------------------------------------------------------------------------------------- */

static void check_propagation(const struct path *at, struct str mode,
			      const struct core_container *container)
{
	bool is_privileged =
	    container->security_context != NULL && container->security_context->privileged;

	if (mode.at == NULL)
		return;
	rule_one_of(at, mode, &core_mount_propagation_mode_values);
	if (str_is(mode, "Bidirectional") && !is_privileged)
		path_forbidden(at, "Bidirectional mount propagation is available only to "
				   "privileged containers");
}

static void check_recursive(const struct path *at, const struct core_volume_mount *mount)
{
	struct str mode = mount->recursive_read_only;

	if (mode.at == NULL || str_is(mode, "Disabled"))
		return;
	if (!str_is(mode, "Enabled") && !str_is(mode, "IfPossible")) {
		rule_one_of(at, mode, &core_recursive_read_only_mode_values);
		return;
	}
	if (!mount->read_only)
		path_forbidden(at, "may only be specified when readOnly is true");
	if (mount->mount_propagation.at != NULL && !str_is(mount->mount_propagation, "None"))
		path_forbidden(at, "may only be specified when mountPropagation is None or not "
				   "specified");
}

static void check_mount_options(const struct pod_check *check, const struct path *at,
				const struct core_volume_mount *mount)
{
	int64_t place = seen_find(&check->volumes, mount->name);
	struct str_list options = mount->bind_mount_options;
	struct seen seen = seen_in(path_arena(at));

	for (uint32_t i = 0; i < options.len; i++) {
		rule_one_of(PATH_AT(at, i), options.at[i], &core_bind_mount_option_values);
		if (!seen_add(&seen, options.at[i]))
			path_duplicate(PATH_AT(at, i), options.at[i]);
	}
	if (options.len > 0 && place >= 0 &&
	    check->spec->volumes.at[place].volume_source->image != NULL)
		path_fault(at, FAULT_INVALID, path_shown_list(at, options),
			   "bindMountOptions may not be used with image volumes");
}

/* Names and paths of what a container already has of the other sort. */
struct taken {
	struct seen names, paths;
};

static void check_sub_paths(const struct path *list, const struct path *at,
			    const struct core_volume_mount *mount)
{
	if (mount->sub_path.len > 0)
		volume_check_path(PATH(list, "subPath"), mount->sub_path);
	if (mount->sub_path_expr.len == 0)
		return;
	if (mount->sub_path.len > 0)
		path_invalid(PATH(at, "subPathExpr"), mount->sub_path_expr,
			     "subPathExpr and subPath are mutually exclusive");
	volume_check_path(PATH(list, "subPathExpr"), mount->sub_path_expr);
}

static void check_mount(const struct pod_check *check, const struct path *list, uint32_t i,
			const struct core_container *container, struct seen *paths,
			const struct taken *devices)
{
	const struct core_volume_mount *mount = &container->volume_mounts.at[i];
	const struct path *at = PATH_AT(list, i);
	const struct path *name = PATH(at, "name"), *path = PATH(at, "mountPath");

	rule_needed(name, mount->name, "");
	if (!seen_has(&check->volumes, mount->name))
		path_not_found(name, mount->name);
	rule_needed(path, mount->mount_path, "");
	if (!seen_add(paths, mount->mount_path))
		path_invalid(path, mount->mount_path, "must be unique");
	if (seen_has(&devices->names, mount->name))
		path_invalid(name, mount->name, "must not already exist in volumeDevices");
	if (seen_has(&devices->paths, mount->mount_path))
		path_invalid(path, mount->mount_path,
			     "must not already exist as a path in volumeDevices");
	check_sub_paths(list, at, mount);
	check_propagation(PATH(list, "mountPropagation"), mount->mount_propagation, container);
	check_recursive(PATH(list, "recursiveReadOnly"), mount);
	check_mount_options(check, PATH(at, "bindMountOptions"), mount);
}

static void check_mounts(const struct pod_check *check, const struct path *at,
			 const struct core_container *container)
{
	struct taken devices = { seen_in(path_arena(at)), seen_in(path_arena(at)) };
	struct seen paths = seen_in(path_arena(at));

	for (uint32_t i = 0; i < container->volume_devices.len; i++) {
		seen_add(&devices.names, container->volume_devices.at[i].name);
		seen_add(&devices.paths, container->volume_devices.at[i].device_path);
	}
	for (uint32_t i = 0; i < container->volume_mounts.len; i++)
		check_mount(check, at, i, container, &paths, &devices);
}

static void check_device_name(const struct pod_check *check, const struct path *at, struct str name,
			      struct seen *names)
{
	int64_t place = seen_find(&check->volumes, name);
	const struct core_volume_source *source =
	    place >= 0 ? check->spec->volumes.at[place].volume_source : NULL;

	rule_needed(at, name, "");
	if (seen_has(names, name))
		path_invalid(at, name, "must be unique");
	if (source == NULL)
		path_not_found(at, name);
	else if (source->persistent_volume_claim == NULL && source->ephemeral == NULL)
		path_invalid(at, name,
			     "can only use volume source type of PersistentVolumeClaim or "
			     "Ephemeral for block mode");
	if (name.len > 0)
		seen_add(names, name);
}

static void check_device_path(const struct path *at, struct str path, struct seen *paths)
{
	rule_needed(at, path, "");
	if (seen_has(paths, path))
		path_invalid(at, path, "must be unique");
	if (path.len > 0 && !volume_is_without_backsteps(path))
		path_invalid(at, path, "can not contain backsteps ('..')");
	else
		seen_add(paths, path);
}

static void check_devices(const struct pod_check *check, const struct path *at,
			  const struct core_container *container)
{
	struct taken mounts = { seen_in(path_arena(at)), seen_in(path_arena(at)) };
	struct seen names = seen_in(path_arena(at)), paths = seen_in(path_arena(at));

	for (uint32_t i = 0; i < container->volume_mounts.len; i++) {
		seen_add(&mounts.names, container->volume_mounts.at[i].name);
		seen_add(&mounts.paths, container->volume_mounts.at[i].mount_path);
	}
	for (uint32_t i = 0; i < container->volume_devices.len; i++) {
		const struct core_volume_device *device = &container->volume_devices.at[i];
		const struct path *here = PATH_AT(at, i);

		check_device_name(check, PATH(here, "name"), device->name, &names);
		check_device_path(PATH(here, "devicePath"), device->device_path, &paths);
		if (seen_has(&mounts.names, device->name))
			path_invalid(PATH(here, "name"), device->name,
				     "must not already exist in volumeMounts");
		if (seen_has(&mounts.paths, device->device_path))
			path_invalid(PATH(here, "devicePath"), device->device_path,
				     "must not already exist as a path in volumeMounts");
	}
}

/* ---- resizing and restarting ------------------------------------------------------------------------------------------- */

static void check_resize(const struct path *at, struct core_container_resize_policy_list list,
			 struct str pod_policy)
{
	struct seen seen = seen_in(path_arena(at));

	for (uint32_t i = 0; i < list.len; i++) {
		const struct core_container_resize_policy *policy = &list.at[i];
		struct str resource = policy->resource_name;

		if (!seen_add(&seen, resource))
			path_duplicate(PATH_AT(at, i), resource);
		if (rule_needed(at, resource, "") && !str_is(resource, "cpu") &&
		    !str_is(resource, "memory"))
			path_not_supported(at, resource, "\"cpu\", \"memory\"");
		rule_needed_one_of(at, policy->restart_policy,
				   &core_resource_resize_restart_policy_values);
		if (str_is(pod_policy, "Never") && !str_is(policy->restart_policy, "NotRequired"))
			path_invalid(at, policy->restart_policy,
				     "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
	}
}

static void check_restart_rule(const struct path *at, const struct core_container_restart_rule *rule)
{
	const struct path *codes = PATH(at, "exitCodes");

	rule_one_of(PATH(at, "action"), rule->action, &core_container_restart_rule_action_values);
	if (rule->exit_codes == NULL) {
		path_required(codes, "must be specified");
		return;
	}
	rule_one_of(PATH(codes, "operator"), rule->exit_codes->operator, &
		    core_container_restart_rule_on_exit_codes_operator_values);
	if (rule->exit_codes->values.len > EXIT_CODES_MAX)
		path_too_many(PATH(codes, "values"), rule->exit_codes->values.len, EXIT_CODES_MAX);
}

static void check_restart(const struct path *at, const struct core_container *container)
{
	const struct path *policy = PATH(at, "restartPolicy"),
			  *rules = PATH(at, "restartPolicyRules");
	struct core_container_restart_rule_list list = container->restart_policy_rules;

	if (container->restart_policy.at != NULL)
		rule_one_of(policy, container->restart_policy,
			    &core_container_restart_policy_values);
	else if (list.len > 0)
		path_required(policy, "must specify restartPolicy when restart rules are used");
	if (list.len > RESTART_RULES_MAX)
		path_too_many(rules, list.len, RESTART_RULES_MAX);
	for (uint32_t i = 0; i < list.len; i++)
		check_restart_rule(PATH_AT(rules, i), &list.at[i]);
}

/* ---- what all have ----------------------------------------------------------------------------------------------------- */

static bool is_padded(struct str text)
{
	return str_trim(text).len != text.len;
}

static void check_common(const struct pod_check *check, const struct path *at,
			 const struct core_container *container)
{
	const struct path *message = PATH(at, "terminationMessagePolicy");
	struct str policy = container->termination_message_policy;

	rule_needed_name(PATH(at, "name"), NAME_DNS_LABEL, container->name, "");
	rule_needed(PATH(at, "image"), container->image, "");
	if (rule_needed(message, policy, "") && !str_is(policy, "File") &&
	    !str_is(policy, "FallbackToLogsOnError"))
		path_not_supported(message, policy, "\"File\", \"FallbackToLogsOnError\"");
	check_ports(PATH(at, "ports"), container->ports);
	pod_check_env(at, container);
	check_mounts(check, PATH(at, "volumeMounts"), container);
	check_devices(check, PATH(at, "volumeDevices"), container);
	rule_needed_one_of(PATH(at, "imagePullPolicy"), container->image_pull_policy,
			   &core_pull_policy_values);
	if (container->resources != NULL)
		amount_check_requirements(PATH(at, "resources"), container->resources,
					  &check->claims, check->claim_names, false,
					  check->tolerance->odd_huge_pages);
	check_resize(PATH(at, "resizePolicy"), container->resize_policy,
		     check->spec->restart_policy);
	pod_check_container_security(check, PATH(at, "securityContext"),
				     container->security_context);
}

static void check_regular(struct pod_check *check, const struct path *at)
{
	struct core_container_list list = check->spec->containers;
	struct seen names = seen_in(path_arena(at)), ports = seen_in(path_arena(at));

	if (list.len == 0)
		path_required(at, "");
	for (uint32_t i = 0; i < list.len; i++) {
		const struct path *here = PATH_AT(at, i);

		check_common(check, here, &list.at[i]);
		if (!seen_add(&names, list.at[i].name))
			path_duplicate(PATH(here, "name"), list.at[i].name);
		pod_check_probes(here, &list.at[i], check->spec);
		check_restart(here, &list.at[i]);
	}
	for (uint32_t i = 0; i < list.len; i++)
		take_host_ports(PATH_AT(at, i), &list.at[i], &ports);
}

static void forbid_probes(const struct path *at, const struct core_container *container)
{
	static const char words[] =
	    "may not be set for init containers without restartPolicy=Always";

	if (container->lifecycle != NULL)
		path_forbidden(PATH(at, "lifecycle"), words);
	if (container->liveness_probe != NULL)
		path_forbidden(PATH(at, "livenessProbe"), words);
	if (container->readiness_probe != NULL)
		path_forbidden(PATH(at, "readinessProbe"), words);
	if (container->startup_probe != NULL)
		path_forbidden(PATH(at, "startupProbe"), words);
}

static void check_init_resize(const struct pod_check *check, const struct path *at,
			      const struct core_container *container)
{
	struct core_container_resize_policy_list list = container->resize_policy;

	for (uint32_t i = 0; i < list.len && !check->tolerance->restart_resize_of_init; i++)
		if (str_is(list.at[i].restart_policy, "RestartContainer"))
			path_invalid(PATH(PATH_AT(PATH(at, "resizePolicy"), i), "restartPolicy"),
				     list.at[i].restart_policy,
				     "must not be set to 'RestartContainer' for non-sidecar "
				     "initContainers");
}

static void check_init(struct pod_check *check, const struct path *at)
{
	struct core_container_list list = check->spec->init_containers;
	struct seen names = seen_in(path_arena(at));

	for (uint32_t i = 0; i < check->spec->containers.len; i++)
		seen_add(&names, check->spec->containers.at[i].name);
	for (uint32_t i = 0; i < list.len; i++) {
		const struct core_container *container = &list.at[i];
		const struct path *here = PATH_AT(at, i);
		struct seen ports = seen_in(path_arena(at));

		check_common(check, here, container);
		check_restart(here, container);
		if (seen_has(&names, container->name))
			path_duplicate(PATH(here, "name"), container->name);
		else if (container->name.len > 0)
			seen_add(&names, container->name);
		/* They run one after the other; upstream counts each as the first. */
		take_host_ports(PATH_AT(at, 0), container, &ports);
		if (pod_is_sidecar(container)) {
			pod_check_probes(here, container, check->spec);
		} else {
			forbid_probes(here, container);
			check_init_resize(check, here, container);
		}
	}
}

/* ---- ephemeral containers ------------------------------------------------------------------------------------------------ */

/* What belongs to the pod's service; an empty list that was written counts as set. */
static void forbid_service(const struct path *at, const struct core_container *container)
{
	static const char *const members[] = {
		"ports",          "resources",          "resizePolicy",
		"restartPolicy",  "restartPolicyRules", "livenessProbe",
		"readinessProbe", "startupProbe",       "lifecycle"
	};

	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		const struct field *field = type_field(&core_container_type, str_from(members[i]));
		bool is_set = field_is_set(field, container);

		/* Held by value, so that it is always there. */
		if (strcmp(members[i], "resources") == 0)
			is_set = container->resources != NULL &&
				 (container->resources->limits.at != NULL ||
				  container->resources->requests.at != NULL ||
				  container->resources->claims.at != NULL);
		if (is_set)
			path_forbidden(PATH_NAMED(at, field_name(field)),
				       "cannot be set for an Ephemeral Container");
	}
}

static void forbid_sub_paths(const struct path *at, const struct core_container *container)
{
	static const char words[] = "cannot be set for an Ephemeral Container";

	for (uint32_t i = 0; i < container->volume_mounts.len; i++) {
		const struct core_volume_mount *mount = &container->volume_mounts.at[i];
		const struct path *here = PATH_AT(PATH(at, "volumeMounts"), i);

		if (mount->sub_path.len > 0)
			path_forbidden(PATH(here, "subPath"), words);
		if (mount->sub_path_expr.len > 0)
			path_forbidden(PATH(here, "subPathExpr"), words);
	}
}

static void check_ephemeral(struct pod_check *check, const struct path *at)
{
	struct core_ephemeral_container_list list = check->spec->ephemeral_containers;
	struct seen others = seen_in(path_arena(at)), names = seen_in(path_arena(at));

	for (uint32_t i = 0; i < check->spec->containers.len + check->spec->init_containers.len;
	     i++) {
		struct str name =
		    i < check->spec->containers.len
			? check->spec->containers.at[i].name
			: check->spec->init_containers.at[i - check->spec->containers.len].name;

		seen_add(&others, name);
		seen_add(&names, name);
	}
	for (uint32_t i = 0; i < list.len; i++) {
		const struct core_container *container = pod_ephemeral(&list.at[i]);
		struct str target = list.at[i].target_container_name;
		const struct path *here = PATH_AT(at, i);

		check_common(check, here, container);
		if (is_padded(container->image))
			path_invalid(PATH(here, "image"), container->image,
				     "must not have leading or trailing whitespace");
		if (!seen_add(&names, container->name))
			path_duplicate(PATH(here, "name"), container->name);
		if (target.len > 0 && !seen_has(&others, target))
			path_not_found(PATH(here, "targetContainerName"), target);
		forbid_service(here, container);
		forbid_sub_paths(here, container);
	}
}

void pod_check_containers(struct pod_check *check, const struct path *at)
{
	check_regular(check, PATH(at, "containers"));
	check_init(check, PATH(at, "initContainers"));
	check_ephemeral(check, PATH(at, "ephemeralContainers"));
}
