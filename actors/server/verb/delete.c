#include "actors/server/outside/conversions.h"
#include "actors/server/server-private.h"
#include "actors/server/verb/select.h"
#include "datastore/object/record.h"

/*
 * delete and deletecollection: an object goes at once, or is marked and goes when its grace and its finalizers have ended.
 */

#define ORPHAN STR("orphan")
#define FOREGROUND STR("foregroundDeletion")

/* ---- finalizers of the garbage collector ---------------------------------------------------------------------- */

static bool wants_orphans(const struct request *r, const struct meta_object_meta *meta)
{
	const struct options *options = &r->options;

	if (options->orphan != OPTION_UNSET)
		return options->orphan == OPTION_TRUE;
	if (options->propagation.len > 0)
		return str_is(options->propagation, "Orphan");
	return str_list_has(meta->finalizers, ORPHAN) ||
	       (!str_list_has(meta->finalizers, FOREGROUND) &&
		r->resource->rules->garbage == KIND_GARBAGE_ORPHAN);
}

static bool wants_foreground(const struct request *r, const struct meta_object_meta *meta)
{
	const struct options *options = &r->options;

	if (options->orphan != OPTION_UNSET)
		return false;
	if (options->propagation.len > 0)
		return str_is(options->propagation, "Foreground");
	return str_list_has(meta->finalizers, FOREGROUND);
}

/* The list as it has to be; the same one when nothing is to change. */
static struct str_list finalizers_of(struct request *r, const struct meta_object_meta *meta)
{
	struct str_list out = { 0 };
	bool orphan = wants_orphans(r, meta);
	bool foreground = !orphan && wants_foreground(r, meta);

	if (r->resource->rules->garbage == KIND_GARBAGE_NONE ||
	    (orphan == str_list_has(meta->finalizers, ORPHAN) &&
	     foreground == str_list_has(meta->finalizers, FOREGROUND)))
		return meta->finalizers;
	out.at = arena_array(r->arena, struct str, meta->finalizers.len + 1);
	for (uint32_t i = 0; i < meta->finalizers.len; i++) {
		struct str name = meta->finalizers.at[i];

		if (!str_eq(name, ORPHAN) && !str_eq(name, FOREGROUND))
			out.at[out.len++] = name;
	}
	if (orphan)
		out.at[out.len++] = ORPHAN;
	if (foreground)
		out.at[out.len++] = FOREGROUND;
	return out;
}

/* ---- what a delete of this object means ----------------------------------------------------------------------- */

/* Of kinds that upstream judges by themselves. */
static bool refuse_shortly(struct request *r, const char *what, struct str asked, struct str stored)
{
	request_fail(r, failure_conflict(r->arena, request_group(r), request_resource(r),
					 object_name(r->live),
					 request_printf(r,
							"%s: %s in precondition: " STR_FMT
							", %s in object meta: " STR_FMT,
							r->resource->rules->precondition, what,
							STR_ARG(asked), what, STR_ARG(stored))));
	return false;
}

static bool refuse(struct request *r, const char *what, struct str asked, struct str stored,
		   const char *how)
{
	if (r->resource->rules->precondition != NULL)
		return refuse_shortly(r, what, asked, stored);
	request_fail(
	    r, failure_conflict(r->arena, type_group(r->resource->stored), type_kind(r->type),
				object_name(r->live),
				request_printf(r,
					       "the %s in the precondition (" STR_FMT
					       ") does not match the %s in record (" STR_FMT
					       "). The object might have been %s",
					       what, STR_ARG(asked), what, STR_ARG(stored), how)));
	return false;
}

static bool check_preconditions(struct request *r, const struct meta_object_meta *meta)
{
	const struct options *options = &r->options;

	if (options->uid_precondition.at != NULL && !str_eq(options->uid_precondition, meta->uid))
		return refuse(r, "UID", options->uid_precondition, meta->uid,
			      "deleted and then recreated");
	if (options->version_precondition.at != NULL &&
	    !str_eq(options->version_precondition, meta->resource_version))
		return refuse(r, "ResourceVersion", options->version_precondition,
			      meta->resource_version, "modified");
	return true;
}

static void bump_generation(struct meta_object_meta *meta)
{
	if (meta->generation > 0)
		SET(meta, generation, meta->generation + 1);
}

