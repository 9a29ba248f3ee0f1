/*
 * What verbs do between decode and persist, and what they share. Only for actors/server.
 */
#ifndef ACTORS_SERVER_VERB_VERB_H
#define ACTORS_SERVER_VERB_VERB_H

#include "actors/server/request.h"
#include "datastore/object/apply/fields.h"

extern const struct verb_steps get_steps, list_steps, watch_steps, create_steps, update_steps,
    patch_steps, delete_steps, delete_collection_steps;

/* ---- watches (watch.c) ------------------------------------------------------------------------------------- */

struct watch *watch_of_link(struct list *link);        /* of cache_watchers */
struct watch *watch_of_server_link(struct list *link); /* of server->watches */
const struct outlet *watch_outlet(const struct watch *watch);
bool watch_is_near(const struct watch *watch); /* of an actor, not of a connection */
void watch_pump(struct watch *watch);          /* sends what there is room for */
void watch_writable(struct watch *watch);      /* the door has room again */
void watch_progress(struct watch *watch);      /* its peer wants to know how far it is */
void watch_tick(struct watch *watch, struct mono now);
void watch_close(struct watch *watch, int32_t code);
void watch_cancel(struct watch *watch);               /* without a word to the peer */
void watch_settle(struct watch *watch);               /* it lasts: its request goes, if that can */
void watch_gone(struct watch *watch);                 /* its request is about to go, it is over */
void watch_abandon(struct watch *watch);              /* only what it holds is given back */
struct watch *request_watch(const struct request *r); /* NULL: it is none */

/* ---- shared by verbs ---------------------------------------------------------------------------------------- */

struct listed;

/* What the options of a list choose: a page of it, at one revision. */
struct list_page {
	const struct object **objects; /* those of a cache good until the handler returns */
	uint32_t len;
	uint64_t revision;
	struct str more;   /* the token of the rest; absent: there is none */
	int64_t remaining; /* -1: not known */
	/* Whoever says so beforehand gets, where there are any, the items of a whole list that was put together before, and no objects. */
	bool takes_items;
	bool is_whole; /* all that there is now */
	struct listed *items;
};

/* list.c: for a step that does nothing else, since it waits; r->work is its own until NEXT. */
enum next list_objects(struct request *r, struct list_page *out);

MUST_USE enum status body_text(struct request *r, enum format *format, struct str *out,
			       struct fault *why);
enum next body_decode(struct request *r); /* body.c: r->type and r->record from the body */
enum next body_decode_as(struct request *r, const struct type *type, bool is_named);
enum next body_check_names(struct request *r, const struct type *type, void *record, bool is_named);

/* update.c, for subresources that change the object by a body of another kind. */
enum next update_patch_decode(struct request *r);
/* The patch of the body applied to a record that is the request's own: becomes r->record. */
enum next update_patch(struct request *r, const struct type *type, void *record);
enum next update_check(struct request *r); /* uid and resourceVersion of r->record against r->live */
enum next update_admit(struct request *r);
enum next update_validate(struct request *r);

/* owners.c: metadata.managedFields. */
struct str owners_manager(struct request *r);
struct fields owners_resets(struct request *r); /* of what is nobody's after such a write */
bool owners_convert(void *arg, struct str api_version, const void *record,
		    const struct type **out_type, const void **out); /* managed_convert_fn; arg: r */
void owners_track(struct request *r); /* what r->record changes is the manager's: before admission */
void owners_settle(struct request *r); /* before it is stored: what has not changed keeps its times */
/* Of ownerReferences that are equal in every member one is kept, with a warning. */
void owners_dedup(struct request *r, bool is_admitted);

/* apply.c: server-side apply, whose body is a configuration and no object. */
bool apply_is_asked(const struct request *r);
enum next apply_decode(struct request *r); /* into r->work */
/* The configuration of the body put into `live` (NULL: nothing is there), of `type`: becomes r->record. */
enum next apply_into(struct request *r, const struct type *type, const void *live);

/* admit.c: asks the plug-ins of admission, the first half of them or the second. */
enum next write_admit(struct request *r, enum admission_operation operation,
		      const struct type *type, void *object, const void *old, bool is_validating);
/*
 * The step `validate` of a write, also in admit.c: rights that cannot be given away, then filled and judged as something new or as a change, then the
 * second half of admission, which `ask` asks and which may wait, then the quotas.
 */
enum next write_judge(struct request *r, bool is_new, enum next (*ask)(struct request *r));

/* write.c: the second half of all writes. */
void write_fill_new(struct request *r); /* uid, times, generated name */
/* quota.c: what r->record would use is charged to the quotas of its namespace, with its own write; DONE: one of them has no room. */
enum next quota_charge(struct request *r);
void quota_leave(struct request *r); /* at its end: it is the next one's turn */
bool quota_receive(struct server *server, const struct act_msg *msg);
/* Only owners and finalizers change, as the garbage collector changes them: that needs no right of what the object is about. */
bool write_is_upkeep(struct request *r);
enum next write_create(struct request *r); /* kind_create, judged */
enum next write_update(struct request *r); /* kind_update, judged */
enum next write_persist(struct request *r);
/* r->live goes for good, and with it what its kind wants to go. */
enum next write_remove(struct request *r);
enum next write_replace(struct request *r); /* r->record in the place of r->live */
bool write_resource_version(struct request *r, struct str text, uint64_t *out);
struct str write_key(struct request *r, struct str name); /* of an object of the route's namespace */

/* event-lease.c: events do not stay for ever. */
bool event_lease_is_wanted(const struct request *r);
uint64_t event_lease_take(struct server *server); /* 0: a new one has to be asked for */
enum next event_lease_ask(struct request *r);
void event_lease_came(struct server *server, const struct store_lease_answer *answer);

/* delete.c: what a delete of r->live means; r->record becomes the object as it would be kept. REFUSED: the answer is set. */
enum delete_verdict { DELETE_REMOVE, DELETE_MARK, DELETE_NOTHING, DELETE_REFUSED };
enum delete_verdict delete_judge(struct request *r);
enum next delete_persist(struct request *r); /* by r->is_removal */

#endif
