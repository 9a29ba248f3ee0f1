/*
 * Faults that a node does to itself because a ChaosPlan says so: only when it was started with --chaos.
 *
 *     Kill        what `troupe kill` does
 *     Pause       SIGSTOP of a host, SIGCONT after a while, both by another host of the node, which is not stopped itself
 *     Partition   the links to all other nodes are forgotten, and learned again after a while
 *     order       a fault of a host's disk, clock or links, by its inspector (Drop, Delay, Duplicate, SlowFsync, FullDisk, ClockSkew)
 *     corrupt     a bit of the log is flipped and the process that has it is killed (CorruptSegment)
 *
 * Each is answered before it is done, and ends by itself: what stands still for too long is started anew by its root, and links are
 * learned again also by an admin that was itself started again.
 */
#include <stdio.h>

#include "datastore/log/wal/wal.h"
#include "deploy/main/admin/admin-private.h"
#include "deploy/main/admin/overview.h"
#include "deploy/main/host/directory.h"
#include "runtime/base/log.h"
#include "transport/wire/msgpack.h"

/* ---- across borders ------------------------------------------------------------------------------------------ */

static enum status encode_fault(const void *body, struct text *out)
{
	const struct admin_fault *fault = body;

	pack_begin(out, 10);
	pack_u64(out, fault->kind);
	pack_str(out, str_from(fault->path));
	pack_u64(out, fault->for_ms);
	pack_bool(out, fault->is_question);
	pack_u64(out, fault->order.kind);
	pack_u64(out, fault->order.for_ms);
	pack_u64(out, fault->order.per_million);
	pack_i64(out, fault->order.value);
	pack_str(out, str_from(fault->to_node));
	pack_str(out, str_from(fault->to_host));
	return OK;
}

static enum status decode_fault(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct admin_fault *fault = body;
	uint64_t kind, for_ms, order;
	struct str path, to_node, to_host;

	(void)arena;
	unpack_begin(&in);
	kind = unpack_u64(&in);
	path = unpack_str(&in);
	for_ms = unpack_u64(&in);
	fault->is_question = unpack_bool(&in);
	order = unpack_u64(&in);
	fault->order.for_ms = unpack_u32(&in);
	fault->order.per_million = unpack_u32(&in);
	fault->order.value = unpack_i64(&in);
	to_node = unpack_str(&in);
	to_host = unpack_str(&in);
	unpack_end(&in);
	if (kind > ADMIN_CORRUPT || for_ms > ADMIN_FAULT_MS_MAX || order >= FAULTY_KINDS ||
	    path.len >= sizeof fault->path || to_node.len >= sizeof fault->to_node ||
	    to_host.len >= sizeof fault->to_host)
		return CORRUPT;
	fault->kind = (enum admin_fault_kind)kind;
	fault->for_ms = (uint32_t)for_ms;
	fault->order.kind = (enum faulty_kind)order;
	snprintf(fault->path, sizeof fault->path, STR_FMT, STR_ARG(path));
	snprintf(fault->to_node, sizeof fault->to_node, STR_FMT, STR_ARG(to_node));
	snprintf(fault->to_host, sizeof fault->to_host, STR_FMT, STR_ARG(to_host));
	return unpack_status(&in);
}

ACT_TYPE(admin_fault, .id = 906, .encode = encode_fault, .decode = decode_fault);

/* ---- pausing --------------------------------------------------------------------------------------------------- */

static uint64_t pid_of(struct act *act, struct admin *admin, struct str host)
{
	struct inspect_rows rows;
	uint64_t pid = 0;

	overview_own(act, admin, &rows);
	for (uint32_t i = 0; i < rows.len; i++)
		if (str_eq(rows.at[i].path, host))
			pid = rows.at[i].pid;
	arena_free(rows.arena);
	return pid;
}

