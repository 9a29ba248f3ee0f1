#include "actors/controller/workload/revision.h"

#include <stdlib.h>

#include "actors/controller/workload/owner.h"
#include "actors/controller/workload/template.h"
#include "datastore/object/json.h"
#include "datastore/object/record.h"

static int by_number(const void *left, const void *right)
{
	const struct apps_controller_revision *a =
	    *(const struct apps_controller_revision *const *)left;
	const struct apps_controller_revision *b =
	    *(const struct apps_controller_revision *const *)right;

	if (a->revision != b->revision)
		return a->revision < b->revision ? -1 : 1;
	return str_cmp(a->metadata->name, b->metadata->name);
}

/* {"spec":{"template":{"$patch":"replace",...}}} */
static struct str data_of(struct arena *arena, const struct core_pod_template_spec *template)
{
	struct text json = text_in(arena, LIMIT_OBJECT_BYTES);
	struct text out = text_in(arena, LIMIT_OBJECT_BYTES);
	struct str rest;

	json_encode(&core_pod_template_spec_type, template, &json);
	rest = str_slice(text_str(&json), 1, json.len);
	text_printf(&out, "{\"spec\":{\"template\":{\"$patch\":\"replace\"%s",
		    rest.len > 1 ? "," : "");
	text_add(&out, rest);
	text_lit(&out, "}}");
	return text_str(&out);
}

/* A DaemonSet and a StatefulSet have their template in the same place. */
const struct core_pod_template_spec *
revision_template(const struct world *world, const struct apps_controller_revision *revision)
{
	struct arena *arena = world_arena(world);
	struct json_options options = { 0 };
	struct apps_daemon_set *owner;
	void *record;

	if (revision->data.len == 0 ||
	    json_decode(&apps_daemon_set_type, revision->data, arena, options, &record, NULL) != OK)
		return NULL;
	owner = record;
	record_default(&apps_daemon_set_type, owner, arena, world_now(world));
	return owner->spec->template;
}

static const struct apps_controller_revision *find_current(const struct world *world,
							   const struct revisions *revisions,
							   const struct revision_owner *owner)
{
	for (uint32_t i = revisions->len; i-- > 0;) {
		const struct core_pod_template_spec *held =
		    revision_template(world, revisions->at[i]);

		if (held != NULL && template_same(held, owner->template))
			return revisions->at[i];
	}
	return NULL;
}

static void plan_current(const struct world *world, struct plan *plan,
			 const struct revision_owner *owner, struct revisions *out)
{
	int64_t last = out->len > 0 ? out->at[out->len - 1]->revision : 0;
	struct arena *arena = plan_arena(plan);
	struct apps_controller_revision *made;
	struct key key;

	out->current_hash = template_hash(arena, owner->template, owner->collisions);
	out->current_name = arena_printf(arena, STR_FMT "-" STR_FMT, STR_ARG(owner->meta->name),
					 STR_ARG(out->current_hash));
	if (owner->meta->has.deletion_timestamp)
		return;
	key = (struct key){ owner->meta->namespace, out->current_name };
	out->has_collided = world_get(world, key, apps_controller_revision) != NULL;
	if (out->has_collided)
		return;
	made = plan_new_child_(plan, &apps_controller_revision_type, owner->type, owner->meta,
			       out->current_name);
	if (owner->template->metadata != NULL)
		made->metadata->labels =
		    template_map_clone(arena, owner->template->metadata->labels);
	str_map_put(&made->metadata->labels, arena, owner->hash_label, out->current_hash);
	made->data = data_of(arena, owner->template);
	SET(made, revision, last + 1);
}

void revision_look(const struct world *world, struct plan *plan, const struct revision_owner *owner,
		   struct revisions *out)
{
	struct owner_claim claim = { .owner_type = owner->type,
				     .owner = owner->meta,
				     .selector = owner->selector,
				     .type = &apps_controller_revision_type };
	struct records all = owner_claim(world, plan, &claim);

	*out = (struct revisions){ .len = all.len };
	out->at =
	    arena_array(world_arena(world), const struct apps_controller_revision *, all.len + 1);
	for (uint32_t i = 0; i < all.len; i++)
		out->at[i] = record_at(all, i, apps_controller_revision);
	qsort(out->at, out->len, sizeof *out->at, by_number);
	out->current = find_current(world, out, owner);
	if (out->current == NULL) {
		plan_current(world, plan, owner, out);
		return;
	}
	out->current_name = out->current->metadata->name;
	out->current_hash = str_map_get(out->current->metadata->labels, owner->hash_label);
	/* An old one that is wanted again becomes the newest. */
	if (out->current != out->at[out->len - 1])
		SET(plan_edit(plan, out->current, apps_controller_revision), revision,
		    out->at[out->len - 1]->revision + 1);
}

void revision_forget(struct plan *plan, const struct revisions *revisions, int32_t limit,
		     bool (*is_live)(void *arg, const struct apps_controller_revision *revision),
		     void *arg)
{
	uint32_t old = 0;

	for (uint32_t i = 0; i < revisions->len; i++)
		old += revisions->at[i] != revisions->current && !is_live(arg, revisions->at[i]);
	for (uint32_t i = 0; i < revisions->len && (int64_t)old > limit; i++) {
		if (revisions->at[i] == revisions->current || is_live(arg, revisions->at[i]))
			continue;
		plan_delete(plan, revisions->at[i], apps_controller_revision);
		old--;
	}
}
