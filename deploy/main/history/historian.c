#include "deploy/main/history/historian.h"

#include "actors/client/request.h"
#include "datastore/store/store.h"
#include "deploy/main/history/chronicle.h"
#include "deploy/main/history/past-object.h"
#include "deploy/main/history/target.h"
#include "deploy/main/history/trail.h"
#include "deploy/main/host/asked-page.h"
#include "transport/http/url.h"
#include "transport/wire/yaml.h"

#define ASK_MS 15000U
#define AGAIN_MS 20U
#define TRIES 100U
#define VERSIONS_USUAL 20U
#define TEXT_MAX (8U * MIB)
#define AGENT "troupe-undo"

struct historian {
	const struct historian_args *args;
};

/* One that is answered by a task. */
struct page {
	struct act *act;
	const struct process *process;
	const char *audit_path;
	struct arena *arena;
	struct target target;
	struct asked_page *asked;
};

static void refuse(struct page *page, enum status status, const struct fault *why)
{
	asked_page_say(page->asked, status_http(status), "%s\n",
		       why->text[0] ? why->text : status_text(status));
}

static struct str query(const struct page *page, const char *name)
{
	return asked_page_query(page->asked, name);
}

/* ---- asking the API server ----------------------------------------------------------------------------------- */

static int call(struct page *page, const char *method, struct str path, struct str body,
		struct str *out_body)
{
	static const struct str masters = { "system:masters", sizeof "system:masters" - 1 };
	struct api_call call = request_call(method, path, STR("system:admin"));
	struct act_all *all = act_all(page->act, 1);
	const struct api_answer *answer;
	int code = 503;

	call.groups = &masters;
	call.group_count = 1;
	call.agent = STR(AGENT);
	call.accept = call.content_type = API_TYPE_JSON;
	call.body = arena_str(call.arena, body);
	act_all_ask(all, process_api(page->act, page->process), &api_call_type, &call, ASK_MS);
	*out_body = STR("");
	if (act_all_wait(all) == OK) {
		answer = act_all_answer(all, 0)->body;
		code = answer->code;
		*out_body = arena_str(page->arena, answer->body);
	}
	act_all_end(all);
	return code;
}

/* The words of a Status. */
static enum status judge(struct page *page, int code, struct str body, struct fault *why)
{
	struct value status;
	const struct value *message = NULL;

	if (code < 400)
		return OK;
	if (value_parse(body, page->arena, &status) == OK)
		message = value_member(&status, STR("message"));
	if (message != NULL && message->kind == VALUE_STRING)
		return fault_set(why, CONFLICT, "", STR_FMT, STR_ARG(message->text));
	return fault_set(why, UNAVAILABLE, "", "the API server does not answer (%d)", code);
}

static enum status get(struct page *page, struct str path, struct value *out, struct fault *why)
{
	struct str body;
	int code = call(page, "GET", path, STR_NONE, &body);

	TRY(judge(page, code, body, why));
	if (value_parse(body, page->arena, out) != OK)
		return fault_set(why, INTERNAL, "", "the API server's answer is no JSON");
	return OK;
}

/* The object at a revision, 0: now. *out NULL: it was not there. EXPIRED: nobody knows. */
static enum status object_at(struct page *page, uint64_t revision, const struct value **out,
			     struct fault *why)
{
	struct text path = text_in(page->arena, 4 * KIB);
	struct value *list = arena_new_of(page->arena, struct value);
	const struct value *items;
	struct str body;
	int code;

	text_printf(&path, STR_FMT "?fieldSelector=metadata.name%%3D",
		    STR_ARG(page->target.collection));
	url_encode(&path, page->target.name, false);
	if (revision > 0)
		text_printf(&path, "&resourceVersionMatch=Exact&resourceVersion=%ju",
			    (uintmax_t)revision);
	code = call(page, "GET", text_str(&path), STR_NONE, &body);
	if (code == 410)
		return fault_set(why, EXPIRED, "", "revision %ju is not kept any more",
				 (uintmax_t)revision);
	TRY(judge(page, code, body, why));
	if (value_parse(body, page->arena, list) != OK)
		return fault_set(why, INTERNAL, "", "the API server's answer is no JSON");
	items = value_member(list, STR("items"));
	*out =
	    items != NULL && items->kind == VALUE_LIST && items->len == 1 ? &items->items[0] : NULL;
	return OK;
}

