#include "deploy/main/api/encryption-file.h"

#include "datastore/schema/apiserver.h"
#include "deploy/main/api/file/operator-file.h"
#include "transport/tls/crypto.h"
#include "transport/wire/base64.h"

#define EVERY_MS 60000U
#define PROVIDERS_MAX 256U

/* ---- reading -------------------------------------------------------------------------------------------------- */

struct reading {
	const char *path;
	struct arena *arena;
	struct fault *why;
	struct encryption_provider *at; /* of the rule that is being read */
	uint32_t len;
};

static enum status refuse(struct reading *reading, struct str at, const char *words)
{
	return fault_set(reading->why, BAD_REQUEST, reading->path, "%s: " STR_FMT ": %s",
			 reading->path, STR_ARG(at), words);
}

static enum status add_key(struct reading *reading, struct str at, enum encryption_kind kind,
			   const struct apiserver_key *key)
{
	static const char *const words[] = {
		[ENCRYPTION_AESGCM] = "aesgcm", [ENCRYPTION_AESCBC] = "aescbc", [ENCRYPTION_SECRETBOX] = "secretbox"
	};
	struct encryption_provider *one = &reading->at[reading->len];
	struct str secret;

	if (key->name.len == 0)
		return refuse(reading, at, "Required value: a key wants a name");
	if (str_find_char(key->name, ':') >= 0)
		return refuse(reading, at, "Invalid value: a key's name has no colon");
	if (key->secret.len == 0)
		return refuse(reading, at, "Required value: a key wants a secret");
	if (base64_decode(BASE64_STANDARD, key->secret, reading->arena, &secret, NULL) != OK)
		return refuse(reading, at, "Invalid value: secrets must be base64 encoded");
	if (secret.len != 32 &&
	    (kind == ENCRYPTION_SECRETBOX || (secret.len != 16 && secret.len != 24)))
		return refuse(reading, at,
			      kind == ENCRYPTION_SECRETBOX
				  ? "Invalid value: secret is not of the expected length, expected "
				    "value is 32"
				  : "Invalid value: secret is not of the expected length, expected "
				    "values are 16, 24, 32");
	if (reading->len == PROVIDERS_MAX)
		return refuse(reading, at, "Too many: 256 keys are enough");
	one->kind = kind;
	one->key_len = secret.len;
	memcpy(one->key, secret.at, secret.len);
	one->prefix = arena_printf(reading->arena, "k8s:enc:%s:v1:" STR_FMT ":", words[kind],
				   STR_ARG(key->name));
	for (uint32_t i = 0; i < reading->len; i++)
		if (str_eq(reading->at[i].prefix, one->prefix))
			return refuse(reading, at, "Duplicate value: another key has this name");
	reading->len++;
	return OK;
}

static enum status add_keys(struct reading *reading, struct str at, enum encryption_kind kind,
			    const struct apiserver_key_list keys)
{
	if (keys.len == 0)
		return refuse(reading, at, "Required value: at least one key is wanted");
	for (uint32_t i = 0; i < keys.len; i++)
		TRY(add_key(reading,
			    arena_printf(reading->arena, STR_FMT ".keys[%u]", STR_ARG(at), i), kind,
			    &keys.at[i]));
	return OK;
}

static enum status add_provider(struct reading *reading, struct str at,
				const struct apiserver_provider_configuration *from)
{
	int count = (from->aesgcm != NULL) + (from->aescbc != NULL) + (from->identity != NULL) +
		    (from->secretbox != NULL) + (from->kms != NULL);

	if (count == 0)
		return refuse(reading, at,
			      "Required value: provider does not contain any of the "
			      "expected providers: KMS, AESGCM, AESCBC, Secretbox, "
			      "Identity");
	if (count > 1)
		return refuse(reading, at,
			      "Invalid value: more than one provider specified in a "
			      "single element, should split into different list "
			      "elements");
	if (from->kms != NULL)
		return refuse(reading, at,
			      "Unsupported value: kms is not known here, use aesgcm, secretbox or "
			      "aescbc");
	if (from->secretbox != NULL)
		return add_keys(reading,
				arena_printf(reading->arena, STR_FMT ".secretbox", STR_ARG(at)),
				ENCRYPTION_SECRETBOX, from->secretbox->keys);
	if (from->aesgcm != NULL)
		return add_keys(reading,
				arena_printf(reading->arena, STR_FMT ".aesgcm", STR_ARG(at)),
				ENCRYPTION_AESGCM, from->aesgcm->keys);
	if (from->aescbc != NULL)
		return add_keys(reading,
				arena_printf(reading->arena, STR_FMT ".aescbc", STR_ARG(at)),
				ENCRYPTION_AESCBC, from->aescbc->keys);
	if (reading->len == PROVIDERS_MAX)
		return refuse(reading, at, "Too many: 256 keys are enough");
	reading->at[reading->len++] =
	    (struct encryption_provider){ .kind = ENCRYPTION_IDENTITY, .prefix = STR("") };
	return OK;
}

