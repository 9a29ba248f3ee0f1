#include "actors/kinds/field/amount.h"

#include <stdio.h>

#define HUGE_PAGES STR("hugepages-")

static bool has_slash(struct str name)
{
	return str_find_char(name, '/') >= 0;
}

static bool is_standard(struct str name)
{
	static const char *const names[] = {
		"cpu",
		"memory",
		"ephemeral-storage",
		"requests.cpu",
		"requests.memory",
		"requests.ephemeral-storage",
		"limits.cpu",
		"limits.memory",
		"limits.ephemeral-storage",
		"pods",
		"resourcequotas",
		"services",
		"replicationcontrollers",
		"secrets",
		"configmaps",
		"persistentvolumeclaims",
		"storage",
		"requests.storage",
		"services.nodeports",
		"services.loadbalancers",
	};

	return STR_IS_ONE_OF(name, names) || amount_is_huge_page(name) ||
	       str_starts(name, STR("requests.hugepages-"));
}

bool amount_is_quota(struct str name)
{
	return is_standard(name) && !str_is(name, "storage");
}

/* A quota of it, `requests.<name>`, has to be a name too. */
static bool is_extended(struct str name)
{
	char quota[512];
	int len;

	if (amount_is_native(name) || str_starts(name, STR("requests.")))
		return false;
	len = snprintf(quota, sizeof quota, "requests." STR_FMT, STR_ARG(name));
	return len < (int)sizeof quota && name_is(NAME_LABEL_KEY, str_of(quota, (size_t)len));
}

static bool is_counted(struct str name)
{
	static const char *const names[] = {
		"pods",
		"services",
		"secrets",
		"replicationcontrollers",
		"configmaps",
		"resourcequotas",
		"persistentvolumeclaims",
		"services.nodeports",
		"services.loadbalancers",
	};

	return STR_IS_ONE_OF(name, names) || is_extended(name);
}

bool amount_is_native(struct str name)
{
	return !has_slash(name) || str_find(name, STR("kubernetes.io/")) >= 0;
}

bool amount_is_huge_page(struct str name)
{
	return str_starts(name, HUGE_PAGES);
}

bool amount_may_overcommit(struct str name)
{
	return amount_is_native(name) && !amount_is_huge_page(name);
}

bool amount_is_even(struct str name, struct str value)
{
	struct quantity page;
	struct quantity amount = quantity_of(value);

	if (quantity_parse(str_slice(name, HUGE_PAGES.len, name.len), &page, NULL) != OK ||
	    page.nano <= 0)
		return false;
	return amount.nano % page.nano == 0;
}

int amount_cmp(struct str a, struct str b)
{
	return quantity_cmp(quantity_of(a), quantity_of(b));
}

/* ---- rules ---------------------------------------------------------------------------------------------------- */

bool amount_check_name(const struct path *at, struct str name)
{
	if (!rule_name(at, NAME_LABEL_KEY, name))
		return false;
	return has_slash(name) || is_standard(name) ||
	       path_invalid(at, name, "must be a standard resource type or fully qualified");
}

bool amount_check_container_name(const struct path *at, struct str name)
{
	static const char *const names[] = { "cpu", "memory", "ephemeral-storage" };
	bool is_good = amount_check_name(at, name);

	if (!has_slash(name)) {
		if (!STR_IS_ONE_OF(name, names) && !amount_is_huge_page(name))
			return path_invalid(at, name, "must be a standard resource for containers");
	} else if (!amount_is_native(name) && !is_extended(name)) {
		return path_invalid(at, name, "doesn't follow extended resource name standard");
	}
	return is_good;
}

/* Of the pod as a whole. */
static bool check_pod_name(const struct path *at, struct str name)
{
	if (!amount_check_name(at, name))
		return false;
	return str_is(name, "cpu") || str_is(name, "memory") || amount_is_huge_page(name) ||
	       path_not_supported(at, name, "\"cpu\", \"hugepages-\", \"memory\"");
}

bool amount_check_quota_name(const struct path *at, struct str name)
{
	bool is_good = amount_check_name(at, name);

	return has_slash(name) || amount_is_quota(name)
		   ? is_good
		   : path_invalid(at, name, "must be a standard resource for quota");
}

bool amount_check(const struct path *at, struct str name, struct str value)
{
	struct quantity amount = quantity_of(value);
	bool is_good = true;

	if (amount.nano < 0)
		is_good = path_invalid(at, value, "must be greater than or equal to 0");
	if (is_counted(name) && quantity_milli(amount) % 1000 != 0)
		is_good = path_invalid(at, value, "must be an integer");
	return is_good;
}

void amount_warn_of_fraction(struct kind_change *change, const struct path *at,
			     struct str_map amounts, const char *name)
{
	struct str value = str_map_get(amounts, str_from(name));

