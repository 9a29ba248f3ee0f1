#include "actors/server/aggregate/aggregated.h"
#include "actors/server/aggregate/aggregates.h"
#include "actors/server/catalog/discovery-other.h"
#include "actors/server/catalog/discovery-page.h"
#include "actors/server/server-private.h"
#include "datastore/object/json.h"
#include "datastore/object/proto-envelope.h"
#include "datastore/schema/apidiscovery.h"
#include "transport/wire/gzip.h"

/*
 * Discovery: what is served, in the plain form (one document a version) and in the aggregated one that kubectl asks for first.
 *
 * The plain form is made from the resources at each request: they are few, and clients keep the answer by its ETag. The aggregated one is kept as JSON
 * (discovery-page.h), but where other servers' groups stand in it or protobuf is asked for.
 */

/* ---- answers ------------------------------------------------------------------------------------------------ */

static struct str etag_of(struct request *r, struct str body)
{
	uint64_t a = hash_bytes(0, body.at, body.len), b = hash_bytes(a, body.at, body.len);

	return request_printf(r, "\"%016jX%016jX\"", (uintmax_t)a, (uintmax_t)b);
}

static enum next answer_text(struct request *r, struct str body, struct str etag)
{
	request_answer_body(r, 200, negotiate_type(&r->form, false), body);
	r->answer.etag = etag;
	if (str_eq(r->asked.if_none_match, etag)) {
		r->answer.code = 304;
		r->answer.is_empty = true;
	}
	return DONE;
}

static enum next refuse_long(struct request *r)
{
	return request_fail(r,
			    failure_internal(r->arena, "the list of all resources is too large"));
}

static enum next answer(struct request *r, const struct type *type, const void *record)
{
	struct text out = text_in(r->arena, LIMIT_RESPONSE_BYTES);

	if (r->form.format == FORMAT_PROTO)
		proto_envelope_encode(type, record, &out);
	else
		json_encode(type, record, &out);
	if (out.is_cut)
		return refuse_long(r);
	return answer_text(r, text_str(&out), etag_of(r, text_str(&out)));
}

static enum next choose_form(struct request *r, bool is_aggregated)
{
	enum negotiate_views views = is_aggregated ? NEGOTIATE_DISCOVERY : NEGOTIATE_PLAIN;

	if (negotiate_accept(r->asked.accept, views, true, &r->form) != OK)
		return request_fail(r, failure_not_acceptable(r->arena, NEGOTIATE_OFFERED));
	return NEXT;
}

static struct str_list verbs_of(struct arena *arena, uint32_t verbs)
{
	struct str_list list = { .at = arena_array(arena, struct str, RESOURCE_VERBS) };

	for (uint32_t bit = 0; bit < RESOURCE_VERBS; bit++)
		if (verbs & 1U << bit)
			list.at[list.len++] = resource_verb_names[bit];
	return list;
}

static struct str_list strs(const struct str *at, uint32_t count)
{
	return (struct str_list){ count ? (struct str *)(uintptr_t)at : NULL, count };
}

/* Groups and their versions stand side by side in the table: each run begins where a name differs from the one before. */
static bool begins_group(const struct resources *all, uint32_t i)
{
	return i == 0 ||
	       !str_eq(resources_at(all, i)->row->group, resources_at(all, i - 1)->row->group);
}

static bool begins_version(const struct resources *all, uint32_t i)
{
	return begins_group(all, i) ||
	       !str_eq(resources_at(all, i)->row->version, resources_at(all, i - 1)->row->version);
}

static uint32_t count_groups(const struct resources *all)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < resources_len(all); i++)
		count += begins_group(all, i);
	return count;
}

/* ---- aggregated --------------------------------------------------------------------------------------------------- */

/* Of the resource's own group and version it says neither, as upstream's. */
static struct meta_group_version_kind *response_kind(struct arena *arena,
						     const struct resource_row *row,
						     struct str group, struct str version,
						     struct str kind)
{
	struct meta_group_version_kind *out = arena_new_of(arena, struct meta_group_version_kind);
	bool is_own = str_eq(group, row->group) && str_eq(version, row->version);

