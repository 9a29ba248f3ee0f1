#include "datastore/object/apply/managed.h"

#include <assert.h>
#include <stdlib.h>

#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "runtime/base/limits.h"
#include "transport/wire/json.h"

#define SET_BYTES_MAX (4U * LIMIT_OBJECT_BYTES)
#define VERSIONS_MAX \
	16U /* of one kind among the owners of one object; who comes later owns nothing */

/* ---- read and written ------------------------------------------------------------------------------------------ */

struct managed_owner *managed_add(struct managed *managed, struct managed_owner owner)
{
	if (managed->len == managed->cap) {
		uint32_t cap = managed->cap == 0 ? 4 : 2 * managed->cap;

		managed->at =
		    arena_grow(managed->arena, managed->at, sizeof *managed->at * managed->cap,
			       sizeof *managed->at * cap);
		managed->cap = cap;
	}
	managed->at[managed->len] = owner;
	return &managed->at[managed->len++];
}

/* Whether two entries are about one owner: appliers are the same in all versions. */
static bool is_one(const struct managed_owner *a, const struct managed_owner *b)
{
	return a->is_apply == b->is_apply && str_eq(a->manager, b->manager) &&
	       str_eq(a->subresource, b->subresource) &&
	       (a->is_apply || str_eq(a->api_version, b->api_version));
}

static struct managed_owner *find(const struct managed *managed, const struct managed_owner *wanted)
{
	for (uint32_t i = 0; i < managed->len; i++)
		if (is_one(&managed->at[i], wanted))
			return &managed->at[i];
	return NULL;
}

static enum status read_entry(struct managed *managed, const struct meta_managed_fields_entry *entry,
			      bool is_stored, struct fault *why)
{
	struct managed_owner owner = {
		.manager = entry->manager,
		.api_version = entry->api_version,
		.subresource = entry->subresource,
		.is_apply = str_is(entry->operation, "Apply"),
		.has_time = entry->has.time,
		.time = entry->time,
		.text = entry->fields_v1.at != NULL ? entry->fields_v1 : STR("{}"),
	};
	struct managed_owner *same;

	if (!owner.is_apply && !str_is(entry->operation, "Update"))
		return fault_set(why, BAD_REQUEST, "", "operation must be `Apply` or `Update`");
	if (entry->api_version.len == 0)
		return fault_set(why, BAD_REQUEST, "", "apiVersion must not be empty");
	if (!str_is(entry->fields_type, "FieldsV1"))
		return fault_set(why, BAD_REQUEST, "", "fieldsType must be FieldsV1");
	if (!is_stored) {
		TRY(fields_parse(owner.text, managed->arena, &owner.set, why));
		owner.is_read = true;
		owner.text = STR_NONE; /* in another order, perhaps */
	}
	same = find(managed, &owner);
	if (same != NULL)
		*same = owner;
	else
		managed_add(managed, owner);
	return OK;
}

enum status managed_read(const struct meta_managed_fields_entry_list *entries, bool is_stored,
			 struct arena *arena, struct managed *out, struct fault *why)
{
	*out = (struct managed){ .arena = arena };
	if (entries->len > MANAGED_OWNERS_MAX)
		return fault_set(why, BAD_REQUEST, "", "more than %u owners", MANAGED_OWNERS_MAX);
	for (uint32_t i = 0; i < entries->len; i++)
		TRY(read_entry(out, &entries->at[i], is_stored, why));
	return OK;
}

struct fields managed_set(const struct managed *managed, struct managed_owner *owner)
{
	if (!owner->is_read && fields_parse(owner->text, managed->arena, &owner->set, NULL) != OK)
		owner->set = (struct fields){ 0 };
	owner->is_read = true;
	return owner->set;
}

void managed_give(struct managed_owner *owner, struct fields set)
{
	owner->set = set;
	owner->is_read = true;
	owner->text = STR_NONE;
}

static struct str text_of(const struct managed_owner *owner, struct arena *arena)
{
	struct text text = text_in(arena, SET_BYTES_MAX);

	if (owner->text.at != NULL)
		return owner->text;
	fields_write(owner->set, &text);
	return text_str(&text);
}

static int64_t seconds_of(const struct managed_owner *owner)
{
	return owner->has_time ? owner->time.ns / TIME_S : 0;
}

