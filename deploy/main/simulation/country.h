/*
 * A country: a whole cluster of several simulated machines, from one seed.
 *
 * Each machine runs the hosts of its layout as deploy/main plans them (layout.h), with all their actors: store, directory, relay and
 * administration, and the API server there or in a host of its own; controllers and scheduler where the store's leader is; the agent with hollow pods. Only what a
 * process has of the machine itself is left out: TLS, HTTP, the root. Hosts know of each other what the directory tells the
 * links, which is how it is on the machine. Beside each store stands a witness, who writes the annals.
 *
 * Machines are numbered from 1 and named n1 ...; the first begins the cluster, the others join. One machine more, the desk, is no part
 * of the cluster: citizens live there.
 */
#ifndef DEPLOY_MAIN_SIMULATION_COUNTRY_H
#define DEPLOY_MAIN_SIMULATION_COUNTRY_H

#include "deploy/sim/annals.h"
#include "deploy/sim/citizens.h"
#include "runtime/actor/act.h"
#include "runtime/sim/sim.h"

#define COUNTRY_MACHINES 7U
#define COUNTRY_CITIZENS 8U

struct country;

struct country_config {
	uint64_t seed;
	uint32_t machines;
	bool is_isolated;      /* their layout; else the compact one */
	uint32_t late;         /* of them, the last ones, that wait until they are let in */
	struct ledger *ledger; /* that witnesses tell, too; NULL: none */
	const struct act_child *citizens; /* at the desk; NULL: none */
	uint32_t citizen_count;
	const char *
	    log_path; /* where all that the actors say is written; "1": standard error; NULL: nowhere */
};

/* All machines that are not late are members and ready when this returns. */
struct country *country_open(const struct country_config *config);
void country_close(struct country *country);

struct act_sim *country_sim(struct country *country);
struct annals *country_annals(struct country *country);
uint32_t country_node(const struct country *country, uint32_t machine); /* its number in the sim */
/* The machine that leads the newest term, as the stores say; 0: none. */
uint32_t country_leader(const struct country *country);
const struct store_status *country_status(const struct country *country, uint32_t machine);
/* Who votes, as that machine's store says: a bit for each (n1: 1 << 1). */
uint32_t country_voters(const struct country *country, uint32_t machine);

/* How often an actor has logged this event, at INFO and above. */
uint32_t country_said(const struct country *country, const char *event);

void country_run(struct country *country, uint64_t ms);

/* Asks that machine's API server as an administrator. 0: it was not answered. The body lies in the arena. */
int32_t country_ask(struct country *country, uint32_t machine, const char *method, const char *path,
		    const char *body, struct arena *arena, struct str *out_body);

/* By way of whoever leads: a machine that is late begins; another one is to lead. */
MUST_USE enum status country_let_in(struct country *country, uint32_t machine);
MUST_USE enum status country_transfer(struct country *country, uint32_t machine);

/* The machine that will never be up again; 0: none. */
uint32_t country_buried(const struct country *country);
/* Asks that machine's administration to have another forgotten, as `troupe remove` does, which a machine asks that leaves. */
MUST_USE enum status country_forget(struct country *country, uint32_t helper, uint32_t machine);

#endif
