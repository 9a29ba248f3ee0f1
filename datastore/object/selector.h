/*
 * Selectors: which objects a list, a watch, a Service or a ReplicaSet means.
 *
 * Three sources give the same parsed form: the text of a query (labelSelector, fieldSelector), a
 * metav1 LabelSelector, and a plain map (a Service's). Parsed once, matched often; everything parsed lives in the
 * arena given. Bounded by SELECTOR_REQUIREMENTS_MAX and SELECTOR_VALUES_MAX. The grammar is that of
 * apimachinery's labels and fields packages (Kubernetes reference, "Labels and Selectors").
 */
#ifndef DATASTORE_OBJECT_SELECTOR_H
#define DATASTORE_OBJECT_SELECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "datastore/schema/meta.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/fault.h"
#include "runtime/base/str.h"

#define SELECTOR_REQUIREMENTS_MAX \
	256U /* far above any written by hand; bounds the work of one match */
#define SELECTOR_VALUES_MAX 4096U

enum selector_operator {
	SELECTOR_IN,
	SELECTOR_NOT_IN, /* also holds when the key is not there */
	SELECTOR_EXISTS,
	SELECTOR_NOT_EXISTS,
	SELECTOR_GREATER, /* both sides are integers */
	SELECTOR_LESS,
};

struct selector_requirement {
	enum selector_operator relation;
	struct str key;
	const struct str *values;
	uint32_t value_count;
	bool is_set; /* written as one: in (a); the same as =a but for its text */
};

struct selector {
	const struct selector_requirement *at; /* all must hold */
	uint32_t len;
	bool is_nothing; /* matches no object at all, as an absent LabelSelector does */
};

/* No requirement: everything matches. */
#define SELECTOR_ALL ((struct selector){ 0 })

/* `app=web,tier in (a, b),!gone,x!=1,n>5`. BAD_REQUEST with upstream's words. */
MUST_USE enum status selector_parse_labels(struct str text, struct arena *arena,
					   struct selector *out, struct fault *why);
/* `metadata.name=a,status.phase!=Failed`: = == != only; a backslash escapes comma, equals sign and backslash. */
MUST_USE enum status selector_parse_fields(struct str text, struct arena *arena,
					   struct selector *out, struct fault *why);
/* Of an object's spec: NULL selects nothing, an empty one everything. INVALID when an operator is unknown. */
MUST_USE enum status selector_from_label_selector(const struct meta_label_selector *from,
						  struct arena *arena, struct selector *out,
						  struct fault *why);
/* All of these labels: a Service's or ReplicationController's selector. Empty selects everything. */
struct selector selector_from_map(struct str_map map, struct arena *arena);
/* The same with everything that it points to in another arena. */
struct selector selector_copy(const struct selector *from, struct arena *arena);

bool selector_matches_labels(const struct selector *selector, struct str_map labels);

/* The value of a field, "" when it has none. */
typedef struct str selector_field_fn(void *arg, struct str key);
bool selector_matches_fields(const struct selector *selector, selector_field_fn *value_of,
			     void *arg);

/* The only value that the key may have, if the selector says so; else absent. For looking a list up by index or key. */
struct str selector_exact(const struct selector *selector, struct str key);

/* The text form of labels, as upstream prints it (status.selector of a scale): by keys, values in order and once. */
struct str selector_print(const struct selector *selector, struct arena *arena);

#endif