static int compare_owners(const void *a, const void *b)
{
	const struct managed_owner *x = a, *y = b;
	int64_t s = seconds_of(x), t = seconds_of(y);
	int order;

	if (x->is_apply != y->is_apply)
		return x->is_apply ? -1 : 1;
	if (s != t)
		return s < t ? -1 : 1;
	order = str_cmp(x->manager, y->manager);
	if (order == 0)
		order = str_cmp(x->api_version, y->api_version);
	return order != 0 ? order : str_cmp(x->subresource, y->subresource);
}

struct meta_managed_fields_entry_list managed_entries(const struct managed *managed)
{
	struct meta_managed_fields_entry_list list = { .len = managed->len };

	if (managed->len == 0)
		return (struct meta_managed_fields_entry_list){ 0 };
	qsort(managed->at, managed->len, sizeof *managed->at, compare_owners);
	list.at = arena_array(managed->arena, struct meta_managed_fields_entry, managed->len);
	for (uint32_t i = 0; i < managed->len; i++) {
		const struct managed_owner *owner = &managed->at[i];
		struct meta_managed_fields_entry *entry = &list.at[i];

		entry->manager = owner->manager;
		entry->operation = owner->is_apply ? STR("Apply") : STR("Update");
		entry->api_version = owner->api_version;
		entry->subresource = owner->subresource;
		if (owner->has_time)
			SET(entry, time, owner->time);
		entry->fields_type = STR("FieldsV1");
		entry->fields_v1 = text_of(owner, managed->arena);
	}
	return list;
}

void managed_sweep(struct managed *managed)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < managed->len; i++)
		if (!managed->at[i].is_read || managed->at[i].set.len > 0)
			managed->at[kept++] = managed->at[i];
	managed->len = kept;
}

struct managed_owner *managed_applier(const struct managed *managed, struct str manager,
				      struct str subresource)
{
	struct managed_owner wanted = {
		.manager = manager,
		.subresource = subresource,
		.is_apply = true,
	};

	return find(managed, &wanted);
}

bool managed_is_same(const struct meta_managed_fields_entry_list *a,
		     const struct meta_managed_fields_entry_list *b)
{
	if (a->len != b->len)
		return false;
	for (uint32_t i = 0; i < a->len; i++) {
		struct meta_managed_fields_entry x = a->at[i], y = b->at[i];

		x.has.time = y.has.time = false;
		x.time = y.time = (struct wall){ 0 };
		if (!record_equal(&meta_managed_fields_entry_type, &x, &y))
			return false;
	}
	return true;
}

/* ---- what nobody owns ------------------------------------------------------------------------------------------- */

#define NAMED(name)                                                                   \
	{                                                                             \
		.step = { FIELDS_NAME, { name, sizeof(name) - 1 } }, .is_owned = true \
	}

struct fields managed_stripped(struct arena *arena, struct fields set)
{
	static const struct fields_node meta[] = {
		NAMED("clusterName"),
		NAMED("creationTimestamp"),
		NAMED("generation"),
		NAMED("managedFields"),
		NAMED("name"),
		NAMED("namespace"),
		NAMED("resourceVersion"),
		NAMED("selfLink"),
		NAMED("uid"),
	};
	static const struct fields_node nodes[] = {
		{ .step = { FIELDS_NAME, { "metadata", 8 } },
		  .is_owned = true,
		  .below = { meta, sizeof meta / sizeof meta[0] } },
	};

	return fields_difference(arena, set, (struct fields){ nodes, 1 });
}

/* ---- a change ---------------------------------------------------------------------------------------------------- */

/* What a change is in the version that an owner has set his fields by. */
struct versions {
	struct managed *managed;
	const struct managed_change *change;
	struct version {
		struct str api_version;
		bool is_known;
		struct record_fields_change fields;
	} at[VERSIONS_MAX];
	uint32_t len;
};