	out->group = is_own ? STR("") : group;
	out->version = is_own ? STR("") : version;
	out->kind = kind;
	return out;
}

static void describe(struct arena *arena, const struct resource_row *row,
		     struct apidiscovery_api_resource_discovery *out)
{
	out->resource = row->name;
	out->response_kind = response_kind(arena, row, row->group, row->version, row->kind);
	out->scope = row->is_namespaced ? STR("Namespaced") : STR("Cluster");
	out->singular_resource = row->singular;
	out->verbs = verbs_of(arena, row->verbs);
	out->short_names = strs(row->short_names, row->short_name_count);
	out->categories = strs(row->categories, row->category_count);
	if (row->subresource_count == 0)
		return;
	out->subresources.at = arena_array(arena, struct apidiscovery_api_subresource_discovery,
					   row->subresource_count);
	for (uint32_t i = 0; i < row->subresource_count; i++) {
		const struct subresource_row *from = &row->subresources[i];
		struct apidiscovery_api_subresource_discovery *to =
		    &out->subresources.at[out->subresources.len++];

		to->subresource = from->name;
		to->response_kind =
		    response_kind(arena, row, from->group, from->version, from->kind);
		to->verbs = verbs_of(arena, from->verbs);
	}
}

static void describe_version(struct arena *arena, const struct resources *all, uint32_t from,
			     struct apidiscovery_api_version_discovery *out)
{
	uint32_t end = from + 1;

	while (end < resources_len(all) && !begins_version(all, end))
		end++;
	out->version = resources_at(all, from)->row->version;
	out->freshness = STR("Current");
	out->resources.at =
	    arena_array(arena, struct apidiscovery_api_resource_discovery, end - from);
	for (uint32_t i = from; i < end; i++)
		describe(arena, resources_at(all, i)->row, &out->resources.at[out->resources.len++]);
}

static void describe_group(struct arena *arena, const struct resources *all, uint32_t from,
			   struct apidiscovery_api_group_discovery *out)
{
	uint32_t end = from + 1, versions = 1;

	while (end < resources_len(all) && !begins_group(all, end))
		versions += begins_version(all, end++);
	MAKE(out->metadata, arena)->name = resources_at(all, from)->row->group;
	out->versions.at = arena_array(arena, struct apidiscovery_api_version_discovery, versions);
	for (uint32_t i = from; i < end; i++)
		if (begins_version(all, i))
			describe_version(arena, all, i, &out->versions.at[out->versions.len++]);
}

/* ---- kept ---------------------------------------------------------------------------------------------------------- */

static struct discovery_item *groups_of(struct request *r, bool is_core, uint32_t *out_count)
{
	const struct resources *all = r->server->resources;
	struct discovery_item *items =
	    arena_array(r->arena, struct discovery_item, count_groups(all));
	uint32_t count = 0;

	for (uint32_t i = 0; i < resources_len(all); i++) {
		const struct resource *resource = resources_at(all, i);

		if ((resource->row->group.len == 0) != is_core)
			continue;
		if (begins_group(all, i))
			items[count++] = (struct discovery_item){ .from = i };
		items[count - 1].stamp = hash_mix(items[count - 1].stamp, resource->number);
	}
	*out_count = count;
	return items;
}

static void write_group(void *arg, const struct discovery_item *item, struct text *out)
{
	struct request *r = arg;
	struct apidiscovery_api_group_discovery group = { 0 };

	describe_group(r->arena, r->server->resources, item->from, &group);
	json_encode_element(type_field(&apidiscovery_api_group_discovery_list_type, STR("items")),
			    &group, out);
}

static struct discovery_page *page_of(struct request *r, bool is_core)
{
	struct discovered *kept = &r->server->discovered[is_core];
	uint64_t changes = resources_changes(r->server->resources);
	struct discovery_page *before = kept->page;
	struct discovery_item *items;
	uint32_t count;

	if (before != NULL && kept->changes == changes)
		return before;
	items = groups_of(r, is_core, &count);
	kept->page = discovery_page_new(before, items, count, write_group, r);
	kept->changes = changes;
	discovery_page_unref(before);
	return kept->page;
}

