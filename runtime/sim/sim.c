#include "runtime/sim/sim.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/chance.h"
#include "runtime/base/hash.h"
#include "runtime/base/mem.h"
#include "runtime/sim/sim-private.h"

#define RETRY_START_MS 1000U
#define START_NS TIME_S                       /* mono 0 would mean "never" to some */
#define WALL_START_NS (1767225600LL * TIME_S) /* 2026-01-01T00:00:00Z */

/* ---- chance ------------------------------------------------------------------------------------------- */

uint64_t act_sim_random(struct act_sim *sim)
{
	return chance_next(&sim->chance);
}

uint64_t sim_below(struct act_sim *sim, uint64_t n)
{
	return n ? act_sim_random(sim) % n : 0;
}

static uint64_t sim_disk_below(void *self, uint64_t n)
{
	return sim_below(self, n);
}

int64_t sim_between_us(struct act_sim *sim, uint32_t min_us, uint32_t max_us)
{
	uint32_t span = max_us > min_us ? max_us - min_us : 0;
	return (int64_t)(min_us + sim_below(sim, (uint64_t)span + 1)) * TIME_US;
}

void sim_mix(struct act_sim *sim, uint64_t fact)
{
	sim->hash = hash_mix(sim->hash, fact);
}

void act_sim_note(struct act_sim *sim, struct str fact)
{
	sim_mix(sim, hash_bytes(fact.len, fact.at, fact.len));
}

/* ---- events ------------------------------------------------------------------------------------------------ */

static bool event_before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->sequence < b->sequence;
}

