#include "actors/controller/kinds.h"

#include "datastore/schema/custom.h"

#define DEFINITION apiextensions_custom_resource_definition

struct known {
	const struct type *type;
	struct type_set *set;  /* ours; NULL: the type is another's */
	struct str definition; /* whose kind it is, in our arena; absent: nobody's */
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
	kinds->at[kinds->len++] = (struct known){ .type = type, .is_there = true };
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
		if (kinds->at[i].set != NULL)
			type_set_unref(kinds->at[i].set);
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

/* Types of a schema that says nothing: apiVersion, kind and metadata. */
static enum status add_defined(struct kinds *kinds, const struct DEFINITION *definition,
			       struct str version, struct known **out)
{
	struct apiextensions_json_schema_props schema = { .type = STR("object") };
	struct apiextensions_custom_resource_validation validation = { .open_api_v3_schema =
									   &schema };
	struct apiextensions_custom_resource_definition_version only = { .name = version,
									 .schema = &validation };
	struct apiextensions_custom_resource_definition_spec spec = {
		.group = definition->spec->group,
		.names = definition->spec->names,
		.scope = definition->spec->scope,
		.versions = { .at = &only, .len = 1 },
	};
	struct custom_types types;

	if (kinds->len == KINDS_MAX)
		return BUSY;
	TRY(custom_types_of(&spec, version, &types, NULL));
	*out = &kinds->at[kinds->len++];
	**out = (struct known){ .type = types.object,
				.set = types.set,
				.definition = arena_str(kinds->arena, definition->metadata->name) };
	/* Nobody else has it yet. */
	((struct type *)(uintptr_t)types.object)->flags |= TYPE_METADATA_ONLY;
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
