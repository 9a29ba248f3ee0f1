#include "deploy/main/admin/overview.h"

#include <stdio.h>
#include <stdlib.h>

#include "deploy/cluster/node-record.h"

/* ---- the store ------------------------------------------------------------------------------------------- */

static struct store_standing *copy_standings(const struct store_status *from, struct arena *arena)
{
	struct store_standing *standings =
	    arena_array(arena, struct store_standing, from->standing_count + 1);

	for (uint32_t i = 0; i < from->standing_count; i++) {
		standings[i] = from->standings[i];
		standings[i].domain = arena_str(arena, standings[i].domain);
		standings[i].forecast = arena_str(arena, standings[i].forecast);
		standings[i].reason = arena_str(arena, standings[i].reason);
	}
	return standings;
}

static struct store_status copy_status(const struct store_status *from, struct arena *arena)
{
	struct store_status copy = *from;
	struct store_member *members =
	    arena_array(arena, struct store_member, from->member_count + 1);

	for (uint32_t i = 0; i < from->member_count; i++) {
		members[i] = from->members[i];
		members[i].name = arena_str(arena, from->members[i].name);
		members[i].address = arena_str(arena, from->members[i].address);
	}
	copy.members = members;
	copy.standings = copy_standings(from, arena);
	copy.name = arena_str(arena, from->name);
	copy.leader_name = arena_str(arena, from->leader_name);
	copy.arena = NULL;
	return copy;
}

static bool ask_store(struct act *act, const char *name, struct arena *arena,
		      struct store_status *out)
{
	struct store_ask_status ask = { 0 };
	struct admin_asked asked =
	    admin_ask(act, act_named(act, name), &store_ask_status_type, &ask, ADMIN_ASK_MS);

	if (asked.status == OK)
		*out = copy_status(asked.msg->body, arena);
	admin_asked_end(&asked);
	return asked.status == OK;
}

bool overview_ask_store(struct act *act, const struct admin *admin, struct str node,
			struct arena *arena, struct store_status *out)
{
	const char *name = str_is(node, admin->process->identity.name)
			       ? "store"
			       : arena_printf(arena, "store@" STR_FMT, STR_ARG(node)).at;

	return ask_store(act, name, arena, out) && out->member_count > 0;
}

struct store_standing overview_standing(const struct overview *overview, uint32_t member)
{
	if (member < overview->store.standing_count)
		return overview->store.standings[member];
	return (struct store_standing){ .reason = STR_NONE, .forecast = STR_NONE };
}

static uint32_t voters_of(const struct store_status *status, struct str but)
{
	uint32_t voters = 0;

	for (uint32_t i = 0; i < status->member_count; i++)
		voters +=
		    status->members[i].role == STORE_VOTER && !str_eq(status->members[i].name, but);
	return voters;
}

bool overview_is_majority_without(struct act *act, const struct admin *admin,
				  const struct store_status *leader, struct str node,
				  struct arena *arena)
{
	uint32_t open = 0;

	for (uint32_t i = 0; i < leader->member_count; i++) {
		const struct store_member *member = &leader->members[i];
		struct store_status own = { 0 };

		if (member->role == STORE_VOTER && !str_eq(member->name, node))
			open += overview_ask_store(act, admin, member->name, arena, &own) &&
				own.term == leader->term;
	}
	return open > voters_of(leader, STR_NONE) / 2;
}

/* Only the leader knows who is alive and how far behind. */
static void gather_store(struct act *act, const struct admin *admin, struct overview *overview)
{
	struct store_status own = { 0 };
	bool is_known = ask_store(act, "store", overview->arena, &own);

	overview->store = own;
	if (is_known && !own.is_leader && own.leader_name.len > 0)
		(void)ask_store(
		    act,
		    arena_printf(overview->arena, "store@" STR_FMT, STR_ARG(own.leader_name)).at,
		    overview->arena, &overview->store);
	overview->is_writable = own.leader != 0 && (own.alarms & STORE_ALARM_NO_LEADER) == 0;
	/* A witness serves nobody: it has the leader's word. */
	overview->is_readable = data_dir_is_witness(&admin->process->identity)
				    ? overview->store.is_leader
				    : admin_is_served(act, admin);
}

