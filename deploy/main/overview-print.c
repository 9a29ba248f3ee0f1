#include <stdio.h>

#include "deploy/main/overview.h"

static const char *role_name(const struct overview *overview, const struct store_member *member)
{
	static const char *const names[] = { [STORE_NOT_MEMBER] = "none",
					     [STORE_SPARE] = "spare",
					     [STORE_STANDBY] = "standby",
					     [STORE_VOTER] = "voter" };

	return overview->store.leader == member->id ? "leader" : names[member->role];
}

/* What the datastore's rules call it: a leader is a voter. */
static const char *datastore_role(const struct store_member *member)
{
	return member->role == STORE_VOTER     ? "voter"
	       : member->role == STORE_STANDBY ? "standby"
					       : "spare";
}

static const char *yes_no(bool is_so)
{
	return is_so ? "yes" : "no";
}

/* ---- status -------------------------------------------------------------------------------------------- */

static void tolerance_words(const struct overview *overview, struct text *out)
{
	if (overview->tolerance == 0)
		text_lit(out, "no node may be lost");
	else
		text_printf(out, "tolerates the loss of %u more", overview->tolerance);
}

void overview_status_text(const struct overview *overview, struct text *out)
{
	text_printf(out, "cluster   " STR_FMT "   reads %s, writes %s   highly available: %s, ",
		    STR_ARG(overview->cluster), overview->is_readable ? "ok" : "NOT READY",
		    overview->is_writable ? "ok" : "REFUSED", yes_no(overview->tolerance > 0));
	tolerance_words(overview, out);
	text_printf(out, "   revision %ju\n", (uintmax_t)overview->store.revision);
	if (overview->store.leader != 0)
		text_printf(out, "leader    " STR_FMT "   term %ju\n",
			    STR_ARG(overview->store.leader_name), (uintmax_t)overview->store.term);
	else
		text_lit(out, "leader    none: fewer than half of the voters answer\n");
	text_lit(out, "members   ");
	for (uint32_t i = 0; i < overview->store.member_count; i++) {
		const struct store_member *member = &overview->store.members[i];

		text_printf(out, "%s" STR_FMT " %s%s", i ? "   " : "", STR_ARG(member->name),
			    role_name(overview, member), member->is_alive ? "" : " (DOWN)");
		if (member->is_alive && member->lag_entries > 0)
			text_printf(out, " lag %ju", (uintmax_t)member->lag_entries);
	}
	text_printf(out, "\nactors    %ju running, %ju failed, %ju restarts\n",
		    (uintmax_t)overview->running, (uintmax_t)overview->failed,
		    (uintmax_t)overview->restarts);
}

static void members_document(const struct overview *overview, struct document *doc)
{
	document_list(doc, "members");
	for (uint32_t i = 0; i < overview->store.member_count; i++) {
		const struct store_member *member = &overview->store.members[i];

		document_object(doc, NULL);
		document_str(doc, "name", member->name);
		document_str(doc, "role", str_from(datastore_role(member)));
		document_str(doc, "address", member->address);
		document_bool(doc, "alive", member->is_alive);
		document_u64(doc, "lag_entries", member->lag_entries);
		document_close(doc);
	}
	document_close(doc);
}

void overview_status_document(const struct overview *overview, struct document *doc)
{
	document_str(doc, "cluster", overview->cluster);
	document_object(doc, "ready");
	document_bool(doc, "reads", overview->is_readable);
	document_bool(doc, "writes", overview->is_writable);
	document_close(doc);
	document_bool(doc, "ha", overview->tolerance > 0);
	document_u64(doc, "tolerance", overview->tolerance);
	document_str(doc, "leader", overview->store.leader ? overview->store.leader_name : STR_NONE);
	document_u64(doc, "term", overview->store.term);
	document_u64(doc, "revision", overview->store.revision);
	members_document(overview, doc);
	document_object(doc, "actors");
	document_u64(doc, "running", overview->running);
	document_u64(doc, "failed", overview->failed);
	document_u64(doc, "restarts", overview->restarts);
	document_close(doc);
}

/* ---- members --------------------------------------------------------------------------------------------- */

void overview_members_text(const struct overview *overview, struct text *out)
{
	text_printf(out, "%-16s %-8s %-24s %-6s %s\n", "NAME", "ROLE", "ADDRESS", "ALIVE", "LAG");
	for (uint32_t i = 0; i < overview->store.member_count; i++) {
		const struct store_member *member = &overview->store.members[i];

		text_printf(out, "%-16.*s %-8s %-24.*s %-6s %ju\n", STR_ARG(member->name),
			    role_name(overview, member), STR_ARG(member->address),
			    yes_no(member->is_alive), (uintmax_t)member->lag_entries);
	}
}

void overview_members_document(const struct overview *overview, struct document *doc)
{
	members_document(overview, doc);
}

void overview_member_rows(const struct overview *overview, struct virtual_rows *out)
{
	for (uint32_t i = 0; i < overview->store.member_count; i++) {
		const struct store_member *member = &overview->store.members[i];
		struct virtual_row *row = virtual_add(out);

		if (row == NULL)
			return;
		row->name = arena_str(out->arena, member->name);
		row->cells[1] = str_from(role_name(overview, member));
		row->cells[2] = arena_str(out->arena, member->address);
		row->cells[3] = str_from(yes_no(member->is_alive));
		row->cells[4] = arena_printf(out->arena, "%ju", (uintmax_t)member->lag_entries);
	}
}

