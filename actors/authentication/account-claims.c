#include "actors/authentication/account-claims.h"

#include <string.h>

#include "runtime/base/base.h"
#include "transport/wire/json.h"

#define AUDIENCES_MAX 64U
#define EXTRA_MAX 5U

/* ---- reading the claims ---------------------------------------------------------------------------------- */

static void read_string(struct json *in, struct arena *arena, struct str *out)
{
	if (json_peek(in) != JSON_STRING || !json_string(in, arena, out))
		json_skip(in, NULL);
}

/* Seconds, perhaps with a fraction. */
static void read_seconds(struct json *in, int64_t *out)
{
	struct str text;
	double seconds;

	if (json_peek(in) != JSON_NUMBER) {
		json_skip(in, NULL);
		return;
	}
	if (json_number(in, &text) && str_to_double(text, &seconds) == OK && seconds > 0 &&
	    seconds < 1e12)
		*out = (int64_t)seconds;
}

static void read_audience(struct json *in, struct arena *arena, struct account_claims *out)
{
	struct str_list *list = &out->audiences;

	if (list->len == AUDIENCES_MAX) {
		json_skip(in, NULL);
		return;
	}
	list->at = arena_grow(arena, list->at, list->len * sizeof(struct str),
			      (list->len + 1) * sizeof(struct str));
	list->at[list->len] = STR_NONE;
	read_string(in, arena, &list->at[list->len++]);
}

static void read_audiences(struct json *in, struct arena *arena, struct account_claims *out)
{
	if (json_peek(in) != JSON_ARRAY) {
		read_audience(in, arena, out);
		return;
	}
	for (json_enter(in); json_element(in);)
		read_audience(in, arena, out);
}

static void read_bound(struct json *in, struct arena *arena, struct account_bound *out)
{
	struct str name;

	if (json_peek(in) != JSON_OBJECT) {
		json_skip(in, NULL);
		return;
	}
	for (json_enter(in); json_member(in, arena, &name);) {
		if (str_is(name, "name"))
			read_string(in, arena, &out->name);
		else if (str_is(name, "uid"))
			read_string(in, arena, &out->uid);
		else
			json_skip(in, NULL);
	}
}

static void read_kubernetes(struct json *in, struct arena *arena, struct account_claims *out)
{
	struct str name;

	if (json_peek(in) != JSON_OBJECT) {
		json_skip(in, NULL);
		return;
	}
	for (json_enter(in); json_member(in, arena, &name);) {
		struct account_bound *bound = str_is(name, "serviceaccount") ? &out->account
					      : str_is(name, "pod")          ? &out->pod
					      : str_is(name, "secret")       ? &out->secret
					      : str_is(name, "node")         ? &out->node
									     : NULL;

		if (bound != NULL)
			read_bound(in, arena, bound);
		else if (str_is(name, "namespace"))
			read_string(in, arena, &out->namespace);
		else
			json_skip(in, NULL);
	}
}

enum status account_claims_read(struct str text, struct arena *arena, struct account_claims *out)
{
	struct json in = json_of(text);
	struct str name;

	memset(out, 0, sizeof *out);
	if (json_peek(&in) != JSON_OBJECT)
		return INVALID;
	for (json_enter(&in); json_member(&in, arena, &name);) {
		if (str_is(name, "iss"))
			read_string(&in, arena, &out->issuer);
		else if (str_is(name, "jti"))
			read_string(&in, arena, &out->id);
		else if (str_is(name, "aud"))
			read_audiences(&in, arena, out);
		else if (str_is(name, "exp"))
			read_seconds(&in, &out->expires_s);
		else if (str_is(name, "nbf"))
			read_seconds(&in, &out->not_before_s);
		else if (str_is(name, "iat"))
			read_seconds(&in, &out->issued_s);
		else if (str_is(name, "kubernetes.io"))
			read_kubernetes(&in, arena, out);
		else
			json_skip(&in, NULL);
	}
	return json_end(&in, NULL);
}

/* ---- who that is ------------------------------------------------------------------------------------------ */

static void copy_bound(struct account_bound *bound, struct arena *arena)
{
	bound->name = arena_str(arena, bound->name);
	bound->uid = arena_str(arena, bound->uid);
}

struct account_claims account_claims_copy(const struct account_claims *claims, struct arena *arena)
{
	struct account_claims copy = *claims;

	copy.issuer = arena_str(arena, claims->issuer);
	copy.id = arena_str(arena, claims->id);
	copy.namespace = arena_str(arena, claims->namespace);
	copy.audiences.at = arena_array(arena, struct str, claims->audiences.len);
	for (uint32_t i = 0; i < claims->audiences.len; i++)
		copy.audiences.at[i] = arena_str(arena, claims->audiences.at[i]);
	copy_bound(&copy.account, arena);
	copy_bound(&copy.pod, arena);
	copy_bound(&copy.secret, arena);
	copy_bound(&copy.node, arena);
	return copy;
}

static void add_extra(struct arena *arena, struct user_extra *extra, uint32_t *count,
		      const char *key, struct str value)
{
	struct str *values;

	if (value.len == 0)
		return;
	values = arena_new_of(arena, struct str);
	*values = value;
	extra[(*count)++] = (struct user_extra){ str_from(key), values, 1 };
}

struct user account_claims_user(const struct account_claims *claims, struct arena *arena)
{
	struct str *groups = arena_array(arena, struct str, 2);
	struct user_extra *extra = arena_array(arena, struct user_extra, EXTRA_MAX);
	uint32_t count = 0;

	groups[0] = STR("system:serviceaccounts");
	groups[1] =
	    arena_printf(arena, "system:serviceaccounts:" STR_FMT, STR_ARG(claims->namespace));
	add_extra(arena, extra, &count, "authentication.kubernetes.io/pod-name", claims->pod.name);
	add_extra(arena, extra, &count, "authentication.kubernetes.io/pod-uid", claims->pod.uid);
	add_extra(arena, extra, &count, "authentication.kubernetes.io/node-name", claims->node.name);
	add_extra(arena, extra, &count, "authentication.kubernetes.io/node-uid", claims->node.uid);
	if (claims->id.len > 0)
		add_extra(arena, extra, &count, "authentication.kubernetes.io/credential-id",
			  arena_printf(arena, "JTI=" STR_FMT, STR_ARG(claims->id)));
	return (struct user){ .name = arena_printf(
				  arena, "system:serviceaccount:" STR_FMT ":" STR_FMT,
				  STR_ARG(claims->namespace), STR_ARG(claims->account.name)),
			      .uid = claims->account.uid,
			      .groups = groups,
			      .group_count = 2,
			      .extra = extra,
			      .extra_count = count };
}
