/*
 * What the mechanisms on a request's way (authentication, authorization, admission, kinds) are given to decide by.
 *
 * A mechanism is asked in the server's own activation and answers at once, or says CHECK_WAIT after it has arranged
 * to be asked again: by check_refresh (the caches catch up with the store), or by keeping the `waiter` and calling
 * check_resume when what it waits for has come. `state` is its own pointer for this request, NULL at first; when it
 * is asked again it finds what it left there. A request that ends while somebody waits is not resumed: the waiter dies with it,
 * so one who keeps it registers with `on_cancel`.
 */
#ifndef ACTORS_CLIENT_CHECK_H
#define ACTORS_CLIENT_CHECK_H

#include "datastore/object/object.h"
#include "runtime/actor/act.h"
#include "runtime/base/base.h"

enum check {
	CHECK_PASS,  /* no opinion: the next one is asked */
	CHECK_ALLOW, /* yes; authentication and authorization ask no further */
	CHECK_DENY,  /* no, and nobody else is asked */
	CHECK_WAIT,
};

struct resource_name {
	struct str group, version, resource;
};

struct equivalent {
	struct resource_name name;
	const struct type *type; /* of its objects */
	bool is_outside;         /* a webhook of its definition converts to it: waiter.convert */
};

/*
 * The server's caches. Objects are frozen and borrowed until the call into the mechanism returns; object_hold keeps one.
 * What is read is at least as new as the writes that this server has answered; after a refresh, as all writes that
 * anybody was answered before it was asked for.
 */
struct reader {
	void *self;
	/* NULL: there is none. An absent or empty namespace is that of cluster-wide kinds. */
	const struct object *(*get)(void *self, const struct type *type, struct str namespace,
				    struct str name);
	/* In order of namespace and name; an absent namespace is all of them; false ends the walk. */
	void (*each)(void *self, const struct type *type, struct str namespace,
		     bool (*visit)(void *arg, const struct object *object), void *arg);
	/* The type that objects of a kind have here, those of definitions too, which only the server knows; NULL: it is not served. */
	const struct type *(*kind)(void *self, struct str api_version, struct str kind);
	/* The at-th other resource by which the same stored objects are asked for; false: there are no more. */
	bool (*equivalent)(void *self, const struct resource_name *name, uint32_t at,
			   struct equivalent *out);
	/* The record as another of those types; it may share memory with the old one. */
	const void *(*convert)(void *self, const struct type *from, const void *record,
			       const struct type *to, struct arena *arena);
};

/* What Services get addresses and node ports of. */
struct service_setting {
	struct str cidrs[2]; /* of a cluster without any ServiceCIDR object; the family of the first is the cluster's first */
	uint32_t cidr_count;
	struct str address; /* the first one of them: the service `kubernetes` has it */
	uint16_t port_min, port_max;
};

#define SERVICE_SETTING_USUAL                                                       \
	{                                                                           \
		.cidrs = { { "10.96.0.0/16", 12 } }, .cidr_count = 1,               \
		.address = { "10.96.0.1", 9 }, .port_min = 30000, .port_max = 32767 \
	}

struct failure;
struct outside;

struct waiter {
	void (*refresh)(struct waiter *waiter);
	/*
	 * Records of one definition as its webhook makes them of another version: PASS, and `out` has as many, or *failed says in upstream's words why it has none. WAIT: to stand
	 * behind `return`; the mechanism is asked again, and then asks this again, for the same.
	 */
	enum check (*convert)(struct waiter *waiter, const struct type *from,
			      const void *const *records, uint32_t count, const struct type *to,
			      const void **out, struct str *failed);
	/* The server makes that object by a request of its own; to stand before CHECK_WAIT. When asked again: why there is none; NULL: there is. */
	void (*create)(struct waiter *waiter, const struct type *type, const void *record);
	const struct failure *(*created)(struct waiter *waiter);
	void (*resume)(struct waiter *waiter);
	void (*on_cancel)(void *arg); /* set by the mechanism; called if the request ends first */
	void *arg;
};

struct check_context {
	struct arena *arena; /* of the request */
	struct act *act;     /* the server's; messages sent by it are answered to the server only */
	const struct reader *reader;
	struct waiter *waiter;
	const struct service_setting *services; /* NULL: upstream's */
	const struct outside *outside;          /* NULL: nobody can be asked */
	uint32_t left_ms;                       /* of the request's own time */
	struct wall now;
	bool is_fresh; /* the caches were refreshed since this request came: what is not there does not exist */
	void *state;
};

static inline const struct object *check_get(const struct check_context *context,
					     const struct type *type, struct str namespace,
					     struct str name)
{
	return context->reader->get(context->reader->self, type, namespace, name);
}

/* Both give CHECK_WAIT, to stand behind `return`. */
static inline enum check check_refresh(struct check_context *context)
{
	context->waiter->refresh(context->waiter);
	return CHECK_WAIT;
}

#endif