	if (value.at == NULL || quantity_milli(quantity_of(value)) % 1000 == 0)
		return;
	kind_warn(change,
		  STR_FMT ": fractional byte value \"" STR_FMT "\" is invalid, must be an integer",
		  STR_ARG(path_text(PATH_KEY(at, str_from(name)))), STR_ARG(value));
}

/* ---- requirements ------------------------------------------------------------------------------------------------ */

struct found {
	bool has_cpu_or_memory, has_huge_pages;
};

static void check_entry(const struct path *at, struct str_entry entry, bool is_of_pod,
			bool allows_odd_pages, struct found *found)
{
	if (is_of_pod)
		check_pod_name(at, entry.key);
	else
		amount_check_container_name(at, entry.key);
	amount_check(at, entry.key, entry.value);
	if (str_is(entry.key, "cpu") || str_is(entry.key, "memory"))
		found->has_cpu_or_memory = true;
	if (!amount_is_huge_page(entry.key))
		return;
	found->has_huge_pages = true;
	if (!allows_odd_pages && !amount_is_even(entry.key, entry.value))
		path_fault(at, FAULT_INVALID, name_quoted(path_arena(at), entry.value),
			   STR_FMT " is not positive integer multiple of " STR_FMT,
			   STR_ARG(entry.value), STR_ARG(entry.key));
}

static void compare(const struct path *at, struct str_entry request, struct str limit)
{
	const char *words = "must be less than or equal to";
	int order;

	if (limit.at == NULL) {
		if (!amount_may_overcommit(request.key))
			path_required(PATH(at, "limits"),
				      "Limit must be set for non overcommitable resources");
		return;
	}
	order = amount_cmp(request.value, limit);
	if (!amount_may_overcommit(request.key)) {
		words = "must be equal to";
		if (order == 0)
			return;
	} else if (order <= 0) {
		return;
	}
	path_fault(PATH(at, "requests"), FAULT_INVALID, name_quoted(path_arena(at), request.value),
		   "%s " STR_FMT " limit of " STR_FMT, words, STR_ARG(request.key), STR_ARG(limit));
}

/* A claim as a whole and single requests of it exclude each other. */
static void check_claim(const struct path *at, const struct core_resource_claim *claim,
			struct seen *whole, struct seen *parts, struct seen *owners)
{
	struct str key;

	if (seen_has(whole, claim->name)) {
		path_duplicate(at, claim->name);
		return;
	}
	if (claim->request.len == 0) {
		if (seen_has(owners, claim->name))
			path_duplicate(at, claim->name);
		seen_add(whole, claim->name);
		return;
	}
	rule_name(PATH(at, "request"), NAME_DNS_LABEL, claim->request);
	key = arena_printf(path_arena(at), STR_FMT "/" STR_FMT, STR_ARG(claim->name),
			   STR_ARG(claim->request));
	seen_add(owners, claim->name);
	if (!seen_add(parts, key))
		path_duplicate(at, key);
}

static void check_claims(const struct path *at, struct core_resource_claim_list list,
			 const struct seen *claims, struct str claim_names)
{
	struct seen whole = seen_in(path_arena(at)), parts = whole, owners = whole;

	for (uint32_t i = 0; i < list.len; i++) {
		const struct path *here = PATH_AT(at, i);

		if (list.at[i].name.len == 0) {
			path_required(here, "");
			continue;
		}
		check_claim(here, &list.at[i], &whole, &parts, &owners);
		if (claims != NULL && seen_has(claims, list.at[i].name))
			continue;
		path_fault(here, FAULT_NOT_FOUND, name_quoted(path_arena(at), list.at[i].name),
			   "must be one of the names in pod.spec.resourceClaims%s" STR_FMT,
			   claim_names.len > 0 ? ": " : " which is empty", STR_ARG(claim_names));
	}
}

void amount_check_requirements(const struct path *at, const struct core_resource_requirements *sent,
			       const struct seen *claims, struct str claim_names, bool is_of_pod,
			       bool allows_odd_pages)
{
	const struct path *limits = PATH(at, "limits"), *requests = PATH(at, "requests");
	struct found found = { 0 };

	for (uint32_t i = 0; i < sent->limits.len; i++)
		check_entry(PATH_KEY(limits, sent->limits.at[i].key), sent->limits.at[i], is_of_pod,
			    allows_odd_pages, &found);
	for (uint32_t i = 0; i < sent->requests.len; i++) {
		struct str_entry entry = sent->requests.at[i];

		check_entry(PATH_KEY(requests, entry.key), entry, is_of_pod, allows_odd_pages,
			    &found);
		compare(at, entry, str_map_get(sent->limits, entry.key));
	}
	if (found.has_huge_pages && !found.has_cpu_or_memory)
		path_forbidden(at, "HugePages require cpu or memory");
	check_claims(PATH(at, "claims"), sent->claims, claims, claim_names);
}
