#include <stdio.h>

#include "actors/client/api.h"
#include "actors/server/answer/convert.h"
#include "actors/server/answer/pretty.h"
#include "actors/server/answer/table.h"
#include "actors/server/cache/cache.h"
#include "actors/server/cache/listed.h"
#include "actors/server/server-private.h"
#include "datastore/object/json.h"
#include "datastore/object/proto-envelope.h"
#include "datastore/object/proto.h"
#include "datastore/object/record.h"
#include "datastore/schema/autoscaling.h"
#include "transport/wire/yaml.h"

/*
 * Answers: objects, lists, tables and failures in the form that was negotiated. Encodings that hang on frozen objects are copied
 * together, never made again.
 */

#define HEAD_MAX 512U        /* {"kind":"...","apiVersion":"...", */
#define PREFIX_MAX 6U        /* of a field in protobuf: tag and length */
#define META_MAX (16U * KIB) /* of a list: its token has a key in it */

/* What was written is told once; whether anybody will ask for it in this form is not known yet. */
static struct str kept(struct request *r, const struct object *object, struct arena *arena)
{
	if (r->steps != NULL && r->steps->is_write)
		return object_bytes_once(object, r->form.format, arena);
	return object_bytes_counted(object, r->form.format, arena, &r->server->kept_bytes);
}

static void set_body(struct request *r, int32_t code, struct str body)
{
	r->answer.code = code;
	r->answer.failure = NULL;
	r->answer.content_type = negotiate_type(&r->form, false);
	r->answer.body = body;
}

static void set_json(struct request *r, int32_t code, struct str json)
{
	struct text out;

	if (!r->form.is_pretty || r->form.is_yaml || r->form.format != FORMAT_JSON) {
		set_body(r, code, json);
		return;
	}
	out = text_in(r->arena, LIMIT_RESPONSE_BYTES);
	pretty_json(json, &out);
	set_body(r, code, text_str(&out));
}

static struct str join(struct http_parts parts, struct arena *arena)
{
	struct text out = text_in(arena, LIMIT_RESPONSE_BYTES);

	text_reserve(&out, (uint32_t)http_parts_bytes(parts));
	for (uint32_t i = 0; i < parts.count; i++)
		text_add(&out, parts.at[i]);
	return text_str(&out);
}

struct str respond_body(const struct request *r, struct arena *arena)
{
	const struct answer *answer = &r->answer;

	return answer->parts.count > 0 ? join(answer->parts, arena) : arena_str(arena, answer->body);
}

static void set_parts(struct request *r, int32_t code, struct http_parts parts)
{
	if (r->form.is_pretty || r->form.is_yaml) {
		set_json(r, code, join(parts, r->arena));
		return;
	}
	set_body(r, code, STR_NONE);
	r->answer.parts = parts;
}

static void encode(enum format format, const struct type *type, const void *record, struct text *out)
{
	if (format == FORMAT_PROTO)
		proto_envelope_encode(type, record, out);
	else
		json_encode(type, record, out);
}

/* ---- one object in any view ------------------------------------------------------------------------------ */

static void encode_partial(enum format format, const struct type *type, const void *record,
			   struct text *out)
{
	struct meta_partial_object_metadata partial = {
		.metadata = record_meta(type, (void *)(uintptr_t)record),
	};

	encode(format, &meta_partial_object_metadata_type, &partial, out);
}

struct view_of respond_view_of(const struct request *r)
{
	return (struct view_of){ r->server, r->resource, r->form, r->options.include_object };
}

enum status respond_view_record(const struct view_of *as, const struct type *type,
				const void *record, bool has_columns, struct text *out)
{
	struct table_row row = { .type = type, .record = record };
	struct table_options options = { .has_columns = has_columns,
					 .include_object = as->include_object,
					 .is_beta = as->form.is_table_beta,
					 .custom = as->resource->custom,
					 .now = act_wall(as->server->act) };

	switch (as->form.view) {
	case VIEW_TABLE:
		options.resource_version =
		    record_meta(type, (void *)(uintptr_t)record)->resource_version;
		table_encode(type, &row, 1, &options, out);
		break;
	case VIEW_PARTIAL:
	case VIEW_PARTIAL_LIST: encode_partial(as->form.format, type, record, out); break;
	default: encode(as->form.format, type, record, out); break;
	}
	return out->is_cut ? TOO_LARGE : OK;
}

