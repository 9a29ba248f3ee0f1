/*
 * A set of fields: which parts of an object somebody owns, as metadata.managedFields keeps it (fieldsV1).
 *
 * A tree in an arena that never changes once it is made; sets share branches. Each node is one step into an object: a
 * member's name, the keys of a list's element, the value of one, or its index. Owning a node says nothing about the nodes below it.
 * Nodes stand in upstream's order: names, keys, values, indices, each ascending; there is no node that is neither owned
 * itself nor has one that is below. Any code may use them. As deep as what they were made of: LIMIT_NESTING.
 */
#ifndef DATASTORE_OBJECT_APPLY_FIELDS_H
#define DATASTORE_OBJECT_APPLY_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

/* In the order in which they sort. */
enum fields_step_kind {
	FIELDS_NAME, /* text: of a member, or a key of a map */
	FIELDS_KEY, /* text: compact JSON, {"containerPort":80,"protocol":"TCP"}, names ascending */
	FIELDS_VALUE, /* text: compact JSON of an element of a set */
	FIELDS_INDEX, /* text: decimal */
};
struct fields_step {
	enum fields_step_kind kind;
	struct str text;
};

struct fields_node;
/* All zero is the empty set. */
struct fields {
	const struct fields_node *at;
	uint32_t len;
};
struct fields_node {
	struct fields_step step;
	bool is_owned;
	struct fields below;
};

/* Reads fieldsV1. Steps of a kind that nobody knows are passed over; equal ones become one. BAD_REQUEST: it is none. */
MUST_USE enum status fields_parse(struct str json, struct arena *arena, struct fields *out,
				  struct fault *why);
/* Appends the set as fieldsV1. */
void fields_write(struct fields set, struct text *out);
/* The set of one field: `spec.replicas`; names only. */
struct fields fields_of_path(struct str path, struct arena *arena);
/* Each owned field as upstream prints paths: `.spec.containers[name="a"].image`; what is owned at one level before what is below. */
struct str *fields_paths(struct fields set, struct arena *arena, uint32_t *count);

bool fields_equal(struct fields a, struct fields b);
bool fields_has_all(struct fields set, struct fields part); /* whether `part` is a part of it */
bool fields_meet(struct fields a, struct fields b);         /* whether both own something */
/* The node of a step, or NULL. */
const struct fields_node *fields_find(struct fields set, struct fields_step step);

struct fields fields_union(struct arena *arena, struct fields a, struct fields b);
struct fields fields_intersection(struct arena *arena, struct fields a, struct fields b);
/* What `a` owns and `b` does not, node by node. */
struct fields fields_difference(struct arena *arena, struct fields a, struct fields b);
/* The same, and nothing that is below a node that `b` owns. */
struct fields fields_difference_deep(struct arena *arena, struct fields a, struct fields b);

/* Makes one level of a set; nodes may be added in any order. */
struct fields_builder {
	struct arena *arena;
	struct fields_node *at;
	uint32_t len, cap;
	bool is_unsorted;
};
/* Of a node that is not owned and has nothing below: nothing. The text of the step is borrowed. */
void fields_add(struct fields_builder *builder, struct fields_step step, bool is_owned,
		struct fields below);
struct fields fields_built(struct fields_builder *builder);

#endif
