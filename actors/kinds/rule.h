/*
 * Rules: what single values have to be, shared by all kinds.
 *
 * Each looks at one value, says at its path what is wrong with it in upstream's words and gives whether it found nothing. What needs
 * more than one value belongs to the kind.
 */
#ifndef ACTORS_KINDS_RULE_H
#define ACTORS_KINDS_RULE_H

#include "actors/kinds/path.h"
#include "datastore/object/name.h"
#include "datastore/object/selector.h"
#include "datastore/schema/meta.h"

/* ---- text ----------------------------------------------------------------------------------------------- */

bool rule_name(const struct path *at, enum name_syntax syntax, struct str value);
/* Of what something is appended to. */
bool rule_name_prefix(const struct path *at, enum name_syntax syntax, struct str value);
/* As rule_name, and not empty: Required says `words`, and nothing else is said. */
bool rule_needed_name(const struct path *at, enum name_syntax syntax, struct str value,
		      const char *words);
/* As rule_name, with all that is wrong in one fault; an empty one passes. */
bool rule_whole_name(const struct path *at, enum name_syntax syntax, struct str value);
/* What rule_name would say, without saying it: "" for a good value. Ends in NUL. */
struct str rule_words(const struct path *at, enum name_syntax syntax, struct str value,
		      const char *joint);
bool rule_needed(const struct path *at, struct str value, const char *words); /* not empty */
/* One of the schema's values whose gates are on; listed in order of the alphabet. */
bool rule_one_of(const struct path *at, struct str value, const struct known_values *values);
bool rule_needed_one_of(const struct path *at, struct str value, const struct known_values *values);
/* domain/path: an address of a controller; empty is Required. */
bool rule_domain_path(const struct path *at, struct str value);
bool rule_at_most_bytes(const struct path *at, struct str value, uint32_t max);
/* The name of a field manager: short, printable; may be empty. */
bool rule_manager(const struct path *at, struct str value);

/* ---- numbers -------------------------------------------------------------------------------------------- */

bool rule_not_negative(const struct path *at, int64_t value);
bool rule_range(const struct path *at, int64_t value, int64_t min, int64_t max);
bool rule_port(const struct path *at, int64_t value);
bool rule_port_or_name(const struct path *at, struct int_or_string value);
/* A number from 0, or a percentage. */
bool rule_count_or_percent(const struct path *at, struct int_or_string value);
bool rule_at_most_100_percent(const struct path *at, struct int_or_string value);
struct str rule_shown_count(const struct path *at, struct int_or_string value); /* in a fault */
/* A legal value of the two above: 0, or 0%. */
bool rule_is_nothing(struct int_or_string value);

/* ---- labels --------------------------------------------------------------------------------------------- */

bool rule_labels(const struct path *at, struct str_map labels);
bool rule_annotations(const struct path *at, struct str_map annotations);
/* NULL is fine. Values that are no labels may be tolerated, for selectors that are stored already. */
bool rule_selector(const struct path *at, const struct meta_label_selector *selector,
		   bool allows_bad_values);
/* Neither a label nor an expression in it: means every object; NULL means none, and is not empty. */
bool rule_selector_is_empty(const struct meta_label_selector *selector);
bool rule_selector_matches(const struct path *at, const struct meta_label_selector *selector,
			   struct str_map labels);

/* ---- records -------------------------------------------------------------------------------------------- */

bool rule_conditions(const struct path *at, struct meta_condition_list conditions);
/* The member is as it was: "field is immutable". */
bool rule_unchanged(const struct path *at, const struct type *type, const char *member,
		    const void *now, const void *old);

#endif
