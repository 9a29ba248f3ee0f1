#include "actors/server/catalog/documents.h"

#include <stdio.h>

#include "actors/server/aggregate/aggregated.h"
#include "actors/server/aggregate/aggregates.h"
#include "actors/server/catalog/merge.h"
#include "actors/server/server-private.h"
#include "datastore/object/openapi/openapi.h"
#include "transport/http/url.h"
#include "transport/wire/gzip.h"
#include "transport/wire/json.h"

#define ROOT "/openapi/v3/"
#define HASH_TEXT 33 /* 128 bits in hex */
#define TYPE_JSON "application/json"
#define PROTO "application/com.github.proto-openapi.spec."

/* What protobuf is called. The old name has a character that no media type may have: it is asked for, but never said. */
static const struct names {
	const char *proto, *proto_old;
} v2 = { PROTO "v2.v1.0+protobuf", PROTO "v2@v1.0+protobuf" },
  v3 = { PROTO "v3.v1.0+protobuf", PROTO "v3@v1.0+protobuf" };

/* The bytes of one form, gzipped; none: it has to be made. */
struct packed {
	struct text text;
	uint64_t used; /* when it was last asked for, in requests */
	bool is_asked; /* by somebody who could not read it packed */
};

struct document {
	struct str group, version;
	uint32_t first, count; /* of the resources, which stand side by side */
	uint64_t stamp;        /* of what it is made of: the same stamp, the same document */
	char hash[HASH_TEXT];  /* "": not made yet */
	struct packed packed[FORMAT_COUNT];
};

struct documents {
	const struct resources *resources;
	struct document *at; /* after those of v3: that of v2, of all resources */
	uint32_t len;        /* of v3 */
	uint32_t bytes;      /* of all packed forms */
	uint64_t requests;
	uint64_t changes;                /* of the resources when they were listed */
	const struct aggregates *others; /* NULL: nobody has asked for v2 yet */
	uint64_t others_changes;
	struct arena *arena; /* of the list */
};

/* ---- which there are ------------------------------------------------------------------------------------------ */

static bool is_of(const struct document *document, const struct resource_row *row)
{
	return str_eq(document->group, row->group) && str_eq(document->version, row->version);
}

/* Definitions are told apart by their generation, which is the same at every server. */
static uint64_t stamp_of(const struct resource *resource, uint64_t before)
{
	const struct custom_set *set = resource->custom ? resource->custom->set : NULL;
	uint64_t stamp = hash_bytes(before, resource->row->name.at, resource->row->name.len);
	struct str uid = set ? object_uid(set->definition) : STR("");

	stamp = hash_bytes(stamp, uid.at, uid.len);
	if (set != NULL)
		stamp =
		    hash_bytes(stamp, &object_meta(set->definition)->generation, sizeof(int64_t));
	return stamp;
}

static void list_all(struct documents *documents, struct arena *arena)
{
	const struct resources *resources = documents->resources;
	struct document *all, *one = NULL;

	documents->arena = arena;
	documents->changes = resources_changes(resources);
	documents->len = 0;
	documents->at = arena_array(arena, struct document, resources_len(resources) + 1);
	for (uint32_t i = 0; i < resources_len(resources); i++) {
		const struct resource *resource = resources_at(resources, i);

		if (one == NULL || !is_of(one, resource->row)) {
			one = &documents->at[documents->len++];
			*one =
			    (struct document){ .group = arena_str(arena, resource->row->group),
					       .version = arena_str(arena, resource->row->version),
					       .first = i };
		}
		one->count++;
		one->stamp = stamp_of(resource, one->stamp);
	}
	all = &documents->at[documents->len];
	all->count = resources_len(resources);
	for (uint32_t i = 0; i < documents->len; i++)
		all->stamp = hash_bytes(all->stamp, &documents->at[i].stamp, sizeof all->stamp);
}

struct documents *documents_new(const struct resources *resources)
{
	struct documents *documents = mem_new(struct documents);

	documents->resources = resources;
	list_all(documents, arena_new(0));
	return documents;
}

static void drop(struct documents *documents, struct packed *packed)
{
	documents->bytes -= packed->text.len;
	text_fini(&packed->text);
	packed->text = (struct text){ 0 };
}

static void drop_all(struct documents *documents, struct document *at, uint32_t len)
{
	for (uint32_t i = 0; i <= len; i++)
		for (uint32_t f = 0; f < FORMAT_COUNT; f++)
			drop(documents, &at[i].packed[f]);
}

/* What was made of the same resources is taken over. */
static void take_over(struct document *to, struct document *from)
{
	if (from == NULL || from->stamp != to->stamp)
		return;
	memcpy(to->hash, from->hash, sizeof to->hash);
	memcpy(to->packed, from->packed, sizeof to->packed);
	memset(from->packed, 0, sizeof from->packed);
}

