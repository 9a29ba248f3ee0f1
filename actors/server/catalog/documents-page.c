#include "actors/server/aggregate/aggregated.h"
#include "actors/server/aggregate/aggregates.h"
#include "actors/server/catalog/document-type.h"
#include "actors/server/catalog/documents-private.h"
#include "transport/http/url.h"
#include "transport/wire/gzip.h"
#include "transport/wire/json.h"

#define ROOT "/openapi/v3/"

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
static void list_others(struct request *r, struct text *out)
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

/* False: `out` is what to return, for they are not known yet. */
static bool know_hashes(struct request *r, enum next *out)
{
	struct documents *documents = r->server->documents;
	uint32_t known = 0;

	while (known < documents->len && document_has_hash(&documents->at[known]))
		known++;
	if (known == documents->len)
		return true;
	if (documents->hashed != OK) {
		*out = fail(r);
		return false;
	}
	if (!documents->is_hashing && documents->jobs < DOCUMENTS_JOBS_MAX)
		documents_hash(r);
	*out = documents_wait(r);
	return false;
}

enum next documents_index(struct request *r)
{
	struct documents *documents = r->server->documents;
	struct text out = text_in(r->arena, OPENAPI_BYTES_MAX);
	uint64_t hash = 0;
	enum next next;

	documents_refresh(documents, r);
	if (!know_hashes(r, &next))
		return next;
	text_lit(&out, "{\"paths\":{");
	for (uint32_t i = 0; i < documents->len; i++) {
		struct document *document = &documents->at[i];
		struct str name =
		    document->group.len == 0
			? request_printf(r, "api/" STR_FMT, STR_ARG(document->version))
			: request_printf(r, "apis/" STR_FMT "/" STR_FMT, STR_ARG(document->group),
					 STR_ARG(document->version));

		text_printf(
		    &out, "%s\"" STR_FMT "\":{\"serverRelativeURL\":\"" ROOT STR_FMT "?hash=%s\"}",
		    i > 0 ? "," : "", STR_ARG(name), STR_ARG(name), document->hash);
	}
	list_others(r, &out);
	text_lit(&out, "}}");
	hash = hash_bytes(0, out.at, out.len);
	return answer(r, STR(DOCUMENT_TYPE_JSON), text_str(&out),
		      request_printf(r, "%016jX", (uintmax_t)hash));
}

/* Where the document is under the hash that it has now. */
static enum next redirect(struct request *r, const struct document *document)
{
	request_answer_body(r, 301, STR("text/plain"), STR(""));
	r->answer.location =
	    request_printf(r, STR_FMT "?hash=%s", STR_ARG(r->asked.path), document->hash);
	return DONE;
}

/* What was begun after the request came shows all that it may expect, though the document has changed again since. */
static bool is_fresh(const struct request *r, const struct document *document,
		     const struct document_form *form)
{
	return form->made != NULL &&
	       (form->stamp == document->stamp || form->began.ns > r->began.ns);
}

static void give_back(void *composition)
{
	composition_unref(composition);
}

static enum next answer_packed(struct request *r, struct str type, struct document_form *form)
{
	answer(r, type, STR(""), str_from(form->made->hash));
	r->answer.encoding = STR("gzip");
	if (r->answer.is_empty)
		return DONE;
	arena_on_free(r->arena, give_back, composition_ref(form->made));
	r->answer.parts = form->made->packed;
	return DONE;
}

static enum next answer_plain(struct request *r, struct str type, struct document_form *form)
{
	document_plain_hold(r->arena, form->plain);
	return answer(r, type, text_str(&form->plain->text), str_from(form->made->hash));
}

static enum next make(struct request *r, struct document *document, enum format format,
		      bool is_packed)
{
	struct documents *documents = r->server->documents;
	struct document_form *form = &document->forms[format];

	if (!form->is_making && documents->jobs < DOCUMENTS_JOBS_MAX) {
		if (is_fresh(r, document, form))
			documents_unpack(r, document, format);
		else if (form->status != OK && form->tried == document->stamp)
			return fail(r);
		else
			documents_compose(r, document, format, !is_packed);
	}
	return documents_wait(r);
}

/* `hash`: the one that was asked for; empty: none was. */
static enum next send(struct request *r, struct document *document, struct str type, struct str hash)
{
	struct documents *documents = r->server->documents;
	enum format format = str_is(type, DOCUMENT_TYPE_JSON) ? FORMAT_JSON : FORMAT_PROTO;
	bool is_packed = gzip_is_accepted(r->asked.accept_encoding);
	struct document_form *form = &document->forms[format];
	bool is_known =
	    is_fresh(r, document, form) &&
	    str_is(r->asked.if_none_match, request_printf(r, "\"%s\"", form->made->hash).at);
	enum next next;

	if (!is_fresh(r, document, form) || (!is_packed && form->plain == NULL && !is_known))
		return make(r, document, format, is_packed);
	form->used = ++documents->requests;
	next = is_packed || is_known ? answer_packed(r, type, form) : answer_plain(r, type, form);
	if (str_is(hash, form->made->hash))
		r->answer.cache_control = STR("public, max-age=31536000, immutable");
	if (!is_packed)
		r->answer.encoding = STR_NONE;
	return next;
}

static enum next refuse(struct request *r, enum openapi_version version)
{
	return request_fail(
	    r, failure_not_acceptable(r->arena, request_printf(r, DOCUMENT_TYPE_JSON ", %s",
							       document_type_proto(version))));
}

enum next documents_v2(struct request *r)
{
	struct str type = document_type(OPENAPI_V2, r->asked.accept);
	struct documents *documents = r->server->documents;

	documents_refresh(documents, r);
	return type.at == NULL ? refuse(r, OPENAPI_V2)
			       : send(r, documents_whole(documents), type, STR(""));
}

static struct document *find(struct request *r, struct str group, struct str version)
{
	return map_get(&r->server->documents->by_name,
		       request_printf(r, STR_FMT "/" STR_FMT, STR_ARG(group), STR_ARG(version)));
}

enum next documents_page(struct request *r)
{
	struct str rest = str_slice(r->asked.path, sizeof ROOT - 1, r->asked.path.len);
	bool is_core = str_is(str_cut(&rest, '/'), "api");
	struct str group = is_core ? STR("") : str_cut(&rest, '/');
	struct str version = rest.at ? str_cut(&rest, '/') : STR("");
	struct str type = document_type(OPENAPI_V3, r->asked.accept);
	struct str hash = url_query_get(r->arena, r->asked.query, STR("hash"));
	struct document *document;
	enum next next;

	if (rest.len == 0 && aggregated_takes(r, group, version))
		return NEXT;
	documents_refresh(r->server->documents, r);
	document = find(r, group, version);
	if (document == NULL || rest.len > 0)
		return request_fail(r, failure_no_path(r->arena));
	if (type.at == NULL)
		return refuse(r, OPENAPI_V3);
	if (hash.len > 0 && !document_has_hash(document) && !know_hashes(r, &next))
		return next;
	if (hash.len > 0 && !str_is(hash, document->hash))
		return redirect(r, document);
	return send(r, document, type, hash);
}
