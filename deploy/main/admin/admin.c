#include <stdio.h>
#include <unistd.h>

#include "actors/client/api.h"
#include "deploy/cluster/node-record.h"
#include "deploy/main/admin/admin-private.h"
#include "deploy/main/admin/overview.h"
#include "deploy/main/host/directory.h"
#include "deploy/main/host/tracer.h"
#include "runtime/base/log.h"
#include "runtime/loop/loop.h"
#include "transport/http/server.h"

#define JOIN_RETRY_MS 200U
#define READY_RETRY_MIN_MS 2U
#define READY_RETRY_MAX_MS 250U
#define ENDING_MS 1000U
#define ENDING_VOTE_MS 400U
#define ENDING_LOOK_MS 5U
#define ENDING_AGAIN_MS 250U
#define TEXT_MAX (8U * MIB)

/* ---- asking ------------------------------------------------------------------------------------------------ */

struct admin_asked admin_ask(struct act *act, struct act_ref to, const struct act_type *type,
			     const void *body, uint32_t timeout_ms)
{
	struct admin_asked asked = { .all = act_all(act, 1) };

	act_all_ask(asked.all, to, type, body, timeout_ms);
	asked.status = act_all_wait(asked.all);
	asked.msg = act_all_answer(asked.all, 0);
	return asked;
}

void admin_asked_end(struct admin_asked *asked)
{
	act_all_end(asked->all);
	asked->msg = NULL;
}

static void free_arena(void *arena)
{
	arena_free(arena);
}

struct admin_room admin_room(struct act *act)
{
	struct arena *arena = arena_new(0);

	return (struct admin_room){ arena, act_own(act, free_arena, arena) };
}

void admin_room_end(struct act *act, struct admin_room *room)
{
	act_disown(act, room->owned);
	arena_free(room->arena);
}

enum status admin_read(struct act *act, struct str key, struct arena *arena, struct str *out_value,
		       uint64_t *out_revision)
{
	struct store_range range = { .arena = arena_new(0) };
	const struct store_range_answer *answer;
	struct admin_asked asked;
	enum status status;

	range.key = arena_str(range.arena, key);
	asked = admin_ask(act, act_named(act, "store"), &store_range_type, &range, ADMIN_WRITE_MS);
	status = store_outcome(asked.msg);
	answer = asked.msg->body;
	if (status == OK && answer->row_count == 0)
		status = NOT_FOUND;
	if (status == OK) {
		*out_value = arena_str(arena, answer->rows[0].value);
		*out_revision = answer->rows[0].mod_revision;
	}
	admin_asked_end(&asked);
	return status;
}

enum status admin_write(struct act *act, struct str key, struct str value, uint64_t expected)
{
	struct store_write write = { .arena = arena_new(0), .success_count = 1 };
	struct store_op *op = arena_new_of(write.arena, struct store_op);
	struct admin_asked asked;
	enum status status;

	*op = (struct store_op){ .kind = value.at != NULL ? STORE_PUT : STORE_DELETE,
				 .key = arena_str(write.arena, key),
				 .value = arena_str(write.arena, value),
				 .expected = expected };
	write.success = op;
	write.request = act_random(act) | 1;
	asked = admin_ask(act, act_named(act, "store"), &store_write_type, &write, ADMIN_WRITE_MS);
	status = store_outcome(asked.msg);
	admin_asked_end(&asked);
	return status;
}

const struct store_member *admin_member(const struct admin *admin, struct str name)
{
	for (uint32_t i = 0; i < admin->status.member_count; i++)
		if (str_eq(admin->status.members[i].name, name))
			return &admin->status.members[i];
	return NULL;
}

/* ---- pages --------------------------------------------------------------------------------------------------- */

