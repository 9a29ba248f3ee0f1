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
#include "runtime/base/fault.h"
#include "runtime/base/str.h"
#include "transport/tls/jwt.h"

#define LEEWAY_NS (60 * TIME_S) /* clocks differ; upstream's jwt.DefaultLeeway */

static enum check refuse(struct authentication *a, const char *why)
{
	fault_set(&a->why, UNAUTHORIZED, "", "%s", why);
	return CHECK_DENY;
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

static const char *time_fault(const struct account_claims *claims, struct wall now)
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
			    struct str namespace, const struct account_bound *bound)
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

static enum check check_objects(struct authentication *a, const struct account_claims *claims)
{
	const struct {
		const struct type *type;
		const struct account_bound *bound;
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

/* What is known of the token's bytes that a key of this cluster has signed; CHECK_ALLOW sets *out, which the table of those that ask most may own. */
static enum check read_signed(struct service_account_tokens *tokens, struct authentication *a,
			      struct known_token *out)
{
	const struct known_token *known = known_tokens_find(&tokens->known, a->bearer);
	struct arena *arena = a->check.arena;
	struct jwt jwt;

	if (known != NULL) {
		*out = *known;
		return CHECK_ALLOW;
	}
	if (a->bearer.len == 0 || jwt_read(a->bearer, arena, &jwt, NULL) != OK ||
	    account_claims_read(jwt.claims, arena, &out->claims) != OK ||
	    !str_list_has(tokens->issuers, out->claims.issuer))
		return CHECK_PASS;
	if (!is_signed(tokens, a->bearer, &jwt))
		return refuse(a, "no key of this cluster signed the token");
	known_tokens_add(&tokens->known, a->bearer, &out->claims);
	out->user = account_claims_user(&out->claims, arena);
	return CHECK_ALLOW;
}

static enum check check(const struct authenticator *authenticator, struct authentication *a)
{
	struct service_account_tokens *tokens = authenticator->config;
	struct known_token known;
	const struct account_claims *claims = &known.claims;
	enum check found = read_signed(tokens, a, &known);
	const char *fault;

	if (found != CHECK_ALLOW)
		return found;
	fault = time_fault(claims, a->check.now);
	if (fault != NULL)
		return refuse(a, fault);
	if (!audience_match(a, tokens->audiences, claims->audiences))
		return refuse(a, "the token is meant for another audience");
	if (claims->account.name.len == 0 || claims->namespace.len == 0)
		return refuse(a, "the token names no service account");
	found = check_objects(a, claims);
	if (found == CHECK_ALLOW)
		a->user = user_copy(a->check.arena, &known.user);
	return found;
}

struct authenticator authentication_service_account(struct service_account_tokens *tokens)
{
	return (struct authenticator){ .name = "serviceaccount", .check = check, .config = tokens };
}

void authentication_service_account_forget(struct service_account_tokens *tokens)
{
	known_tokens_clear(&tokens->known);
	memset(&tokens->memory, 0, sizeof tokens->memory);
}