/* What the grace of the object allows. */
enum grace {
	GRACE_NONE,    /* the kind has none: it may go at once */
	GRACE_OVER,    /* it was given, or is none: it may go at once, and says so */
	GRACE_BEGUN,   /* it stays for so long */
	GRACE_PENDING, /* it is being deleted already, and nothing changes that */
};

static enum grace begin_grace(struct meta_object_meta *meta, int64_t grace, struct wall now)
{
	SET(meta, deletion_timestamp, ((struct wall){ now.ns + grace * TIME_S }));
	SET(meta, deletion_grace_period_seconds, grace);
	bump_generation(meta);
	return grace > 0 ? GRACE_BEGUN : GRACE_OVER;
}

/* Graceful again: only a shorter grace changes anything, counted from the first request. */
static enum grace shorten_grace(struct meta_object_meta *meta, bool has_grace, int64_t grace,
				struct wall now)
{
	int64_t old = meta->deletion_grace_period_seconds;
	struct wall ends;

	if (!meta->has.deletion_grace_period_seconds || old == 0)
		return GRACE_NONE;
	if (!has_grace || grace >= old)
		return GRACE_PENDING;
	ends.ns = meta->deletion_timestamp.ns + (grace - old) * TIME_S;
	if (ends.ns < now.ns) {
		ends = now;
		grace = grace == 0 ? 0 : 1;
	}
	SET(meta, deletion_timestamp, ends);
	SET(meta, deletion_grace_period_seconds, grace);
	return grace > 0 ? GRACE_BEGUN : GRACE_OVER;
}

static int64_t grace_of(struct request *r)
{
	struct check_context check = request_context(r);
	int64_t asked = r->options.has_grace ? r->options.grace_seconds : -1;

	if (r->options.has_grace && asked < 0)
		asked = 1;
	r->change = (struct kind_change){ .check = &check,
					  .arena = r->arena,
					  .type = r->live->type,
					  .resource = request_resource(r),
					  .object = r->live->record,
					  .old = r->live->record,
					  .user = &r->user,
					  .is_dry_run = request_is_dry_run(r) };
	return r->resource->rules->grace(&r->change, asked);
}

static enum grace judge_grace(struct request *r, struct meta_object_meta *meta, struct wall now)
{
	if (r->resource->rules->grace == NULL)
		return GRACE_NONE;
	if (!meta->has.deletion_timestamp)
		return begin_grace(meta, grace_of(r), now);
	return shorten_grace(meta, r->options.has_grace, r->options.has_grace ? grace_of(r) : 0,
			     now);
}

static void mark_deleting(struct meta_object_meta *meta, struct wall now)
{
	if (!meta->has.deletion_timestamp) {
		bump_generation(meta);
		SET(meta, deletion_timestamp, now);
	} else if (meta->deletion_timestamp.ns > now.ns) {
		SET(meta, deletion_timestamp, now);
	}
	SET(meta, deletion_grace_period_seconds, 0);
}

/* A namespace is first only told to go; while it is not empty nothing more happens. */
static enum delete_verdict judge_outliving(struct request *r, struct meta_object_meta *meta,
					   struct wall now)
{
	if (meta->has.deletion_timestamp)
		return DELETE_NOTHING;
	SET(meta, deletion_timestamp, now);
	if (r->resource->rules->is_marked_whole)
		meta->finalizers = finalizers_of(r, meta);
	r->resource->rules->mark(r->record, r->arena);
	return DELETE_MARK;
}

enum delete_verdict delete_judge(struct request *r)
{
	const struct object *live = r->live;
	struct wall now = act_wall(r->server->act);
	struct meta_object_meta *meta;
	enum grace grace;

	now.ns -= now.ns % TIME_S;
	r->type = live->type;
	r->record = record_clone_shallow(r->type, live->record, r->arena);
	meta = record_meta(r->type, r->record);
	if (!check_preconditions(r, meta))
		return DELETE_REFUSED;
	if (r->resource->rules->outlives != NULL &&
	    (!meta->has.deletion_timestamp || r->resource->rules->outlives(r->record)))
		return judge_outliving(r, meta, now);
	grace = judge_grace(r, meta, now);
	r->change = (struct kind_change){ 0 };
	if (grace == GRACE_PENDING)
		return DELETE_NOTHING;
	meta->finalizers = finalizers_of(r, meta);
	if (grace == GRACE_NONE && meta->finalizers.len > 0)
		mark_deleting(meta, now);
	return grace == GRACE_BEGUN || meta->finalizers.len > 0 ? DELETE_MARK : DELETE_REMOVE;
}

