#include "actors/server/server-private.h"
#include "runtime/base/log.h"

/*
 * The life of a request, top to bottom. What a verb does between decode and persist is its struct verb_steps; all else is the same
 * for everybody. There are two jumps: a failure goes forward to respond, a write that meets a newer object goes back to decode.
 */
static enum next route(struct request *r);
static enum next authenticate(struct request *r);
static enum next authorize(struct request *r);

#define VERB_STEP(name)                                                   \
	static enum next name(struct request *r)                          \
	{                                                                 \
		return r->steps->name != NULL ? r->steps->name(r) : NEXT; \
	}
VERB_STEP(decode)
VERB_STEP(read)
VERB_STEP(admit)
VERB_STEP(validate)
VERB_STEP(persist)

static const struct step {
	const char *name;
	enum next (*run)(struct request *r);
} steps[STEP_COUNT] = {
	[STEP_ROUTE] = { "route", route },
	[STEP_AUTHENTICATE] = { "authenticate", authenticate },
	[STEP_AUTHORIZE] = { "authorize", authorize },
	[STEP_DECODE] = { "decode", decode },
	[STEP_READ] = { "read", read },
	[STEP_ADMIT] = { "admit", admit },
	[STEP_VALIDATE] = { "validate", validate },
	[STEP_PERSIST] = { "persist", persist },
	[STEP_RESPOND] = { "respond", respond },
};

static void finish(struct request *r);

void request_run(struct request *r)
{
	enum next next = NEXT;

	r->is_waiting = false;
	r->is_running = true;
	while (next == NEXT && r->step < STEP_COUNT) {
		r->started = r->step++;
		next = steps[r->started].run(r);
		if (next == DONE && r->started != STEP_RESPOND) {
			r->step = STEP_RESPOND;
			next = NEXT;
		}
	}
	r->store_answer = NULL;
	r->is_running = false;
	if (next == WAIT && !r->is_gone) {
		r->step = r->started;
		r->is_waiting = true;
		return;
	}
	finish(r);
}

enum next request_jump(struct request *r, enum step_number step)
{
	r->step = step;
	return NEXT;
}

/* ---- the end ----------------------------------------------------------------------------------------------- */

static void count(struct request *r)
{
	struct server_counts *counts = &r->server->counts;
	int32_t digit = r->answer.code / 100;
	enum verb verb = r->route.verb;

	if (digit < 0 || digit > 5)
		digit = 5;
	metrics_add(counts->requests[verb][digit], 1);
	if (verb != VERB_WATCH)
		metrics_observe(counts->durations[verb],
				(double)(act_now(r->server->act).ns - r->began.ns) / TIME_S);
}

static void leave(struct request *r)
{
	list_remove(&r->wait_link);
	if (r->mechanism.waiter.on_cancel != NULL)
		r->mechanism.waiter.on_cancel(r->mechanism.waiter.arg);
	r->mechanism.waiter.on_cancel = NULL;
}

/* The answer is handed over, or nobody wants it. The arena stays while the store may still read from it. */
static void release(struct request *r)
{
	const struct door *door = r->door;

	if (r->is_at_store || r->is_waiting || r->is_running)
		return;
	server_request_free(r);
	door->release(r);
}

static void finish(struct request *r)
{
	if (request_watch(r) != NULL && !r->is_gone)
		return; /* it stands: watch.c ends it */
	if (!r->is_gone && !r->is_answered) {
		r->is_answered = true;
		r->door->answer(r);
	}
	count(r);
	release(r);
}

void request_cancel(struct request *r)
{
	r->is_gone = true;
	leave(r);
	if (request_watch(r) != NULL)
		watch_gone(request_watch(r));
	if (r->is_at_store)
		return;
	r->is_waiting = false;
	release(r);
}

void request_expire(struct request *r)
{
	if (r->is_answered || request_watch(r) != NULL)
		return;
	r->answer = (struct answer){
		.failure = failure_timeout(r->arena, 0,
					   "request did not complete within the allotted timeout"),
	};
	respond(r);
	r->is_answered = true;
	r->door->answer(r);
	request_cancel(r);
}

void request_store_answered(struct request *r, const struct act_msg *msg)
{
	r->is_at_store = false;
	if (r->is_gone) {
		r->is_waiting = false;
		release(r);
		return;
	}
	r->store_answer = msg;
	request_run(r);
}

