#include "actors/controller/service.h"

bool service_has_selector(const struct core_service *service)
{
	return service->spec->selector.len > 0 && !str_is(service->spec->type, "ExternalName");
}

static bool selects(const struct core_service *service, struct str_map labels)
{
	struct str_map selector = service->spec->selector;

	for (uint32_t i = 0; i < selector.len; i++)
		if (!str_eq(str_map_get(labels, selector.at[i].key), selector.at[i].value))
			return false;
	return selector.len > 0;
}

void service_wake_for_pod(const struct world *world, const struct object *object,
			  const struct object *old, struct wake *to)
{
	const struct core_pod *pod = object->record, *before = old ? old->record : NULL;
	struct records services = world_list(world, pod->metadata->namespace, core_service);

	for (uint32_t i = 0; i < services.len; i++) {
		const struct core_service *service = record_at(services, i, core_service);

		if (selects(service, pod->metadata->labels) ||
		    (before != NULL && selects(service, before->metadata->labels)))
			wake_key(to, service->metadata->namespace, service->metadata->name);
	}
}
