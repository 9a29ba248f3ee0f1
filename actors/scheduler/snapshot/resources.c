#include "actors/scheduler/snapshot/resources.h"

#include "datastore/object/quantity.h"
#include "datastore/schema/type.h"

/* What a container without a request counts as when nodes are scored (upstream's pod_resources.go). */
#define DEFAULT_CPU_NANO ((__int128)100 * 1000000)
#define DEFAULT_MEMORY_NANO ((__int128)200 * 1024 * 1024 * 1000000000)

/* Amounts by name while they are added up, in units of 10^-9. */
struct tally {
	struct arena *arena;
	struct tally_row {
		struct str name;
		__int128 nano;
	} * at;
	uint32_t len, cap;
};

static struct tally_row *row_of(struct tally *tally, struct str name)
{
	for (uint32_t i = 0; i < tally->len; i++)
		if (str_eq(tally->at[i].name, name))
			return &tally->at[i];
	if (tally->len == tally->cap) {
		uint32_t cap = tally->cap ? 2 * tally->cap : 4;

		tally->at = arena_grow(tally->arena, tally->at, tally->cap * sizeof *tally->at,
				       cap * sizeof *tally->at);
		tally->cap = cap;
	}
	tally->at[tally->len] = (struct tally_row){ name, 0 };
	return &tally->at[tally->len++];
}

static void add_list(struct tally *tally, struct str_map list)
{
	for (uint32_t i = 0; i < list.len; i++)
		row_of(tally, list.at[i].key)->nano += quantity_of(list.at[i].value).nano;
}

static void add_tally(struct tally *tally, const struct tally *more)
{
	for (uint32_t i = 0; i < more->len; i++)
		row_of(tally, more->at[i].name)->nano += more->at[i].nano;
}

static void raise_to(struct tally *tally, const struct tally *other)
{
	for (uint32_t i = 0; i < other->len; i++) {
		struct tally_row *row = row_of(tally, other->at[i].name);

		if (row->nano < other->at[i].nano)
			row->nano = other->at[i].nano;
	}
}

/* ---- one container ---------------------------------------------------------------------------------- */

/* Where a container's requests are read while a resize may be under way. */
enum source { SOURCE_SPEC, SOURCE_ALLOCATED, SOURCE_ACTUATED };

struct reading {
	const struct core_pod *pod;
	enum source source;
	bool is_infeasible; /* the resize in the spec was refused: the spec does not count */
	bool is_at_least;
};

static const struct core_container_status *status_of(const struct core_pod *pod, struct str name)
{
	const struct core_container_status_list *lists[] = { &pod->status->container_statuses,
							     &pod->status->init_container_statuses };

	for (uint32_t i = 0; i < 2; i++)
		for (uint32_t j = 0; j < lists[i]->len; j++)
			if (str_eq(lists[i]->at[j].name, name))
				return &lists[i]->at[j];
	return NULL;
}

static struct str_map requests_of(const struct reading *reading,
				  const struct core_container *container)
{
	static const struct str_map none = { NULL, 0 };
	struct str_map spec = container->resources ? container->resources->requests : none;
	const struct core_container_status *status;

	if (reading->source == SOURCE_SPEC)
		return spec;
	status = reading->pod->status ? status_of(reading->pod, container->name) : NULL;
	if (reading->source == SOURCE_ACTUATED && status != NULL && status->resources != NULL &&
	    status->resources->requests.at != NULL)
		return status->resources->requests;
	if (status != NULL && status->allocated_resources.at != NULL)
		return status->allocated_resources;
	return reading->is_infeasible ? none : spec;
}

static void add_missing(struct tally *tally, struct str_map requests, struct str name, __int128 nano)
{
	if (str_map_get(requests, name).at == NULL)
		row_of(tally, name)->nano += nano;
}

static void add_container(struct tally *tally, const struct reading *reading,
			  const struct core_container *container)
{
	struct str_map requests = requests_of(reading, container);

	add_list(tally, requests);
	if (!reading->is_at_least)
		return;
	add_missing(tally, requests, STR("cpu"), DEFAULT_CPU_NANO);
	add_missing(tally, requests, STR("memory"), DEFAULT_MEMORY_NANO);
}

/* ---- a pod ------------------------------------------------------------------------------------------- */

/* An init container runs beside the sidecars before it; a sidecar also beside the containers. */
static void add_init_containers(struct tally *tally, const struct reading *reading)
{
	const struct core_container_list *list = &reading->pod->spec->init_containers;
	struct tally sidecars = { .arena = tally->arena }, most = { .arena = tally->arena };

	for (uint32_t i = 0; i < list->len; i++) {
		struct tally one = { .arena = tally->arena };

		add_container(&one, reading, &list->at[i]);
		if (str_is(list->at[i].restart_policy, "Always")) {
			add_tally(tally, &one);
			add_tally(&sidecars, &one);
			raise_to(&most, &sidecars);
		} else {
			add_tally(&one, &sidecars);
			raise_to(&most, &one);
		}
	}
	raise_to(tally, &most);
}

static struct tally containers_of(const struct reading *reading, struct arena *arena)
{
	struct tally tally = { .arena = arena };
	const struct core_container_list *list = &reading->pod->spec->containers;

	for (uint32_t i = 0; i < list->len; i++)
		add_container(&tally, reading, &list->at[i]);
	add_init_containers(&tally, reading);
	return tally;
}

static bool is_infeasible(const struct core_pod *pod)
{
	for (uint32_t i = 0; pod->status != NULL && i < pod->status->conditions.len; i++)
		if (str_is(pod->status->conditions.at[i].type, "PodResizePending"))
			return str_is(pod->status->conditions.at[i].reason, "Infeasible");
	return false;
}

