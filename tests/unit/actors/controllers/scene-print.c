/*
 * Plans as text: what differs between two records, value by value.
 */
#include <stdio.h>

#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "tests/unit/actors/controllers/scene-private.h"
#include "transport/wire/json.h"

/* The values of a record by their paths, in order. */
struct leaves {
	const struct scene *scene;
	struct map values; /* path -> struct leaf */
};

struct leaf {
	struct str shown; /* for people and tests */
	struct str raw;   /* decides whether it changed */
};

static bool is_under(struct str path, const char *list)
{
	struct str rest = str_from(list);

	while (rest.at != NULL) {
		struct str word = str_cut(&rest, ' ');

		if (word.len == 0 || !str_starts(path, word))
			continue;
		if (path.len == word.len || path.at[word.len] == '.' || path.at[word.len] == '[')
			return true;
	}
	return false;
}

/* Times are told from now. */
static struct str show_string(const struct leaves *leaves, struct str value)
{
	struct wall at;
	int64_t seconds;

	if (value.len < 20 || !str_ends(value, STR("Z")) || time_parse(value, &at) != OK)
		return value;
	seconds = (at.ns - leaves->scene->now.ns) / TIME_S;
	return seconds == 0 ? STR("now")
			    : arena_printf(leaves->scene->arena, "now%+jds", (intmax_t)seconds);
}

static void put_leaf(struct leaves *leaves, struct str path, struct str shown, struct str raw)
{
	struct leaf *leaf = arena_new_of(leaves->scene->arena, struct leaf);

	*leaf = (struct leaf){ shown, raw };
	map_put(&leaves->values, path, leaf);
}

static void walk(struct leaves *leaves, struct str path, struct str raw);

static struct str member(struct arena *arena, struct str object, const char *wanted)
{
	struct json in = json_of(object);
	struct str name, value = STR_NONE;

	if (json_peek(&in) != JSON_OBJECT)
		return STR_NONE;
	for (json_enter(&in); json_member(&in, arena, &name);) {
		if (!str_is(name, wanted) || json_peek(&in) != JSON_STRING)
			json_skip(&in, NULL);
		else
			json_string(&in, arena, &value);
	}
	return value;
}

/* A condition is one value: True/Reason: message. */
static bool walk_condition(struct leaves *leaves, struct str path, struct str raw)
{
	struct arena *arena = leaves->scene->arena;
	struct str type = member(arena, raw, "type"), status = member(arena, raw, "status");
	struct str reason = member(arena, raw, "reason"), message = member(arena, raw, "message");

	if (type.at == NULL || status.at == NULL || !str_ends(path, STR("conditions")))
		return false;
	put_leaf(leaves, arena_printf(arena, STR_FMT "[" STR_FMT "]", STR_ARG(path), STR_ARG(type)),
		 arena_printf(arena, STR_FMT "%s" STR_FMT "%s" STR_FMT, STR_ARG(status),
			      reason.len ? "/" : "", STR_ARG(reason), message.len ? ": " : "",
			      STR_ARG(message)),
		 raw);
	return true;
}

static void walk_array(struct leaves *leaves, struct str path, struct json *in)
{
	struct str raw;

	json_enter(in);
	for (uint32_t i = 0; json_element(in); i++) {
		json_skip(in, &raw);
		if (!walk_condition(leaves, path, raw))
			walk(leaves,
			     arena_printf(leaves->scene->arena, STR_FMT "[%u]", STR_ARG(path), i),
			     raw);
	}
}

static void walk_object(struct leaves *leaves, struct str path, struct json *in)
{
	struct arena *arena = leaves->scene->arena;
	struct str name, raw, below;

	json_enter(in);
	while (json_member(in, arena, &name)) {
		json_skip(in, &raw);
		if (str_find_char(name, '.') >= 0 || str_find_char(name, '/') >= 0)
			below = arena_printf(arena, STR_FMT "[" STR_FMT "]", STR_ARG(path),
					     STR_ARG(name));
		else
			below = arena_printf(arena, STR_FMT "%s" STR_FMT, STR_ARG(path),
					     path.len ? "." : "", STR_ARG(name));
		walk(leaves, below, raw);
	}
}

static void walk(struct leaves *leaves, struct str path, struct str raw)
{
	struct json in = json_of(raw);
	struct str text;

	switch (json_peek(&in)) {
	case JSON_OBJECT: walk_object(leaves, path, &in); break;
	case JSON_ARRAY: walk_array(leaves, path, &in); break;
	case JSON_STRING:
		json_string(&in, leaves->scene->arena, &text);
		put_leaf(leaves, path, show_string(leaves, text), raw);
		break;
	case JSON_NULL: break;
	default: put_leaf(leaves, path, raw, raw); break;
	}
}

static void leaves_of(struct leaves *leaves, const struct type *type, const void *record)
{
	struct arena *arena = leaves->scene->arena;
	void *pruned = record_clone(type, record, arena);
	struct text json = text_in(arena, MIB);

	record_prune(type, pruned);
	json_encode(type, pruned, &json);
	walk(leaves, STR(""), text_str(&json));
}

