/*
 * Leaving: a node that goes for good, by its own wish or because it is dead.
 *
 *     leave   hand over leadership and vote ─ ask another node's admin to forget us ──────────────── done
 *     forget  remove the member ─ delete the Node ─ answer ─ tell the node until it has heard ─ delete the record
 *     remove  (on any other node) remove the member ─ delete the Node ─ delete the record
 *
 * The record goes last: without it no link to the node stands, and nothing more could be told to it. An answer may be lost, so
 * whoever leaves is told until it says that it knows, or would have given up. A helper that ends halfway leaves the record, by which
 * `remove` knows that there is something to finish.
 */
#include <stdio.h>

#include "actors/client/api.h"
#include "actors/client/request.h"
#include "deploy/cluster/node-record.h"
#include "deploy/main/admin/admin-private.h"
#include "runtime/base/log.h"
#include "transport/wire/msgpack.h"

#define LEAVE_MS 30000U
#define LEAVE_LOOK_MS 20U
#define FORGET_MS 5000U /* one helper; then another one is asked */
#define DELETE_AGAIN_MS 500U
#define TELL_AGAIN_MS 500U

/* ---- across borders --------------------------------------------------------------------------------------- */

static enum status encode_forget(const void *body, struct text *out)
{
	const struct admin_forget *forget = body;

	pack_begin(out, 2);
	pack_str(out, str_from(forget->name));
	pack_u64(out, forget->id);
	return OK;
}

static enum status decode_forget(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct admin_forget *forget = body;
	struct str name;

	(void)arena;
	unpack_begin(&in);
	name = unpack_str(&in);
	snprintf(forget->name, sizeof forget->name, STR_FMT, STR_ARG(name));
	forget->id = unpack_u64(&in);
	unpack_end(&in);
	return unpack_status(&in);
}

static enum status encode_forgotten(const void *body, struct text *out)
{
	pack_begin(out, 1);
	pack_u64(out, ((const struct admin_forgotten *)body)->status);
	return OK;
}

static enum status decode_forgotten(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	uint64_t status;

	(void)arena;
	unpack_begin(&in);
	status = unpack_u64(&in);
	unpack_end(&in);
	if (status >= STATUS_COUNT)
		return CORRUPT;
	((struct admin_forgotten *)body)->status = (enum status)status;
	return unpack_status(&in);
}

ACT_TYPE(admin_forget, .id = 904, .encode = encode_forget, .decode = decode_forget);
ACT_TYPE(admin_forgotten, .id = 905, .encode = encode_forgotten, .decode = decode_forgotten);

const struct act_type *const admin_types[] = { &admin_forget_type, &admin_forgotten_type,
					       &admin_fault_type };
const uint32_t admin_type_count = sizeof admin_types / sizeof admin_types[0];

/* Nobody has decided anything: it may have been done or not. */
static bool is_to_be_asked_again(enum status status)
{
	return status == UNAVAILABLE || status == TIMEOUT;
}

/* ---- forgetting -------------------------------------------------------------------------------------------------- */

static enum status member_request(struct act *act, const struct act_type *type, const void *body)
{
	struct admin_asked asked =
	    admin_ask(act, act_named(act, "store"), type, body, ADMIN_WRITE_MS);
	enum status status = store_outcome(asked.msg);

	admin_asked_end(&asked);
	return status;
}

/* Repeats what is refused only because another change of the members, or an election, is under way. */
static enum status remove_member(struct act *act, uint64_t id, bool is_forced)
{
	struct store_member_remove gone = { .id = id, .is_forced = is_forced };
	enum status status = CONFLICT;

	for (uint32_t waited = 0; (status == CONFLICT || status == UNAVAILABLE) && waited < LEAVE_MS;
	     waited += LEAVE_LOOK_MS) {
		status = member_request(act, &store_member_remove_type, &gone);
		if (status != OK)
			act_sleep(act, LEAVE_LOOK_MS);
	}
	return status == NOT_FOUND ? OK : status;
}

static enum status delete_once(struct act *act, const struct process *process, struct str name,
			       struct arena *arena)
{
	static const struct str masters = { "system:masters", sizeof "system:masters" - 1 };
	struct api_call call =
	    request_call("DELETE", arena_printf(arena, "/api/v1/nodes/" STR_FMT, STR_ARG(name)),
			 STR("system:apiserver"));
	const struct api_answer *answer;
	struct admin_asked asked;
	enum status status;

	call.groups = &masters;
	call.group_count = 1;
	asked = admin_ask(act, process_api(act, process), &api_call_type, &call, ADMIN_WRITE_MS);
	answer = asked.msg->body;
	status = asked.status != OK || answer->code == 200 || answer->code == 404 ? asked.status
										  : UNAVAILABLE;
	admin_asked_end(&asked);
	return status;
}

