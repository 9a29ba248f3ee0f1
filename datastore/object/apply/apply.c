#include "datastore/object/apply/apply.h"

#include <stdlib.h>

#include "datastore/object/apply/last-applied.h"
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
};

static struct fields closed(const struct prune *p, struct fields set)
{
	return record_fields_closed(p->type, set, p->arena);
}

static struct fields closed_fields(const struct prune *p, const void *record)
{
	return closed(p, record_fields_of(p->type, record, p->arena));
}

static void *without(const struct prune *p, struct fields set)
{
	void *record = record_clone_shallow(p->type, p->merged, p->arena);

	record_merge_remove(p->type, record, set, p->arena);
	return record;
}

/*
 * Takes out what the manager owned, puts back what anybody owns now, and with it what nobody owns and was not his: defaults
 * below what goes go too, those beside it stay.
 */
static void *prune(const struct apply *apply, const struct managed *managed, void *merged,
		   struct fields last, struct arena *arena)
{
	struct prune p = { apply->type, arena, merged };
	struct fields merged_set = closed_fields(&p, merged), last_set = closed(&p, last);
	struct fields owned = { 0 }, left;
	void *pruned = without(&p, last_set);

	for (uint32_t i = 0; i < managed->len; i++)
		owned = fields_union(arena, owned, managed_set(managed, &managed->at[i]));
	left = fields_union(arena, closed_fields(&p, pruned), closed(&p, owned));
	pruned = without(&p, fields_difference(arena, merged_set, left));
	left = fields_difference(arena, merged_set, closed_fields(&p, pruned));
	return without(&p, fields_intersection(arena, left, last_set));
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
	change.manager = STR("before-first-apply");
	managed_update(managed, &change);
}

/* The manager owns what he says from now on. Gives what he owned. */
static struct managed_owner *take(const struct apply *apply, struct managed *managed,
				  struct fields said, struct fields *last)
{
	struct managed_owner *self = managed_applier(managed, apply->manager, apply->subresource);

	*last = (struct fields){ 0 };
	if (self != NULL)
		*last = managed_set(managed, self);
	else
		self = managed_add(managed, (struct managed_owner){
						.manager = apply->manager,
						.subresource = apply->subresource,
						.is_apply = true,
					    });
	self->api_version = apply->api_version;
	if (self->text.at == NULL || !fields_equal(*last, said))
		managed_give(self, said);
	return self;
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
	return OK;
}

/* Of a record that may have been given none; kinds all have the field. */
static struct meta_object_meta *meta_of(const struct type *type, void *record, struct arena *arena)
{
	struct meta_object_meta **meta = field_at(type_field(type, STR("metadata")), record);

	return MAKE(*meta, arena);
}

static void *empty_or_copy(const struct apply *apply, struct arena *arena)
{
	return apply->live ? record_clone_shallow(apply->type, apply->live, arena)
			   : record_new(apply->type, arena);
}

enum status apply_run(const struct apply *apply, struct arena *arena, struct apply_outcome *out,
		      struct fault *why)
{
	struct managed_change change;
	struct managed_loss *losses;
	struct managed_owner *self;
	struct managed managed;
	struct fields said, last;
	uint32_t count;
	void *merged;

	*out = (struct apply_outcome){ 0 };
	TRY(record_fields_said(apply->type, apply->said, arena, &said, why));
	TRY(read_owners(apply, arena, &managed, why));
	said = managed_stripped(arena, fields_difference_deep(arena, said, apply->resets));
	self = take(apply, &managed, said, &last);
	merged = empty_or_copy(apply, arena);
	record_merge(apply->type, merged, apply->said, arena);
	if (!fields_has_all(said, last))
		merged = prune(apply, &managed, merged, last, arena);
	change = change_of(apply, merged);
	losses = managed_losses(&managed, &change, self, &count);
	if (is_conflict(apply, losses, count, arena)) {
		list_conflicts(losses, count, arena, out);
		return fault_set(why, CONFLICT, "", "the fields have other owners");
	}
	for (uint32_t i = 0; i < count; i++)
		managed_give(losses[i].owner, losses[i].rest);
	if (apply->live == NULL || !record_equal(apply->type, apply->live, merged)) {
		self->has_time = true;
		self->time = (struct wall){ apply->now.ns - apply->now.ns % TIME_S };
	}
	managed_sweep(&managed);
	if (str_is(apply->manager, "kubectl"))
		last_applied_renew(apply, merged, arena);
	meta_of(apply->type, merged, arena)->managed_fields = managed_entries(&managed);
	out->record = merged;
	return OK;
}
