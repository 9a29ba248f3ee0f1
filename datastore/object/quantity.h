/*
 * Quantities: amounts of CPU, memory and the like, exact, with a family of suffixes.
 *
 * In records they are text as upstream prints it: quantity_canonical() makes it when a record is decoded. A struct
 * quantity is the number behind the text, in units of 10^-9, so that all amounts add and compare exactly. What is finer is
 * rounded away from zero, as upstream does; what is beyond 10^29 stays there. Suffixes: n u m "" k M G T P E; Ki Mi Gi Ti Pi
 * Ei; e3 E3.
 */
#ifndef DATASTORE_OBJECT_QUANTITY_H
#define DATASTORE_OBJECT_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/arena.h"
#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"

enum quantity_form { QUANTITY_DECIMAL, QUANTITY_BINARY, QUANTITY_EXPONENT };

struct quantity {
	__int128 nano; /* the amount in units of 10^-9 */
	enum quantity_form form;
};

#define QUANTITY_TEXT 64

/* INVALID with upstream's words otherwise; an absent or empty text is invalid. */
MUST_USE enum status quantity_parse(struct str text, struct quantity *out, struct fault *why);
/* The amount of a text in a record, which was checked when it was decoded: absent or damaged gives 0. */
struct quantity quantity_of(struct str text);
/*
 * The text that upstream would keep: the same one where its parser takes that for canonical ("1.234", "+5"), else what
 * quantity_print() gives ("1000m" is "1"). INVALID as quantity_parse().
 */
MUST_USE enum status quantity_canonical(struct str text, struct arena *arena, struct str *out,
					struct fault *why);
/* Canonical: the largest suffix that leaves no fraction. */
struct str quantity_print(struct quantity quantity, char out[QUANTITY_TEXT]);
struct str quantity_text(struct quantity quantity, struct arena *arena);

struct quantity quantity_from(int64_t value, enum quantity_form form);       /* whole units */
struct quantity quantity_from_milli(int64_t milli, enum quantity_form form); /* thousandths */
int64_t quantity_value(struct quantity quantity); /* whole units, rounded up, capped at int64 */
int64_t quantity_milli(struct quantity quantity); /* thousandths, rounded up, capped */

int quantity_cmp(struct quantity a, struct quantity b);
bool quantity_is_zero(struct quantity quantity);
/* Keeps the form of `a`, or takes that of `b` when `a` is zero, as upstream does. */
struct quantity quantity_add(struct quantity a, struct quantity b);
struct quantity quantity_sub(struct quantity a, struct quantity b);
/* Rounded away from zero to a multiple of 10^scale, scale in -9..0. */
struct quantity quantity_round_up(struct quantity quantity, int scale);

#endif
