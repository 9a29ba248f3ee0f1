#include "actors/node/node-object.h"

#include "actors/client/alive.h"
#include "actors/client/api.h"
#include "datastore/object/quantity.h"
#include "datastore/object/record.h"
#include "datastore/schema/type.h"

#define RESERVED_MEMORY_BYTES \
	(100ULL * MIB)                /* upstream's hard eviction threshold memory.available */
#define RESERVED_STORAGE_PER_CENT 10U /* and nodefs.available */

/* ---- labels ------------------------------------------------------------------------------------------------------ */

struct label {
	const char *key;
	struct str value;
};

static bool put(struct str_map *map, struct arena *arena, const char *key, struct str value)
{
	struct str had = str_map_get(*map, str_from(key));

	if (had.at != NULL && str_eq(had, value))
		return false;
	str_map_put(map, arena, str_from(key), value);
	return true;
}

bool node_object_adopt(struct arena *arena, const struct node_object_config *config,
		       struct core_node *node)
{
	struct str architecture = str_from(config->facts->architecture);
	const struct label labels[] = {
		{ "beta.kubernetes.io/arch", architecture },
		{ "beta.kubernetes.io/os", STR("linux") },
		{ "kubernetes.io/arch", architecture },
		{ "kubernetes.io/hostname", config->name },
		{ "kubernetes.io/os", STR("linux") },
	};
	struct meta_object_meta *meta = node->metadata;
	bool is_changed = false;

	for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
		is_changed |= put(&meta->labels, arena, labels[i].key, labels[i].value);
	is_changed |= put(&meta->annotations, arena,
			  "volumes.kubernetes.io/controller-managed-attach-detach", STR("true"));
	if (config->agent.len > 0)
		is_changed |= put(&meta->annotations, arena, ALIVE_ANNOTATION.at, config->agent);
	if (config->range.len > 0 && node->spec->pod_cidr.len == 0) {
		node->spec->pod_cidr = config->range;
		node->spec->pod_cidrs = (struct str_list){ arena_new_of(arena, struct str), 1 };
		node->spec->pod_cidrs.at[0] = config->range;
		is_changed = true;
	}
	return is_changed;
}

/* ---- resources --------------------------------------------------------------------------------------------------- */

static void put_amount(struct str_map *map, struct arena *arena, const char *name, uint64_t amount,
		       enum quantity_form form)
{
	str_map_put(map, arena, str_from(name),
		    quantity_text(quantity_from((int64_t)amount, form), arena));
}

static struct str_map resources(struct arena *arena, const struct node_object_config *config,
				uint64_t memory_bytes, uint64_t storage_bytes)
{
	const struct facts *facts = config->facts;
	struct str_map map = { .len = 0 };

	put_amount(&map, arena, "cpu", facts->cpus, QUANTITY_DECIMAL);
	put_amount(&map, arena, "ephemeral-storage", storage_bytes, QUANTITY_BINARY);
	put_amount(&map, arena, "hugepages-1Gi", facts->huge_1g_bytes, QUANTITY_BINARY);
	put_amount(&map, arena, "hugepages-2Mi", facts->huge_2m_bytes, QUANTITY_BINARY);
	put_amount(&map, arena, "memory", memory_bytes, QUANTITY_BINARY);
	put_amount(&map, arena, "pods", config->pods_max, QUANTITY_DECIMAL);
	return map;
}

static uint64_t less(uint64_t amount, uint64_t taken)
{
	return amount > taken ? amount - taken : 0;
}

static void set_resources(struct arena *arena, const struct node_object_config *config,
			  struct core_node_status *status)
{
	const struct facts *facts = config->facts;
	uint64_t huge = facts->huge_1g_bytes + facts->huge_2m_bytes;

	status->capacity = resources(arena, config, facts->memory_bytes, facts->storage_bytes);
	status->allocatable =
	    resources(arena, config, less(facts->memory_bytes, RESERVED_MEMORY_BYTES + huge),
		      facts->storage_bytes / 100 * (100 - RESERVED_STORAGE_PER_CENT));
}

/* ---- the rest of the status --------------------------------------------------------------------------------------- */

static void set_info(struct arena *arena, const struct node_object_config *config,
		     struct core_node_status *status)
{
	struct core_node_system_info *info = arena_new_of(arena, struct core_node_system_info);

	info->machine_id = str_from(config->facts->machine_id);
	info->system_uuid = str_from(config->facts->system_uuid);
	info->boot_id = str_from(config->facts->boot_id);
	info->kernel_version = str_from(config->facts->kernel);
	info->os_image = str_from(config->facts->os_image);
	info->container_runtime_version = config->runtime;
	info->kubelet_version = STR(API_RELEASE "+troupe");
	info->operating_system = STR("linux");
	info->architecture = str_from(config->facts->architecture);
	if (config->facts->swap_bytes > 0) {
		info->swap = arena_new_of(arena, struct core_node_swap_status);
		SET(info->swap, capacity, (int64_t)config->facts->swap_bytes);
	}
	status->node_info = info;
}