/* The caches do not get where the asker wants them: as if it knew the future. */
static struct failure *too_large_version(struct request *r)
{
	struct failure *failure = failure_timeout(
	    r->arena, 1,
	    arena_cstr(r->arena, request_printf(r, "Too large resource version: %ju, current: %ju",
						(uintmax_t)r->wait_revision,
						(uintmax_t)r->server->feed.revision)));

	failure_cause_add(failure, r->arena, STR("ResourceVersionTooLarge"),
			  STR("Too large resource version"), STR_NONE);
	return failure;
}

void request_revision_reached(struct request *r, enum status status)
{
	if (status == OK) {
		request_run(r);
		return;
	}
	r->step = STEP_RESPOND;
	if (status == TIMEOUT)
		request_fail(r, too_large_version(r));
	else
		request_fail_status(r, status, NULL);
	request_run(r);
}

/* ---- for steps ------------------------------------------------------------------------------------------------- */

enum next request_fail(struct request *r, struct failure *failure)
{
	r->answer = (struct answer){ .code = failure->code, .failure = failure };
	r->result = NULL;
	return DONE;
}

enum next request_fail_status(struct request *r, enum status status, const struct fault *why)
{
	return request_fail(r, failure_of(r->arena, status, why));
}

enum next request_answer_body(struct request *r, int32_t code, struct str content_type,
			      struct str body)
{
	r->answer = (struct answer){ .code = code, .content_type = content_type, .body = body };
	return DONE;
}

enum next request_refresh(struct request *r)
{
	r->is_fresh = true;
	feed_refresh(r->server, r);
	return WAIT;
}

enum next request_wait_revision(struct request *r, uint64_t revision)
{
	return feed_wait(r->server, r, revision) ? WAIT : NEXT;
}

enum next request_ask(struct request *r, const struct act_type *type, const void *body)
{
	/* The store keeps its own time; ours only guards against one that never answers. */
	enum status status = act_request(r->server->act, r->server->feed.store, type, body,
					 LIMIT_REQUEST_MS * 10, r->tag);

	if (status != OK)
		return request_fail_status(r, status == NOT_FOUND ? UNAVAILABLE : status, NULL);
	r->is_at_store = true;
	return WAIT;
}

void request_warn(struct request *r, struct str text)
{
	for (uint32_t i = 0; i < r->warning_count; i++)
		if (str_eq(r->warnings[i], text))
			return;
	r->warnings = arena_grow(r->arena, r->warnings, r->warning_count * sizeof text,
				 (r->warning_count + 1) * sizeof text);
	r->warnings[r->warning_count++] = text;
}

struct str request_printf(struct request *r, const char *format, ...)
{
	va_list args;
	struct str text;

	va_start(args, format);
	text = arena_vprintf(r->arena, format, args);
	va_end(args);
	return text;
}

bool request_is_dry_run(const struct request *r)
{
	return r->options.dry_run_count > 0;
}

struct str request_group(const struct request *r)
{
	return r->resource ? r->resource->row->group : r->route.group;
}

struct str request_resource(const struct request *r)
{
	return r->resource ? r->resource->row->name : r->route.resource;
}

/* ---- mechanisms ---------------------------------------------------------------------------------------------------- */

static void mechanism_refresh(struct waiter *waiter)
{
	struct mechanism *mechanism =
	    (struct mechanism *)(void *)((char *)waiter - offsetof(struct mechanism, waiter));

	request_refresh(mechanism->request);
}

static void mechanism_resume(struct waiter *waiter)
{
	struct mechanism *mechanism =
	    (struct mechanism *)(void *)((char *)waiter - offsetof(struct mechanism, waiter));

	waiter->on_cancel = NULL;
	request_run(mechanism->request);
}

struct check_context request_context(struct request *r)
{
	r->mechanism.request = r;
	r->mechanism.waiter.refresh = mechanism_refresh;
	r->mechanism.waiter.resume = mechanism_resume;
	return (struct check_context){
		.arena = r->arena,
		.act = r->server->act,
		.reader = &r->server->reader,
		.waiter = &r->mechanism.waiter,
		.now = act_wall(r->server->act),
		.is_fresh = r->is_fresh,
		.state = r->mechanism.state,
	};
}

