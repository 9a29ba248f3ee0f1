#include "datastore/object/apply/apply.h"

#include <stdlib.h>

#include "datastore/object/apply/last-applied.h"
#include "datastore/object/apply/overlay.h"
#include "datastore/object/apply/record-merge.h"
#include "datastore/object/name.h"
#include "datastore/object/object.h"
#include "datastore/object/record.h"
#include "runtime/base/limits.h"

#define CONFLICTS_BYTES_MAX (1U * MIB)

static struct managed_change change_of(const struct apply *apply, const void *after)
{
	return (struct managed_change){
		.type = apply->type,
		.before = apply->live,
		.after = after,
		.is_merged = true,
		.manager = apply->manager,
		.api_version = apply->api_version,
		.subresource = apply->subresource,
		.resets = apply->resets,
		.now = apply->now,
		.convert = apply->convert,
		.convert_arg = apply->convert_arg,
	};
}

/* ---- what is no longer said -------------------------------------------------------------------------------------- */

struct prune {
	const struct type *type;
	struct arena *arena;
	const void *merged;
	struct record_merge_emptied emptied;
};

static struct fields closed(const struct prune *p, struct fields set)
{
	return record_fields_closed(p->type, set, p->arena);
}

static struct fields closed_fields(const struct prune *p, const void *record)
{
	return closed(p, record_fields_of(p->type, record, p->arena));
}

/* In the last of which is what is empty now. */
static void *without(struct prune *p, struct fields set)
{
	void *record = record_clone_shallow(p->type, p->merged, p->arena);

	p->emptied = (struct record_merge_emptied){ .arena = p->arena };
	record_merge_remove(p->type, record, set, &p->emptied);
	return record;
}

/*
 * Takes out what the manager owned, puts back what anybody owns now (`said` is his), and with it what nobody owns and was not his: defaults
 * below what goes go too, those beside it stay.
 */
static void *prune(const struct apply *apply, const struct managed *managed, void *merged,
		   struct fields said, struct fields last, struct record_merge_emptied *emptied)
{
	struct arena *arena = emptied->arena;
	struct prune p = { .type = apply->type, .arena = arena, .merged = merged };
	struct fields merged_set = closed_fields(&p, merged), last_set = closed(&p, last);
	struct fields owned = said, left;
	void *pruned = without(&p, last_set);

	for (uint32_t i = 0; i < managed->len; i++)
		owned = fields_union(arena, owned, managed_set(managed, &managed->at[i]));
	left = fields_union(arena, closed_fields(&p, pruned), closed(&p, owned));
	pruned = without(&p, fields_difference(arena, merged_set, left));
	left = fields_difference(arena, merged_set, closed_fields(&p, pruned));
	pruned = without(&p, fields_intersection(arena, left, last_set));
	*emptied = p.emptied;
	return pruned;
}

/* ---- conflicts ------------------------------------------------------------------------------------------------------ */

static struct str with_of(const struct managed_owner *owner, struct arena *arena)
{
	struct text text = text_in(arena, 4 * KIB);

	text_add(&text, name_quoted(arena, owner->manager));
	if (owner->subresource.len > 0) {
		text_lit(&text, " with subresource ");
		text_add(&text, name_quoted(arena, owner->subresource));
	}
	if (!owner->is_apply) {
		text_lit(&text, " using ");
		text_add(&text, owner->api_version);
	}
	return text_str(&text);
}

static int compare_losses(const void *a, const void *b)
{
	const struct managed_owner *x = ((const struct managed_loss *)a)->owner;
	const struct managed_owner *y = ((const struct managed_loss *)b)->owner;
	int order = str_cmp(x->manager, y->manager);

	if (order == 0 && x->is_apply != y->is_apply)
		order = x->is_apply ? -1 : 1;
	if (order == 0)
		order = str_cmp(x->api_version, y->api_version);
	return order != 0 ? order : str_cmp(x->subresource, y->subresource);
}

static void list_conflicts(struct managed_loss *losses, uint32_t count, struct arena *arena,
			   struct apply_outcome *out)
{
	uint32_t cap = 0;

	qsort(losses, count, sizeof *losses, compare_losses);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t len;
		struct str *paths = fields_paths(losses[i].conflict, arena, &len);
		struct str with = with_of(losses[i].owner, arena);

		out->conflicts = arena_grow(arena, out->conflicts, sizeof *out->conflicts * cap,
					    sizeof *out->conflicts * (cap + len));
		cap += len;
		for (uint32_t j = 0; j < len; j++)
			out->conflicts[out->conflict_count++] =
			    (struct apply_conflict){ with, paths[j] };
	}
}

/* What kubectl applied by itself is kubectl's own, although it says so by another name. */
static bool is_conflict(const struct apply *apply, struct managed_loss *losses, uint32_t count,
			struct arena *arena)
{
	struct fields allowed = { 0 };
	bool is_any = false, is_left = false;

	for (uint32_t i = 0; i < count; i++)
		is_any |= losses[i].conflict.len > 0;
	if (apply->is_forced || !is_any)
		return false;
	if (!str_is(apply->manager, "kubectl"))
		return true;
	allowed = last_applied_fields(apply, arena);
	for (uint32_t i = 0; i < count; i++) {
		losses[i].conflict = fields_difference(arena, losses[i].conflict, allowed);
		is_left |= losses[i].conflict.len > 0;
	}
	return is_left;
}