static enum next answer_kept(struct request *r, bool is_core)
{
	struct discovery_page *page = page_of(r, is_core);
	struct str packed = discovery_page_packed(page);
	bool is_packed = packed.at != NULL && gzip_is_accepted(r->asked.accept_encoding);

	if (discovery_page_is_cut(page))
		return refuse_long(r);
	discovery_page_hold(r->arena, page);
	answer_text(r, is_packed ? packed : discovery_page_body(page), discovery_page_etag(page));
	if (is_packed)
		r->answer.encoding = STR("gzip");
	return DONE;
}

void discovery_free(struct server *server)
{
	discovery_page_unref(server->discovered[0].page);
	discovery_page_unref(server->discovered[1].page);
}

static bool has_others(struct request *r)
{
	struct aggregate_view view;
	uint32_t at = 0;

	return aggregates_next(r->server->aggregates, &at, &view);
}

static enum next aggregated(struct request *r, bool is_core)
{
	const struct resources *all = r->server->resources;
	struct apidiscovery_api_group_discovery_list list = { 0 };

	if (r->form.format == FORMAT_JSON && (is_core || !has_others(r)))
		return answer_kept(r, is_core);
	list.metadata = arena_new_of(r->arena, struct meta_list_meta);
	list.items.at =
	    arena_array(r->arena, struct apidiscovery_api_group_discovery, count_groups(all));
	for (uint32_t i = 0; i < resources_len(all); i++)
		if (begins_group(all, i) && (resources_at(all, i)->row->group.len == 0) == is_core)
			describe_group(r->arena, all, i, &list.items.at[list.items.len++]);
	if (!is_core)
		discovery_other_describe(r, &list.items);
	return answer(r, &apidiscovery_api_group_discovery_list_type, &list);
}

/* ---- plain -------------------------------------------------------------------------------------------------------------- */

static struct meta_server_address_by_client_cidr_list addresses(struct request *r)
{
	struct meta_server_address_by_client_cidr_list list = { 0 };

	list.at = arena_new_of(r->arena, struct meta_server_address_by_client_cidr);
	list.len = 1;
	list.at->client_cidr = STR("0.0.0.0/0");
	list.at->server_address = r->server->config->address;
	return list;
}

enum next discovery_api(struct request *r)
{
	struct meta_api_versions versions = { 0 };
	struct str *v1 = arena_new_of(r->arena, struct str);
	enum next next = choose_form(r, true);

	if (next != NEXT)
		return next;
	if (r->form.view == VIEW_DISCOVERY)
		return aggregated(r, true);
	*v1 = STR("v1");
	versions.versions = (struct str_list){ v1, 1 };
	versions.server_address_by_client_cidrs = addresses(r);
	return answer(r, &meta_api_versions_type, &versions);
}

static void fill_group(struct request *r, uint32_t from, struct meta_api_group *out)
{
	const struct resources *all = r->server->resources;
	uint32_t end = from + 1, versions = 1;

	while (end < resources_len(all) && !begins_group(all, end))
		versions += begins_version(all, end++);
	out->name = resources_at(all, from)->row->group;
	out->versions.at = arena_array(r->arena, struct meta_group_version_for_discovery, versions);
	for (uint32_t i = from; i < end; i++) {
		if (!begins_version(all, i))
			continue;
		out->versions.at[out->versions.len].group_version =
		    resources_at(all, i)->api_version;
		out->versions.at[out->versions.len++].version = resources_at(all, i)->row->version;
	}
	out->preferred_version = &out->versions.at[0];
}

enum next discovery_apis(struct request *r)
{
	const struct resources *all = r->server->resources;
	struct meta_api_group_list list = { 0 };
	enum next next = choose_form(r, true);

	if (next != NEXT)
		return next;
	if (r->form.view == VIEW_DISCOVERY)
		return aggregated(r, false);
	list.groups.at = arena_array(r->arena, struct meta_api_group, count_groups(all));
	for (uint32_t i = 0; i < resources_len(all); i++)
		if (begins_group(all, i) && resources_at(all, i)->row->group.len > 0)
			fill_group(r, i, &list.groups.at[list.groups.len++]);
	discovery_other_fill(r, &list.groups);
	return answer(r, &meta_api_group_list_type, &list);
}