/* The same facts in the form that was asked for. */
static void show(struct asked_page *page, const struct overview *overview, int code,
		 void (*as_text)(const struct overview *overview, struct text *out),
		 void (*as_document)(const struct overview *overview, struct document *doc))
{
	struct str form = asked_page_query(page, "output");
	struct text out = text_in(page->arena, TEXT_MAX);

	page->code = code;
	if (form.len == 0 || str_is(form, "text")) {
		as_text(overview, &out);
		page->type = STR("text/plain; charset=utf-8");
	} else {
		bool is_json = str_is(form, "json");
		struct document doc = document_in(&out, is_json ? DOCUMENT_JSON : DOCUMENT_YAML);

		as_document(overview, &doc);
		document_end(&doc);
		page->type = is_json ? STR("application/json") : STR("application/yaml");
	}
	page->text = text_str(&out);
}

static void page_status(struct act *act, void *state, struct asked_page *page)
{
	struct admin *admin = state;
	struct overview overview;

	overview_gather(act, admin, page->arena, true, &overview);
	overview_gather_disks(act, admin, &overview);
	show(page, &overview, overview.is_readable && overview.is_writable ? 200 : 503,
	     overview_status_text, overview_status_document);
}

static void page_members(struct act *act, void *state, struct asked_page *page)
{
	struct admin *admin = state;
	struct overview overview;

	overview_gather(act, admin, page->arena, false, &overview);
	overview_gather_apis(act, &overview);
	show(page, &overview, 200, overview_members_text, overview_members_document);
}

static void page_tree(struct act *act, void *state, struct asked_page *page)
{
	struct admin *admin = state;
	struct overview overview;

	overview_gather(act, admin, page->arena, true, &overview);
	show(page, &overview, 200, overview_tree_text, overview_tree_document);
}

static const struct asked_route routes[] = {
	{ "/troupe/status", "GET", page_status, ASKED_PRIVATE },
	{ "/troupe/members", "GET", page_members, ASKED_PRIVATE },
	{ "/troupe/tree", "GET", page_tree, ASKED_PRIVATE },
	{ "/troupe/trace", "GET", admin_trace, ASKED_PRIVATE },
	{ "/troupe/kill", "POST", admin_kill, ASKED_PRIVATE },
	{ "/troupe/tokens", "GET POST", admin_tokens, ASKED_PRIVATE },
	{ "/troupe/tokens/", "DELETE", admin_tokens, ASKED_PRIVATE },
	{ "/troupe/leave", "POST", admin_leave, ASKED_PRIVATE },
	{ "/troupe/remove", "POST", admin_remove, ASKED_PRIVATE },
	{ "/troupe/join", "POST", admin_join, ASKED_PUBLIC },
};

/* ---- being asked by other actors -------------------------------------------------------------------------------- */

/* A task begins within the call that makes it: what it is given lies with its maker and is copied first of all. */
static void inspect_task(struct act *act, void *state, void *arg)
{
	struct act_ticket ticket = *(struct act_ticket *)arg;
	struct inspect_rows rows;

	overview_own(act, state, &rows);
	if (act_answer(act, ticket, &inspect_rows_type, &rows) != OK)
		arena_free(rows.arena);
}

static void inspect_asked(struct act *act, const struct act_msg *msg)
{
	struct act_ticket ticket = act_ticket(msg);

	if (act_task(act, inspect_task, &ticket) != OK)
		act_refuse(act, msg, BUSY);
}

struct kill_wish {
	struct act_ticket ticket;
	struct inspect_kill kill;
};

static void kill_task(struct act *act, void *state, void *arg)
{
	struct kill_wish wish = *(struct kill_wish *)arg;
	struct admin *admin = state;
	struct inspect_killed killed =
	    admin_kill_at(act, admin, str_from(admin->process->identity.name),
			  str_from(wish.kill.path), wish.kill.level);

	(void)act_answer(act, wish.ticket, &inspect_killed_type, &killed);
}

