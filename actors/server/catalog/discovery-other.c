#include "actors/server/catalog/discovery-other.h"

#include "actors/server/aggregate/aggregates.h"
#include "actors/server/server-private.h"

/* ---- aggregated -------------------------------------------------------------------------------------------- */

static struct meta_group_version_kind *response_of(struct arena *arena,
						   const struct meta_api_resource *from)
{
	struct meta_group_version_kind kind = { from->group, from->version, from->kind };

	return arena_copy(arena, &kind, sizeof kind);
}

static struct str_list verbs_of(const struct meta_api_resource *from)
{
	return from->verbs != NULL ? from->verbs->items : (struct str_list){ 0 };
}

static void add_resource(struct arena *arena, const struct meta_api_resource *from,
			 struct apidiscovery_api_version_discovery *to)
{
	struct apidiscovery_api_resource_discovery *out = &to->resources.at[to->resources.len++];

	*out = (struct apidiscovery_api_resource_discovery){
		.resource = from->name,
		.response_kind = response_of(arena, from),
		.scope = from->namespaced ? STR("Namespaced") : STR("Cluster"),
		.singular_resource = from->singular_name,
		.verbs = verbs_of(from),
		.short_names = from->short_names,
		.categories = from->categories,
	};
}

/* `widgets/status` stands behind `widgets`. */
static void add_subresource(struct arena *arena, const struct meta_api_resource *from,
			    struct apidiscovery_api_version_discovery *to)
{
	struct str rest = from->name, main = str_cut(&rest, '/');
	struct apidiscovery_api_subresource_discovery *at;
	struct apidiscovery_api_resource_discovery *of = NULL;
	uint32_t len;

	for (uint32_t i = 0; i < to->resources.len; i++)
		if (str_eq(to->resources.at[i].resource, main))
			of = &to->resources.at[i];
	if (of == NULL)
		return;
	len = of->subresources.len;
	at = arena_array(arena, struct apidiscovery_api_subresource_discovery, len + 1);
	if (len > 0)
		memcpy(at, of->subresources.at, len * sizeof *at);
	at[len] = (struct apidiscovery_api_subresource_discovery){ .subresource = rest,
								   .response_kind =
								       response_of(arena, from),
								   .verbs = verbs_of(from) };
	of->subresources.at = at;
	of->subresources.len = len + 1;
}

static void describe(struct arena *arena, const struct aggregate_view *view,
		     struct apidiscovery_api_version_discovery *out)
{
	struct meta_api_resource_items list = { 0 };

	if (view->resources != NULL)
		list = view->resources->resources;
	*out = (struct apidiscovery_api_version_discovery){
		.version = view->version,
		.freshness = view->is_well ? STR("Current") : STR("Stale"),
	};
	out->resources.at =
	    arena_array(arena, struct apidiscovery_api_resource_discovery, list.len + 1);
	for (uint32_t i = 0; i < list.len; i++)
		if (str_find_char(list.at[i].name, '/') < 0)
			add_resource(arena, &list.at[i], out);
	for (uint32_t i = 0; i < list.len; i++)
		if (str_find_char(list.at[i].name, '/') >= 0)
			add_subresource(arena, &list.at[i], out);
}

static struct apidiscovery_api_group_discovery *
group_of(struct arena *arena, struct apidiscovery_api_group_discovery_items *groups, struct str name)
{
	struct apidiscovery_api_group_discovery *at;

	for (uint32_t i = 0; i < groups->len; i++)
		if (str_eq(groups->at[i].metadata->name, name))
			return &groups->at[i];
	at = arena_array(arena, struct apidiscovery_api_group_discovery, groups->len + 1);
	if (groups->len > 0)
		memcpy(at, groups->at, groups->len * sizeof *at);
	groups->at = at;
	at = &groups->at[groups->len++];
	*at = (struct apidiscovery_api_group_discovery){ 0 };
	MAKE(at->metadata, arena)->name = name;
	return at;
}

void discovery_other_describe(struct request *r,
			      struct apidiscovery_api_group_discovery_items *groups)
{
	struct aggregate_view view;

	for (uint32_t at = 0; aggregates_next(r->server->aggregates, &at, &view);) {
		struct apidiscovery_api_group_discovery *group =
		    group_of(r->arena, groups, view.group);
		uint32_t len = group->versions.len;
		struct apidiscovery_api_version_discovery *versions =
		    arena_array(r->arena, struct apidiscovery_api_version_discovery, len + 1);

		if (len > 0)
			memcpy(versions, group->versions.at, len * sizeof *versions);
		describe(r->arena, &view, &versions[len]);
		group->versions.at = versions;
		group->versions.len = len + 1;
	}
}

/* ---- plain ---------------------------------------------------------------------------------------------------- */

static struct meta_api_group *plain_group(struct arena *arena, struct meta_api_group_items *groups,
					  struct str name)
{
	struct meta_api_group *at;

	for (uint32_t i = 0; i < groups->len; i++)
		if (str_eq(groups->at[i].name, name))
			return &groups->at[i];
	at = arena_array(arena, struct meta_api_group, groups->len + 1);
	if (groups->len > 0)
		memcpy(at, groups->at, groups->len * sizeof *at);
	groups->at = at;
	at = &groups->at[groups->len++];
	*at = (struct meta_api_group){ .name = name };
	return at;
}

void discovery_other_fill(struct request *r, struct meta_api_group_items *groups)
{
	struct aggregate_view view;

	for (uint32_t at = 0; aggregates_next(r->server->aggregates, &at, &view);) {
		struct meta_api_group *group = plain_group(r->arena, groups, view.group);
		uint32_t len = group->versions.len;
		struct meta_group_version_for_discovery *versions =
		    arena_array(r->arena, struct meta_group_version_for_discovery, len + 1);

		if (len > 0)
			memcpy(versions, group->versions.at, len * sizeof *versions);
		versions[len] = (struct meta_group_version_for_discovery){
			.group_version = request_printf(r, STR_FMT "/" STR_FMT, STR_ARG(view.group),
							STR_ARG(view.version)),
			.version = view.version,
		};
		group->versions.at = versions;
		group->versions.len = len + 1;
		group->preferred_version = &versions[0];
	}
}
