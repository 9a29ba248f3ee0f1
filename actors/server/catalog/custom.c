#include "actors/server/catalog/custom.h"

/* As upstream lists groups of definitions: after its own, all alike. */
#define GROUP_PRIORITY 1000
#define VERSION_PRIORITY 100
#define VERBS                                                                            \
	(RESOURCE_CREATE | RESOURCE_DELETE | RESOURCE_DELETE_COLLECTION | RESOURCE_GET | \
	 RESOURCE_LIST | RESOURCE_PATCH | RESOURCE_UPDATE | RESOURCE_WATCH)

static bool is_built_in(struct str group)
{
	for (uint32_t i = 0; i < resource_row_count; i++)
		if (str_eq(resource_rows[i].group, group))
			return true;
	return false;
}

static enum status want(struct str value, const char *field, struct fault *why)
{
	return value.len > 0 ? OK : fault_set(why, INVALID, field, "%s is missing", field);
}

static enum status check(const struct apiextensions_custom_resource_definition_spec *spec,
			 struct fault *why)
{
	if (spec == NULL || spec->names == NULL)
		return fault_set(why, INVALID, "spec.names", "the definition says no names");
	TRY(want(spec->group, "spec.group", why));
	TRY(want(spec->names->plural, "spec.names.plural", why));
	TRY(want(spec->names->kind, "spec.names.kind", why));
	TRY(want(spec->names->singular, "spec.names.singular", why));
	TRY(want(spec->names->list_kind, "spec.names.listKind", why));
	if (is_built_in(spec->group))
		return fault_set(why, INVALID, "spec.group",
				 "the group " STR_FMT " is Kubernetes' own", STR_ARG(spec->group));
	if (!str_is(spec->scope, "Namespaced") && !str_is(spec->scope, "Cluster"))
		return fault_set(why, INVALID, "spec.scope",
				 "spec.scope wants Namespaced or Cluster");
	return OK;
}

static const struct apiextensions_custom_resource_definition_version *
stored_version(const struct apiextensions_custom_resource_definition_spec *spec)
{
	for (uint32_t i = 0; i < spec->versions.len; i++)
		if (spec->versions.at[i].storage && spec->versions.at[i].served)
			return &spec->versions.at[i];
	return NULL;
}

static void add_subresources(struct resource_row *row, const struct type *type, struct arena *arena)
{
	struct subresource_row *rows =
	    arena_array(arena, struct subresource_row, type->subresource_count + 1U);

	/* Scaling wants paths of the definition, which nothing follows yet: it is not offered. */
	for (uint32_t i = 0; i < type->subresource_count; i++)
		if (str_is(type->subresources[i], "status"))
			rows[row->subresource_count++] =
			    (struct subresource_row){ .name = type->subresources[i],
						      .group = type->group,
						      .version = type->version,
						      .kind = type->kind,
						      .verbs = RESOURCE_GET | RESOURCE_PATCH |
							       RESOURCE_UPDATE };
	row->subresources = rows;
}

static struct resource_row row_of(const struct type *type, struct str singular, struct arena *arena)
{
	struct resource_row row = {
		.group = type->group,
		.version = type->version,
		.name = type->resource,
		.singular = singular,
		.kind = type->kind,
		.short_names = type->short_names,
		.short_name_count = type->short_name_count,
		.categories = type->categories,
		.category_count = type->category_count,
		.verbs = VERBS,
		.prefix = arena_printf(arena, "/registry/" STR_FMT "/" STR_FMT "/",
				       STR_ARG(type->group), STR_ARG(type->resource)),
		.group_priority = GROUP_PRIORITY,
		.version_priority = VERSION_PRIORITY,
		.is_namespaced = (type->flags & TYPE_NAMESPACED) != 0,
	};

	add_subresources(&row, type, arena);
	return row;
}

enum status custom_resource_of(const struct apiextensions_custom_resource_definition *definition,
			       struct arena *arena, struct custom_resource *out, struct fault *why)
{
	struct custom_resource custom = { 0 };

	TRY(check(definition->spec, why));
	custom.version = stored_version(definition->spec);
	if (custom.version == NULL)
		return fault_set(why, INVALID, "spec.versions",
				 "no version is both served and stored");
	TRY(custom_types_of(definition->spec, custom.version->name, &custom.types, why));
	custom.row = row_of(custom.types.object, definition->spec->names->singular, arena);
	*out = custom;
	return OK;
}

void custom_resource_fini(struct custom_resource *custom)
{
	type_set_unref(custom->types.set);
	custom->types.set = NULL;
}
