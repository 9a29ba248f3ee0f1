/*
 * A request: all that is known about one thing that somebody asked of the API, from its first step to its answer.
 *
 * It goes through the table of steps.c. A step reads and fills members here and returns NEXT, WAIT (somebody will call
 * request_run again) or DONE (r->answer is set: go on to respond). Everything lives in the request's arena, which dies
 * when the answer was handed to the door and nothing is outstanding at the store. Only the server actor touches it.
 */
#ifndef ACTORS_SERVER_REQUEST_H
#define ACTORS_SERVER_REQUEST_H

#include "actors/admission/plugin.h"
#include "actors/authentication/authenticator.h"
#include "actors/authorization/authorizer.h"
#include "actors/client/failure.h"
#include "actors/kinds/kind.h"
#include "actors/server/answer/negotiate.h"
#include "actors/server/catalog/resources.h"
#include "actors/server/options.h"
#include "actors/server/route.h"
#include "datastore/store/store.h"
#include "runtime/base/base.h"
#include "transport/http/engine/http.h"

struct admitting;
struct audit_state;
struct conversion;
struct errand;
struct flow_ticket;
struct measured;
struct proxied;
struct request;
struct server;
struct watch;

enum next { NEXT, WAIT, DONE };

/* Of a live resource (live.h): whether somebody has looked for this request. */
enum live_look { LIVE_UNSEEN, LIVE_LOOKED, LIVE_UNKNOWN };

/* The steps by number, for the two jumps (request_jump). */
enum step_number {
	STEP_ROUTE,
	STEP_AUTHENTICATE,
	STEP_AUDIT,
	STEP_IMPERSONATE,
	STEP_AUTHORIZE,
	STEP_DECODE,
	STEP_READ,
	STEP_ADMIT,
	STEP_VALIDATE,
	STEP_PERSIST,
	STEP_RESPOND,
	STEP_TELL,
	STEP_COUNT,
};

/* Where events or text go to: a door, and whom it knows behind it. It may outlive the request that asked for them. */
struct outlet {
	struct server *server;
	const struct door *door;
	void *peer;
	struct measured *measured; /* NULL: it is not counted */
	enum format format;
};

/* One way in and out. Functions are called once each, in this order, for a watch: begin, any number of events, end. */
struct door {
	const char *name;
	bool is_near; /* its peers are actors: an event of its own costs them, and us, little more than one of many */
	/* Sends r->answer, whole. */
	void (*answer)(struct request *r);
	/* A watch stands; its content type is in r->answer. */
	void (*begin)(struct request *r);
	/* Sends one event; false: no more until door_writable. `object` is frozen; NULL: `bytes` has it, in the watch's form. */
	bool (*event)(const struct outlet *to, enum cache_change change,
		      const struct object *object);
	bool (*event_bytes)(const struct outlet *to, const char *kind, struct str bytes,
			    uint64_t revision, bool is_initial_end);
	/* A piece of text after `begin`, for who follows a log; NULL: nobody can here. False: as `event`. */
	bool (*text)(const struct outlet *to, struct str text);
	/* What was gathered for this peer leaves now; false: it was lost, the watch is over. */
	bool (*flush)(const struct outlet *to);
	void (*end)(const struct outlet *to, int32_t code);
	/* The server has crashed: gives back what is the door's own, tells nobody. In place of all others. */
	void (*abandon)(struct request *r);
	/* The last call: everything about the peer may go, the arena with it. */
	void (*release)(struct request *r);
	/*
	 * A watch lasts, and has what it needs of the request: that goes with its arena, in place of `release`. Gives the peer that
	 * the watch goes on with; what it is made of may lie in `arena`, which is the watch's. NULL: requests stay as long as their watch.
	 */
	void *(*settle)(struct request *r, struct watch *watch, struct arena *arena);
	/* As release and as abandon, of a watch that has settled. */
	void (*leave)(const struct outlet *to);
	void (*lose)(const struct outlet *to);
};

/* What goes back. Either a failure, or a body that is complete: in one piece, or in parts that the request's arena keeps. */
struct answer {
	int32_t code;
	struct failure *failure; /* encoded by respond.c */
	struct str content_type;
	struct str body;
	struct http_parts parts; /* in place of `body` if there are any */
	struct str etag;
	int32_t retry_after_s; /* 0: as the failure says */
	struct str allow;      /* of 405 */
	struct str location;   /* of 301 */
	struct str encoding;   /* of a body that is packed already; absent: the door may pack it */
	bool is_empty;         /* 304: no body, no content type */
	struct str cache_control; /* absent: nobody may keep it */
	struct str policy;        /* what a browser may do with it; absent: nothing is said */
};

