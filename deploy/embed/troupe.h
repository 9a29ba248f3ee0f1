/*
 * A control plane in a program: kinds of its own, served to kubectl, kept by the datastore, reconciled by its functions.
 *
 * A kind is a CustomResourceDefinition and a function. The function is pure: it looks at the world (what the caches show at one
 * moment) and says what it wants written; the framework sends it, retries, backs off, and calls again when something changes.
 * It must do only what is still missing, since it may be called at any time. It must not wait; what has to wait is an actor (act.h).
 *
 * One process holds any number of control planes, each with a folder and a thread of its own or all in one. Of one control plane all
 * calls are for the thread that opened it, unless marked "any thread". A crash of the process loses nothing that was answered: what
 * the folder holds is what the API showed.
 */
#ifndef DEPLOY_EMBED_TROUPE_H
#define DEPLOY_EMBED_TROUPE_H

#include "runtime/actor/act.h"
#include "runtime/base/fault.h"
#include "runtime/loop/loop.h"

#pragma GCC visibility push(default)

struct troupe;        /* a control plane */
struct troupe_turn;   /* one call of a reconcile function */
struct troupe_object; /* one object: as it is, or as it is wanted */

/* ---- what it serves --------------------------------------------------------------------------------- */

#define TROUPE_KINDS_MAX 64U
#define TROUPE_WATCHES_MAX 4U

struct troupe_kind {
	/* A CustomResourceDefinition in YAML or JSON, its version being the one that is both served and stored. */
	const char *definition;
	/* For each object that is new, changed or gone, and at the start for all. NULL: the kind is served, and that is all. */
	void (*reconcile)(struct troupe_turn *turn, void *arg);
	void *arg;
	/* Other kinds by name ("ConfigMap"), of which those that an object controls wake it: see troupe_new_child. Ends at NULL. */
	const char *owns[TROUPE_WATCHES_MAX];
	/* Kinds that are looked at (troupe_get, troupe_list) and wake nothing. */
	const char *reads[TROUPE_WATCHES_MAX];
};

/*
 * What an object owns is collected when it has gone, finalizers hold what they name, and a namespace that is deleted is emptied: as in any cluster.
 * Beside its own kinds a control plane serves Namespaces, ConfigMaps, Secrets, ServiceAccounts, Events, Leases and the kinds of RBAC. Who asks
 * with admin.kubeconfig may do everything; who else has a certificate or token of its authority, what RBAC gives.
 */
struct troupe_config {
	const char *
	    folder; /* where everything is kept; made if missing, with its parents there. One control plane at a time */
	const char *listen; /* "127.0.0.1:6443"; NULL: the loopback address and any port that is free */
	const struct troupe_kind *kinds;
	uint32_t kind_count;
	/* Once kubectl may come, on the thread of the loop: the kubeconfig is written, namespace `default` is there. */
	void (*ready)(struct troupe *troupe, void *arg);
	void *arg;
	/* Actors of the program, started after the control plane's in the same loop: they may name "api", "store". Borrowed. */
	const struct act_child *children;
	uint32_t child_count;
	/* Say false to leave SIGTERM and SIGINT to the program; else they stop it. */
	bool leaves_signals;
};

/* ---- its life --------------------------------------------------------------------------------------- */

/*
 * Everything is started when this returns; ready comes a moment later, from troupe_run. INVALID: a definition is no such, BUSY: the folder
 * or the port is another's; `why` has words for a person.
 */
MUST_USE enum status troupe_open(const struct troupe_config *config, GIVE struct troupe **out,
				 struct fault *why);
/* Until troupe_stop or a signal. OK: as asked; else an actor failed again and again, and the program should end with a failure. */
MUST_USE enum status troupe_run(struct troupe *troupe);
void troupe_stop(struct troupe *troupe); /* any thread */
/* Ends the actors in order, then frees everything. NULL is fine. */
void troupe_close(TAKE struct troupe *troupe);
/* Open, say on one line of stdout when it is ready, run, close. The program's exit code. */
int troupe_main(const struct troupe_config *config);

