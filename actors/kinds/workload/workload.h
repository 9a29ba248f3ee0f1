/*
 * Workloads: what kinds have in common that make pods from a template and report how many there are.
 */
#ifndef ACTORS_KINDS_WORKLOAD_WORKLOAD_H
#define ACTORS_KINDS_WORKLOAD_WORKLOAD_H

#include "actors/kinds/kind.h"
#include "actors/kinds/pod/pod-spec.h"
#include "actors/kinds/rule.h"

/* ---- the selector and the template ------------------------------------------------------------------------- */

/* There, well formed, and not every pod; `spec` holds it. False: it cannot be asked about pods. One that is missing can. */
bool workload_check_selector(const struct path *spec, const struct meta_label_selector *selector,
			     const char *words_for_empty);
/* The template's pods are those that the selector means. Only after it was found good. */
void workload_check_labels(const struct path *template, const struct meta_label_selector *selector,
			   struct str_map labels);
/* Pods that run until they are taken away; `title` is the kind. */
void workload_check_endless(const struct path *template, const struct core_pod_spec *spec,
			    const char *title);
/* All three for the kinds that count replicas. */
void workload_check_replicated(const struct path *spec, const struct meta_label_selector *selector,
			       const struct core_pod_template_spec *template,
			       const struct pod_tolerance *tolerance);

/* A strategy as faults show it; the update NULL when it has none. */
struct str workload_shown_strategy(const struct path *at, struct str type,
				   const struct int_or_string *max_unavailable,
				   const struct int_or_string *max_surge);

/* What is unwise in spec.template. */
void workload_warn_of_template(struct kind_change *change,
			       const struct core_pod_template_spec *template);
/* Its name becomes part of the names of pods. */
void workload_warn_of_name(struct kind_change *change);

/* A number that stands in an annotation. False: it is none, and the change is refused as one that does not decode. */
bool workload_read_number(struct kind_change *change, struct str annotation, const char *prefix,
			  int64_t *out);

/* ---- how many -------------------------------------------------------------------------------------------------- */

/* The members of a status that are not negative. */
void workload_check_counts(const struct path *at, const struct type *type, const void *status,
			   const char *const *members, size_t count);
/* The members that are at most as much as another one. */
void workload_check_most(const struct path *at, const struct type *type, const void *status,
			 const char *const *members, size_t count, const char *most,
			 const char *words);
/* Replicas of which `part`, those that are ready and those that are available are some; who is available is ready. */
void workload_check_available(const struct path *at, const struct type *type, const void *status,
			      const char *part);
/* status.collisionCount only grows. */
void workload_check_collisions(const struct path *at, const struct type *type, const void *status,
			       const void *old);

#endif
