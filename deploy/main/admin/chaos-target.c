#include "deploy/main/admin/chaos-target.h"

#include "datastore/object/selector.h"

/* ---- those that there are ----------------------------------------------------------------------------------------- */

static const struct troupe_actor *actor_of(const struct live_seen *actors, uint32_t i)
{
	return actors->objects[i]->record;
}

static bool is_running(const struct troupe_actor *actor, struct str level)
{
	return str_eq(actor->spec->level, level) && str_is(actor->status->state, "Running");
}

static struct chaos_target target_of(const struct live_seen *actors, uint32_t i, struct str level)
{
	const struct troupe_actor_spec *spec = actor_of(actors, i)->spec;

	return (struct chaos_target){ .level = level,
				      .name = object_name(actors->objects[i]),
				      .node = spec->node,
				      .host = spec->host,
				      .path = spec->path,
				      .labels = object_meta(actors->objects[i])->labels };
}

static void add(struct chaos_targets *out, struct chaos_target target)
{
	out->at[out->len++] = target;
}

/* A pair of hosts of which the first sends to the second, if there is a link between those. */
static void add_link(struct chaos_targets *out, const struct live_seen *actors, uint32_t from,
		     uint32_t to, struct arena *arena)
{
	struct chaos_target link = target_of(actors, from, STR("Link"));
	const struct troupe_actor_spec *other = actor_of(actors, to)->spec;
	bool is_within = str_eq(link.node, other->node);

	if (from == to ||
	    (!is_within && !(str_is(link.host, "core") && str_is(other->host, "core"))))
		return;
	link.to_node = other->node;
	link.to_host = other->host;
	link.name = is_within ? arena_printf(arena, STR_FMT ".to." STR_FMT, STR_ARG(link.name),
					     STR_ARG(other->host))
			      : arena_printf(arena, STR_FMT ".to." STR_FMT, STR_ARG(link.node),
					     STR_ARG(other->node));
	add(out, link);
}

static void add_links(struct chaos_targets *out, const struct live_seen *actors, struct arena *arena)
{
	uint32_t *hosts = arena_array(arena, uint32_t, actors->len + 1), count = 0;

	for (uint32_t i = 0; i < actors->len; i++)
		if (is_running(actor_of(actors, i), STR("Host")))
			hosts[count++] = i;
	out->at = arena_array(arena, struct chaos_target, (uint64_t)count * count + 1);
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t j = 0; j < count; j++)
			add_link(out, actors, hosts[i], hosts[j], arena);
}

static void add_disk(struct chaos_targets *out, const struct live_seen *actors, uint32_t i)
{
	struct chaos_target disk = target_of(actors, i, STR("Disk"));

	disk.name = disk.node;
	if (is_running(actor_of(actors, i), STR("Host")) && str_is(disk.host, "core"))
		add(out, disk);
}

struct chaos_targets chaos_targets_of(const struct live_seen *actors, struct str level,
				      struct arena *arena)
{
	struct chaos_targets out = { 0 };

	if (str_is(level, "Link")) {
		add_links(&out, actors, arena);
		return out;
	}
	out.at = arena_array(arena, struct chaos_target, actors->len + 1);
	for (uint32_t i = 0; i < actors->len; i++) {
		if (str_is(level, "Disk"))
			add_disk(&out, actors, i);
		else if (is_running(actor_of(actors, i), level))
			add(&out, target_of(actors, i, level));
	}
	return out;
}

/* ---- those that are meant ----------------------------------------------------------------------------------------- */

bool chaos_matches(struct str pattern, struct str name)
{
	uint32_t p = 0, n = 0, star = UINT32_MAX, mark = 0;

	/* On a mismatch the last star takes one letter more; no earlier one ever has to. */
	while (n < name.len) {
		if (p < pattern.len && pattern.at[p] == '*') {
			star = p++;
			mark = n;
		} else if (p < pattern.len && (pattern.at[p] == '?' || pattern.at[p] == name.at[n])) {
			p++;
			n++;
		} else if (star != UINT32_MAX) {
			p = star + 1;
			n = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.at[p] == '*')
		p++;
	return p == pattern.len;
}

static bool is_named(const struct troupe_chaos_target *wanted, struct str name)
{
	for (uint32_t i = 0; i < wanted->names.len; i++)
		if (chaos_matches(wanted->names.at[i], name))
			return true;
	return wanted->names.len == 0;
}

bool chaos_means(const struct troupe_chaos_plan *plan, const struct chaos_target *target,
		 struct arena *arena)
{
	const struct troupe_chaos_target *wanted = plan->spec->target;
	struct selector selector = SELECTOR_ALL;

	if (!str_eq(target->level, wanted->level) || !is_named(wanted, target->name))
		return false;
	if (wanted->selector != NULL &&
	    selector_from_label_selector(wanted->selector, arena, &selector, NULL) != OK)
		return false;
	return selector_matches_labels(&selector, target->labels);
}

/* ---- those that can be spared -------------------------------------------------------------------------------------- */

/* Without it a replica of the data is away: its process, the store in it, its disk, or the whole node. */
static bool keeps_data(const struct chaos_target *target)
{
	struct str path = target->path, first = str_cut(&path, '/');

	return str_is(target->level, "Node") || str_is(target->level, "Disk") ||
	       (str_is(target->host, "core") &&
		(str_is(target->level, "Host") || str_is(first, "store")));
}

/* One that nobody knows is taken for one. */
static bool may_be_voter(const struct overview *overview, struct str node)
{
	for (uint32_t i = 0; i < overview->store.member_count; i++)
		if (str_eq(overview->store.members[i].name, node))
			return overview->store.members[i].role == STORE_VOTER;
	return true;
}

bool chaos_needs_others(const struct overview *overview, const struct chaos_target *target)
{
	bool is_link = str_is(target->level, "Link");

	if (is_link &&
	    (str_eq(target->node, target->to_node) || !may_be_voter(overview, target->to_node)))
		return false;
	return (is_link || keeps_data(target)) && may_be_voter(overview, target->node);
}

bool chaos_can_bear(const struct overview *overview, const struct chaos_target *target)
{
	return !chaos_needs_others(overview, target) ||
	       (overview->store.leader != 0 && overview->tolerance > 0);
}