static void kill_asked(struct act *act, const struct act_msg *msg)
{
	struct kill_wish wish = { .ticket = act_ticket(msg), .kill = *ACT_AS(msg, inspect_kill) };

	if (act_task(act, kill_task, &wish) != OK)
		act_refuse(act, msg, BUSY);
}

/* ---- bringing the own store in --------------------------------------------------------------------------------- */

/* Asks the members that this node was told of, one after another, to add its store, until they have. */
static enum status ask_in(struct act *act, struct admin *admin, struct str member)
{
	struct process *process = admin->process;
	struct store_member_add add = { .arena = arena_new(0), .id = admin->status.id };
	struct act_ref store;
	struct admin_asked asked;
	enum status status;

	add.is_witness = data_dir_is_witness(&process->identity);
	add.name = arena_str(add.arena, str_from(process->identity.name));
	add.address = node_record_place(str_from(process->identity.address),
					process->identity.link_port, add.arena);
	store = act_named(act, arena_printf(add.arena, "store@" STR_FMT, STR_ARG(member)).at);
	asked = admin_ask(act, store, &store_member_add_type, &add, ADMIN_ASK_MS);
	status = store_outcome(asked.msg);
	admin_asked_end(&asked);
	return status;
}

bool admin_is_outside(const struct admin *admin)
{
	return admin->status.id != 0 && admin->status.role == STORE_NOT_MEMBER &&
	       admin->status.member_count == 0 && !admin->process->identity.is_first &&
	       !(admin->status.alarms & STORE_ALARM_GONE);
}

static void join_task(struct act *act, void *state, void *arg)
{
	struct admin *admin = state;
	struct directory_peer peer;
	struct str rest;

	(void)arg;
	while (admin_is_outside(admin)) {
		rest = str_from(admin->process->identity.peers);
		while (admin_is_outside(admin) && directory_next_peer(&rest, &peer)) {
			enum status status = ask_in(act, admin, peer.name);

			if (status == OK)
				break; /* the list with us in it is on its way */
			log_info("admin", "not let in yet", LOG_STR("by", peer.name),
				 LOG_STATUS(status));
		}
		act_sleep(act, JOIN_RETRY_MS);
	}
	admin->is_joining = false;
}

/* The record by which others find this node; the first node has none from joining. */
static void record_task(struct act *act, void *state, void *arg)
{
	struct admin *admin = state;
	const struct node_identity *identity = &admin->process->identity;
	struct node_record record = { .name = str_from(identity->name),
				      .address = str_from(identity->address),
				      .api_port = identity->api_port,
				      .link_port = identity->link_port,
				      .role = str_from(identity->role) };
	struct admin_room room = admin_room(act);
	struct str key = node_record_key(record.name, room.arena), value, wanted;
	uint64_t revision = 0;
	enum status status;

	(void)arg;
	wanted = node_record_encode(&record, room.arena);
	do {
		status = admin_read(act, key, room.arena, &value, &revision);
		if (status == NOT_FOUND || (status == OK && !str_eq(value, wanted)))
			status = admin_write(act, key, wanted, status == OK ? revision : 0);
		if (status != OK)
			act_sleep(act, JOIN_RETRY_MS);
	} while (status != OK);
	admin_room_end(act, &room);
}

/* ---- ending --------------------------------------------------------------------------------------------------------- */

static bool has_standby(const struct admin *admin)
{
	for (uint32_t i = 0; i < admin->status.member_count; i++)
		if (admin->status.members[i].role == STORE_STANDBY &&
		    admin->status.members[i].id != admin->status.id)
			return true;
	return false;
}

/* A lead in any case; a vote only if there is somebody to take it, and not for long: that one may be as dead as we will be. */
static bool has_to_hand_over(const struct admin *admin, uint32_t waited)
{
	return admin->status.is_leader ||
	       (admin->status.role == STORE_VOTER && waited < ENDING_VOTE_MS && has_standby(admin));
}

