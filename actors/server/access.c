#include "actors/server/server-private.h"
#include "runtime/base/log.h"

/* Who asks, and may they: the authenticators and authorizers of the configuration, each asked in its turn. */

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

void access_reset(struct request *r)
{
	r->mechanism.index = 0;
	r->mechanism.state = NULL;
	r->mechanism.phase = 0;
}

enum next access_authenticate(struct request *r)
{
	enum next next;

	if (r->asked.is_trusted) {
		r->user = r->asked.user;
		add_group(r, GROUP_AUTHENTICATED);
		return NEXT;
	}
	next = ask_authenticators(r);
	if (next == NEXT)
		access_reset(r);
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

enum next access_authorize(struct request *r)
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
