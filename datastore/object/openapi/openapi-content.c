#include <assert.h>

#include "datastore/object/openapi/openapi-path-private.h"
#include "datastore/object/proto.h"
#include "datastore/schema/meta.h"
#include "transport/wire/json.h"

/*
 * What goes into an operation and comes out: media, bodies and answers, in the words of both versions.
 */

static const struct type *object_type(const struct place *place)
{
	const struct resource_row *row = place->resource->row;

	if (place->sub != NULL &&
	    !(place->resource->type == NULL && str_eq(place->sub->kind, row->kind)))
		return type_find(place->sub->group, place->sub->version, place->sub->kind);
	return place->resource->type;
}

static void write_object_reference(struct openapi *o, const struct place *place, bool is_list)
{
	const struct type *type = object_type(place);
	struct str list;

	if (type == NULL) {
		openapi_reference_custom(o, place->resource, is_list);
		return;
	}
	if (is_list) {
		list = arena_printf(o->arena, STR_FMT "List", STR_ARG(type_kind(type)));
		type = type_find(type_group(type), type_version(type), list);
	}
	openapi_reference(o, type);
}

static void write_result_schema(struct openapi *o, const struct place *place,
				const struct operation *op)
{
	if (openapi_is_log(place->sub) || op->result == RESULT_TEXT)
		text_lit(o->out, "{\"type\":\"string\"}");
	else if (op->result == RESULT_STATUS &&
		 !(op->query == QUERY_DELETE && place->resource->returns_deleted))
		openapi_reference(o, &meta_status_type);
	else if (op->result == RESULT_EVENTS)
		openapi_reference(o, &meta_watch_event_type);
	else
		write_object_reference(o, place, op->result == RESULT_LIST);
}

struct media {
	const char *at[5];
	uint32_t len;
};

static void add_media(struct media *media, const char *type)
{
	assert(media->len < sizeof media->at / sizeof media->at[0]);
	media->at[media->len++] = type;
}

/* What an operation answers with. */
static struct media produced(const struct place *place, const struct operation *op)
{
	bool has_proto = place->resource->type != NULL && proto_has(place->resource->type);
	bool is_stream = op->query == QUERY_LIST;
	struct media media = { 0 };

	if (op->result == RESULT_TEXT || openapi_is_log(place->sub)) {
		add_media(&media, openapi_is_log(place->sub) ? "text/plain" : "*/*");
		return media;
	}
	add_media(&media, "application/json");
	add_media(&media, "application/yaml");
	if (has_proto)
		add_media(&media, "application/vnd.kubernetes.protobuf");
	if (is_stream)
		add_media(&media, "application/json;stream=watch");
	if (has_proto && is_stream)
		add_media(&media, "application/vnd.kubernetes.protobuf;stream=watch");
	return media;
}

/* What it reads. */
static struct media consumed(const struct place *place, const struct operation *op)
{
	struct media media = { 0 };

	if (op->body != BODY_PATCH) {
		add_media(&media, "*/*");
		return media;
	}
	add_media(&media, "application/json-patch+json");
	add_media(&media, "application/merge-patch+json");
	/* It needs to know how lists merge, which no definition of a custom resource says. */
	if (place->resource->type != NULL)
		add_media(&media, "application/strategic-merge-patch+json");
	return media;
}

static void write_content(struct openapi *o, const struct place *place, const struct operation *op)
{
	struct media media = produced(place, op);

	if (o->is_v2) {
		openapi_member(o, "schema");
		write_result_schema(o, place, op);
		return;
	}
	openapi_member(o, "content");
	text_add_char(o->out, '{');
	for (uint32_t i = 0; i < media.len; i++) {
		openapi_member(o, media.at[i]);
		text_lit(o->out, "{\"schema\":");
		write_result_schema(o, place, op);
		text_add_char(o->out, '}');
	}
	text_add_char(o->out, '}');
}

void openapi_write_responses(struct openapi *o, const struct place *place,
			     const struct operation *op)
{
	struct str rest = str_from(op->codes);

	openapi_member(o, "responses");
	text_add_char(o->out, '{');
	while (rest.at != NULL) {
		struct str code = str_cut(&rest, ' ');

		openapi_next(o);
		json_write_string(o->out, code);
		text_lit(o->out, ":{");
		openapi_string(o, "description",
			       str_is(code, "201")   ? STR("Created")
			       : str_is(code, "202") ? STR("Accepted")
						     : STR("OK"));
		write_content(o, place, op);
		text_add_char(o->out, '}');
	}
	text_lit(o->out, ",\"401\":{\"description\":\"Unauthorized\"}}");
}

static void write_body_schema(struct openapi *o, const struct place *place,
			      const struct operation *op)
{
	if (op->body == BODY_PATCH)
		openapi_reference(o, &meta_patch_type);
	else if (op->body == BODY_DELETE)
		openapi_reference(o, &meta_delete_options_type);
	else
		write_object_reference(o, place, false);
}

void openapi_write_body(struct openapi *o, const struct place *place, const struct operation *op)
{
	struct media media = consumed(place, op);

	if (op->body == BODY_NONE)
		return;
	openapi_member(o, "requestBody");
	text_lit(o->out, "{\"content\":{");
	for (uint32_t i = 0; i < media.len; i++) {
		openapi_member(o, media.at[i]);
		text_lit(o->out, "{\"schema\":");
		write_body_schema(o, place, op);
		text_add_char(o->out, '}');
	}
	text_add_char(o->out, '}');
	if (op->body != BODY_DELETE)
		text_lit(o->out, ",\"required\":true");
	text_add_char(o->out, '}');
}

/* Of OpenAPI v2, where the body is a parameter beside the others. */
void openapi_write_body_parameter(struct openapi *o, const struct place *place,
				  const struct operation *op)
{
	if (op->body == BODY_NONE)
		return;
	openapi_next(o);
	text_lit(o->out, "{\"name\":\"body\",\"in\":\"body\"");
	if (op->body != BODY_DELETE)
		text_lit(o->out, ",\"required\":true");
	text_lit(o->out, ",\"schema\":");
	write_body_schema(o, place, op);
	text_add_char(o->out, '}');
}

static void write_media_list(struct openapi *o, const char *name, struct media media)
{
	openapi_member(o, name);
	text_add_char(o->out, '[');
	for (uint32_t i = 0; i < media.len; i++) {
		openapi_next(o);
		json_write_string(o->out, str_from(media.at[i]));
	}
	text_add_char(o->out, ']');
}

void openapi_write_media(struct openapi *o, const struct place *place, const struct operation *op)
{
	write_media_list(o, "consumes", consumed(place, op));
	write_media_list(o, "produces", produced(place, op));
}