static struct record_fields_change compare(struct versions *v, const struct type *type,
					   const void *before, const void *after)
{
	struct arena *arena = v->managed->arena;
	/* In another version it is an object like any other. */
	bool is_merged = v->change->is_merged && type == v->change->type;
	struct record_fields_change fields =
	    record_fields_compare(type, before, after, is_merged, arena);

	fields.changed = fields_union(arena, fields.changed, v->change->nulls);
	fields.removed = fields_difference(arena, fields.removed, v->change->nulls);
	fields.changed = managed_stripped(
	    arena, fields_difference_deep(arena, fields.changed, v->change->resets));
	fields.removed = managed_stripped(
	    arena, fields_difference_deep(arena, fields.removed, v->change->resets));
	return fields;
}

static bool convert(struct versions *v, struct str api_version, const void *record,
		    const struct type **type, const void **out)
{
	*type = v->change->type;
	*out = record;
	if (str_eq(api_version, v->change->api_version))
		return true;
	return v->change->convert != NULL &&
	       (record == NULL ||
		v->change->convert(v->change->convert_arg, api_version, record, type, out));
}

static const struct version *version_of(struct versions *v, struct str api_version)
{
	const struct managed_change *change = v->change;
	const struct type *type;
	const void *before, *after;
	struct version *made;

	for (uint32_t i = 0; i < v->len; i++)
		if (str_eq(v->at[i].api_version, api_version))
			return &v->at[i];
	if (v->len == VERSIONS_MAX)
		return NULL;
	made = &v->at[v->len++];
	*made = (struct version){ .api_version = api_version };
	made->is_known = convert(v, api_version, change->before, &type, &before) &&
			 convert(v, api_version, change->after, &type, &after);
	if (made->is_known)
		made->fields = compare(v, type, before, after);
	return made;
}

static struct managed_loss *losses(struct versions *v, const struct managed_owner *self,
				   uint32_t *count)
{
	struct managed *managed = v->managed;
	struct arena *arena = managed->arena;
	struct managed_loss *out = arena_array(arena, struct managed_loss, managed->len);

	*count = 0;
	for (uint32_t i = 0; i < managed->len; i++) {
		struct managed_owner *owner = &managed->at[i];
		const struct version *version;
		struct fields set, rest;

		if (owner == self)
			continue;
		version = version_of(v, owner->api_version);
		if (version == NULL || !version->is_known) {
			out[(*count)++] = (struct managed_loss){ .owner = owner };
			continue;
		}
		if (version->fields.changed.len == 0 && version->fields.removed.len == 0)
			continue;
		set = managed_set(managed, owner);
		if (!fields_meet(set, version->fields.changed) &&
		    !fields_meet(set, version->fields.removed))
			continue;
		rest = fields_difference(arena, set, version->fields.changed);
		out[(*count)++] = (struct managed_loss){
			.owner = owner,
			.conflict = fields_intersection(arena, set, version->fields.changed),
			.rest = fields_difference(arena, rest, version->fields.removed),
		};
	}
	return out;
}

struct managed_loss *managed_losses(struct managed *managed, const struct managed_change *change,
				    const struct managed_owner *self, uint32_t *count)
{
	struct versions v = { .managed = managed, .change = change };

	return losses(&v, self, count);
}

void managed_fit(struct managed *managed, const struct type *type, struct str api_version)
{
	for (uint32_t i = 0; i < managed->len && type->set != NULL; i++) {
		struct managed_owner *owner = &managed->at[i];
		struct fields set, fitted;

		if (!str_eq(owner->api_version, api_version))
			continue;
		set = managed_set(managed, owner);
		fitted = record_fields_fitted(type, set, managed->arena);
		if (!fields_equal(set, fitted))
			managed_give(owner, fitted);
	}
}

/* ---- too many ------------------------------------------------------------------------------------------------------ */

/* The owner as upstream keys it, which decides between those of one second. */
static struct str identifier(const struct managed_owner *owner, struct arena *arena)
{
	struct text text = text_in(arena, 4 * KIB);

	text_lit(&text, "{\"manager\":");
	json_write_string(&text, owner->manager);
	text_lit(&text, ",\"operation\":\"Update\",\"apiVersion\":");
	json_write_string(&text, owner->api_version);
	if (owner->subresource.len > 0) {
		text_lit(&text, ",\"subresource\":");
		json_write_string(&text, owner->subresource);
	}
	text_add_char(&text, '}');
	return text_str(&text);
}

struct updater {
	struct managed_owner *owner;
	struct str identifier;
};