static void fill_resource(struct arena *arena, const struct resource_row *row,
			  struct meta_api_resource *out)
{
	out->name = row->name;
	out->singular_name = row->singular;
	SET(out, namespaced, row->is_namespaced);
	out->kind = row->kind;
	MAKE(out->verbs, arena)->items = verbs_of(arena, row->verbs);
	out->short_names = strs(row->short_names, row->short_name_count);
	out->categories = strs(row->categories, row->category_count);
	out->storage_version_hash = row->storage_hash;
}

static void fill_subresource(struct arena *arena, const struct resource_row *row,
			     const struct subresource_row *from, struct meta_api_resource *out)
{
	out->name =
	    arena_printf(arena, STR_FMT "/" STR_FMT, STR_ARG(row->name), STR_ARG(from->name));
	out->singular_name = STR("");
	SET(out, namespaced, row->is_namespaced);
	out->kind = from->kind;
	MAKE(out->verbs, arena)->items = verbs_of(arena, from->verbs);
	if (!str_eq(from->group, row->group) || !str_eq(from->version, row->version)) {
		out->group = from->group;
		out->version = from->version;
	}
}

static enum next one_version(struct request *r, uint32_t from)
{
	const struct resources *all = r->server->resources;
	struct meta_api_resource_list list = { 0 };
	uint32_t end = from + 1, count = resources_at(all, from)->row->subresource_count + 1;

	for (; end < resources_len(all) && !begins_version(all, end); end++)
		count += resources_at(all, end)->row->subresource_count + 1;
	list.group_version = resources_at(all, from)->api_version;
	list.resources.at = arena_array(r->arena, struct meta_api_resource, count);
	for (uint32_t i = from; i < end; i++) {
		const struct resource_row *row = resources_at(all, i)->row;

		fill_resource(r->arena, row, &list.resources.at[list.resources.len++]);
		for (uint32_t s = 0; s < row->subresource_count; s++)
			fill_subresource(r->arena, row, &row->subresources[s],
					 &list.resources.at[list.resources.len++]);
	}
	return answer(r, &meta_api_resource_list_type, &list);
}

/* With versions of it that others serve; from: where it begins here, or behind the end. */
static enum next one_group(struct request *r, uint32_t from, struct str name)
{
	struct meta_api_group_list list = { 0 };
	struct meta_api_group group = { 0 };

	if (from < resources_len(r->server->resources)) {
		fill_group(r, from, &group);
		list.groups = (struct meta_api_group_items){ &group, 1 };
	}
	discovery_other_fill(r, &list.groups);
	for (uint32_t i = 0; i < list.groups.len; i++) {
		if (!str_eq(list.groups.at[i].name, name))
			continue;
		group = list.groups.at[i];
		group.preferred_version = &group.versions.at[0];
		return answer(r, &meta_api_group_type, &group);
	}
	return request_fail(r, failure_no_path(r->arena));
}

enum next discovery_version(struct request *r)
{
	const struct resources *all = r->server->resources;
	struct str rest = str_slice(r->asked.path, 1, r->asked.path.len);
	bool is_core = str_is(str_cut(&rest, '/'), "api");
	struct str group = is_core ? STR("") : str_cut(&rest, '/');
	struct str version = rest.at ? str_cut(&rest, '/') : STR("");
	enum next next;

	if (aggregated_takes(r, group, version))
		return NEXT;
	next = choose_form(r, false);
	if (next != NEXT)
		return next;
	for (uint32_t i = 0; i < resources_len(all); i++) {
		if (!begins_version(all, i) || !str_eq(resources_at(all, i)->row->group, group))
			continue;
		if (version.len == 0 && !is_core)
			return one_group(r, i, group);
		if (!str_eq(resources_at(all, i)->row->version, version))
			continue;
		if (!str_is(r->asked.method, "GET") && !str_is(r->asked.method, "HEAD"))
			return request_fail(r, failure_method(r->arena));
		return one_version(r, i);
	}
	if (version.len == 0 && !is_core)
		return one_group(r, resources_len(all), group);
	return request_fail(r, failure_no_path(r->arena));
}
