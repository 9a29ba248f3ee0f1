#include "actors/encryption/encryption.h"

#include "transport/tls/crypto.h"
#include "transport/tls/secretbox.h"

#define CLOSED_EXTRA_BYTES                                                    \
	(SECRETBOX_EXTRA_BYTES > CRYPTO_ENCRYPT_EXTRA ? SECRETBOX_EXTRA_BYTES \
						      : CRYPTO_ENCRYPT_EXTRA)
#define PARTS 5U /* k8s : enc : aesgcm : v1 : name : */

/* ---- which rule ------------------------------------------------------------------------------------------- */

/* secrets; deployments.apps; *.apps and *. for all of a group; *.* */
static bool names(struct str pattern, struct str group, struct str resource)
{
	struct str rest = pattern, first = str_cut(&rest, '.');

	if (str_is(first, "*") && rest.at != NULL)
		return str_is(rest, "*") || str_eq(rest, group);
	return str_eq(first, resource) && str_eq(rest, group);
}

const struct encryption_rule *encryption_find(const struct encryption *encryption, struct str group,
					      struct str resource)
{
	const struct encryption_set *set = encryption ? encryption->set : NULL;

	for (uint32_t i = 0; set != NULL && i < set->rule_count; i++)
		for (uint32_t j = 0; j < set->rules[i].resources.len; j++)
			if (names(set->rules[i].resources.at[j], group, resource))
				return &set->rules[i];
	return NULL;
}

struct str encryption_prefix(struct str bytes)
{
	uint32_t colons = 0;

	if (!str_starts(bytes, ENCRYPTION_PREFIX))
		return STR_NONE;
	for (uint32_t i = 0; i < bytes.len; i++)
		if (bytes.at[i] == ':' && ++colons == PARTS)
			return str_slice(bytes, 0, i + 1);
	return bytes;
}

static uint64_t mark_of(struct str prefix, struct str key_id)
{
	uint64_t mark = hash_str(prefix);

	if (key_id.len > 0)
		mark = mark * 31 + hash_str(key_id);
	return prefix.len == 0 ? 0 : mark | 1;
}

uint64_t encryption_mark(struct str bytes)
{
	struct str prefix = encryption_prefix(bytes);

	if (!str_starts(prefix, KMS_PREFIX))
		return mark_of(prefix, STR_NONE);
	return mark_of(prefix, envelope_key_id(str_slice(bytes, prefix.len, bytes.len)));
}

uint64_t encryption_current_mark(const struct encryption_rule *rule)
{
	const struct encryption_provider *first =
	    rule != NULL && rule->provider_count > 0 ? &rule->providers[0] : NULL;

	if (first == NULL)
		return 0;
	return mark_of(first->prefix, first->kms ? first->kms->closer.lock.key_id : STR_NONE);
}

/* ---- there and back -------------------------------------------------------------------------------------------- */

static enum crypto_cipher cipher_of(const struct encryption_provider *provider)
{
	return provider->kind == ENCRYPTION_AESGCM ? CRYPTO_AES_GCM : CRYPTO_AES_CBC;
}

static struct str key_of(const struct encryption_provider *provider)
{
	return str_of(provider->key, provider->key_len);
}

static struct str context_of(const struct encryption_provider *provider, struct str key)
{
	return provider->kind == ENCRYPTION_AESGCM ? key : STR("");
}

static uint32_t close_with(const struct encryption_provider *provider, struct str key,
			   struct str plain, char *out)
{
	if (provider->kind != ENCRYPTION_SECRETBOX)
		return crypto_encrypt(cipher_of(provider), key_of(provider), plain,
				      context_of(provider, key), out);
	secretbox_close(provider->key, plain, out);
	return plain.len + SECRETBOX_EXTRA_BYTES;
}

enum status encryption_close(const struct encryption_rule *rule, struct str key, struct str plain,
			     struct arena *arena, struct str *out, struct fault *why)
{
	const struct encryption_provider *first =
	    rule != NULL && rule->provider_count > 0 ? &rule->providers[0] : NULL;
	char *bytes;
	uint32_t len;

