#include <assert.h>

#include "datastore/object/openapi/descriptions.h"
#include "datastore/object/openapi/openapi-path-private.h"
#include "datastore/schema/core.h"
#include "datastore/schema/meta.h"
#include "transport/wire/json.h"

/*
 * Paths: what may be asked of each resource and its subresources, by their verbs.
 *
 * Parameters are the fields of the options' types, so a new option is in the documents by being in its schema.
 */

#define GROUP_SUFFIX STR(".k8s.io")
#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const struct operation on_collection[] = {
	{ "get", "list", "list", "Lists objects of kind", RESOURCE_LIST, QUERY_LIST, BODY_NONE,
	  RESULT_LIST, "200" },
	{ "post", "create", "post", "Creates an object of kind", RESOURCE_CREATE, QUERY_WRITE,
	  BODY_OBJECT, RESULT_OBJECT, "200 201 202" },
	{ "delete", "delete", "deletecollection", "Deletes the chosen objects of kind",
	  RESOURCE_DELETE_COLLECTION, QUERY_DELETE_COLLECTION, BODY_DELETE, RESULT_STATUS, "200" },
};

static const struct operation on_object[] = {
	{ "get", "read", "get", "Reads one object of kind", RESOURCE_GET, QUERY_NONE, BODY_NONE,
	  RESULT_OBJECT, "200" },
	{ "put", "replace", "put", "Replaces one object of kind", RESOURCE_UPDATE, QUERY_WRITE,
	  BODY_OBJECT, RESULT_OBJECT, "200 201" },
	{ "post", "create", "post", "Creates for one object a", RESOURCE_CREATE, QUERY_WRITE,
	  BODY_OBJECT, RESULT_OBJECT, "200 201 202" },
	{ "delete", "delete", "delete", "Deletes one object of kind", RESOURCE_DELETE, QUERY_DELETE,
	  BODY_DELETE, RESULT_STATUS, "200 202" },
	{ "patch", "patch", "patch", "Changes parts of one object of kind", RESOURCE_PATCH,
	  QUERY_PATCH, BODY_PATCH, RESULT_OBJECT, "200 201" },
};

static const struct operation on_watch_list = { "get",          "watch",
						"watchlist",    "Watches objects of kind",
						RESOURCE_WATCH, QUERY_LIST,
						BODY_NONE,      RESULT_EVENTS,
						"200" };
static const struct operation on_watch = {
	"get",     "watch",       "watch", "Watches one object of kind", RESOURCE_WATCH, QUERY_LIST,
	BODY_NONE, RESULT_EVENTS, "200"
};

/* What a connection is opened with; any method that the subresource has. */
static const struct operation on_connection[] = {
	{ "get", "connect", "connect", "Connects to one object of kind", RESOURCE_GET, QUERY_NONE,
	  BODY_NONE, RESULT_TEXT, "200" },
	{ "put", "connect", "connect", "Connects to one object of kind", RESOURCE_UPDATE,
	  QUERY_NONE, BODY_NONE, RESULT_TEXT, "200" },
	{ "post", "connect", "connect", "Connects to one object of kind", RESOURCE_CREATE,
	  QUERY_NONE, BODY_NONE, RESULT_TEXT, "200" },
	{ "delete", "connect", "connect", "Connects to one object of kind", RESOURCE_DELETE,
	  QUERY_NONE, BODY_NONE, RESULT_TEXT, "200" },
	{ "options", "connect", "connect", "Connects to one object of kind", RESOURCE_DELETE,
	  QUERY_NONE, BODY_NONE, RESULT_TEXT, "200" },
	{ "head", "connect", "connect", "Connects to one object of kind", RESOURCE_DELETE,
	  QUERY_NONE, BODY_NONE, RESULT_TEXT, "200" },
	{ "patch", "connect", "connect", "Connects to one object of kind", RESOURCE_PATCH,
	  QUERY_NONE, BODY_NONE, RESULT_TEXT, "200" },
};

/* A subresource that is a stream between two ends says so by its kind: PodExecOptions. */
static bool is_connection(const struct subresource_row *sub)
{
	return sub != NULL && str_ends(sub->kind, STR("Options"));
}

bool openapi_is_log(const struct subresource_row *sub)
{
	return sub != NULL && str_is(sub->name, "log");
}

