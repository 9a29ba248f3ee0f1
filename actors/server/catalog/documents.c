#include "actors/server/catalog/documents.h"

#include <stdio.h>

#include "actors/server/aggregate/aggregated.h"
#include "actors/server/aggregate/aggregates.h"
#include "actors/server/catalog/document-job.h"
#include "actors/server/catalog/document-type.h"
#include "actors/server/server-private.h"
#include "transport/http/url.h"
#include "transport/wire/gzip.h"
#include "transport/wire/json.h"

#define ROOT "/openapi/v3/"
#define NAME_V2 STR("v2")                     /* no group has a version without a slash before it */
#define KEPT_BYTES (8U * LIMIT_OPENAPI_BYTES) /* a thousand definitions take two in each form */
#define JOBS_MAX 4U /* as many as there are workers; each is for all who ask for the same */

/*
 * A document in one form. What was made last stays when the document changes, for the pieces that the next one is made of.
 */
struct document_form {
	struct composition *made; /* NULL: nothing yet, or it was dropped */
	uint64_t stamp;           /* of what it was made of */
	struct mono began;        /* it shows all that was there then */
	struct document_plain *plain; /* for those who have waited for it, while they are run; else NULL */
	enum status status;           /* of the last try */
	uint64_t tried;               /* its stamp */
	uint64_t used;                /* when it was last asked for, in requests */
	bool is_making;
};

struct document {
	struct str name; /* "apps/v1" */
	struct str group, version;
	uint32_t first, count; /* of the resources, which stand side by side */
	uint64_t stamp;        /* of what it is made of: the same stamp, the same document */
	bool is_custom;        /* of definitions */
	char hash[COMPOSITION_HASH_BYTES]; /* "": not known yet */
	struct document_form forms[FORMAT_COUNT];
};

struct documents {
	const struct resources *resources;
	struct document *at; /* after those of v3: that of v2, of all resources */
	uint32_t len;        /* of v3 */
	struct map by_name;
	uint32_t bytes; /* of all forms that are kept */
	uint64_t requests;
	uint64_t changes;        /* of the resources when they were listed */
	uint64_t others_changes; /* of other servers' documents */
	uint32_t jobs;
	bool is_hashing;
	enum status hashed;  /* of the last try */
	struct list waiting; /* requests, for any job */
	struct arena *arena; /* of the list */
};

/* ---- which there are ------------------------------------------------------------------------------------------ */

static bool is_of(const struct document *document, const struct resource_row *row)
{
	return str_eq(document->group, row->group) && str_eq(document->version, row->version);
}

static void list_resource(struct document *one, const struct resource *resource)
{
	one->count++;
	one->stamp = hash_mix(one->stamp, document_key(resource));
	one->is_custom |= resource->custom != NULL && resource->custom->set != NULL;
}

static void begin_document(struct documents *documents, const struct resource_row *row,
			   uint32_t first)
{
	struct arena *arena = documents->arena;
	struct document *one = &documents->at[documents->len++];

	one->group = arena_str(arena, row->group);
	one->version = arena_str(arena, row->version);
	one->name =
	    arena_printf(arena, STR_FMT "/" STR_FMT, STR_ARG(row->group), STR_ARG(row->version));
	one->first = first;
	map_put(&documents->by_name, one->name, one);
}

static void list_all(struct documents *documents, struct arena *arena)
{
	const struct resources *resources = documents->resources;
	struct document *all;

	documents->arena = arena;
	documents->changes = resources_changes(resources);
	documents->len = 0;
	documents->at = arena_array(arena, struct document, resources_len(resources) + 1);
	map_clear(&documents->by_name);
	for (uint32_t i = 0; i < resources_len(resources); i++) {
		const struct resource *resource = resources_at(resources, i);

		if (documents->len == 0 || !is_of(&documents->at[documents->len - 1], resource->row))
			begin_document(documents, resource->row, i);
		list_resource(&documents->at[documents->len - 1], resource);
	}
	all = &documents->at[documents->len];
	all->name = NAME_V2;
	all->count = resources_len(resources);
	for (uint32_t i = 0; i < documents->len; i++)
		all->stamp = hash_mix(all->stamp, documents->at[i].stamp);
	all->stamp = hash_mix(all->stamp, documents->others_changes);
	map_put(&documents->by_name, all->name, all);
}

static void name_customs(struct documents *documents)
{
	for (uint32_t i = 0; i < documents->len; i++) {
		struct document *one = &documents->at[i];
		uint64_t low = hash_bytes(one->stamp, one->name.at, one->name.len);

		/* Of thousands of definitions it is named without being made. */
		if (one->is_custom)
			snprintf(one->hash, sizeof one->hash, "%016jX%016jX", (uintmax_t)one->stamp,
				 (uintmax_t)low);
	}
}

struct documents *documents_new(const struct resources *resources)
{
	struct documents *documents = mem_new(struct documents);

	documents->resources = resources;
	list_init(&documents->waiting);
	list_all(documents, arena_new(0));
	name_customs(documents);
	return documents;
}

