/*
 * Faults: by hand, and at random.
 */
#include "runtime/base/hash.h"
#include "runtime/sim/sim-private.h"

enum strike { STRIKE_CRASH, STRIKE_PARTITION, STRIKE_PAUSE };

/* ---- nodes ------------------------------------------------------------------------------------------------ */

static void chaos_cut_power(struct sim *sim, uint32_t node)
{
	struct sim_node *own = sim_node_of(sim, node);

	own->is_paused = false;
	for (uint32_t i = 0; i < sim->hosts.len; i++) {
		struct sim_host *host = sim->hosts.at[i];
		if (host->node != own || !host->host)
			continue;
		sim_link_host_died(host, true);
		sim_host_kill(host);
	}
	/* What finalizers tried to write on their way out went to dead views, so this is the disk at the cut. */
	volume_cut_power(own->disk);
}

void sim_crash(struct sim *sim, uint32_t node)
{
	sim_mix(sim, 0xc0ffee00 + node);
	chaos_cut_power(sim, node);
}

void sim_crash_host(struct sim *sim, uint32_t node, uint16_t number)
{
	struct sim_host *host = sim_host_find(sim, node, number);

	sim_mix(sim, 0xc0ffee0000 + node * 65536 + number);
	if (!host || !host->host)
		return;
	sim_link_host_died(host, false);
	sim_host_kill(host);
}

void sim_restart(struct sim *sim, uint32_t node)
{
	for (uint32_t i = 0; i < sim->hosts.len; i++) {
		struct sim_host *host = sim->hosts.at[i];
		if (host->node->number == node && !host->host && !host->node->is_buried)
			sim_push(sim, 0,
				 (struct sim_event){ .kind = SIM_EVENT_RESTART,
						     .number = host->epoch,
						     .object = host });
	}
}

void sim_bury(struct sim *sim, uint32_t node)
{
	sim_node_of(sim, node)->is_buried = true;
	sim_crash(sim, node);
}

bool sim_is_up(const struct sim *sim, uint32_t node)
{
	for (uint32_t i = 0; i < sim->hosts.len; i++)
		if (sim->hosts.at[i]->node->number == node && sim->hosts.at[i]->host)
			return true;
	return false;
}

static void chaos_silence(struct sim *sim, uint32_t node)
{
	for (uint32_t i = 0; i < sim->nodes.len; i++)
		if (sim->nodes.at[i]->number != node)
			sim_link_partitioned(sim, node, sim->nodes.at[i]->number);
}

void sim_pause(struct sim *sim, uint32_t node, bool is_paused)
{
	struct sim_node *own = sim_node_of(sim, node);

	own->is_paused = is_paused;
	if (is_paused) {
		chaos_silence(sim, node);
		return;
	}
	sim_link_healed(sim);
	for (uint32_t i = 0; i < sim->hosts.len; i++)
		if (sim->hosts.at[i]->node == own)
			sim_host_wake(sim->hosts.at[i]);
}

void sim_skew(struct sim *sim, uint32_t node, int64_t wall_ns)
{
	sim_node_of(sim, node)->skew_ns = wall_ns;
}

/* ---- links ------------------------------------------------------------------------------------------------ */

void sim_net(struct sim *sim, const struct sim_net *net)
{
	sim->net = *net;
	if (!sim->net.detect_ms)
		sim->net.detect_ms = 3000;
}

void sim_partition_one_way(struct sim *sim, uint32_t from, uint32_t to)
{
	if (from == to || sim_is_cut(sim, from, to))
		return;
	vec_push(&sim->partitions, ((struct sim_pair){ from, to }));
	sim_link_partitioned(sim, from, to);
}

void sim_partition(struct sim *sim, uint32_t a, uint32_t b)
{
	sim_partition_one_way(sim, a, b);
	sim_partition_one_way(sim, b, a);
}

void sim_isolate(struct sim *sim, uint32_t node)
{
	for (uint32_t i = 0; i < sim->nodes.len; i++)
		sim_partition(sim, node, sim->nodes.at[i]->number);
}

void sim_heal(struct sim *sim)
{
	vec_clear(&sim->partitions);
	sim_link_healed(sim);
}

/* ---- disks ------------------------------------------------------------------------------------------------- */

