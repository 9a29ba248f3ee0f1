/*
 * What the files of this folder share: the server's state. Only for actors/server.
 */
#ifndef ACTORS_SERVER_SERVER_PRIVATE_H
#define ACTORS_SERVER_SERVER_PRIVATE_H

#include "actors/server/feed.h"
#include "actors/server/line.h"
#include "actors/server/request.h"
#include "actors/server/resources.h"
#include "actors/server/server.h"
#include "transport/http/http.h"

struct documents;
struct live;

struct server_counts {
	struct metrics_counter *requests[VERB_PROXY + 1][6]; /* by verb and first digit of the code */
	struct metrics_histogram *durations[VERB_PROXY + 1];
	struct metrics_gauge *in_flight, *mutating, *watches;
	struct metrics_counter *events_sent, *watches_dropped;
};

/* Of the events written within the last minute. */
struct event_lease {
	uint64_t id; /* 0: none yet */
	struct mono granted;
	uint32_t count;
};

struct server {
	struct act *act; /* of the handler that runs; set at the start of each */
	const struct server_config *config;
	struct resources *resources;
	struct documents *documents; /* OpenAPI */
	struct feed feed;
	struct list requests; /* all that are not released */
	struct list watches;  /* those among them that stand */
	uint32_t in_flight[2][2]; /* flight.c: by door (trusted or not) and whether it changes something */
	uint32_t watch_count;
	struct map by_tag; /* 8 bytes of tag -> struct request * */
	uint64_t last_tag;
	uint64_t look_timer; /* while a request wants to be looked at between two ticks */
	struct lines lines;
	struct arena *scratch; /* of one match or encoding; reset by whoever used it */
	struct list dirty;     /* caches with news for their watchers */
	struct reader reader;
	struct event_lease event_lease;
	struct list quota_holding,
	    quota_waiting; /* quota.c: whose turn it is, and who waits for one */
	struct metrics *metrics;
	bool owns_metrics;
	struct server_counts counts;
	struct mono began;
	bool is_stopping;
};

/* ---- server.c ----------------------------------------------------------------------------------------- */

/* A request that a door has taken off the wire: `asked`, `door`, `peer`, `arena` are set by the door. Runs it. */
struct request *server_request_new(struct server *server, struct arena *arena);
struct str server_audience(const struct server *server); /* of tokens that name none */
void server_request_free(struct request *r); /* lists and counts only: the door releases the arena */

/* ---- the two doors -------------------------------------------------------------------------------------- */

extern const struct door http_door;
extern const struct door message_door;
bool http_door_receive(struct server *server, const struct act_msg *msg);
bool message_door_receive(struct server *server, const struct act_msg *msg);

/* feed.c: a frozen object out of a stored row; NULL (and a line in the log): it cannot be read. */
GIVE const struct object *feed_decode(struct server *server, const struct type *type,
				      const struct store_row *row);
/* The key that follows this one: itself and a NUL. */
struct str feed_key_after(struct arena *arena, struct str key);

/* ---- live.c: resources that are kept nowhere -------------------------------------------------------------- */

GIVE struct live *live_new(const struct live_source *source, const struct type *type);
void live_free(TAKE struct live *live); /* with its cache */
struct cache *live_cache(const struct live *live);
uint64_t live_revision(const struct live *live);
/* A client that has seen a newer version has it from a server with another clock: ours are higher from now on. False: absurd. */
bool live_reach(struct live *live, struct wall now, uint64_t revision);
/* Lets somebody look, once: the step runs again when he has. DONE: he does not answer. */
enum next live_refresh(struct request *r);
enum next live_delete(struct request *r); /* of r->live */
bool live_receive(struct server *server, const struct act_msg *msg);
void live_tick(struct server *server, struct mono now);

/* ---- watches (watch.c) ------------------------------------------------------------------------------------- */

struct watch *watch_of_link(struct list *link);        /* of cache_watchers */
struct watch *watch_of_server_link(struct list *link); /* of server->watches */
struct request *watch_request(const struct watch *watch);
void watch_pump(struct watch *watch);   /* sends what there is room for */
void watch_writable(struct request *r); /* the door has room again */
void watch_progress(struct request *r); /* its peer wants to know how far it is */
void watch_tick(struct watch *watch, struct mono now);
void watch_close(struct watch *watch, int32_t code);
void watch_gone(struct watch *watch);                 /* without a word to the peer */
void watch_abandon(struct watch *watch);              /* only what it holds is given back */
struct watch *request_watch(const struct request *r); /* NULL: it is none */

/* ---- the first steps ------------------------------------------------------------------------------------- */

enum next enter_route(struct request *r); /* r->route, a place among those in flight */
enum next
enter_authorize(struct request *r); /* and then r->resource, options, form, r->steps: or a page */
enum next access_authenticate(struct request *r); /* r->user */
enum next access_authorize(struct request *r);    /* what r->route asks for */
/* impersonate.c: BAD_REQUEST for a header that cannot be decoded; the step makes r->user another's. */
MUST_USE enum status impersonate_read(struct http_headers headers, struct arena *arena,
				      struct user *out);
