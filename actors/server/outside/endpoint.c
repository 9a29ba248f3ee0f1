#include "actors/server/outside/endpoint.h"

#include "datastore/schema/core.h"
#include "datastore/schema/discovery.h"

struct search {
	struct str service, port_name;
	struct act *act;
	struct arena *arena;
	uint32_t slices;
	uint32_t seen; /* addresses so far: each has the same chance */
	struct endpoint *out;
	bool (*likes)(void *arg, const struct discovery_endpoint *endpoint); /* NULL: all */
	void *arg;
};

static const struct core_service_port *port_of(const struct core_service *service, int32_t port)
{
	for (uint32_t i = 0; i < service->spec->ports.len; i++)
		if (service->spec->ports.at[i].port == port)
			return &service->spec->ports.at[i];
	return NULL;
}

static uint16_t slice_port(const struct discovery_endpoint_slice *slice, struct str name)
{
	for (uint32_t i = 0; i < slice->ports.len; i++)
		if (slice->ports.at[i].has.port && str_eq(slice->ports.at[i].name, name))
			return (uint16_t)slice->ports.at[i].port;
	return 0;
}

static bool is_ready(const struct discovery_endpoint *endpoint)
{
	const struct discovery_endpoint_conditions *conditions = endpoint->conditions;

	return conditions == NULL || !conditions->has.ready || conditions->ready;
}

static bool look(void *arg, const struct object *object)
{
	const struct discovery_endpoint_slice *slice = object->record;
	struct search *search = arg;
	uint16_t port;

	if (!str_eq(str_map_get(slice->metadata->labels, STR("kubernetes.io/service-name")),
		    search->service))
		return true;
	search->slices++;
	port = slice_port(slice, search->port_name);
	for (uint32_t i = 0; port != 0 && i < slice->endpoints.len; i++) {
		const struct discovery_endpoint *endpoint = &slice->endpoints.at[i];

		if (!is_ready(endpoint) || endpoint->addresses.len == 0 ||
		    (search->likes != NULL && !search->likes(search->arg, endpoint)))
			continue;
		if (act_random(search->act) % ++search->seen != 0)
			continue;
		search->out->host = arena_str(search->arena, endpoint->addresses.at[0]);
		search->out->port = port;
	}
	return true;
}

enum status endpoint_find(const struct reader *reader, struct act *act, struct arena *arena,
			  struct str namespace, struct str service, int32_t port,
			  struct endpoint *out, struct fault *why)
{
	const struct object *object =
	    reader->get(reader->self, &core_service_type, namespace, service);
	const struct core_service *record = object != NULL ? object->record : NULL;
	const struct core_service_port *found;
	struct search search = { .service = service, .act = act, .arena = arena, .out = out };

	if (record == NULL)
		return fault_set(why, UNAVAILABLE, "ServiceNotFound",
				 "service \"" STR_FMT "\" not found", STR_ARG(service));
	if (str_is(record->spec->type, "ExternalName")) {
		*out = (struct endpoint){ arena_str(arena, record->spec->external_name),
					  (uint16_t)port };
		return OK;
	}
	found = port_of(record, port);
	if (found == NULL)
		return fault_set(why, UNAVAILABLE, "ServicePortError",
				 "no service port %d found for service \"" STR_FMT "\"", port,
				 STR_ARG(service));
	search.port_name = found->name;
	reader->each(reader->self, &discovery_endpoint_slice_type, namespace, look, &search);
	if (search.seen > 0)
		return OK;
	return fault_set(why, UNAVAILABLE,
			 search.slices > 0 ? "MissingEndpoints" : "EndpointsNotFound",
			 "no endpoints available for service \"" STR_FMT "\"", STR_ARG(service));
}

bool endpoint_pick(const struct reader *reader, struct act *act, struct arena *arena,
		   struct str namespace, struct str service, struct str port_name,
		   bool (*likes)(void *arg, const struct discovery_endpoint *endpoint), void *arg,
		   struct endpoint *out)
{
	struct search search = { .service = service,
				 .port_name = port_name,
				 .act = act,
				 .arena = arena,
				 .out = out,
				 .likes = likes,
				 .arg = arg };

	reader->each(reader->self, &discovery_endpoint_slice_type, namespace, look, &search);
	return search.seen > 0;
}
