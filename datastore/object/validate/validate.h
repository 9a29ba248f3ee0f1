/*
 * Validation by the marks of a type's table: what upstream calls declarative validation.
 *
 * For whoever takes a record in from outside, after defaults (record_default or record_fill) and after the rules of its kind, whose
 * findings may be in `faults` already. What is found is added in upstream's words with upstream's paths; a finding of a mark
 * of stage beta takes the place of one that was there with the same kind and path, as upstream prefers the mark's. Marks of
 * stage alpha say nothing, but where they would have ended the judgement of a field they still do.
 *
 * An update is judged by what it changes: a field that equals the stored one is not looked at again, nor is an element whose
 * key was there with the same value. Types made at run time have no marks: for custom resources nothing is done here.
 *
 * Bounded by LIMIT_FAULTS findings; the time is linear in the record. Pure.
 */
#ifndef DATASTORE_OBJECT_VALIDATE_VALIDATE_H
#define DATASTORE_OBJECT_VALIDATE_VALIDATE_H

#include "datastore/schema/type.h"
#include "runtime/base/fault.h"

void validate_create(const struct type *type, const void *record, struct faults *faults);
/* `old` is what is stored, as it is read. */
void validate_update(const struct type *type, const void *record, const void *old,
		     struct faults *faults);

#endif
