/*
 * Functions of CEL: what they are called, what they take and give, what they cost, and what they do.
 *
 * The checker looks them up by name, the evaluation calls them. They are rows of constant tables, one a library, listed in function.c. A function
 * gets arguments of the kinds of its signature, never an error, and gives an error value where it cannot do it. Whatever it makes lies in the arena of
 * the call and is bounded: what could be large asks cel_call_room() first. No function keeps anything, but for patterns that are constant in an expression.
 */
#ifndef DATASTORE_CEL_LIBRARY_FUNCTION_H
#define DATASTORE_CEL_LIBRARY_FUNCTION_H

#include "datastore/cel/value/value.h"
#include "runtime/base/collection/map.h"

/* How its cost counts, before (check/estimate.h) and while it runs (evaluate/price.h); and what the evaluation does itself. */
enum price {
	PRICE_ONE,
	PRICE_AND, /* done by the evaluation, as all down to PRICE_INDEX */
	PRICE_OR,
	PRICE_CONDITIONAL,
	PRICE_NOT_FALSE,
	PRICE_OR_OPTIONAL,
	PRICE_OR_VALUE,
	PRICE_INDEX_LIST,
	PRICE_INDEX_MAP,
	PRICE_DYN,
	PRICE_EQUALS,
	PRICE_COMPARE, /* of strings and bytes: as long as the shorter one */
	PRICE_IN_LIST,
	PRICE_ADD_TEXT,
	PRICE_ADD_LIST,
	PRICE_CONVERT,     /* one; of a constant: none */
	PRICE_TO_BYTES,    /* of a string, up to four times as long */
	PRICE_TO_STRING,   /* of bytes */
	PRICE_SCAN_FORMAT, /* string.format() */
	PRICE_SCAN_SECOND, /* startsWith, endsWith: as long as what is looked for */
	PRICE_CONTAINS,    /* product of the two */
	PRICE_MATCHES,
	PRICE_FIND,
	PRICE_SCAN,      /* once through the first argument */
	PRICE_SCAN_SAME, /* the same, and the result is as long */
	PRICE_SCAN_TWICE,
	PRICE_QUOTE,
	PRICE_REPLACE,
	PRICE_SPLIT,
	PRICE_JOIN,
	PRICE_TRAVERSE, /* through a list or string and what is in it */
	PRICE_SLICE,
	PRICE_FLATTEN,
	PRICE_RANGE,
	PRICE_REVERSE,
	PRICE_DISTINCT,
	PRICE_SORT,
	PRICE_SORT_BY,
	PRICE_SETS,
	PRICE_SETS_TWICE,
	PRICE_CONTAINS_IP,
	PRICE_CONTAINS_IP_TEXT,
	PRICE_CONTAINS_CIDR,
	PRICE_CONTAINS_CIDR_TEXT,
	PRICE_VALIDATE,
	PRICE_SELECTOR,
	PRICE_CHECK,
};

/* What an authorizer is asked. Absent parts were not said. */
struct cel_access {
	struct str path; /* else a resource */
	struct str group, resource, subresource, namespace, name;
	struct str service_account; /* system:serviceaccount:ns:name; absent: who made the request */
	struct str field_selector, label_selector;
	struct str verb;
};
struct cel_decision {
	bool is_allowed;
	struct str reason, error; /* the arena's */
};
struct cel_authorizer {
	void (*decide)(void *arg, const struct cel_access *access, struct arena *arena,
		       struct cel_decision *out);
	void *arg;
};

struct cel_call {
	struct arena *arena;
	size_t begin_bytes, max_bytes; /* of the arena: when it began, what it may take */
	struct map *patterns;          /* compiled ones by text; NULL: none are kept */
	bool may_keep;                 /* the pattern is a constant of the expression */
	uint32_t count;                /* of arguments */
};

struct cel_function {
	const char *name;
	const char *signature; /* value/type.h */
	struct cel_value (*call)(struct cel_call *call, const struct cel_value *args);
	enum price price;
};

/*
 * The rows of a name, at most `max`; gives their number. 0: there is no such function. `makes_messages`: those of mutations, too.
 */
uint32_t cel_function_find(struct str name, bool makes_messages, const struct cel_function **out,
			   uint32_t max);
#define FUNCTION_OVERLOADS_MAX 24U

/* false: it would take too much memory, which `out` says. */
bool cel_call_room(const struct cel_call *call, uint64_t more_bytes, struct cel_value *out);

/* ---- the tables, one a file -------------------------------------------------------------------------------- */

struct cel_function_table {
	const struct cel_function *at;
	uint32_t len;
};
extern const struct cel_function_table cel_functions_operator, cel_functions_compare,
    cel_functions_convert, cel_functions_string, cel_functions_list, cel_functions_set,
    cel_functions_time, cel_functions_regex, cel_functions_optional, cel_functions_address,
    cel_functions_url, cel_functions_quantity, cel_functions_semver, cel_functions_name_format,
    cel_functions_authorize, cel_functions_json_patch;
#define CEL_FUNCTION_TABLE(name, rows) \
	const struct cel_function_table name = { rows, sizeof(rows) / sizeof *(rows) }

#endif
