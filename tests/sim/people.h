/*
 * The people of a simulated store: actors that use it as API servers and etcd's clients do, and tell a ledger what they did and saw.
 *
 * A user does one thing after another and repeats what it does not know the outcome of, with the same request number and perhaps at
 * another store. A watcher watches all keys, goes on elsewhere when its store is gone, and is slow at times. A scribe is a
 * watcher of the store beside it that is never slow. A tenant holds a lease, puts a key under it, and lets it end.
 * They end with their node and begin anew with it; what they had begun stays open in the ledger. Only tests/ may include this.
 */
#ifndef TESTS_SIM_PEOPLE_H
#define TESTS_SIM_PEOPLE_H

#include "deploy/sim/ledger.h"
#include "runtime/actor/act.h"

/* What a person is given: args of the classes, as long as the cluster lives. */
struct person {
	struct ledger *ledger;
	uint32_t number;   /* of a tenant: its key */
	uint32_t stores;   /* nodes 1 to this have one */
	bool is_at_home;   /* there is one beside it, which it likes better */
	uint32_t pause_ms; /* between two things, at most */
};

extern const struct act_class user_class, watcher_class, scribe_class, tenant_class;

/* "store", if there is one beside it and as likely as not, else "store@n<number>" of any. */
struct act_ref person_store(struct act *act, const struct person *person);
uint64_t person_below(struct act *act, uint64_t n);

#endif
