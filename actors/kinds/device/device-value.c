#include "actors/kinds/device/device-value.h"

#include "actors/kinds/seen.h"
#include "datastore/object/json.h"
#include "datastore/object/name.h"

/*
 * Values of dynamic resource allocation (upstream: apis/resource/validation; drivers are named as those of volumes are).
 */

#define DRIVER_BYTES_MAX 63U
#define POOL_BYTES_MAX 253U
#define ID_BYTES_MAX 32U
#define BINDINGS_MAX 4U

/* ---- names ----------------------------------------------------------------------------------------------- */

void device_check_driver(const struct path *at, struct str driver)
{
	char *lowered;
	struct str words;

	if (!rule_needed(at, driver, ""))
		return;
	rule_at_most_bytes(at, driver, DRIVER_BYTES_MAX);
	lowered = arena_cstr(path_arena(at), driver);
	for (uint32_t i = 0; i < driver.len; i++)
		if (lowered[i] >= 'A' && lowered[i] <= 'Z')
			lowered[i] = (char)(lowered[i] - 'A' + 'a');
	words = rule_words(at, NAME_DNS_SUBDOMAIN, str_of(lowered, driver.len), "\n");
	path_invalid_lines(at, driver, STR(""), words);
}

void device_check_pool(const struct path *at, struct str pool)
{
	struct str rest = pool;

	if (!rule_needed(at, pool, ""))
		return;
	rule_at_most_bytes(at, pool, POOL_BYTES_MAX);
	while (rest.at != NULL)
		rule_name(at, NAME_DNS_SUBDOMAIN, str_cut(&rest, '/'));
}

static void check_id(const struct path *at, struct str id)
{
	rule_at_most_bytes(at, id, ID_BYTES_MAX);
	rule_name(at, NAME_C_IDENTIFIER, id);
}

/* More than one slash is let through, as upstream does. */
void device_check_qualified(const struct path *at, struct str name)
{
	struct str id = name, domain = str_cut(&id, '/');

	if (id.at == NULL) {
		check_id(at, name);
		return;
	}
	if (str_find_char(id, '/') >= 0)
		return;
	if (domain.len == 0)
		path_invalid(at, STR(""), "the domain must not be empty");
	else
		device_check_driver(at, domain);
	if (id.len == 0)
		path_invalid(at, STR(""), "the name must not be empty");
	else
		check_id(at, id);
}

struct str device_shown_key(const struct path *at, struct str key, uint32_t max)
{
	uint32_t kept;

	if (key.len <= max)
		return key;
	kept = max - (uint32_t)strlen("...");
	return arena_printf(path_arena(at), STR_FMT "..." STR_FMT,
			    STR_ARG(str_slice(key, 0, (kept + 1) / 2)),
			    STR_ARG(str_slice(key, key.len - kept / 2, key.len)));
}

/* ---- taints and tolerations ------------------------------------------------------------------------------ */

void device_check_taint(const struct path *at, const struct resource_device_taint *taint)
{
	rule_name(PATH(at, "key"), NAME_LABEL_KEY, taint->key);
	if (taint->value.len > 0)
		rule_name(PATH(at, "value"), NAME_LABEL_VALUE, taint->value);
}

void device_check_tolerations(const struct path *at, struct resource_device_toleration_list list)
{
	for (uint32_t i = 0; i < list.len; i++) {
		const struct resource_device_toleration *toleration = &list.at[i];
		const struct path *value = PATH(PATH_AT(at, i), "value");

		if (str_is(toleration->operator, "Equal"))
			rule_name(value, NAME_LABEL_VALUE, toleration->value);
		else if (str_is(toleration->operator, "Exists") && toleration->value.len > 0)
			path_invalid(value, toleration->value,
				     "must be empty for operator `Exists`");
	}
}

/* ---- conditions of a binding ----------------------------------------------------------------------------- */

/* How many are too many says a mark; then nothing is said of each. */
static void check_keys(const struct path *at, struct str_list keys)
{
	for (uint32_t i = 0; keys.len <= BINDINGS_MAX && i < keys.len; i++)
		rule_name(PATH_AT(at, i), NAME_LABEL_KEY, keys.at[i]);
}

void device_check_bindings(const struct path *at, struct str_list conditions,
			   struct str_list failures)
{
	const struct path *of_conditions = PATH(at, "bindingConditions");
	const struct path *of_failures = PATH(at, "bindingFailureConditions");
	struct seen seen = seen_in(path_arena(at)), failing = seen_in(path_arena(at));

	check_keys(of_conditions, conditions);
	check_keys(of_failures, failures);
	for (uint32_t i = 0; i < conditions.len; i++)
		if (!seen_add(&seen, conditions.at[i]))
			path_duplicate(PATH_AT(of_conditions, i), conditions.at[i]);
	for (uint32_t i = 0; i < failures.len; i++) {
		if (!seen_add(&failing, failures.at[i]))
			path_duplicate(PATH_AT(of_failures, i), failures.at[i]);
		if (seen_has(&seen, failures.at[i]))
			path_invalid(PATH_AT(of_failures, i), failures.at[i],
				     "bindingFailureConditions must not overlap with "
				     "bindingConditions");
	}
	if (conditions.len == 0 && failures.len > 0)
		path_fault(of_conditions, FAULT_INVALID, path_shown_list(at, conditions),
			   "bindingConditions are required to use bindingFailureConditions");
	if (failures.len == 0 && conditions.len > 0)
		path_fault(of_failures, FAULT_INVALID, path_shown_list(at, failures),
			   "bindingFailureConditions are required to use bindingConditions");
}

/* ---- what drivers are told ------------------------------------------------------------------------------- */

void device_check_json(const struct path *at, struct str json, bool is_stored)
{
	struct fault why = { 0 };
	enum json_sort sort;

	if (json.len == 0)
		path_required(at, "");
	else if (!is_stored && json.len > DEVICE_JSON_BYTES_MAX)
		path_too_long(at, DEVICE_JSON_BYTES_MAX);
	else if (json_sort_of(json, &sort, &why) != OK)
		path_invalid(
		    at, STR("<value omitted>"),
		    arena_printf(path_arena(at), "error parsing data as JSON: %s", why.text).at);
	else if (sort == JSON_SORT_NULL)
		path_required(at, "");
	else if (sort != JSON_SORT_OBJECT)
		path_invalid(at, STR("<value omitted>"), "must be a valid JSON object");
}

/* Of the driver's name marks say all. */
void device_check_configuration(const struct path *at,
				const struct resource_device_configuration *configuration,
				bool is_stored)
{
	const struct path *opaque = PATH(at, "opaque");

	if (configuration->opaque == NULL)
		path_required(opaque, "");
	else
		device_check_json(PATH(opaque, "parameters"), configuration->opaque->parameters,
				  is_stored);
}