	if (first == NULL || first->kind == ENCRYPTION_IDENTITY) {
		*out = plain;
		return OK;
	}
	if (first->kind == ENCRYPTION_KMS)
		return kms_close(first->kms, key, plain, arena, out, why);
	bytes = arena_alloc(arena, (size_t)first->prefix.len + plain.len + CLOSED_EXTRA_BYTES);
	memcpy(bytes, first->prefix.at, first->prefix.len);
	len = close_with(first, key, plain, bytes + first->prefix.len);
	*out = str_of(bytes, first->prefix.len + len);
	return OK;
}

static enum status decrypt(const struct encryption_provider *provider, struct str key,
			   struct str body, char *out, uint32_t *out_len)
{
	if (provider->kind != ENCRYPTION_SECRETBOX)
		return crypto_decrypt(cipher_of(provider), key_of(provider), body,
				      context_of(provider, key), out, out_len);
	TRY(secretbox_open(provider->key, body, out));
	*out_len = body.len - SECRETBOX_EXTRA_BYTES;
	return OK;
}

static enum status open_with(const struct encryption_provider *provider, struct str key,
			     struct str bytes, struct arena *arena, struct str *out,
			     struct fault *why)
{
	struct str body = str_slice(bytes, provider->prefix.len, bytes.len);
	char *plain = arena_alloc(arena, (size_t)body.len + 1);
	uint32_t len;

	if (decrypt(provider, key, body, plain, &len) != OK)
		return fault_set(why, CORRUPT, "",
				 "the value does not open with the key of its prefix " STR_FMT,
				 STR_ARG(provider->prefix));
	*out = str_of(plain, len);
	return OK;
}

/* Of KMS; NULL: the value is not one's, or not of one of the rule's. */
static struct kms *kms_of(const struct encryption_rule *rule, struct str bytes)
{
	struct str prefix;

	if (rule == NULL || !str_starts(bytes, KMS_PREFIX))
		return NULL;
	prefix = encryption_prefix(bytes);
	for (uint32_t i = 0; i < rule->provider_count; i++)
		if (str_eq(prefix, rule->providers[i].prefix))
			return rule->providers[i].kms;
	return NULL;
}

bool encryption_is_awaited(const struct encryption_rule *rule, struct str bytes, struct mono now)
{
	struct kms *kms = kms_of(rule, bytes);

	return kms != NULL && kms_is_awaited(kms, str_slice(bytes, kms->prefix.len, bytes.len), now);
}

const char *encryption_seed_words(const struct encryption_rule *rule, struct str bytes)
{
	struct kms *kms = kms_of(rule, bytes);

	return kms != NULL ? kms_seed_words(kms, str_slice(bytes, kms->prefix.len, bytes.len))
			   : NULL;
}

enum status encryption_open(const struct encryption_rule *rule, struct str key, struct str bytes,
			    struct mono now, struct arena *arena, struct str *out, struct fault *why)
{
	bool is_closed = str_starts(bytes, ENCRYPTION_PREFIX);
	struct str prefix = encryption_prefix(bytes);

	for (uint32_t i = 0; rule != NULL && i < rule->provider_count; i++) {
		const struct encryption_provider *one = &rule->providers[i];

		if (one->kind == ENCRYPTION_IDENTITY ? is_closed : !str_eq(prefix, one->prefix))
			continue;
		if (one->kind == ENCRYPTION_KMS)
			return kms_open(one->kms, key, str_slice(bytes, one->prefix.len, bytes.len),
					now, arena, out, why);
		if (one->kind != ENCRYPTION_IDENTITY)
			return open_with(one, key, bytes, arena, out, why);
		*out = bytes;
		return OK;
	}
	if (rule == NULL && !is_closed) {
		*out = bytes;
		return OK;
	}
	if (!is_closed)
		return fault_set(
		    why, CORRUPT, ENCRYPTION_FIELD_PREFIX,
		    "the value is not encrypted, and identity is none of the providers");
	return fault_set(why, CORRUPT, ENCRYPTION_FIELD_PREFIX,
			 "no provider has the key of the value's prefix " STR_FMT, STR_ARG(prefix));
}