/* ---- route ------------------------------------------------------------------------------------------------------------ */

static enum next too_many(struct request *r)
{
	return request_fail(
	    r, failure_too_many(r->arena, 1, "Too many requests, please try again later."));
}

/* Watches are long: they have a limit of their own. */
static enum next admit_to_flight(struct request *r)
{
	struct server *server = r->server;
	const struct server_config *config = server->config;
	uint32_t max = config->in_flight_max ? config->in_flight_max : LIMIT_IN_FLIGHT;
	uint32_t mutating_max =
	    config->mutating_max ? config->mutating_max : LIMIT_IN_FLIGHT_MUTATING;

	if (r->route.verb == VERB_WATCH)
		return server->watch_count < LIMIT_WATCHERS ? NEXT : too_many(r);
	r->is_mutating = verb_is_write(r->route.verb);
	if (r->is_mutating ? server->mutating >= mutating_max : server->in_flight >= max)
		return too_many(r);
	r->is_counted = true;
	if (r->is_mutating)
		server->mutating++;
	else
		server->in_flight++;
	return NEXT;
}

static uint32_t verb_bit(enum verb verb)
{
	static const uint32_t bits[] = {
		[VERB_GET] = RESOURCE_GET,
		[VERB_LIST] = RESOURCE_LIST,
		[VERB_WATCH] = RESOURCE_WATCH,
		[VERB_CREATE] = RESOURCE_CREATE,
		[VERB_UPDATE] = RESOURCE_UPDATE,
		[VERB_PATCH] = RESOURCE_PATCH,
		[VERB_DELETE] = RESOURCE_DELETE,
		[VERB_DELETE_COLLECTION] = RESOURCE_DELETE_COLLECTION,
		[VERB_PROXY] = 0,
	};

	return bits[verb];
}

static const struct verb_steps *steps_of(const struct request *r)
{
	static const struct verb_steps *const usual[] = {
		[VERB_GET] = &get_steps,       [VERB_LIST] = &list_steps,
		[VERB_WATCH] = &watch_steps,   [VERB_CREATE] = &create_steps,
		[VERB_UPDATE] = &update_steps, [VERB_PATCH] = &patch_steps,
		[VERB_DELETE] = &delete_steps, [VERB_DELETE_COLLECTION] = &delete_collection_steps,
		[VERB_PROXY] = NULL,
	};
	const struct verb_steps *special;

	if (r->resource->virtual != NULL)
		return &virtual_steps;
	if (r->subresource != NULL) {
		special = subresource_steps(r->resource, r->subresource->name, r->route.verb);
		if (special != NULL)
			return special;
		return str_eq(r->subresource->kind, r->resource->row->kind) &&
			       r->route.verb != VERB_CREATE && r->route.verb != VERB_DELETE
			   ? usual[r->route.verb]
			   : NULL;
	}
	if (r->resource->cache == NULL)
		return review_steps(r->resource, r->route.verb);
	return usual[r->route.verb];
}

static enum next method_not_allowed(struct request *r)
{
	return request_fail(r, failure_method(r->arena));
}

static bool is_scope_wrong(const struct request *r)
{
	const struct route *route = &r->route;
	bool is_namespaces = str_is(route->resource, "namespaces");

	if (!r->resource->row->is_namespaced)
		return route->namespace.len > 0 && !is_namespaces;
	return route->namespace.len == 0 && (route->name.len > 0 || route->verb == VERB_CREATE ||
					     route->verb == VERB_DELETE_COLLECTION);
}

static enum next route_resource(struct request *r)
{
	struct route *route = &r->route;
	uint32_t verbs;

	r->resource =
	    resources_find(r->server->resources, route->group, route->version, route->resource);
	if (r->resource == NULL || is_scope_wrong(r))
		return request_fail(r, failure_no_path(r->arena));
	verbs = r->resource->row->verbs;
	if (route->subresource.len > 0) {
		r->subresource = resource_subresource(r->resource, route->subresource);
		if (r->subresource == NULL)
			return request_fail(r, failure_no_path(r->arena));
		verbs = r->subresource->verbs;
	}
	if (!(verbs & verb_bit(route->verb)))
		return method_not_allowed(r);
	r->type = r->resource->type;
	r->steps = steps_of(r);
	if (r->steps == NULL)
		return request_fail(
		    r, failure_not_implemented(r->arena, "this subresource is not served yet"));
	return NEXT;
}

