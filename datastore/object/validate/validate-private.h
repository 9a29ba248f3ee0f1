/*
 * What the files of validation share: the way to a value, one value with what it was, and saying what is wrong.
 *
 *   validate.c          the walk: records, fields, lists, unions
 *   validate-mark.c     what one mark asks of one value
 *   validate-format.c   the formats of strings
 */
#ifndef DATASTORE_OBJECT_VALIDATE_VALIDATE_PRIVATE_H
#define DATASTORE_OBJECT_VALIDATE_VALIDATE_PRIVATE_H

#include "datastore/object/validate/validate.h"

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
