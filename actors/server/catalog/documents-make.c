#include "actors/server/aggregate/aggregates.h"
#include "actors/server/catalog/documents-private.h"

enum next documents_wait(struct request *r)
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
	bool is_v2 = document == documents_whole(documents);
	struct document_wish *wish =
	    document_job_wish(job, is_v2 ? OPENAPI_V2 : OPENAPI_V3, documents->resources,
			      document->first, document->count);

	wish->name = arena_str(job->arena, document->name);
	wish->stamp = document->stamp;
	memcpy(wish->hash, document->hash, sizeof wish->hash);
	return wish;
}

void documents_compose(struct request *r, struct document *document, enum format format,
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
	if (document == documents_whole(documents))
		add_others(r, job);
	documents->jobs++;
	document_job_compose(job, r->server->act);
}

void documents_unpack(struct request *r, struct document *document, enum format format)
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

void documents_hash(struct request *r)
{
	struct documents *documents = r->server->documents;
	struct document_job *job =
	    document_job_new(DOCUMENT_HASH, act_now(r->server->act), documents->len);

	for (uint32_t i = 0; i < documents->len; i++)
		if (!document_has_hash(&documents->at[i]))
			wish_for(documents, job, &documents->at[i]);
	documents->is_hashing = true;
	begin_job(r, job);
}

static void composed(struct documents *documents, struct document *document,
		     struct document_form *form, struct document_job *job)
{
	form->status = job->status;
	form->tried = job->wishes->stamp;
	if (job->made == NULL)
		return;
	documents_drop(documents, form);
	form->made = composition_take(job->made);
	job->made = NULL;
	form->stamp = job->wishes->stamp;
	form->began = job->began;
	form->used = ++documents->requests;
	documents->bytes += form->made->bytes;
	if (document->stamp == form->stamp && !document_has_hash(document))
		memcpy(document->hash, form->made->hash, sizeof document->hash);
	documents_make_room(documents, form);
}

static void hashed(struct documents *documents, const struct document_job *job)
{
	documents->is_hashing = false;
	documents->hashed = job->status;
	for (uint32_t i = 0; i < job->count && job->status == OK; i++) {
		const struct document_wish *wish = &job->wishes[i];
		struct document *document = map_get(&documents->by_name, wish->name);

		if (document != NULL && document->stamp == wish->stamp &&
		    !document_has_hash(document))
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
	if (document_job_goes_on(job, server->act))
		return true;
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
