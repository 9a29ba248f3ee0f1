/*
 * What the files of estimating share. Only for this folder.
 */
#ifndef DATASTORE_CEL_CHECK_ESTIMATE_PRIVATE_H
#define DATASTORE_CEL_CHECK_ESTIMATE_PRIVATE_H

#include "datastore/cel/check/estimate.h"
#include "datastore/cel/library/function.h"

/* Of elements and entries. */
struct estimate_entry {
	bool is_known, is_list;
	struct estimate key, value;
};

/* What is known of a node. */
struct estimate_node {
	struct estimate cost; /* with all below */
	bool has_size;
	struct estimate size;
	struct estimate_entry entry;
	/* The declared type that a path of names leads to, for its size; NULL: there is no path. A path that leads nowhere ends at estimate_nowhere. */
	const struct cel_type *path;
};
extern const struct cel_type estimate_nowhere;

struct estimating {
	const struct cel_type *root;
	struct arena *arena;
	struct estimate_node *locals; /* by slot */
};

/* What a call costs without its arguments (but for those that take only some of them), and how large its result is. */
struct estimate_call {
	struct estimate cost;
	bool has_size;
	struct estimate size;
};
struct estimate_call estimate_function(struct estimating *e, struct node *call,
				       const struct cel_function *function);

/* false: nothing is known of it. */
bool estimate_size(struct estimating *e, const struct node *node, struct estimate *out);
struct estimate estimate_size_or_any(struct estimating *e, const struct node *node);
struct estimate_entry estimate_entry_of(struct estimating *e, const struct node *node);
/* A step on a path: a field, or the elements of a list or map. */
const struct cel_type *estimate_step(const struct estimating *e, const struct cel_type *path,
				     const struct cel_type *next);
const struct cel_type *estimate_path(const struct estimating *e, const struct node *node);
struct estimate_node *estimate_of(struct estimating *e, struct node *node);

/* ---- arithmetic that stays at UINT64_MAX --------------------------------------------------------------------- */

static inline struct estimate estimate_fixed(uint64_t n)
{
	return (struct estimate){ n, n };
}

struct estimate estimate_any(void);
struct estimate estimate_add(struct estimate a, struct estimate b);
struct estimate estimate_multiply(struct estimate a, struct estimate b);
struct estimate estimate_times(struct estimate a, double factor); /* rounded up */
struct estimate estimate_union(struct estimate a, struct estimate b);

#define ESTIMATE_PER_CHARACTER 0.1
#define ESTIMATE_PER_PATTERN_CHARACTER 0.25
#define ESTIMATE_NEW_LIST 10U
#define ESTIMATE_NEW_MAP 30U
#define ESTIMATE_NEW_MESSAGE 40U
#define ESTIMATE_NEW_STRUCT 40U
#define ESTIMATE_CHECK 350000U /* of an authorizer: two are within the limit of a call */

#endif