static enum status find_target(struct page *page, struct fault *why)
{
	struct str what = query(page, "what"), namespace = query(page, "namespace");
	struct value definitions;
	enum status status;

	if (namespace.len == 0)
	namespace = STR("default");
	status = target_find(what, namespace, page->arena, &page->target, why);
	if (status != NOT_FOUND)
		return status;
	TRY(get(page, STR("/apis/apiextensions.k8s.io/v1/customresourcedefinitions"), &definitions,
		why));
	return target_find_custom(what, namespace, &definitions, page->arena, &page->target, why);
}

/* ---- asking the store -------------------------------------------------------------------------------------------- */

/* What the API server has acknowledged by now is in the answer. */
static enum status ask_past(struct page *page, uint32_t limit, struct store_past_answer *out,
			    struct fault *why)
{
	enum status status = BUSY;

	for (uint32_t i = 0; i < TRIES && status == BUSY; i++) {
		struct store_past ask = { .arena = arena_new(0), .limit = limit };
		struct act_all *all = act_all(page->act, 1);

		ask.key = arena_str(ask.arena, page->target.key);
		act_all_ask(all, act_named(page->act, "store"), &store_past_type, &ask, ASK_MS);
		status = act_all_wait(all);
		if (status == OK)
			status = store_outcome(act_all_answer(all, 0));
		if (status == OK) {
			*out = *(const struct store_past_answer *)act_all_answer(all, 0)->body;
			out->changes = arena_copy(page->arena, out->changes,
						  out->count * sizeof *out->changes);
			out->arena = NULL; /* of what the rows point to nothing is used */
		}
		act_all_end(all);
		if (status == BUSY)
			act_sleep(page->act, AGAIN_MS);
	}
	if (status == OK && out->count == 0)
		return fault_set(why, NOT_FOUND, "",
				 "nothing is known of " STR_FMT " \"" STR_FMT
				 "\": what this node keeps begins at revision %ju",
				 STR_ARG(page->target.plural), STR_ARG(page->target.name),
				 (uintmax_t)out->oldest);
	return status == OK ? OK : fault_set(why, status, "", "the store: %s", status_text(status));
}

/* ---- history ----------------------------------------------------------------------------------------------------- */

/*
 * The version that a change made. It is there from its own revision on, up to the next change, of which all but the end may be kept no more;
 * the latest is what is there now. EXPIRED: it went since the store was asked.
 */
static enum status version_at(struct page *page, const struct store_past_answer *past, uint32_t at,
			      const struct value **out, struct fault *why)
{
	uint64_t revision = past->changes[at].row.mod_revision;

	*out = NULL;
	if (past->changes[at].is_delete)
		return OK;
	if (at == 0 && revision < past->oldest)
		revision = 0;
	else if (revision < past->oldest)
		revision = past->oldest;
	return object_at(page, revision, out, why);
}

/* The one before is the next of the list: those are in order from the latest. */
static enum status describe(struct page *page, const struct store_past_answer *past, uint32_t at,
			    const struct value *is, const struct value **out_was,
			    struct chronicle_version *out, struct fault *why)
{
	const struct store_past_change *change = &past->changes[at];
	bool has_before = at + 1 < past->count;

	*out_was = NULL;
	*out = (struct chronicle_version){ .revision = change->row.mod_revision,
					   .at_s = change->at_s,
					   .is_delete = change->is_delete,
					   .is_first =
					       !change->is_delete && change->row.version == 1 };
	out->is_blind = !has_before && !out->is_first;
	if (has_before) {
		enum status status = version_at(page, past, at + 1, out_was, why);

		out->is_blind = status == EXPIRED && !out->is_first;
		if (status != OK && status != EXPIRED)
			return status;
	}
	if (!change->is_delete)
		out->by = difference_by(*out_was, is, page->arena);
	if (!change->is_delete && !out->is_first && !out->is_blind)
		difference_find(*out_was, is, page->target.is_secret, page->arena, &out->difference);
	return OK;
}

