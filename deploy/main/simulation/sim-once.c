/*
 * One ordeal, and what is said of it. All that is on standard output follows from the command line alone; the speed goes to
 * standard error.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "deploy/main/simulation/ordeal.h"
#include "deploy/main/simulation/sim-private.h"
#include "runtime/base/mem.h"

/* ---- what was asked for ------------------------------------------------------------------------------------------- */

static bool read_only(struct str list, struct ordeal_config *config, struct fault *why)
{
	uint32_t *only = mem_alloc(ORDEAL_FAULTS_MAX * sizeof *only);
	uint64_t number;

	config->only = only;
	while (list.at != NULL && list.len > 0) {
		struct str one = str_cut(&list, ',');

		if (str_to_u64(one, &number) != OK || number >= ORDEAL_FAULTS_MAX ||
		    config->only_count == ORDEAL_FAULTS_MAX)
			return fault_set(why, INVALID, "",
					 "--only wants numbers of faults, as 3,17; not " STR_FMT,
					 STR_ARG(one)) == OK;
		only[config->only_count++] = (uint32_t)number;
	}
	return true;
}

bool sim_config(const struct command_line *line, struct ordeal_config *out, struct fault *why)
{
	int64_t nodes = command_number(line, "nodes"), time_ms = command_number(line, "time");
	const char *only = command_text(line, "only");

	*out = (struct ordeal_config){ .seed = (uint64_t)command_number(line, "seed"),
				       .nodes = (uint32_t)nodes,
				       .is_isolated =
					   strcmp(command_text(line, "layout"), "isolated") == 0,
				       .time_ms = (uint64_t)time_ms,
				       .log_path = command_text(line, "log"),
				       .forbidden = command_text(line, "forbid") };
	if (nodes < 1 || nodes > COUNTRY_MACHINES)
		return fault_set(why, INVALID, "", "--nodes wants 1 to %u", COUNTRY_MACHINES) == OK;
	if (time_ms < 1 || (uint64_t)time_ms > ORDEAL_TIME_MAX_MS)
		return fault_set(why, INVALID, "", "--time wants at most %u minutes",
				 (unsigned)(ORDEAL_TIME_MAX_MS / 60000)) == OK;
	if (act_sim_fault_kinds(str_from(command_text(line, "faults")), &out->kinds, why) != OK)
		return false;
	return only == NULL || read_only(str_from(only), out, why);
}

/* ---- what is said of it --------------------------------------------------------------------------------------------- */

static void print_faults(const struct ordeal_result *result)
{
	uint64_t struck = 0, left_out = 0;

	for (uint32_t kind = 0; kind < ACT_SIM_FAULTS; kind++) {
		struck += result->tally.struck[kind];
		left_out += result->tally.left_out[kind];
	}
	printf("faults: %" PRIu64 " of %" PRIu32 " drawn", struck, result->drawn);
	for (uint32_t kind = 0; kind < ACT_SIM_FAULTS; kind++)
		if (result->tally.struck[kind] > 0)
			printf(", %" PRIu64 " %s", result->tally.struck[kind],
			       act_sim_fault_name((enum act_sim_fault_kind)kind));
	if (left_out > 0)
		printf("; %" PRIu64 " could not strike", left_out);
	printf("\n");
}

struct branches {
	uint32_t count, never;
};

static void print_taken(void *arg, const struct act_sim_branch *branch)
{
	struct branches *branches = arg;

	branches->count++;
	branches->never += branch->taken == 0;
	if (branch->taken > 0)
		printf("branch: taken %" PRIu64 " of %" PRIu64 ": %s\n", branch->taken,
		       branch->asked, branch->what);
}

struct kept_branches {
	struct act_sim_branch at[64];
	uint32_t count;
};

static void keep_branch(void *arg, const struct act_sim_branch *branch)
{
	struct kept_branches *kept = arg;

	if (kept->count < sizeof kept->at / sizeof kept->at[0])
		kept->at[kept->count++] = *branch;
}

static void print_branches(const struct kept_branches *kept)
{
	struct branches branches = { 0 };

	for (uint32_t i = 0; i < kept->count; i++)
		print_taken(&branches, &kept->at[i]);
	/* Where none was, branches are no fault of this run. */
	for (uint32_t i = 0; i < kept->count && branches.count > branches.never; i++)
		if (kept->at[i].taken == 0)
			printf("branch: never taken, asked %" PRIu64 " times: %s\n",
			       kept->at[i].asked, kept->at[i].what);
	printf("branches: %" PRIu32 " of %" PRIu32 " taken\n", branches.count - branches.never,
	       branches.count);
}

static void print_result(const struct ordeal_config *config, const struct ordeal_result *result)
{
	const struct ledger_counts *counts = &result->ledger;

	printf("seed %" PRIu64 ": %" PRIu32 " nodes, %" PRIu64 ".%03" PRIu64
	       " s of virtual time, %" PRIu64 " events, hash %016" PRIx64 "\n",
	       config->seed, config->nodes, result->virtual_ms / 1000, result->virtual_ms % 1000,
	       result->events, result->hash);
	print_faults(result);
	printf("load: %u writes done, %u refused, %u of unknown outcome; %u reads, %u lists, "
	       "%u events to %u watches\n",
	       counts->done, counts->refused, counts->open + counts->lost, counts->reads,
	       counts->ranges, counts->events, counts->streams);
	printf(
	    "held: %" PRIu64 " terms had one leader each; %" PRIu64
	    " revisions told alike by all replicas (%" PRIu64
	    " tellings); %u operations linearizable; each acknowledged write once and none lost; "
	    "at rest %" PRIu64 ".%03" PRIu64 " s after the last fault; all servers list the same\n",
	    result->terms, result->revisions, result->told, counts->operations,
	    result->rest_ms / 1000, result->rest_ms % 1000);
}

static void print_speed(const struct ordeal_result *result)
{
	struct timespec used;
	double seconds;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	seconds = (double)used.tv_sec + (double)used.tv_nsec / 1e9;
	fprintf(stderr, "%.2f s of processor time, %.0f virtual seconds in each\n", seconds,
		(double)result->virtual_ms / 1000 / seconds);
}

int sim_once(const struct command_line *line)
{
	struct kept_branches branches = { .count = 0 };
	struct ordeal_config config;
	struct ordeal_result result;
	struct fault why;

	if (!sim_config(line, &config, &why))
		return command_failed("sim: %s", why.text), EXIT_USAGE;
	ordeal_run(&config, &result, keep_branch, &branches);
	print_result(&config, &result);
	print_branches(&branches);
	print_speed(&result);
	mem_free((void *)(uintptr_t)config.only);
	return EXIT_DONE;
}