enum status respond_view(const struct view_of *as, const struct object *object, bool has_columns,
			 struct text *out)
{
	const struct type *type = as->resource->type;
	struct arena *arena = arena_new(0);
	const void *record = convert_record(object->type, object->record, type, arena);
	enum status status = respond_view_record(as, type, record, has_columns, out);

	arena_free(arena);
	return status;
}

void respond_object(struct request *r, int32_t code, const struct object *object)
{
	struct view_of as = respond_view_of(r);
	struct text out;

	if (r->form.view == VIEW_OBJECT && object->type == r->resource->type) {
		set_json(r, code, kept(r, object, r->arena));
		return;
	}
	out = text_in(r->arena, LIMIT_RESPONSE_BYTES);
	if (respond_view(&as, object, true, &out) != OK)
		request_fail(r, failure_internal(r->arena, "the answer is too large"));
	else
		set_json(r, code, text_str(&out));
}

void respond_record(struct request *r, int32_t code, const struct type *type, const void *record)
{
	struct text out = text_in(r->arena, LIMIT_RESPONSE_BYTES);
	struct view_of as = respond_view_of(r);

	if (type == r->resource->stored && type != r->resource->type) {
		record = convert_record(type, record, r->resource->type, r->arena);
		type = r->resource->type;
	}
	/* Bodies of subresources have no table but Scale's; neither has Status. */
	if (type != r->resource->type && type != &autoscaling_scale_type)
		as.form.view = VIEW_OBJECT;
	if (respond_view_record(&as, type, record, true, &out) != OK)
		request_fail(r, failure_internal(r->arena, "the answer is too large"));
	else
		set_json(r, code ? code : r->answer.code, text_str(&out));
}

/* ---- lists --------------------------------------------------------------------------------------------------- */

struct list_shape {
	const struct object *const *objects;
	uint32_t count;
	bool is_whole; /* all that the cache has of the namespace, as it has it */
	struct str namespace;
	struct meta_list_meta meta;
};

/* Items of a list do not say what they are: the head that a whole object begins with is left out. */
static uint32_t head_len(const struct type *type)
{
	char head[HEAD_MAX];
	const char *slash = type_group(type).len ? "/" : "";

	return (uint32_t)snprintf(head, sizeof head,
				  "{\"kind\":\"" STR_FMT "\",\"apiVersion\":\"" STR_FMT "%s" STR_FMT
				  "\",",
				  STR_ARG(type_kind(type)), STR_ARG(type_group(type)), slash,
				  STR_ARG(type_version(type)));
}

/* Each item's bytes, in the list's version and without an envelope; what hangs on a frozen object is used as it is. */
static struct str item_bytes(struct request *r, const struct list_shape *list, uint32_t i,
			     struct arena *arena)
{
	const struct object *object = list->objects[i];
	struct text out;
	const void *record;

	object_fetch_bytes(list->objects, list->count, i, r->form.format);
	if (object->type == r->resource->type && r->form.format == FORMAT_PROTO)
		return object_raw_counted(object, arena, &r->server->kept_bytes);
	if (object->type == r->resource->type)
		return kept(r, object, arena);
	out = text_in(arena, LIMIT_BODY_BYTES);
	record = convert_record(object->type, object->record, r->resource->type, arena);
	if (r->form.format == FORMAT_PROTO)
		proto_encode(r->resource->type, record, &out);
	else
		json_encode(r->resource->type, record, &out);
	return text_str(&out);
}

/* Of custom resources the list's members stand in order of their names, and each item says what it is. */
static struct http_parts list_custom(struct request *r, const struct list_shape *list)
{
	const struct type *type = r->resource->custom->types.list;
	struct str *parts = arena_alloc(r->arena, (2 * (size_t)list->count + 2) * sizeof *parts);
	struct text close = text_in(r->arena, META_MAX);
	uint32_t count = 0;
	uint64_t total = 0;

