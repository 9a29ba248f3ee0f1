/*
 * Pod specs: the rules of what a pod is made of, for pods and for the templates of those who make pods.
 *
 * A whole spec is judged each time, not what changed in it. What is stored and breaks a rule that came later may go on
 * doing so: pod_tolerance says what.
 */
#ifndef ACTORS_KINDS_POD_POD_SPEC_H
#define ACTORS_KINDS_POD_POD_SPEC_H

#include "actors/kinds/kind.h"
#include "actors/kinds/rule.h"
#include "datastore/schema/core.h"

struct pod_tolerance {
	bool is_pod; /* not a template: a few rules are for pods only */
	bool bad_deletion_cost;
	bool bad_selector_values; /* of pod affinity */
	bool bad_node_values;     /* of required node affinity */
	bool bad_spread_selectors;
	bool bad_match_label_keys; /* of topology spread: by the rule before 1.34 */
	bool odd_huge_pages;
	bool token_paths_anywhere;
	bool host_sysctls;
	bool comparing_tolerations; /* Lt, Gt */
	bool users_with_host_network;
	bool users_with_devices;
	bool restart_resize_of_init;
	bool nameless_images; /* of image volumes */
	bool unprivileged_sys_admin;
};

/* All of them false but is_pod when nothing is stored (NULL). */
struct pod_tolerance pod_tolerance_of(struct arena *arena, const struct core_pod_spec *old,
				      const struct meta_object_meta *old_meta, bool is_pod);

/* `meta` is the pod's; NULL for a template. */
void pod_spec_check(const struct path *at, const struct core_pod_spec *spec,
		    const struct meta_object_meta *meta, const struct pod_tolerance *tolerance);
/* Labels, annotations and spec of a template at `at`. */
void pod_spec_check_template(const struct path *at, const struct core_pod_template_spec *template,
			     const struct pod_tolerance *tolerance);
/* Annotations that mean something to pods. */
void pod_spec_check_annotations(const struct path *at, struct str_map annotations,
				const struct core_pod_spec *spec,
				const struct pod_tolerance *tolerance);
/* Annotations of old and their fields agree; only when they are new. */
void pod_spec_check_profiles(const struct path *at, const struct meta_object_meta *meta,
			     const struct core_pod_spec *spec);

/* What is legal and odd; `spec` and `meta` are where they stand. */
void pod_spec_warn(struct kind_change *change, const struct path *spec, const struct path *meta,
		   const struct core_pod_spec *pod, const struct meta_object_meta *metadata,
		   bool is_pod);

/* Annotations that are no more; of a pod or a template, before it is judged. */
void pod_spec_drop(struct kind_change *change, struct meta_object_meta *meta);

/* The same for a template: `template` at `at`. */
void pod_spec_warn_template(struct kind_change *change, const struct path *at,
			    const struct core_pod_template_spec *template);
struct pod_tolerance pod_tolerance_of_template(struct arena *arena,
					       const struct core_pod_template_spec *old);

#endif
