/*
 * Types of CEL: what a value is, as the checker knows it before there is one.
 *
 * Any room of datastore/cel uses them. Types are immutable and lie in the arena of whoever made them, or are constant. Two are the same when
 * kind, name and parameters are: what a type knows besides (fields, sizes) is no part of its identity.
 */
#ifndef DATASTORE_CEL_VALUE_TYPE_H
#define DATASTORE_CEL_VALUE_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

/* kind, name in faults and signatures, name of the type as a value */
#define CEL_KIND_MAP(X)                                                   \
	X(CEL_ERROR, "!error!", "!error!")                                \
	X(CEL_DYN, "dyn", "dyn")                                          \
	X(CEL_PARAM, "", "")                                              \
	X(CEL_NULL, "null", "null_type")                                  \
	X(CEL_BOOL, "bool", "bool")                                       \
	X(CEL_INT, "int", "int")                                          \
	X(CEL_UINT, "uint", "uint")                                       \
	X(CEL_DOUBLE, "double", "double")                                 \
	X(CEL_STRING, "string", "string")                                 \
	X(CEL_BYTES, "bytes", "bytes")                                    \
	X(CEL_TIMESTAMP, "timestamp", "google.protobuf.Timestamp")        \
	X(CEL_DURATION, "duration", "google.protobuf.Duration")           \
	X(CEL_LIST, "list", "list")                                       \
	X(CEL_MAP, "map", "map")                                          \
	X(CEL_OBJECT, "object", "object")                                 \
	X(CEL_TYPE, "type", "type")                                       \
	X(CEL_OPTIONAL, "optional_type", "optional_type")                 \
	X(CEL_QUANTITY, "kubernetes.Quantity", "kubernetes.Quantity")     \
	X(CEL_IP, "net.IP", "net.IP")                                     \
	X(CEL_CIDR, "net.CIDR", "net.CIDR")                               \
	X(CEL_URL, "kubernetes.URL", "kubernetes.URL")                    \
	X(CEL_SEMVER, "kubernetes.Semver", "kubernetes.Semver")           \
	X(CEL_FORMAT, "kubernetes.NamedFormat", "kubernetes.NamedFormat") \
	X(CEL_AUTHORIZER, "kubernetes.authorization.Authorizer",          \
	  "kubernetes.authorization.Authorizer")                          \
	X(CEL_PATH_CHECK, "kubernetes.authorization.PathCheck",           \
	  "kubernetes.authorization.PathCheck")                           \
	X(CEL_GROUP_CHECK, "kubernetes.authorization.GroupCheck",         \
	  "kubernetes.authorization.GroupCheck")                          \
	X(CEL_RESOURCE_CHECK, "kubernetes.authorization.ResourceCheck",   \
	  "kubernetes.authorization.ResourceCheck")                       \
	X(CEL_DECISION, "kubernetes.authorization.Decision", "kubernetes.authorization.Decision")

enum cel_kind {
#define X(name, text, full) name,
	CEL_KIND_MAP(X)
#undef X
};
#define CEL_KIND_COUNT (CEL_DECISION + 1)

struct cel_type;

struct cel_field {
	struct str name; /* as expressions write it: escaped */
	const struct cel_type *type;
};

struct cel_type {
	enum cel_kind kind;
	struct str name;                /* of objects and of parameters; else absent */
	const struct cel_type *param;   /* of lists, optionals, types; of maps that of the keys */
	const struct cel_type *value;   /* of maps */
	const struct cel_field *fields; /* of objects: ascending by name, unless `find` is there */
	uint32_t field_count;
	uint64_t max_size; /* of what it can hold: characters, elements; 0 of scalars and objects */
	/* The type of a field of an object that is made when it is asked for; NULL: there is none. */
	const struct cel_type *(*find)(const struct cel_type *type, struct str name,
				       struct arena *arena);
	const void *source; /* what `find` reads */
	uint32_t weight; /* how many types it is made of, parts that are shared counted each time */
};

/* Of a kind without parameters; of lists and their like with `dyn`. Constant. */
const struct cel_type *cel_type_of(enum cel_kind kind);
const struct cel_type *cel_type_list(struct arena *arena, const struct cel_type *item);
const struct cel_type *cel_type_map(struct arena *arena, const struct cel_type *key,
				    const struct cel_type *value);
const struct cel_type *cel_type_optional(struct arena *arena, const struct cel_type *inner);
const struct cel_type *cel_type_with(struct arena *arena, enum cel_kind kind,
				     const struct cel_type *inner); /* one parameter */

/* After its parts are set. Types that grow with each step of an expression are told by it. */
void cel_type_weigh(struct cel_type *type);
#define CEL_TYPE_WEIGHT_MAX 4096U

bool cel_type_equal(const struct cel_type *a, const struct cel_type *b);
/* The field of an object; NULL: it has none of this name. */
const struct cel_type *cel_type_field(const struct cel_type *type, struct str name,
				      struct arena *arena);
/* As faults show it: `map(string, list(int))`. */
void cel_type_write(const struct cel_type *type, struct text *out);
/* The name that the type has as a value: `google.protobuf.Timestamp`. */
struct str cel_type_name(const struct cel_type *type);

/*
 * A signature like "(string,list(A))bool", or ".(string,int)string" of a member function, whose target is the first argument. A capital is a
 * parameter. Signatures are constants of the library, so what is no signature is a bug.
 */
#define CEL_ARGS_MAX 4
struct cel_signature {
	bool is_member;
	uint32_t count;
	const struct cel_type *args[CEL_ARGS_MAX];
	const struct cel_type *result;
};
struct cel_signature cel_signature_read(const char *text, struct arena *arena);

#endif