/* The Node goes too, its pods follow through the pod garbage collector. Repeated: nobody may lead just now, or a disk be full. */
static enum status delete_node_object(struct act *act, const struct process *process,
				      struct str name, struct arena *arena)
{
	enum status status = UNAVAILABLE;

	for (uint32_t waited = 0; status == UNAVAILABLE && waited < LEAVE_MS;
	     waited += DELETE_AGAIN_MS) {
		status = delete_once(act, process, name, arena);
		if (status != OK)
			act_sleep(act, DELETE_AGAIN_MS);
	}
	return status;
}

static enum status forget_member(struct act *act, const struct process *process, struct str name,
				 uint64_t id, bool is_forced)
{
	struct admin_room room = admin_room(act);
	struct arena *arena = room.arena;
	enum status status = remove_member(act, id, is_forced);

	if (status == OK)
		status = delete_node_object(act, process, name, arena);
	admin_room_end(act, &room);
	return status;
}

static void forget_record(struct act *act, struct str name)
{
	struct admin_room room = admin_room(act);
	struct arena *arena = room.arena;
	enum status status =
	    admin_write(act, node_record_key(name, arena), STR_NONE, STORE_ANY_REVISION);

	if (status != OK && status != NOT_FOUND)
		log_warn("admin", "the record of a node that left stays", LOG_STR("node", name),
			 LOG_STATUS(status));
	admin_room_end(act, &room);
}

/* Until it answers, in whatever words: an older release knows no such question, but has heard us. */
static void tell_forgotten(struct act *act, struct str name)
{
	struct admin_room room = admin_room(act);
	struct arena *arena = room.arena;
	struct act_ref admin =
	    act_named(act, arena_printf(arena, "admin@" STR_FMT, STR_ARG(name)).at);
	struct admin_forgotten forgotten = { .status = OK };
	enum status status = UNAVAILABLE;

	for (uint32_t waited = 0; is_to_be_asked_again(status) && waited < LEAVE_MS;
	     waited += TELL_AGAIN_MS) {
		struct admin_asked asked =
		    admin_ask(act, admin, &admin_forgotten_type, &forgotten, TELL_AGAIN_MS);

		status = asked.status;
		admin_asked_end(&asked);
		if (status == UNAVAILABLE)
			act_sleep(act, TELL_AGAIN_MS);
	}
	admin_room_end(act, &room);
}

struct forget_wish {
	struct act_ticket ticket;
	struct admin_forget forget;
};

static void forget_task(struct act *act, void *state, void *arg)
{
	struct forget_wish wish = *(struct forget_wish *)arg;
	const struct admin *admin = state;
	struct admin_forgotten forgotten;

	/* Two voters become one: the last step lowers what can be lost, and that is what was asked for. */
	forgotten.status =
	    forget_member(act, admin->process, str_from(wish.forget.name), wish.forget.id, true);
	(void)act_answer(act, wish.ticket, &admin_forgotten_type, &forgotten);
	if (forgotten.status != OK)
		return;
	tell_forgotten(act, str_from(wish.forget.name));
	forget_record(act, str_from(wish.forget.name));
}

void admin_forget_asked(struct act *act, const struct act_msg *msg)
{
	struct forget_wish wish = { .ticket = act_ticket(msg),
				    .forget = *ACT_AS(msg, admin_forget) };

	if (act_task(act, forget_task, &wish) != OK)
		act_refuse(act, msg, BUSY);
}

void admin_forgotten_told(struct act *act, struct admin *admin, const struct act_msg *msg)
{
	struct admin_forgotten heard = { .status = OK };

	admin->is_forgotten = true;
	(void)act_reply(act, msg, &admin_forgotten_type, &heard);
}

/* ---- leave ---------------------------------------------------------------------------------------------------------- */

static bool holds_anything(const struct admin *admin)
{
	return admin->status.is_leader || admin->status.role == STORE_VOTER;
}

/* Until another one leads and votes in our place, or nobody can. */
static void hand_over(struct act *act, const struct admin *admin)
{
	struct store_member_leave leave = { .id = admin->status.id };

	for (uint32_t waited = 0; holds_anything(admin) && waited < LEAVE_MS;
	     waited += LEAVE_LOOK_MS) {
		if (waited % 1000 == 0)
			(void)!member_request(act, &store_member_leave_type, &leave);
		act_sleep(act, LEAVE_LOOK_MS);
		if (!admin->status.is_leader && waited >= LEAVE_MS / 10)
			return; /* nobody is there to take the vote: it is given up */
	}
}