static const struct verb_steps no_steps;

static enum next route(struct request *r)
{
	struct fault why = { 0 };
	bool is_watch = options_want_watch(r->arena, r->asked.query);

	if (route_parse(r->arena, r->asked.method, r->asked.path, is_watch, &r->route, &why) != OK)
		return request_fail(r, failure_bad_request(r->arena, "%s", why.text));
	r->steps = &no_steps;
	/* Whether a path exists is told only to those who may ask for it: authorize comes first. */
	return admit_to_flight(r);
}

/* ---- authenticate ------------------------------------------------------------------------------------------------------- */

static void add_group(struct request *r, struct str group)
{
	struct str *groups;

	if (user_is_in(&r->user, group))
		return;
	groups = arena_array(r->arena, struct str, r->user.group_count + 1);
	if (r->user.group_count > 0)
		memcpy(groups, r->user.groups, r->user.group_count * sizeof *groups);
	groups[r->user.group_count++] = group;
	r->user.groups = groups;
}

static struct str bearer_of(struct str authorization)
{
	struct str rest = authorization;
	struct str scheme = str_cut(&rest, ' ');

	return str_eq_nocase(scheme, STR("bearer")) && rest.at != NULL ? str_trim(rest) : STR_NONE;
}

static enum next unauthorized(struct request *r, const struct authentication *a)
{
	if (a->why.text[0])
		log_debug("api", "credentials were refused", LOG_FAULT(&a->why));
	return request_fail(r, failure_unauthorized(r->arena));
}

static enum next ask_authenticators(struct request *r)
{
	const struct server_config *config = r->server->config;
	struct authentication a = { .certificate = r->asked.certificate,
				    .bearer = bearer_of(r->asked.authorization) };

	while (r->mechanism.index < config->authenticator_count) {
		const struct authenticator *one = &config->authenticators[r->mechanism.index];
		enum check check;

		a.check = request_context(r);
		check = one->check(one, &a);
		r->mechanism.state = a.check.state;
		if (check == CHECK_WAIT)
			return WAIT;
		if (check == CHECK_DENY)
			return unauthorized(r, &a);
		if (check == CHECK_ALLOW) {
			r->user = a.user;
			add_group(r, GROUP_AUTHENTICATED);
			return NEXT;
		}
		r->mechanism.index++;
		r->mechanism.state = NULL;
	}
	if (a.bearer.at != NULL || r->asked.authorization.len > 0)
		return unauthorized(r, &a);
	r->user = (struct user){ .name = USER_ANONYMOUS };
	add_group(r, GROUP_UNAUTHENTICATED);
	return NEXT;
}

static void mechanism_reset(struct request *r)
{
	r->mechanism.index = 0;
	r->mechanism.state = NULL;
	r->mechanism.phase = 0;
}

static enum next authenticate(struct request *r)
{
	enum next next;

	if (r->asked.is_trusted) {
		r->user = r->asked.user;
		add_group(r, GROUP_AUTHENTICATED);
		return NEXT;
	}
	next = ask_authenticators(r);
	if (next == NEXT)
		mechanism_reset(r);
	return next;
}

/* ---- authorize ------------------------------------------------------------------------------------------------------------ */

static struct attributes attributes_of(const struct request *r)
{
	const struct route *route = &r->route;

	return (struct attributes){
		.user = &r->user,
		.verb = route->verb_name,
		.is_resource = route->is_resource,
		.group = route->group,
		.version = route->version,
		.resource = route->resource,
		.subresource = route->subresource,
		.namespace = route->namespace,
		.name = route->name,
		.path = r->asked.path,
		.field_selector = r->options.field_selector,
		.label_selector = r->options.label_selector,
	};
}

/* User "x" cannot list resource "pods" in API group "" in the namespace "default" */
static enum next forbidden(struct request *r, struct str reason)
{
	const struct route *route = &r->route;
	struct text why = text_in(r->arena, 8U * KIB);
	struct str resource = route->resource;

