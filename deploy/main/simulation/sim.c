#include "deploy/main/simulation/sim.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "deploy/main/simulation/sim-private.h"
#include "deploy/sim/claim.h"
#include "runtime/base/mem.h"
#include "runtime/loop/loop.h"

#define LOOK_MS 2U
#define ONCE_MS (10U * 60 * 1000) /* of real time: what takes longer goes round in circles */
#define SHRINK_TRIES 300U
#define WORDS_MAX 20
#define TEXT_MAX (256U * KIB)

struct sim {
	const struct command_line *line;
	struct act *act;
	struct ordeal_config config;
	struct act_sim_fault *faults; /* as the seed draws them */
	uint32_t fault_count;
	int64_t pid; /* of the ordeal that runs */
	struct loop_ended ended;
	bool has_ended, is_done;
	int code;
	uint32_t tries;
	char failure[512]; /* of the first ordeal: what another must fail by to be the same */
};

/* What became of one ordeal. */
struct outcome {
	bool has_failed;
	struct str out, err; /* all it printed; in the arena */
};

/* ---- one ordeal in a process of its own ------------------------------------------------------------------------------- */

static struct str read_all(int fd, struct arena *arena)
{
	off_t len = lseek(fd, 0, SEEK_END);
	struct str all = { 0 };

	if (len <= 0)
		return STR("");
	len = len < (off_t)TEXT_MAX ? len : (off_t)TEXT_MAX;
	char *bytes = arena_alloc(arena, (size_t)len);
	if (pread(fd, bytes, (size_t)len, 0) == len)
		all = str_of(bytes, (uint32_t)len);
	return all;
}

static const char *numbers_text(const uint32_t *numbers, uint32_t count, struct arena *arena)
{
	struct text text = text_in(arena, TEXT_MAX);

	for (uint32_t i = 0; i < count; i++)
		text_printf(&text, "%s%" PRIu32, i ? "," : "", numbers[i]);
	text_add_bytes(&text, "", 1);
	return text_str(&text).at;
}

static void await_end(struct sim *sim)
{
	const struct seams_process *process = &act_seams(sim->act)->process;
	struct mono since = act_now(sim->act);

	while (!sim->has_ended) {
		if ((act_now(sim->act).ns - since.ns) / TIME_MS > ONCE_MS)
			(void)!process->kill(process->self, sim->pid, SIGKILL);
		act_sleep(sim->act, LOOK_MS);
	}
}

static enum status start(struct sim *sim, const char *only, int out, int err, struct arena *arena,
			 struct fault *why)
{
	const struct command_line *line = sim->line;
	const char *optional[][2] = { { "--layout", command_text(line, "layout") },
				      { "--only", only },
				      { "--log", command_text(line, "log") },
				      { "--forbid", command_text(line, "forbid") } };
	const char *words[WORDS_MAX] = {
		"/proc/self/exe", "sim-once",
		"--seed",         arena_printf(arena, "%" PRIu64, sim->config.seed).at,
		"--nodes",        command_text(line, "nodes"),
		"--time",         command_text(line, "time"),
		"--faults",       command_text(line, "faults")
	};
	uint32_t count = 10;
	int fds[] = { -1, out, err };
	struct seams_spawn spec = { .argv = words, .fds = fds, .fd_count = 3, .dies_with_us = true };

	for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++) {
		if (optional[i][1] == NULL)
			continue;
		words[count++] = optional[i][0];
		words[count++] = optional[i][1];
	}
	sim->has_ended = false;
	return loop_spawn(sim->act, &spec, &sim->pid, why);
}

/* `only` NULL: all faults. False: it could not be started. */
static bool run_once(struct sim *sim, const char *only, struct arena *arena, struct outcome *out)
{
	int stdout_fd = memfd_create("out", MFD_CLOEXEC),
	    stderr_fd = memfd_create("err", MFD_CLOEXEC);
	struct fault why = { 0 };
	bool is_started = stdout_fd >= 0 && stderr_fd >= 0 &&
			  start(sim, only, stdout_fd, stderr_fd, arena, &why) == OK;

	if (is_started) {
		await_end(sim);
		*out = (struct outcome){ .has_failed = sim->ended.code != EXIT_DONE,
					 .out = read_all(stdout_fd, arena),
					 .err = read_all(stderr_fd, arena) };
	} else {
		sim->code = command_failed("sim: cannot start an ordeal: %s", why.text);
	}
	if (stdout_fd >= 0)
		close(stdout_fd);
	if (stderr_fd >= 0)
		close(stderr_fd);
	sim->tries++;
	return is_started;
}

