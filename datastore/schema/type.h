/*
 * Types: the tables that describe every record, so that each walker is written once.
 *
 * Any code above may read them. A type of the built-in API is generated from a .schema file and constant;
 * a type of a CustomResourceDefinition is built at run time (build.h) and belongs to a counted
 * `struct type_set`. No walker may tell them apart: compare names, never addresses of tables. Tables point to each
 * other by distances (distance.h); what is there is given by accessors of the same name: type_fields(type), field_name(field).
 *
 * A record is one block of memory laid out by its type:
 *   - scalars (bool, numbers, times, durations, intOrString) stand in it; whether one is present says its
 *     bit in the `has` member, which is the first member of every struct with a scalar;
 *   - strings, bytes, quantities (canonical text), raw, json, any and fieldsV1 (JSON bytes as they were
 *     received) are `struct str`: absent is `at == NULL`;
 *   - a message is a pointer, absent is NULL; an inlined message is one too, its JSON members stand in its parent;
 *   - a list is {at, len}, its elements stand side by side, messages too; absent is `at == NULL`, an
 *     empty one has some other address;
 *   - a map is an array of {key, value} in ascending order of keys.
 * A block of zero bytes is a record with nothing in it.
 */
#ifndef DATASTORE_SCHEMA_TYPE_H
#define DATASTORE_SCHEMA_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datastore/schema/distance.h"
#include "runtime/base/arena.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/time/time.h"

/* What one value is. Up to KIND_INT_OR_STRING they have a presence bit; from KIND_STRING to KIND_ANY they are a struct str. */
enum kind {
	KIND_BOOL,
	KIND_INT32,
	KIND_INT64,
	KIND_UINT32,
	KIND_UINT64,
	KIND_DOUBLE,
	KIND_TIME,          /* struct wall; whole seconds */
	KIND_MICRO_TIME,    /* struct wall; microseconds */
	KIND_DURATION,      /* int64_t nanoseconds */
	KIND_INT_OR_STRING, /* struct int_or_string */
	KIND_STRING,
	KIND_BYTES,     /* as they are; base64 only in JSON */
	KIND_QUANTITY,  /* canonical text */
	KIND_RAW,       /* any JSON; protobuf: message with the bytes */
	KIND_JSON,      /* the same with another null rule */
	KIND_FIELDS_V1, /* a JSON object */
	KIND_ANY,       /* any JSON; never in protobuf */
	KIND_MESSAGE,
};
#define KIND_COUNT (KIND_MESSAGE + 1)

/* How often the value stands in the field. */
enum shape { SHAPE_ONE, SHAPE_LIST, SHAPE_MAP };

struct int_or_string {
	bool is_string;
	int32_t number;    /* 0 when it is a string */
	struct str string; /* absent when it is a number */
};

/* Lists and maps of values that are no messages. Those of messages are generated beside their struct. */
struct str_list {
	struct str *at;
	uint32_t len;
};
struct bool_list {
	bool *at;
	uint32_t len;
};
struct int32_list {
	int32_t *at;
	uint32_t len;
};
struct int64_list {
	int64_t *at;
	uint32_t len;
};
struct double_list {
	double *at;
	uint32_t len;
};
struct str_entry {
	struct str key, value;
};
struct str_map {
	struct str_entry *at;
	uint32_t len;
};
struct wall_entry {
	struct str key;
	struct wall value;
};
struct wall_map {
	struct wall_entry *at;
	uint32_t len;
};
bool str_list_has(struct str_list list, struct str value);
/* The value of a key, absent without one. */
struct str str_map_get(struct str_map map, struct str key);
bool str_map_equal(struct str_map a, struct str_map b);
/* Whether all entries of the part are in the map, too. */
bool str_map_has_all(struct str_map map, struct str_map part);
/* Both leave the old array alone, which other records may share; key and value are borrowed. */
void str_map_put(struct str_map *map, struct arena *arena, struct str key, struct str value);
bool str_map_remove(struct str_map *map, struct arena *arena, struct str key);

/* What a walker takes any list or map for: `len` blocks of field_stride() bytes; a map's begin with their key. */
struct block_list {
	void *at;
	uint32_t len;
};

/* Sets a scalar and its bit: SET(deployment->spec, replicas, 0). */
#define SET(record, field, ...) \
	((void)((record)->has.field = true), (void)((record)->field = (__VA_ARGS__)))