/* ---- delete ---------------------------------------------------------------------------------------------------------- */

static void warn_of_children(struct request *r)
{
	const char *words = r->resource->rules->delete_warning;

	if (words != NULL && r->options.propagation.len == 0 && r->options.orphan == OPTION_UNSET)
		request_warn(r, str_from(words));
}

static enum next delete_decode(struct request *r)
{
	struct faults faults = faults_in(r->arena);
	struct fault why = { 0 };
	enum format format;
	enum status status;
	struct str body;
	const char *kind;

	if (r->asked.body.len == 0) {
		warn_of_children(r);
		return NEXT;
	}
	status = body_text(r, &format, &body, &why);
	if (status == UNSUPPORTED_MEDIA)
		return request_fail(r, failure_unsupported_media(r->arena, NEGOTIATE_READ));
	if (status != OK || options_read_delete(&r->options, r->arena, body, format, &why) != OK)
		return request_fail(r, failure_bad_request(r->arena, "%s", why.text));
	options_validate(&r->options, r->route.verb, false, &faults, &kind);
	if (faults.len == 0) {
		warn_of_children(r);
		return NEXT;
	}
	return request_fail(
	    r, failure_invalid(r->arena, STR("meta.k8s.io"), str_from(kind), STR(""), &faults));
}

/* One that is kept in an older version is not marked in the form that the cache has of it; else nobody has to be asked. */
static enum next delete_origin(struct request *r)
{
	return r->live->origin != NULL ? conversion_step(r, &r->live, 1, r->resource->stored) : NEXT;
}

static enum next delete_read(struct request *r)
{
	if (!r->is_fresh)
		return request_refresh(r);
	r->live = request_live(r);
	return r->live ? delete_origin(r) : request_not_found(r);
}

static enum next delete_admit(struct request *r)
{
	return write_admit(r, ADMISSION_DELETE, r->live->type, NULL, r->live->record, false);
}

static enum next delete_validate(struct request *r)
{
	enum next next =
	    write_admit(r, ADMISSION_DELETE, r->live->type, NULL, r->live->record, true);
	enum delete_verdict verdict;

	if (next != NEXT)
		return next;
	verdict = delete_judge(r);
	if (verdict == DELETE_REFUSED)
		return DONE;
	r->is_removal = verdict == DELETE_REMOVE;
	if (verdict == DELETE_NOTHING) {
		respond_object(r, 200, r->live);
		return DONE;
	}
	return NEXT;
}

/* {"kind":"Status","status":"Success","details":{...}}: what is left to say of an object that has gone. */
static void answer_gone(struct request *r)
{
	struct failure *gone = FAILURE_NEW(r->arena);

	gone->has_details = true;
	gone->name = object_name(r->live);
	gone->group = request_group(r);
	gone->kind = request_resource(r);
	gone->uid = object_uid(r->live);
	r->answer = (struct answer){ .code = 200, .failure = gone };
}

/* 202 only where somebody asked for dependents to go first in the old words, and so waits. */
static void answer_deleted(struct request *r)
{
	bool is_accepted = !r->is_removal && r->options.orphan == OPTION_FALSE;

	if (r->is_removal && !r->resource->rules->returns_deleted)
		answer_gone(r);
	else
		respond_record(r, is_accepted ? 202 : 200, r->type, r->record);
}

enum next delete_persist(struct request *r)
{
	if (!r->is_removal || r->store_answer != NULL || r->written != 0)
		return r->resource->live ? live_delete(r) : write_persist(r);
	if (request_is_dry_run(r)) {
		r->steps->answer(r);
		return DONE;
	}
	return r->resource->live ? live_delete(r) : write_remove(r);
}

const struct verb_steps delete_steps = {
	.name = "delete",
	.is_write = true,
	.decode = delete_decode,
	.read = delete_read,
	.admit = delete_admit,
	.validate = delete_validate,
	.persist = delete_persist,
	.answer = answer_deleted,
};

/* ---- deletecollection ---------------------------------------------------------------------------------------------------- */