static void judge(struct overview *overview)
{
	uint32_t voters = 0, alive = 0;

	for (uint32_t i = 0; i < overview->store.member_count; i++) {
		const struct store_member *member = &overview->store.members[i];

		voters += member->role == STORE_VOTER;
		alive += member->role == STORE_VOTER && member->is_alive;
	}
	overview->tolerance = alive > voters / 2 ? alive - (voters / 2 + 1) : 0;
	/* A leader knows better: who is behind is no help yet. */
	if (overview->store.is_leader && overview->store.standing_count > 0)
		overview->tolerance = overview->store.tolerance;
}

/* ---- the actors --------------------------------------------------------------------------------------------- */

static void take_rows(struct overview_node *node, const struct inspect_rows *rows,
		      struct arena *arena)
{
	node->has_answered = true;
	node->rows = arena_array(arena, struct inspect_row, rows->len + 1);
	for (uint32_t i = 0; i < rows->len; i++)
		node->rows[i] = inspect_row_copy(&rows->at[i], arena);
	node->row_count = rows->len;
}

static struct act_ref inspector_of(struct act *act, struct str node, struct arena *arena,
				   const struct admin *admin)
{
	bool is_self = str_is(node, admin->process->identity.name);

	return act_named(act, is_self ? "admin"
				      : arena_printf(arena, "admin@" STR_FMT, STR_ARG(node)).at);
}

static bool is_up(struct str state)
{
	return str_is(state, "idle") || str_is(state, "ready") || str_is(state, "running");
}

static void count(struct overview *overview)
{
	for (uint32_t i = 0; i < overview->node_count; i++)
		for (uint32_t j = 0; j < overview->nodes[i].row_count; j++) {
			const struct inspect_row *row = &overview->nodes[i].rows[j];

			overview->running += is_up(row->state);
			overview->failed += !is_up(row->state);
			overview->restarts += row->restarts;
		}
}

static int compare_nodes(const void *a, const void *b)
{
	return str_cmp(((const struct overview_node *)a)->name,
		       ((const struct overview_node *)b)->name);
}

static void gather_actors(struct act *act, const struct admin *admin, struct overview *overview)
{
	uint32_t members = overview->store.member_count;
	struct act_all *all = act_all(act, members + 1);
	struct inspect_ask ask = { 0 };

	overview->nodes = arena_array(overview->arena, struct overview_node, members + 1);
	for (uint32_t i = 0; i < members; i++) {
		overview->nodes[i].name = overview->store.members[i].name;
		act_all_ask(all, inspector_of(act, overview->nodes[i].name, overview->arena, admin),
			    &inspect_ask_type, &ask,
			    overview->store.members[i].is_alive ? ADMIN_ASK_MS : ADMIN_ASK_MS / 6);
	}
	overview->node_count = members;
	(void)!act_all_wait(all);
	for (uint32_t i = 0; i < members; i++) {
		const struct act_msg *answer = act_all_answer(all, i);

		if (answer->status == OK)
			take_rows(&overview->nodes[i], answer->body, overview->arena);
	}
	act_all_end(all);
	qsort(overview->nodes, members, sizeof *overview->nodes, compare_nodes);
	count(overview);
}

void overview_gather(struct act *act, struct admin *admin, struct arena *arena, bool with_actors,
		     struct overview *out)
{
	*out = (struct overview){ .arena = arena,
				  .cluster =
				      arena_str(arena, str_from(admin->process->identity.cluster)) };
	gather_store(act, admin, out);
	judge(out);
	if (with_actors)
		gather_actors(act, admin, out);
}

