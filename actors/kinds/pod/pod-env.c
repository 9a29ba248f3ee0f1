#include "actors/kinds/field/amount.h"
#include "actors/kinds/field/volume.h"
#include "actors/kinds/pod/pod-private.h"
#include "datastore/object/quantity.h"

/*
 * Environment of a container, and the references to the pod's own fields that volumes share with it.
 */

/* ---- fields of the pod ------------------------------------------------------------------------------------------ */

/* metadata.labels['key'] into its two parts; false: it has one only. */
static bool split_subscript(struct str text, struct str *path, struct str *key)
{
	int64_t open = str_find(text, STR("['"));

	if (!str_ends(text, STR("']")) || open <= 0 || text.len < (uint32_t)open + 4)
		return false;
	*path = str_slice(text, 0, (uint32_t)open);
	*key = str_slice(text, (uint32_t)open + 2, text.len - 2);
	return true;
}

static bool is_known_field(struct str path, bool has_key)
{
	static const char *const known[] = {
		"metadata.annotations", "metadata.labels",
		"metadata.name",        "metadata.namespace",
		"metadata.uid",         "spec.nodeName",
		"spec.restartPolicy",   "spec.serviceAccountName",
		"spec.schedulerName",   "spec.host",
		"status.phase",         "status.hostIP",
		"status.hostIPs",       "status.podIP",
		"status.podIPs",
	};

	if (has_key)
		return str_is(path, "metadata.annotations") || str_is(path, "metadata.labels");
	return STR_IS_ONE_OF(path, known);
}

static void check_field(const struct path *at, struct str path, bool is_volume)
{
	static const char *const of_volumes[] = { "metadata.annotations", "metadata.labels",
						  "metadata.name", "metadata.namespace",
						  "metadata.uid" };
	static const char *const of_env[] = {
		"metadata.name", "metadata.namespace",      "metadata.uid",  "spec.nodeName",
		"spec.host",     "spec.serviceAccountName", "status.hostIP", "status.hostIPs",
		"status.podIP",  "status.podIPs",
	};

	if (is_volume ? STR_IS_ONE_OF(path, of_volumes) : STR_IS_ONE_OF(path, of_env))
		return;
	path_not_supported(at, path,
			   is_volume ? "\"metadata.annotations\", \"metadata.labels\", "
				       "\"metadata.name\", \"metadata.namespace\", "
				       "\"metadata.uid\""
				     : "\"metadata.name\", \"metadata.namespace\", "
				       "\"metadata.uid\", \"spec.nodeName\", "
				       "\"spec.serviceAccountName\", \"status.hostIP\", "
				       "\"status.hostIPs\", \"status.podIP\", \"status.podIPs\"");
}

static struct str lowered(struct arena *arena, struct str s)
{
	char *at = arena_cstr(arena, s);

	for (uint32_t i = 0; i < s.len; i++)
		if (at[i] >= 'A' && at[i] <= 'Z')
			at[i] = (char)(at[i] - 'A' + 'a');
	return str_of(at, s.len);
}

void pod_check_field_ref(const struct path *at, const struct core_object_field_selector *ref,
			 bool is_volume)
{
	const struct path *field = PATH(at, "fieldPath");
	struct str path = ref->field_path, key = STR_NONE;
	bool has_key;

	if (!rule_needed(PATH(at, "apiVersion"), ref->api_version, "") ||
	    !rule_needed(field, ref->field_path, ""))
		return;
	has_key = split_subscript(ref->field_path, &path, &key);
	if (!str_is(ref->api_version, "v1")) {
		path_fault(field, FAULT_INVALID, name_quoted(path_arena(at), ref->field_path),
			   "error converting fieldPath: unsupported pod version: " STR_FMT,
			   STR_ARG(ref->api_version));
	} else if (!is_known_field(path, has_key)) {
		path_fault(field, FAULT_INVALID, name_quoted(path_arena(at), ref->field_path),
			   has_key
			       ? "error converting fieldPath: field label does not support "
				 "subscript: " STR_FMT
			       : "error converting fieldPath: field label not supported: " STR_FMT,
			   STR_ARG(ref->field_path));
	} else if (has_key) {
		rule_name(at, NAME_LABEL_KEY,
			  str_is(path, "metadata.labels") ? key : lowered(path_arena(at), key));
	} else {
		check_field(field, path, is_volume);
	}
}

/* ---- resources of a container ------------------------------------------------------------------------------------- */

static void check_divisor(const struct path *at, struct str resource, struct str divisor)
{
	static const char *const of_bytes[] = { "1",   "1k",  "1M",  "1G",  "1T",  "1P", "1E",
						"1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei" };
	bool is_cpu = str_is(resource, "limits.cpu") || str_is(resource, "requests.cpu");
	bool is_memory = str_is(resource, "limits.memory") || str_is(resource, "requests.memory");
	bool is_storage = str_ends(resource, STR(".ephemeral-storage"));
	bool is_pages = str_starts(resource, STR("limits.hugepages-")) ||
			str_starts(resource, STR("requests.hugepages-"));
	const char *what = is_memory    ? "memory resource"
			   : is_storage ? "local ephemeral storage resource"
					: "hugepages resource";

	if (divisor.at == NULL || quantity_is_zero(quantity_of(divisor)))
		return;
	if (is_cpu && !str_is(divisor, "1m") && !str_is(divisor, "1"))
		path_invalid(at, resource,
			     "only divisor's values 1m and 1 are supported with the cpu resource");
	if ((is_memory || is_storage || is_pages) && !STR_IS_ONE_OF(divisor, of_bytes))
		path_fault(at, FAULT_INVALID, name_quoted(path_arena(at), resource),
			   "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, "
			   "1Pi, 1Ei are supported with the %s",
			   what);
}