static struct str last_line(struct str text)
{
	struct str trimmed = str_trim(text);
	int64_t at = str_find_last(trimmed, '\n');

	return str_slice(trimmed, (uint32_t)(at + 1), trimmed.len);
}

/* How it failed: where the claim was made, or by which signal and after which words; without what differs from run to run. */
static void failure_of(const struct sim *sim, const struct outcome *outcome, char *out, size_t size)
{
	struct str line = last_line(outcome->err), rest = line;
	struct str file = str_cut(&rest, ':'), number = str_cut(&rest, ':');

	if (sim->ended.signal != 0)
		snprintf(out, size, "signal %d: " STR_FMT, sim->ended.signal, STR_ARG(line));
	else
		snprintf(out, size, STR_FMT ":" STR_FMT, STR_ARG(file), STR_ARG(number));
}

/* ---- shrinking -------------------------------------------------------------------------------------------------------------- */

/* Faults of a list as they are numbered in what the seed draws: no two are at the same time. */
static uint32_t numbers_of(const struct sim *sim, const struct act_sim_fault *faults,
			   uint32_t count, uint32_t *out)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < sim->fault_count && found < count; i++)
		if (sim->faults[i].at_ms == faults[found].at_ms)
			out[found++] = i;
	return found;
}

static const char *only_text(const struct sim *sim, const struct act_sim_fault *faults,
			     uint32_t count, struct arena *arena)
{
	uint32_t *numbers = arena_alloc(arena, (count + 1) * sizeof *numbers);

	return numbers_text(numbers, numbers_of(sim, faults, count, numbers), arena);
}

static bool fails_alike(void *arg, const struct act_sim_fault *faults, uint32_t count)
{
	struct sim *sim = arg;
	struct arena *arena = arena_new(0);
	struct outcome outcome = { 0 };
	char failure[sizeof sim->failure] = "";

	if (!sim->is_done && run_once(sim, only_text(sim, faults, count, arena), arena, &outcome) &&
	    outcome.has_failed)
		failure_of(sim, &outcome, failure, sizeof failure);
	arena_free(arena);
	return strcmp(failure, sim->failure) == 0;
}

static void print_list(const struct act_sim_fault *faults, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct text text = text_new(1000);

		act_sim_fault_print(&faults[i], &text);
		printf("  " STR_FMT "\n", STR_ARG(text_str(&text)));
		text_fini(&text);
	}
}

/* The command line that fails again, by these faults. */
static void say_failed(struct sim *sim, const char *only, struct str words)
{
	const char *forbid = command_text(sim->line, "forbid");

	sim->code = command_failed(
	    "sim: seed %" PRIu64 " fails: " STR_FMT "; again: troupe sim --seed %" PRIu64
	    " --nodes %s%s --time %s --faults %s%s%s%s%s%s",
	    sim->config.seed, STR_ARG(words), sim->config.seed, command_text(sim->line, "nodes"),
	    sim->config.is_isolated ? " --layout isolated" : "", command_text(sim->line, "time"),
	    command_text(sim->line, "faults"), only ? " --only " : "",
	    only ? (*only ? only : "''") : "", forbid ? " --forbid '" : "", forbid ? forbid : "",
	    forbid ? "'" : "");
}

static void shrink(struct sim *sim, struct str words, struct arena *arena)
{
	struct act_sim_fault *faults = mem_zalloc(ORDEAL_FAULTS_MAX * sizeof *faults);
	uint32_t count = sim->fault_count;

	memcpy(faults, sim->faults, count * sizeof *faults);
	sim->tries = 0;
	fprintf(stderr, "seed %" PRIu64 " fails; looking for the faults that matter\n",
		sim->config.seed);
	count = act_sim_shrink(faults, count, SHRINK_TRIES, fails_alike, sim);
	printf("%" PRIu32 " of %" PRIu32 " faults are enough, after %" PRIu32 " tries:\n", count,
	       sim->fault_count, sim->tries);
	print_list(faults, count);
	fflush(stdout);
	say_failed(sim, only_text(sim, faults, count, arena), words);
	mem_free(faults);
}