/* Brings the list up to date when resources have come or gone. */
static void refresh(struct documents *documents)
{
	struct arena *arena = documents->arena;
	struct document *old = documents->at;
	uint32_t old_len = documents->len, at = 0;

	if (documents->changes == resources_changes(documents->resources))
		return;
	list_all(documents, arena_new(0));
	/* Both stand in the same order, so one walk finds the pairs. */
	for (uint32_t i = 0; i < documents->len; i++) {
		struct document *to = &documents->at[i];
		uint32_t found = at;

		while (found < old_len && !(str_eq(old[found].group, to->group) &&
					    str_eq(old[found].version, to->version)))
			found++;
		if (found == old_len)
			continue;
		take_over(to, &old[found]);
		at = found + 1;
	}
	take_over(&documents->at[documents->len], &old[old_len]);
	drop_all(documents, old, old_len);
	arena_free(arena);
}

void documents_free(struct documents *documents)
{
	if (documents == NULL)
		return;
	drop_all(documents, documents->at, documents->len);
	arena_free(documents->arena);
	mem_free(documents);
}

static struct document *v2_of(const struct documents *documents)
{
	return &documents->at[documents->len];
}

static struct document *find(const struct documents *documents, struct str group, struct str version)
{
	for (uint32_t i = 0; i < documents->len; i++)
		if (str_eq(documents->at[i].group, group) &&
		    str_eq(documents->at[i].version, version))
			return &documents->at[i];
	return NULL;
}

/* ---- making one ------------------------------------------------------------------------------------------------- */

static void set_hash(struct document *document, uint64_t high, uint64_t low)
{
	snprintf(document->hash, sizeof document->hash, "%016jX%016jX", (uintmax_t)high,
		 (uintmax_t)low);
}

/* Documents of other servers among ours. */
static void add_v2(const struct documents *documents, struct text *own, struct text *out)
{
	struct str others[LIMIT_AGGREGATES];
	struct aggregate_view view;
	uint32_t count = 0;

	for (uint32_t at = 0; aggregates_next(documents->others, &at, &view);)
		if (view.v2.at != NULL)
			others[count++] = view.v2;
	if (count > 0)
		merge_write(text_str(own), others, count, out);
	else
		text_add(out, text_str(own));
	out->is_cut |= own->is_cut;
}

static void write_v2(const struct documents *documents, const struct openapi_resource *resources,
		     uint32_t count, struct text *out)
{
	struct text own;

	if (documents->others_changes == 0) {
		openapi_write_v2(resources, count, out);
		return;
	}
	own = text_new(OPENAPI_BYTES_MAX);
	openapi_write_v2(resources, count, &own);
	add_v2(documents, &own, out);
	text_fini(&own);
}

static enum status make_json(const struct documents *documents, struct document *document,
			     struct text *out)
{
	struct arena *arena = arena_new(0);
	struct openapi_resource *resources =
	    arena_array(arena, struct openapi_resource, document->count);
	uint64_t high, low;

	for (uint32_t i = 0; i < document->count; i++) {
		const struct resource *resource =
		    resources_at(documents->resources, document->first + i);

		resources[i].row = resource->row;
		resources[i].type = resource->custom != NULL ? NULL : resource->type;
		if (resource->custom != NULL && resource->custom->version->schema != NULL)
			resources[i].schema = resource->custom->version->schema->open_api_v3_schema;
		resources[i].returns_deleted =
		    resource->rules != NULL && resource->rules->returns_deleted;
	}
	if (document == v2_of(documents))
		write_v2(documents, resources, document->count, out);
	else
		openapi_write(document->group, document->version, resources, document->count, out);
	arena_free(arena);
	if (out->is_cut)
		return TOO_LARGE;
	if (document->hash[0])
		return OK;
	high = hash_bytes(0, out->at, out->len);
	low = hash_bytes(high, out->at, out->len);
	set_hash(document, high, low);
	return OK;
}

static bool is_custom(const struct documents *documents, const struct document *document)
{
	const struct custom_resource *custom =
	    resources_at(documents->resources, document->first)->custom;

	return custom != NULL && custom->set != NULL;
}

/* So that the index can name it. Of thousands of definitions it is named without being made. */
static enum status make_hash(const struct documents *documents, struct document *document)
{
	struct text json = text_new(OPENAPI_BYTES_MAX);
	enum status status = OK;

	if (document->hash[0] == 0 && document != v2_of(documents) && is_custom(documents, document))
		set_hash(document, document->stamp,
			 hash_bytes(document->stamp, document->group.at, document->group.len));
	if (document->hash[0] == 0)
		status = make_json(documents, document, &json);
	text_fini(&json);
	return status;
}