/* What the request asked for, as the door took it off the wire. */
struct asked {
	struct str origin; /* of a page of another place that may read the answer; absent: none may */
	struct str method, path, query; /* still encoded */
	struct str accept, content_type, accept_encoding, agent, if_none_match, audit_id,
	    authorization, forwarded; /* X-Forwarded-For */
	struct str address;           /* the peer's, without its port; absent: it has none */
	struct str body;
	struct user
	    impersonated; /* in whose name the request is to be judged; nothing in it: the asker's own */
	const struct certificate_info *certificate;
	bool has_bad_certificate;    /* one that is not to be believed was shown */
	struct http_headers headers; /* these two only of one that speaks as front proxies do */
	struct str shown_pem;
	bool is_trusted; /* the message door: `user` is who asks */
	struct user user;
	uint64_t term; /* of the leader that the asker acts for; 0: nobody's */
};

struct request {
	struct server *server;
	struct arena *arena;
	const struct door *door;
	void *peer; /* the door's own */
	struct list link;
	uint64_t tag; /* of what it asks the store; never used twice */
	struct mono began, deadline;

	struct asked asked;
	struct route route;
	struct options options;
	struct str bad_options; /* why they are none: told when it is known what is asked of whom */
	struct answer_form form;
	const struct resource *resource;
	const struct subresource_row *subresource; /* NULL: the object itself */
	const struct verb_steps *steps; /* what this verb does in the steps between decode and persist */
	struct user user;

	/* Where it is. */
	enum step_number step;
	enum step_number started; /* of the step that WAITs: it is run again */
	uint32_t tries;
	bool is_fresh; /* the caches have been brought up to date for it */
	/* late.h: it has asked the store for its own object; and the cache has that, though not all others. */
	bool is_late_asked, is_late_seen;
	enum live_look live_look;
	bool is_counted; /* in flight, by verb */
	struct flow_ticket
	    *flow; /* which level it is of, and its seats; NULL: not known, or it needs none */
	bool is_mutating;
	bool is_waiting;  /* somebody will run it */
	bool is_at_store; /* an answer to its tag is owed */
	bool is_running;  /* inside request_run: nobody frees it */
	bool is_answered;
	bool is_packing; /* its answer leaves later, the request does not wait for that */
	bool is_gone;    /* nobody waits for the answer any more */
	uint64_t wait_revision;
	struct mono wait_ends;
	struct mono look_at; /* it is run again then; 0: it waits for something else */
	/* measure.h: where it is counted, and since when it asks. */
	struct measured *measured;   /* while it stands */
	const char *store_operation; /* of what it asks the store; NULL: that is not told */
	struct mono store_asked, check_began;
	int64_t outside_ns; /* that webhooks of admission took */
	bool is_standing, is_measured;
	struct list wait_link;
	struct list
	    charge_link; /* of those whose turn it is to charge the quotas of their namespace: quota.c */
	bool is_charging, is_charge_due;    /* it is its turn; and it does not know yet */
	struct arena *store_arena;          /* of what it is about to ask; NULL: none yet */
	uint32_t page_asked;                /* how many others the page has asked: who asks may */
	const struct act_msg *store_answer; /* while the step that waited for it runs */
	struct errand *errand; /* carry.h: what it asks a store that is apart; NULL: nothing now */
	struct mechanism {
		struct waiter waiter;
		struct request *request;
		uint32_t index; /* of the authenticator, authorizer or plug-in that is being asked */
		struct authorizer_set rights; /* that the question began with */
		void *state;
		uint32_t phase;
	} mechanism;
	struct waiter refresher;
	/* What admission is asked about where that is not the record: the body of a subresource; a NULL type: it is. */
	struct {
		const struct type *type;
		void *object;
		const void *old;
	} shown;
	struct admitting *admitting; /* admit.c: while plug-ins are asked; NULL: none is */