/* ---- the tree ----------------------------------------------------------------------------------------------- */

static uint32_t depth_of(struct str path)
{
	uint32_t depth = 0;

	for (uint32_t i = 0; i < path.len; i++)
		depth += path.at[i] == '/';
	return depth;
}

static struct str last_of(struct str path)
{
	int64_t slash = str_find_last(path, '/');

	return str_slice(path, (uint32_t)(slash + 1), path.len);
}

static void tree_row(const struct inspect_row *row, struct text *out)
{
	uint32_t indent = 2 * (depth_of(row->path) + 1);
	struct str name = last_of(row->path);
	int width = indent < 34 ? (int)(36 - indent) : 2;

	text_printf(out, "%*s%-*.*s ", (int)indent, "", width, STR_ARG(name));
	if (row->pid != 0) {
		text_printf(out, "pid %ju, %ju.%ju MB\n", (uintmax_t)row->pid,
			    (uintmax_t)(row->memory_bytes / 1000000),
			    (uintmax_t)(row->memory_bytes / 100000 % 10));
		return;
	}
	text_printf(out, "%-8.*s %9ju messages", STR_ARG(row->state), (uintmax_t)row->messages);
	if (row->restarts > 0)
		text_printf(out, ", %ju restarts", (uintmax_t)row->restarts);
	if (row->last_reason.len > 0)
		text_printf(out, ", last: " STR_FMT, STR_ARG(row->last_reason));
	text_lit(out, "\n");
}

void overview_tree_text(const struct overview *overview, struct text *out)
{
	for (uint32_t i = 0; i < overview->node_count; i++) {
		const struct overview_node *node = &overview->nodes[i];

		text_printf(out, STR_FMT "%s\n", STR_ARG(node->name),
			    node->has_answered ? "" : "   DOES NOT ANSWER");
		for (uint32_t j = 0; j < node->row_count; j++)
			tree_row(&node->rows[j], out);
	}
}

static void row_document(const struct inspect_row *row, struct document *doc)
{
	document_object(doc, NULL);
	document_str(doc, "path", row->path);
	document_str(doc, "class", row->class_name);
	document_str(doc, "state", row->state);
	document_u64(doc, "restarts", row->restarts);
	document_str(doc, "last_reason", row->last_reason);
	document_u64(doc, "mailbox", row->mailbox);
	document_u64(doc, "mailbox_high", row->mailbox_high);
	document_u64(doc, "messages", row->messages);
	document_u64(doc, "run_us", row->run_us);
	document_u64(doc, "memory_bytes", row->memory_bytes);
	document_u64(doc, "age_ms", row->age_ms);
	if (row->pid != 0)
		document_u64(doc, "pid", row->pid);
	document_close(doc);
}

void overview_tree_document(const struct overview *overview, struct document *doc)
{
	document_list(doc, "nodes");
	for (uint32_t i = 0; i < overview->node_count; i++) {
		const struct overview_node *node = &overview->nodes[i];

		document_object(doc, NULL);
		document_str(doc, "name", node->name);
		document_bool(doc, "answers", node->has_answered);
		document_list(doc, "actors");
		for (uint32_t j = 0; j < node->row_count; j++)
			row_document(&node->rows[j], doc);
		document_close(doc);
		document_close(doc);
	}
	document_close(doc);
}

/* Names of API objects have no slashes: n1.core.store. */
static struct str dotted(struct arena *arena, struct str node, struct str path)
{
	struct str name = arena_printf(arena, STR_FMT "." STR_FMT, STR_ARG(node), STR_ARG(path));
	char *at = (char *)(uintptr_t)name.at;

	for (uint32_t i = 0; i < name.len; i++)
		at[i] = at[i] == '/' || at[i] == '#' ? '.' : at[i];
	return name;
}

static void actor_row(const struct overview_node *node, const struct inspect_row *from,
		      struct virtual_rows *out)
{
	struct virtual_row *row = virtual_add(out);

	if (row == NULL)
		return;
	row->name = dotted(out->arena, node->name, from->path);
	row->cells[1] = arena_str(out->arena, from->state);
	row->cells[2] = arena_printf(out->arena, "%ju", (uintmax_t)from->restarts);
	row->cells[3] = arena_printf(out->arena, "%ju", (uintmax_t)from->messages);
	row->cells[4] = arena_printf(out->arena, "%ju", (uintmax_t)from->mailbox);
	row->cells[5] = arena_printf(out->arena, "%juKi", (uintmax_t)(from->memory_bytes / 1024));
	row->cells[6] = arena_str(out->arena, node->name);
	row->cells[7] = arena_str(out->arena, from->class_name);
	row->cells[8] = arena_str(out->arena, from->last_reason);
}

void overview_actor_rows(const struct overview *overview, struct virtual_rows *out)
{
	for (uint32_t i = 0; i < overview->node_count; i++)
		for (uint32_t j = 0; j < overview->nodes[i].row_count; j++)
			actor_row(&overview->nodes[i], &overview->nodes[i].rows[j], out);
}
