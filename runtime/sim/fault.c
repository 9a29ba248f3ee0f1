/*
 * Faults as a list: drawn, struck, made good, counted, named.
 */
#include <assert.h>
#include <inttypes.h>

#include "runtime/base/chance.h"
#include "runtime/sim/sim-private.h"

#define EVERY_MS 1000U
#define FOR_MAX_MS 5000U
#define BURIALS_ONE_IN 16U /* of those drawn; others crash, lest every simulation begin with one */
#define BURY_NODES 3U

static const char *const fault_names[] = {
#define X(name, text) text,
	ACT_SIM_FAULT_MAP(X)
#undef X
};

/* ---- drawing: a source of its own, so that the rest of a run does not know how its faults came about ------------- */

static uint64_t draw(uint64_t *state, uint64_t n)
{
	return chance_step(state) % n;
}

static int64_t draw_value(uint64_t *state, enum act_sim_fault_kind kind)
{
	switch (kind) {
	case ACT_SIM_BREAK: return 1 + (int64_t)draw(state, 3000);
	case ACT_SIM_DELAY: return 500 + (int64_t)draw(state, 29500);
	case ACT_SIM_SLOW_DISK: return 3000 + (int64_t)draw(state, 297000);
	case ACT_SIM_IO_ERROR: return 1 + (int64_t)draw(state, 1000);
	case ACT_SIM_FULL_DISK: return 1048576 + (int64_t)draw(state, 4194304);
	case ACT_SIM_SKEW: return (int64_t)draw(state, 7200000) - 3600000;
	default: return (int64_t)draw(state, 1U << 16);
	}
}

static enum act_sim_fault_kind draw_kind(uint64_t *state, uint32_t kinds)
{
	uint64_t skip = draw(state, (uint64_t)__builtin_popcount(kinds));
	uint32_t kind = 0;

	while (!(kinds & 1U << kind) || skip-- > 0)
		kind++;
	return (enum act_sim_fault_kind)kind;
}

uint32_t act_sim_plan(uint64_t seed, const struct act_sim_plan *plan, struct act_sim_fault *out,
		      uint32_t max)
{
	const uint32_t kinds = plan->kinds & ACT_SIM_ALL_FAULTS;
	const uint64_t every_ms = plan->every_ms ? plan->every_ms : EVERY_MS;
	const uint64_t for_max_ms = plan->for_max_ms ? plan->for_max_ms : FOR_MAX_MS;
	uint64_t state = seed ^ 0x6661756c7473ULL, at_ms = plan->from_ms;
	uint32_t count = 0;

	while (kinds && plan->node_count && count < max) {
		at_ms += draw(&state, 2 * every_ms) + 1;
		if (at_ms >= plan->until_ms)
			break;
		struct act_sim_fault *fault = &out[count++];
		fault->kind = draw_kind(&state, kinds);
		if (fault->kind == ACT_SIM_BURY && draw(&state, BURIALS_ONE_IN) > 0)
			fault->kind = ACT_SIM_CRASH;
		fault->at_ms = at_ms;
		fault->for_ms = 1 + (uint32_t)draw(&state, for_max_ms);
		fault->node = plan->nodes[draw(&state, plan->node_count)];
		fault->other = plan->nodes[draw(&state, plan->node_count)];
		fault->value = draw_value(&state, fault->kind);
	}
	return count;
}

/* ---- striking ------------------------------------------------------------------------------------------------ */

static uint32_t count_up(const struct act_sim *sim)
{
	uint32_t up = 0;

	for (uint32_t i = 0; i < sim->nodes.len; i++)
		up += act_sim_is_up(sim, sim->nodes.at[i]->number) && !sim->nodes.at[i]->is_paused;
	return up;
}

static bool may_lose_one(const struct act_sim *sim, uint32_t node)
{
	return act_sim_is_up(sim, node) && count_up(sim) > sim->min_up;
}