/* Makes a scalar absent. */
#define UNSET(record, field)                  \
	((void)((record)->has.field = false), \
	 (void)memset(&(record)->field, 0, sizeof((record)->field)))
/* The message behind a pointer, made in the arena if it was absent: MAKE(pod->spec, arena)->host_network. */
#define MAKE(pointer, arena)   \
	((pointer) ? (pointer) \
		   : ((pointer) = (__typeof__(pointer))arena_zalloc((arena), sizeof *(pointer))))

/* Values that a string may have: closed for `enum` (others are invalid), else merely known. */
struct known_value {
	struct text_distance text;
	struct text_distance gate; /* only with this feature gate; else absent */
};
struct known_values {
	struct text_distance name;
	struct distance at;
	uint32_t len;
	bool is_closed;
	bool is_enforced; /* a declarative validation marker says so; else the kind's own rules do */
};

/* Declarative validation: what a marker asks, where below the field, and when. */
enum mark_stage { MARK_ALWAYS, MARK_BETA, MARK_ALPHA }; /* ALPHA is compared only, never enforced */
enum mark_step_kind {
	STEP_SUBFIELD,    /* member `arg` */
	STEP_EACH_VALUE,  /* every element or value */
	STEP_EACH_KEY,    /* every key */
	STEP_ITEM,        /* the element with the keys in `arg`: type:Approved */
	STEP_IF_ENABLED,  /* the gate `arg` is on */
	STEP_IF_DISABLED, /* it is off */
	STEP_IF_MODE,     /* the discriminator has the value `arg` */
};
/* name in the schema */
#define MARK_MAP(X)                                       \
	X(MARK_REQUIRED, "required")                      \
	X(MARK_OPTIONAL, "optional")                      \
	X(MARK_FORBIDDEN, "forbidden")                    \
	X(MARK_IMMUTABLE, "immutable")                    \
	X(MARK_UPDATE, "update")                          \
	X(MARK_MINIMUM, "minimum")                        \
	X(MARK_MAXIMUM, "maximum")                        \
	X(MARK_MIN_ITEMS, "minItems")                     \
	X(MARK_MAX_ITEMS, "maxItems")                     \
	X(MARK_MIN_LENGTH, "minLength")                   \
	X(MARK_MAX_LENGTH, "maxLength")                   \
	X(MARK_MAX_BYTES, "maxBytes")                     \
	X(MARK_MAX_PROPERTIES, "maxProperties")           \
	X(MARK_FORMAT, "format")                          \
	X(MARK_ENUM, "enum")                              \
	X(MARK_LIST_TYPE, "listType")                     \
	X(MARK_LIST_MAP_KEY, "listMapKey")                \
	X(MARK_UNIQUE, "unique")                          \
	X(MARK_CUSTOM_UNIQUE, "customUnique")             \
	X(MARK_UNION_MEMBER, "unionMember")               \
	X(MARK_UNION_DISCRIMINATOR, "unionDiscriminator") \
	X(MARK_ZERO_OR_ONE_OF, "zeroOrOneOfMember")       \
	X(MARK_DEPENDENT_REQUIRED, "dependentRequired")   \
	X(MARK_DEPENDENT_FORBIDDEN, "dependentForbidden") \
	X(MARK_MODE_DISCRIMINATOR, "modeDiscriminator")   \
	X(MARK_MONOTONIC, "monotonic")                    \
	X(MARK_OPAQUE, "opaqueType")                      \
	X(MARK_CUSTOM, "customValidation")
enum mark_name {
#define X(name, text) name,
	MARK_MAP(X)
#undef X
};
struct mark_step {
	enum mark_step_kind kind;
	struct text_distance arg;
};
struct mark {
	enum mark_stage stage;
	enum mark_name name;
	struct text_distance arg;   /* dependentRequired(arg) */
	struct text_distance value; /* maxItems=value, still text */
	struct distance steps;
	uint32_t step_count;
};

/* What few fields have. All parts may be absent. */
struct field_rules {
	struct text_distance
	    default_json; /* applied when unset and the parent exists; "now" in FIELD_DEFAULT_NOW */
	struct distance values;
	struct text_distance union_name; /* of one-of and zero-or-one-of */
	struct distance keys;            /* of a list of kind map */
	struct distance gates;           /* dropped on write while off and unused */
	struct distance marks;
	struct text_distance merge_key; /* of strategic merge patch */
	uint16_t key_count, gate_count, mark_count;
};

