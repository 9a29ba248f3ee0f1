/*
 * An ordeal: a whole simulated cluster under load and faults, from one seed, with everything checked that can be.
 *
 * Machines come up; citizens write, read, list and watch through any of them; faults of a list strike; then all is made good, and the cluster
 * must come to rest with every account in order (deploy/sim: annals, ledger, unrest). What does not hold ends the process
 * (deploy/sim/claim.h). The same config gives the same result, and the same hash.
 */
#ifndef DEPLOY_MAIN_SIMULATION_ORDEAL_H
#define DEPLOY_MAIN_SIMULATION_ORDEAL_H

#include "deploy/main/simulation/country.h"

#define ORDEAL_FAULTS_MAX 8192U
#define ORDEAL_TIME_MAX_MS \
	(20ULL * 60 * 1000) /* more operations on one key are not checked (linear.h) */

struct ordeal_config {
	uint64_t seed;
	uint32_t nodes;
	bool is_isolated; /* the machines' layout */
	uint64_t time_ms; /* of trouble */
	uint32_t kinds;   /* of faults; 0: none */
	/* Which faults of the list that the seed draws strike, by their numbers from 0; NULL: all. */
	const uint32_t *only;
	uint32_t only_count;
	const char *log_path; /* as of struct country_config */
	const char *
	    forbidden; /* that an actor logs this event ("store: leads") is a failure too; NULL: none */
};

struct ordeal_result {
	uint64_t hash, events, virtual_ms,
	    rest_ms;    /* rest: from the last fault's end until all was well */
	uint32_t drawn; /* faults */
	struct act_sim_tally tally;
	struct ledger_counts ledger;
	uint64_t terms, revisions, told; /* told: events by all replicas */
};

/* How the list of faults is drawn, which begins when the machines have come up. At most `max`. */
uint32_t ordeal_faults(const struct ordeal_config *config, struct act_sim_fault *out, uint32_t max);
void ordeal_run(const struct ordeal_config *config, struct ordeal_result *out,
		void (*each_branch)(void *arg, const struct act_sim_branch *branch), void *arg);

#endif