static void set_addresses(struct arena *arena, const struct node_object_config *config,
			  struct core_node_status *status)
{
	struct core_node_address *at = arena_array(arena, struct core_node_address, 2);

	at[0] = (struct core_node_address){ STR("InternalIP"), config->address };
	at[1] = (struct core_node_address){ STR("Hostname"), config->name };
	status->addresses = (struct core_node_address_list){ at, 2 };
}

static void set_endpoint(struct arena *arena, const struct node_object_config *config,
			 struct core_node_status *status)
{
	status->daemon_endpoints = arena_new_of(arena, struct core_node_daemon_endpoints);
	status->daemon_endpoints->kubelet_endpoint =
	    arena_new_of(arena, struct core_daemon_endpoint);
	SET(status->daemon_endpoints->kubelet_endpoint, port, config->port);
}

static void set_condition(struct core_node_condition_list *list, const char *type, bool is_true,
			  struct str reason, struct str message, struct wall now)
{
	struct str status = is_true ? STR("True") : STR("False");
	struct core_node_condition *at = NULL;

	for (uint32_t i = 0; i < list->len && at == NULL; i++)
		if (str_is(list->at[i].type, type))
			at = &list->at[i];
	if (at == NULL)
		at = &list->at[list->len++];
	if (!str_eq(at->status, status))
		SET(at, last_transition_time, now);
	SET(at, last_heartbeat_time, now);
	at->type = str_from(type);
	at->status = status;
	at->reason = reason;
	at->message = message;
}

static void set_conditions(struct arena *arena, const struct node_object_config *config,
			   struct core_node_status *status, struct wall now)
{
	static const struct {
		const char *type, *reason, *message;
	} fine[] = { { "MemoryPressure", "KubeletHasSufficientMemory",
		       "kubelet has sufficient memory available" },
		     { "DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure" },
		     { "PIDPressure", "KubeletHasSufficientPID",
		       "kubelet has sufficient PID available" } };
	struct core_node_condition_list *list = &status->conditions;
	struct core_node_condition *grown =
	    arena_array(arena, struct core_node_condition, list->len + 4);

	if (list->len > 0)
		memcpy(grown, list->at, list->len * sizeof *grown);
	list->at = grown;
	for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
		set_condition(list, fine[i].type, false, str_from(fine[i].reason),
			      str_from(fine[i].message), now);
	if (config->not_ready_why.len == 0)
		set_condition(list, "Ready", true, STR("KubeletReady"),
			      STR("kubelet is posting ready status"), now);
	else
		set_condition(list, "Ready", false, STR("KubeletNotReady"),
			      arena_printf(arena,
					   "container runtime network not ready: "
					   "NetworkReady=false reason:NetworkPluginNotReady "
					   "message:" STR_FMT,
					   STR_ARG(config->not_ready_why)),
			      now);
}

/* Equal but for the times of heartbeats. */
static bool is_same(struct arena *arena, const struct core_node_status *before,
		    const struct core_node_status *after)
{
	struct core_node_status *old = record_clone_shallow(&core_node_status_type, before, arena);
	struct core_node_status *new = record_clone_shallow(&core_node_status_type, after, arena);

	for (uint32_t i = 0; i < old->conditions.len; i++)
		UNSET(&old->conditions.at[i], last_heartbeat_time);
	for (uint32_t i = 0; i < new->conditions.len; i++)
		UNSET(&new->conditions.at[i], last_heartbeat_time);
	return record_equal(&core_node_status_type, old, new);
}

bool node_object_report(struct arena *arena, const struct node_object_config *config,
			struct core_node *node, struct wall now)
{
	struct core_node_status before = *node->status;

	now.ns -= now.ns % TIME_S; /* as it is kept */
	set_resources(arena, config, node->status);
	set_info(arena, config, node->status);
	set_addresses(arena, config, node->status);
	set_endpoint(arena, config, node->status);
	set_conditions(arena, config, node->status, now);
	return !is_same(arena, &before, node->status);
}

/* ---- a new one -------------------------------------------------------------------------------------------------------- */

struct core_node *node_object_new(struct arena *arena, const struct node_object_config *config,
				  struct wall now)
{
	struct core_node *node = record_new(&core_node_type, arena);

	record_fill(&core_node_type, node, arena);
	node->metadata->name = config->name;
	node->spec->taints = (struct core_taint_list){ arena_new_of(arena, struct core_taint), 1 };
	node->spec->taints.at[0] = (struct core_taint){ .key = STR("node.kubernetes.io/not-ready"),
							.effect = STR("NoSchedule") };
	node_object_adopt(arena, config, node);
	node_object_report(arena, config, node, now);
	return node;
}
