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

/* scale-owners.c: the owners of a workload that are owners of its scale, what a change makes of them, and the workload's then. */
struct autoscaling_scale;
struct meta_managed_fields_entry_list scale_owners(struct request *r,
						   const struct meta_object_meta *meta);
void scale_owners_track(struct request *r, const struct autoscaling_scale *live,
			struct autoscaling_scale *scale);
struct meta_managed_fields_entry_list scale_owners_back(struct request *r,
							const struct meta_object_meta *workload_meta,
							const struct meta_object_meta *scale_meta);

/* token-request.c: a token for the account, good as long as that Secret is there. */
struct core_service_account;
MUST_USE enum status token_request_for_secret(struct request *r,
					      const struct core_service_account *account,
					      const struct meta_object_meta *secret,
					      struct str *out);
/* token-secret.c: of a write that is judged; gives the Secret the token that it asks for by its type. */
void token_secret_fill(struct request *r);

/* pod-connect.c: which container is meant, the only one if none is named; DONE: it is not clear, or not there. */
enum next pod_connect_container(struct request *r, const struct core_pod *pod, struct str *name);

#endif
