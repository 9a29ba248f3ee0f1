#include "actors/server/server-private.h"
#include "transport/http/url.h"

/*
 * Impersonation: who may, asks in another's name (Impersonate-User and its companions).
 *
 * Each thing that is wanted (the user, its uid, each group, each value of extra) is a question of its own to the authorizers, in the
 * requester's name: verb `impersonate`. All must be allowed; then the request goes on as the other's, and nobody behind this
 * step sees the difference. The headers are never obeyed in silence: a door that cannot read them takes none.
 */

#define EXTRA_PREFIX "impersonate-extra-"

/* ---- reading ---------------------------------------------------------------------------------------------- */

static void read_groups(struct http_headers headers, struct arena *arena, struct user *out)
{
	struct str name = STR("impersonate-group");
	struct str *groups = arena_array(arena, struct str, http_header_count(headers, name) + 3);

	for (uint32_t i = 0; i < headers.count; i++)
		if (str_eq(headers.at[i].name, name))
			groups[out->group_count++] = headers.at[i].value;
	out->groups = groups;
}

static enum status read_extra(struct http_headers headers, struct arena *arena, struct user *out)
{
	struct user_extra *list = arena_array(arena, struct user_extra, headers.count + 1);

	for (uint32_t i = 0; i < headers.count; i++) {
		struct str name = headers.at[i].name, key;

		if (!str_starts(name, STR(EXTRA_PREFIX)))
			continue;
		TRY(url_decode(arena, str_slice(name, sizeof EXTRA_PREFIX - 1, name.len), &key));
		user_extra_add(list, &out->extra_count, key, headers.at[i].value, headers.count,
			       arena);
	}
	out->extra = list;
	return OK;
}

enum status impersonate_read(struct http_headers headers, struct arena *arena, struct user *out)
{
	*out = (struct user){ .name = http_header_get(headers, STR("impersonate-user")),
			      .uid = http_header_get(headers, STR("impersonate-uid")) };
	read_groups(headers, arena, out);
	return read_extra(headers, arena, out);
}

/* ---- asking ------------------------------------------------------------------------------------------------ */

static bool is_wanted(const struct user *wanted)
{
	return wanted->name.len > 0 || wanted->uid.len > 0 || wanted->group_count > 0 ||
	       wanted->extra_count > 0;
}

/* system:serviceaccount:NAMESPACE:NAME */
static bool split_account(struct str user, struct str *namespace, struct str *name)
{
	struct str rest;

	if (!str_starts(user, STR("system:serviceaccount:")))
		return false;
	rest = str_slice(user, sizeof "system:serviceaccount:" - 1, user.len);
	*namespace = str_cut(&rest, ':');
	*name = rest;
	return namespace->len > 0 && name->len > 0;
}

static struct attributes ask_user(const struct user *wanted)
{
	struct attributes attributes = { .version = STR("v1"),
					 .resource = STR("users"),
					 .name = wanted->name };

	if (split_account(wanted->name, &attributes.namespace, &attributes.name))
		attributes.resource = STR("serviceaccounts");
	return attributes;
}

static bool ask_extra(const struct user *wanted, uint32_t index, struct attributes *out)
{
	for (uint32_t i = 0; i < wanted->extra_count; i++) {
		const struct user_extra *extra = &wanted->extra[i];

		if (index < extra->value_count) {
			*out = (struct attributes){ .group = STR("authentication.k8s.io"),
						    .version = STR("v1"),
						    .resource = STR("userextras"),
						    .subresource = extra->key,
						    .name = extra->values[index] };
			return true;
		}
		index -= extra->value_count;
	}
	return false;
}

/* The question with this number; false: that was all. */
static bool question(const struct user *wanted, uint32_t index, struct attributes *out)
{
	bool has_uid = wanted->uid.len > 0;

	if (index == 0) {
		*out = ask_user(wanted);
	} else if (has_uid && index == 1) {
		*out = (struct attributes){ .group = STR("authentication.k8s.io"),
					    .version = STR("v1"),
					    .resource = STR("uids"),
					    .name = wanted->uid };
	} else if (index - 1 - has_uid < wanted->group_count) {
		*out = (struct attributes){ .version = STR("v1"),
					    .resource = STR("groups"),
					    .name = wanted->groups[index - 1 - has_uid] };
	} else if (!ask_extra(wanted, index - 1 - has_uid - wanted->group_count, out)) {
		return false;
	}
	out->verb = STR("impersonate");
	out->is_resource = true;
	return true;
}

/* users "x" is forbidden: User "a" cannot impersonate resource "users" in API group "" at the cluster scope */
static enum next refuse(struct request *r, const struct attributes *a)
{
	struct text why = text_in(r->arena, 8U * KIB);

	text_printf(&why,
		    "User \"" STR_FMT "\" cannot impersonate resource \"" STR_FMT "%s" STR_FMT
		    "\" in API group \"" STR_FMT "\"",
		    STR_ARG(r->user.name), STR_ARG(a->resource), a->subresource.len ? "/" : "",
		    STR_ARG(a->subresource), STR_ARG(a->group));
	if (a->namespace.len > 0)
		text_printf(&why, " in the namespace \"" STR_FMT "\"", STR_ARG(a->namespace));
	else
		text_lit(&why, " at the cluster scope");
	return request_fail(
	    r, failure_forbidden(r->arena, a->group, a->resource, a->name, text_str(&why)));
}

/* ---- becoming ------------------------------------------------------------------------------------------------- */

static void add_group(struct user *user, struct str group)
{
	if (!user_is_in(user, group))
		((struct str *)(uintptr_t)user->groups)[user->group_count++] = group;
}

static void become(struct request *r, struct user *wanted)
{
	struct str namespace, name;
	bool is_anonymous = str_eq(wanted->name, USER_ANONYMOUS);

	if (wanted->group_count == 0 && split_account(wanted->name, &namespace, &name)) {
		add_group(wanted, STR("system:serviceaccounts"));
		add_group(wanted,
			  request_printf(r, "system:serviceaccounts:" STR_FMT, STR_ARG(namespace)));
	}
	if (is_anonymous)
		add_group(wanted, GROUP_UNAUTHENTICATED);
	else if (!user_is_in(wanted, GROUP_UNAUTHENTICATED))
		add_group(wanted, GROUP_AUTHENTICATED);
	r->user = *wanted;
}

enum next impersonate(struct request *r)
{
	struct user *wanted = &r->asked.impersonated;
	struct attributes attributes;
	struct access_verdict verdict;

	if (!is_wanted(wanted))
		return NEXT;
	if (wanted->name.len == 0)
		return request_fail(
		    r,
		    failure_bad_request(
			r->arena, "requested uid, groups or extra without impersonating a user"));
	while (question(wanted, r->mechanism.phase, &attributes)) {
		uint32_t asked = r->mechanism.phase;

		attributes.user = &r->user;
		if (access_ask(r, &attributes, false, &verdict) == WAIT)
			return WAIT;
		access_reset(r);
		if (!verdict.is_allowed)
			return refuse(r, &attributes);
		r->mechanism.phase = asked + 1;
	}
	access_reset(r);
	become(r, wanted);
	return NEXT;
}
