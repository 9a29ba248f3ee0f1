/*
 * Service account tokens: JSON Web Tokens bound to an account and perhaps to a pod, secret or node of it.
 *
 * A good signature is not enough: the account and what the token is bound to must still exist, as the very objects
 * that the token was made for. What the caches do not have is looked for once more after a refresh.
 */
#include "actors/authentication/audience.h"
#include "actors/authentication/mechanisms.h"
#include "datastore/object/object.h"
#include "datastore/schema/core.h"
#include "runtime/base/arena.h"
#include "runtime/base/fault.h"
#include "runtime/base/str.h"
#include "transport/tls/jwt.h"
#include "transport/wire/json.h"

#define LEEWAY_NS (60 * TIME_S) /* clocks differ; upstream's jwt.DefaultLeeway */
#define AUDIENCES_MAX 64U
#define EXTRA_MAX 5U

struct bound {
	struct str name, uid; /* absent name: not bound to one */
};

struct claims {
	struct str issuer, id, namespace;
	struct str *audiences;
	uint32_t audience_count;
	int64_t expires_s, not_before_s, issued_s; /* 0: not said */
	struct bound account, pod, secret, node;
};

static enum check refuse(struct authentication *a, const char *why)
{
	fault_set(&a->why, UNAUTHORIZED, "", "%s", why);
	return CHECK_DENY;
}

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

static void read_audience(struct json *in, struct arena *arena, struct claims *out)
{
	uint32_t count = out->audience_count;

	if (count == AUDIENCES_MAX) {
		json_skip(in, NULL);
		return;
	}
	out->audiences = arena_grow(arena, out->audiences, count * sizeof(struct str),
				    (count + 1) * sizeof(struct str));
	out->audiences[count] = STR_NONE;
	read_string(in, arena, &out->audiences[count]);
	out->audience_count = count + 1;
}

static void read_audiences(struct json *in, struct arena *arena, struct claims *out)
{
	if (json_peek(in) != JSON_ARRAY) {
		read_audience(in, arena, out);
		return;
	}
	for (json_enter(in); json_element(in);)
		read_audience(in, arena, out);
}

static void read_bound(struct json *in, struct arena *arena, struct bound *out)
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

static void read_kubernetes(struct json *in, struct arena *arena, struct claims *out)
{
	struct str name;

	if (json_peek(in) != JSON_OBJECT) {
		json_skip(in, NULL);
		return;
	}
	for (json_enter(in); json_member(in, arena, &name);) {
		struct bound *bound = str_is(name, "serviceaccount") ? &out->account
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

static enum status read_claims(struct str text, struct arena *arena, struct claims *out)
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

/* ---- judging ----------------------------------------------------------------------------------------------- */

static bool is_signed(struct service_account_tokens *tokens, struct str token, const struct jwt *jwt)
{
	struct token_digest digest = token_digest_of(token);

	if (token_memory_has(&tokens->memory, &digest))
		return true;
	for (uint32_t i = 0; i < tokens->key_count; i++) {
		if (jwt_verify(jwt, tokens->keys[i], NULL) != OK)
			continue;
		token_memory_add(&tokens->memory, &digest);
		return true;
	}
	return false;
}

static const char *time_fault(const struct claims *claims, struct wall now)
{
	if (claims->expires_s == 0 || now.ns > claims->expires_s * TIME_S + LEEWAY_NS)
		return "the token has expired";
	if (now.ns + LEEWAY_NS < claims->not_before_s * TIME_S)
		return "the token is not valid yet";
	if (now.ns + LEEWAY_NS < claims->issued_s * TIME_S)
		return "the token was issued in the future";
	return NULL;
}

enum standing { STANDS, IS_GONE, MAY_BE_NEW };

/* Whether the very object that the token names still lives (or died within the leeway). */
static enum standing stands(const struct check_context *check, const struct type *type,
			    struct str namespace, const struct bound *bound)
{
	const struct object *object = check_get(check, type, namespace, bound->name);
	const struct meta_object_meta *meta;

	if (object == NULL || !str_eq(object_uid(object), bound->uid))
		return check->is_fresh ? IS_GONE : MAY_BE_NEW;
	meta = record_meta(object->type, object->record);
	if (meta->has.deletion_timestamp && meta->deletion_timestamp.ns < check->now.ns - LEEWAY_NS)
		return IS_GONE;
	return STANDS;
}

static enum check check_objects(struct authentication *a, const struct claims *claims)
{
	const struct {
		const struct type *type;
		const struct bound *bound;
		struct str namespace;
	} rows[] = { { &core_service_account_type, &claims->account, claims->namespace },
		     { &core_pod_type, &claims->pod, claims->namespace },
		     { &core_secret_type, &claims->secret, claims->namespace },
		     { &core_node_type, &claims->node, STR_NONE } };

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bool is_node = rows[i].type == &core_node_type;
		enum standing standing;

		if (rows[i].bound->name.at == NULL || (is_node && claims->pod.name.at != NULL))
			continue;
		standing = stands(&a->check, rows[i].type, rows[i].namespace, rows[i].bound);
		if (standing == MAY_BE_NEW)
			return check_refresh(&a->check);
		if (standing == IS_GONE)
			return refuse(a, "what the token is bound to does not exist any more");
	}
	return CHECK_ALLOW;
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

static struct user user_of(struct arena *arena, const struct claims *claims)
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

static enum check check(const struct authenticator *authenticator, struct authentication *a)
{
	struct service_account_tokens *tokens = authenticator->config;
	struct arena *arena = a->check.arena;
	struct claims *claims = arena_new_of(arena, struct claims);
	struct jwt jwt;
	enum check found;
	const char *fault;

	if (a->bearer.len == 0 || jwt_read(a->bearer, arena, &jwt, NULL) != OK ||
	    read_claims(jwt.claims, arena, claims) != OK ||
	    !str_list_has(tokens->issuers, claims->issuer))
		return CHECK_PASS;
	if (!is_signed(tokens, a->bearer, &jwt))
		return refuse(a, "no key of this cluster signed the token");
	fault = time_fault(claims, a->check.now);
	if (fault != NULL)
		return refuse(a, fault);
	if (!audience_match(a, tokens->audiences,
			    (struct str_list){ claims->audiences, claims->audience_count }))
		return refuse(a, "the token is meant for another audience");
	if (claims->account.name.len == 0 || claims->namespace.len == 0)
		return refuse(a, "the token names no service account");
	found = check_objects(a, claims);
	if (found == CHECK_ALLOW)
		a->user = user_of(arena, claims);
	return found;
}

struct authenticator authentication_service_account(struct service_account_tokens *tokens)
{
	return (struct authenticator){ .name = "serviceaccount", .check = check, .config = tokens };
}
