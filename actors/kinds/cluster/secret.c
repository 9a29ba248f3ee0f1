#include "actors/kinds/kinds.h"
#include "actors/kinds/path.h"
#include "actors/kinds/rule.h"
#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "datastore/schema/core.h"
#include "datastore/schema/type.h"

/*
 * The Secret. Some types have keys that have to be there; what is wrong with a value is told without it.
 */

#define DATA_BYTES_MAX MIB
#define FIXED "field is immutable when `immutable` is set"
#define ACCOUNT_NAME STR("kubernetes.io/service-account.name")

static struct core_secret *new_of(const struct kind_change *change)
{
	return change->object;
}

/* ---- types ----------------------------------------------------------------------------------------------------------- */

static void need(const struct path *data, const struct core_secret *secret, const char *key)
{
	if (str_map_get(secret->data, str_from(key)).at == NULL)
		path_required(PATH_KEY(data, str_from(key)), "");
}

/* As Go's decoder calls what is neither an object nor null. */
static const char *go_sort(struct str json)
{
	char first = str_trim(json).at[0];

	return first == '['                   ? "array"
	       : first == '"'                 ? "string"
	       : first == 't' || first == 'f' ? "bool"
					      : "number";
}

static void need_object(const struct path *data, const struct core_secret *secret, const char *key)
{
	struct str value = str_map_get(secret->data, str_from(key));
	const struct path *at = PATH_KEY(data, str_from(key));
	struct str shown = STR("\"<secret contents redacted>\"");
	struct fault why = { 0 };
	enum json_sort sort;

	if (value.at == NULL)
		path_required(at, "");
	else if (json_sort_of(value, &sort, &why) != OK)
		path_fault(at, FAULT_INVALID, shown, "%s", why.text);
	else if (sort == JSON_SORT_OTHER)
		path_fault(
		    at, FAULT_INVALID, shown,
		    "json: cannot unmarshal %s into Go value of type map[string]interface {}",
		    go_sort(value));
}

static void check_type(struct kind_change *change, const struct path *data)
{
	const struct core_secret *secret = new_of(change);
	struct str type = secret->type;

	if (str_is(type, "kubernetes.io/service-account-token")) {
		if (str_map_get(secret->metadata->annotations, ACCOUNT_NAME).len == 0)
			path_required(
			    PATH_KEY(PATH(PATH_ROOT(change->faults, "metadata"), "annotations"),
				     ACCOUNT_NAME),
			    "");
	} else if (str_is(type, "kubernetes.io/dockercfg")) {
		need_object(data, secret, ".dockercfg");
	} else if (str_is(type, "kubernetes.io/dockerconfigjson")) {
		need_object(data, secret, ".dockerconfigjson");
	} else if (str_is(type, "kubernetes.io/basic-auth")) {
		/* One of them is enough. */
		if (str_map_get(secret->data, STR("username")).at == NULL &&
		    str_map_get(secret->data, STR("password")).at == NULL) {
			need(data, secret, "username");
			need(data, secret, "password");
		}
	} else if (str_is(type, "kubernetes.io/ssh-auth")) {
		if (str_map_get(secret->data, STR("ssh-privatekey")).len == 0)
			path_required(PATH_KEY(data, STR("ssh-privatekey")), "");
	} else if (str_is(type, "kubernetes.io/tls")) {
		need(data, secret, "tls.crt");
		need(data, secret, "tls.key");
	}
}

/* ---- all of them -------------------------------------------------------------------------------------------------------- */

static void validate_create(struct kind_change *change)
{
	const struct core_secret *secret = new_of(change);
	const struct path *data = PATH_ROOT(change->faults, "data");
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < secret->data.len; i++) {
		rule_name(PATH_KEY(data, secret->data.at[i].key), NAME_CONFIG_KEY,
			  secret->data.at[i].key);
		bytes += secret->data.at[i].value.len;
	}
	if (bytes > DATA_BYTES_MAX)
		path_too_long(data, DATA_BYTES_MAX);
	check_type(change, data);
}

static void validate_update(struct kind_change *change)
{
	const struct core_secret *old = change->old;
	const struct field *data = type_field(&core_secret_type, STR("data"));

	rule_unchanged(PATH_ROOT(change->faults, "type"), &core_secret_type, "type", change->object,
		       old);
	if (old->immutable && !new_of(change)->immutable)
		path_forbidden(PATH_ROOT(change->faults, "immutable"), FIXED);
	if (old->immutable && !record_equal_field(data, change->object, old))
		path_forbidden(PATH_ROOT(change->faults, "data"), FIXED);
	validate_create(change);
}

const struct kind_rules kind_secret = {
	.group = "",
	.kind = "Secret",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.validate_create = validate_create,
	.validate_update = validate_update,
};
