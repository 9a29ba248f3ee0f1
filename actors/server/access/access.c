#include "actors/server/server-private.h"
#include "runtime/base/log.h"

/* Who asks, and may they: the authenticators and authorizers of the configuration, each asked in its turn. */

struct authorizer_set access_rights(const struct server *server)
{
	const struct server_config *config = server->config;

	return config->rights != NULL
		   ? **config->rights
		   : (struct authorizer_set){ config->authorizers, config->authorizer_count };
}

void access_reset(struct request *r)
{
	r->mechanism.index = 0;
	r->mechanism.state = NULL;
	r->mechanism.phase = 0;
}

/* Of a row of mechanisms nobody was asked yet. */
static bool is_first_ask(const struct request *r)
{
	return r->mechanism.index == 0 && r->mechanism.state == NULL;
}

/* ---- authenticate --------------------------------------------------------------------------------------- */

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

enum next access_identify(struct request *r, struct authentication *a, bool *out_is_known)
{
	const struct server_config *config = r->server->config;

	for (; r->mechanism.index < config->authenticator_count; r->mechanism.index++) {
		const struct authenticator *one = &config->authenticators[r->mechanism.index];
		enum check check;

		a->check = request_context(r);
		check = one->check(one, a);
		r->mechanism.state = a->check.state;
		if (check == CHECK_WAIT)
			return WAIT;
		if (check != CHECK_PASS) {
			*out_is_known = check == CHECK_ALLOW;
			return NEXT;
		}
		r->mechanism.state = NULL;
	}
	*out_is_known = false;
	return NEXT;
}

/* Whoever comes by a socket of this machine is not judged by the address of what is asked: nobody else gets there. */
static bool may_be_anonymous(const struct request *r)
{
	const struct anonymous_options *options = r->server->config->anonymous;

	return options == NULL || r->asked.address.len == 0 ||
	       str_list_has(options->paths, r->asked.path);
}

static enum next ask_authenticators(struct request *r)
{
	struct authentication a = { .certificate = r->asked.certificate,
				    .headers = r->asked.headers,
				    .shown_pem = r->asked.shown_pem,
				    .bearer = bearer_of(r->asked.authorization) };
	bool is_known;

	if (access_identify(r, &a, &is_known) == WAIT)
		return WAIT;
	if (is_known) {
		r->user = a.user;
		add_group(r, GROUP_AUTHENTICATED);
		measure_authenticated(r, MEASURE_YES);
		return NEXT;
	}
	/* A credential that nobody knows is not none, also where it is a certificate. */
	if (r->asked.authorization.len == 0 && !r->asked.has_bad_certificate && may_be_anonymous(r)) {
		r->user = (struct user){ .name = USER_ANONYMOUS };
		add_group(r, GROUP_UNAUTHENTICATED);
		measure_authenticated(r, MEASURE_YES);
		return NEXT;
	}
	measure_authenticated(r, a.why.text[0] ? MEASURE_ERROR : MEASURE_NO);
	if (a.why.text[0])
		log_debug("api", "credentials were refused", LOG_FAULT(&a.why));
	return request_fail(r, failure_unauthorized(r->arena));
}

enum next access_authenticate(struct request *r)
{
	enum next next;

	if (r->asked.is_trusted) {
		r->user = r->asked.user;
		add_group(r, GROUP_AUTHENTICATED);
		return NEXT;
	}
	if (is_first_ask(r))
		r->check_began = act_now(r->server->act);
	next = ask_authenticators(r);
	if (next == NEXT)
		access_reset(r);
	return next;
}

/* ---- authorize --------------------------------------------------------------------------------------------- */

/* Selectors say what is asked about only where many are: upstream's requestinfo. */
static bool is_about_many(struct str verb)
{
	return str_is(verb, "list") || str_is(verb, "watch") || str_is(verb, "deletecollection");
}

static struct attributes attributes_of(const struct request *r)
{
	const struct route *route = &r->route;
	bool is_many = is_about_many(route->verb_name);

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
		.field_selector = is_many ? r->options.field_selector : STR_NONE,
		.label_selector = is_many ? r->options.label_selector : STR_NONE,
	};
}

static void show_resource(struct text *out, const struct attributes *a)
{
	text_printf(out, " resource \"" STR_FMT "%s" STR_FMT "\" in API group \"" STR_FMT "\"",
		    STR_ARG(a->resource), a->subresource.len > 0 ? "/" : "",
		    STR_ARG(a->subresource), STR_ARG(a->group));
	if (a->namespace.len > 0)
		text_printf(out, " in the namespace \"" STR_FMT "\"", STR_ARG(a->namespace));
	else
		text_lit(out, " at the cluster scope");
}

struct str access_refusal(struct request *r, const struct attributes *a, struct str reason)
{
	struct text why = text_in(r->arena, 8U * KIB);

	text_printf(&why, "User \"" STR_FMT "\" cannot " STR_FMT, STR_ARG(a->user->name),
		    STR_ARG(a->verb));
	if (a->is_resource)
		show_resource(&why, a);
	else
		text_printf(&why, " path \"" STR_FMT "\"", STR_ARG(a->path));
	if (reason.len > 0)
		text_printf(&why, ": " STR_FMT, STR_ARG(reason));
	return text_str(&why);
}

