/*
 * Requests of which another store leads the answering: passed on to it, and again to whoever leads next. And those that came to a leader at a moment
 * when it could not take them yet, or any more: held until it can, or another one does.
 *
 * A part of the store actor: only for datastore/store/store*.c, which include it by way of store-private.h. Each request that was taken
 * is answered exactly once, within STORE_FORWARD_MS, and a command among them happens at most once, however often it is tried. At most
 * LIMIT_PROPOSALS are under way, of STORE_FORWARD_BYTES together; what is more is refused with BUSY.
 */
#ifndef DATASTORE_STORE_STORE_FORWARD_H
#define DATASTORE_STORE_STORE_FORWARD_H

#include "datastore/store/store.h"
#include "runtime/actor/act.h"
#include "runtime/base/base.h"

#define STORE_FORWARD_MS 10000U         /* for a request passed to the leader, all its tries */
#define STORE_FORWARD_AGAIN_MS 20U      /* between two of them, unless another one leads */
#define STORE_FORWARD_BYTES (16U * MIB) /* of bodies that are kept for a further try */

struct store;

union store_body {
	struct store_write write;
	struct store_member_add add;
	char bytes[256];
};

/* A request that another store was asked in somebody's place. */
struct store_forward {
	uint64_t number; /* of the try under way; 0: it waits for the next one */
	struct act_ticket ticket;
	const struct act_type *type;
	union store_body body;
	struct arena *arena; /* holds what the body points to */
	uint32_t bytes;      /* of it */
	struct mono until;
	uint64_t leader, term; /* whom it was tried with */
	uint64_t since;        /* the revision before the first try */
	bool is_doubtful;      /* a try that is over may have been taken */
	bool is_guest; /* another store's try, held here: it is taken in this term or refused */
};

struct store_forwards {
	VEC(struct store_forward) all;
	size_t bytes;
	uint64_t last_number, timer;
};

/* Passes a request to the leader, or a command to the next one; its answer goes to whoever asked us. Not OK: no leader, nothing happened. */
MUST_USE enum status store_pass_on(struct store *store, const struct act_msg *msg);
/*
 * We lead and did not take it, as we are handing over, or have just begun to lead and do not know yet whether it was applied before. It is
 * taken when we can, or goes on to the next leader; what another store passed on is refused then, for that one to do so. BUSY: not held.
 */
MUST_USE enum status store_hold(struct store *store, const struct act_msg *msg, bool is_guest);
void store_on_forwarded(struct store *store, const struct act_msg *msg);
void store_on_forward_again(struct store *store);
void store_forward_leader(struct store *store); /* another one leads, or in another term */
void store_fail_forwards(struct store *store);
void store_forwards_fini(struct store *store);

#endif
