#include "actors/server/server-private.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"

/*
 * Secrets of type kubernetes.io/service-account-token: whoever writes one that names an account of its namespace finds a token in it, as long
 * as it is there.
 *
 * Upstream's token controller writes it a moment later, with keys that our controllers do not have. The token is bound to the Secret, and so
 * ends with it; one that names an account that is not there stays as it is, and gets its token with the next write after the account came.
 */

#define TYPE "kubernetes.io/service-account-token"
#define ACCOUNT_NAME STR("kubernetes.io/service-account.name")
#define ACCOUNT_UID STR("kubernetes.io/service-account.uid")
#define TOKEN STR("token")
#define AUTHORITY STR("ca.crt")

static struct core_secret *secret_of(const struct request *r)
{
	struct core_secret *secret = r->record;

	if (r->type != &core_secret_type || !str_is(secret->type, TYPE) || request_is_dry_run(r) ||
	    r->server->config->signing_key == NULL || secret->metadata->has.deletion_timestamp ||
	    str_map_get(secret->data, TOKEN).len > 0)
		return NULL;
	return secret;
}

static const void *look(struct request *r, const struct type *type, struct str name)
{
	const struct reader *reader = &r->server->reader;
	const struct object *object = reader->get(reader->self, type, r->route.namespace, name);

	return object != NULL ? object_hold(r->arena, object)->record : NULL;
}

/* What is there is left as it is. */
static void put(struct request *r, struct core_secret *secret, struct str key, struct str value)
{
	if (value.len > 0 && str_map_get(secret->data, key).at == NULL)
		str_map_put(&secret->data, r->arena, key, value);
}

void token_secret_fill(struct request *r)
{
	struct core_secret *secret = secret_of(r);
	const struct core_service_account *account;
	const struct core_config_map *root;
	struct str uid, token;

	if (secret == NULL)
		return;
	account = look(r, &core_service_account_type,
		       str_map_get(secret->metadata->annotations, ACCOUNT_NAME));
	if (account == NULL)
		return;
	uid = str_map_get(secret->metadata->annotations, ACCOUNT_UID);
	if (uid.len > 0 && !str_eq(uid, account->metadata->uid))
		return; /* it was for another one of that name */
	if (token_request_for_secret(r, account, secret->metadata, &token) != OK)
		return;
	str_map_put(&secret->metadata->annotations, r->arena, ACCOUNT_UID, account->metadata->uid);
	str_map_put(&secret->data, r->arena, TOKEN, token);
	put(r, secret, STR("namespace"), secret->metadata->namespace);
	root = look(r, &core_config_map_type, STR("kube-root-ca.crt"));
	if (root != NULL)
		put(r, secret, AUTHORITY, str_map_get(root->data, AUTHORITY));
}
