#include "actors/kinds/reset.h"
#include "actors/server/answer/convert.h"
#include "actors/server/server-private.h"
#include "datastore/object/apply/managed.h"
#include "datastore/object/record.h"

/*
 * metadata.managedFields: who has set which fields. What a request changes is its manager's before admission and the kind's rules
 * have looked at it, so that nobody owns what those add.
 */

#define MANAGER_BYTES_MAX 128U

/* ---- by whom, and what counts ---------------------------------------------------------------------------------- */

/* The name of a program begins its User-Agent. */
static struct str program_of(struct request *r)
{
	struct str rest = r->asked.agent, name = str_cut(&rest, '/');
	struct text kept = text_in(r->arena, MANAGER_BYTES_MAX);

	for (uint32_t i = 0; i < name.len; i++)
		if ((unsigned char)name.at[i] >= ' ' && name.at[i] != 0x7f)
			text_add_char(&kept, name.at[i]);
	return text_str(&kept);
}

struct str owners_manager(struct request *r)
{
	struct str manager = r->options.field_manager;

	if (manager.len == 0)
		manager = program_of(r);
	return manager.len > 0 ? manager : STR("unknown");
}

/* A part of the object has owners of its own. */
static struct str subresource_of(const struct request *r)
{
	return r->subresource != NULL ? r->subresource->name : STR_NONE;
}

struct fields owners_resets(struct request *r)
{
	struct str subresource = subresource_of(r);

	return kind_resets(r->type, subresource,
			   resource_subresource(r->resource, STR("status")) != NULL, r->arena);
}

bool owners_convert(void *arg, struct str api_version, const void *record,
		    const struct type **out_type, const void **out)
{
	struct request *r = arg;
	struct str version = api_version, group = str_cut(&version, '/');
	const struct resource *other;

	if (version.at == NULL) {
		version = group;
		group = STR("");
	}
	other = resources_find(r->server->resources, group, version, request_resource(r));
	if (other == NULL || other->cache != r->resource->cache)
		return false;
	*out_type = other->type;
	*out = convert_record(r->type, record, other->type, r->arena);
	return true;
}

/* ---- a change ------------------------------------------------------------------------------------------------------ */

/* Written out and empty, or one entry without a word in it. */
static bool is_reset(const struct meta_managed_fields_entry_list *list)
{
	static const struct meta_managed_fields_entry nothing;

	if (list->len == 0)
		return list->at != NULL;
	return list->len == 1 &&
	       record_equal(&meta_managed_fields_entry_type, &list->at[0], &nothing);
}

static bool is_equal(const struct meta_managed_fields_entry_list *a,
		     const struct meta_managed_fields_entry_list *b)
{
	if (a->at == b->at && a->len == b->len)
		return true;
	if (a->len != b->len)
		return false;
	for (uint32_t i = 0; i < a->len; i++)
		if (!record_equal(&meta_managed_fields_entry_type, &a->at[i], &b->at[i]))
			return false;
	return true;
}

/* Where the change begins: what the request says of owners, if that can be read, else what is stored. */
static void read_owners(struct request *r, const struct meta_managed_fields_entry_list *asked,
			const struct meta_managed_fields_entry_list *stored, struct managed *out)
{
	*out = (struct managed){ .arena = r->arena };
	if (r->subresource == NULL && is_reset(asked))
		return;
	if (r->subresource == NULL && asked->len > 0 && !is_equal(asked, stored) &&
	    managed_read(asked, false, r->arena, out, NULL) == OK)
		return;
	if (managed_read(stored, true, r->arena, out, NULL) != OK)
		*out = (struct managed){ .arena = r->arena };
}

void owners_track(struct request *r)
{
	static const struct meta_managed_fields_entry_list none;
	struct meta_object_meta *meta = record_meta(r->type, r->record);
	const struct meta_object_meta *live = r->live ? object_meta(r->live) : NULL;
	const struct meta_managed_fields_entry_list *stored = live ? &live->managed_fields : &none;
	struct managed_change change;
	struct managed managed;

	if (meta == NULL)
		return;
	read_owners(r, &meta->managed_fields, stored, &managed);
	meta->managed_fields = *stored;
	change = (struct managed_change){
		.type = r->type,
		.before = r->live ? convert_record(r->live->type, r->live->record, r->type, r->arena)
				  : NULL,
		.after = r->record,
		.manager = owners_manager(r),
		.api_version = r->resource->api_version,
		.subresource = subresource_of(r),
		.resets = owners_resets(r),
		.now = act_wall(r->server->act),
		.convert = owners_convert,
		.convert_arg = r,
	};
	/* Who has nobody's name on it stays so until somebody applies. */
	if (managed.len > 0 || r->live == NULL)
		managed_update(&managed, &change);
	meta->managed_fields = managed_entries(&managed);
}

void owners_settle(struct request *r)
{
	struct meta_object_meta *meta = record_meta(r->type, r->record);
	struct meta_managed_fields_entry_list list;
	const struct meta_object_meta *live;

	if (meta == NULL || r->live == NULL)
		return;
	live = object_meta(r->live);
	list = meta->managed_fields;
	if (is_equal(&list, &live->managed_fields) || !managed_is_same(&list, &live->managed_fields))
		return;
	meta->managed_fields = live->managed_fields;
	if (!record_equal(r->type, r->record,
			  convert_record(r->live->type, r->live->record, r->type, r->arena)))
		meta->managed_fields = list;
}

/* ---- ownerReferences ------------------------------------------------------------------------------------------- */

#define WARNING_BYTES_MAX 4096U /* upstream's, of all warnings together */

static bool has_owner(const struct meta_owner_reference_list *list,
		      const struct meta_owner_reference *wanted)
{
	for (uint32_t i = 0; i < list->len; i++)
		if (str_eq(list->at[i].uid, wanted->uid) &&
		    record_equal(&meta_owner_reference_type, &list->at[i], wanted))
			return true;
	return false;
}

void owners_dedup(struct request *r, bool is_admitted)
{
	struct meta_object_meta *meta = record_meta(r->type, r->record);
	const struct meta_owner_reference_list *list = &meta->owner_references;
	struct meta_owner_reference_list kept = { 0 };
	struct text twice = text_in(r->arena, WARNING_BYTES_MAX);

	if (list->len < 2)
		return;
	kept.at = arena_array(r->arena, struct meta_owner_reference, list->len);
	for (uint32_t i = 0; i < list->len; i++) {
		if (!has_owner(&kept, &list->at[i])) {
			kept.at[kept.len++] = list->at[i];
			continue;
		}
		text_lit(&twice, ", ");
		text_add(&twice, list->at[i].uid);
	}
	if (twice.len == 0)
		return;
	meta->owner_references = kept;
	request_warn(
	    r, request_printf(r,
			      ".metadata.ownerReferences contains duplicate entries%s; API "
			      "server dedups owner references in 1.20+, and may reject such "
			      "requests as early as 1.24; please fix your requests; duplicate "
			      "UID(s) observed: " STR_FMT,
			      is_admitted ? " after mutating admission happens" : "",
			      STR_ARG(str_slice(text_str(&twice), 2, twice.len))));
}