/* A pair may be cut by several faults at once, each of which heals its own cut. */
static void cut(struct act_sim *sim, uint32_t from, uint32_t to)
{
	if (from == to)
		return;
	vec_push(&sim->partitions, ((struct sim_pair){ from, to }));
	sim_link_partitioned(sim, from, to);
}

static void mend(struct act_sim *sim, uint32_t from, uint32_t to)
{
	for (uint32_t i = 0; i < sim->partitions.len; i++) {
		if (sim->partitions.at[i].from != from || sim->partitions.at[i].to != to)
			continue;
		vec_remove(&sim->partitions, i);
		return;
	}
}

static void change_cuts(struct act_sim *sim, const struct act_sim_fault *fault,
			void (*change)(struct act_sim *sim, uint32_t from, uint32_t to))
{
	if (fault->kind != ACT_SIM_ISOLATE) {
		change(sim, fault->node, fault->other);
		if (fault->kind == ACT_SIM_PARTITION)
			change(sim, fault->other, fault->node);
		return;
	}
	for (uint32_t i = 0; i < sim->nodes.len; i++) {
		change(sim, fault->node, sim->nodes.at[i]->number);
		change(sim, sim->nodes.at[i]->number, fault->node);
	}
}

static void crash_process(struct act_sim *sim, const struct act_sim_fault *fault)
{
	uint32_t count = 0, skip;

	for (uint32_t i = 0; i < sim->hosts.len; i++)
		count += sim->hosts.at[i]->node->number == fault->node;
	skip = count ? (uint32_t)((uint64_t)fault->value % count) : 0;
	for (uint32_t i = 0; i < sim->hosts.len; i++)
		if (sim->hosts.at[i]->node->number == fault->node && skip-- == 0)
			act_sim_crash_host(sim, fault->node, sim->hosts.at[i]->config.host);
}

static void crash_all(struct act_sim *sim)
{
	for (uint32_t i = 0; i < sim->nodes.len; i++)
		act_sim_crash(sim, sim->nodes.at[i]->number);
}

static void restart_all(struct act_sim *sim)
{
	for (uint32_t i = 0; i < sim->nodes.len; i++)
		act_sim_restart(sim, sim->nodes.at[i]->number);
}

static bool may_bury(const struct act_sim *sim, uint32_t node)
{
	for (uint32_t i = 0; i < sim->nodes.len; i++)
		if (sim->nodes.at[i]->is_buried)
			return false;
	return sim->nodes.len >= BURY_NODES &&
	       (!sim->rot.is_whole || sim->rot.is_whole(sim->rot.arg)) &&
	       (!act_sim_is_up(sim, node) || may_lose_one(sim, node));
}

/* Only whoever knows the disk can say whether anything was done. */
static bool corrupt(const struct act_sim *sim, uint32_t node)
{
	return may_lose_one(sim, node) && sim->rot.corrupt && sim->rot.corrupt(sim->rot.arg, node);
}

static bool can_strike(const struct act_sim *sim, const struct act_sim_fault *fault)
{
	switch (fault->kind) {
	case ACT_SIM_CRASH:
	case ACT_SIM_PAUSE:
	case ACT_SIM_PROCESS: return may_lose_one(sim, fault->node);
	case ACT_SIM_POWER: return sim->min_up == 0;
	case ACT_SIM_BURY: return may_bury(sim, fault->node);
	case ACT_SIM_PARTITION:
	case ACT_SIM_ONE_WAY: return fault->node != fault->other;
	case ACT_SIM_FAIL:
	case ACT_SIM_KILL: return act_sim_is_up(sim, fault->node);
	case ACT_SIM_CORRUPT: return corrupt(sim, fault->node);
	default: return true;
	}
}