static void gather_wear(struct act *act, const struct admin *admin, struct overview *overview)
{
	uint32_t count = overview->store.member_count;
	struct act_all *all = act_all(act, count); /* none: a store that is damaged, or opens yet */
	struct wear_ask ask = { 0 };

	overview->wears = arena_array(overview->arena, struct wear_told, count + 1);
	for (uint32_t i = 0; i < count; i++) {
		struct str node = overview->store.members[i].name;
		const char *name =
		    str_is(node, admin->process->identity.name)
			? "wear"
			: arena_printf(overview->arena, "wear@" STR_FMT, STR_ARG(node)).at;

		overview->wears[i] = (struct wear_told){ 0 };
		act_all_ask(all, act_named(act, name), &wear_ask_type, &ask,
			    overview->store.members[i].is_alive ? ADMIN_ASK_MS : ADMIN_ASK_MS / 6);
	}
	(void)!act_all_wait(all);
	for (uint32_t i = 0; i < count; i++)
		if (act_all_answer(all, i)->status == OK)
			overview->wears[i] = *(const struct wear_told *)act_all_answer(all, i)->body;
	act_all_end(all);
}

void overview_gather_disks(struct act *act, const struct admin *admin, struct overview *overview)
{
	uint32_t count = overview->store.member_count;
	struct str *names = arena_array(overview->arena, struct str, count + 1);

	for (uint32_t i = 0; i < count; i++)
		names[i] = overview->store.members[i].name;
	backup_list_gather(act, names, count, str_from(admin->process->identity.name),
			   overview->arena, ADMIN_ASK_MS, &overview->backups);
	overview->now_s = act_wall(act).ns / TIME_S;
	overview->has_backups = true;
	gather_wear(act, admin, overview);
}

void overview_gather_apis(struct act *act, struct overview *overview)
{
	struct arena *arena = overview->arena;

	overview->apis = arena_array(arena, struct str, overview->store.member_count + 1);
	for (uint32_t i = 0; i < overview->store.member_count; i++) {
		struct str key = node_record_key(overview->store.members[i].name, arena), bytes;
		struct node_record record;
		uint64_t revision;

		overview->apis[i] = STR_NONE;
		if (admin_read(act, key, arena, &bytes, &revision) == OK &&
		    node_record_decode(bytes, &record) == OK)
			overview->apis[i] =
			    node_record_place(record.address, record.api_port, arena);
	}
}

/* ---- this node --------------------------------------------------------------------------------------------- */

/* The host is there, as far as anybody knows, but does not answer. */
static struct inspect_row silent_row(const char *host, struct arena *arena)
{
	return (struct inspect_row){ .path = arena_str(arena, str_from(host)),
				     .class_name = STR("host"),
				     .state = STR("silent"),
				     .last_reason = STR(""),
				     .is_supervisor = true };
}

/* Of those that were planned for this node; one that an actor has of its own is there when it is listed. */
static bool is_here(const struct process *process, uint32_t at)
{
	return at >= PROCESS_HOSTS - PROCESS_CORE ||
	       process_has_host(process, (enum process_host)(PROCESS_CORE + at));
}

static void take_own(const struct act_msg *answer, const char *host, struct inspect_rows *out)
{
	const struct inspect_rows *rows = answer->status == OK ? answer->body : NULL;
	uint32_t len = rows != NULL ? rows->len : 1;

	out->at = arena_grow(out->arena, out->at, out->len * sizeof *out->at,
			     (out->len + len) * sizeof *out->at);
	if (rows == NULL)
		out->at[out->len++] = silent_row(host, out->arena);
	for (uint32_t i = 0; rows != NULL && i < len; i++)
		out->at[out->len++] = inspect_row_copy(&rows->at[i], out->arena);
}

void overview_own(struct act *act, struct admin *admin, struct inspect_rows *out)
{
	/* Who comes meanwhile is asked the next time. */
	const struct exile_list exiles = admin->exiles;
	struct act_all *all = act_all(act, PROCESS_HOSTS + exiles.len);
	struct inspect_ask ask = { 0 };
	uint32_t asked = 0;
	const char *name;

	for (uint32_t i = 0; (name = exile_host_name(&exiles, i)) != NULL; i++)
		if (is_here(admin->process, i))
			act_all_ask(all, process_actor(act, admin->process, "inspector", name),
				    &inspect_ask_type, &ask, ADMIN_ASK_MS / 2);
	(void)!act_all_wait(all);
	*out = (struct inspect_rows){ .arena = arena_new(0) };
	for (uint32_t i = 0; (name = exile_host_name(&exiles, i)) != NULL; i++)
		if (is_here(admin->process, i))
			take_own(act_all_answer(all, asked++), name, out);
	act_all_end(all);
}