/* What a list with the same options shows, one object after the other, each like a delete of its own; those that have gone meanwhile are passed over. */
struct sweep {
	struct list_page page;
	const struct object **shown; /* the same in the version that was asked for */
	uint32_t at;
};

static enum next sweep_check(struct request *r)
{
	struct fault why = { 0 };

	if (select_check(r->type, &r->options.fields, &why) != OK)
		return request_fail(r, failure_bad_request(r->arena, "%s", why.text));
	return NEXT;
}

/* The objects are held: they are needed when the cache may have others. */
static struct sweep *sweep_new(struct request *r, const struct list_page *page)
{
	struct sweep *sweep = arena_new_of(r->arena, struct sweep);
	const struct object **listed = arena_array(r->arena, const struct object *, page->len);

	sweep->shown = arena_array(r->arena, const struct object *, page->len);
	for (uint32_t i = 0; i < page->len; i++)
		sweep->shown[i] = listed[i] = object_hold(r->arena, page->objects[i]);
	sweep->page = *page;
	sweep->page.objects = listed;
	return sweep;
}

static enum next sweep_read(struct request *r)
{
	struct list_page page = { 0 };
	struct sweep *sweep;
	enum next next;

	if (r->conversion == NULL) {
		next = sweep_check(r);
		if (next == NEXT)
			next = list_objects(r, &page);
		if (next != NEXT)
			return next;
		r->work = sweep_new(r, &page);
		r->store_answer = NULL;
	}
	sweep = r->work;
	return conversion_step(r, sweep->shown, sweep->page.len, r->resource->type);
}

/* NEXT: this one is done, go on. */
static enum next sweep_one(struct request *r, const struct object *listed)
{
	enum delete_verdict verdict;
	enum next next;

	r->live = cache_get(r->resource->cache, object_namespace(listed), object_name(listed));
	if (r->live == NULL || !str_eq(object_uid(r->live), object_uid(listed)))
		return NEXT;
	object_hold(r->arena, r->live);
	next = delete_origin(r);
	if (next != NEXT)
		return next;
	next = write_admit(r, ADMISSION_DELETE, r->live->type, NULL, r->live->record, true);
	if (next != NEXT)
		return next;
	verdict = delete_judge(r);
	if (verdict == DELETE_REFUSED)
		return DONE;
	if (verdict == DELETE_NOTHING || request_is_dry_run(r))
		return NEXT;
	return verdict == DELETE_REMOVE ? write_remove(r) : write_replace(r);
}

static enum next sweep_answered(struct request *r, struct sweep *sweep)
{
	enum status status = store_outcome(r->store_answer);
	const struct store_write_answer *answer = r->store_answer->body;

	r->store_answer = NULL;
	if (status == OK)
		r->written = answer->revision;
	else if (status == CONFLICT && ++r->tries < LIMIT_WRITE_TRIES)
		return request_refresh(r); /* the same one again, from what is there now */
	else if (status != NOT_FOUND && status != CONFLICT)
		return request_fail_status(r, status, NULL);
	r->tries = 0;
	sweep->at++;
	return NEXT;
}

/* All objects of a definition that is on its way out were to go: who asked hears that some are still there, since they have finalizers. */
static bool leaves_some(const struct request *r)
{
	return r->resource->row->is_namespaced && r->route.namespace.len == 0 &&
	       cache_len(r->resource->cache) > 0;
}

static enum next sweep_persist(struct request *r)
{
	struct sweep *sweep = r->work;
	enum next next = NEXT;

	if (r->store_answer != NULL)
		next = sweep_answered(r, sweep);
	while (next == NEXT && sweep->at < sweep->page.len) {
		next = sweep_one(r, sweep->page.objects[sweep->at]);
		if (next == NEXT)
			sweep->at++;
	}
	if (next != NEXT)
		return next;
	next = request_wait_revision(r, r->written);
	if (next != NEXT)
		return next;
	if (leaves_some(r))
		return request_fail(r, failure_plain(r->arena, 503,
						     STR("some objects have finalizers and are "
							 "still there")));
	respond_list(r, sweep->shown, sweep->page.len, sweep->page.revision, sweep->page.more,
		     sweep->page.remaining);
	return DONE;
}

const struct verb_steps delete_collection_steps = {
	.name = "deletecollection",
	.is_write = true,
	.decode = delete_decode,
	.read = sweep_read,
	.persist = sweep_persist,
};
