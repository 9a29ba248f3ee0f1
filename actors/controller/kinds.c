#include "actors/controller/kinds.h"

#include "datastore/schema/meta.h"

#define DEFINITION apiextensions_custom_resource_definition

struct known {
	const struct type *type;  /* as it is looked at */
	const struct type *whole; /* of a definition: NULL */
	const struct type *outline; /* the metadata alone, of a set of its own; NULL: not yet needed */
	struct str definition;      /* whose kind it is, in our arena; absent: nobody's */
	bool is_there;
};

struct kinds {
	struct arena *arena;
	struct known at[KINDS_MAX];
	uint32_t len;
};

/* ---- what stands from the start ------------------------------------------------------------------------- */

/* Events are many, own nothing and go by themselves; what is live is kept nowhere. */
static bool is_watched(const struct resource_row *row)
{
	uint32_t needed = RESOURCE_LIST | RESOURCE_WATCH | RESOURCE_DELETE;

	return (row->verbs & needed) == needed && !row->is_live && !str_is(row->name, "events");
}

static void add(struct kinds *kinds, const struct type *type)
{
	assert(kinds->len < KINDS_MAX);
	kinds->at[kinds->len++] = (struct known){ .type = type, .whole = type, .is_there = true };
}

struct kinds *kinds_new(const struct kinds_config *config)
{
	struct kinds *kinds = mem_new(struct kinds);

	kinds->arena = arena_new(0);
	for (uint32_t i = 0; i < resource_row_count; i++) {
		const struct resource_row *row = &resource_rows[i];
		const struct type *type = type_find(row->group, row->version, row->kind);

		if (type != NULL && is_watched(row) &&
		    (config->is_served == NULL || config->is_served(row)))
			add(kinds, type);
	}
	for (uint32_t i = 0; i < config->own_count; i++)
		add(kinds, config->own[i]);
	return kinds;
}

void kinds_free(struct kinds *kinds)
{
	if (kinds == NULL)
		return;
	for (uint32_t i = 0; i < kinds->len; i++)
		if (kinds->at[i].outline != NULL)
			type_set_unref(kinds->at[i].outline->set);
	arena_free(kinds->arena);
	mem_free(kinds);
}

const struct type *kinds_at(const struct kinds *kinds, uint32_t index)
{
	for (uint32_t i = 0; i < kinds->len; i++)
		if (kinds->at[i].is_there && index-- == 0)
			return kinds->at[i].type;
	return NULL;
}

/* Of one kind in several versions the one that is there. */
const struct type *kinds_named(const struct kinds *kinds, struct str group, struct str kind)
{
	const struct type *gone = NULL;

	for (uint32_t i = 0; i < kinds->len; i++) {
		const struct known *known = &kinds->at[i];

		if (!str_eq(type_kind(known->type), kind) || !str_eq(type_group(known->type), group))
			continue;
		if (known->is_there)
			return known->type;
		gone = known->type;
	}
	return gone;
}

/* ---- metadata alone ------------------------------------------------------------------------------------------ */

struct names {
	struct str group, version, kind, resource;
	uint32_t flags; /* what it has beside those of all outlines */
};

/* As PartialObjectMetadata is laid out, under the kind's own name. In a set, since objects outlive the kinds. */
static const struct type *outline_of(const struct names *names)
{
	struct type_set *set = type_set_new();
	struct arena *arena = type_set_arena(set);
	struct type *type = arena_copy(arena, &meta_partial_object_metadata_type, sizeof *type);

	type->name = type->kind = distance_to_text(arena_str(arena, names->kind));
	type->group = distance_to_text(arena_str(arena, names->group));
	type->version = distance_to_text(arena_str(arena, names->version));
	type->resource = distance_to_text(arena_str(arena, names->resource));
	type->flags |= TYPE_METADATA_ONLY | names->flags;
	type->set = set;
	return type;
}

static struct known *known_of(struct kinds *kinds, const struct type *type)
{
	for (uint32_t i = 0; i < kinds->len; i++)
		if (kinds->at[i].type == type || kinds->at[i].whole == type ||
		    kinds->at[i].outline == type)
			return &kinds->at[i];
	return NULL;
}

