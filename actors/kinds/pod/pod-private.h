/*
 * What the files that judge a pod spec share. Only for pod-*.c.
 */
#ifndef ACTORS_KINDS_POD_POD_PRIVATE_H
#define ACTORS_KINDS_POD_POD_PRIVATE_H

#include "actors/kinds/pod/pod-spec.h"
#include "actors/kinds/seen.h"

#define POD_MIRROR STR("kubernetes.io/config.mirror")
#define POD_APP_ARMOR STR("container.apparmor.security.beta.kubernetes.io/")

/* One spec while it is judged. */
struct pod_check {
	const struct core_pod_spec *spec;
	const struct meta_object_meta *meta; /* NULL: a template */
	const struct pod_tolerance *tolerance;
	struct seen volumes; /* those without a fault, with their places */
	struct seen claims;
	struct str claim_names; /* as faults list them */
};

/* ---- all containers: init, regular, ephemeral ------------------------------------------------------------- */

struct pod_walk {
	const struct core_pod_spec *spec;
	uint32_t list, index; /* of the one that was given */
	bool has_begun;
	struct str member; /* initContainers, containers, ephemeralContainers */
};

static inline struct pod_walk pod_walk_of(const struct core_pod_spec *spec)
{
	return (struct pod_walk){ .spec = spec };
}

/* NULL ends it. */
const struct core_container *pod_walk_next(struct pod_walk *walk);
#define POD_WALK_PATH(at, walk) PATH_AT(PATH_NAMED(at, (walk)->member), (walk)->index)

/* Ephemeral containers have the members of others in another type of the same shape. */
const struct core_container *pod_ephemeral(const struct core_ephemeral_container *container);

/* ---- parts ------------------------------------------------------------------------------------------------- */

void pod_check_volumes(struct pod_check *check, const struct path *at);
void pod_check_projected(const struct pod_check *check, const struct path *at,
			 const struct core_projected_volume_source *source);
void pod_check_keys(const struct path *at, struct core_key_to_path_list items);
void pod_check_downward_file(const struct path *at,
			     const struct core_downward_api_volume_file *file);
void pod_check_mode(const struct path *at, bool is_set, int32_t mode);
void pod_check_user(const struct path *at, bool is_set, int64_t user);

void pod_check_env(const struct path *at, const struct core_container *container);
void pod_check_field_ref(const struct path *at, const struct core_object_field_selector *ref,
			 bool is_volume);
void pod_check_resource_ref(const struct path *at, const struct core_resource_field_selector *ref,
			    bool is_volume);

void pod_check_containers(struct pod_check *check, const struct path *at);
void pod_check_probes(const struct path *at, const struct core_container *container,
		      const struct core_pod_spec *spec);
void pod_check_container_security(const struct pod_check *check, const struct path *at,
				  const struct core_security_context *sent);
void pod_check_security(const struct pod_check *check, const struct path *at);
void pod_check_system(const struct pod_check *check, const struct path *at); /* os and its members */
void pod_check_resources(const struct pod_check *check, const struct path *at);
void pod_check_scheduling(const struct pod_check *check, const struct path *at);
void pod_check_affinity(const struct path *at, const struct core_affinity *affinity,
			const struct pod_tolerance *tolerance);
void pod_check_spread(const struct path *at, struct core_topology_spread_constraint_list list,
		      const struct pod_tolerance *tolerance);

/* ---- amounts of a pod (pod-resource.c) --------------------------------------------------------------------- */

struct str pod_quality(const struct core_pod_spec *spec); /* Guaranteed, Burstable, BestEffort */
/* What the pod as a whole requests follows from its limits and its containers. */
void pod_default_resources(struct arena *arena, struct core_pod_spec *spec);

/* ---- changes of a stored pod ------------------------------------------------------------------------------- */

void pod_check_change(struct kind_change *change);
void pod_check_status(struct kind_change *change);
void pod_check_ephemeral_change(struct kind_change *change);
void pod_prepare_resize(struct kind_change *change);
void pod_check_resize(struct kind_change *change);
/* Metadata's own rules left aside: annotations, spec and what only pods have. */
void pod_check_all(struct kind_change *change);
void pod_check_annotation_change(struct kind_change *change);
bool pod_is_sidecar(const struct core_container *container); /* an init container that stays */

#endif