static void ask_to_go(struct act *act, const struct admin *admin, uint32_t waited)
{
	struct store_member_leave leave = { .id = admin->status.id, .is_for_a_while = true };
	struct store_transfer transfer = { 0 };
	struct act_ref store = act_named(act, "store");
	struct admin_asked asked;

	/* Who does not get rid of its vote in half the time gives up the lead with it. */
	if (admin->status.is_leader && waited >= ENDING_MS / 2)
		asked = admin_ask(act, store, &store_transfer_type, &transfer, ENDING_AGAIN_MS);
	else
		asked = admin_ask(act, store, &store_member_leave_type, &leave, ENDING_AGAIN_MS);
	admin_asked_end(&asked);
}

/*
 * A voter hands over before it goes, so that nobody has to notice that it is gone: first the lead, then the vote to a standby, if there is
 * one. Whoever leads is asked, the next one, too.
 */
static void ending_task(struct act *act, void *state, void *arg)
{
	struct act_ticket ticket = *(struct act_ticket *)arg;
	struct admin *admin = state;
	bool has_led = admin->status.is_leader && admin->status.member_count > 1;
	uint64_t asked_leader = 0;

	for (uint32_t waited = 0; admin->status.member_count > 1 && waited < ENDING_MS &&
				  has_to_hand_over(admin, waited);
	     waited += ENDING_LOOK_MS) {
		if (admin->status.leader != asked_leader || waited % ENDING_AGAIN_MS == 0)
			ask_to_go(act, admin, waited);
		asked_leader = admin->status.leader;
		act_sleep(act, ENDING_LOOK_MS);
	}
	if (has_led && admin->status.is_leader)
		log_warn("admin", "ends though it leads, nobody has taken over");
	else if (has_led)
		log_info("admin", "has handed over before it ends");
	(void)act_answer(act, ticket, &root_ending_type, &(struct root_ending){ 0 });
}

static void ending_asked(struct act *act, const struct act_msg *msg)
{
	struct act_ticket ticket = act_ticket(msg);

	if (act_task(act, ending_task, &ticket) != OK)
		act_refuse(act, msg, BUSY);
}

/* ---- readiness ---------------------------------------------------------------------------------------------------- */

bool admin_is_served(struct act *act, const struct admin *admin)
{
	struct api_call call = api_call_new();
	const struct api_answer *answer;
	struct admin_asked asked;
	bool is_ok;

	call.user = STR("system:apiserver");
	call.method = STR("GET");
	call.path = STR("/readyz");
	asked =
	    admin_ask(act, process_api(act, admin->process), &api_call_type, &call, ADMIN_ASK_MS);
	answer = asked.msg->body;
	is_ok = asked.status == OK && answer->code == 200;
	admin_asked_end(&asked);
	return is_ok;
}

/* To whoever started this process; a simulated node has nobody. */
static void say_ready(struct act *act, const struct process *process)
{
	if (loop_of(act) == NULL)
		return;
	printf("troupe: %s is ready at https://%s (kubectl --kubeconfig %s/admin.kubeconfig ...)\n",
	       process->identity.name,
	       process_address((struct process *)(uintptr_t)process, process->identity.api_port).at,
	       process->dir.path);
	fflush(stdout);
}

/* It serves nothing: it is ready when the others count on it. */
static void witness_ready(struct act *act, const struct admin *admin)
{
	while (admin->status.role != STORE_VOTER && admin->status.role != STORE_STANDBY)
		act_sleep(act, JOIN_RETRY_MS);
	if (loop_of(act) == NULL)
		return;
	printf("troupe: %s is ready as a witness\n", admin->process->identity.name);
	fflush(stdout);
}