/* Lets go of what was not asked for the longest, until the rest is within the limit. */
static void make_room(struct documents *documents, const struct packed *keep)
{
	while (documents->bytes > LIMIT_OPENAPI_BYTES) {
		struct packed *oldest = NULL;

		for (uint32_t i = 0; i < (documents->len + 1) * FORMAT_COUNT; i++) {
			struct packed *packed =
			    &documents->at[i / FORMAT_COUNT].packed[i % FORMAT_COUNT];

			if (packed != keep && packed->text.len > 0 &&
			    (oldest == NULL || packed->used < oldest->used))
				oldest = packed;
		}
		if (oldest == NULL)
			return;
		drop(documents, oldest);
	}
}

static enum status make(const struct documents *documents, struct document *document,
			enum format format, struct text *out)
{
	struct text json = text_new(OPENAPI_BYTES_MAX);
	enum status status = make_json(documents, document, format == FORMAT_JSON ? out : &json);

	if (status == OK && format == FORMAT_PROTO)
		status = openapi_proto(text_str(&json), out, NULL);
	text_fini(&json);
	return status;
}

static enum status pack(struct documents *documents, struct document *document, enum format format,
			struct packed *packed)
{
	struct text plain = text_new(OPENAPI_BYTES_MAX);
	enum status status = make(documents, document, format, &plain);

	packed->text = text_new(OPENAPI_BYTES_MAX);
	if (status == OK)
		status = gzip_pack(&packed->text, text_str(&plain));
	text_fini(&plain);
	if (status != OK) {
		text_fini(&packed->text);
		packed->text = (struct text){ 0 };
		return status;
	}
	documents->bytes += packed->text.len;
	make_room(documents, packed);
	return OK;
}

/* ---- answers -------------------------------------------------------------------------------------------------------- */

static enum next fail(struct request *r)
{
	return request_fail(r, failure_internal(r->arena, "the document cannot be made"));
}

static enum next answer(struct request *r, struct str type, struct str body, struct str hash)
{
	request_answer_body(r, 200, type, body);
	r->answer.etag = request_printf(r, "\"" STR_FMT "\"", STR_ARG(hash));
	if (str_eq(r->asked.if_none_match, r->answer.etag)) {
		r->answer.code = 304;
		r->answer.is_empty = true;
	}
	return DONE;
}

/* Documents of other servers are asked for there. */
static void add_others(struct request *r, struct text *out)
{
	struct aggregate_view view;

	for (uint32_t at = 0; aggregates_next(r->server->aggregates, &at, &view);) {
		if (!view.is_well || view.openapi.at == NULL)
			continue;
		text_printf(out, ",\"apis/" STR_FMT "/" STR_FMT "\":{\"serverRelativeURL\":",
			    STR_ARG(view.group), STR_ARG(view.version));
		json_write_string(out, view.openapi);
		text_add_char(out, '}');
	}
}

enum next documents_index(struct request *r)
{
	struct documents *documents = r->server->documents;
	struct text out = text_in(r->arena, OPENAPI_BYTES_MAX);
	uint64_t hash = 0;

	refresh(documents);
	text_lit(&out, "{\"paths\":{");
	for (uint32_t i = 0; i < documents->len; i++) {
		struct document *document = &documents->at[i];
		struct str name =
		    document->group.len == 0
			? request_printf(r, "api/" STR_FMT, STR_ARG(document->version))
			: request_printf(r, "apis/" STR_FMT "/" STR_FMT, STR_ARG(document->group),
					 STR_ARG(document->version));

		if (make_hash(documents, document) != OK)
			return fail(r);
		text_printf(
		    &out, "%s\"" STR_FMT "\":{\"serverRelativeURL\":\"" ROOT STR_FMT "?hash=%s\"}",
		    i > 0 ? "," : "", STR_ARG(name), STR_ARG(name), document->hash);
	}
	add_others(r, &out);
	text_lit(&out, "}}");
	hash = hash_bytes(0, out.at, out.len);
	return answer(r, STR(TYPE_JSON), text_str(&out),
		      request_printf(r, "%016jX", (uintmax_t)hash));
}

/* Of one clause of Accept; absent: none of ours. */
static struct str offered_type(const struct names *names, struct str clause, double *quality)
{
	struct str rest = clause;
	struct str type = str_trim(str_cut(&rest, ';'));

	*quality = 1;
	while (rest.at != NULL) {
		struct str parameter = str_trim(str_cut(&rest, ';'));

		if (str_starts(parameter, STR("q=")) &&
		    str_to_double(str_slice(parameter, 2, parameter.len), quality) != OK)
			*quality = 0;
	}
	if (str_is(type, "*/*") || str_is(type, "application/*") || str_is(type, TYPE_JSON))
		return STR(TYPE_JSON);
	if (str_is(type, names->proto) || str_is(type, names->proto_old))
		return str_from(names->proto);
	return STR_NONE;
}