static void drop(struct documents *documents, struct document_form *form)
{
	if (form->made == NULL)
		return;
	documents->bytes -= form->made->bytes;
	composition_unref(form->made);
	form->made = NULL;
}

static void take_over(struct document *to, struct document *from)
{
	memcpy(to->forms, from->forms, sizeof to->forms);
	memset(from->forms, 0, sizeof from->forms);
	if (to->stamp == from->stamp)
		memcpy(to->hash, from->hash, sizeof to->hash);
}

/* Brings the list up to date when resources have come or gone. */
static void refresh(struct documents *documents, struct request *r)
{
	struct arena *arena = documents->arena;
	struct document *old = documents->at;
	uint32_t old_len = documents->len;
	uint64_t others = aggregates_changes(r->server->aggregates);

	if (documents->changes == resources_changes(documents->resources) &&
	    documents->others_changes == others)
		return;
	documents->others_changes = others;
	list_all(documents, arena_new(0));
	for (uint32_t i = 0; i <= old_len; i++) {
		struct document *to = map_get(&documents->by_name, old[i].name);

		if (to != NULL)
			take_over(to, &old[i]);
		for (uint32_t f = 0; f < FORMAT_COUNT; f++)
			drop(documents, &old[i].forms[f]);
	}
	name_customs(documents);
	arena_free(arena);
}

void documents_free(struct documents *documents)
{
	if (documents == NULL)
		return;
	for (uint32_t i = 0; i < (documents->len + 1) * FORMAT_COUNT; i++)
		drop(documents, &documents->at[i / FORMAT_COUNT].forms[i % FORMAT_COUNT]);
	map_fini(&documents->by_name);
	arena_free(documents->arena);
	mem_free(documents);
}

static struct document *v2_of(const struct documents *documents)
{
	return &documents->at[documents->len];
}

/* ---- making them ------------------------------------------------------------------------------------------------ */

/* Whoever waits is run again when any job is done: it finds what it wants, begins the job for that, or waits on. */
static enum next wait(struct request *r)
{
	r->page_asked = 1;
	list_push(&r->server->documents->waiting, &r->wait_link);
	return WAIT;
}

static void begin_job(struct request *r, struct document_job *job)
{
	r->server->documents->jobs++;
	document_job_begin(job, r->server->act);
}

/* Copies: they change while the job runs. */
static void add_others(struct request *r, struct document_job *job)
{
	struct composing *what = &job->wishes->what;
	struct composing_other *others =
	    arena_array(job->arena, struct composing_other, LIMIT_AGGREGATES);
	struct aggregate_view view;

	for (uint32_t at = 0; what->other_count < LIMIT_AGGREGATES &&
			      aggregates_next(r->server->aggregates, &at, &view);)
		if (view.v2.at != NULL)
			others[what->other_count++] =
			    (struct composing_other){ { arena_str(job->arena, view.group),
							arena_str(job->arena, view.version) },
						      arena_str(job->arena, view.v2) };
	what->others = others;
}

static struct document_wish *wish_for(struct documents *documents, struct document_job *job,
				      const struct document *document)
{
	bool is_v2 = document == v2_of(documents);
	struct document_wish *wish =
	    document_job_wish(job, is_v2 ? OPENAPI_V2 : OPENAPI_V3, documents->resources,
			      document->first, document->count);

	wish->name = arena_str(job->arena, document->name);
	wish->stamp = document->stamp;
	memcpy(wish->hash, document->hash, sizeof wish->hash);
	return wish;
}

static void begin_compose(struct request *r, struct document *document, enum format format,
			  bool wants_plain)
{
	struct documents *documents = r->server->documents;
	struct document_form *form = &document->forms[format];
	struct document_job *job = document_job_new(DOCUMENT_COMPOSE, act_now(r->server->act), 1);
	struct document_wish *wish = wish_for(documents, job, document);

	form->is_making = true;
	job->wants_plain = wants_plain;
	wish->what.format = format;
	if (form->made != NULL)
		wish->what.before = job->packed = composition_ref(form->made);
	if (document == v2_of(documents))
		add_others(r, job);
	begin_job(r, job);
}

static void begin_unpack(struct request *r, struct document *document, enum format format)
{
	struct document_form *form = &document->forms[format];
	struct document_job *job = document_job_new(DOCUMENT_UNPACK, act_now(r->server->act), 1);
	struct document_wish *wish = &job->wishes[job->count++];

	form->is_making = true;
	wish->name = arena_str(job->arena, document->name);
	wish->stamp = form->stamp;
	wish->what.format = format;
	job->packed = composition_ref(form->made);
	begin_job(r, job);
}

static bool has_hash(const struct document *document)
{
	return document->hash[0] != '\0';
}