	text_printf(&why, "User \"" STR_FMT "\" cannot " STR_FMT, STR_ARG(r->user.name),
		    STR_ARG(route->verb_name));
	if (!route->is_resource) {
		text_printf(&why, " path \"" STR_FMT "\"", STR_ARG(r->asked.path));
		return request_fail(
		    r, failure_forbidden(r->arena, STR(""), STR(""), STR(""), text_str(&why)));
	}
	if (route->subresource.len > 0)
		resource = request_printf(r, STR_FMT "/" STR_FMT, STR_ARG(resource),
					  STR_ARG(route->subresource));
	text_printf(&why, " resource \"" STR_FMT "\" in API group \"" STR_FMT "\"",
		    STR_ARG(resource), STR_ARG(route->group));
	if (route->namespace.len > 0)
		text_printf(&why, " in the namespace \"" STR_FMT "\"", STR_ARG(route->namespace));
	else
		text_lit(&why, " at the cluster scope");
	if (reason.len > 0)
		text_printf(&why, ": " STR_FMT, STR_ARG(reason));
	return request_fail(r, failure_forbidden(r->arena, route->group, route->resource,
						 route->name, text_str(&why)));
}

static enum next ask_authorizers(struct request *r)
{
	const struct server_config *config = r->server->config;
	struct authorization a = { .attributes = attributes_of(r) };

	while (r->mechanism.index < config->authorizer_count) {
		const struct authorizer *one = &config->authorizers[r->mechanism.index];
		enum check check;

		a.check = request_context(r);
		check = one->check(one, &a);
		r->mechanism.state = a.check.state;
		if (check == CHECK_WAIT)
			return WAIT;
		if (check == CHECK_ALLOW)
			return NEXT;
		if (check == CHECK_DENY)
			return forbidden(r, a.reason);
		r->mechanism.index++;
		r->mechanism.state = NULL;
	}
	return config->authorizer_count == 0 ? NEXT : forbidden(r, a.reason);
}

static enum next validate_options(struct request *r)
{
	struct faults faults = faults_in(r->arena);
	const char *kind = "";
	enum patch_form form;
	bool is_apply = false;

	if (r->route.verb == VERB_PATCH &&
	    negotiate_patch(r->asked.content_type, &form, &is_apply) != OK)
		return NEXT; /* decode says so with a better word */
	options_validate(&r->options, r->route.verb, is_apply, &faults, &kind);
	if (faults.len == 0)
		return NEXT;
	return request_fail(
	    r, failure_invalid(r->arena, STR("meta.k8s.io"), str_from(kind), STR(""), &faults));
}

static enum next negotiate(struct request *r)
{
	enum negotiate_views views =
	    r->route.verb == VERB_DELETE_COLLECTION ? NEGOTIATE_PLAIN : NEGOTIATE_OBJECTS;
	bool has_protobuf = r->type != NULL && !(r->type->flags & TYPE_JSON_ONLY);

	if (negotiate_accept(r->asked.accept, views, has_protobuf, &r->form) != OK)
		return request_fail(r, failure_not_acceptable(r->arena, NEGOTIATE_OFFERED));
	if (negotiate_pretty(r->options.pretty, r->asked.agent))
		r->form.is_pretty = true;
	return NEXT;
}

static enum next enter_resource(struct request *r)
{
	enum next next = route_resource(r);

	if (next == NEXT && !feed_is_ready(r->server) && r->resource->cache != NULL)
		return request_fail(r, failure_too_many(r->arena, 1, "storage is (re)initializing"));
	if (next == NEXT)
		next = negotiate(r);
	return next == NEXT ? validate_options(r) : next;
}

static enum next enter_page(struct request *r)
{
	page_fn *page = page_find(r->asked.path);

	if (page == NULL)
		return request_fail(r, failure_no_path(r->arena));
	return page(r);
}

static enum next authorize(struct request *r)
{
	struct fault why = { 0 };
	enum next next = NEXT;

	if (r->mechanism.phase == 0 &&
	    options_parse(r->arena, r->asked.query, &r->options, &why) != OK)
		return request_fail(r, failure_bad_request(r->arena, "%s", why.text));
	r->mechanism.phase = 1;
	if (!user_is_in(&r->user, GROUP_MASTERS))
		next = ask_authorizers(r);
	if (next != NEXT)
		return next;
	mechanism_reset(r);
	return r->route.is_resource ? enter_resource(r) : enter_page(r);
}