static enum status pause_host(struct act *act, struct admin *admin, const struct admin_fault *fault)
{
	enum process_host by = strcmp(fault->path, "core") == 0 ? PROCESS_CONTROL : PROCESS_CORE;
	struct inspect_pause pause = { .pid = pid_of(act, admin, str_from(fault->path)),
				       .for_ms = fault->for_ms };
	struct admin_asked asked;
	enum status status;

	if (pause.pid == 0)
		return NOT_FOUND;
	asked =
	    admin_ask(act, process_actor(act, admin->process, "inspector", process_host_name(by)),
		      &inspect_pause_type, &pause, ADMIN_ASK_MS);
	status = asked.status;
	if (status == OK)
		status = ((const struct inspect_killed *)asked.msg->body)->status;
	admin_asked_end(&asked);
	return status;
}

/* ---- partition --------------------------------------------------------------------------------------------------- */

static bool is_other(const struct admin *admin, uint32_t i)
{
	return !str_is(admin->status.members[i].name, admin->process->identity.name);
}

void admin_links_learn(struct act *act, struct admin *admin)
{
	admin_members_learn(act, admin, &admin->status);
}

static void links_forget(struct act *act, const struct admin *admin)
{
	for (uint32_t i = 0; i < admin->status.member_count; i++)
		if (is_other(admin, i))
			directory_forget(act, admin->status.members[i].name);
}

static void partition_task(struct act *act, void *state, void *arg)
{
	struct admin *admin = state;
	uint32_t for_ms = *(uint32_t *)arg;

	act_sleep(act, ADMIN_FAULT_AFTER_MS);
	log_warn("admin", "partition: links to other nodes are let go of, as a ChaosPlan says",
		 LOG_U64("for_ms", for_ms));
	links_forget(act, admin);
	act_sleep(act, for_ms);
	admin->is_partitioned = false;
	admin_links_learn(act, admin);
	log_warn("admin", "partition: over");
}

static enum status partition(struct act *act, struct admin *admin, const struct admin_fault *fault)
{
	uint32_t for_ms = fault->for_ms;
	enum status status;

	if (admin->is_partitioned)
		return CONFLICT;
	admin->is_partitioned = true;
	status = act_task(act, partition_task, &for_ms);
	if (status != OK)
		admin->is_partitioned = false;
	return status;
}

/* ---- disks, clocks, links ----------------------------------------------------------------------------------------- */

/* PROCESS_HOSTS: none is called so. */
static enum process_host host_called(const char *name)
{
	int host = PROCESS_CORE;

	while (host < PROCESS_HOSTS && strcmp(process_host_name((enum process_host)host), name) != 0)
		host++;
	return (enum process_host)host;
}

/* To whom a link goes, by the numbers that links know. */
static enum status address(const struct admin_fault *fault, struct faulty_order *order)
{
	enum process_host host = host_called(fault->to_host);

	order->host = FAULTY_ANY_HOST;
	if (fault->to_node[0] == '\0')
		return OK;
	if (host == PROCESS_HOSTS)
		return NOT_FOUND;
	order->node = process_node_number(str_from(fault->to_node));
	order->host = (uint32_t)host;
	return OK;
}

static void order_one(struct act *act, struct admin *admin, enum process_host host,
		      const struct inspect_fault *fault, struct inspect_faulted *out)
{
	struct admin_asked asked =
	    admin_ask(act, process_actor(act, admin->process, "inspector", process_host_name(host)),
		      &inspect_fault_type, fault, ADMIN_ASK_MS);
	const struct inspect_faulted *faulted = asked.msg->body;

	out->status = asked.status;
	if (asked.status == OK) {
		out->status = faulted->status;
		out->struck += faulted->struck;
		snprintf(out->words, sizeof out->words, "%s", faulted->words);
	}
	admin_asked_end(&asked);
}

static void order(struct act *act, struct admin *admin, const struct admin_fault *fault,
		  struct inspect_faulted *out)
{
	struct inspect_fault wanted = { .order = fault->order, .is_question = fault->is_question };