static void ready_task(struct act *act, void *state, void *arg)
{
	struct admin *admin = state;
	uint64_t wait_ms = READY_RETRY_MIN_MS;

	(void)arg;
	if (data_dir_is_witness(&admin->process->identity)) {
		witness_ready(act, admin);
		return;
	}
	while (!admin_is_served(act, admin)) {
		act_sleep(act, wait_ms);
		wait_ms = wait_ms * 2 < READY_RETRY_MAX_MS ? wait_ms * 2 : READY_RETRY_MAX_MS;
	}
	say_ready(act, admin->process);
	record_task(act, state, NULL);
}

/* ---- the actor ------------------------------------------------------------------------------------------------------ */

struct admin_retry {
	char nothing;
};
static const ACT_TYPE(admin_retry, .id = 0);

static void subscribe(struct admin *admin, struct act *act)
{
	struct act_ref store = act_named(act, "store");

	admin->monitor = act_monitor(act, store);
	if (act_tell(act, store, store_status_watch, .is_end = false) != OK) {
		act_demonitor(act, admin->monitor);
		act_after(act, JOIN_RETRY_MS, &admin_retry_type, &(struct admin_retry){ 0 });
	}
}

static void take_status(struct admin *admin, struct act *act, const struct act_msg *msg)
{
	struct arena *arena;

	admin->status = *ACT_AS(msg, store_status);
	arena = act_keep(act, msg);
	arena_free(admin->status_arena);
	admin->status_arena = arena != NULL ? arena : admin->status.arena;
	/* Whoever was to learn them again after a partition may have ended before. */
	if (admin->process->has_chaos && !admin->has_links && admin->status.member_count > 0) {
		admin->has_links = true;
		admin_links_learn(act, admin);
	}
	admin_chaos_wake(act, admin);
	admin_return_wake(act, admin);
	admin_find_wake(act, admin);
	if (!admin_is_outside(admin) || admin->is_joining)
		return;
	admin->is_joining = act_task(act, join_task, NULL) == OK;
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	static const struct asked_routes all = { routes, sizeof routes / sizeof routes[0] };
	struct admin *admin = state;

	if (admin_chaos_receive(act, admin, msg) ||
	    asked_page_receive(act, msg, &all, data_dir_is_witness(&admin->process->identity)))
		return ACT_OK;
	if (ACT_IS(msg, store_status))
		take_status(admin, act, msg);
	else if (ACT_IS(msg, inspect_ask))
		inspect_asked(act, msg);
	else if (ACT_IS(msg, inspect_kill))
		kill_asked(act, msg);
	else if (ACT_IS(msg, tracer_ask))
		admin_trace_asked(act, msg);
	else if (ACT_IS(msg, admin_forget))
		admin_forget_asked(act, msg);
	else if (ACT_IS(msg, admin_forgotten))
		admin_forgotten_told(act, admin, msg);
	else if (ACT_IS(msg, admin_fault))
		admin_fault_asked(act, admin, msg);
	else if (ACT_IS(msg, admin_rejoin))
		admin_rejoin_asked(act, msg);
	else if (ACT_IS(msg, root_ending))
		ending_asked(act, msg);
	else if (ACT_IS(msg, exile_here) && msg->from.node == act_self(act).node)
		exile_learn(&admin->exiles, act, admin->process, ACT_AS(msg, exile_here));
	else if (ACT_IS(msg, admin_retry))
		subscribe(admin, act);
	else if (ACT_IS(msg, act_down))
		act_after(act, JOIN_RETRY_MS, &admin_retry_type, &(struct admin_retry){ 0 });
	else if (!admin_live_receive(act, msg))
		return ACT_UNHANDLED;
	return ACT_OK;
}

static void release_status(void *arg)
{
	arena_free(((struct admin *)arg)->status_arena);
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct admin *admin = state;

	admin->process = (struct process *)(uintptr_t)args;
	act_own(act, release_status, admin);
	admin_chaos_init(act, admin);
	subscribe(admin, act);
	return act_task(act, ready_task, NULL);
}

const struct act_class admin_class = {
	.name = "admin", .state_size = sizeof(struct admin), .init = init, .receive = receive
};
