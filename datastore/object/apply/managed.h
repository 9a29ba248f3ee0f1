/*
 * Who owns which fields of an object: metadata.managedFields, read, kept up to date with each change, and written.
 *
 * Lives in an arena, with one request. Sets are read when they are asked for and written when they have changed: of an owner that a
 * change does not touch nothing but its bytes is handled. An owner of nothing vanishes. Bounded by MANAGED_OWNERS_MAX and the object.
 */
#ifndef DATASTORE_OBJECT_APPLY_MANAGED_H
#define DATASTORE_OBJECT_APPLY_MANAGED_H

#include "datastore/object/apply/fields.h"
#include "datastore/object/apply/record-fields.h"
#include "datastore/schema/meta.h"
#include "runtime/base/time/time.h"

/* Upstream's: when there are more entries of updates, the oldest of one version become one. */
#define MANAGED_UPDATES_MAX 10U
/* More is no list of owners: each is looked for among all. */
#define MANAGED_OWNERS_MAX 1000U

struct managed_owner {
	struct str manager, api_version, subresource;
	bool is_apply;
	bool has_time;
	struct wall time;
	struct str text; /* fieldsV1; absent: the set has changed since */
	bool is_read;    /* the set has been read, or made */
	struct fields set;
};
struct managed {
	struct arena *arena;
	struct managed_owner *at;
	uint32_t len, cap;
};

/*
 * The entries of an object. BAD_REQUEST: they are no such list. What was stored is believed and read when it is used
 * (is_stored); what comes from a client is read at once.
 */
MUST_USE enum status managed_read(const struct meta_managed_fields_entry_list *entries,
				  bool is_stored, struct arena *arena, struct managed *out,
				  struct fault *why);
/* In upstream's order. Absent when there are none. */
struct meta_managed_fields_entry_list managed_entries(const struct managed *managed);

/*
 * The record in another version of its kind. False: nobody serves that version (any more), and who has set fields by it owns nothing.
 * The record of the version it is in already is given back.
 */
typedef bool managed_convert_fn(void *arg, struct str api_version, const void *record,
				const struct type **out_type, const void **out);

struct managed_change {
	const struct type *type;
	const void *before; /* NULL: the object is new */
	const void *after;
	bool is_merged;      /* `after` came of record_merge() */
	struct fields nulls; /* what it makes null, which is a value to fight about */
	struct str manager, api_version, subresource;
	struct fields resets; /* what is set back in such a change, and so is nobody's */
	struct wall now;
	managed_convert_fn *convert;
	void *convert_arg;
};

/* A definition may have made whole what was divided before. Of types made at run time; the others do not change. */
void managed_fit(struct managed *managed, const struct type *type, struct str api_version);

/* Somebody has made `after` of `before`: what differs is his from now on, and nobody else's. */
void managed_update(struct managed *managed, const struct managed_change *change);

/* The owner that applies under this name; NULL: none. */
struct managed_owner *managed_applier(const struct managed *managed, struct str manager,
				      struct str subresource);
struct managed_owner *managed_add(struct managed *managed, struct managed_owner owner);
struct fields managed_set(const struct managed *managed, struct managed_owner *owner);
void managed_give(struct managed_owner *owner, struct fields set);
/* Without those that own nothing. */
void managed_sweep(struct managed *managed);
/* What nobody ever owns is taken out: names, versions, times. */
struct fields managed_stripped(struct arena *arena, struct fields set);

/* What a change takes from an owner. */
struct managed_loss {
	struct managed_owner *owner;
	struct fields conflict; /* has another value now */
	struct fields rest;     /* what he keeps */
};
/* Of all but `self`; owners by versions that are gone lose all. */
struct managed_loss *managed_losses(struct managed *managed, const struct managed_change *change,
				    const struct managed_owner *self, uint32_t *count);

/* Whether two lists differ in their times at most. */
bool managed_is_same(const struct meta_managed_fields_entry_list *a,
		     const struct meta_managed_fields_entry_list *b);

#endif