void sim_disk(struct sim *sim, uint32_t node, const struct sim_disk *disk)
{
	struct sim_node *own = sim_node_of(sim, node);
	const struct volume_faults faults = { disk->io_error_per_million, disk->size_bytes,
					      disk->is_tearing };

	own->delay_min_us = disk->delay_min_us;
	own->delay_max_us = disk->delay_max_us;
	volume_set_faults(own->disk, &faults);
}

const struct seams_files *sim_files(struct sim *sim, uint32_t node)
{
	return volume_view_files(sim_node_of(sim, node)->view);
}

/* ---- at random ----------------------------------------------------------------------------------------------- */

static uint32_t chaos_mean_s(const struct sim *sim, uint32_t strike)
{
	switch ((enum strike)strike) {
	case STRIKE_CRASH: return sim->chaos.crash_s;
	case STRIKE_PARTITION: return sim->chaos.partition_s;
	case STRIKE_PAUSE: return sim->chaos.pause_s;
	}
	return 0;
}

/* The next strike of a kind: evenly between none and twice the mean. */
static void chaos_plan(struct sim *sim, uint32_t strike)
{
	uint32_t mean_s = chaos_mean_s(sim, strike);

	if (mean_s)
		sim_push(sim, (int64_t)sim_below(sim, 2ULL * mean_s * (uint64_t)TIME_S),
			 (struct sim_event){
			     .kind = SIM_EVENT_CHAOS, .a = strike, .number = sim->chaos_number });
}

void sim_chaos(struct sim *sim, const struct sim_chaos *chaos)
{
	sim->chaos_number++;
	sim->has_chaos = chaos != NULL;
	if (chaos) {
		sim->chaos = *chaos;
		for (uint32_t strike = STRIKE_CRASH; strike <= STRIKE_PAUSE; strike++)
			chaos_plan(sim, strike);
		return;
	}
	sim_heal(sim);
	for (uint32_t i = 0; i < sim->nodes.len; i++) {
		sim_pause(sim, sim->nodes.at[i]->number, false);
		sim_restart(sim, sim->nodes.at[i]->number);
	}
}

static uint32_t chaos_up(const struct sim *sim)
{
	uint32_t up = 0;
	for (uint32_t i = 0; i < sim->nodes.len; i++)
		up += sim_is_up(sim, sim->nodes.at[i]->number) && !sim->nodes.at[i]->is_paused;
	return up;
}

static void chaos_undo_in(struct sim *sim, uint32_t strike, uint32_t node, uint32_t max_ms)
{
	sim_push(sim, (int64_t)sim_below(sim, (uint64_t)max_ms * (uint64_t)TIME_MS),
		 (struct sim_event){
		     .kind = SIM_EVENT_UNDO, .a = strike, .b = node, .number = sim->chaos_number });
}

void sim_chaos_strike(struct sim *sim, const struct sim_event *event)
{
	const struct sim_chaos *chaos = &sim->chaos;

	if (!sim->has_chaos || event->number != sim->chaos_number)
		return;
	uint32_t node = sim->nodes.at[sim_below(sim, sim->nodes.len)]->number;
	uint32_t other = sim->nodes.at[sim_below(sim, sim->nodes.len)]->number;
	bool may_lose_one = sim_is_up(sim, node) && chaos_up(sim) > chaos->min_up;
	switch ((enum strike)event->a) {
	case STRIKE_CRASH:
		if (may_lose_one) {
			sim_crash(sim, node);
			chaos_undo_in(sim, event->a, node, chaos->down_max_ms);
		}
		break;
	case STRIKE_PARTITION:
		if (sim_below(sim, 4) == 0)
			sim_partition_one_way(sim, node, other);
		else if (sim_below(sim, 3) == 0)
			sim_isolate(sim, node);
		else
			sim_partition(sim, node, other);
		chaos_undo_in(sim, event->a, node, chaos->partition_max_ms);
		break;
	case STRIKE_PAUSE:
		if (may_lose_one) {
			sim_pause(sim, node, true);
			chaos_undo_in(sim, event->a, node, chaos->pause_max_ms);
		}
		break;
	}
	chaos_plan(sim, event->a);
}

void sim_chaos_undo(struct sim *sim, const struct sim_event *event)
{
	if (event->number != sim->chaos_number)
		return;
	switch ((enum strike)event->a) {
	case STRIKE_CRASH: sim_restart(sim, event->b); break;
	case STRIKE_PARTITION: sim_heal(sim); break;
	case STRIKE_PAUSE: sim_pause(sim, event->b, false); break;
	}
}