void sim_push(struct act_sim *sim, int64_t delay_ns, struct sim_event event)
{
	event.at_ns = sim->now_ns + (delay_ns > 0 ? delay_ns : 0);
	event.sequence = sim->sequence++;
	if (sim->heap_len == sim->heap_cap) {
		sim->heap_cap = sim->heap_cap ? sim->heap_cap * 2 : 1024;
		sim->heap = mem_resize(sim->heap, sim->heap_cap * sizeof *sim->heap);
	}
	uint32_t at = sim->heap_len++;
	while (at > 0 && event_before(&event, &sim->heap[(at - 1) / 2])) {
		sim->heap[at] = sim->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	sim->heap[at] = event;
}

static struct sim_event sim_pop(struct act_sim *sim)
{
	const struct sim_event first = sim->heap[0];
	const struct sim_event last = sim->heap[--sim->heap_len];
	uint32_t at = 0;

	for (;;) {
		uint32_t child = 2 * at + 1;
		if (child >= sim->heap_len)
			break;
		if (child + 1 < sim->heap_len &&
		    event_before(&sim->heap[child + 1], &sim->heap[child]))
			child++;
		if (!event_before(&sim->heap[child], &last))
			break;
		sim->heap[at] = sim->heap[child];
		at = child;
	}
	if (sim->heap_len)
		sim->heap[at] = last;
	return first;
}

/* ---- the seams of a host ------------------------------------------------------------------------------------- */

static struct mono seam_mono(void *self)
{
	return (struct mono){ ((struct sim_host *)self)->sim->now_ns };
}

static struct wall seam_wall(void *self)
{
	const struct sim_host *host = self;
	return (struct wall){ WALL_START_NS + host->sim->now_ns + host->node->skew_ns };
}

static void seam_fill(void *self, void *at, size_t len)
{
	struct sim_host *host = self;
	for (size_t i = 0; i < len; i += sizeof(uint64_t)) {
		uint64_t word = act_sim_random(host->sim);
		memcpy((char *)at + i, &word, len - i < sizeof word ? len - i : sizeof word);
	}
}

static bool seam_buggify(void *self, const struct act_branch *branch)
{
	return sim_branch(((struct sim_host *)self)->sim, branch);
}

static void seam_wake(void *self)
{
	sim_host_wake(self);
}

static struct seams_worker *seam_worker_open(void *self, const char *name)
{
	struct sim_host *host = self;
	struct sim_worker *worker = mem_new(struct sim_worker);

	(void)name;
	list_push(&host->workers, &worker->link);
	return (struct seams_worker *)(void *)worker;
}

static void seam_worker_close(void *self, struct seams_worker *worker)
{
	struct sim_worker *own = (struct sim_worker *)(void *)worker;

	(void)self;
	list_remove(&own->link);
	mem_free(own);
}

static void seam_submit(void *self, struct seams_worker *worker, struct seams_job *job)
{
	struct sim_host *host = self;
	struct act_sim *sim = host->sim;
	struct sim_worker *own = (struct sim_worker *)(void *)worker;
	struct sim_job *entry = mem_new(struct sim_job);
	int64_t done_ns = sim->now_ns + sim_between_us(sim, host->node->present.delay_min_us,
						       host->node->present.delay_max_us);

	/* One at a time and in order: the next begins when the last is done. */
	if (own) {
		if (own->free_at_ns > sim->now_ns)
			done_ns += own->free_at_ns - sim->now_ns;
		own->free_at_ns = done_ns + 1;
	}
	entry->number = ++sim->job_number;
	entry->job = job;
	list_push(&host->jobs, &entry->link);
	sim_push(
	    sim, done_ns - sim->now_ns,
	    (struct sim_event){ .kind = SIM_EVENT_JOB, .number = entry->number, .object = host });
}

static bool seam_withdraw(void *self, struct seams_worker *worker, struct seams_job *job)
{
	struct sim_host *host = self;

	(void)worker;
	list_each (&host->jobs, link) {
		struct sim_job *entry = list_item(link, struct sim_job, link);
		if (entry->job == job) {
			list_remove(&entry->link);
			mem_free(entry);
			return true;
		}
	}
	return false;
}

static enum status seam_spawn(void *self, const struct seams_spawn *spec,
			      void (*ended)(void *arg, int64_t pid, int code, int signal),
			      void *arg, int64_t *out_pid)
{
	(void)self, (void)spec, (void)ended, (void)arg, (void)out_pid;
	return NOT_IMPLEMENTED;
}

/* A host has no children, and can end itself: when its turn is over, since somebody may hold something that goes with it. */
static enum status seam_kill(void *self, int64_t pid, int signal)
{
	struct sim_host *host = self;

	if (pid != SEAMS_SELF || signal != SIGKILL)
		return NOT_FOUND;
	host->is_killed = true;
	return OK;
}

static void sim_host_seams(struct sim_host *host, struct seams *out)
{
	*out = (struct seams){
		.clock = { host, seam_mono, seam_wall },
		.random = { host, seam_fill, seam_buggify },
		.files = *volume_view_files(host->view),
		.process = { host, seam_spawn, seam_kill },
		.jobs = { host, seam_worker_open, seam_worker_close, seam_submit, seam_withdraw },
		.wake_self = host,
		.wake = seam_wake,
	};
	sim_link_seam(host, &out->link);
}

/* ---- hosts ------------------------------------------------------------------------------------------------------- */

struct sim_node *sim_node_of(struct act_sim *sim, uint32_t number)
{
	for (uint32_t i = 0; i < sim->nodes.len; i++)
		if (sim->nodes.at[i]->number == number)
			return sim->nodes.at[i];
	struct sim_node *node = mem_new(struct sim_node);
	const struct volume_chance chance = { sim, sim_disk_below };
	node->number = number;
	node->sim = sim;
	node->disk = volume_new(&chance);
	node->view = volume_view_new(node->disk);
	node->usual =
	    (struct act_sim_disk){ .delay_min_us = 50, .delay_max_us = 3000, .is_tearing = true };
	node->present = node->usual;
	vec_push(&sim->nodes, node);
	return node;
}

struct sim_host *sim_host_find(const struct act_sim *sim, uint32_t node, uint16_t number)
{
	for (uint32_t i = 0; i < sim->hosts.len; i++) {
		struct sim_host *host = sim->hosts.at[i];
		if (host->node->number == node && host->config.host == number)
			return host;
	}
	return NULL;
}

static void sim_host_turn_at(struct sim_host *host, int64_t at_ns)
{
	if (!host->host || at_ns >= host->turn_at_ns)
		return;
	host->turn_at_ns = at_ns;
	sim_push(host->sim, at_ns - host->sim->now_ns,
		 (struct sim_event){
		     .kind = SIM_EVENT_TURN, .number = (uint64_t)at_ns, .object = host });
}

void sim_host_wake(struct sim_host *host)
{
	sim_host_turn_at(host, host->sim->now_ns);
}

static enum status sim_host_start(struct sim_host *host)
{
	struct act_host_config config = host->config;
	struct seams seams;

	config.node = host->node->number;
	config.epoch = ++host->epoch;
	config.is_unmeasured = true;
	config.driver = NULL;
	host->turn_at_ns = INT64_MAX;
	vec_clear(&host->known);
	if (host->view)
		volume_view_free(host->view);
	host->view = volume_view_new(host->node->disk);
	sim_host_seams(host, &seams);
	TRY(act_host_open(&config, &seams, &host->host));
	sim_host_wake(host);
	return OK;
}

void sim_host_kill(struct sim_host *host)
{
	if (!host->host)
		return;
	struct act_host *dead = host->host;
	volume_view_kill(host->view);
	host->host = NULL;
	host->is_killed = false;
	host->turn_at_ns = INT64_MAX;
	act_host_abandon(dead);
	assert(list_is_empty(&host->jobs) && list_is_empty(&host->workers));
}

enum status act_sim_host(struct act_sim *sim, uint32_t node, const struct act_host_config *config)
{
	struct sim_host *host = mem_new(struct sim_host);

	assert(node && !sim_host_find(sim, node, config->host));
	host->sim = sim;
	host->node = sim_node_of(sim, node);
	host->config = *config;
	list_init(&host->jobs);
	list_init(&host->workers);
	enum status status = sim_host_start(host);
	if (status != OK) {
		volume_view_free(host->view);
		mem_free(host);
		return status;
	}
	vec_push(&sim->hosts, host);
	return OK;
}

struct act_host *act_sim_host_of(struct act_sim *sim, uint32_t node, uint16_t number)
{
	struct sim_host *host = sim_host_find(sim, node, number);
	return host ? host->host : NULL;
}

/* ---- running --------------------------------------------------------------------------------------------------------- */

/* Its root supervisor has given up, or it has killed itself: the process ends, and the node's root starts it again. */
static void sim_host_ended(struct sim_host *host)
{
	sim_mix(host->sim, 0xdead0000 + host->epoch);
	sim_link_host_died(host, false);
	sim_host_kill(host);
	sim_push(
	    host->sim, (int64_t)RETRY_START_MS * TIME_MS,
	    (struct sim_event){ .kind = SIM_EVENT_RESTART, .number = host->epoch, .object = host });
}

static void sim_turn(struct act_sim *sim, const struct sim_event *event)
{
	struct sim_host *host = event->object;

	sim->running = host->node->number;
	if (!host->host || host->turn_at_ns != (int64_t)event->number)
		return;
	host->turn_at_ns = INT64_MAX;
	if (host->node->is_paused)
		return;
	const bool has_more = act_host_turn(host->host);
	if (host->is_killed || act_host_is_done(host->host))
		sim_host_ended(host);
	else if (has_more || !act_host_sleep(host->host))
		sim_host_turn_at(host, sim->now_ns + SIM_TURN_NS);
	else if (act_host_next(host->host).ns != INT64_MAX)
		sim_host_turn_at(host, act_host_next(host->host).ns);
}

static void sim_job_event(struct act_sim *sim, const struct sim_event *event)
{
	struct sim_host *host = event->object;

	sim->running = host->node->number;
	list_each (&host->jobs, link) {
		struct sim_job *entry = list_item(link, struct sim_job, link);
		if (entry->number != event->number)
			continue;
		if (host->node->is_paused) {
			sim_push(sim, 10 * TIME_MS, *event);
			return;
		}
		struct seams_job *job = entry->job;
		list_remove(&entry->link);
		mem_free(entry);
		job->run(job);
		job->done(job);
		sim_host_wake(host);
		return;
	}
}

static void sim_restart_event(struct act_sim *sim, const struct sim_event *event)
{
	struct sim_host *host = event->object;

	if (host->host || host->node->is_buried || host->epoch != event->number)
		return;
	if (sim_host_start(host) != OK)
		sim_push(sim, (int64_t)RETRY_START_MS * TIME_MS,
			 (struct sim_event){
			     .kind = SIM_EVENT_RESTART, .number = host->epoch, .object = host });
}

static void sim_do(struct act_sim *sim, const struct sim_event *event)
{
	sim_mix(sim, (uint64_t)event->at_ns ^ (uint64_t)event->kind << 56 ^
			 (uint64_t)event->a << 40 ^ event->sequence << 20);
	sim->running = 0;
	switch (event->kind) {
	case SIM_EVENT_TURN: sim_turn(sim, event); break;
	case SIM_EVENT_PUMP: sim_link_pump(sim, event); break;
	case SIM_EVENT_DETECT: sim_link_detect(sim, event); break;
	case SIM_EVENT_LOST: sim_link_lost(sim, event); break;
	case SIM_EVENT_JOB: sim_job_event(sim, event); break;
	case SIM_EVENT_RESTART: sim_restart_event(sim, event); break;
	case SIM_EVENT_STRIKE: sim_fault_strike(sim, event); break;
	case SIM_EVENT_RELIEF: sim_fault_relieve(sim, event); break;
	}
}

enum act_sim_end act_sim_run(struct act_sim *sim, uint64_t until_ms, bool (*check)(void *arg),
			     void *arg)
{
	int64_t until_ns = START_NS + (int64_t)until_ms * TIME_MS;

	/* Test code may have posted to hosts between two runs. */
	for (uint32_t i = 0; i < sim->hosts.len; i++)
		sim_host_wake(sim->hosts.at[i]);
	while (sim->heap_len && sim->heap[0].at_ns <= until_ns) {
		const struct sim_event event = sim_pop(sim);
		assert(event.at_ns >= sim->now_ns);
		sim->now_ns = event.at_ns;
		sim->events++;
		sim_do(sim, &event);
		if (check && check(arg))
			return ACT_SIM_CLAIM;
	}
	if (sim->heap_len == 0)
		return ACT_SIM_IDLE;
	sim->now_ns = until_ns;
	return ACT_SIM_TIME;
}

enum act_sim_end act_sim_run_for(struct act_sim *sim, uint64_t ms, bool (*check)(void *arg),
				 void *arg)
{
	return act_sim_run(sim, act_sim_now_ms(sim) + ms, check, arg);
}

uint64_t act_sim_now_ms(const struct act_sim *sim)
{
	return (uint64_t)((sim->now_ns - START_NS) / TIME_MS);
}

uint64_t act_sim_events(const struct act_sim *sim)
{
	return sim->events;
}

uint32_t act_sim_node_running(const struct act_sim *sim)
{
	return sim->running;
}

uint64_t act_sim_hash(const struct act_sim *sim)
{
	return sim->hash;
}

/* ---- life -------------------------------------------------------------------------------------------------------------- */

struct act_sim *act_sim_new(uint64_t seed)
{
	struct act_sim *sim = mem_new(struct act_sim);

	sim->now_ns = START_NS;
	sim->usual =
	    (struct act_sim_net){ .delay_min_us = 100, .delay_max_us = 2000, .detect_ms = 3000 };
	sim->net = sim->usual;
	chance_seed(&sim->chance, seed);
	return sim;
}

void act_sim_free(struct act_sim *sim)
{
	for (uint32_t i = 0; i < sim->hosts.len; i++)
		sim_host_kill(sim->hosts.at[i]);
	for (uint32_t i = 0; i < sim->hosts.len; i++) {
		volume_view_free(sim->hosts.at[i]->view);
		vec_fini(&sim->hosts.at[i]->known);
		mem_free(sim->hosts.at[i]);
	}
	for (uint32_t i = 0; i < sim->sessions.len; i++)
		sim_link_free(sim->sessions.at[i]);
	for (uint32_t i = 0; i < sim->nodes.len; i++) {
		volume_view_free(sim->nodes.at[i]->view);
		volume_free(sim->nodes.at[i]->disk);
		mem_free(sim->nodes.at[i]);
	}
	vec_fini(&sim->hosts);
	vec_fini(&sim->sessions);
	vec_fini(&sim->nodes);
	vec_fini(&sim->partitions);
	vec_fini(&sim->faults);
	vec_fini(&sim->asked);
	mem_free(sim->heap);
	mem_free(sim);
}