struct reading {
	struct trail trail;
	const struct seams_files *files;
	const char *path;
};

static void run_reading(void *arg)
{
	const struct reading *reading = arg;

	trail_read(&reading->trail, reading->files, reading->path);
}

static void find_users(struct page *page, const struct chronicle *chronicle,
		       struct chronicle_version *versions)
{
	struct reading reading = { .trail = { .target = &page->target,
					      .versions = versions,
					      .count = chronicle->count,
					      .arena = page->arena },
				   .files = &act_seams(page->act)->files,
				   .path = page->audit_path };

	if (page->audit_path != NULL)
		act_await(page->act, NULL, run_reading, &reading);
}

static enum status write_down(struct page *page, uint32_t limit, struct chronicle *out,
			      struct fault *why)
{
	struct store_past_answer past = { .status = OK };
	struct chronicle_version *versions;
	const struct value *is = NULL;
	uint32_t shown;

	/* One more than is shown: what the last one changed. */
	TRY(ask_past(page, limit + 1, &past, why));
	shown = past.count < limit ? past.count : limit;
	versions = arena_array(page->arena, struct chronicle_version, shown);
	TRY(version_at(page, &past, 0, &is, why));
	for (uint32_t i = 0; i < shown; i++) {
		const struct value *was;

		TRY(describe(page, &past, i, is, &was, &versions[i], why));
		is = was;
	}
	for (uint32_t i = 0; i < shown; i++)
		versions[i].user = STR("");
	*out = (struct chronicle){ .what = query(page, "what"),
				   .versions = versions,
				   .count = shown,
				   .more = past.more || shown < past.count,
				   .oldest = past.oldest,
				   .since_s = past.since_s };
	find_users(page, out, versions);
	return OK;
}

static void show(struct page *page, const struct chronicle *chronicle)
{
	struct str form = query(page, "output");
	struct text out = text_in(page->arena, TEXT_MAX);

	page->asked->code = 200;
	if (form.len == 0 || str_is(form, "text")) {
		chronicle_text(chronicle, &out);
		page->asked->type = STR("text/plain; charset=utf-8");
	} else {
		bool is_json = str_is(form, "json");
		struct document doc = document_in(&out, is_json ? DOCUMENT_JSON : DOCUMENT_YAML);

		chronicle_document(chronicle, &doc);
		document_end(&doc);
		page->asked->type = is_json ? STR("application/json") : STR("application/yaml");
	}
	page->asked->text = text_str(&out);
}

static void page_history(struct page *page)
{
	struct str said = query(page, "limit");
	struct chronicle chronicle;
	struct fault why = { 0 };
	uint64_t limit = VERSIONS_USUAL;
	enum status status = OK;

	if (said.len > 0 &&
	    (str_to_u64(said, &limit) != OK || limit == 0 || limit > HISTORIAN_VERSIONS_MAX)) {
		asked_page_say(page->asked, 400, "how many? from 1 to %u\n", HISTORIAN_VERSIONS_MAX);
		return;
	}
	status = write_down(page, (uint32_t)limit, &chronicle, &why);
	if (status == OK)
		show(page, &chronicle);
	else
		refuse(page, status, &why);
}

/* ---- one object ---------------------------------------------------------------------------------------------------- */

static void print_object(struct page *page, const struct value *object)
{
	struct text json = text_in(page->arena, TEXT_MAX), yaml = text_in(page->arena, TEXT_MAX);

	page->asked->code = 200;
	value_write(object, &json);
	if (str_is(query(page, "output"), "json")) {
		text_add_char(&json, '\n');
		page->asked->text = text_str(&json);
	} else if (yaml_of_json(text_str(&json), &yaml) == OK) {
		page->asked->text = text_str(&yaml);
	} else {
		asked_page_say(page->asked, 500, "it is too large to be shown\n");
	}
}

static struct str api_version(const struct page *page)
{
	const struct target *target = &page->target;

