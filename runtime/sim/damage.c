/*
 * Faults by hand: what may happen to nodes, links, disks and actors.
 */
#include "runtime/base/hash.h"
#include "runtime/sim/sim-private.h"

/* ---- nodes ------------------------------------------------------------------------------------------------ */

static void node_cut_power(struct act_sim *sim, uint32_t node)
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

void act_sim_crash(struct act_sim *sim, uint32_t node)
{
	sim_mix(sim, 0xc0ffee00 + node);
	node_cut_power(sim, node);
}

void act_sim_crash_host(struct act_sim *sim, uint32_t node, uint16_t number)
{
	struct sim_host *host = sim_host_find(sim, node, number);

	sim_mix(sim, 0xc0ffee0000 + node * 65536 + number);
	if (!host || !host->host)
		return;
	sim_link_host_died(host, false);
	sim_host_kill(host);
}

void act_sim_restart(struct act_sim *sim, uint32_t node)
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

void act_sim_bury(struct act_sim *sim, uint32_t node)
{
	sim_node_of(sim, node)->is_buried = true;
	act_sim_crash(sim, node);
}

bool act_sim_is_buried(const struct act_sim *sim, uint32_t node)
{
	for (uint32_t i = 0; i < sim->nodes.len; i++)
		if (sim->nodes.at[i]->number == node)
			return sim->nodes.at[i]->is_buried;
	return false;
}

bool act_sim_is_up(const struct act_sim *sim, uint32_t node)
{
	for (uint32_t i = 0; i < sim->hosts.len; i++)
		if (sim->hosts.at[i]->node->number == node && sim->hosts.at[i]->host)
			return true;
	return false;
}

static void node_silence(struct act_sim *sim, uint32_t node)
{
	for (uint32_t i = 0; i < sim->nodes.len; i++)
		if (sim->nodes.at[i]->number != node)
			sim_link_partitioned(sim, node, sim->nodes.at[i]->number);
}

void act_sim_pause(struct act_sim *sim, uint32_t node, bool is_paused)
{
	struct sim_node *own = sim_node_of(sim, node);

	own->is_paused = is_paused;
	if (is_paused) {
		node_silence(sim, node);
		return;
	}
	sim_link_healed(sim);
	for (uint32_t i = 0; i < sim->hosts.len; i++)
		if (sim->hosts.at[i]->node == own)
			sim_host_wake(sim->hosts.at[i]);
}

void act_sim_skew(struct act_sim *sim, uint32_t node, int64_t wall_ns)
{
	sim_node_of(sim, node)->skew_ns = wall_ns;
}

/* ---- links ------------------------------------------------------------------------------------------------ */

void act_sim_net(struct act_sim *sim, const struct act_sim_net *net)
{
	sim->usual = *net;
	if (!sim->usual.detect_ms)
		sim->usual.detect_ms = 3000;
	sim->net = sim->usual;
}

void act_sim_partition_one_way(struct act_sim *sim, uint32_t from, uint32_t to)
{
	if (from == to || sim_is_cut(sim, from, to))
		return;
	vec_push(&sim->partitions, ((struct sim_pair){ from, to }));
	sim_link_partitioned(sim, from, to);
}

void act_sim_partition(struct act_sim *sim, uint32_t a, uint32_t b)
{
	act_sim_partition_one_way(sim, a, b);
	act_sim_partition_one_way(sim, b, a);
}

void act_sim_isolate(struct act_sim *sim, uint32_t node)
{
	for (uint32_t i = 0; i < sim->nodes.len; i++)
		act_sim_partition(sim, node, sim->nodes.at[i]->number);
}

void act_sim_heal(struct act_sim *sim)
{
	vec_clear(&sim->partitions);
	sim_link_healed(sim);
}

/* ---- disks ------------------------------------------------------------------------------------------------- */

void sim_node_stress(struct sim_node *node)
{
	const struct act_sim_disk *disk = &node->present;
	const struct volume_faults faults = { disk->io_error_per_million, disk->size_bytes,
					      disk->is_tearing };

	volume_set_faults(node->disk, &faults);
}

void act_sim_disk(struct act_sim *sim, uint32_t node, const struct act_sim_disk *disk)
{
	struct sim_node *own = sim_node_of(sim, node);

	own->usual = own->present = *disk;
	sim_node_stress(own);
}

const struct seams_files *act_sim_files(struct act_sim *sim, uint32_t node)
{
	return volume_view_files(sim_node_of(sim, node)->view);
}

void act_sim_rot(struct act_sim *sim, const struct act_sim_rot *rot)
{
	sim->rot = *rot;
}

/* ---- actors ------------------------------------------------------------------------------------------------- */

struct choice {
	uint64_t left; /* how many to pass by */
	uint64_t count;
	struct act_ref root, chosen;
};

/* Children that wait to be started again are shown, too. */
static bool may_be_chosen(const struct choice *choice, struct act_ref who)
{
	return !act_ref_is_nil(who) && !act_ref_eq(who, choice->root);
}

static void choice_count(void *arg, const struct act_info *info)
{
	struct choice *choice = arg;

	choice->count += may_be_chosen(choice, info->ref);
}

static void choice_look(void *arg, const struct act_info *info)
{
	struct choice *choice = arg;

	if (may_be_chosen(choice, info->ref) && choice->left-- == 0)
		choice->chosen = info->ref;
}

static uint64_t node_actors(const struct act_sim *sim, uint32_t node)
{
	struct choice choice = { 0 };

	for (uint32_t i = 0; i < sim->hosts.len; i++) {
		struct act_host *host = sim->hosts.at[i]->host;
		if (!host || sim->hosts.at[i]->node->number != node)
			continue;
		choice.root = act_host_root(host);
		act_host_each(host, choice_count, &choice);
	}
	return choice.count;
}

/* Calls fn(host, the chosen actor); the root actor, which is the process, is never chosen. */
static void node_choose(struct act_sim *sim, uint32_t node, uint64_t pick,
			void (*fn)(struct act_host *host, struct act_ref who))
{
	uint64_t count = node_actors(sim, node);
	struct choice choice = { .left = count ? pick % count : 0 };

	sim_mix(sim, pick);
	for (uint32_t i = 0; i < sim->hosts.len && count; i++) {
		struct sim_host *host = sim->hosts.at[i];
		if (!host->host || host->node->number != node)
			continue;
		choice.root = act_host_root(host->host);
		act_host_each(host->host, choice_look, &choice);
		if (act_ref_is_nil(choice.chosen))
			continue;
		fn(host->host, choice.chosen);
		sim_host_wake(host);
		return;
	}
}

static void crash_now(struct act *act, void *state, void *arg)
{
	(void)state, (void)arg;
	act_fail(act, "a fault of the simulation");
}

static void kill_now(struct act *act, void *state, void *arg)
{
	(void)state;
	act_kill(act, *(const struct act_ref *)arg);
}

static void fail_actor(struct act_host *host, struct act_ref who)
{
	act_host_enter(host, who, crash_now, NULL);
}

static void kill_actor(struct act_host *host, struct act_ref who)
{
	act_host_enter(host, act_host_root(host), kill_now, &who);
}

void act_sim_fail_actor(struct act_sim *sim, uint32_t node, uint64_t pick)
{
	node_choose(sim, node, pick, fail_actor);
}

void act_sim_kill_actor(struct act_sim *sim, uint32_t node, uint64_t pick)
{
	node_choose(sim, node, pick, kill_actor);
}
