#include "actors/kinds/device/device-capacity.h"

#include "actors/kinds/device/device-value.h"
#include "actors/kinds/seen.h"
#include "datastore/object/quantity.h"

/*
 * Attributes and capacities of a device (upstream: apis/resource/validation, validateDeviceAttribute, validateRequestPolicy). How much of a
 * capacity may be asked for is one of some amounts, or a range in steps.
 */

#define KEY_BYTES_MAX 96U /* domain, slash, id */
#define TEXT_BYTES_MAX 64U
#define AMOUNTS_MAX 10U

/* ---- attributes ------------------------------------------------------------------------------------------ */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

static bool is_number(struct str part)
{
	for (uint32_t i = 0; i < part.len; i++)
		if (!is_digit(part.at[i]))
			return false;
	return part.len > 0;
}

/* Letters and digits; what is a number has no zero in front where `is_strict`. */
static bool is_identifier(struct str part, bool is_strict)
{
	for (uint32_t i = 0; i < part.len; i++)
		if (!is_digit(part.at[i]) && !is_letter(part.at[i]))
			return false;
	return part.len > 0 && !(is_strict && is_number(part) && part.len > 1 && part.at[0] == '0');
}

static bool are_identifiers(struct str parts, bool is_strict)
{
	do {
		if (!is_identifier(str_cut(&parts, '.'), is_strict))
			return false;
	} while (parts.at != NULL);
	return true;
}

/* semver.org 2.0.0: 1.2.3-alpha.1+build.7 */
static bool is_version(struct str text)
{
	struct str build = text, release = str_cut(&build, '+');
	struct str early = release, numbers = str_cut(&early, '-');

	for (uint32_t i = 0; i < 3; i++) {
		struct str number = str_cut(&numbers, '.');

		if (!is_number(number) || !is_identifier(number, true))
			return false;
	}
	return numbers.at == NULL && (early.at == NULL || are_identifiers(early, true)) &&
	       (build.at == NULL || are_identifiers(build, false));
}

/* That it has exactly one value says a mark. */
static void check_attribute(const struct path *at, const struct resource_device_attribute *attribute)
{
	const struct path *version = PATH(at, "version");

	rule_at_most_bytes(PATH(at, "string"), attribute->string, TEXT_BYTES_MAX);
	if (attribute->version.at == NULL)
		return;
	if (!is_version(attribute->version))
		path_invalid(version, attribute->version,
			     "must be a string compatible with semver.org spec 2.0.0");
	rule_at_most_bytes(version, attribute->version, TEXT_BYTES_MAX);
}

void device_check_attributes(const struct path *at, struct resource_device_attribute_map map)
{
	for (uint32_t i = 0; i < map.len; i++) {
		device_check_qualified(at, map.at[i].key);
		check_attribute(PATH_KEY(at, device_shown_key(at, map.at[i].key, KEY_BYTES_MAX)),
				&map.at[i].value);
	}
}

/* ---- one of some amounts --------------------------------------------------------------------------------- */

static int cmp(struct str a, struct str b)
{
	return quantity_cmp(quantity_of(a), quantity_of(b));
}

/* `words` and the amount that was broken. */
static void say(const struct path *at, struct str shown, const char *words, struct str limit)
{
	path_fault(at, FAULT_INVALID, name_quoted(path_arena(at), shown), "%s" STR_FMT, words,
		   STR_ARG(limit));
}

static void check_each(const struct path *at, const struct resource_capacity_request_policy *policy,
		       struct str capacity, bool *has_default)
{
	struct str_list amounts = policy->valid_values;
	struct seen seen = seen_in(path_arena(at));

	for (uint32_t i = 0; i < amounts.len; i++) {
		if (cmp(amounts.at[i], capacity) > 0)
			say(PATH_AT(at, i), amounts.at[i],
			    "option is larger than capacity value: ", capacity);
		*has_default |= cmp(amounts.at[i], policy->default_) == 0;
	}
	for (uint32_t i = 0; i < amounts.len; i++) {
		struct str whole = arena_printf(
		    path_arena(at), "%jd", (intmax_t)quantity_value(quantity_of(amounts.at[i])));

		if (!seen_add(&seen, whole))
			path_duplicate(PATH_AT(at, i), whole);
	}
}

static void check_amounts(const struct path *at,
			  const struct resource_capacity_request_policy *policy, struct str capacity)
{
	struct str_list amounts = policy->valid_values;
	bool has_default = false;

	for (uint32_t i = 1; i < amounts.len; i++)
		if (cmp(amounts.at[i - 1], amounts.at[i]) > 0)
			path_invalid(PATH_AT(at, i), amounts.at[i],
				     "values must be sorted in ascending order");
	if (amounts.len > AMOUNTS_MAX)
		path_too_many(at, amounts.len, AMOUNTS_MAX);
	else
		check_each(at, policy, capacity, &has_default);
	if (!has_default)
		path_invalid(at, policy->default_,
			     "default value is not valid according to the requestPolicy");
}

/* ---- a range --------------------------------------------------------------------------------------------- */