/* ---- all seeds ---------------------------------------------------------------------------------------------------------------- */

static void fail(struct sim *sim, const struct outcome *outcome, struct arena *arena)
{
	const char *only = command_text(sim->line, "only");
	struct str words = last_line(outcome->err);

	failure_of(sim, outcome, sim->failure, sizeof sim->failure);
	if (sim->ended.signal != 0)
		words = arena_printf(arena, "signal %d " STR_FMT, sim->ended.signal, STR_ARG(words));
	if (only != NULL || command_flag(sim->line, "no-shrink"))
		say_failed(sim, only, words);
	else
		shrink(sim, words, arena);
}

static void run_seed(struct sim *sim)
{
	struct arena *arena = arena_new(0);
	struct outcome outcome = { 0 };

	sim->fault_count = ordeal_faults(&sim->config, sim->faults, ORDEAL_FAULTS_MAX);
	if (run_once(sim, command_text(sim->line, "only"), arena, &outcome)) {
		if (outcome.has_failed) {
			fail(sim, &outcome, arena);
		} else {
			printf(STR_FMT, STR_ARG(outcome.out));
			fflush(stdout);
			fprintf(stderr, STR_FMT, STR_ARG(outcome.err));
		}
	}
	arena_free(arena);
}

static void run_all(struct act *act, void *state, void *arg)
{
	struct sim *sim = *(struct sim **)state;
	int64_t seeds = command_number(sim->line, "seeds");

	(void)act;
	(void)arg;
	for (int64_t i = 0; i < seeds && sim->code == EXIT_DONE && !sim->is_done; i++) {
		run_seed(sim);
		sim->config.seed++;
	}
	sim->is_done = true;
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct sim *sim = *(struct sim **)state;

	(void)act;
	if (ACT_IS(msg, loop_ended)) {
		sim->ended = *ACT_AS(msg, loop_ended);
		sim->has_ended = true;
	} else if (ACT_IS(msg, loop_signal)) {
		sim->code = command_failed("sim: interrupted");
		sim->is_done = true;
	} else {
		return ACT_UNHANDLED;
	}
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct sim *sim = *(struct sim *const *)args;

	*(struct sim **)state = sim;
	sim->act = act;
	TRY(loop_on_signal(act, SIGINT));
	TRY(loop_on_signal(act, SIGTERM));
	return act_task(act, run_all, NULL);
}

static const struct act_class sim_class = {
	.name = "sim", .state_size = sizeof(struct sim *), .init = init, .receive = receive
};

static bool is_done(void *arg)
{
	return ((struct sim *)arg)->is_done;
}

static int run(struct sim *sim)
{
	struct act_child child = { .id = "sim", .class = &sim_class, .args = &sim };
	struct act_supervisor root = { .children = &child, .child_count = 1 };
	struct loop_config config = { .host = {
					  .name = "sim", .node = 1, .epoch = 1, .root = &root } };
	struct loop *loop;

	if (loop_open(&config, &loop) != OK)
		return command_failed("sim: cannot start");
	while (!loop_run_until(loop, is_done, sim, 1000))
		;
	loop_close(loop);
	return sim->code;
}

int sim_run(const struct command_line *line)
{
	struct sim sim = { .line = line };
	struct fault why;
	int code;

	if (!sim_config(line, &sim.config, &why))
		return command_failed("sim: %s", why.text), EXIT_USAGE;
	if (command_number(line, "seeds") < 1 || command_number(line, "seed") < 0)
		return command_failed("sim: --seed wants 0 or more, --seeds 1 or more"), EXIT_USAGE;
	sim.faults = mem_zalloc(ORDEAL_FAULTS_MAX * sizeof *sim.faults);
	code = run(&sim);
	mem_free(sim.faults);
	mem_free((void *)(uintptr_t)sim.config.only);
	return code;
}