	return target->group.len == 0
		   ? target->version
		   : arena_printf(page->arena, STR_FMT "/" STR_FMT, STR_ARG(target->group),
				  STR_ARG(target->version));
}

/* As kubectl prints it: an item of a list does not say what it is. */
static const struct value *with_kind(struct page *page, const struct value *object)
{
	struct value *whole = arena_new_of(page->arena, struct value);

	whole->kind = VALUE_MAP;
	whole->members = arena_array(page->arena, struct value_member, object->len + 2U);
	whole->members[whole->len++] =
	    (struct value_member){ STR("apiVersion"),
				   { .kind = VALUE_STRING, .text = api_version(page) } };
	whole->members[whole->len++] =
	    (struct value_member){ STR("kind"),
				   { .kind = VALUE_STRING, .text = page->target.kind } };
	for (uint32_t i = 0; i < object->len; i++)
		if (!str_is(object->members[i].name, "apiVersion") &&
		    !str_is(object->members[i].name, "kind"))
			whole->members[whole->len++] = object->members[i];
	return whole;
}

static void page_object(struct page *page)
{
	struct str at = query(page, "at");
	const struct value *object = NULL;
	struct fault why = { 0 };
	uint64_t revision;
	enum status status;

	if (str_to_u64(at, &revision) != OK || revision == 0) {
		asked_page_say(page->asked, 400,
			       "--at wants a revision, as `troupe history` shows them\n");
		return;
	}
	status = object_at(page, revision, &object, &why);
	if (status != OK)
		refuse(page, status, &why);
	else if (object == NULL)
		asked_page_say(page->asked, 404, STR_FMT " was not there at revision %ju\n",
			       STR_ARG(query(page, "what")), (uintmax_t)revision);
	else
		print_object(page, with_kind(page, object));
}

/* ---- undo ---------------------------------------------------------------------------------------------------------- */

struct undoing {
	uint64_t to;
	const struct value *now, *past;
	struct difference difference;
};

/* What it was before the latest change that is more than bookkeeping of the server: the latest version that differs from now. */
static enum status choose(struct page *page, struct undoing *undoing, struct fault *why)
{
	struct store_past_answer past = { .status = OK };

	TRY(ask_past(page, HISTORIAN_VERSIONS_MAX, &past, why));
	for (uint32_t i = 0; i < past.count; i++) {
		if (past.changes[i].is_delete)
			continue;
		undoing->to = past.changes[i].row.mod_revision;
		TRY(version_at(page, &past, i, &undoing->past, why));
		if (undoing->past == NULL)
			continue;
		difference_find(undoing->now, undoing->past, page->target.is_secret, page->arena,
				&undoing->difference);
		for (uint32_t j = 0; j < undoing->difference.count; j++)
			if (!str_starts(undoing->difference.fields[j].path, STR("status")))
				return OK;
	}
	return fault_set(why, NOT_FOUND, "",
			 "no version of it that differs from what is now is kept (what this node "
			 "keeps begins at revision %ju)",
			 (uintmax_t)past.oldest);
}

static enum status find_versions(struct page *page, struct undoing *undoing, struct fault *why)
{
	struct str to = query(page, "to");

	TRY(object_at(page, 0, &undoing->now, why));
	if (to.len == 0)
		return choose(page, undoing, why);
	if (str_to_u64(to, &undoing->to) != OK || undoing->to == 0)
		return fault_set(why, BAD_REQUEST, "",
				 "--to wants a revision, as `troupe history` shows them");
	TRY(object_at(page, undoing->to, &undoing->past, why));
	if (undoing->past == NULL)
		return fault_set(why, NOT_FOUND, "",
				 "it was not there at revision %ju; to be rid of it, delete it",
				 (uintmax_t)undoing->to);
	difference_find(undoing->now, undoing->past, page->target.is_secret, page->arena,
			&undoing->difference);
	return OK;
}

static enum status write_again(struct page *page, const struct undoing *undoing, bool is_real,
			       struct fault *why)
{
	struct text out = text_in(page->arena, TEXT_MAX), path = text_in(page->arena, 4 * KIB);
	struct str body;
	int code;

