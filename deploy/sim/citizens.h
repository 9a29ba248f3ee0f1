/*
 * The citizens of a simulated country: actors that use it as kubectl, controllers and operators do, by messages to any machine's API server.
 *
 * A writer creates, replaces and deletes ConfigMaps under preconditions, reads and lists them, goes on elsewhere when it is not answered, and
 * tells a ledger. A reader lists and watches them, goes on at another server where it was, and tells the ledger too. A manager
 * creates, scales, changes and deletes Deployments and keeps no accounts. A witness beside a store tells the annals and its country what the
 * store says. They end with their host and begin anew with it.
 */
#ifndef DEPLOY_SIM_CITIZENS_H
#define DEPLOY_SIM_CITIZENS_H

#include "actors/client/api.h"
#include "deploy/sim/annals.h"
#include "deploy/sim/ledger.h"
#include "runtime/actor/act.h"

#define CITIZENS_DEPLOYMENTS \
	4U /* d0 ..., each with a Service of its name in front; of the default namespace */

/* What one is given: args of the classes, as long as the country lives. */
struct citizen {
	struct ledger *ledger;
	uint32_t machines; /* 1 to this serve the API */
	uint32_t pause_ms; /* between two things, at most */
	bool is_apart;     /* the API server has a host of its own on each machine */
};
extern const struct act_class writer_class, reader_class, manager_class;

struct witness {
	struct annals *annals;
	struct ledger *ledger; /* is told what the store told, too; NULL: there is none */
	uint32_t stream, machine;
	uint64_t id; /* of the store, once it has said so */
	bool has_stream;
	uint32_t voters; /* as the store said last: a bit for each machine (n1: 1 << 1) */
	struct store_status
	    status; /* as told last; without strings and members; all 0: none in this life */
};
extern const struct act_class witness_class; /* args: struct witness, which it writes */

/* A call by an administrator; the server is any machine's if `machine` is 0. */
MUST_USE enum status citizen_call(struct act *act, const struct citizen *citizen, uint32_t machine,
				  struct api_call *call, uint32_t timeout_ms, uint64_t tag);
struct act_ref citizen_server(struct act *act, const struct citizen *citizen, uint32_t machine);
struct api_call citizen_call_new(const char *method, struct str path, struct str body);
uint64_t citizen_below(struct act *act, uint64_t n);

#endif