	/* The object. */
	const struct type *type;       /* of record and body */
	void *record;                  /* what is to be stored, or the body of a subresource */
	const struct object *live;     /* as stored; held by the arena; NULL: none */
	const struct object *result;   /* what the answer shows; held by the arena */
	struct conversion *conversion; /* that it waits for; NULL: none */
	const void *converted; /* the record in the version that is stored, if a webhook has made it */
	struct kind_change change;
	bool is_creating;        /* a create, or an update that makes what is missing */
	bool is_name_ours;       /* generated: another may be tried */
	bool is_leasing;         /* what it asked the store for is a lease: event-lease.c */
	bool is_removal;         /* the object goes for good */
	bool has_version;        /* the asker named the resourceVersion that it changes */
	uint64_t written;        /* the revision of the write; 0: not yet */
	struct str stored;       /* the bytes to be written; of store_arena */
	void *work;              /* of the verb: deletecollection, eviction */
	struct proxied *proxied; /* proxy.h: while somebody else answers it; NULL: nobody does */
	struct kind_write *also; /* what the verb wants written with it; NULL: nothing */
	struct faults unheld; /* rights that the write lacks: told among the faults of the object */
	bool is_unheld_last;  /* only where the object has none */
	struct str *warnings;
	uint32_t warning_count;
	struct audit_state *audit;  /* NULL: nothing is told of it */
	struct str_map annotations; /* what the audit log is told beside what was asked */

	struct answer answer;
};

/* One verb of one kind of resource, as pieces of the steps; NULL: nothing to do there. */
struct verb_steps {
	const char *name;
	bool is_write;
	enum next (*decode)(struct request *r);
	enum next (*read)(struct request *r);
	enum next (*admit)(struct request *r);
	enum next (*validate)(struct request *r);
	enum next (*persist)(struct request *r);
	bool is_main; /* a change by way of a subresource that runs the object's own rules: scale, binding */
	void (*answer)(struct request *r); /* what the answer shows, if it is not the object */
};

/* ---- running (steps.c) ---------------------------------------------------------------------------------- */

/* Goes on with the step that waited, or begins. The request may be gone afterwards. */
void request_run(struct request *r);
/* Those that wait in the list by their wait_link, in its order; who waits there anew meanwhile is left. */
void request_run_all(struct list *waiting);
/* The peer has gone, or the server stops: the answer is dropped, the rest is cleaned up as soon as the store has answered. */
void request_cancel(struct request *r);
/* It took too long: 504, unless an answer has begun. */
void request_expire(struct request *r);
/* The answer of the store to its tag. */
void request_store_answered(struct request *r, const struct act_msg *msg);
/* The caches have reached r->wait_revision, or cannot. */
void request_revision_reached(struct request *r, enum status status);

/* ---- for steps -------------------------------------------------------------------------------------------- */

/* All three set the answer and give DONE, to stand behind `return`. */
enum next request_fail(struct request *r, struct failure *failure);
enum next request_fail_status(struct request *r, enum status status, const struct fault *why);
enum next request_answer_body(struct request *r, int32_t code, struct str content_type,
			      struct str body);

/* The next step to run is this one. */
enum next request_jump(struct request *r, enum step_number step);

/* Waits until the caches show all that anybody was answered before now; then the step runs again with r->is_fresh. */
enum next request_refresh(struct request *r);
/* Waits until the caches have reached a revision; TIMEOUT after LIMIT_FRESH_MS answers 504, unless it is that of its own write, which will come. */
enum next request_wait_revision(struct request *r, uint64_t revision);
/* Up to which revision the cache of the resource shows everything. */
uint64_t request_shown(const struct request *r);
/* Where the pieces of its answer go. */
struct outlet request_outlet(const struct request *r);
/* The arena of the next message to the store; it goes with the message, for who asks may end before it is read. */
struct arena *request_store_arena(struct request *r);
/* Asks the store; the step runs again with r->store_answer. What the body points to, and names as its arena, is the one above. */
enum next request_ask(struct request *r, const struct act_type *type, const void *body);

/* At most WARNINGS_MAX; what was said already is passed over. */
void request_warn(struct request *r, struct str text);
struct str request_printf(struct request *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What mechanisms and kinds are given. */
struct check_context request_context(struct request *r);

int32_t request_retry_after(const struct request *r); /* seconds that the answer names; 0: none */
bool request_is_dry_run(const struct request *r);
struct str request_group(const struct request *r);
struct str request_resource(const struct request *r);

#endif
