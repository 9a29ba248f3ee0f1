/*
 * Outside: programs beside the API server that it asks over HTTPS, webhooks above all.
 *
 * For mechanisms on a request's way, by the context that they are given (check.h). The server implements it; a mechanism posts, keeps
 * the call, says CHECK_WAIT and goes on when `done` was called. Whatever comes back is a stranger's: bounded in size and time, and
 * nothing of it was looked at. A call lives in the asker's arena and has to be dropped if that goes before it is done.
 */
#ifndef ACTORS_CLIENT_OUTSIDE_H
#define ACTORS_CLIENT_OUTSIDE_H

#include "runtime/base/base.h"

/* Who is asked: what a WebhookClientConfig says. */
struct outside_place {
	struct str url; /* https://host[:port][/path]; absent: the service */
	struct str namespace, service, path;
	int32_t port; /* of the service */
	struct str authorities; /* PEM: who may have signed its certificate; absent: whom the machine trusts */
};

struct outside_post {
	struct outside_place place;
	bool is_get;     /* a document is fetched, nothing is said; else JSON is posted */
	struct str body; /* JSON; copied */
	uint32_t timeout_ms;
	uint32_t answer_max_bytes;
	/* After 429, 500 and 504 it is asked again, four times at most: after so long, then half as long again each time. 0: it is not. The body stays until it is done. */
	uint32_t retry_ms;
	void (*done)(
	    void *arg); /* once, unless the call is done when outside_post returns, or dropped */
	void *arg;
};

/* What came of it. */
struct outside_call {
	bool is_done;
	/* OK: `body` is what a code of 200 to 206 came with. INVALID: the place cannot be asked as it is described. All else: `words`. */
	enum status status;
	struct str body; /* in the asker's arena */
	struct str words; /* as upstream's client words them: Post "https://...": context deadline exceeded */
};

struct outside {
	void *self;
	struct outside_call *(*post)(void *self, struct arena *arena,
				     const struct outside_post *post);
	void (*drop)(void *self, struct outside_call *call); /* one that is not done */
};

#endif
