/*
 * Changes that an operator asks for: tokens, kill. Each says in one line what was done or why not.
 */
#include "deploy/cluster/node-record.h"
#include "deploy/cluster/token.h"
#include "deploy/main/admin/admin-private.h"

#define TOKENS_MAX 1000U

/* ---- tokens ------------------------------------------------------------------------------------------------ */

/* Where machines that come in may ask: every node that serves the API, this one first. */
static uint32_t fill_addresses(struct act *act, const struct admin *admin, struct arena *arena,
			       struct str out[TOKEN_ADDRESSES_MAX])
{
	uint32_t count = 0;

	out[count++] =
	    arena_str(arena, process_address(admin->process, admin->process->identity.api_port));
	for (uint32_t i = 0; i < admin->status.member_count && count < TOKEN_ADDRESSES_MAX; i++) {
		struct str name = admin->status.members[i].name, bytes;
		struct node_record record;
		uint64_t revision;

		if (str_is(name, admin->process->identity.name))
			continue;
		if (admin_read(act, node_record_key(name, arena), arena, &bytes, &revision) != OK ||
		    node_record_decode(bytes, &record) != OK)
			continue;
		out[count++] = node_record_place(record.address, record.api_port, arena);
	}
	return count;
}

static bool read_wish(struct asked_page *page, struct token_wish *wish)
{
	struct str ttl = asked_page_query(page, "ttl_s");

	wish->role = asked_page_query(page, "role");
	wish->description = asked_page_query(page, "description");
	wish->is_single_use = asked_page_query(page, "single_use").at != NULL;
	return ttl.len == 0 || str_to_i64(ttl, &wish->ttl_s) == OK;
}

static void create_token(struct act *act, const struct admin *admin, struct asked_page *page)
{
	struct str addresses[TOKEN_ADDRESSES_MAX], text;
	struct certificate_info authority;
	struct token_wish wish = { .addresses = addresses };
	struct token_record record;
	struct fault why = { 0 };
	enum status status = BAD_REQUEST;

	if (read_wish(page, &wish))
		status = certificate_read(admin->process->pki.ca.certificate_pem, page->arena,
					  &authority, &why);
	if (status != OK) {
		asked_page_refuse(page, status, "token");
		return;
	}
	wish.authority_fingerprint = authority.fingerprint;
	wish.addresses_count = fill_addresses(act, admin, page->arena, addresses);
	status = token_create(&wish, act_wall(act), page->arena, &text, &record, &why);
	if (status == OK)
		status = admin_write(
		    act, arena_printf(page->arena, TOKEN_KEYS STR_FMT, STR_ARG(record.id)),
		    token_record_encode(&record, page->arena), 0);
	if (status == OK)
		asked_page_say(page, 200, STR_FMT "\n", STR_ARG(text));
	else
		asked_page_say(page, status_http(status), "%s\n",
			       why.text[0] ? why.text : status_text(status));
}

static void print_token(const struct token_record *record, struct text *out)
{
	char time[TIME_TEXT];

	text_printf(out, "%-8.*s %-8.*s %-22.*s %s" STR_FMT "  " STR_FMT "\n", STR_ARG(record->id),
		    STR_ARG(record->role),
		    STR_ARG(record->expires.ns ? time_print(record->expires, time) : STR("never")),
		    record->used_by.len     ? "used by "
		    : record->is_single_use ? "once"
					    : "any",
		    STR_ARG(record->used_by), STR_ARG(record->description));
}

static void list_tokens(struct act *act, struct asked_page *page)
{
	struct store_range range = { .arena = arena_new(0),
				     .key = STR(TOKEN_KEYS),
				     .end = STR("/troupe/tokens0"), /* '0' follows '/' */
				     .limit = TOKENS_MAX };
	struct admin_asked asked =
	    admin_ask(act, act_named(act, "store"), &store_range_type, &range, ADMIN_WRITE_MS);
	enum status status = store_outcome(asked.msg);
	const struct store_range_answer *rows = asked.msg->body;
	struct text out = text_in(page->arena, MIB);

	if (status != OK) {
		asked_page_refuse(page, status, "tokens");
	} else {
		text_printf(&out, "%-8s %-8s %-22s %s\n", "ID", "ROLE", "EXPIRES", "USE");
		for (uint32_t i = 0; i < rows->row_count; i++) {
			struct token_record record;

			if (token_record_decode(rows->rows[i].value, &record) == OK)
				print_token(&record, &out);
		}
		asked_page_say(page, 200, STR_FMT, STR_ARG(text_str(&out)));
	}
	admin_asked_end(&asked);
}

