#include "deploy/main/api/encryption-file.h"

#include "datastore/schema/apiserver.h"
#include "deploy/main/api/file/operator-file.h"
#include "transport/tls/crypto.h"
#include "transport/wire/base64.h"

#define PROVIDERS_MAX 256U
#define KMS_TIMEOUT_MS 3000U /* upstream's default */
#define SOCKET_PATH_MAX 107U

/* ---- reading -------------------------------------------------------------------------------------------------- */

struct reading {
	const char *path;
	struct arena *arena;
	struct fault *why;
	struct encryption_provider *at; /* of the rule that is being read */
	uint32_t len;
	const struct encryption_rule *rules; /* those before it */
	uint32_t rule_count;
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

/* Names are those of the whole file. */
static bool is_taken(const struct reading *reading, struct str name)
{
	for (uint32_t i = 0; i < reading->rule_count; i++)
		for (uint32_t j = 0; j < reading->rules[i].provider_count; j++)
			if (str_eq(reading->rules[i].providers[j].spec.name, name))
				return true;
	for (uint32_t i = 0; i < reading->len; i++)
		if (str_eq(reading->at[i].spec.name, name))
			return true;
	return false;
}

/* unix:///run/kms.sock, as upstream; sockets without a file (unix:///@name) are not spoken to. */
static enum status read_endpoint(struct reading *reading, struct str at, struct str endpoint,
				 struct str *out)
{
	struct str rest = endpoint;

	if (endpoint.len == 0)
		return refuse(reading, at,
			      "Required value: endpoint is a mandatory field for a kms");
	if (!str_starts(rest, STR("unix://")))
		return refuse(reading, at,
			      "Invalid value: unsupported scheme for KMS provider, only unix is "
			      "supported");
	rest = str_slice(rest, 7, rest.len);
	if (!str_starts(rest, STR("/")) || str_starts(rest, STR("/@")) || rest.len > SOCKET_PATH_MAX)
		return refuse(reading, at,
			      "Invalid value: endpoint wants the absolute path of a socket, of at "
			      "most 107 bytes");
	*out = rest;
	return OK;
}

static enum status add_kms(struct reading *reading, struct str at,
			   const struct apiserver_kms_configuration *from)
{
	struct encryption_provider *one = &reading->at[reading->len];
	int64_t timeout_ms = from->has.timeout ? from->timeout / TIME_MS : KMS_TIMEOUT_MS;

	if (!str_is(from->api_version, "v2"))
		return refuse(
		    reading, at,
		    "Unsupported value: of apiVersion v2 is known here; v1, which is also "
		    "what no apiVersion means, is not");
	if (from->name.len == 0)
		return refuse(reading, at,
			      "Required value: name is a mandatory field for a provider");
	if (str_find_char(from->name, ':') >= 0)
		return refuse(reading, at, "Invalid value: a provider's name has no colon");
	if (is_taken(reading, from->name))
		return refuse(reading, at, "Duplicate value: provider names must be unique");
	if (from->has.cachesize)
		return refuse(reading, at, "Invalid value: cachesize is not supported in v2");
	if (timeout_ms <= 0 || timeout_ms > UINT32_MAX / 2)
		return refuse(reading, at, "Invalid value: timeout should be a positive value");
	if (reading->len == PROVIDERS_MAX)
		return refuse(reading, at, "Too many: 256 keys are enough");
	*one = (struct encryption_provider){ .kind = ENCRYPTION_KMS };
	TRY(read_endpoint(reading, at, from->endpoint, &one->spec.endpoint));
	one->spec.name = from->name;
	one->spec.timeout_ms = (uint32_t)timeout_ms;
	one->prefix = arena_printf(reading->arena, STR_FMT STR_FMT ":", STR_ARG(KMS_PREFIX),
				   STR_ARG(from->name));
	reading->len++;
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
		return add_kms(reading, arena_printf(reading->arena, STR_FMT ".kms", STR_ARG(at)),
			       from->kms);
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
	reading.rules = rules;
	for (uint32_t i = 0; i < file->resources.len; i++) {
		TRY(read_rule(&reading, i, &file->resources.at[i], &rules[i]));
		reading.rule_count++;
	}
	set = arena_new_of(arena, struct encryption_set);
	*set = (struct encryption_set){ rules, file->resources.len };
	*out = set;
	return OK;
}

/* ---- reading it again --------------------------------------------------------------------------------------------- */

static bool is_same_spec(const struct kms_spec *a, const struct kms_spec *b)
{
	return str_eq(a->name, b->name) && str_eq(a->endpoint, b->endpoint) &&
	       a->timeout_ms == b->timeout_ms;
}

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
		    !is_same_spec(&a->providers[i].spec, &b->providers[i].spec) ||
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

/* On the loop: the plug-ins that it names are asked, or no longer. Those of a set that counts already are the same. */
static void use_plugins(struct kms_book *book, const struct encryption_set *set)
{
	for (uint32_t i = 0; i < set->rule_count; i++)
		for (uint32_t j = 0; j < set->rules[i].provider_count; j++) {
			struct encryption_provider *one =
			    (struct encryption_provider *)(uintptr_t)&set->rules[i].providers[j];

			if (one->kind == ENCRYPTION_KMS)
				one->kms = kms_use(book, &one->spec);
		}
}

static void leave_plugins(void *before)
{
	const struct encryption_set *set = before;

	for (uint32_t i = 0; i < set->rule_count; i++)
		for (uint32_t j = 0; j < set->rules[i].provider_count; j++)
			if (set->rules[i].providers[j].kms != NULL)
				kms_leave(set->rules[i].providers[j].kms);
}

/* Whoever closes and opens holds a set no longer than a step. */
static bool use_set(void *arg, struct reload_read now, struct reload_read *before)
{
	struct encryption_file *self = arg;
	struct encryption *encryption = &self->encryption;

	if (is_same_set(now.at, encryption->set))
		return false;
	before->arena = encryption->arena;
	before->at = (void *)(uintptr_t)encryption->set;
	use_plugins(&self->plugins, now.at);
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
					     .arg = file,
					     .read = read_set,
					     .use = use_set,
					     .end = leave_plugins,
					     .metrics_name = "encryption_config_controller" };
	TRY(reload_begin(&file->reload, arena, &set, why));
	kms_book_init(&file->plugins);
	use_plugins(&file->plugins, set);
	file->encryption.set = set;
	file->asker = (struct asker_args){ .book = &file->plugins, .encryption = &file->encryption };
	return OK;
}

bool encryption_file_has_plugins(const struct encryption_file *file)
{
	return !list_is_empty(&file->plugins.all);
}
