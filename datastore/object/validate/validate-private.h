/*
 * What the files of validation share: the way to a value, one value with what it was, and saying what is wrong.
 *
 *   validate.c          the walk: records, fields, each element
 *   validate-element.c  the elements of one list or map among each other
 *   validate-member.c   the members of one record among each other
 *   validate-mark.c     what one mark asks of one value
 *   validate-format.c   the formats of strings
 */
#ifndef DATASTORE_OBJECT_VALIDATE_VALIDATE_PRIVATE_H
#define DATASTORE_OBJECT_VALIDATE_VALIDATE_PRIVATE_H

#include "datastore/object/validate/validate.h"
#include "runtime/base/collection/map.h"

#define NAMES_BYTES_MAX 1024U /* of members or elements that are named together */

struct judge {
	struct faults *faults;
	uint32_t before; /* how many of the findings were there already and may still be replaced */
	bool is_update;
};

/* A chain on the stack, written out only where something is wrong. */
struct way {
	const struct way *up;
	enum { WAY_MEMBER, WAY_INDEX, WAY_KEY } kind;
	struct str name; /* of a member, or a map's key */
	uint32_t index;
};

/* A field's value, or one element, value or key of its list or map. */
struct value {
	const struct field *field;
	const void *record;  /* that has the field; NULL: there is none to compare with */
	const void *element; /* NULL: the whole field */
	bool is_key;
};

/* Says it unless the mark is compared only. `shown` is absent for kinds that show no value. */
void validate_say(struct judge *judge, enum mark_stage stage, const struct way *way,
		  enum fault_kind kind, struct str shown, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* What `required` does not accept. */
bool validate_is_unset(const struct value *value);
struct str validate_text(const struct value *value); /* of strings and their like */
bool validate_equal(const struct value *a, const struct value *b);

/* The step of a mark that leads on from here, conditions not counted; NULL: the mark is about the value itself. */
const struct mark_step *validate_step(const struct mark *mark, uint32_t level);
/* The mark of that name about the field's own value; NULL: there is none. */
const struct mark *validate_mark_of(const struct field *field, enum mark_name name);

/* ---- of lists and maps ------------------------------------------------------------------------------------------------- */

uint32_t validate_count(const struct value *value);
/* An element of a list, the value of an entry of a map, and its key. */
const void *validate_element(const struct value *value, uint32_t i);
struct str validate_key(const struct value *map, uint32_t i);
/* The value of a map's key; NULL: it is not there, or there is no record. */
const void *validate_of_key(const struct value *map, struct str key);
/* Stored elements by what they are known by, to be looked up by new ones; map_fini it. */
struct map validate_index(const struct value *old, struct arena *arena);
const void *validate_find(const struct map *index, const struct field *field, const void *element,
			  struct arena *arena);
/* No element is there twice, if a mark says so. */
void validate_unique(struct judge *judge, const struct value *value, const struct way *way);
/* At most one of some elements. */
void validate_items(struct judge *judge, const struct value *value, const struct value *old,
		    const struct way *way);

/* ---- of records -------------------------------------------------------------------------------------------------------- */

/* Exactly one of the members that say so. */
void validate_union(struct judge *judge, const struct type *type, const void *record,
		    const void *old, const struct way *way);
/* Members that only some modes know are judged in those and forbidden in all others. */
void validate_modes(struct judge *judge, const struct type *type, const void *record,
		    const void *old_record, const struct way *up);

/* ---- of one value -------------------------------------------------------------------------------------------------------- */

/* Marks whose complaint ends the judgement of the value: true when it does. `old` has no record when there is none to compare with. */
bool validate_stops(struct judge *judge, const struct mark *mark, const struct value *value,
		    const struct value *old, const struct way *way);
/* All others that ask something of one value. */
void validate_mark(struct judge *judge, const struct mark *mark, const struct value *value,
		   const struct way *way);
void validate_values(struct judge *judge, const struct known_values *values,
		     const struct value *value, const struct way *way);
void validate_format(struct judge *judge, const struct mark *mark, struct str value,
		     const struct way *way);

#endif