struct str apply_conflict_text(const struct apply_outcome *outcome, struct arena *arena)
{
	const struct apply_conflict *all = outcome->conflicts;
	struct text text = text_in(arena, CONFLICTS_BYTES_MAX);

	if (outcome->conflict_count == 1)
		return arena_printf(
		    arena, "Apply failed with 1 conflict: conflict with " STR_FMT ": " STR_FMT,
		    STR_ARG(all[0].with), STR_ARG(all[0].path));
	text_printf(&text, "Apply failed with %u conflicts: ", outcome->conflict_count);
	for (uint32_t i = 0; i < outcome->conflict_count; i++) {
		if (i == 0 || !str_eq(all[i].with, all[i - 1].with)) {
			if (i > 0)
				text_add_char(&text, '\n');
			text_lit(&text, "conflicts with ");
			text_add(&text, all[i].with);
			text_add_char(&text, ':');
		}
		text_lit(&text, "\n- ");
		text_add(&text, all[i].path);
	}
	return text_str(&text);
}

/* ---- the step -------------------------------------------------------------------------------------------------------- */

/* Whatever nobody is known to own is somebody's from before. */
static void own_all(const struct apply *apply, struct managed *managed)
{
	struct managed_change change = change_of(apply, apply->live);

	change.before = NULL;
	change.is_merged = false;
	change.manager = STR("before-first-apply");
	managed_update(managed, &change);
}

/* What the manager has applied before. He owns nothing while others are asked what is theirs. */
static struct fields last_set(const struct apply *apply, struct managed *managed,
			      struct managed_owner **self)
{
	struct fields last;

	*self = managed_applier(managed, apply->manager, apply->subresource);
	if (*self == NULL)
		*self = managed_add(managed, (struct managed_owner){
						 .manager = apply->manager,
						 .subresource = apply->subresource,
						 .is_apply = true,
						 .is_read = true,
					     });
	last = managed_set(managed, *self);
	(*self)->api_version = apply->api_version;
	(*self)->set = (struct fields){ 0 };
	return last;
}

/* The manager owns what he says from now on; what he owned already has its bytes. */
static void give(struct managed_owner *self, struct fields said, struct fields last)
{
	if (self->text.at == NULL || !fields_equal(last, said))
		managed_give(self, said);
	else
		self->set = said;
}

static enum status read_owners(const struct apply *apply, struct arena *arena,
			       struct managed *managed, struct fault *why)
{
	const struct meta_object_meta *meta =
	    apply->live ? record_meta(apply->type, apply->live) : NULL;
	static const struct meta_managed_fields_entry_list none;

	TRY(managed_read(meta ? &meta->managed_fields : &none, true, arena, managed, why));
	if (managed->len == 0 && apply->live != NULL)
		own_all(apply, managed);
	managed_fit(managed, apply->type, apply->api_version);
	return OK;
}

/* Of a record that may have been given none; kinds all have the field. */
static struct meta_object_meta *meta_of(const struct type *type, void *record, struct arena *arena)
{
	struct meta_object_meta **meta = field_at(type_field(type, STR("metadata")), record);

	return MAKE(*meta, arena);
}

/* The order of lists counts, and what was said although it is zero. */
static bool is_changed(const struct apply *apply, const void *merged, struct arena *arena)
{
	struct record_fields_change change;

	if (apply->live == NULL || !record_equal(apply->type, apply->live, merged))
		return true;
	change = record_fields_compare(apply->type, apply->live, merged, true, arena);
	return change.changed.len > 0 || change.removed.len > 0;
}

enum status apply_run(const struct apply *apply, struct arena *arena, struct apply_outcome *out,
		      struct fault *why)
{
	struct record_merge_emptied emptied = { .arena = arena };
	struct managed_change change;
	struct managed_loss *losses;
	struct managed_owner *self;
	struct managed managed;
	struct fields said, last, nulls;
	uint32_t count;
	void *merged;

	*out = (struct apply_outcome){ 0 };
	TRY(record_fields_said(apply->type, apply->said, arena, &said, why));
	TRY(read_owners(apply, arena, &managed, why));
	nulls = record_fields_nulls(apply->type, apply->said, apply->said_json, arena);
	said = fields_difference_deep(arena, fields_union(arena, said, nulls), apply->resets);
	last = last_set(apply, &managed, &self);
	merged = overlay_merge(apply->type, apply->live, apply->said, &nulls, &emptied);
	if (!fields_has_all(said, last))
		merged = prune(apply, &managed, merged, said, last, &emptied);
	give(self, managed_stripped(arena, said), last);
	change = change_of(apply, merged);
	change.nulls = nulls;
	losses = managed_losses(&managed, &change, self, &count);
	if (is_conflict(apply, losses, count, arena)) {
		list_conflicts(losses, count, arena, out);
		return fault_set(why, CONFLICT, "", "the fields have other owners");
	}
	for (uint32_t i = 0; i < count; i++)
		managed_give(losses[i].owner, losses[i].rest);
	if (is_changed(apply, merged, arena)) {
		self->has_time = true;
		self->time = (struct wall){ apply->now.ns - apply->now.ns % TIME_S };
	}
	managed_sweep(&managed);
	record_merge_clear(&emptied);
	if (str_is(apply->manager, "kubectl"))
		last_applied_renew(apply, merged, arena);
	meta_of(apply->type, merged, arena)->managed_fields = managed_entries(&managed);
	out->record = merged;
	return OK;
}
