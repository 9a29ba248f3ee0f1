/*
 * Kinds: what create, update and delete do for one kind beyond what its type's table says.
 *
 * One file a kind, registered in kinds[] (kinds.c). A kind without an entry gets kind_default: the rules of metadata, the status
 * dropped on create and kept on update, the spec kept on a status update. Hooks get a struct kind_change, change or judge
 * its object, and cannot wait; what they need of other objects they read from the caches.
 *
 * The order is upstream's. Create: metadata filled (uid, time, name) - prepare_create - metadata rules - validate_create. Update:
 * prepare_update - metadata carried over - metadata rules - validate_update. A subresource has its own pair and never runs the main
 * one's. A prepare that finds a fault ends it there. Before any of them fields of feature gates that are off are dropped.
 */
#ifndef ACTORS_KINDS_KIND_H
#define ACTORS_KINDS_KIND_H

#include "actors/client/check.h"
#include "actors/client/failure.h"
#include "actors/client/user.h"
#include "datastore/object/name.h"
#include "datastore/schema/apiextensions.h"
#include "datastore/schema/meta.h"

/* A write that happens together with the object's own, or not at all. */
struct kind_write {
	struct str key;    /* /registry/ipaddresses/10.96.0.10 */
	struct str value;  /* absent: the key is deleted */
	uint64_t expected; /* its mod revision; 0: must not exist; KIND_ANY_REVISION: no matter */
};
#define KIND_WRITES_MAX 120U /* with the object's own within LIMIT_TXN_OPS */
#define KIND_ANY_REVISION UINT64_MAX
#define KIND_WARNINGS_MAX 256U /* more than the 4096 characters that an answer carries */

/* What the definition of a custom resource asks of its objects: datastore/custom. */
struct judge_patterns;
struct rule_set;
struct kind_schema {
	const struct apiextensions_custom_resource_definition_version *version;
	struct judge_patterns *patterns; /* NULL: they are compiled for each object */
	struct rule_set **rules;         /* made when they are first asked; NULL: for each object */
};

struct path;

struct kind_change {
	struct check_context *check;
	struct arena *arena;
	const struct type *type;
	struct str resource, subresource; /* "" for the object itself */
	struct str namespace, name;
	void *object;    /* a record of the type; hooks may change it in prepare_* only */
	const void *old; /* as stored; NULL on create */
	const struct user *user;
	const struct kind_schema *schema; /* of custom resources, else NULL */
	bool is_dry_run;
	struct faults *faults;   /* validate_* adds to it: 422 with all of them */
	struct failure *failure; /* set by a hook to refuse with something else, at once */
	struct str *warnings;
	uint32_t warning_count;
	struct kind_write *writes; /* as kind_also adds them */
	uint32_t write_count;
};

void kind_warn(struct kind_change *change, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void kind_warn_text(struct kind_change *change, struct str text); /* absent: there is none */
/* At most KIND_WRITES_MAX; one more refuses the change. No key twice. */
void kind_also(struct kind_change *change, struct kind_write write);
/* On update: whether the desired state was changed, so that it counts as a new one. */
bool kind_is_new_generation(const struct kind_change *change);

/* A change by way of a subresource whose body is the kind itself: status, resize, approval, finalize, ephemeralcontainers. */
struct kind_subresource {
	const char *name;
	void (*prepare)(struct kind_change *change);  /* NULL: kind_prepare_status */
	void (*validate)(struct kind_change *change); /* NULL: metadata rules only */
};

/* What becomes of dependents when a DELETE does not say. */
enum kind_garbage {
	KIND_GARBAGE_BACKGROUND,
	KIND_GARBAGE_ORPHAN,
	KIND_GARBAGE_NONE, /* no finalizers of the garbage collector, ever (events) */
};

struct kind_rules {
	const char *group, *kind; /* "" is core */
	const char *version; /* what comes in another one is judged as this one; NULL: as it came */
	enum name_syntax name_syntax;
	/* Instead of the syntax, where a name depends on what it names: says at `at` what is wrong. `is_prefix`: a generateName. */
	void (*check_name)(const struct kind_change *change, const struct path *at, struct str name,
			   bool is_prefix);
	bool has_generation;          /* 1 on create, +1 when the spec changes */
	bool counts_all;              /* +1 when anything beside the metadata changes */
	bool allows_create_on_update; /* PUT makes what is missing */
	bool needs_resource_version;  /* update without one is refused */
	bool returns_deleted;         /* DELETE answers with the object always (pods) */
	bool judges_metadata; /* its own rules call metadata_validate() in a create, at their place */
	bool keeps_twins;     /* what is wrong twice is said twice */
	bool keeps_prefix;    /* a generateName is the name */
	bool is_uncached;     /* upstream keeps no cache of it, and has other words there */
	const char *precondition; /* how a DELETE begins to say that one fails; NULL: in a sentence */
	bool keeps_status;        /* what a create says about the status is kept (nodes) */
	bool has_any_finalizer; /* one without a domain will do: those whose metadata upstream judges by its machinery's rules alone */
	enum kind_garbage garbage;
	const char *
	    delete_warning; /* where a DELETE does not say what becomes of what the object owns; NULL: none */
	/* Seconds of grace when DELETE names none; NULL: the kind has no graceful deletion. `asked` is negative when it names none. */
	int64_t (*grace)(const struct kind_change *change, int64_t asked);
	void (*prepare_create)(struct kind_change *change);
	void (*prepare_update)(struct kind_change *change);
	void (*validate_create)(struct kind_change *change);
	void (*validate_update)(struct kind_change *change);
	/* A DELETE only marks the object while this holds of it: namespaces, until they are empty. NULL: none does. */
	bool (*outlives)(const void *object);
	bool is_marked_whole; /* the mark has the finalizers that the DELETE asks for */
	/* What marking such an object changes beside its metadata; of a copy. */
	void (*mark)(void *object, struct arena *arena);
	/* Before the object goes for good: extra writes (kind_also), or a failure. `object` is what is stored. */
	void (*on_delete)(struct kind_change *change);
	const struct kind_subresource *subresources;
	uint32_t subresource_count;
};

/* All kinds with an entry; never NULL from kind_of. */
extern const struct kind_rules *const kinds[];
extern const uint32_t kind_count;
extern const struct kind_rules kind_default;
extern const struct kind_rules kind_custom; /* of what definitions define */
const struct kind_rules *kind_of(const struct type *type);
const struct kind_subresource *kind_subresource(const struct kind_rules *kind, struct str name);

/* ---- what every kind goes through (kind.c, metadata.c) ------------------------------------------------ */

/* The whole of a create or update up to admission's second half; faults and failures are left in the change. */
void kind_create(const struct kind_rules *kind, struct kind_change *change);
void kind_update(const struct kind_rules *kind, struct kind_change *change);

/* A status update: everything but `status` and metadata is as stored. */
void kind_prepare_status(struct kind_change *change);
/* The same for kinds whose metadata a status update cannot touch either, but for managedFields. */
void kind_prepare_status_alone(struct kind_change *change);
/* Only metadata is set back: labels, annotations, finalizers, owners are as stored. */
void kind_reset_metadata(struct kind_change *change);

/* Rules of metadata; paths begin at `metadata`. */
void metadata_validate(const struct kind_rules *kind, struct kind_change *change,
		       enum name_syntax syntax);
void metadata_validate_update(struct kind_change *change);
/* A kind_rules.check_name for kinds of whose names a mark says all. */
void metadata_name_is_marked(const struct kind_change *change, const struct path *at,
			     struct str name, bool is_prefix);

#endif