static enum status ask_one_to_forget(struct act *act, const struct admin *admin, struct str helper,
				     struct arena *arena)
{
	struct admin_forget forget = { .id = admin->status.id };
	struct admin_asked asked;
	enum status status;

	snprintf(forget.name, sizeof forget.name, "%s", admin->process->identity.name);
	asked = admin_ask(act,
			  act_named(act, arena_printf(arena, "admin@" STR_FMT, STR_ARG(helper)).at),
			  &admin_forget_type, &forget, FORGET_MS);
	status = asked.status == OK ? ((const struct admin_forgotten *)asked.msg->body)->status
				    : asked.status;
	admin_asked_end(&asked);
	return status;
}

/* Every other node can do it, its store passes the change on to the leader; a node without a vote may not be told who leads. */
static struct str next_helper(const struct admin *admin, uint32_t turn, struct arena *arena)
{
	uint32_t count = admin->status.member_count;
	struct str name = count > 0 ? admin->status.members[turn % count].name : STR_NONE;

	/* The status is another one by the time of the answer. */
	return str_is(name, admin->process->identity.name) ? STR_NONE : arena_str(arena, name);
}

/*
 * Repeated, since right after the leadership moved nobody may be able to, and an answer may be lost: forgetting twice is forgetting once.
 * Without an answer we may be told later on, or our store that it is no member.
 */
static enum status ask_to_forget(struct act *act, const struct admin *admin, struct arena *arena)
{
	int64_t end_ns = act_now(act).ns + LEAVE_MS * TIME_MS;
	enum status status = UNAVAILABLE;

	for (uint32_t turn = 0; is_to_be_asked_again(status) && act_now(act).ns < end_ns; turn++) {
		struct str helper = next_helper(admin, turn, arena);

		if (admin->is_forgotten || (admin->status.alarms & STORE_ALARM_GONE))
			return OK;
		if (helper.len > 0)
			status = ask_one_to_forget(act, admin, helper, arena);
		if (is_to_be_asked_again(status))
			act_sleep(act, LEAVE_LOOK_MS);
	}
	return admin->is_forgotten ? OK : status;
}

void admin_leave(struct act *act, void *state, struct asked_page *page)
{
	struct admin *admin = state;
	enum status status;

	if (admin->status.member_count <= 1) {
		asked_page_say(page, 409,
			       "this is the cluster's only node; stop it and remove its data "
			       "directory instead\n");
		return;
	}
	hand_over(act, admin);
	status = ask_to_forget(act, admin, page->arena);
	if (status == OK)
		asked_page_say(page, 200,
			       "%s has left the cluster; stop it and remove its data directory\n",
			       admin->process->identity.name);
	else
		asked_page_refuse(page, status, "leave");
}

/* ---- remove ----------------------------------------------------------------------------------------------------------- */

/* It is no member, and not because it is only a worker. */
static bool is_half_removed(struct act *act, struct str name)
{
	struct admin_room room = admin_room(act);
	struct arena *arena = room.arena;
	struct node_record record;
	uint64_t revision;
	struct str value;
	bool is_half =
	    admin_read(act, node_record_key(name, arena), arena, &value, &revision) == OK &&
	    node_record_decode(value, &record) == OK && !str_is(record.role, "worker");

	admin_room_end(act, &room);
	return is_half;
}

void admin_remove(struct act *act, void *state, struct asked_page *page)
{
	struct admin *admin = state;
	struct str name = str_trim(page->body);
	bool is_forced = asked_page_query(page, "force").at != NULL;
	const struct store_member *member = admin_member(admin, name);
	enum status status;

	/* Whether it is alive only the leader knows, so that is for the leader to judge. */
	if (member == NULL && !is_half_removed(act, name)) {
		asked_page_say(page, 404, "there is no member \"" STR_FMT "\" (troupe members)\n",
			       STR_ARG(name));
		return;
	}
	if (str_is(name, admin->process->identity.name)) {
		asked_page_say(page, 409, "this is that node: run `troupe leave`\n");
		return;
	}
	status =
	    forget_member(act, admin->process, name, member != NULL ? member->id : 0, is_forced);
	if (status == OK) {
		forget_record(act, name);
		asked_page_say(page, 200, STR_FMT " is no member any more\n", STR_ARG(name));
	} else if (status == FORBIDDEN) {
		asked_page_say(page, 409,
			       STR_FMT " is alive: run `troupe leave` on it, or say --force\n",
			       STR_ARG(name));
	} else if (status == CONFLICT) {
		asked_page_say(
		    page, 409,
		    "removing " STR_FMT
		    " now would leave the cluster without a majority; wait until another "
		    "node is a voter\n",
		    STR_ARG(name));
	} else {
		asked_page_refuse(page, status, "remove");
	}
}
