#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "datastore/schema/apiregistration.h"
#include "datastore/schema/type.h"

/*
 * The APIService: who serves a group and version (upstream: kube-aggregator, apis/apiregistration/validation).
 */

#define GROUP_PRIORITY_MAX 20000
#define VERSION_PRIORITY_MAX 1000

/* What the server serves itself is there as long as the server is. */
static void prepare_create(struct kind_change *change)
{
	struct apiregistration_api_service *service = change->object;
	struct apiregistration_api_service_condition *condition;

	if (service->spec->service != NULL)
		return;
	condition = arena_new_of(change->arena, struct apiregistration_api_service_condition);
	*condition = (struct apiregistration_api_service_condition){
		.type = STR("Available"),
		.status = STR("True"),
		.reason = STR("Local"),
		.message = STR("Local APIServices are always available"),
	};
	SET(condition, last_transition_time, change->check->now);
	if (service->status == NULL)
		service->status =
		    arena_new_of(change->arena, struct apiregistration_api_service_status);
	service->status->conditions =
	    (struct apiregistration_api_service_condition_list){ condition, 1 };
}

static void check_name(const struct kind_change *change, const struct path *at, struct str name,
		       bool is_prefix)
{
	const struct apiregistration_api_service *service = change->object;
	const struct apiregistration_api_service_spec *spec = service->spec;
	struct str wanted = arena_printf(path_arena(at), STR_FMT "." STR_FMT,
					 STR_ARG(spec->version), STR_ARG(spec->group));

	(void)is_prefix;
	if (rule_name(at, NAME_PATH_SEGMENT, name) && !str_eq(name, wanted))
		path_invalid(at, name,
			     arena_printf(path_arena(at),
					  "must be `spec.version+\".\"+spec.group`: \"" STR_FMT "\"",
					  STR_ARG(wanted))
				 .at);
}

static void check_local(const struct path *at, const struct apiregistration_api_service_spec *spec)
{
	if (spec->ca_bundle.len > 0)
		path_invalid(PATH(at, "caBundle"),
			     arena_printf(path_arena(at), "%u bytes", spec->ca_bundle.len),
			     "local APIServices may not have a caBundle");
	if (spec->insecure_skip_tls_verify)
		path_fault(PATH(at, "insecureSkipTLSVerify"), FAULT_INVALID, STR("true"),
			   "local APIServices may not have insecureSkipTLSVerify");
}

static void check_remote(const struct path *at, const struct apiregistration_api_service_spec *spec)
{
	const struct path *service = PATH(at, "service");

	rule_needed(PATH(service, "namespace"), spec->service->namespace, "");
	rule_needed(PATH(service, "name"), spec->service->name, "");
	if (spec->service->port < 1 || spec->service->port > 65535)
		path_invalid_number(PATH(service, "port"), spec->service->port,
				    "port is not valid: must be between 1 and 65535, inclusive");
	if (spec->insecure_skip_tls_verify && spec->ca_bundle.len > 0)
		path_fault(PATH(at, "insecureSkipTLSVerify"), FAULT_INVALID, STR("true"),
			   "may not be true if caBundle is present");
}

static void validate(struct kind_change *change)
{
	const struct apiregistration_api_service *service = change->object;
	const struct apiregistration_api_service_spec *spec = service->spec;
	const struct path *at = PATH_ROOT(change->faults, "spec");

	if (change->old != NULL) {
		metadata_validate_update(change);
		metadata_validate(&kind_api_service, change, NAME_PATH_SEGMENT);
	}
	if (change->old != NULL)
		check_name(change, PATH(PATH_ROOT(change->faults, "metadata"), "name"),
			   service->metadata->name, false);
	if (spec->group.len > 0)
		rule_name(PATH(at, "group"), NAME_DNS_SUBDOMAIN, spec->group);
	else if (!str_is(spec->version, "v1"))
		path_required(PATH(at, "group"),
			      "only v1 may have an empty group and it better be legacy kube");
	rule_name(PATH(at, "version"), NAME_DNS1035_LABEL, spec->version);
	if (spec->group_priority_minimum <= 0 || spec->group_priority_minimum > GROUP_PRIORITY_MAX)
		path_invalid_number(PATH(at, "groupPriorityMinimum"), spec->group_priority_minimum,
				    "must be positive and less than 20000");
	if (spec->version_priority <= 0 || spec->version_priority > VERSION_PRIORITY_MAX)
		path_invalid_number(PATH(at, "versionPriority"), spec->version_priority,
				    "must be positive and less than 1000");
	if (spec->service == NULL)
		check_local(at, spec);
	else
		check_remote(at, spec);
}

static void validate_status(struct kind_change *change)
{
	const struct apiregistration_api_service *service = change->object;
	const struct path *at = PATH(PATH_ROOT(change->faults, "status"), "conditions");

	for (uint32_t i = 0; i < service->status->conditions.len; i++) {
		struct str status = service->status->conditions.at[i].status;

		if (!str_is(status, "True") && !str_is(status, "False") &&
		    !str_is(status, "Unknown"))
			path_not_supported(PATH(PATH_AT(at, i), "status"), status,
					   "\"True\", \"False\", \"Unknown\"");
	}
}

static const struct kind_subresource subresources[] = {
	{ "status", kind_prepare_status_alone, validate_status },
};

const struct kind_rules kind_api_service = {
	.group = "apiregistration.k8s.io",
	.kind = "APIService",
	.has_any_finalizer = true,
	.check_name = check_name,
	.keeps_twins = true,
	.needs_resource_version = true,
	.prepare_create = prepare_create,
	.validate_create = validate,
	.validate_update = validate,
	.subresources = subresources,
	.subresource_count = 1,
};