static enum status read_rule(struct reading *reading, uint32_t index,
			     const struct apiserver_resource_configuration *from,
			     struct encryption_rule *out)
{
	struct str at = arena_printf(reading->arena, "resources[%u]", index);

	if (from->resources.len == 0)
		return refuse(reading, at, "Required value: resources are wanted");
	if (from->providers.len == 0)
		return refuse(reading, at, "Required value: providers are wanted");
	reading->at = arena_array(reading->arena, struct encryption_provider, PROVIDERS_MAX);
	reading->len = 0;
	for (uint32_t i = 0; i < from->providers.len; i++)
		TRY(add_provider(
		    reading, arena_printf(reading->arena, STR_FMT ".providers[%u]", STR_ARG(at), i),
		    &from->providers.at[i]));
	*out = (struct encryption_rule){ from->resources, reading->at, reading->len };
	return OK;
}

static enum status read_set(void *arg, struct str text, struct arena *arena, void **out,
			    struct fault *why)
{
	const struct encryption_file *self = arg;
	struct reading reading = { .path = self->reload.path, .arena = arena, .why = why };
	const struct apiserver_encryption_configuration *file;
	struct encryption_rule *rules;
	struct encryption_set *set;
	void *record;

	TRY(operator_file_parse(text, reading.path, &apiserver_encryption_configuration_type, arena,
				&record, why));
	file = record;
	if (file->resources.len == 0)
		return refuse(&reading, STR("resources"), "Required value: a rule at least");
	rules = arena_array(arena, struct encryption_rule, file->resources.len);
	for (uint32_t i = 0; i < file->resources.len; i++)
		TRY(read_rule(&reading, i, &file->resources.at[i], &rules[i]));
	set = arena_new_of(arena, struct encryption_set);
	*set = (struct encryption_set){ rules, file->resources.len };
	*out = set;
	return OK;
}

/* ---- reading it again --------------------------------------------------------------------------------------------- */

static bool is_same_rule(const struct encryption_rule *a, const struct encryption_rule *b)
{
	if (a->resources.len != b->resources.len || a->provider_count != b->provider_count)
		return false;
	for (uint32_t i = 0; i < a->resources.len; i++)
		if (!str_eq(a->resources.at[i], b->resources.at[i]))
			return false;
	for (uint32_t i = 0; i < a->provider_count; i++)
		if (!str_eq(a->providers[i].prefix, b->providers[i].prefix) ||
		    a->providers[i].key_len != b->providers[i].key_len ||
		    !crypto_equal(str_of(a->providers[i].key, a->providers[i].key_len),
				  str_of(b->providers[i].key, b->providers[i].key_len)))
			return false;
	return true;
}

static bool is_same_set(const struct encryption_set *a, const struct encryption_set *b)
{
	if (a->rule_count != b->rule_count)
		return false;
	for (uint32_t i = 0; i < a->rule_count; i++)
		if (!is_same_rule(&a->rules[i], &b->rules[i]))
			return false;
	return true;
}

/* Whoever closes and opens holds a set no longer than a step. */
static bool use_set(void *arg, struct reload_read now, struct reload_read *before)
{
	struct encryption *encryption = &((struct encryption_file *)arg)->encryption;

	if (is_same_set(now.at, encryption->set))
		return false;
	before->arena = encryption->arena;
	encryption->set = now.at;
	encryption->arena = now.arena;
	encryption->generation++;
	return true;
}

enum status encryption_file_load(struct encryption_file *file, const char *path,
				 struct arena *arena, struct fault *why)
{
	void *set;

	file->reload = (struct reload_args){ .path = path,
					     .what = "encryption",
					     .every_ms = EVERY_MS,
					     .arg = file,
					     .read = read_set,
					     .use = use_set,
					     .metrics_name = "encryption_config_controller" };
	TRY(reload_begin(&file->reload, arena, &set, why));
	file->encryption.set = set;
	return OK;
}