/* The type to answer with; absent: nothing that is accepted. */
static struct str choose_type(const struct names *names, struct str accept)
{
	struct str rest = accept, best = STR_NONE;
	double most = 0, quality;

	if (accept.len == 0)
		return STR(TYPE_JSON);
	while (rest.at != NULL) {
		struct str type = offered_type(names, str_cut(&rest, ','), &quality);

		if (type.at == NULL || quality <= most)
			continue;
		best = type;
		most = quality;
	}
	return best;
}

/* Where the document is under the hash that it has now. */
static enum next redirect(struct request *r, const struct document *document)
{
	request_answer_body(r, 301, STR("text/plain"), STR(""));
	r->answer.location =
	    request_printf(r, STR_FMT "?hash=%s", STR_ARG(r->asked.path), document->hash);
	return DONE;
}

/* The document in this form, packed or not as the client can read it; absent: it cannot be made. */
static struct str body_of(struct request *r, struct document *document, enum format format,
			  bool is_packed)
{
	struct documents *documents = r->server->documents;
	struct packed *packed = &document->packed[format];
	struct text plain = text_in(r->arena, OPENAPI_BYTES_MAX);

	/* To pack it costs more than to make it: who cannot read that waits for it only when a second one has asked. */
	if (packed->text.len == 0 && !is_packed && !packed->is_asked) {
		packed->is_asked = true;
		return make(documents, document, format, &plain) == OK ? text_str(&plain) : STR_NONE;
	}
	if (packed->text.len == 0 && pack(documents, document, format, packed) != OK)
		return STR_NONE;
	packed->used = ++documents->requests;
	/* A copy: another request may push this one out before the answer has left. */
	if (is_packed)
		return arena_str(r->arena, text_str(&packed->text));
	return gzip_unpack(&plain, text_str(&packed->text)) == OK ? text_str(&plain) : STR_NONE;
}

static enum next send(struct request *r, struct document *document, struct str type, bool is_hashed)
{
	enum format format = str_is(type, TYPE_JSON) ? FORMAT_JSON : FORMAT_PROTO;
	bool is_packed = gzip_is_accepted(r->asked.accept_encoding);
	struct str body = body_of(r, document, format, is_packed);

	if (body.at == NULL)
		return fail(r);
	answer(r, type, body, str_from(document->hash));
	if (is_hashed)
		r->answer.cache_control = STR("public, max-age=31536000, immutable");
	r->answer.encoding = is_packed ? STR("gzip") : STR_NONE;
	return DONE;
}

static enum next refuse(struct request *r, const struct names *names)
{
	return request_fail(
	    r, failure_not_acceptable(r->arena, request_printf(r, TYPE_JSON ", %s", names->proto)));
}

enum next documents_v2(struct request *r)
{
	struct str type = choose_type(&v2, r->asked.accept);
	struct documents *documents = r->server->documents;
	struct document *document;

	refresh(documents);
	documents->others = r->server->aggregates;
	document = v2_of(documents);
	if (documents->others_changes != aggregates_changes(documents->others)) {
		documents->others_changes = aggregates_changes(documents->others);
		for (uint32_t f = 0; f < FORMAT_COUNT; f++)
			drop(documents, &document->packed[f]);
		document->hash[0] = '\0';
	}
	return type.at == NULL ? refuse(r, &v2) : send(r, v2_of(r->server->documents), type, false);
}

enum next documents_page(struct request *r)
{
	struct str rest = str_slice(r->asked.path, sizeof ROOT - 1, r->asked.path.len);
	bool is_core = str_is(str_cut(&rest, '/'), "api");
	struct str group = is_core ? STR("") : str_cut(&rest, '/');
	struct str version = rest.at ? str_cut(&rest, '/') : STR("");
	struct str type = choose_type(&v3, r->asked.accept);
	struct str hash = url_query_get(r->arena, r->asked.query, STR("hash"));
	struct document *document;

	if (rest.len == 0 && aggregated_takes(r, group, version))
		return NEXT;
	refresh(r->server->documents);
	document = find(r->server->documents, group, version);
	if (document == NULL || rest.len > 0)
		return request_fail(r, failure_no_path(r->arena));
	if (type.at == NULL)
		return refuse(r, &v3);
	if (make_hash(r->server->documents, document) != OK)
		return fail(r);
	if (hash.len > 0 && !str_is(hash, document->hash))
		return redirect(r, document);
	return send(r, document, type, hash.len > 0);
}
