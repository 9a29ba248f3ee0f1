/*
 * An outline: what is kept of an object by whoever looks at kinds of everything, in one small block.
 *
 * For shelf.c. Of the metadata it has what says who it is, who owns it, what holds it and whether it is on its way out: uid,
 * resourceVersion, ownerReferences, finalizers, deletionTimestamp. Namespace and name are the caller's, in its key; labels, annotations and whose
 * the fields are are not kept. Most objects have neither owners nor finalizers: of these it has 32 bytes.
 */
#ifndef ACTORS_CLIENT_SHELF_OUTLINE_H
#define ACTORS_CLIENT_SHELF_OUTLINE_H

#include "datastore/object/object.h"
#include "runtime/base/base.h"

struct outline;

/* How large it is; of that many bytes, aligned to 8, outline_write makes one. */
uint32_t outline_bytes(const struct meta_object_meta *meta);
void outline_write(struct outline *outline, const struct meta_object_meta *meta, uint64_t revision);
uint64_t outline_revision(const struct outline *outline);
/* As an object of this type, which has nothing but metadata (TYPE_METADATA_ONLY). */
GIVE const struct object *outline_object(const struct outline *outline, const struct type *type,
					 struct str namespace, struct str name);

#endif