/* The type whose fields the query may name too; NULL: none. */
static const struct type *options_of(const struct subresource_row *sub)
{
	if (openapi_is_log(sub))
		return &core_pod_log_options_type;
	return is_connection(sub) ? type_find(sub->group, sub->version, sub->kind) : NULL;
}

/* ---- names ---------------------------------------------------------------------------------------------------- */

static void add_capital(struct text *out, struct str word)
{
	if (word.len == 0)
		return;
	text_add_char(out, (char)(word.at[0] >= 'a' && word.at[0] <= 'z' ? word.at[0] - 'a' + 'A'
									 : word.at[0]));
	text_add(out, str_slice(word, 1, word.len));
}

/* RbacAuthorization of rbac.authorization.k8s.io; Core. */
static void add_group(struct openapi *o, struct text *out, bool is_capital)
{
	struct str rest = o->group.len == 0 ? STR("core") : o->group;
	bool is_first = true;

	if (str_ends(rest, GROUP_SUFFIX))
		rest = str_slice(rest, 0, rest.len - GROUP_SUFFIX.len);
	while (rest.at != NULL) {
		struct str word = str_cut(&rest, '.');

		if (is_first && !is_capital)
			text_add(out, word);
		else
			add_capital(out, word);
		is_first = false;
	}
}

static void write_id(struct openapi *o, const struct place *place, const struct operation *op)
{
	struct text id = text_in(o->arena, OPENAPI_BYTES_MAX);
	const struct resource_row *row = place->resource->row;

	text_add(&id, str_from(op->word));
	add_group(o, &id, true);
	add_capital(&id, o->version);
	if (op->result == RESULT_TEXT)
		add_capital(&id, str_from(op->method));
	if (op->query == QUERY_DELETE_COLLECTION)
		text_lit(&id, "Collection");
	if (place->is_namespaced)
		text_lit(&id, "Namespaced");
	add_capital(&id, row->kind);
	if (place->sub != NULL)
		add_capital(&id, place->sub->name);
	if (op == &on_watch_list)
		text_lit(&id, "List");
	if (row->is_namespaced && !place->is_namespaced)
		text_lit(&id, "ForAllNamespaces");
	text_add(&id, str_from(place->suffix ? place->suffix : ""));
	openapi_string(o, "operationId", text_str(&id));
}

/* ---- parameters ------------------------------------------------------------------------------------------------- */

static void write_parameter(struct openapi *o, struct str name, const char *in, const char *type,
			    struct str description)
{
	openapi_next(o);
	text_add_char(o->out, '{');
	openapi_string(o, "name", name);
	openapi_string(o, "in", str_from(in));
	openapi_describe(o, description);
	if (strcmp(in, "path") == 0) {
		openapi_member(o, "required");
		text_lit(o->out, "true");
	}
	if (o->is_v2) {
		text_printf(o->out, ",\"type\":\"%s\",\"uniqueItems\":true}", type);
		return;
	}
	openapi_member(o, "schema");
	text_printf(o->out, "{\"type\":\"%s\",\"uniqueItems\":true}}", type);
}

/* What a query cannot say, or what is not served without its gate. */
static bool is_query_field(const struct field *field)
{
	bool is_gated = field_rules(field) != NULL && field_rules(field)->gate_count > 0;

	return field->kind != KIND_MESSAGE && !is_gated;
}

static void write_fields(struct openapi *o, const struct type *type, bool is_collection)
{
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type_fields(type)[i];
		/* A deletion lists what it deletes, but it is no watch. */
		bool is_watch = str_is(field_name(field), "watch") ||
				str_is(field_name(field), "allowWatchBookmarks");

		if (is_query_field(field) && !(is_collection && is_watch))
			write_parameter(
			    o, field_name(field), "query", openapi_query_type(field),
			    descriptions_field(o->descriptions, type, field_name(field)));
	}
}

static struct str parameters_of(struct openapi *o, const struct type *type, bool is_collection)
{
	struct text *out = o->out, made = text_in(o->kept, OPENAPI_BYTES_MAX);
	struct openapi_options *at = o->options, *end = at + o->options_count;

	while (at < end && (at->type != type || at->is_collection != is_collection))
		at++;
	if (at < end)
		return at->parameters;
	o->out = &made;
	write_fields(o, type, is_collection);
	o->out = out;
	assert(o->options_count < OPENAPI_OPTIONS_MAX);
	o->options[o->options_count++] =
	    (struct openapi_options){ type, is_collection, text_str(&made) };
	return text_str(&made);
}