	parts[count++] = request_printf(r, "{\"apiVersion\":\"" STR_FMT "\",\"items\":[",
					STR_ARG(r->resource->api_version));
	for (uint32_t i = 0; i < list->count; i++) {
		struct str bytes = item_bytes(r, list, i, r->arena);

		if (i > 0)
			parts[count++] = STR(",");
		parts[count++] = bytes;
		total += bytes.len;
	}
	text_printf(&close, "],\"kind\":\"" STR_FMT "\",\"metadata\":{\"continue\":\"" STR_FMT "\"",
		    STR_ARG(type_kind(type)), STR_ARG(list->meta.continue_));
	if (list->meta.has.remaining_item_count)
		text_printf(&close, ",\"remainingItemCount\":%jd",
			    (intmax_t)list->meta.remaining_item_count);
	text_printf(&close, ",\"resourceVersion\":\"" STR_FMT "\"}}",
		    STR_ARG(list->meta.resource_version));
	parts[count++] = text_str(&close);
	if (total > LIMIT_RESPONSE_BYTES - META_MAX)
		count = 0;
	return (struct http_parts){ parts, count };
}

static void add_part(struct listed *items, struct str *parts, struct str bytes)
{
	if (bytes.len == 0)
		return;
	parts[items->count++] = bytes;
	items->bytes += bytes.len;
}

static void add_json(struct request *r, const struct list_shape *list, struct listed *items,
		     struct str *parts)
{
	uint32_t head = head_len(r->resource->type);

	for (uint32_t i = 0; i < list->count && items->bytes <= LIMIT_RESPONSE_BYTES; i++) {
		struct str bytes = item_bytes(r, list, i, items->arena);

		add_part(items, parts, i > 0 ? STR(",{") : STR("{"));
		add_part(items, parts, str_slice(bytes, head, bytes.len));
	}
}

/* Tag and length of a field of bytes. */
static struct str put_prefix(char *at, char tag, uint32_t len)
{
	char *end = at;

	*end++ = tag;
	for (; len >= 0x80; len >>= 7)
		*end++ = (char)(len | 0x80);
	*end++ = (char)len;
	return str_of(at, (size_t)(end - at));
}

static void add_proto(struct request *r, const struct list_shape *list, struct listed *items,
		      struct str *parts)
{
	char *prefixes = arena_alloc(items->arena, ((size_t)list->count + 1) * PREFIX_MAX);

	for (uint32_t i = 0; i < list->count && items->bytes <= LIMIT_RESPONSE_BYTES; i++) {
		struct str bytes = item_bytes(r, list, i, items->arena);

		if (bytes.at == NULL)
			continue;
		add_part(items, parts, put_prefix(prefixes, 0x12, bytes.len)); /* 2: items */
		add_part(items, parts, bytes);
		prefixes += PREFIX_MAX;
	}
}

static void let_go(void *items)
{
	listed_unref(items);
}

/* Nothing is put together: the parts are the items' own bytes and what stands between them. The request's reference. */
static struct listed *make_items(struct request *r, const struct list_shape *list)
{
	struct listed *items = listed_new(list->namespace);
	struct str *parts = arena_alloc(items->arena, (2 * (size_t)list->count + 1) * sizeof *parts);

	items->parts = parts;
	if (r->form.format == FORMAT_PROTO)
		add_proto(r, list, items, parts);
	else
		add_json(r, list, items, parts);
	if (list->is_whole && list->count >= LISTED_LEAST)
		cache_keep_listed(r->resource->cache, r->form.format, items);
	return items;
}

/* The items between what stands before them and behind. No parts: they are too many. */
static struct http_parts enclose(struct request *r, const struct listed *items, struct str open,
				 struct str close)
{
	struct str *parts = arena_alloc(r->arena, ((size_t)items->count + 2) * sizeof *parts);

	if (items->bytes > LIMIT_RESPONSE_BYTES - META_MAX)
		return (struct http_parts){ NULL, 0 };
	parts[0] = open;
	if (items->count > 0)
		memcpy(parts + 1, items->parts, items->count * sizeof *parts);
	parts[items->count + 1] = close;
	return (struct http_parts){ parts, items->count + 2 };
}

