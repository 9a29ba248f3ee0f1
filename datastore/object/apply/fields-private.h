/*
 * Steps of a set's paths: compared, printed, brought into the one form that is compared. Only for this folder.
 */
#ifndef DATASTORE_OBJECT_APPLY_FIELDS_PRIVATE_H
#define DATASTORE_OBJECT_APPLY_FIELDS_PRIVATE_H

#include "datastore/object/apply/fields.h"

int fields_step_cmp(struct fields_step a, struct fields_step b);
/* As in a path: .name, [name="a"], [="value"], [3]. */
void fields_step_print(struct fields_step step, struct arena *arena, struct text *out);

enum fields_step_found { FIELDS_STEP_IS, FIELDS_STEP_UNKNOWN, FIELDS_STEP_BAD };
/* `f:name` and its like; the text is borrowed where it is in its form already. */
enum fields_step_found fields_step_parse(struct str text, struct arena *arena,
					 struct fields_step *out);

#endif