static void print_update(const struct scene *scene, const struct plan_write *w, struct text *out)
{
	struct leaves before = { scene, { 0 } }, after = { scene, { 0 } };
	struct str path;
	void *value;

	leaves_of(&before, w->type, w->original);
	leaves_of(&after, w->type, w->record);
	for (uint32_t at = 0; map_next(&after.values, &at, &path, &value);) {
		const struct leaf *new = value, *old = map_get(&before.values, path);

		if ((old == NULL || !str_eq(old->raw, new->raw)) && !is_under(path, scene->hide))
			text_printf(out, "  " STR_FMT ": " STR_FMT " -> " STR_FMT "\n",
				    STR_ARG(path), STR_ARG(old ? old->shown : STR("-")),
				    STR_ARG(new->shown));
	}
	for (uint32_t at = 0; map_next(&before.values, &at, &path, &value);)
		if (!map_has(&after.values, path) && !is_under(path, scene->hide))
			text_printf(out, "  " STR_FMT ": " STR_FMT " -> -\n", STR_ARG(path),
				    STR_ARG(((const struct leaf *)value)->shown));
	map_fini(&before.values);
	map_fini(&after.values);
}

static void print_create(const struct scene *scene, const struct plan_write *w, struct text *out)
{
	struct leaves leaves = { scene, { 0 } };
	struct str path;
	void *value;

	leaves_of(&leaves, w->type, w->record);
	for (uint32_t at = 0; map_next(&leaves.values, &at, &path, &value);)
		if (is_under(path, scene->show))
			text_printf(out, "  " STR_FMT ": " STR_FMT "\n", STR_ARG(path),
				    STR_ARG(((const struct leaf *)value)->shown));
	map_fini(&leaves.values);
}

static void print_place(const struct scene *scene, const struct plan_write *w, struct text *out)
{
	const struct meta_object_meta *meta = w->record ? record_meta(w->type, w->record) : NULL;
	struct str namespace = meta ? meta->namespace : w->namespace;
	struct str name = meta ? meta->name : w->name;

	text_printf(out, " " STR_FMT " " STR_FMT " ",
		    STR_ARG(type_api_version(w->type, scene->arena)), STR_ARG(type_kind(w->type)));
	if (namespace.len > 0)
		text_printf(out, STR_FMT "/", STR_ARG(namespace));
	if (meta != NULL && meta->generate_name.len > 0 && w->verb == PLAN_CREATE)
		text_printf(out, STR_FMT "*", STR_ARG(meta->generate_name));
	else
		text_add(out, name);
}

static void print_delete(const struct plan_write *w, struct text *out)
{
	if (w->how != PLAN_BACKGROUND)
		text_add(out, w->how == PLAN_ORPHAN ? STR(" orphan") : STR(" foreground"));
	if (w->grace_s >= 0)
		text_printf(out, " grace=%jd", (intmax_t)w->grace_s);
}

static void print_write(const struct scene *scene, const struct plan_write *w, struct text *out)
{
	static const char *const verbs[] = {
		[PLAN_CREATE] = "create", [PLAN_UPDATE] = "update", [PLAN_DELETE] = "delete"
	};

	if (w->verb == PLAN_REQUEST) {
		text_printf(out, "request %s " STR_FMT "\n", w->method, STR_ARG(w->path));
		return;
	}
	if (w->subresource != NULL && is_under(str_from(w->subresource), scene->hide))
		return;
	text_add(out, str_from(verbs[w->verb]));
	if (w->subresource != NULL)
		text_printf(out, " %s of", w->subresource);
	print_place(scene, w, out);
	if (w->verb == PLAN_DELETE)
		print_delete(w, out);
	text_lit(out, "\n");
	if (w->verb == PLAN_UPDATE)
		print_update(scene, w, out);
	if (w->verb == PLAN_CREATE)
		print_create(scene, w, out);
}

static void print_event(const struct plan_event *event, struct text *out)
{
	text_printf(out, "event %s %s " STR_FMT " " STR_FMT ": " STR_FMT "\n",
		    event->is_warning ? "Warning" : "Normal", event->reason,
		    STR_ARG(type_kind(event->type)), STR_ARG(event->about->name),
		    STR_ARG(event->message));
}

struct str scene_print(const struct scene *scene, const struct plan *plan)
{
	struct text out = text_in(scene->arena, MIB);

	for (uint32_t i = 0; i < plan->write_count; i++)
		print_write(scene, &plan->writes[i], &out);
	for (uint32_t i = 0; i < plan->event_count && !is_under(STR("events"), scene->hide); i++)
		print_event(&plan->events[i], &out);
	for (uint32_t i = 0; i < plan->await_count; i++)
		text_printf(&out, "await " STR_FMT " %ju\n",
			    STR_ARG(type_kind(plan->awaits[i].type)),
			    (uintmax_t)plan->awaits[i].revision);
	if (plan->again_ms >= 0 && !is_under(STR("again"), scene->hide))
		text_printf(&out, "again %jd ms\n", (intmax_t)plan->again_ms);
	if (plan->is_cut)
		text_lit(&out, "cut\n");
	return text_str(&out);
}
