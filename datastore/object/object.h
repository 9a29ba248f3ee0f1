/*
 * An object: one record of a kind with a life of its own.
 *
 * First it is built: object_new() gives an empty record in an arena of its own and one owner fills it.
 * From object_freeze() on it never changes, any thread may read it, and it is shared by counting
 * references; editing begins with object_edit(), a new object that shares the old one's strings. The bytes of
 * its encodings hang on it, made when first asked for, so a watch event is encoded once for a thousand watchers.
 * Bounded by what may be decoded (LIMIT_RECORD_BYTES); who keeps objects bounds their encodings (object_age_bytes).
 */
#ifndef DATASTORE_OBJECT_OBJECT_H
#define DATASTORE_OBJECT_OBJECT_H

#include "datastore/schema/meta.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/fault.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"

enum format { FORMAT_JSON, FORMAT_PROTO }; /* PROTO: with the k8s envelope */
#define FORMAT_COUNT 2

struct commons;
struct object_private;

/* What may be read is here; only object.c writes. The record is struct <prefix>_<kind> of the type. */
struct object {
	const struct type *type;
	void *record;     /* const once it is frozen */
	int64_t revision; /* of the store, 0: never stored */
	const struct object
	    *origin; /* what it was read as, in another version of its kind; NULL: as it is */
	struct object_private *private;
};

/* A record with nothing in it, to be filled; freed by object_unref() if it never gets frozen. */
GIVE struct object *object_new(const struct type *type);
/* Where everything the record points to has to live. Only while it is built. */
struct arena *object_arena(struct object *object);
/* Takes a reference of its own. Only while it is built. */
void object_set_origin(struct object *object, const struct object *origin);
void object_freeze(struct object *object, int64_t revision);
/*
 * The same for who keeps many for long: gives the object in one piece of memory that is as large as what it holds, and frees what it was built
 * in. What its owners have written is in the commons; NULL: it has that for itself.
 */
GIVE const struct object *object_settle(TAKE struct object *object, int64_t revision,
					struct commons *commons);
/* The same of a record that lies elsewhere. */
GIVE const struct object *object_settled(const struct type *type, const void *record,
					 int64_t revision);
bool object_is_frozen(const struct object *object);

const struct object *object_ref(const struct object *object); /* gives its argument */
void object_unref(TAKE const struct object *object);          /* NULL is fine */
/* Takes a reference of its own and ties it to an arena: it is given back when the arena is freed. Gives its argument. */
const struct object *object_hold(struct arena *arena, const struct object *object);

/* A new object that begins as a deep copy, to be changed and frozen; strings are shared. */
GIVE struct object *object_edit(const struct object *object);

/* Decodes a whole object of this type and leaves it unfrozen. Faults are those of json_decode() and proto_envelope_open(). */
MUST_USE enum status object_decode(const struct type *type, enum format format, struct str bytes,
				   GIVE struct object **out, struct fault *why);
/* The same for who settles it, or drops it, before the bytes go: its strings may lie in them. */
MUST_USE enum status object_decode_brief(const struct type *type, enum format format,
					 struct str bytes, GIVE struct object **out,
					 struct fault *why);
/*
 * The same for who never looks at managedFields, which are a third of many objects: there are none. Who writes such an object back says nothing of
 * them, and they stay as they are.
 */
MUST_USE enum status object_decode_lean(const struct type *type, enum format format,
					struct str bytes, GIVE struct object **out,
					struct fault *why);
/* The frozen object's bytes, good as long as the arena. Absent if the type has no such format. */
struct str object_bytes(const struct object *object, enum format format, struct arena *hold);
/* The same for who has a budget: what hangs on the object from now on is added to `*kept`. */
struct str object_bytes_counted(const struct object *object, enum format format, struct arena *hold,
				uint64_t *kept);
/* Of FORMAT_PROTO what is within the envelope; absent if the type has no such form. */
struct str object_raw_counted(const struct object *object, struct arena *hold, uint64_t *kept);
/* Adds the metadata alone, as PartialObjectMetadata of meta.k8s.io/v1 in JSON; that hangs on the object, too. */
void object_add_metadata(const struct object *object, struct text *out, uint64_t *kept);
/* For who asks many for that: memory is fetched for one that comes in eight steps, and for one that comes in four. NULL: there is none. */
void object_fetch_metadata(const struct object *far, const struct object *near);
/* The same for who needs them once: what hangs on the object is used, and nothing more than before hangs there. */
struct str object_bytes_once(const struct object *object, enum format format, struct arena *hold);
/* For who asks many for their bytes, one after the other: memory is fetched for those that come soon after `at`. */
void object_fetch_bytes(const struct object *const *objects, uint32_t count, uint32_t at,
			enum format format);

/* For who looks at the labels of many: memory is fetched for all of these at once, where one after the other would be waited for. */
void object_fetch_labels(const struct object *const *objects, uint32_t count);

/* The metadata of any kind that has some. object_meta() makes it if it is absent and the object is being built. */
struct meta_object_meta *object_meta(const struct object *object);
struct str object_name(const struct object *object);
struct str object_namespace(const struct object *object);
struct str object_uid(const struct object *object);
/* The same for a record that is no object; NULL if it has none. */
struct meta_object_meta *record_meta(const struct type *type, const void *record);

/*
 * Lets go of kept bytes, for whoever keeps many objects and has a budget for their encodings: all, or those that nobody has asked for since
 * the last look. The first gives how many went, the second how many are left. Those handed out stay good.
 */
uint32_t object_drop_bytes(const struct object *object);
uint32_t object_age_bytes(const struct object *object);
uint32_t object_kept(const struct object *object, enum format format);

#endif
