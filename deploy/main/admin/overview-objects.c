#include "actors/server/live/live.h"
#include "datastore/object/record.h"
#include "datastore/schema/troupe.h"
#include "deploy/main/admin/actor-name.h"
#include "deploy/main/admin/overview.h"

/*
 * The overview as objects of the API: Actor, Member and Forecast.
 *
 * Nodes and hosts are Actors, too, so that one list has the whole tree. An actor's uid changes with each life: whoever deletes one waits
 * for that.
 */

#define LABEL_MAX 63U /* of its value */

/* What is selected by; a value that is no label's is left out. */
static void add_label(struct meta_object_meta *meta, struct arena *arena, const char *name,
		      struct str value)
{
	if (value.len == 0 || value.len > LABEL_MAX)
		return;
	str_map_put(&meta->labels, arena, arena_printf(arena, "troupe.internal/%s", name),
		    arena_str(arena, value));
}

/* 128 bits out of the name and the life, in the form of RFC 9562, version 8. */
static struct str uid_of(struct arena *arena, struct str name, uint64_t life)
{
	uint64_t high = hash_bytes(life, name.at, name.len);
	uint64_t low = hash_bytes(high, name.at, name.len);

	return arena_printf(arena, "%08jx-%04jx-8%03jx-%04jx-%012jx", (uintmax_t)(high >> 32),
			    (uintmax_t)(high >> 16 & 0xffff), (uintmax_t)(high & 0xfff),
			    (uintmax_t)(0x8000 | (low >> 48 & 0x3fff)),
			    (uintmax_t)(low & 0xffffffffffff));
}

static struct str state_word(struct str state)
{
	if (str_is(state, "ending"))
		return STR("Ending");
	if (str_is(state, "waiting"))
		return STR("Waiting");
	if (str_is(state, "ended"))
		return STR("Ended");
	return str_is(state, "silent") ? STR("Silent") : STR("Running");
}

/* Where it is in the tree, which says also what it is called. */
struct place {
	struct str level, node, host, path, name, parent;
};

static struct object *actor_object(const struct place *place, const struct inspect_row *row)
{
	struct object *object = object_new(&troupe_actor_type);
	struct arena *arena = object_arena(object);
	struct troupe_actor *actor = object->record;
	struct meta_object_meta *meta = object_meta(object);
	struct troupe_actor_spec *spec = MAKE(actor->spec, arena);
	struct troupe_actor_status *status = MAKE(actor->status, arena);
	struct troupe_actor_usage *usage = MAKE(actor->usage, arena);

	meta->name = arena_str(arena, place->name);
	meta->uid = uid_of(arena, meta->name, row->life);
	spec->level = place->level;
	spec->node = arena_str(arena, place->node);
	spec->host = arena_str(arena, place->host);
	spec->path = arena_str(arena, place->path);
	spec->class = arena_str(arena, row->class_name);
	spec->parent = arena_str(arena, place->parent);
	add_label(meta, arena, "level", place->level);
	add_label(meta, arena, "node", spec->node);
	add_label(meta, arena, "host", spec->host);
	add_label(meta, arena, "class", spec->class);
	status->state = state_word(row->state);
	SET(status, restarts, (int64_t)row->restarts);
	status->last_reason = arena_str(arena, row->last_reason);
	if (row->started_s > 0) {
		SET(meta, creation_timestamp, ((struct wall){ row->started_s * TIME_S }));
		SET(status, start_time, ((struct wall){ row->started_s * TIME_S }));
	}
	SET(status, process_id, (int64_t)row->pid);
	SET(status, supervisor, row->is_supervisor);
	SET(usage, mailbox, (int64_t)row->mailbox);
	SET(usage, mailbox_high, (int64_t)row->mailbox_high);
	SET(usage, messages, (int64_t)row->messages);
	SET(usage, messages_per_second, row->rate);
	SET(usage, run_microseconds, (int64_t)row->run_us);
	SET(usage, run_p99_nanoseconds, (int64_t)row->run_p99_ns);
	SET(usage, memory_bytes, (int64_t)row->memory_bytes);
	record_prune(&troupe_actor_type, actor);
	return object;
}

/* A node is the sum of its hosts. */
static struct inspect_row node_row(const struct overview_node *node)
{
	struct inspect_row sum = { .class_name = STR("node"),
				   .state = node->has_answered ? STR("running") : STR("silent"),
				   .is_supervisor = true };