static void delete_token(struct act *act, struct asked_page *page)
{
	struct str id = str_slice(page->path, sizeof "/troupe/tokens/" - 1, page->path.len), value;
	struct str key = arena_printf(page->arena, TOKEN_KEYS STR_FMT, STR_ARG(id));
	uint64_t revision;
	enum status status = admin_read(act, key, page->arena, &value, &revision);

	if (status == OK)
		status = admin_write(act, key, STR_NONE, revision);
	if (status == OK)
		asked_page_say(page, 200, "token " STR_FMT " deleted\n", STR_ARG(id));
	else
		asked_page_say(page, status_http(status), "token " STR_FMT ": %s\n", STR_ARG(id),
			       status_text(status));
}

void admin_tokens(struct act *act, void *state, struct asked_page *page)
{
	struct admin *admin = state;
	if (str_is(page->method, "POST"))
		create_token(act, admin, page);
	else if (str_is(page->method, "DELETE"))
		delete_token(act, page);
	else
		list_tokens(act, page);
}

/* ---- kill ----------------------------------------------------------------------------------------------------- */

static enum inspect_level level_of(struct str word, struct str path)
{
	if (str_is(word, "stop"))
		return INSPECT_STOP;
	if (str_is(word, "host") || (word.len == 0 && str_find_char(path, '/') < 0))
		return INSPECT_HOST;
	return INSPECT_ACTOR;
}

struct act_ref admin_actor_of(struct act *act, const struct admin *admin, const char *actor,
			      struct str host)
{
	const char *name;

	for (uint32_t i = 0; (name = exile_host_name(&admin->exiles, i)) != NULL; i++)
		if (str_is(host, name))
			return process_actor(act, admin->process, actor, name);
	return ACT_NIL;
}

/* The inspector of a host of ours, or the administrator of another node, who asks his own. */
static struct act_ref killer_of(struct act *act, struct admin *admin, struct str node,
				struct str *path, struct arena *arena)
{
	struct str rest = *path, host = str_cut(&rest, '/');

	if (!str_is(node, admin->process->identity.name))
		return admin_member(admin, node) == NULL
			   ? ACT_NIL
			   : act_named(act, arena_printf(arena, "admin@" STR_FMT, STR_ARG(node)).at);
	*path = rest;
	return admin_actor_of(act, admin, "inspector", host);
}

struct inspect_killed admin_kill_at(struct act *act, struct admin *admin, struct str node,
				    struct str path, enum inspect_level level)
{
	struct admin_room room = admin_room(act);
	struct arena *arena = room.arena;
	struct inspect_killed killed = { .status = NOT_FOUND };
	struct inspect_kill kill = { .level = level };
	struct act_ref who = killer_of(act, admin, node, &path, arena);
	struct admin_asked asked;

	if (!act_ref_is_nil(who) && path.len < sizeof kill.path) {
		if (path.len > 0)
			memcpy(kill.path, path.at, path.len);
		asked = admin_ask(act, who, &inspect_kill_type, &kill, 2 * ADMIN_ASK_MS);
		killed.status = asked.status;
		if (asked.status == OK)
			killed = *(const struct inspect_killed *)asked.msg->body;
		admin_asked_end(&asked);
	}
	admin_room_end(act, &room);
	return killed;
}

static const char *done_word(enum inspect_level level)
{
	static const char *const words[] = {
		[INSPECT_ACTOR] = "killed", [INSPECT_HOST] = "killed", [INSPECT_STOP] = "stopped"
	};

	return words[level];
}

void admin_kill(struct act *act, void *state, struct asked_page *page)
{
	struct admin *admin = state;
	struct str whole = str_trim(page->body), path = whole, node = str_cut(&path, '/');
	struct str word = asked_page_query(page, "level");
	enum inspect_level level = level_of(word, path);
	struct inspect_killed killed = { .status = NOT_FOUND };

	if (path.len > 0)
		killed = admin_kill_at(act, admin, node, path, level);
	if (killed.status == OK)
		asked_page_say(page, 200, "%s " STR_FMT "%s\n", done_word(level), STR_ARG(whole),
			       killed.comes_back ? "" : ", and nobody starts it again");
	else if (killed.status == FORBIDDEN)
		asked_page_say(page, 403, "\"" STR_FMT "\" is a host: kill it with --level host\n",
			       STR_ARG(whole));
	else if (killed.status == CONFLICT)
		asked_page_say(page, 409, "\"" STR_FMT "\" is not running just now\n",
			       STR_ARG(whole));
	else if (killed.status == NOT_FOUND)
		asked_page_say(page, 404,
			       "\"" STR_FMT "\" is no actor here: NODE/HOST or NODE/HOST/ACTOR, as "
			       "`troupe tree` shows them\n",
			       STR_ARG(whole));
	else
		asked_page_refuse(page, killed.status, "kill");
}
