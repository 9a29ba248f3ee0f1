/*
 * Bootstrap tokens: `id.secret`, with which a machine that is nobody yet comes to be a node (upstream: --enable-bootstrap-token-auth).
 *
 * Each is a Secret kube-system/bootstrap-token-ID of its own type that says it may be used so, and perhaps until when. What the caches do not have is looked
 * for once more after a refresh, since a token is often used as soon as it was made.
 */
#include "actors/authentication/mechanisms.h"
#include "datastore/schema/core.h"
#include "runtime/base/time/wall.h"
#include "transport/tls/crypto.h"

#define ID_BYTES 6U
#define SECRET_BYTES 16U
#define GROUP_PREFIX "system:bootstrappers:"
#define GROUPS_MAX 32U
#define GROUP_BYTES_MAX 277U /* the prefix, and 256 */

static enum check refuse(struct authentication *a, const char *words)
{
	fault_set(&a->why, UNAUTHORIZED, "", "bootstrap token: %s", words);
	return CHECK_PASS;
}

static bool is_word(struct str text, uint32_t len)
{
	for (uint32_t i = 0; i < text.len; i++)
		if (!((text.at[i] >= 'a' && text.at[i] <= 'z') ||
		      (text.at[i] >= '0' && text.at[i] <= '9')))
			return false;
	return text.len == len;
}

/* system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9] */
static bool is_group(struct str group)
{
	struct str rest = str_slice(group, sizeof GROUP_PREFIX - 1, group.len);

	if (!str_starts(group, STR(GROUP_PREFIX)) || rest.len == 0 || group.len > GROUP_BYTES_MAX)
		return false;
	for (uint32_t i = 0; i < rest.len; i++) {
		struct str one = str_slice(rest, i, i + 1);
		bool is_mark = one.at[0] == ':' || one.at[0] == '-';

		if (!is_word(one, 1) && (!is_mark || i + 1 == rest.len))
			return false;
	}
	return true;
}

/* False: one of them is none that a token may give. */
static bool take_groups(struct str text, struct arena *arena, struct user *out)
{
	struct str *groups = arena_array(arena, struct str, GROUPS_MAX + 1);
	struct str rest = text;

	groups[out->group_count++] = STR("system:bootstrappers");
	while (rest.len > 0) {
		struct str one = str_cut(&rest, ',');

		if (!is_group(one) || out->group_count > GROUPS_MAX)
			return false;
		groups[out->group_count++] = arena_str(arena, one);
	}
	out->groups = groups;
	return true;
}

static bool has_expired(struct str text, struct wall now)
{
	struct wall until;

	/* One that cannot be read is over, as upstream has it. */
	return text.len > 0 && (wall_parse(text, &until) != OK || now.ns > until.ns);
}

static enum check judge(struct authentication *a, const struct core_secret *secret, struct str id,
			struct str word)
{
	struct user user = { .group_count = 0 };

	if (!str_is(secret->type, "bootstrap.kubernetes.io/token"))
		return refuse(a, "the secret is of another type");
	if (!crypto_equal(str_map_get(secret->data, STR("token-secret")), word) ||
	    !str_eq(str_map_get(secret->data, STR("token-id")), id))
		return refuse(a, "there is no such token");
	if (has_expired(str_map_get(secret->data, STR("expiration")), a->check.now))
		return refuse(a, "the token has expired");
	if (!str_is(str_map_get(secret->data, STR("usage-bootstrap-authentication")), "true"))
		return refuse(a, "the token is not for authentication");
	if (!take_groups(str_map_get(secret->data, STR("auth-extra-groups")), a->check.arena, &user))
		return refuse(a, "the token gives groups that it may not");
	user.name = arena_printf(a->check.arena, "system:bootstrap:" STR_FMT, STR_ARG(id));
	a->user = user;
	return CHECK_ALLOW;
}

static enum check check(const struct authenticator *authenticator, struct authentication *a)
{
	struct str word = a->bearer, id = str_cut(&word, '.');
	const struct object *object;

	(void)authenticator;
	if (a->bearer.len == 0 || !is_word(id, ID_BYTES) || !is_word(word, SECRET_BYTES))
		return CHECK_PASS;
	object = check_get(&a->check, &core_secret_type, STR("kube-system"),
			   arena_printf(a->check.arena, "bootstrap-token-" STR_FMT, STR_ARG(id)));
	if (object == NULL && !a->check.is_fresh)
		return check_refresh(&a->check);
	if (object == NULL || record_meta(object->type, object->record)->has.deletion_timestamp)
		return refuse(a, "there is no such token");
	return judge(a, object->record, id, word);
}

struct authenticator authentication_bootstrap_token(void)
{
	return (struct authenticator){ .name = "bootstraptoken", .check = check };
}
