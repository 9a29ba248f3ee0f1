#include "actors/server/catalog/documents.h"

#include <stdio.h>

#include "actors/server/aggregate/aggregates.h"
#include "actors/server/catalog/documents-private.h"

#define NAME_V2 STR("v2")                     /* no group has a version without a slash before it */
#define KEPT_BYTES (8U * LIMIT_OPENAPI_BYTES) /* a thousand definitions take two in each form */

static bool is_of(const struct document *document, const struct resource_row *row)
{
	return str_eq(document->group, row->group) && str_eq(document->version, row->version);
}

static void list_resource(struct document *one, const struct resource *resource)
{
	one->count++;
	one->stamp = hash_mix(one->stamp, document_key(resource));
	one->is_custom |= resource->custom != NULL && resource->custom->set != NULL;
}

static void begin_document(struct documents *documents, const struct resource_row *row,
			   uint32_t first)
{
	struct arena *arena = documents->arena;
	struct document *one = &documents->at[documents->len++];

	one->group = arena_str(arena, row->group);
	one->version = arena_str(arena, row->version);
	one->name =
	    arena_printf(arena, STR_FMT "/" STR_FMT, STR_ARG(row->group), STR_ARG(row->version));
	one->first = first;
	map_put(&documents->by_name, one->name, one);
}

static void list_all(struct documents *documents, struct arena *arena)
{
	const struct resources *resources = documents->resources;
	struct document *all;

	documents->arena = arena;
	documents->changes = resources_changes(resources);
	documents->len = 0;
	documents->at = arena_array(arena, struct document, resources_len(resources) + 1);
	map_clear(&documents->by_name);
	for (uint32_t i = 0; i < resources_len(resources); i++) {
		const struct resource *resource = resources_at(resources, i);

		if (documents->len == 0 || !is_of(&documents->at[documents->len - 1], resource->row))
			begin_document(documents, resource->row, i);
		list_resource(&documents->at[documents->len - 1], resource);
	}
	all = &documents->at[documents->len];
	all->name = NAME_V2;
	all->count = resources_len(resources);
	for (uint32_t i = 0; i < documents->len; i++)
		all->stamp = hash_mix(all->stamp, documents->at[i].stamp);
	all->stamp = hash_mix(all->stamp, documents->others_changes);
	map_put(&documents->by_name, all->name, all);
}

static void name_customs(struct documents *documents)
{
	for (uint32_t i = 0; i < documents->len; i++) {
		struct document *one = &documents->at[i];
		uint64_t low = hash_bytes(one->stamp, one->name.at, one->name.len);

		/* Of thousands of definitions it is named without being made. */
		if (one->is_custom)
			snprintf(one->hash, sizeof one->hash, "%016jX%016jX", (uintmax_t)one->stamp,
				 (uintmax_t)low);
	}
}

struct documents *documents_new(const struct resources *resources)
{
	struct documents *documents = mem_new(struct documents);

	documents->resources = resources;
	list_init(&documents->waiting);
	list_all(documents, arena_new(0));
	name_customs(documents);
	return documents;
}

void documents_drop(struct documents *documents, struct document_form *form)
{
	if (form->made == NULL)
		return;
	documents->bytes -= form->made->bytes;
	composition_unref(form->made);
	form->made = NULL;
}

static void take_over(struct document *to, struct document *from)
{
	memcpy(to->forms, from->forms, sizeof to->forms);
	memset(from->forms, 0, sizeof from->forms);
	if (to->stamp == from->stamp)
		memcpy(to->hash, from->hash, sizeof to->hash);
}

void documents_refresh(struct documents *documents, struct request *r)
{
	struct arena *arena = documents->arena;
	struct document *old = documents->at;
	uint32_t old_len = documents->len;
	uint64_t others = aggregates_changes(r->server->aggregates);

	if (documents->changes == resources_changes(documents->resources) &&
	    documents->others_changes == others)
		return;
	documents->others_changes = others;
	list_all(documents, arena_new(0));
	for (uint32_t i = 0; i <= old_len; i++) {
		struct document *to = map_get(&documents->by_name, old[i].name);

		if (to != NULL)
			take_over(to, &old[i]);
		for (uint32_t f = 0; f < FORMAT_COUNT; f++)
			documents_drop(documents, &old[i].forms[f]);
	}
	name_customs(documents);
	arena_free(arena);
}

void documents_free(struct documents *documents)
{
	if (documents == NULL)
		return;
	for (uint32_t i = 0; i < (documents->len + 1) * FORMAT_COUNT; i++)
		documents_drop(documents, &documents->at[i / FORMAT_COUNT].forms[i % FORMAT_COUNT]);
	map_fini(&documents->by_name);
	arena_free(documents->arena);
	mem_free(documents);
}

void documents_make_room(struct documents *documents, const struct document_form *keep)
{
	while (documents->bytes > KEPT_BYTES) {
		struct document_form *oldest = NULL;

		for (uint32_t i = 0; i < (documents->len + 1) * FORMAT_COUNT; i++) {
			struct document_form *form =
			    &documents->at[i / FORMAT_COUNT].forms[i % FORMAT_COUNT];

			if (form != keep && form->made != NULL &&
			    (oldest == NULL || form->used < oldest->used))
				oldest = form;
		}
		if (oldest == NULL)
			return;
		documents_drop(documents, oldest);
	}
}