static enum next forbidden(struct request *r, const struct attributes *a, struct str reason)
{
	struct str why = access_refusal(r, a, reason);

	if (!a->is_resource)
		return request_fail(r, failure_forbidden(r->arena, STR(""), STR(""), STR(""), why));
	return request_fail(r, failure_forbidden(r->arena, a->group, a->resource, a->name, why));
}

enum next access_ask(struct request *r, const struct attributes *attributes, bool wants_reason,
		     struct access_verdict *out)
{
	struct authorization a = { .attributes = *attributes, .wants_reason = wants_reason };
	struct authorizer_set *rights = &r->mechanism.rights;
	enum check check = CHECK_PASS;

	if (is_first_ask(r))
		*rights = access_rights(r->server);
	if (user_is_in(attributes->user, GROUP_MASTERS) ||
	    (rights->count == 0 && !str_eq(attributes->user->name, USER_ANONYMOUS)))
		check = CHECK_ALLOW;
	while (check == CHECK_PASS && r->mechanism.index < rights->count) {
		const struct authorizer *one = &rights->at[r->mechanism.index];

		a.check = request_context(r);
		check = one->check(one, &a);
		r->mechanism.state = a.check.state;
		if (check == CHECK_WAIT)
			return WAIT;
		if (check != CHECK_PASS)
			break;
		r->mechanism.index++;
		r->mechanism.state = NULL;
	}
	*out = (struct access_verdict){ check == CHECK_ALLOW, check == CHECK_DENY, a.reason };
	return NEXT;
}

enum next access_authorize(struct request *r)
{
	struct attributes attributes = attributes_of(r);
	struct access_verdict verdict;

	if (is_first_ask(r))
		r->check_began = act_now(r->server->act);
	if (access_ask(r, &attributes, r->audit != NULL, &verdict) == WAIT)
		return WAIT;
	measure_authorized(r, verdict.is_allowed  ? MEASURE_YES
			      : verdict.is_denied ? MEASURE_NO
						  : MEASURE_NO_OPINION);
	if (r->audit != NULL) {
		str_map_put(&r->annotations, r->arena, STR("authorization.k8s.io/decision"),
			    verdict.is_allowed ? STR("allow") : STR("forbid"));
		str_map_put(&r->annotations, r->arena, STR("authorization.k8s.io/reason"),
			    verdict.reason.at ? verdict.reason : STR(""));
	}
	return verdict.is_allowed ? NEXT : forbidden(r, &attributes, verdict.reason);
}

/* ---- expressions that ask ------------------------------------------------------------------------------------------ */

/* Who is meant: whoever asks, or a service account with the groups that each has. */
static struct user *asked_for(struct request *r, struct str account, struct arena *arena)
{
	struct user *user = arena_copy(arena, &r->user, sizeof *user);
	struct str *groups, rest = account, namespace;

	if (account.at == NULL)
		return user;
	str_cut(&rest, ':');
	str_cut(&rest, ':');
	namespace = str_cut(&rest, ':');
	groups = arena_array(arena, struct str, 3);
	groups[0] = STR("system:serviceaccounts");
	groups[1] = arena_printf(arena, "system:serviceaccounts:" STR_FMT, STR_ARG(namespace));
	groups[2] = GROUP_AUTHENTICATED;
	*user = (struct user){ .name = account, .groups = groups, .group_count = 3 };
	return user;
}

/* Nobody waits for expressions: the caches are taken as they are. */
void access_decide(void *request, const struct cel_access *access, struct arena *arena,
		   struct cel_decision *out)
{
	struct request *r = request;
	struct authorizer_set rights = access_rights(r->server);
	struct authorization a = {
		.attributes = { .user = asked_for(r, access->service_account, arena),
				.verb = access->verb,
				.is_resource = access->path.at == NULL,
				.group = access->group,
				.version = STR("*"),
				.resource = access->resource,
				.subresource = access->subresource,
				.namespace = access->namespace,
				.name = access->name,
				.path = access->path,
				.field_selector = access->field_selector,
				.label_selector = access->label_selector },
		.wants_reason = true,
	};
	enum check check = CHECK_PASS;

	if (user_is_in(a.attributes.user, GROUP_MASTERS) || rights.count == 0)
		check = CHECK_ALLOW;
	for (uint32_t i = 0; i < rights.count && check == CHECK_PASS; i++) {
		a.check = request_context(r);
		a.check.is_fresh = true;
		a.check.outside = NULL;
		a.check.state = NULL;
		check = rights.at[i].check(&rights.at[i], &a);
	}
	*out = (struct cel_decision){ .is_allowed = check == CHECK_ALLOW, .reason = a.reason };
}

/* Words and question are those of a create; the request stays what it is. */
enum next access_authorize_create(struct request *r)
{
	struct str verb = r->route.verb_name;
	enum next next;

	r->route.verb_name = STR("create");
	next = access_authorize(r);
	r->route.verb_name = verb;
	if (next == NEXT)
		access_reset(r);
	return next;
}