enum field_flag {
	FIELD_REQUIRED = 1 << 0, /* in OpenAPI */
	FIELD_PTR = 1 << 1,      /* absent and zero differ; without it zero means absent */
	FIELD_ALWAYS = 1 << 2,   /* its JSON member is written even when absent */
	FIELD_INLINE = 1 << 3,   /* its JSON members stand in the parent */
	FIELD_ATOMIC = 1 << 4,   /* server-side apply owns it as a whole */
	FIELD_SET = 1 << 5,      /* list kind */
	FIELD_MAP = 1 << 6,      /* list kind, by rules->keys */
	FIELD_GRANULAR = 1 << 7, /* each member has its own owner */
	FIELD_MERGE = 1 << 8,    /* strategic merge: by rules->merge_key, or as a set of values */
	FIELD_REPLACE = 1 << 9,  /* strategic merge */
	FIELD_RETAIN_KEYS = 1 << 10,
	FIELD_DISCRIMINATOR = 1 << 11,
	FIELD_ONE_OF = 1 << 12,
	FIELD_ZERO_OR_ONE_OF = 1 << 13,
	FIELD_DEFAULT_NOW = 1 << 14, /* the default is the current second */
	FIELD_DEFAULT_IF =
	    1 << 15, /* has a default under a condition: a function of datastore/object/default-*.c */
	FIELD_NOT_JSON = 1 << 16, /* a part of a type with a JSON form of its own */
	FIELD_TYPED =
	    1 << 17, /* its kinds carry apiVersion and kind, which only whole objects do else */
	FIELD_LOOSE = 1 << 18,       /* a value that it cannot hold is kept in its type's `rest` */
	FIELD_NULLABLE = 1 << 19,    /* of a loose one: null is kept, too; else it is as absent */
	FIELD_NULL_VALUES = 1 << 20, /* the same for values of its map */
};

#define FIELD_NO_BIT UINT16_MAX

struct field {
	struct text_distance
	    name; /* in JSON; of an inlined message and of FIELD_NOT_JSON the protobuf name */
	struct distance type;  /* of KIND_MESSAGE, also in lists and maps; else nothing */
	struct distance rules; /* or nothing */
	uint32_t flags;        /* enum field_flag */
	uint32_t offset;       /* in the record */
	uint16_t tag;          /* protobuf; 0: not in protobuf */
	uint16_t bit;          /* in `has`, counted from the record's first byte; or FIELD_NO_BIT */
	uint8_t kind;          /* enum kind */
	uint8_t shape;         /* enum shape */
};

/* How a message looks in JSON. */
enum form {
	FORM_OBJECT,
	FORM_BARE,      /* its only field's value: a list or map of its own in protobuf */
	FORM_OR_BOOL,   /* fields allows, schema: a boolean or an object */
	FORM_OR_ARRAY,  /* fields schema, a list: an object or the list */
	FORM_OR_STRINGS /* the same, the list having strings; empty: null */
};

enum type_flag {
	TYPE_KIND = 1 << 0, /* has apiVersion and kind in JSON */
	TYPE_LIST = 1 << 1, /* a list of `item` */
	TYPE_NAMESPACED = 1 << 2,
	TYPE_CLUSTER = 1 << 3,
	TYPE_ATOMIC = 1 << 4, /* server-side apply owns a value of it as a whole */
	TYPE_UNION = 1 << 5,
	TYPE_JSON_ONLY = 1 << 6,  /* has no protobuf form */
	TYPE_HAS_INLINE = 1 << 8, /* some field is FIELD_INLINE */
	TYPE_JUDGED = 1 << 9,     /* has marks of validation that are enforced, itself or below */
	TYPE_METADATA_ONLY =
	    1 << 12, /* the rest of its objects is not read: a record of it never replaces one */
	TYPE_SORTED =
	    1 << 7, /* JSON members in order of their names, here and below: custom resources */
	TYPE_PRUNED = 1 << 10, /* its `rest` takes no members that have no field: they are dropped */
};

struct type_set;