void pod_check_resource_ref(const struct path *at, const struct core_resource_field_selector *ref,
			    bool is_volume)
{
	static const char *const known[] = {
		"limits.cpu",   "limits.ephemeral-storage",   "limits.memory",
		"requests.cpu", "requests.ephemeral-storage", "requests.memory",
	};
	const struct path *resource = PATH(at, "resource");

	if (is_volume && ref->container_name.len == 0)
		path_required(PATH(at, "containerName"), "");
	else if (rule_needed(resource, ref->resource, "") && !STR_IS_ONE_OF(ref->resource, known) &&
		 !str_starts(ref->resource, STR("limits.hugepages-")) &&
		 !str_starts(ref->resource, STR("requests.hugepages-")))
		path_not_supported(resource, ref->resource,
				   "\"limits.cpu\", \"limits.ephemeral-storage\", "
				   "\"limits.memory\", \"requests.cpu\", "
				   "\"requests.ephemeral-storage\", \"requests.memory\"");
	check_divisor(PATH(at, "divisor"), ref->resource, ref->divisor);
}

/* ---- variables ------------------------------------------------------------------------------------------------------ */

static void check_key(const struct path *at, struct str name, struct str key)
{
	rule_name(PATH(at, "name"), NAME_DNS_SUBDOMAIN, name);
	rule_needed_name(PATH(at, "key"), NAME_CONFIG_KEY, key, "");
}

static void check_file_key(const struct path *at, const struct core_file_key_selector *ref)
{
	rule_needed_name(PATH(at, "key"), NAME_ENV_RELAXED, ref->key, "");
	rule_needed_name(PATH(at, "volumeName"), NAME_DNS_LABEL, ref->volume_name, "");
	if (rule_needed(PATH(at, "path"), ref->path, ""))
		volume_check_no_backsteps(PATH(at, "path"), ref->path);
}

static void check_source(const struct path *at, const struct core_env_var *variable)
{
	const struct core_env_var_source *from = variable->value_from;
	uint32_t count = (from->field_ref != NULL) + (from->resource_field_ref != NULL) +
			 (from->config_map_key_ref != NULL) + (from->secret_key_ref != NULL) +
			 (from->file_key_ref != NULL);

	if (from->field_ref != NULL)
		pod_check_field_ref(PATH(at, "fieldRef"), from->field_ref, false);
	if (from->resource_field_ref != NULL)
		pod_check_resource_ref(PATH(at, "resourceFieldRef"), from->resource_field_ref,
				       false);
	if (from->config_map_key_ref != NULL)
		check_key(PATH(at, "configMapKeyRef"),
			  from->config_map_key_ref->local_object_reference->name,
			  from->config_map_key_ref->key);
	if (from->secret_key_ref != NULL)
		check_key(PATH(at, "secretKeyRef"),
			  from->secret_key_ref->local_object_reference->name,
			  from->secret_key_ref->key);
	if (from->file_key_ref != NULL)
		check_file_key(PATH(at, "fileKeyRef"), from->file_key_ref);
	if (count == 0)
		path_invalid(at, STR(""),
			     "must specify one of: `fieldRef`, `resourceFieldRef`, "
			     "`configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
	else if (variable->value.len > 0)
		path_invalid(at, STR(""), "may not be specified when `value` is not empty");
	else if (count > 1)
		path_invalid(at, STR(""), "may not have more than one field specified at a time");
}

/* The name's end may be cut off where a generated part would stand. */
static void check_reference(const struct path *at, struct str name)
{
	if (name.len == 0)
		path_required(at, "");
	else if (!name_check_prefix(NAME_DNS_SUBDOMAIN, name, STR(""), NULL))
		name_check_prefix(NAME_DNS_SUBDOMAIN, name, path_text(at), path_faults(at));
}

static void check_from(const struct path *list, uint32_t i, const struct core_env_from_source *from)
{
	const struct path *at = PATH_AT(list, i);

	if (from->prefix.len > 0)
		rule_name(PATH(at, "prefix"), NAME_ENV_RELAXED, from->prefix);
	if (from->config_map_ref != NULL)
		check_reference(PATH(PATH(at, "configMapRef"), "name"),
				from->config_map_ref->local_object_reference->name);
	if (from->secret_ref != NULL)
		check_reference(PATH(PATH(at, "secretRef"), "name"),
				from->secret_ref->local_object_reference->name);
	if (from->config_map_ref == NULL && from->secret_ref == NULL)
		path_invalid(list, STR(""), "must specify one of: `configMapRef` or `secretRef`");
	else if (from->config_map_ref != NULL && from->secret_ref != NULL)
		path_invalid(list, STR(""), "may not have more than one field specified at a time");
}

void pod_check_env(const struct path *at, const struct core_container *container)
{
	const struct path *env = PATH(at, "env"), *from = PATH(at, "envFrom");

	for (uint32_t i = 0; i < container->env.len; i++) {
		const struct core_env_var *variable = &container->env.at[i];
		const struct path *here = PATH_AT(env, i);

		rule_needed_name(PATH(here, "name"), NAME_ENV_RELAXED, variable->name, "");
		if (variable->value_from != NULL)
			check_source(PATH(here, "valueFrom"), variable);
	}
	for (uint32_t i = 0; i < container->env_from.len; i++)
		check_from(from, i, &container->env_from.at[i]);
}