static struct http_parts list_json(struct request *r, const struct list_shape *list,
				   const struct listed *items)
{
	struct text open = text_in(r->arena, META_MAX);

	text_printf(&open,
		    "{\"kind\":\"" STR_FMT "List\",\"apiVersion\":\"" STR_FMT "\",\"metadata\":",
		    STR_ARG(type_kind(r->resource->type)), STR_ARG(r->resource->api_version));
	json_encode(&meta_list_meta_type, &list->meta, &open);
	text_lit(&open, ",\"items\":[");
	return enclose(r, items, text_str(&open), STR("]}"));
}

static struct http_parts list_proto(struct request *r, const struct list_shape *list,
				    const struct listed *items)
{
	struct text open = text_in(r->arena, META_MAX + HEAD_MAX),
		    meta = text_in(r->arena, META_MAX);
	char prefix[PREFIX_MAX];
	struct str metadata;

	proto_encode(&meta_list_meta_type, &list->meta, &meta);
	metadata = put_prefix(prefix, 0x0a, meta.len); /* 1 */
	if (items->bytes > LIMIT_RESPONSE_BYTES - META_MAX)
		return (struct http_parts){ NULL, 0 };
	proto_envelope_begin(r->resource->api_version,
			     request_printf(r, STR_FMT "List", STR_ARG(r->resource->row->kind)),
			     (uint32_t)(metadata.len + meta.len + items->bytes), &open);
	text_add(&open, metadata);
	text_add(&open, text_str(&meta));
	return enclose(r, items, text_str(&open), PROTO_ENVELOPE_END);
}

static struct str list_table(struct request *r, const struct list_shape *list)
{
	struct text out = text_in(r->arena, LIMIT_RESPONSE_BYTES);
	struct table_row *rows = arena_array(r->arena, struct table_row, list->count);
	struct table_options options = { .has_columns = true,
					 .is_list = true,
					 .include_object = r->options.include_object,
					 .is_beta = r->form.is_table_beta,
					 .custom = r->resource->custom,
					 .kept = &r->server->kept_bytes,
					 .now = act_wall(r->server->act),
					 .resource_version = list->meta.resource_version,
					 .continue_token = list->meta.continue_,
					 .remaining = list->meta.has.remaining_item_count
							  ? list->meta.remaining_item_count
							  : -1 };

	for (uint32_t i = 0; i < list->count; i++) {
		rows[i].type = r->resource->type;
		rows[i].record = convert_record(list->objects[i]->type, list->objects[i]->record,
						r->resource->type, r->arena);
		if (list->objects[i]->type == r->resource->type)
			rows[i].object = list->objects[i];
	}
	table_encode(r->resource->type, rows, list->count, &options, &out);
	return out.is_cut ? STR_NONE : text_str(&out);
}

/* In JSON each says what it is, unlike in any other list. */
static struct str list_partial_json(struct request *r, const struct list_shape *list)
{
	struct text out = text_in(r->arena, LIMIT_RESPONSE_BYTES);

	text_lit(&out, "{\"kind\":\"PartialObjectMetadataList\",\"apiVersion\":\"meta.k8s.io/v1\","
		       "\"metadata\":");
	json_encode(&meta_list_meta_type, &list->meta, &out);
	text_lit(&out, ",\"items\":[");
	for (uint32_t i = 0; i < list->count; i++) {
		if (i > 0)
			text_add_char(&out, ',');
		object_add_metadata(list->objects[i], &out, &r->server->kept_bytes);
	}
	text_lit(&out, "]}");
	return out.is_cut ? STR_NONE : text_str(&out);
}

static struct str list_partial(struct request *r, const struct list_shape *list)
{
	struct text out = text_in(r->arena, LIMIT_RESPONSE_BYTES);
	struct meta_partial_object_metadata_list partial = { 0 };
	struct meta_list_meta meta = list->meta;

	if (r->form.format == FORMAT_JSON)
		return list_partial_json(r, list);
	partial.metadata = &meta;
	partial.items.at =
	    arena_array(r->arena, struct meta_partial_object_metadata, list->count + 1);
	partial.items.len = list->count;
	for (uint32_t i = 0; i < list->count; i++)
		partial.items.at[i].metadata = object_meta(list->objects[i]);
	encode(r->form.format, &meta_partial_object_metadata_list_type, &partial, &out);
	return out.is_cut ? STR_NONE : text_str(&out);
}

static void refuse_list(struct request *r)
{
	request_fail(r, failure_too_large(r->arena, "the list is too long: use limit"));
}