static void write_options(struct openapi *o, const struct type *type, bool is_collection)
{
	struct str parameters = parameters_of(o, type, is_collection);

	if (parameters.len == 0)
		return;
	openapi_next(o);
	text_add(o->out, parameters);
}

static void write_query(struct openapi *o, const struct place *place, const struct operation *op)
{
	if (op->query == QUERY_LIST || op->query == QUERY_DELETE_COLLECTION)
		write_options(o, &meta_list_options_type, op->query == QUERY_DELETE_COLLECTION);
	if (op->query == QUERY_WRITE)
		write_options(o, &meta_create_options_type, false);
	if (op->query == QUERY_PATCH)
		write_options(o, &meta_patch_options_type, false);
	if (op->query == QUERY_DELETE || op->query == QUERY_DELETE_COLLECTION)
		write_options(o, &meta_delete_options_type, false);
	if (options_of(place->sub) != NULL)
		write_options(o, options_of(place->sub), false);
}

/* Of all operations of a path. */
static void write_common(struct openapi *o, const struct place *place, bool has_path)
{
	openapi_member(o, "parameters");
	text_add_char(o->out, '[');
	if (place->has_name)
		write_parameter(o, STR("name"), "path", "string",
				arena_printf(o->arena, "name of the " STR_FMT,
					     STR_ARG(place->resource->row->kind)));
	if (place->is_namespaced)
		write_parameter(o, STR("namespace"), "path", "string",
				STR("The namespace that the object is in."));
	if (has_path)
		write_parameter(o, STR("path"), "path", "string",
				STR("The rest of the path, which goes on to the other end."));
	if (!is_connection(place->sub))
		write_parameter(o, STR("pretty"), "query", "string",
				STR("Whether the answer is indented for a person to read."));
	text_add_char(o->out, ']');
}

/* ---- operations ------------------------------------------------------------------------------------------------------ */

static void write_tag(struct openapi *o)
{
	struct text tag = text_in(o->arena, OPENAPI_BYTES_MAX);

	add_group(o, &tag, false);
	text_printf(&tag, "_" STR_FMT, STR_ARG(o->version));
	openapi_member(o, "tags");
	text_add_char(o->out, '[');
	json_write_string(o->out, text_str(&tag));
	text_add_char(o->out, ']');
}

static void write_sentence(struct openapi *o, const struct place *place, const struct operation *op)
{
	struct str kind = place->resource->row->kind;

	if (place->sub != NULL)
		openapi_string(o, "description",
			       arena_printf(o->arena, "%s " STR_FMT ": " STR_FMT, op->sentence,
					    STR_ARG(kind), STR_ARG(place->sub->name)));
	else
		openapi_string(o, "description",
			       arena_printf(o->arena, "%s " STR_FMT, op->sentence, STR_ARG(kind)));
}

/* What goes into an operation. */
static void write_interface(struct openapi *o, const struct place *place, const struct operation *op)
{
	if (o->is_v2) {
		openapi_write_media(o, place, op);
		text_lit(o->out, ",\"schemes\":[\"https\"]");
	}
	openapi_member(o, "parameters");
	text_add_char(o->out, '[');
	if (o->is_v2)
		openapi_write_body_parameter(o, place, op);
	write_query(o, place, op);
	text_add_char(o->out, ']');
	if (!o->is_v2)
		openapi_write_body(o, place, op);
}

static void write_operation(struct openapi *o, const struct place *place, const struct operation *op)
{
	const struct resource_row *row = place->resource->row;
	const struct subresource_row *sub = place->sub;

	openapi_member(o, op->method);
	text_add_char(o->out, '{');
	write_tag(o);
	write_sentence(o, place, op);
	write_id(o, place, op);
	write_interface(o, place, op);
	openapi_write_responses(o, place, op);
	if (op->result == RESULT_EVENTS) {
		openapi_member(o, "deprecated");
		text_lit(o->out, "true");
	}
	openapi_string(o, "x-kubernetes-action", str_from(op->action));
	openapi_kind(o, sub ? sub->group : row->group, sub ? sub->version : row->version,
		     sub ? sub->kind : row->kind);
	text_add_char(o->out, '}');
}