static int compare_updaters(const void *a, const void *b)
{
	const struct updater *x = a, *y = b;
	int64_t s = seconds_of(x->owner), t = seconds_of(y->owner);

	return s != t ? (s < t ? -1 : 1) : str_cmp(x->identifier, y->identifier);
}

/* Into the bucket of his version, which the first of that version has become. */
static void pour(struct managed *managed, struct managed_owner *bucket, struct managed_owner *owner)
{
	struct fields both =
	    fields_union(managed->arena, managed_set(managed, bucket), managed_set(managed, owner));

	bucket->manager = STR("ancient-changes");
	bucket->subresource = STR_NONE;
	bucket->has_time = owner->has_time;
	bucket->time = owner->time;
	managed_give(bucket, both);
	managed_give(owner, (struct fields){ 0 });
}

/* The oldest one of the version of updaters[i], if that is another; NULL: it is the first. */
static struct managed_owner *first_of(const struct updater *updaters, uint32_t i)
{
	for (uint32_t j = 0; j < i; j++)
		if (str_eq(updaters[j].owner->api_version, updaters[i].owner->api_version))
			return updaters[j].owner;
	return NULL;
}

static void limit_updates(struct managed *managed)
{
	struct updater *updaters = arena_array(managed->arena, struct updater, managed->len);
	uint32_t count = 0, left;

	for (uint32_t i = 0; i < managed->len; i++)
		if (!managed->at[i].is_apply)
			updaters[count++] =
			    (struct updater){ &managed->at[i],
					      identifier(&managed->at[i], managed->arena) };
	qsort(updaters, count, sizeof *updaters, compare_updaters);
	left = count;
	for (uint32_t i = 0; i < count && left > MANAGED_UPDATES_MAX; i++) {
		struct managed_owner wanted = { .manager = STR("ancient-changes"),
						.api_version = updaters[i].owner->api_version };
		struct managed_owner *first = first_of(updaters, i), *bucket;

		bucket = first != NULL ? find(managed, &wanted) : NULL;
		if (bucket == NULL)
			bucket = first;
		if (bucket == NULL || bucket == updaters[i].owner)
			continue;
		pour(managed, bucket, updaters[i].owner);
		left--;
	}
	managed_sweep(managed);
}

/* ---- update ------------------------------------------------------------------------------------------------------------ */

/* What was changed is the writer's, beside what he had. */
static void take(struct managed *managed, const struct managed_change *change, struct fields changed)
{
	struct managed_owner self = {
		.manager = change->manager,
		.api_version = change->api_version,
		.subresource = change->subresource,
	};
	struct managed_owner *owner = find(managed, &self);
	struct fields had;

	if (changed.len == 0)
		return;
	if (owner == NULL)
		owner = managed_add(managed, self);
	owner->has_time = true;
	owner->time = (struct wall){ change->now.ns - change->now.ns % TIME_S };
	had = owner->text.at != NULL ? managed_set(managed, owner) : owner->set;
	if (had.len == 0 || !fields_has_all(had, changed))
		managed_give(owner, fields_union(managed->arena, had, changed));
}

void managed_update(struct managed *managed, const struct managed_change *change)
{
	struct versions v = { .managed = managed, .change = change };
	const struct version *own = version_of(&v, change->api_version);
	struct managed_owner wanted = { .manager = change->manager,
					.api_version = change->api_version,
					.subresource = change->subresource };
	uint32_t count, updates = 0;
	struct managed_loss *lost;

	assert(own != NULL && own->is_known);
	managed_fit(managed, change->type, change->api_version);
	lost = losses(&v, NULL, &count);
	for (uint32_t i = 0; i < count; i++) {
		/* What the writer has changed again stays his. */
		if (is_one(lost[i].owner, &wanted))
			lost[i].rest = fields_union(managed->arena, lost[i].rest, lost[i].conflict);
		if (lost[i].owner->text.at == NULL ||
		    !fields_equal(lost[i].rest, lost[i].owner->set))
			managed_give(lost[i].owner, lost[i].rest);
	}
	take(managed, change, own->fields.changed);
	managed_sweep(managed);
	for (uint32_t i = 0; i < managed->len; i++)
		updates += !managed->at[i].is_apply;
	if (updates > MANAGED_UPDATES_MAX)
		limit_updates(managed);
}