struct type {
	struct text_distance name;    /* DeploymentSpec */
	struct text_distance prefix;  /* apps; with the name that of the C struct */
	struct text_distance group;   /* "" is core */
	struct text_distance version; /* v1 */
	struct text_distance kind;    /* of kinds, else absent */
	struct text_distance openapi; /* io.k8s.api.apps.v1.DeploymentSpec */
	struct distance fields;       /* in the order of JSON members */
	struct distance by_tag; /* numbers in `fields`: those with a tag, ascending; tag_count of them */
	struct distance by_name; /* numbers in `fields`: all, ascending by JSON name */
	struct distance slots; /* hash table of numbers + 1; slot_bits wide; type_field() reads it */
	struct distance item;  /* of TYPE_LIST, or nothing when its items are raw */
	struct text_distance resource; /* deployments; of served kinds, else absent */
	struct distance short_names, categories, subresources;
	struct distance
	    selectable; /* fields that lists may be selected by, as paths (spec.size): of custom resources */
	struct text_distance since; /* release that brought it: 1.9 */
	struct type_set *set;       /* that owns it; NULL: constant */
	uint32_t size;              /* of a record, bytes */
	uint32_t flags;             /* enum type_flag */
	uint16_t field_count, tag_count;
	uint16_t short_name_count, category_count, subresource_count, selectable_count;
	/*
	 * Number + 1 of a map of raw JSON: members that no field has, unless TYPE_PRUNED, and values that the loose field of their name
	 * cannot hold. 0: there is none, unknown members are dropped.
	 */
	uint16_t rest;
	uint8_t slot_bits;
	uint8_t form; /* enum form */
};

/* The constant tables: their first item stands for nothing. `core_pod_type` of core.h is one of schema_types. */
extern const struct type schema_types[];
extern const uint32_t schema_type_count;
extern const struct field schema_fields[];
extern const struct field_rules schema_rules[];
extern const struct known_values schema_values[];
extern const struct known_value schema_known[];
extern const struct mark schema_marks[];
extern const struct mark_step schema_steps[];
extern const struct text_distance schema_texts[];
extern const uint16_t schema_numbers[];

/* What a member leads to: nothing is NULL or absent. */
#define SCHEMA_TEXT(prefix, T, member)                                    \
	static inline struct str prefix##_##member(const struct T *table) \
	{                                                                 \
		return distance_text(table->member);                      \
	}
#define SCHEMA_ITEMS(prefix, T, member, I, items)                       \
	static inline const I *prefix##_##member(const struct T *table) \
	{                                                               \
		return distance_end(table->member, (items));            \
	}
/* What is there wherever it may be asked for; of an empty list nothing may be read. */
#define SCHEMA_NAME(prefix, T)                                                                     \
	static inline struct str prefix##_name(const struct T *table)                              \
	{                                                                                          \
		return (                                                                           \
		    struct str){ distance_go((struct distance){ table->name.bytes }, schema_text), \
				 table->name.len };                                                \
	}
#define SCHEMA_LIST(prefix, T, member, I, items)                        \
	static inline const I *prefix##_##member(const struct T *table) \
	{                                                               \
		return distance_go(table->member, (items));             \
	}
/* One of a list of texts. */
#define SCHEMA_TEXTS(prefix, T, one, member)                                                  \
	static inline struct str prefix##_##one(const struct T *table, uint32_t i)            \
	{                                                                                     \
		const struct text_distance *texts = distance_go(table->member, schema_texts); \
                                                                                              \
		return distance_text(texts[i]);                                               \
	}