struct range {
	struct str capacity, default_, min, max, step; /* the last two may be absent */
};

static bool check_countable(const struct path *at, struct str amount)
{
	struct quantity quantity = quantity_of(amount);

	if (amount.at == NULL)
		return true;
	if (quantity.nano < 0)
		return path_invalid(at, amount, "must be greater than or equal to 0");
	if (quantity_cmp(quantity, quantity_from(INT64_MAX, QUANTITY_DECIMAL)) > 0)
		return path_invalid(at, amount, "must not be larger than 9223372036854775807");
	return true;
}

static void check_multiple(const struct path *at, const struct range *range, struct str amount)
{
	int64_t step = quantity_value(quantity_of(range->step));
	int64_t min = quantity_value(quantity_of(range->min));

	if ((quantity_value(quantity_of(amount)) - min) % step != 0)
		path_fault(at, FAULT_INVALID, name_quoted(path_arena(at), amount),
			   "value is not a multiple of a given step (" STR_FMT ") from (" STR_FMT
			   ")",
			   STR_ARG(range->step), STR_ARG(range->min));
}

static void check_step(const struct path *at, const struct range *range)
{
	const struct path *here = PATH(at, "step");
	struct quantity step = quantity_of(range->step), first;
	bool is_good;

	if (step.nano <= 0) {
		path_invalid(here, range->step, "must be greater than zero");
		return;
	}
	first = quantity_add(quantity_of(range->min), step);
	if (quantity_cmp(first, quantity_of(range->capacity)) > 0) {
		struct str shown = quantity_text(first, path_arena(at));

		path_fault(here, FAULT_INVALID, name_quoted(path_arena(at), range->step),
			   "one step " STR_FMT " is larger than capacity value: " STR_FMT,
			   STR_ARG(shown), STR_ARG(range->capacity));
	}
	/* Whole numbers are divided from here on. */
	is_good = check_countable(PATH(at, "default"), range->default_);
	is_good &= check_countable(PATH(at, "min"), range->min);
	is_good &= check_countable(PATH(at, "max"), range->max);
	is_good &= check_countable(here, range->step);
	if (!is_good)
		return;
	check_multiple(here, range, range->default_);
	if (range->max.at != NULL)
		check_multiple(here, range, range->max);
}

static void check_ends(const struct path *at, const struct range *range)
{
	const struct path *max = PATH(at, "max"), *here = PATH(at, "default");

	if (cmp(range->min, range->capacity) > 0)
		say(PATH(at, "min"), range->min,
		    "min is larger than capacity value: ", range->capacity);
	if (cmp(range->default_, range->min) < 0)
		say(here, range->default_, "default is less than min: ", range->min);
	if (range->max.at == NULL)
		return;
	if (cmp(range->min, range->max) > 0)
		say(max, range->min, "min is larger than max: ", range->max);
	if (cmp(range->max, range->capacity) > 0)
		say(max, range->max, "max is larger than capacity value: ", range->capacity);
	if (cmp(range->default_, range->max) > 0)
		say(here, range->default_, "default is more than max: ", range->max);
}

static void check_range(const struct path *at,
			const struct resource_capacity_request_policy *policy, struct str capacity)
{
	const struct resource_capacity_request_policy_range *said = policy->valid_range;
	const struct range range = { capacity, policy->default_, said->min, said->max, said->step };

	if (range.min.at == NULL) {
		path_required(PATH(at, "min"), "required when validRange is defined");
		return;
	}
	check_ends(at, &range);
	if (range.step.at != NULL)
		check_step(at, &range);
}

/* ---- capacities -------------------------------------------------------------------------------------------- */

static void check_policy(const struct path *at,
			 const struct resource_capacity_request_policy *policy, struct str capacity)
{
	bool has_amounts = policy->valid_values.len > 0, has_range = policy->valid_range != NULL;

	if (has_amounts && has_range)
		path_forbidden(at, "exactly one policy can be specified, cannot specify "
				   "\"validValues\" and \"validRange\" at the same time");
	else if (has_amounts && policy->default_.at == NULL)
		path_required(PATH(at, "default"), "required when validValues is defined");
	else if (has_range && policy->default_.at == NULL)
		path_required(PATH(at, "default"), "required when validRange is defined");
	else if (has_amounts)
		check_amounts(PATH(at, "validValues"), policy, capacity);
	else if (has_range)
		check_range(PATH(at, "validRange"), policy, capacity);
}

void device_check_capacity(const struct path *at, struct resource_device_capacity_map map,
			   bool shares)
{
	for (uint32_t i = 0; i < map.len; i++) {
		const struct resource_device_capacity *capacity = &map.at[i].value;
		const struct path *here =
		    PATH_KEY(at, device_shown_key(at, map.at[i].key, KEY_BYTES_MAX));
		const struct path *policy = PATH(here, "requestPolicy");

		device_check_qualified(at, map.at[i].key);
		if (capacity->request_policy == NULL)
			continue;
		if (shares)
			check_policy(policy, capacity->request_policy, capacity->value);
		else
			path_forbidden(policy, "allowMultipleAllocations must be true");
	}
}