const struct type *kinds_outline(struct kinds *kinds, const struct type *type)
{
	struct known *known = known_of(kinds, type);

	assert(known != NULL);
	if (known->outline == NULL)
		known->outline = outline_of(&(struct names){
		    type_group(type), type_version(type), type_kind(type), type_resource(type),
		    type->flags & (TYPE_NAMESPACED | TYPE_CLUSTER | TYPE_JSON_ONLY) });
	known->type = known->outline;
	return known->type;
}

const struct type *kinds_whole(struct kinds *kinds, const struct type *type)
{
	struct known *known = known_of(kinds, type);

	if (known == NULL || known->whole == NULL)
		return NULL;
	known->type = known->whole;
	return known->type;
}

bool kinds_stays(const struct kinds *kinds, const struct type *type)
{
	for (uint32_t i = 0; i < kinds->len; i++)
		if (kinds->at[i].type == type)
			return kinds->at[i].whole != NULL;
	return false;
}

/* ---- definitions ------------------------------------------------------------------------------------------- */

static bool is_established(const struct DEFINITION *definition)
{
	const struct apiextensions_custom_resource_definition_status *status = definition->status;

	for (uint32_t i = 0; status != NULL && i < status->conditions.len; i++)
		if (str_is(status->conditions.at[i].type, "Established"))
			return str_is(status->conditions.at[i].status, "True");
	return false;
}

/* The stored one if it is served, else any; absent: none is. */
static struct str version_of(const struct apiextensions_custom_resource_definition_spec *spec)
{
	struct str version = STR_NONE;

	for (uint32_t i = 0; i < spec->versions.len; i++)
		if (spec->versions.at[i].served &&
		    (version.at == NULL || spec->versions.at[i].storage))
			version = spec->versions.at[i].name;
	return version;
}

static bool is_of(const struct type *type,
		  const struct apiextensions_custom_resource_definition_spec *spec,
		  struct str version)
{
	return str_eq(type_group(type), spec->group) && str_eq(type_version(type), version) &&
	       str_eq(type_kind(type), spec->names->kind) &&
	       str_eq(type_resource(type), spec->names->plural) &&
	       ((type->flags & TYPE_NAMESPACED) != 0) == str_is(spec->scope, "Namespaced");
}

static enum status add_defined(struct kinds *kinds, const struct DEFINITION *definition,
			       struct str version, struct known **out)
{
	const struct apiextensions_custom_resource_definition_spec *spec = definition->spec;
	const struct type *type;

	if (kinds->len == KINDS_MAX)
		return BUSY;
	type = outline_of(&(struct names){
	    spec->group, version, spec->names->kind, spec->names->plural,
	    TYPE_JSON_ONLY | (str_is(spec->scope, "Namespaced") ? TYPE_NAMESPACED : TYPE_CLUSTER) });
	*out = &kinds->at[kinds->len++];
	**out = (struct known){ .type = type,
				.outline = type,
				.definition = arena_str(kinds->arena, definition->metadata->name) };
	return OK;
}

enum status kinds_define(struct kinds *kinds, const struct DEFINITION *definition, bool is_gone,
			 kinds_change_fn *changed, void *arg)
{
	const struct apiextensions_custom_resource_definition_spec *spec = definition->spec;
	struct str version = STR_NONE;
	struct known *now = NULL;

	if (!is_gone && spec != NULL && spec->names != NULL && is_established(definition))
		version = version_of(spec);
	for (uint32_t i = 0; i < kinds->len; i++) {
		struct known *known = &kinds->at[i];

		if (!str_eq(known->definition, definition->metadata->name))
			continue;
		if (version.at != NULL && is_of(known->type, spec, version)) {
			now = known;
		} else if (known->is_there) {
			known->is_there = false;
			changed(arg, known->type, false);
		}
	}
	if (version.at == NULL || (now != NULL && now->is_there))
		return OK;
	if (now == NULL)
		TRY(add_defined(kinds, definition, version, &now));
	now->is_there = true;
	changed(arg, now->type, true);
	return OK;
}