SCHEMA_NAME(type, type)
SCHEMA_TEXT(type, type, prefix)
SCHEMA_TEXT(type, type, group)
SCHEMA_TEXT(type, type, version)
SCHEMA_TEXT(type, type, kind)
SCHEMA_TEXT(type, type, openapi)
SCHEMA_TEXT(type, type, resource)
SCHEMA_TEXT(type, type, since)
SCHEMA_LIST(type, type, fields, struct field, schema_fields)
SCHEMA_LIST(type, type, by_tag, uint16_t, schema_numbers)
SCHEMA_LIST(type, type, by_name, uint16_t, schema_numbers)
SCHEMA_LIST(type, type, slots, uint16_t, schema_numbers)
SCHEMA_ITEMS(type, type, item, struct type, schema_types)
SCHEMA_TEXTS(type, type, short_name, short_names)
SCHEMA_TEXTS(type, type, category, categories)
SCHEMA_TEXTS(type, type, subresource, subresources)
SCHEMA_TEXTS(type, type, selectable, selectable)
SCHEMA_NAME(field, field)
SCHEMA_LIST(field, field, type, struct type, schema_types) /* of KIND_MESSAGE only */
SCHEMA_ITEMS(field, field, rules, struct field_rules, schema_rules)
SCHEMA_TEXT(rules, field_rules, default_json)
SCHEMA_TEXT(rules, field_rules, union_name)
SCHEMA_TEXT(rules, field_rules, merge_key)
SCHEMA_ITEMS(rules, field_rules, values, struct known_values, schema_values)
SCHEMA_LIST(rules, field_rules, marks, struct mark, schema_marks)
SCHEMA_TEXTS(rules, field_rules, key, keys)
SCHEMA_TEXTS(rules, field_rules, gate, gates)
SCHEMA_NAME(known_values, known_values)
SCHEMA_LIST(known_values, known_values, at, struct known_value, schema_known)
SCHEMA_TEXT(known_value, known_value, text)
SCHEMA_TEXT(known_value, known_value, gate)
SCHEMA_TEXT(mark, mark, arg)
SCHEMA_TEXT(mark, mark, value)
SCHEMA_LIST(mark, mark, steps, struct mark_step, schema_steps)
SCHEMA_TEXT(mark_step, mark_step, arg)
#undef SCHEMA_TEXT
#undef SCHEMA_ITEMS
#undef SCHEMA_NAME
#undef SCHEMA_LIST
#undef SCHEMA_TEXTS

/* The slot in which the search for a name begins; generate.py and build.c fill `slots` by it. */
uint32_t type_hash(struct str name, uint8_t bits);
/* The field with this JSON name in the type itself, not in inlined messages; or NULL. */
const struct field *type_field(const struct type *type, struct str name);
/* The same, inlined messages included: their chain is in `path`, outermost first, its length in `*depth`. */
#define TYPE_INLINE_DEPTH 4
const struct field *type_member(const struct type *type, struct str name,
				const struct field *path[TYPE_INLINE_DEPTH], uint32_t *depth);
/* The field with this protobuf tag, or NULL. */
const struct field *type_tag(const struct type *type, uint32_t tag);

/* Built-in kinds. "" is the core group. NULL: there is none. */
const struct type *type_find(struct str group, struct str version, struct str kind);
/* By apiVersion ("v1", "apps/v1"). */
const struct type *type_find_api(struct str api_version, struct str kind);
/* Any built-in type by prefix and name: ("core", "PodSpec"). */
const struct type *type_named(struct str prefix, struct str name);
/* All built-in types, by file, then in its order. */
const struct type *type_all(uint32_t *count);
/* "apps/v1", "v1" for core; of a kind. */
struct str type_api_version(const struct type *type, struct arena *arena);

/* Bytes of one value of a kind; of KIND_MESSAGE in lists and maps that of the record. */
uint32_t kind_size(enum kind kind);
/* Bytes from one element of a list, or entry of a map, to the next. */
uint32_t field_stride(const struct field *field);
/* Where the value begins in an entry of a map. */
#define FIELD_ENTRY_VALUE ((uint32_t)sizeof(struct str))

static inline void *field_at(const struct field *field, const void *record)
{
	return (char *)(uintptr_t)record + field->offset;
}

static inline bool field_bit(const struct field *field, const void *record)
{
	return ((const uint8_t *)record)[field->bit >> 3] >> (field->bit & 7) & 1;
}

/* Whether the field has a value, be it zero or empty. */
static inline bool field_is_set(const struct field *field, const void *record)
{
	if (field->bit != FIELD_NO_BIT)
		return field_bit(field, record);
	return *(void *const *)field_at(field, record) != NULL;
}

static inline void field_set_bit(const struct field *field, void *record)
{
	if (field->bit != FIELD_NO_BIT)
		((uint8_t *)record)[field->bit >> 3] |= (uint8_t)(1U << (field->bit & 7));
}

/* Bytes the field takes in its record. */
uint32_t field_size(const struct field *field);
/* Makes the field absent. */
void field_clear(const struct field *field, void *record);
/* Whether the value is what Go calls zero: false, 0, "", empty list; of messages only absent is. */
bool field_is_zero(const struct field *field, const void *record);

/* A counted group of types made at run time; constant types have none and need no counting. */
GIVE struct type_set *type_set_new(void);
struct arena *type_set_arena(struct type_set *set); /* until the first other reference */
void type_set_ref(struct type_set *set);            /* NULL is fine */
void type_set_unref(TAKE struct type_set *set);     /* NULL is fine */

#endif
