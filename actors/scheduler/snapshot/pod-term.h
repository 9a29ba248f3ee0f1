/*
 * Terms between pods: "pods with these labels in those namespaces, as near as this topology key says". Parsed once per pod.
 */
#ifndef ACTORS_SCHEDULER_SNAPSHOT_POD_TERM_H
#define ACTORS_SCHEDULER_SNAPSHOT_POD_TERM_H

#include "actors/controller/world.h"
#include "datastore/object/selector.h"
#include "datastore/schema/core.h"
#include "runtime/base/base.h"

struct pod_info;

struct pod_term {
	struct str topology_key;
	struct str_list namespaces;
	struct selector in;   /* further namespaces, by their labels; is_nothing: none */
	struct selector pods; /* of one that cannot be read: is_nothing */
	uint64_t bits;        /* pod_term_bits() of it */
	int32_t weight;       /* of preferred terms */
};

struct pod_terms {
	struct pod_term *at;
	uint32_t len;
};

/* `own_namespace` is meant when a term names none. Strings are borrowed from the record. */
struct pod_terms pod_term_list(const struct core_pod_affinity_term_list *terms,
			       struct str own_namespace, struct arena *arena);
struct pod_terms pod_term_weighted_list(const struct core_weighted_pod_affinity_term_list *terms,
					struct str own_namespace, struct arena *arena);

/*
 * One bit of 64 for each label of a pod, and those that every pod has which a selector means: where one is missing there is no
 * need to compare strings. Most pods are told apart by this alone.
 */
uint64_t pod_term_label_bits(struct str_map labels);
uint64_t pod_term_bits(const struct selector *selector);

/* `world` tells the labels of namespaces; NULL: they have none. */
bool pod_term_matches(const struct pod_term *term, const struct pod_info *pod,
		      const struct world *world);
/* No terms match nothing. */
bool pod_terms_match_all(struct pod_terms terms, const struct pod_info *pod,
			 const struct world *world);
bool pod_terms_match_any(struct pod_terms terms, const struct pod_info *pod,
			 const struct world *world);

#endif