/* Of all documents that have none: so that the index can name them. */
static void begin_hash(struct request *r)
{
	struct documents *documents = r->server->documents;
	struct document_job *job =
	    document_job_new(DOCUMENT_HASH, act_now(r->server->act), documents->len);

	for (uint32_t i = 0; i < documents->len; i++)
		if (!has_hash(&documents->at[i]))
			wish_for(documents, job, &documents->at[i]);
	documents->is_hashing = true;
	begin_job(r, job);
}

/* Lets go of what was not asked for the longest, until the rest is within the limit. */
static void make_room(struct documents *documents, const struct document_form *keep)
{
	while (documents->bytes > KEPT_BYTES) {
		struct document_form *oldest = NULL;

		for (uint32_t i = 0; i < (documents->len + 1) * FORMAT_COUNT; i++) {
			struct document_form *form =
			    &documents->at[i / FORMAT_COUNT].forms[i % FORMAT_COUNT];

			if (form != keep && form->made != NULL &&
			    (oldest == NULL || form->used < oldest->used))
				oldest = form;
		}
		if (oldest == NULL)
			return;
		drop(documents, oldest);
	}
}

static void composed(struct documents *documents, struct document *document,
		     struct document_form *form, struct document_job *job)
{
	form->status = job->status;
	form->tried = job->wishes->stamp;
	if (job->made == NULL)
		return;
	drop(documents, form);
	form->made = composition_take(job->made);
	job->made = NULL;
	form->stamp = job->wishes->stamp;
	form->began = job->began;
	form->used = ++documents->requests;
	documents->bytes += form->made->bytes;
	if (document->stamp == form->stamp && !has_hash(document))
		memcpy(document->hash, form->made->hash, sizeof document->hash);
	make_room(documents, form);
}

static void hashed(struct documents *documents, const struct document_job *job)
{
	documents->is_hashing = false;
	documents->hashed = job->status;
	for (uint32_t i = 0; i < job->count && job->status == OK; i++) {
		const struct document_wish *wish = &job->wishes[i];
		struct document *document = map_get(&documents->by_name, wish->name);

		if (document != NULL && document->stamp == wish->stamp && !has_hash(document))
			memcpy(document->hash, wish->hash, sizeof document->hash);
	}
}

/* That it was made for; NULL: the document has gone. */
static struct document *subject_of(const struct documents *documents, const struct document_job *job)
{
	return map_get(&documents->by_name, job->wishes->name);
}

/* A form has one job at a time. */
static void delivered(struct documents *documents, struct document_job *job)
{
	struct document *document = subject_of(documents, job);
	struct document_form *form = document ? &document->forms[job->wishes->what.format] : NULL;

	if (form == NULL)
		return;
	form->is_making = false;
	if (job->kind == DOCUMENT_COMPOSE)
		composed(documents, document, form, job);
	if (job->kind == DOCUMENT_COMPOSE || form->made == job->packed)
		form->plain = job->plain;
}

/* Those who have got it hold it themselves. The list may be another by now. */
static void forget_plain(struct documents *documents, const struct document_job *job)
{
	struct document *document = job->plain != NULL ? subject_of(documents, job) : NULL;

	if (document != NULL)
		document->forms[job->wishes->what.format].plain = NULL;
}

bool documents_receive(struct server *server, const struct act_msg *msg)
{
	struct documents *documents = server->documents;
	struct document_job *job = document_job_of(msg);

	if (job == NULL)
		return false;
	documents->jobs--;
	if (job->kind == DOCUMENT_HASH)
		hashed(documents, job);
	else
		delivered(documents, job);
	request_run_all(&documents->waiting);
	forget_plain(documents, job);
	document_job_free(job);
	return true;
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

	while (known < documents->len && has_hash(&documents->at[known]))
		known++;
	if (known == documents->len)
		return true;
	if (documents->hashed != OK) {
		*out = fail(r);
		return false;
	}
	if (!documents->is_hashing && documents->jobs < JOBS_MAX)
		begin_hash(r);
	*out = wait(r);
	return false;
}

enum next documents_index(struct request *r)
{
	struct documents *documents = r->server->documents;
	struct text out = text_in(r->arena, OPENAPI_BYTES_MAX);
	uint64_t hash = 0;
	enum next next;

	refresh(documents, r);
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

	if (!form->is_making && documents->jobs < JOBS_MAX) {
		if (is_fresh(r, document, form))
			begin_unpack(r, document, format);
		else if (form->status != OK && form->tried == document->stamp)
			return fail(r);
		else
			begin_compose(r, document, format, !is_packed);
	}
	return wait(r);
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

	refresh(documents, r);
	return type.at == NULL ? refuse(r, OPENAPI_V2) : send(r, v2_of(documents), type, STR(""));
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
	refresh(r->server->documents, r);
	document = find(r, group, version);
	if (document == NULL || rest.len > 0)
		return request_fail(r, failure_no_path(r->arena));
	if (type.at == NULL)
		return refuse(r, OPENAPI_V3);
	if (hash.len > 0 && !has_hash(document) && !know_hashes(r, &next))
		return next;
	if (hash.len > 0 && !str_is(hash, document->hash))
		return redirect(r, document);
	return send(r, document, type, hash);
}