/* NULL: they are to be gathered. */
struct listed *respond_listed(struct request *r, struct str namespace)
{
	if (r->form.view != VIEW_OBJECT || r->resource->custom != NULL ||
	    cache_type(r->resource->cache) != r->resource->type)
		return NULL;
	return cache_listed(r->resource->cache, namespace, r->form.format);
}

static void set_list(struct request *r, const struct list_shape *list, struct listed *items)
{
	struct http_parts parts;

	if (items == NULL && r->resource->custom == NULL)
		items = make_items(r, list);
	if (items != NULL)
		arena_on_free(r->arena, let_go, items);
	parts = items == NULL                    ? list_custom(r, list)
		: r->form.format == FORMAT_PROTO ? list_proto(r, list, items)
						 : list_json(r, list, items);
	if (parts.count == 0)
		refuse_list(r);
	else
		set_parts(r, 200, parts);
}

static struct list_shape shape_of(struct request *r, const struct object *const *objects,
				  uint32_t count, uint64_t revision)
{
	struct list_shape list = { .objects = objects, .count = count };

	list.meta.resource_version = request_printf(r, "%ju", (uintmax_t)revision);
	return list;
}

void respond_items(struct request *r, struct listed *items, uint64_t revision)
{
	struct list_shape list = shape_of(r, NULL, 0, revision);

	set_list(r, &list, items);
}

static void send_list(struct request *r, const struct list_shape *list)
{
	struct str body;

	if (r->form.view == VIEW_OBJECT) {
		set_list(r, list, NULL);
		return;
	}
	body = r->form.view == VIEW_TABLE ? list_table(r, list) : list_partial(r, list);
	if (body.at == NULL)
		refuse_list(r);
	else
		set_json(r, 200, body);
}

void respond_whole_list(struct request *r, const struct object *const *objects, uint32_t count,
			struct str namespace, uint64_t revision)
{
	struct list_shape list = shape_of(r, objects, count, revision);

	list.is_whole = cache_type(r->resource->cache) == r->resource->type;
	list.namespace = namespace;
	send_list(r, &list);
}

void respond_list(struct request *r, const struct object *const *objects, uint32_t count,
		  uint64_t revision, struct str continue_token, int64_t remaining)
{
	struct list_shape list = shape_of(r, objects, count, revision);

	list.meta.continue_ = continue_token;
	if (remaining >= 0)
		SET(&list.meta, remaining_item_count, remaining);
	send_list(r, &list);
}

/* What a write by way of a subresource says when it is done: {"status":"Success"}, 201. */
void respond_success(struct request *r)
{
	struct failure *success = FAILURE_NEW(r->arena);

	success->code = 201;
	r->answer = (struct answer){ .code = 201, .failure = success };
}

/* ---- the last step ---------------------------------------------------------------------------------------------- */

static void encode_failure(struct request *r)
{
	struct text out = text_in(r->arena, LIMIT_OBJECT_BYTES);
	int32_t code = r->answer.failure->code ? r->answer.failure->code : r->answer.code;

	r->form.view = VIEW_OBJECT;
	failure_encode(r->answer.failure, r->form.format, &out);
	r->answer.content_type = negotiate_type(&r->form, false);
	r->answer.body = text_str(&out);
	r->answer.code = code;
}

/* All bodies are made as JSON; those of objects, lists and failures become YAML here if that was asked for. */
static void turn_to_yaml(struct request *r)
{
	struct text out = text_in(r->arena, LIMIT_RESPONSE_BYTES);

	if (!r->form.is_yaml || r->answer.is_empty ||
	    !str_starts(r->answer.content_type, API_TYPE_JSON))
		return;
	if (yaml_of_json(r->answer.body, &out) == OK) {
		r->answer.body = text_str(&out);
		r->answer.content_type = API_TYPE_YAML;
		return;
	}
	r->form.is_yaml = false;
	request_fail(r, failure_too_large(r->arena, "the answer is too large"));
	encode_failure(r);
}

enum next respond(struct request *r)
{
	if (r->is_answered || r->is_gone)
		return NEXT;
	if (r->answer.failure != NULL)
		encode_failure(r);
	turn_to_yaml(r);
	return NEXT;
}