	TRY(past_object(undoing->past, undoing->now, api_version(page), page->target.kind,
			page->arena, &out, why));
	text_add(&path, page->target.collection);
	if (undoing->now != NULL) {
		text_add_char(&path, '/');
		url_encode(&path, page->target.name, false);
	}
	text_lit(&path, "?fieldManager=" AGENT);
	if (!is_real)
		text_lit(&path, "&dryRun=All");
	code = call(page, undoing->now != NULL ? "PUT" : "POST", text_str(&path), text_str(&out),
		    &body);
	return judge(page, code, body, why);
}

static void tell_undo(struct page *page, const struct undoing *undoing, bool is_real)
{
	struct text out = text_in(page->arena, 64 * KIB);

	if (undoing->now == NULL)
		text_printf(&out, STR_FMT " %s made again as it was at revision %ju\n",
			    STR_ARG(query(page, "what")), is_real ? "was" : "would be",
			    (uintmax_t)undoing->to);
	else
		text_printf(&out, STR_FMT " %s again what it was at revision %ju:\n",
			    STR_ARG(query(page, "what")), is_real ? "is" : "would be",
			    (uintmax_t)undoing->to);
	if (undoing->now != NULL && undoing->difference.count > 0) {
		text_lit(&out, "  ");
		chronicle_fields(&undoing->difference, DIFFERENCE_FIELDS_MAX, "\n  ", &out);
		text_add_char(&out, '\n');
	}
	if (!is_real)
		text_lit(&out, "nothing was written; --yes does it\n");
	asked_page_say(page->asked, 200, STR_FMT, STR_ARG(text_str(&out)));
}

static void page_undo(struct page *page)
{
	struct undoing undoing = { .to = 0 };
	struct fault why = { 0 };
	bool is_real = query(page, "yes").at != NULL;
	enum status status = find_versions(page, &undoing, &why);

	if (status == OK && undoing.now != NULL && undoing.difference.count == 0)
		status = fault_set(&why, CONFLICT, "", "it is what it was at revision %ju already",
				   (uintmax_t)undoing.to);
	if (status == OK)
		status = write_again(page, &undoing, is_real, &why);
	if (status == OK)
		tell_undo(page, &undoing, is_real);
	else
		refuse(page, status, &why);
}

/* ---- pages ------------------------------------------------------------------------------------------------------ */

/* All of them are about one object. */
static void answer(struct act *act, void *state, struct asked_page *asked,
		   void (*about)(struct page *page))
{
	const struct historian_args *args = ((const struct historian *)state)->args;
	struct page page = { .act = act,
			     .process = args->process,
			     .audit_path = args->audit_path,
			     .arena = asked->arena,
			     .asked = asked };
	struct fault why = { 0 };
	enum status status = find_target(&page, &why);

	if (status == OK)
		about(&page);
	else
		refuse(&page, status, &why);
}

static void asked_history(struct act *act, void *state, struct asked_page *asked)
{
	answer(act, state, asked, page_history);
}

static void asked_object(struct act *act, void *state, struct asked_page *asked)
{
	answer(act, state, asked, page_object);
}

static void asked_undo(struct act *act, void *state, struct asked_page *asked)
{
	answer(act, state, asked, page_undo);
}

static const struct asked_route routes[] = {
	{ HISTORIAN_PLACE "history", "GET", asked_history, ASKED_PRIVATE },
	{ HISTORIAN_PLACE "object", "GET", asked_object, ASKED_PRIVATE },
	{ HISTORIAN_PLACE "undo", "POST", asked_undo, ASKED_PRIVATE },
};

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	static const struct asked_routes all = { routes, sizeof routes / sizeof routes[0] };

	(void)state;
	return asked_page_receive(act, msg, &all, false) ? ACT_OK : ACT_UNHANDLED;
}

static enum status init(struct act *act, void *state, const void *args)
{
	(void)act;
	((struct historian *)state)->args = args;
	return OK;
}

const struct act_class historian_class = { .name = "historian",
					   .state_size = sizeof(struct historian),
					   .init = init,
					   .receive = receive };
