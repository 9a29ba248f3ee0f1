/*
 * Where an issuer's keys come from: its discovery document, and the key set that this names, fetched over HTTPS when a token needs them.
 *
 * A request that needs keys waits for them; nobody else does, and one fetch serves all who wait. It runs in the server's own activations by its face to
 * the outside (actors/client/outside.h), so what comes of it is seen by the next token. A set that is older than ISSUER_SOURCE_STALE_MS is fetched again
 * while it still counts; a token by an unknown key has it fetched at once, but not more often than every ISSUER_SOURCE_AGAIN_MS, whatever strangers send;
 * after failures ever more seldom. Bounds: ISSUER_SOURCE_BYTES_MAX a document, ISSUER_SOURCE_TIMEOUT_MS each. Redirects are not followed. One thread.
 */
#ifndef ACTORS_AUTHENTICATION_ISSUER_SOURCE_H
#define ACTORS_AUTHENTICATION_ISSUER_SOURCE_H

#include "actors/authentication/issuer-keys.h"
#include "actors/client/check.h"
#include "actors/client/outside.h"
#include "runtime/base/collection/list.h"

#define ISSUER_SOURCE_BYTES_MAX (1U * MIB) /* a large provider's set has 10 KiB */
#define ISSUER_SOURCE_TIMEOUT_MS 10000U
#define ISSUER_SOURCE_STALE_MS 600000U
#define ISSUER_SOURCE_AGAIN_MS 1000U
#define ISSUER_SOURCE_FAILED_MS_MAX 60000U /* between tries; doubled from one second on */

struct issuer_source {
	struct str issuer;    /* as the document has to say it */
	struct str discovery; /* where the document is */
	struct str authorities;

	/* The rest is the source's own, zero at first. */
	struct act_ref server; /* the life of the server that it waits with */
	struct arena *arena;   /* of the keys that count; NULL: there are none */
	struct issuer_keys keys;
	struct wall fetched, tried; /* when keys came last, and when a fetch began last */
	uint32_t failures;          /* one after the other */
	struct arena *work;         /* of the fetch under way */
	const struct outside *outside;
	struct outside_call *call; /* NULL: none is under way */
	bool is_listing;           /* the call is for the set, not for the document */
	struct str key_url;        /* that the document named; absent: it has to be asked */
	struct wall now;           /* of who asked last */
	struct list waiters;
	struct fault why; /* what went wrong last */
};

/* Keys, perhaps old ones, whose renewal then begins. NULL: there are none yet, or no more than a fault. */
const struct issuer_keys *issuer_source_keys(struct issuer_source *source,
					     struct check_context *check);
/*
 * CHECK_WAIT: a fetch is under way, and the request is run again when it has ended. CHECK_PASS: it is too early for another; `source->why` may have words.
 */
enum check issuer_source_wait(struct issuer_source *source, struct check_context *check);
/* Whether the server still waits for it: then it has to stay. */
bool issuer_source_is_busy(const struct issuer_source *source);
void issuer_source_fini(struct issuer_source *source);

#endif
