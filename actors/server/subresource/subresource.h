/*
 * Subresources and resources that are computed. Only for actors/server.
 */
#ifndef ACTORS_SERVER_SUBRESOURCE_SUBRESOURCE_H
#define ACTORS_SERVER_SUBRESOURCE_SUBRESOURCE_H

#include "actors/server/request.h"

extern const struct verb_steps binding_steps, scale_get_steps, scale_update_steps,
    scale_patch_steps, token_request_steps, component_status_get_steps, component_status_list_steps,
    binding_collection_steps, eviction_steps, pod_log_steps, pod_connect_steps;
/* Of a subresource that is not just another strategy: scale, binding, eviction, token; NULL: no special one. */
const struct verb_steps *subresources_steps(const struct resource *resource, struct str subresource,
					    enum verb verb);

/* binding.c: in the place of one of the same type, with the time of now. */
struct core_pod;
struct core_pod_condition;
void binding_set_condition(struct request *r, struct core_pod *pod,
			   struct core_pod_condition condition);

/* pod-connect.c: which container is meant, the only one if none is named; DONE: it is not clear, or not there. */
enum next pod_connect_container(struct request *r, const struct core_pod *pod, struct str *name);

#endif