	for (uint32_t i = 0; i < node->row_count; i++) {
		const struct inspect_row *row = &node->rows[i];

		if (!inspect_is_host(row))
			continue;
		sum.messages += row->messages;
		sum.rate += row->rate;
		sum.memory_bytes += row->memory_bytes;
		if (row->started_s > 0 && (sum.started_s == 0 || row->started_s < sum.started_s))
			sum.started_s = row->started_s;
	}
	return sum;
}

static struct str above(struct str path)
{
	int64_t slash = str_find_last(path, '/');

	return slash < 0 ? STR_NONE : str_slice(path, 0, (uint32_t)slash);
}

static void add_node(const struct overview_node *node, struct actor_names *names,
		     struct live_seen *out)
{
	struct inspect_row sum = node_row(node);
	struct place place = { .level = STR("Node"), .node = node->name };
	struct map by_path = { 0 }; /* -> names, to find those above */
	struct str *own = arena_array(names->arena, struct str, node->row_count + 1);

	own[node->row_count] = place.name = actor_name(names, node->name, STR_NONE);
	live_seen_add(out, actor_object(&place, &sum));
	for (uint32_t i = 0; i < node->row_count; i++) {
		struct str path = node->rows[i].path;
		const struct str *parent = map_get(&by_path, above(path));

		own[i] = place.name = actor_name(names, node->name, path);
		place.parent = parent ? *parent : own[node->row_count];
		place.host = str_cut(&path, '/');
		place.path = path;
		place.level = path.at ? STR("Actor") : STR("Host");
		map_put(&by_path, node->rows[i].path, &own[i]);
		live_seen_add(out, actor_object(&place, &node->rows[i]));
	}
	map_fini(&by_path);
}

void overview_actor_objects(const struct overview *overview, struct live_seen *out)
{
	struct actor_names names = actor_names_in(overview->arena);

	for (uint32_t i = 0; i < overview->node_count; i++)
		add_node(&overview->nodes[i], &names, out);
	actor_names_fini(&names);
}

static struct str role_word(const struct store_member *member, bool is_witness)
{
	if (is_witness)
		return STR("Witness");
	return member->role == STORE_VOTER     ? STR("Voter")
	       : member->role == STORE_STANDBY ? STR("Standby")
					       : STR("Spare");
}

void overview_member_objects(const struct overview *overview, struct live_seen *out)
{
	for (uint32_t i = 0; i < overview->store.member_count; i++) {
		const struct store_member *from = &overview->store.members[i];
		const struct store_standing standing = overview_standing(overview, i);
		struct object *object = object_new(&troupe_member_type);
		struct arena *arena = object_arena(object);
		struct troupe_member *member = object->record;
		struct meta_object_meta *meta = object_meta(object);
		struct troupe_member_status *status = MAKE(member->status, arena);

		meta->name = arena_str(arena, from->name);
		meta->uid = uid_of(arena, meta->name, from->id);
		MAKE(member->spec, arena)->address = arena_str(arena, from->address);
		if (standing.domain.len > 0)
			member->spec->failure_domain = arena_str(arena, standing.domain);
		if (standing.weight > 0)
			SET(member->spec, weight, (int64_t)standing.weight);
		status->role = role_word(from, standing.is_witness);
		if (standing.reason.len > 0)
			status->reason = arena_str(arena, standing.reason);
		if (standing.changed_s > 0)
			SET(status, change_time,
			    ((struct wall){ (int64_t)standing.changed_s * TIME_S }));
		if (standing.is_suspect)
			SET(status, suspect, true);
		if (standing.is_pressed)
			SET(status, pressed, true);
		SET(status, leader, overview->store.leader == from->id);
		SET(status, alive, from->is_alive);
		SET(status, lag_entries, (int64_t)from->lag_entries);
		record_prune(&troupe_member_type, member);
		live_seen_add(out, object);
	}
}

void overview_forecast_objects(const struct overview *overview, struct live_seen *out)
{
	for (uint32_t i = 0; i < overview->store.member_count; i++) {
		const struct store_standing standing = overview_standing(overview, i);
		struct object *object = object_new(&troupe_forecast_type);
		struct arena *arena = object_arena(object);
		struct troupe_forecast *forecast = object->record;
		struct meta_object_meta *meta = object_meta(object);
		struct troupe_forecast_status *status = MAKE(forecast->status, arena);

		meta->name = arena_str(arena, overview->store.members[i].name);
		meta->uid = uid_of(arena, meta->name, overview->store.members[i].id);
		SET(status, may_stop, standing.may_stop);
		status->reason = standing.forecast.len > 0 ? arena_str(arena, standing.forecast)
							   : STR("nobody leads who could say");
		record_prune(&troupe_forecast_type, forecast);
		live_seen_add(out, object);
	}
}