	out->status = address(fault, &wanted.order);
	if (out->status != OK)
		return;
	if (fault->path[0] != '\0') {
		enum process_host host = host_called(fault->path);

		out->status = NOT_FOUND;
		if (host != PROCESS_HOSTS)
			order_one(act, admin, host, &wanted, out);
		return;
	}
	/* A machine that runs no pods has no process for them: who does not answer is not counted, but one has to. */
	for (int host = PROCESS_HOSTS - 1; host >= PROCESS_CORE; host--)
		if (process_has_host(admin->process, (enum process_host)host))
			order_one(act, admin, (enum process_host)host, &wanted, out);
}

struct corruption {
	struct wal_config config;
	struct fault why;
	enum status status;
};

static void run_corruption(void *arg)
{
	struct corruption *corruption = arg;

	corruption->status = wal_damage(&corruption->config, &corruption->why);
}

/* Who has the log open does not notice: so it is made to open it anew. */
static void corrupt(struct act *act, struct admin *admin, struct inspect_faulted *out)
{
	struct admin_room room = admin_room(act);
	struct corruption work = { .config = { .files = &act_seams(act)->files } };

	work.config.folder = arena_printf(room.arena, "%s/store/log", admin->process->dir.path).at;
	act_await(act, NULL, run_corruption, &work);
	out->status = work.status;
	snprintf(out->words, sizeof out->words, "%.190s", work.why.text);
	if (work.status == OK) {
		log_warn("admin", "the log was corrupted, as a ChaosPlan says",
			 LOG_CSTR("folder", work.config.folder));
		out->status = admin_kill_at(act, admin, str_from(admin->process->identity.name),
					    STR("core"), INSPECT_HOST)
				  .status;
	}
	admin_room_end(act, &room);
}

/* ---- being asked ---------------------------------------------------------------------------------------------------- */

struct fault_wish {
	struct act_ticket ticket;
	struct admin_fault fault;
};

static void do_fault(struct act *act, struct admin *admin, const struct admin_fault *fault,
		     struct inspect_faulted *out)
{
	struct str self = str_from(admin->process->identity.name), path = str_from(fault->path);
	bool is_host = str_find_char(path, '/') < 0;

	switch (fault->kind) {
	case ADMIN_KILL:
		out->status =
		    admin_kill_at(act, admin, self, path, is_host ? INSPECT_HOST : INSPECT_ACTOR)
			.status;
		break;
	case ADMIN_PAUSE: out->status = pause_host(act, admin, fault); break;
	case ADMIN_PARTITION: out->status = partition(act, admin, fault); break;
	case ADMIN_ORDER: order(act, admin, fault, out); break;
	case ADMIN_CORRUPT: corrupt(act, admin, out); break;
	}
}

static void fault_task(struct act *act, void *state, void *arg)
{
	struct fault_wish wish = *(struct fault_wish *)arg;
	struct inspect_faulted faulted = { .status = OK };

	do_fault(act, state, &wish.fault, &faulted);
	(void)act_answer(act, wish.ticket, &inspect_faulted_type, &faulted);
}

void admin_fault_asked(struct act *act, const struct admin *admin, const struct act_msg *msg)
{
	struct fault_wish wish = { .ticket = act_ticket(msg), .fault = *ACT_AS(msg, admin_fault) };
	struct inspect_faulted faulted = { .status = OK };

	if (!admin->process->has_chaos) {
		faulted.status = FORBIDDEN;
		snprintf(faulted.words, sizeof faulted.words,
			 "the node %.64s was not started with --chaos",
			 admin->process->identity.name);
	}
	if (faulted.status != OK || (wish.fault.is_question && wish.fault.kind != ADMIN_ORDER))
		(void)act_reply(act, msg, &inspect_faulted_type, &faulted);
	else if (act_task(act, fault_task, &wish) != OK)
		act_refuse(act, msg, BUSY);
}
