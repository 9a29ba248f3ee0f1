#include "actors/kinds/device/device-claim.h"

#include "actors/kinds/device/device-selector.h"
#include "actors/kinds/device/device-value.h"
#include "datastore/schema/core.h"

/*
 * What a claim asks for (upstream: apis/resource/validation, validateDeviceClaim; registry/resource, AuthorizedForAdmin). How many of each are
 * too many say marks, and then nothing is said of each.
 */

#define REQUESTS_MAX 32U
#define CHOICES_MAX 8U
#define CONSTRAINTS_MAX 32U
#define CONFIGURATIONS_MAX 32U
#define ADMIN_LABEL "resource.kubernetes.io/admin-access"

/* ---- names of requests ------------------------------------------------------------------------------------- */

/* A name with a slash is none that anybody could speak of. */
static bool is_sayable(struct str name)
{
	return str_find_char(name, '/') < 0;
}

struct seen device_names_of(const struct resource_device_claim *claim, struct arena *arena)
{
	struct seen names = seen_in(arena);

	for (uint32_t i = 0; i < claim->requests.len; i++) {
		const struct resource_device_request *request = &claim->requests.at[i];

		if (!is_sayable(request->name))
			continue;
		seen_add(&names, request->name);
		for (uint32_t k = 0; k < request->first_available.len; k++)
			seen_add(&names,
				 arena_printf(arena, STR_FMT "/" STR_FMT, STR_ARG(request->name),
					      STR_ARG(request->first_available.at[k].name)));
	}
	return names;
}

void device_check_reference(const struct path *at, struct str name, const struct seen *names)
{
	static const char words[] = "must be the name of a request in the claim or the name of a "
				    "request and a subrequest separated by '/'";
	struct str choice = name, request = str_cut(&choice, '/');

	if (choice.at != NULL && !is_sayable(choice)) {
		path_invalid(at, name, words);
		return;
	}
	rule_name(at, NAME_DNS_LABEL, request);
	if (choice.at != NULL)
		rule_name(at, NAME_DNS_LABEL, choice);
	if (!seen_has(names, name))
		path_invalid(at, name, words);
}

void device_check_references(const struct path *at, struct str_list list, const struct seen *names)
{
	for (uint32_t i = 0; list.len <= DEVICE_REFERENCES_MAX && i < list.len; i++)
		device_check_reference(PATH_AT(at, i), list.at[i], names);
}

/* ---- requests ---------------------------------------------------------------------------------------------- */

static void check_count(const struct path *at, struct str mode, int64_t count)
{
	if (str_is(mode, "All") && count != 0)
		path_invalid_number(at, count, "must not be specified when allocationMode is 'All'");
	else if (str_is(mode, "ExactCount") && count <= 0)
		path_invalid_number(at, count, "must be greater than zero");
}

static void check_exact(const struct path *at, const struct resource_exact_device_request *request)
{
	rule_needed_name(PATH(at, "deviceClassName"), NAME_DNS_SUBDOMAIN,
			 request->device_class_name, "");
	device_check_selectors(PATH(at, "selectors"), request->selectors, false);
	check_count(PATH(at, "count"), request->allocation_mode, request->count);
	device_check_tolerations(PATH(at, "tolerations"), request->tolerations);
}

static void check_choice(const struct path *at, const struct resource_device_sub_request *choice)
{
	rule_name(PATH(at, "name"), NAME_DNS_LABEL, choice->name);
	device_check_selectors(PATH(at, "selectors"), choice->selectors, false);
	check_count(PATH(at, "count"), choice->allocation_mode, choice->count);
	device_check_tolerations(PATH(at, "tolerations"), choice->tolerations);
}

static void check_request(const struct path *at, const struct resource_device_request *request)
{
	struct resource_device_sub_request_list choices = request->first_available;

	rule_name(PATH(at, "name"), NAME_DNS_LABEL, request->name);
	if (choices.len == 0 && request->exactly == NULL)
		path_required(at, "exactly one of `exactly` or `firstAvailable` is required");
	else if (choices.len > 0 && request->exactly != NULL)
		path_fault(at, FAULT_INVALID, STR("null"),
			   "exactly one of `exactly` or `firstAvailable` is required, but multiple "
			   "fields are set");
	else if (request->exactly != NULL)
		check_exact(PATH(at, "exactly"), request->exactly);
	else
		for (uint32_t i = 0; choices.len <= CHOICES_MAX && i < choices.len; i++)
			check_choice(PATH_AT(PATH(at, "firstAvailable"), i), &choices.at[i]);
}

/* ---- the rest ---------------------------------------------------------------------------------------------- */

static void check_constraint(const struct path *at,
			     const struct resource_device_constraint *constraint,
			     const struct seen *names)
{
	device_check_references(PATH(at, "requests"), constraint->requests, names);
	/* The words are upstream's. */
	if (constraint->match_attribute.at == NULL && constraint->distinct_attribute.at == NULL)
		path_required(at, "exactly one of \"matchAttribute\" or \"distinctAttribute\" is "
				  "required, but multiple fields are set");
}

void device_check_claim(const struct path *at, const struct resource_device_claim *claim)
{
	struct seen names = device_names_of(claim, path_arena(at));
	struct resource_device_constraint_list constraints = claim->constraints;
	struct resource_device_claim_configuration_list config = claim->config;

	for (uint32_t i = 0; claim->requests.len <= REQUESTS_MAX && i < claim->requests.len; i++)
		check_request(PATH_AT(PATH(at, "requests"), i), &claim->requests.at[i]);
	for (uint32_t i = 0; constraints.len <= CONSTRAINTS_MAX && i < constraints.len; i++)
		check_constraint(PATH_AT(PATH(at, "constraints"), i), &constraints.at[i], &names);
	for (uint32_t i = 0; config.len <= CONFIGURATIONS_MAX && i < config.len; i++) {
		const struct path *here = PATH_AT(PATH(at, "config"), i);

		device_check_references(PATH(here, "requests"), config.at[i].requests, &names);
		device_check_configuration(here, config.at[i].device_configuration, false);
	}
}

/* ---- devices that others use ------------------------------------------------------------------------------- */

void device_check_admin_at(struct kind_change *change, const struct path *at)
{
	const struct object *object =
	    check_get(change->check, &core_namespace_type, STR(""), change->namespace);
	const struct core_namespace *namespace = object != NULL ? object->record : NULL;

	if (namespace == NULL)
		path_fault(at, FAULT_INTERNAL, STR_NONE,
			   "could not retrieve namespace to verify admin access: namespaces "
			   "\"" STR_FMT "\" not found",
			   STR_ARG(change->namespace));
	else if (!str_is(str_map_get(namespace->metadata->labels, STR(ADMIN_LABEL)), "true"))
		path_forbidden(at, "admin access to devices requires the `" ADMIN_LABEL
				   ": true` label on the containing namespace");
}

/* The path is that of ResourceClaim also in templates, as upstream's is. */
void device_check_admin(struct kind_change *change, const struct resource_device_claim *claim)
{
	const struct path *at =
	    PATH(PATH(PATH_ROOT(change->faults, "spec"), "devices"), "requests");

	for (uint32_t i = 0; i < claim->requests.len; i++) {
		const struct resource_exact_device_request *exactly = claim->requests.at[i].exactly;

		if (exactly == NULL || !exactly->admin_access)
			continue;
		device_check_admin_at(change, PATH(PATH_AT(at, i), "adminAccess"));
		return;
	}
}