static void strike(struct act_sim *sim, const struct act_sim_fault *fault)
{
	struct sim_node *node = sim_node_of(sim, fault->node);

	switch (fault->kind) {
	case ACT_SIM_CRASH: act_sim_crash(sim, fault->node); break;
	case ACT_SIM_BURY: act_sim_bury(sim, fault->node); break;
	case ACT_SIM_PROCESS: crash_process(sim, fault); break;
	case ACT_SIM_POWER: crash_all(sim); break;
	case ACT_SIM_PAUSE: act_sim_pause(sim, fault->node, true); break;
	case ACT_SIM_PARTITION:
	case ACT_SIM_ONE_WAY:
	case ACT_SIM_ISOLATE: change_cuts(sim, fault, cut); break;
	case ACT_SIM_BREAK: sim->net.break_per_million = (uint32_t)fault->value; break;
	case ACT_SIM_DELAY: sim->net.delay_max_us = (uint32_t)fault->value; break;
	case ACT_SIM_SLOW_DISK: node->present.delay_max_us = (uint32_t)fault->value; break;
	case ACT_SIM_IO_ERROR: node->present.io_error_per_million = (uint32_t)fault->value; break;
	case ACT_SIM_FULL_DISK: node->present.size_bytes = (uint64_t)fault->value; break;
	case ACT_SIM_SKEW: act_sim_skew(sim, fault->node, fault->value * TIME_MS); break;
	case ACT_SIM_FAIL: act_sim_fail_actor(sim, fault->node, (uint64_t)fault->value); break;
	case ACT_SIM_KILL: act_sim_kill_actor(sim, fault->node, (uint64_t)fault->value); break;
	case ACT_SIM_BRANCH: act_sim_buggify(sim, true); break;
	case ACT_SIM_CORRUPT: /* done by who was asked whether it can be */
	case ACT_SIM_FAULTS: break;
	}
	sim_node_stress(node);
}

static void relieve(struct act_sim *sim, const struct act_sim_fault *fault)
{
	struct sim_node *node = sim_node_of(sim, fault->node);

	switch (fault->kind) {
	case ACT_SIM_CRASH:
	case ACT_SIM_CORRUPT:
	case ACT_SIM_PROCESS: act_sim_restart(sim, fault->node); break;
	case ACT_SIM_POWER: restart_all(sim); break;
	case ACT_SIM_PAUSE: act_sim_pause(sim, fault->node, false); break;
	case ACT_SIM_PARTITION:
	case ACT_SIM_ONE_WAY:
	case ACT_SIM_ISOLATE:
		change_cuts(sim, fault, mend);
		sim_link_healed(sim);
		break;
	case ACT_SIM_BREAK: sim->net.break_per_million = sim->usual.break_per_million; break;
	case ACT_SIM_DELAY: sim->net.delay_max_us = sim->usual.delay_max_us; break;
	case ACT_SIM_SLOW_DISK: node->present.delay_max_us = node->usual.delay_max_us; break;
	case ACT_SIM_IO_ERROR:
		node->present.io_error_per_million = node->usual.io_error_per_million;
		break;
	case ACT_SIM_FULL_DISK: node->present.size_bytes = node->usual.size_bytes; break;
	case ACT_SIM_SKEW: act_sim_skew(sim, fault->node, 0); break;
	case ACT_SIM_BRANCH: act_sim_buggify(sim, false); break;
	case ACT_SIM_BURY:
	case ACT_SIM_FAIL:
	case ACT_SIM_KILL:
	case ACT_SIM_FAULTS: break;
	}
	sim_node_stress(node);
}

void sim_fault_strike(struct act_sim *sim, const struct sim_event *event)
{
	if (event->number != sim->calm_number)
		return;
	const struct act_sim_fault fault = sim->faults.at[event->a];
	if (!can_strike(sim, &fault)) {
		sim->tally.left_out[fault.kind]++;
		return;
	}
	sim->tally.struck[fault.kind]++;
	strike(sim, &fault);
	sim_push(sim, (int64_t)fault.for_ms * TIME_MS,
		 (struct sim_event){
		     .kind = SIM_EVENT_RELIEF, .a = event->a, .number = sim->calm_number });
}