enum next impersonate(struct request *r);

enum next access_authorize_create(struct request *r); /* an update that makes what is missing */
/* escalation.c: whether the roles and bindings that are about to be written are the writer's to give. */
enum next escalation_check(struct request *r);
/* signing.c: whether the writer may approve, sign or attest for the signer. */
enum next signing_check(struct request *r);

/* Both go on with the mechanism that waited; WAIT, or NEXT with the answer. */
struct access_verdict {
	bool is_allowed, is_denied;
	struct str reason;
};
enum next access_ask(struct request *r, const struct attributes *attributes, bool wants_reason,
		     struct access_verdict *out);
/* Not known: nobody takes the credentials for good; a->why may have words. */
enum next access_identify(struct request *r, struct authentication *a, bool *out_is_known);
void access_reset(struct request *r); /* the next kind of mechanism begins with its first */

/* flight.c: NEXT with a place that the request gives back, or DONE. */
enum next flight_enter(struct request *r);
void flight_leave(struct request *r);
uint32_t flight_count(const struct server *server, bool is_mutating);

/* ---- verbs -------------------------------------------------------------------------------------------------- */

extern const struct verb_steps get_steps, list_steps, watch_steps, create_steps, update_steps,
    patch_steps, delete_steps, delete_collection_steps;
extern const struct verb_steps binding_steps, scale_get_steps, scale_update_steps,
    scale_patch_steps, token_request_steps, component_status_get_steps, component_status_list_steps,
    binding_collection_steps, eviction_steps, pod_log_steps, pod_connect_steps;
/* Of a subresource that is not just another strategy: scale, binding, eviction, token; NULL: no special one. */
const struct verb_steps *subresources_steps(const struct resource *resource, struct str subresource,
					    enum verb verb);
/* Of resources that are not kept: reviews; NULL: none. */
const struct verb_steps *reviews_steps(const struct resource *resource, enum verb verb);

/* Paths that are no resource: health, version, metrics, discovery, OpenAPI. NULL: 404. */
typedef enum next page_fn(struct request *r);
page_fn *pages_find(struct str path);
enum next pages_given(struct request *r); /* those of the configuration; 404 for all others */
enum next
pages_not_found(struct request *r); /* of paths that upstream's API does not know: no Status */
enum next health_page(struct request *r); /* health.c */

/* discovery.c: pages of /api and /apis. */
enum next discovery_api(struct request *r);
enum next discovery_apis(struct request *r);
enum next discovery_version(struct request *r); /* /api/v1, /apis/<group>[/<version>] */

/* ---- shared by verbs ------------------------------------------------------------------------------------------ */

/* The stored object of the route, after a refresh; NULL without. Held by the request. */
const struct object *request_live(struct request *r);
enum next request_not_found(struct request *r);
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

/* write.c: the second half of all writes. */
struct str write_uid(struct request *r); /* a new one */
void write_fill_new(struct request *r);  /* uid, times, generated name */
/* quota.c: what r->record would use is charged to the quotas of its namespace, with its own write; DONE: one of them has no room. */
enum next quota_charge(struct request *r);
void quota_leave(struct request *r); /* at its end: it is the next one's turn */
bool quota_receive(struct server *server, const struct act_msg *msg);
/* Only owners and finalizers change, as the garbage collector changes them: that needs no right of what the object is about. */
bool write_is_upkeep(struct request *r);
/* Of owners that are equal in every member one is kept, with a warning. */
void write_dedup_owners(struct request *r, bool is_admitted);
enum next write_admit(struct request *r, enum admission_operation operation,
		      const struct type *type, void *object, const void *old, bool is_validating);
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

/* binding.c: in the place of one of the same type, with the time of now. */
struct core_pod;
struct core_pod_condition;
void binding_set_condition(struct request *r, struct core_pod *pod,
			   struct core_pod_condition condition);

/* pod-connect.c: which container is meant, the only one if none is named; DONE: it is not clear, or not there. */
enum next pod_connect_container(struct request *r, const struct core_pod *pod, struct str *name);

/* respond.c */
enum next respond(struct request *r);
void respond_success(struct request *r); /* a Status, 201 */
/* The answer's body in one piece of the arena. */
struct str respond_body(const struct request *r, struct arena *arena);
void respond_object(struct request *r, int32_t code, const struct object *object);
/* The record of a type in the negotiated format; `code` 0 keeps the answer's. */
void respond_record(struct request *r, int32_t code, const struct type *type, const void *record);
void respond_list(struct request *r, const struct object *const *objects, uint32_t count,
		  uint64_t revision, struct str continue_token, int64_t remaining);
/* One object as PartialObjectMetadata or Table rows, for watches too: appended to `out`. */
MUST_USE enum status respond_view(struct request *r, const struct answer_form *form,
				  const struct object *object, bool has_columns, struct text *out);
MUST_USE enum status respond_view_record(struct request *r, const struct answer_form *form,
					 const struct type *type, const void *record,
					 bool has_columns, struct text *out);

#endif
