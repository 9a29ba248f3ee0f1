/*
 * The ledger: everything that was asked of a simulated store, answered by it and told by it, and whether that can be true.
 *
 * Users and watchers write into it as they go; a contradiction fails the test at once, ledger_close finds the rest:
 *   - an acknowledged write was applied, once, at the revision that was told; a refused one never; no write twice;
 *   - what returned before another began has the smaller revision, and a linearizable read is not older than anything seen before it;
 *   - each answer to a range is exactly what the changes up to its revision make;
 *   - each watch saw each change of its range once, in order, or was told that it did not;
 *   - the history of each key is linearizable by its values alone, revisions not being looked at;
 *   - keys of a lease outlive its last renewal by its time, and are gone not much later.
 * What is true is learnt from watches: the first that tells a change is believed, all others must agree.
 */
#ifndef DEPLOY_SIM_LEDGER_H
#define DEPLOY_SIM_LEDGER_H

#include "datastore/store/store.h"
#include "runtime/base/base.h"

#define LEDGER_REGISTERS 6U /* keys that users read and write: "r/0" ... */
#define LEDGER_LEASES 4U    /* keys of tenants: "t/0" ... */
#define LEDGER_KEYS (LEDGER_REGISTERS + LEDGER_LEASES)

struct ledger;

/* The keys in the store are this and the ledger's own; what is there may be an object that has the value somewhere in it. */
struct ledger *ledger_new(const char *prefix);
void ledger_free(struct ledger *ledger);

/* Users stop beginning new operations, tenants stop renewing. */
void ledger_set_over(struct ledger *ledger);
bool ledger_is_over(const struct ledger *ledger);

/* The key in the store with that number. The prefix's own bounds hold all of them. */
struct str ledger_key(const struct ledger *ledger, uint32_t key);
void ledger_bounds(const struct ledger *ledger, struct str *out_from, struct str *out_end);
/* What an operation writes: its number and noise. In the arena. */
struct str ledger_value(struct arena *arena, uint32_t op, uint32_t noise_bytes);

/* ---- operations ---- */

enum ledger_kind { LEDGER_PUT, LEDGER_DELETE, LEDGER_SWAP, LEDGER_PAIR, LEDGER_READ };

enum ledger_end {
	LEDGER_OPEN,    /* nobody knows */
	LEDGER_DONE,    /* acknowledged */
	LEDGER_REFUSED, /* by its condition: nothing was changed */
	LEDGER_LOST,    /* certainly not applied */
};

/* A new operation begins now. Swap and delete: only if the key has `expected`, the number of the operation that wrote it (0: does
 * not exist; LEDGER_ANY: whatever). A pair writes `key` and `second`. */
#define LEDGER_ANY UINT32_MAX
uint32_t ledger_begin(struct ledger *ledger, enum ledger_kind kind, uint32_t key, uint32_t second,
		      uint32_t expected, int64_t now_ns);
/* `revision` is the answer's; 0: it did not say. Never called if nobody knows what became of it. */
void ledger_end(struct ledger *ledger, uint32_t op, enum ledger_end end, uint64_t revision,
		int64_t now_ns);
/* A read of `op`, or of nobody's (op 0: a range that the linearizability of single keys does not look at): keys from `first` up to
 * `last`. An answer that does not tell its revision, or the version of a row, has 0 there. Returns what the first key has, 0: nothing. `floor` is ledger_floor() of when it was asked; 0: it may be old. */
uint32_t ledger_read(struct ledger *ledger, uint32_t op, uint32_t first, uint32_t last,
		     const struct store_range_answer *answer, uint64_t floor, int64_t now_ns);
/* The newest revision that anybody has seen. */
uint64_t ledger_floor(const struct ledger *ledger);

/* ---- watches: a stream is one watcher's view without a gap ---- */

/* Everything after this revision will be told. */
uint32_t ledger_stream(struct ledger *ledger, uint64_t after);
void ledger_events(struct ledger *ledger, uint32_t stream, const struct store_events *events,
		   int64_t now_ns);

/* ---- leases ---- */

/* The key was put under a lease, or the lease was renewed, by a request sent at that time and answered OK: it lives at least so long. */
void ledger_lease(struct ledger *ledger, uint32_t key, uint64_t lease, uint32_t ttl_s,
		  int64_t asked_ns);
/* The tenant revokes it now: it may go at any time. */
void ledger_unlease(struct ledger *ledger, uint64_t lease);

/* ---- the end ---- */

struct ledger_counts {
	uint32_t operations, done, refused, lost, open, reads, ranges, events, streams, leases,
	    expiries;
	uint64_t revision;
};

/* All that can be checked only now. `rows` is the whole range at the end, as each store says it; call once for each. */
void ledger_check_rows(struct ledger *ledger, const struct store_range_answer *answer);
struct ledger_counts ledger_close(struct ledger *ledger);

#endif
