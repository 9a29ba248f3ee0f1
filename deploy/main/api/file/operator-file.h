/*
 * A file that an operator has written: one document, YAML or JSON, of one kind.
 *
 * Read strictly: members that the kind does not have, and those that are there twice, are refused. Blocks; for starts, and for looking
 * again whether it has changed.
 */
#ifndef DEPLOY_MAIN_API_FILE_OPERATOR_FILE_H
#define DEPLOY_MAIN_API_FILE_OPERATOR_FILE_H

#include "datastore/schema/type.h"
#include "runtime/base/base.h"

/* The bytes; the words of a fault name the file. */
MUST_USE enum status operator_file_read(const char *path, struct arena *arena, struct str *out,
					struct fault *why);
/* A record of that kind (of a type that is none: without asking for one), defaulted; all of it is the arena's. `where` names the text in faults: a path, or what it stands in. */
MUST_USE enum status operator_file_parse(struct str text, const char *where, const struct type *type,
					 struct arena *arena, void **out, struct fault *why);
/* The words of a fault name the file; it has at most 1 MiB. */
MUST_USE enum status operator_file_load(const char *path, const struct type *type,
					struct arena *arena, void **out, struct fault *why);

#endif
