#include "deploy/main/drill/standing.h"

#include "deploy/main/command/json-look.h"

static struct str look_at_text(struct arena *arena, struct str text, const char *path)
{
	struct str value = json_look(arena, text, path);

	return str_is(value, "null") ? STR_NONE : value;
}

struct member_look {
	struct arena *arena;
	struct standing *standing;
};

static void look_at_member(void *arg, struct str member)
{
	struct member_look *look = arg;
	struct standing *standing = look->standing;
	struct standing_member *to = &standing->members[standing->member_count];

	if (standing->member_count == STANDING_MEMBERS_MAX)
		return;
	to->name = json_look(look->arena, member, "name");
	to->role = json_look(look->arena, member, "role");
	to->api = look_at_text(look->arena, member, "api");
	to->is_alive = json_look_bool(look->arena, member, "alive");
	standing->voters += to->is_alive && str_is(to->role, "voter");
	standing->member_count++;
}

struct standing standing_of(struct arena *arena, struct str answer)
{
	struct standing standing = { .leader = look_at_text(arena, answer, "leader"),
				     .term = json_look_i64(arena, answer, "term"),
				     .is_ready = json_look_bool(arena, answer, "ready.reads") &&
						 json_look_bool(arena, answer, "ready.writes") };
	struct member_look look = { .arena = arena, .standing = &standing };

	standing.tolerance = (uint32_t)json_look_i64(arena, answer, "tolerance");
	json_look_each(arena, answer, "members", look_at_member, &look);
	return standing;
}

const struct standing_member *standing_member(const struct standing *standing, struct str name)
{
	for (uint32_t i = 0; i < standing->member_count; i++)
		if (str_eq(standing->members[i].name, name))
			return &standing->members[i];
	return NULL;
}

/* ---- the tree --------------------------------------------------------------------------------------------- */

struct tree_look {
	struct arena *arena;
	struct str node;
	const char *host;
	int64_t pid;
};

static void look_at_row(void *arg, struct str row)
{
	struct tree_look *look = arg;

	if (str_is(json_look(look->arena, row, "path"), look->host))
		look->pid = json_look_i64(look->arena, row, "pid");
}

static void look_at_node(void *arg, struct str node)
{
	struct tree_look *look = arg;

	if (str_eq(json_look(look->arena, node, "name"), look->node))
		json_look_each(look->arena, node, "actors", look_at_row, look);
}

int64_t standing_pid(struct arena *arena, struct str tree, struct str node, const char *host)
{
	struct tree_look look = { .arena = arena, .node = node, .host = host };

	json_look_each(arena, tree, "nodes", look_at_node, &look);
	return look.pid;
}