void sim_fault_relieve(struct act_sim *sim, const struct sim_event *event)
{
	if (event->number != sim->calm_number)
		return;
	const struct act_sim_fault fault = sim->faults.at[event->a];
	relieve(sim, &fault);
}

void act_sim_strike(struct act_sim *sim, const struct act_sim_fault *faults, uint32_t count,
		    uint32_t min_up)
{
	const int64_t now_ms = (int64_t)act_sim_now_ms(sim);

	sim->min_up = min_up;
	for (uint32_t i = 0; i < count; i++) {
		assert(faults[i].kind < ACT_SIM_FAULTS);
		vec_push(&sim->faults, faults[i]);
		sim_push(sim, ((int64_t)faults[i].at_ms - now_ms) * TIME_MS,
			 (struct sim_event){ .kind = SIM_EVENT_STRIKE,
					     .a = sim->faults.len - 1,
					     .number = sim->calm_number });
	}
}

void act_sim_calm(struct act_sim *sim)
{
	sim->calm_number++;
	sim->net = sim->usual;
	sim->is_buggifying = false;
	act_sim_heal(sim);
	for (uint32_t i = 0; i < sim->nodes.len; i++) {
		struct sim_node *node = sim->nodes.at[i];

		node->present = node->usual;
		sim_node_stress(node);
		act_sim_pause(sim, node->number, false);
		act_sim_restart(sim, node->number);
	}
}

void act_sim_tally(const struct act_sim *sim, struct act_sim_tally *out)
{
	*out = sim->tally;
}

/* ---- names ----------------------------------------------------------------------------------------------------- */

const char *act_sim_fault_name(enum act_sim_fault_kind kind)
{
	return kind < ACT_SIM_FAULTS ? fault_names[kind] : "?";
}

static uint32_t kind_named(struct str name)
{
	for (uint32_t kind = 0; kind < ACT_SIM_FAULTS; kind++)
		if (str_is(name, fault_names[kind]))
			return 1U << kind;
	return str_is(name, "all") ? ACT_SIM_ALL_FAULTS : 0;
}

enum status act_sim_fault_kinds(struct str names, uint32_t *out_kinds, struct fault *why)
{
	uint32_t kinds = 0;

	for (struct str rest = names; rest.at != NULL && rest.len > 0;) {
		struct str name = str_cut(&rest, ',');
		uint32_t kind = kind_named(name);

		if (kind == 0)
			return fault_set(why, INVALID, "", "there is no fault " STR_FMT,
					 STR_ARG(name));
		kinds |= kind;
	}
	*out_kinds = kinds;
	return OK;
}

void act_sim_fault_print(const struct act_sim_fault *fault, struct text *out)
{
	text_printf(out, "%" PRIu64 " ms %s", fault->at_ms, act_sim_fault_name(fault->kind));
	switch (fault->kind) {
	case ACT_SIM_POWER:
	case ACT_SIM_BRANCH: break;
	case ACT_SIM_BREAK:
	case ACT_SIM_DELAY: text_printf(out, " %" PRId64, fault->value); break;
	case ACT_SIM_PARTITION:
	case ACT_SIM_ONE_WAY:
		text_printf(out, " n%" PRIu32 " n%" PRIu32, fault->node, fault->other);
		break;
	case ACT_SIM_CRASH:
	case ACT_SIM_BURY:
	case ACT_SIM_PAUSE:
	case ACT_SIM_ISOLATE: text_printf(out, " n%" PRIu32, fault->node); break;
	default: text_printf(out, " n%" PRIu32 " %" PRId64, fault->node, fault->value); break;
	}
	if (fault->kind != ACT_SIM_FAIL && fault->kind != ACT_SIM_KILL &&
	    fault->kind != ACT_SIM_BURY)
		text_printf(out, " for %" PRIu32 " ms", fault->for_ms);
}