static void open_path(struct openapi *o, const struct place *place, const char *more)
{
	const struct resource_row *row = place->resource->row;
	struct text path = text_in(o->arena, OPENAPI_BYTES_MAX);

	if (o->group.len == 0)
		text_printf(&path, "/api/" STR_FMT, STR_ARG(o->version));
	else
		text_printf(&path, "/apis/" STR_FMT "/" STR_FMT, STR_ARG(o->group),
			    STR_ARG(o->version));
	if (place->is_watch)
		text_lit(&path, "/watch");
	if (place->is_namespaced)
		text_lit(&path, "/namespaces/{namespace}");
	text_printf(&path, "/" STR_FMT "%s", STR_ARG(row->name), place->has_name ? "/{name}" : "");
	if (place->sub != NULL)
		text_printf(&path, "/" STR_FMT "%s", STR_ARG(place->sub->name), more);
	openapi_next(o);
	json_write_string(o->out, text_str(&path));
	text_lit(o->out, ":{");
	write_common(o, place, more[0] != '\0');
}

/* A path with those operations of the table that `verbs` has; none at all if that is none. */
static void write_path(struct openapi *o, const struct place *place, const struct operation *table,
		       size_t count, uint32_t verbs, const char *more)
{
	bool is_open = false;

	for (size_t i = 0; i < count; i++) {
		if (!(verbs & table[i].verb))
			continue;
		if (!is_open)
			open_path(o, place, more);
		is_open = true;
		write_operation(o, place, &table[i]);
	}
	if (is_open)
		text_add_char(o->out, '}');
}

static void write_subresource(struct openapi *o, struct place place)
{
	if (!is_connection(place.sub)) {
		write_path(o, &place, on_object, COUNT(on_object), place.sub->verbs, "");
		return;
	}
	write_path(o, &place, on_connection, COUNT(on_connection), place.sub->verbs, "");
	if (str_is(place.sub->name, "proxy")) {
		place.suffix = "WithPath";
		write_path(o, &place, on_connection, COUNT(on_connection), place.sub->verbs,
			   "/{path}");
	}
}

void openapi_write_resource(struct openapi *o, const struct openapi_resource *resource)
{
	const struct resource_row *row = resource->row;
	struct place place = { .resource = resource, .is_namespaced = row->is_namespaced };
	struct place all = { .resource = resource };

	write_path(o, &place, on_collection, COUNT(on_collection), row->verbs, "");
	if (row->is_namespaced)
		write_path(o, &all, on_collection, 1, row->verbs, "");
	place.has_name = true;
	write_path(o, &place, on_object, COUNT(on_object), row->verbs & ~(uint32_t)RESOURCE_CREATE,
		   "");
	for (uint32_t i = 0; i < row->subresource_count; i++) {
		place.sub = &row->subresources[i];
		write_subresource(o, place);
	}
	place.sub = NULL;
	place.is_watch = all.is_watch = true;
	write_path(o, &place, &on_watch, 1, row->verbs, "");
	place.has_name = false;
	write_path(o, &place, &on_watch_list, 1, row->verbs, "");
	if (row->is_namespaced)
		write_path(o, &all, &on_watch_list, 1, row->verbs, "");
}

/* The version itself: what discovery says. */
void openapi_write_root(struct openapi *o)
{
	struct text id = text_in(o->arena, OPENAPI_BYTES_MAX);

	text_lit(&id, "get");
	add_group(o, &id, true);
	add_capital(&id, o->version);
	text_lit(&id, "APIResources");
	openapi_next(o);
	text_printf(o->out, "\"/api%s" STR_FMT "/" STR_FMT "/\":{\"get\":{",
		    o->group.len ? "s/" : "", STR_ARG(o->group), STR_ARG(o->version));
	write_tag(o);
	openapi_string(o, "description", STR("Says which resources there are."));
	openapi_string(o, "operationId", text_str(&id));
	if (o->is_v2)
		text_lit(o->out, ",\"produces\":[\"application/json\"],\"schemes\":[\"https\"]");
	text_lit(o->out, ",\"responses\":{\"200\":{\"description\":\"OK\",");
	text_add(o->out, o->is_v2 ? STR("\"schema\":")
				  : STR("\"content\":{\"application/json\":{\"schema\":"));
	openapi_reference(o, &meta_api_resource_list_type);
	text_add(o->out, o->is_v2 ? STR("}") : STR("}}}"));
	text_lit(o->out, ",\"401\":{\"description\":\"Unauthorized\"}}}}");
}
