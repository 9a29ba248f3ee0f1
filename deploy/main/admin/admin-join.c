/*
 * Letting a machine in: POST /troupe/join. The messages and their judgement are deploy/cluster/join.h's; here are the reads and writes.
 *
 *     read the token's record ─ judge ─ name and address free? ─ write the node's record ─ mark the token ─ learn the peer ─ answer
 *
 * The order matters: a machine that was answered finds its record with every node, and one whose answer was lost asks again and
 * is let in again, since a used token stays good for the node that used it.
 */
#include "deploy/cluster/join.h"

#include "deploy/cluster/node-record.h"
#include "deploy/main/admin/admin-private.h"
#include "deploy/main/host/directory.h"
#include "runtime/base/log.h"

struct joining {
	struct join join;
	struct token_record token;
	struct str token_key;
	uint64_t token_revision;
	bool was_used;
};

static bool refuse(struct asked_page *page, enum status status, const struct fault *why)
{
	asked_page_say(page, status_http(status), "%s\n",
		       why->text[0] ? why->text : status_text(status));
	return false;
}

static bool read_token(struct act *act, struct asked_page *page, struct joining *joining)
{
	struct fault why = { 0 };
	struct str bytes = STR_NONE;
	enum status status;
	bool is_known;

	status = join_read(page->body, &joining->join, &why);
	if (status != OK)
		return refuse(page, status, &why);
	joining->token_key =
	    arena_printf(page->arena, TOKEN_KEYS STR_FMT, STR_ARG(joining->join.token_id));
	status = admin_read(act, joining->token_key, page->arena, &bytes, &joining->token_revision);
	if (status != OK && status != NOT_FOUND)
		return refuse(page, status, &why);
	is_known = status == OK && token_record_decode(bytes, &joining->token) == OK;
	joining->was_used = joining->token.used_by.len > 0;
	status = join_admit(&joining->join, is_known ? &joining->token : NULL, act_wall(act), &why);
	return status == OK || refuse(page, status, &why);
}

static void refuse_name(struct asked_page *page, struct str name, struct str address)
{
	asked_page_say(page, 409,
		       "the cluster has a node " STR_FMT " already, at " STR_FMT
		       ": choose another --name, or remove that one first\n",
		       STR_ARG(name), STR_ARG(address));
}

/* By the store's own list: it knows the first node before that has written its record. */
static bool is_name_of_other_member(struct asked_page *page, const struct admin *admin,
				    const struct join *join)
{
	const struct store_member *member = admin_member(admin, join->node_name);
	struct str place = node_record_place(join->address, join->link_port, page->arena);

	if (member == NULL || str_eq(member->address, place))
		return false;
	refuse_name(page, join->node_name, member->address);
	return true;
}

/* A name stands for one machine: whoever asks for a name that is taken must be the same one, at the same address. */
static bool claim_name(struct act *act, struct asked_page *page, const struct admin *admin,
		       const struct joining *joining)
{
	const struct join *join = &joining->join;
	struct node_record record = { join->node_name, join->address, join->api_port,
				      join->link_port, join->role },
			   old;
	struct str key = node_record_key(join->node_name, page->arena), bytes;
	uint64_t revision = 0;
	enum status status;

	if (is_name_of_other_member(page, admin, join))
		return false;
	status = admin_read(act, key, page->arena, &bytes, &revision);

	if (status != OK && status != NOT_FOUND)
		return refuse(page, status, &(struct fault){ 0 });
	if (status == OK && node_record_decode(bytes, &old) == OK &&
	    (!str_eq(old.address, join->address) || old.link_port != join->link_port)) {
		refuse_name(page, join->node_name, old.address);
		return false;
	}
	status = admin_write(act, key, node_record_encode(&record, page->arena), revision);
	return status == OK || refuse(page, status, &(struct fault){ 0 });
}

static bool mark_token(struct act *act, struct asked_page *page, const struct joining *joining)
{
	struct fault why = { 0 };
	enum status status;

	if (!joining->token.is_single_use || joining->was_used)
		return true;
	status =
	    admin_write(act, joining->token_key, token_record_encode(&joining->token, page->arena),
			joining->token_revision);
	if (status == CONFLICT || status == NOT_FOUND)
		(void)fault_set(&why, GONE, "", "the token was used by another node just now");
	return status == OK || refuse(page, status, &why);
}

static const char *role_of(const struct store_member *member)
{
	return member->role == STORE_VOTER     ? "voter"
	       : member->role == STORE_STANDBY ? "standby"
					       : "spare";
}

/* "IP:PORT" or "[IP]:PORT" of a member's links taken apart. */
static bool split_place(struct str place, struct str *address, uint16_t *port)
{
	int64_t colon = str_find_last(place, ':');
	uint64_t number;

	if (colon < 0 ||
	    str_to_u64(str_slice(place, (uint32_t)colon + 1, place.len), &number) != OK ||
	    number > UINT16_MAX)
		return false;
	*address = str_slice(place, 0, (uint32_t)colon);
	if (address->len > 2 && address->at[0] == '[')
		*address = str_slice(*address, 1, address->len - 1);
	*port = (uint16_t)number;
	return true;
}

static void fill_members(const struct admin *admin, struct arena *arena,
			 struct join_cluster *cluster)
{
	struct join_member *members =
	    arena_array(arena, struct join_member, admin->status.member_count + 1);

	for (uint32_t i = 0; i < admin->status.member_count; i++) {
		const struct store_member *from = &admin->status.members[i];
		struct join_member *to = &members[cluster->members_count];

		*to = (struct join_member){ .node = process_node_number(from->name),
					    .name = from->name,
					    .role = str_from(role_of(from)) };
		cluster->members_count += split_place(from->address, &to->address, &to->link_port);
	}
	cluster->members = members;
}

static void answer(struct act *act, const struct admin *admin, struct asked_page *page,
		   const struct join *join)
{
	struct process *process = admin->process;
	struct join_cluster cluster = { .id = str_from(process->identity.cluster),
					.node = process_node_number(join->node_name) };
	struct fault why = { 0 };
	enum status status;

	fill_members(admin, page->arena, &cluster);
	status = join_answer(join, &process->pki, &cluster, act_wall(act), page->arena, &page->text,
			     &why);
	if (status != OK) {
		(void)refuse(page, status, &why);
		return;
	}
	page->code = 200;
	page->type = STR("application/octet-stream");
	log_info("admin", "a node joins", LOG_STR("node", join->node_name),
		 LOG_STR("address", join->address), LOG_STR("role", join->role));
}

void admin_join(struct act *act, void *state, struct asked_page *page)
{
	struct admin *admin = state;
	struct joining joining = { 0 };
	struct str place;

	if (!read_token(act, page, &joining) || !claim_name(act, page, admin, &joining) ||
	    !mark_token(act, page, &joining))
		return;
	place = node_record_place(joining.join.address, joining.join.link_port, page->arena);
	directory_learn(act, joining.join.node_name, place);
	answer(act, admin, page, &joining.join);
}