/*
 * The same as a program of several processes (act_program_run): the datastore, the API server, and the reconcile functions with the program's
 * actors each have one, and one that ends is started again; what crashes in a reconcile function, kubectl does not notice. To be called
 * by main with its words, in the same way in every process. `ready` is called in the first one, where of the calls below only troupe_stop
 * and what does not change are of use; to the program's actors the API is "api@local/api".
 */
int troupe_main_hosts(const struct troupe_config *config, int argc, char **argv);

const char *troupe_kubeconfig(const struct troupe *troupe); /* its path */
const char *
troupe_url(const struct troupe *troupe); /* "https://127.0.0.1:6443"; "" until it is ready */
struct loop *troupe_loop(
    struct troupe *troupe); /* to be driven by the program (loop_step, loop_fd) in place of troupe_run */

/* ---- the world: what a reconcile function may look at ------------------------------------------------- */

/* What is given out is good until the function returns; texts end in NUL. */
const char *troupe_namespace(const struct troupe_turn *turn); /* of the key; "" for kinds without */
const char *troupe_name(const struct troupe_turn *turn);
/* The object of the key; NULL: it is gone. */
const struct troupe_object *troupe_this(struct troupe_turn *turn);
/* Of any kind that this one reconciles, owns or reads. NULL: there is none. */
const struct troupe_object *troupe_get(struct troupe_turn *turn, const char *kind,
				       const char *namespace, const char *name);
/* In order of their keys; NULL or "" as namespace: all of them. */
uint32_t troupe_list(struct troupe_turn *turn, const char *kind, const char *namespace,
		     const struct troupe_object *const **out);
/* Those that the object controls. */
uint32_t troupe_owned(struct troupe_turn *turn, const struct troupe_object *owner, const char *kind,
		      const struct troupe_object *const **out);
int64_t troupe_now_ms(const struct troupe_turn *turn); /* wall time since 1970 */

/* A value by its path: "spec.title", "status.items[0].name", "metadata.labels[app]". Absent: NULL, or what is to be taken instead. */
const char *troupe_text(const struct troupe_object *object, const char *path);
int64_t troupe_int(const struct troupe_object *object, const char *path, int64_t otherwise);
bool troupe_bool(const struct troupe_object *object, const char *path, bool otherwise);
const char *troupe_json(const struct troupe_object *object, const char *path); /* of anything */

/* ---- the plan: what it wants ------------------------------------------------------------------------- */

/* A copy to be changed; written if it then differs, against the version that was read. The same for every call of one object. */
struct troupe_object *troupe_edit(struct troupe_turn *turn, const struct troupe_object *object);
/* The same by the subresource status. */
struct troupe_object *troupe_status(struct troupe_turn *turn, const struct troupe_object *object);
struct troupe_object *troupe_new(struct troupe_turn *turn, const char *kind, const char *namespace,
				 const char *name);
/* In the owner's namespace and controlled by it: it goes when the owner has gone. NULL as name: the server makes one that begins with the owner's. */
struct troupe_object *troupe_new_child(struct troupe_turn *turn, const char *kind,
				       const struct troupe_object *owner, const char *name);
void troupe_delete(struct troupe_turn *turn, const struct troupe_object *object);
/* For `kubectl describe`; written when what was wanted before it has been. */
void troupe_event(struct troupe_turn *turn, const struct troupe_object *about, bool is_warning,
		  const char *reason, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Look again after so long though nothing changes. */
void troupe_again(struct troupe_turn *turn, int64_t after_ms);
/* This turn failed: nothing is written, it is tried again with back-off, and the words are logged. */
void troupe_failed(struct troupe_turn *turn, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Of objects to be changed or new; messages on the way are made. False: the kind has no such field, or it takes no such value. */
bool troupe_set_text(struct troupe_object *object, const char *path, const char *value);
bool troupe_set_int(struct troupe_object *object, const char *path, int64_t value);
bool troupe_set_bool(struct troupe_object *object, const char *path, bool value);
bool troupe_set_json(struct troupe_object *object, const char *path, const char *json);
bool troupe_unset(struct troupe_object *object, const char *path);

#pragma GCC visibility pop

#endif