static struct tally read_containers(struct reading reading, enum resources_view view,
				    struct arena *arena)
{
	struct tally tally = { .arena = arena }, other;

	if (view == RESOURCES_WANTED)
		return containers_of(&reading, arena);
	reading.is_infeasible = is_infeasible(reading.pod);
	if (!reading.is_infeasible)
		tally = containers_of(&reading, arena);
	reading.source = SOURCE_ALLOCATED;
	other = containers_of(&reading, arena);
	raise_to(&tally, &other);
	reading.source = SOURCE_ACTUATED;
	other = containers_of(&reading, arena);
	raise_to(&tally, &other);
	return tally;
}

/* Whether any container is being resized or was: else all three sources say the same. */
static bool has_grants(const struct core_pod *pod)
{
	if (pod->status == NULL)
		return false;
	for (uint32_t i = 0; i < pod->status->container_statuses.len; i++)
		if (pod->status->container_statuses.at[i].resources != NULL ||
		    pod->status->container_statuses.at[i].allocated_resources.at != NULL)
			return true;
	return pod->status->init_container_statuses.len > 0;
}

static bool is_pod_level(struct str name)
{
	return str_is(name, "cpu") || str_is(name, "memory") || str_starts(name, STR("hugepages-"));
}

static void set_pod_level(struct tally *tally, const struct core_pod *pod)
{
	struct str_map own =
	    pod->spec->resources ? pod->spec->resources->requests : (struct str_map){ NULL, 0 };

	for (uint32_t i = 0; i < own.len; i++)
		if (is_pod_level(own.at[i].key))
			row_of(tally, own.at[i].key)->nano = quantity_of(own.at[i].value).nano;
}

static struct tally tally_of(const struct core_pod *pod, enum resources_view view, bool is_at_least,
			     struct arena *arena)
{
	struct tally tally;

	if (view == RESOURCES_USED && !has_grants(pod) && !is_infeasible(pod))
		view = RESOURCES_WANTED;
	tally = read_containers((struct reading){ .pod = pod, .is_at_least = is_at_least }, view,
				arena);
	set_pod_level(&tally, pod);
	add_list(&tally, pod->spec->overhead);
	return tally;
}

/* ---- in the units of scheduling ------------------------------------------------------------------------ */

static bool is_scalar(struct str name)
{
	if (str_find(name, STR("kubernetes.io/")) >= 0)
		return true;
	if (str_starts(name, STR("hugepages-")) || str_starts(name, STR("attachable-volumes-")))
		return true;
	return str_find_char(name, '/') >= 0 && !str_starts(name, STR("requests."));
}

static void put(struct resources *into, struct str name, struct quantity amount)
{
	if (str_is(name, "cpu"))
		into->cpu_milli = quantity_milli(amount);
	else if (str_is(name, "memory"))
		into->memory_bytes = quantity_value(amount);
	else if (str_is(name, "ephemeral-storage"))
		into->storage_bytes = quantity_value(amount);
	else if (str_is(name, "pods"))
		into->pods = quantity_value(amount);
	else if (is_scalar(name))
		into->scalars[into->scalar_count++] =
		    (struct resource_scalar){ name, quantity_value(amount) };
}

static struct resources resources_of_tally(const struct tally *tally, struct arena *arena)
{
	struct resources out = { .scalars = arena_array(arena, struct resource_scalar, tally->len) };

	for (uint32_t i = 0; i < tally->len; i++)
		put(&out, tally->at[i].name,
		    (struct quantity){ tally->at[i].nano, QUANTITY_DECIMAL });
	return out;
}

struct resources resources_of_list(struct str_map list, struct arena *arena)
{
	struct tally tally = { .arena = arena };

	add_list(&tally, list);
	return resources_of_tally(&tally, arena);
}

struct resources resources_of_pod(const struct core_pod *pod, enum resources_view view,
				  struct arena *arena)
{
	struct tally tally = tally_of(pod, view, false, arena);

	return resources_of_tally(&tally, arena);
}

struct resources resources_at_least(const struct core_pod *pod, enum resources_view view,
				    struct arena *arena)
{
	struct tally tally = tally_of(pod, view, true, arena);
	struct resources all = resources_of_tally(&tally, arena);

	return (struct resources){ .cpu_milli = all.cpu_milli, .memory_bytes = all.memory_bytes };
}

int64_t resources_scalar(const struct resources *of, struct str name)
{
	for (uint32_t i = 0; i < of->scalar_count; i++)
		if (str_eq(of->scalars[i].name, name))
			return of->scalars[i].amount;
	return 0;
}

bool resources_are_none(const struct resources *of)
{
	return of->cpu_milli == 0 && of->memory_bytes == 0 && of->storage_bytes == 0 &&
	       of->scalar_count == 0;
}

/* Wraps around as upstream's sums do: absurd requests of pods that nobody scheduled must not end us, and are taken off again. */
static int64_t sum_of(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

void resources_add(struct resources *to, const struct resources *more)
{
	to->cpu_milli = sum_of(to->cpu_milli, more->cpu_milli);
	to->memory_bytes = sum_of(to->memory_bytes, more->memory_bytes);
	to->storage_bytes = sum_of(to->storage_bytes, more->storage_bytes);
}

void resources_take(struct resources *from, const struct resources *less)
{
	from->cpu_milli = sum_of(from->cpu_milli, -less->cpu_milli);
	from->memory_bytes = sum_of(from->memory_bytes, -less->memory_bytes);
	from->storage_bytes = sum_of(from->storage_bytes, -less->storage_bytes);
}
