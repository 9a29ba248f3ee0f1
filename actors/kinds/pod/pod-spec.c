#include <stdlib.h>

#include "actors/kinds/field/amount.h"
#include "actors/kinds/field/ip.h"
#include "actors/kinds/field/toleration.h"
#include "actors/kinds/pod/pod-private.h"
#include "datastore/object/record.h"

/*
 * The order in which a pod spec is judged (upstream's ValidatePodSpec), and the members that have no file of their own.
 */

#define NAMESERVERS_MAX 3U /* of the C library */
#define SEARCHES_MAX 32U
#define SEARCH_BYTES_MAX 2048U
#define HOST_NAME_MAX_BYTES 64U         /* of Linux */
#define NAMES_MAX 4096U                 /* of claims, as a fault lists them */
#define RESPONDER_PRIORITY_RESERVED 999 /* 0 to this one are Kubernetes' own */

/* ---- claims -------------------------------------------------------------------------------------------------------------- */

static void check_claim(const struct path *at, const struct core_pod_resource_claim *claim,
			struct seen *names)
{
	bool has_name = claim->resource_claim_name.at != NULL;
	bool has_template = claim->resource_claim_template_name.at != NULL;

	if (claim->name.len == 0)
		path_required(PATH(at, "name"), "");
	else if (!seen_add(names, claim->name))
		path_duplicate(PATH(at, "name"), claim->name);
	else
		rule_name(PATH(at, "name"), NAME_DNS_LABEL, claim->name);
	if (has_name && has_template)
		path_fault(at, FAULT_INVALID,
			   path_shown_record(at, &core_pod_resource_claim_type, claim),
			   "at most one of `resourceClaimName` or `resourceClaimTemplateName` may "
			   "be specified");
	if (!has_name && !has_template)
		path_fault(at, FAULT_INVALID,
			   path_shown_record(at, &core_pod_resource_claim_type, claim),
			   "must specify one of: `resourceClaimName`, "
			   "`resourceClaimTemplateName`");
	if (has_name)
		rule_name(PATH(at, "resourceClaimName"), NAME_DNS_SUBDOMAIN,
			  claim->resource_claim_name);
	if (has_template)
		rule_name(PATH(at, "resourceClaimTemplateName"), NAME_DNS_SUBDOMAIN,
			  claim->resource_claim_template_name);
}

static bool is_mirror(const struct meta_object_meta *meta)
{
	return meta != NULL && str_map_get(meta->annotations, POD_MIRROR).at != NULL;
}

static int by_text(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void check_claims(struct pod_check *check, const struct path *at)
{
	struct core_pod_resource_claim_list list = check->spec->resource_claims;
	struct seen names = seen_in(path_arena(at));
	struct str_list listed = { arena_array(path_arena(at), struct str, list.len + 1), 0 };
	struct text names_text = text_in(path_arena(at), NAMES_MAX);

	check->claims = seen_in(path_arena(at));
	for (uint32_t i = 0; i < list.len; i++) {
		if (list.at[i].name.len > 0 && seen_add(&check->claims, list.at[i].name))
			listed.at[listed.len++] = list.at[i].name;
		if (is_mirror(check->meta))
			path_forbidden(PATH_ROOT(path_faults(at), ""),
				       "static pods do not support resource claims");
		else
			check_claim(PATH_AT(at, i), &list.at[i], &names);
	}
	qsort(listed.at, listed.len, sizeof *listed.at, by_text);
	for (uint32_t i = 0; i < listed.len; i++)
		text_printf(&names_text, "%s" STR_FMT, i ? ", " : "", STR_ARG(listed.at[i]));
	check->claim_names = text_str(&names_text);
}

/* ---- network ----------------------------------------------------------------------------------------------------------------- */

static void check_host_ports(const struct pod_check *check, const struct path *at)
{
	for (uint32_t i = 0; i < check->spec->containers.len && check->spec->host_network; i++) {
		struct core_container_port_list ports = check->spec->containers.at[i].ports;

		for (uint32_t j = 0; j < ports.len; j++) {
			int32_t host = ports.at[j].host_port;

			/* A template leaves it to the pod's defaults. */
			if (host == ports.at[j].container_port ||
			    (host == 0 && !check->tolerance->is_pod))
				continue;
			path_invalid_number(
			    PATH(PATH_AT(PATH(PATH_AT(PATH(at, "containers"), i), "ports"), j),
				 "hostPort"),
			    host, "must match `containerPort` when `hostNetwork` is true");
		}
	}
}

static void check_searches(const struct path *at, struct str_list searches)
{
	uint64_t bytes = searches.len > 0 ? searches.len - 1 : 0;

	for (uint32_t i = 0; i < searches.len; i++)
		bytes += searches.at[i].len;
	if (searches.len > SEARCHES_MAX)
		path_fault(at, FAULT_INVALID, path_shown_list(at, searches),
			   "must not have more than %u search paths", SEARCHES_MAX);
	if (bytes > SEARCH_BYTES_MAX)
		path_fault(at, FAULT_INVALID, path_shown_list(at, searches),
			   "must not have more than %u characters (including spaces) in the search "
			   "list",
			   SEARCH_BYTES_MAX);
	for (uint32_t i = 0; i < searches.len; i++) {
		struct str search = searches.at[i];

		if (str_is(search, "."))
			continue;
		if (str_ends(search, STR(".")))
			search = str_slice(search, 0, search.len - 1);
		rule_name(PATH_AT(at, i), NAME_DNS_SUBDOMAIN_UNDERSCORE, search);
	}
}

static void check_dns(const struct path *at, const struct core_pod_spec *spec)
{
	const struct core_pod_dns_config *config = spec->dns_config;
	const struct path *servers = PATH(at, "nameservers");

	if (str_is(spec->dns_policy, "None")) {
		if (config == NULL) {
			path_required(at, "must provide `dnsConfig` when `dnsPolicy` is None");
			return;
		}
		if (config->nameservers.len == 0) {
			path_required(servers, "must provide at least one DNS nameserver when "
					       "`dnsPolicy` is None");
			return;
		}
	}
	if (config == NULL)
		return;
	if (config->nameservers.len > NAMESERVERS_MAX)
		path_fault(servers, FAULT_INVALID, path_shown_list(servers, config->nameservers),
			   "must not have more than %u nameservers", NAMESERVERS_MAX);
	for (uint32_t i = 0; i < config->nameservers.len; i++)
		ip_check_legacy(PATH_AT(servers, i), config->nameservers.at[i],
				(struct str_list){ 0 });
	check_searches(PATH(at, "searches"), config->searches);
	for (uint32_t i = 0; i < config->options.len; i++)
		if (config->options.at[i].name.len == 0)
			path_required(PATH_AT(PATH(at, "options"), i), "must not be empty");
}

static void check_host_name(const struct path *at, const struct core_pod_spec *spec)
{
	if (spec->hostname_override.at == NULL)
		return;
	if (spec->set_hostname_as_fqdn)
		path_forbidden(at, "may not be specified when setHostnameAsFQDN is true");
	if (spec->host_network)
		path_forbidden(at, "may not be specified when hostNetwork is true");
	rule_at_most_bytes(at, spec->hostname_override, HOST_NAME_MAX_BYTES);
	rule_name(at, NAME_DNS_SUBDOMAIN, spec->hostname_override);
}

static void check_aliases(const struct path *at, struct core_host_alias_list aliases)
{
	for (uint32_t i = 0; i < aliases.len; i++) {
		const struct path *here = PATH_AT(at, i);
		struct str_list names = aliases.at[i].hostnames;

		ip_check_legacy(PATH(here, "ip"), aliases.at[i].ip, (struct str_list){ 0 });
		for (uint32_t j = 0; j < names.len; j++)
			rule_name(PATH_AT(PATH(here, "hostnames"), j), NAME_DNS_SUBDOMAIN,
				  names.at[j]);
	}
}

/* ---- users of the host ------------------------------------------------------------------------------------------------------------ */

static void check_users(const struct pod_check *check, const struct path *at)
{
	static const char words[] = "when `hostUsers` is false";
	const struct core_pod_spec *spec = check->spec;
	struct pod_walk walk = pod_walk_of(spec);
	const struct core_container *container;

	if (!spec->has.host_users || spec->host_users)
		return;
	if (spec->host_network && !check->tolerance->users_with_host_network)
		path_forbidden(PATH(at, "hostNetwork"), words);
	if (spec->host_pid)
		path_forbidden(PATH(at, "HostPID"), words);
	if (spec->host_ipc)
		path_forbidden(PATH(at, "HostIPC"), words);
	if (check->tolerance->users_with_devices)
		return;
	while ((container = pod_walk_next(&walk)) != NULL)
		if (container->volume_devices.len > 0)
			path_forbidden(PATH(POD_WALK_PATH(at, &walk), "volumeDevices"), words);
}

/* 1: host process containers, 0: not, -1: it does not say. */
static int host_process_of(const struct core_windows_security_context_options *options)
{
	return options == NULL || !options->has.host_process ? -1 : options->host_process;
}

static void check_host_process(const struct path *at, const struct core_pod_spec *spec)
{
	int of_pod =
	    spec->security_context ? host_process_of(spec->security_context->windows_options) : -1;
	struct pod_walk walk = pod_walk_of(spec);
	const struct core_container *container;
	uint32_t count = 0, hosted = 0;

	while ((container = pod_walk_next(&walk)) != NULL) {
		const struct core_security_context *context = container->security_context;
		int own = context ? host_process_of(context->windows_options) : -1;

		count++;
		if (of_pod >= 0 && own >= 0 && of_pod != own)
			path_fault(PATH(PATH(PATH(POD_WALK_PATH(at, &walk), "securityContext"),
					     "windowsOptions"),
					"hostProcess"),
				   FAULT_INVALID, own ? STR("true") : STR("false"),
				   "pod hostProcess value must be identical if both are specified, "
				   "was %s",
				   of_pod ? "true" : "false");
		hosted += own == 1 || (own < 0 && of_pod == 1);
	}
	if (hosted == 0)
		return;
	if (hosted != count)
		path_invalid(at, STR(""),
			     "If pod contains any hostProcess containers then all containers must "
			     "be HostProcess containers");
	if (!spec->host_network)
		path_fault(PATH(at, "hostNetwork"), FAULT_INVALID, STR("false"),
			   "hostNetwork must be true if pod contains any hostProcess containers");
}

/* ---- those who answer evictions ----------------------------------------------------------------------------------------------------- */

static void check_responder(const struct path *at, const struct core_eviction_responder *responder)
{
	const struct path *name = PATH(at, "name"), *priority = PATH(at, "priority");
	struct str rest = responder->name, domain = str_cut(&rest, '/');

	if (responder->name.len > 0 &&
	    (str_is(domain, "k8s.io") || str_is(domain, "kubernetes.io") ||
	     str_ends(domain, STR(".k8s.io")) || str_ends(domain, STR(".kubernetes.io"))))
		path_invalid(name, responder->name,
			     "domain names *.k8s.io, *.kubernetes.io are "
			     "reserved");
	if (responder->has.priority && responder->priority >= 0 &&
	    responder->priority <= RESPONDER_PRIORITY_RESERVED)
		path_invalid_number(
		    priority, responder->priority,
		    "priorities 0-999 are reserved for responders with *.k8s.io suffix");
}

static void check_group(const struct path *at, const struct core_pod_spec *spec)
{
	const struct core_pod_scheduling_group *group = spec->scheduling_group;
	const struct path *name = PATH(at, "podGroupName");

	if (group == NULL)
		return;
	if (group->pod_group_name.at == NULL)
		path_fault(name, FAULT_INVALID, STR("null"), "must specify one of: `podGroupName`");
	else
		rule_name(name, NAME_DNS_SUBDOMAIN, group->pod_group_name);
	if (spec->eviction_responders.len > 0)
		path_forbidden(at, "may not be set when evictionResponders is set");
}

/* ---- files that hold variables ------------------------------------------------------------------------------------------------------- */

static void check_file_volume(const struct pod_check *check, const struct path *at, struct str name,
			      const struct seen *volumes)
{
	int64_t place = seen_find(volumes, name);

	if (place < 0)
		path_not_found(at, name);
	else if (check->spec->volumes.at[place].volume_source->empty_dir == NULL)
		path_invalid(at, name, "referenced volume must be of type emptyDir");
}

static void check_file_keys(const struct pod_check *check, const struct path *at)
{
	struct seen volumes = seen_in(path_arena(at));
	struct pod_walk walk = pod_walk_of(check->spec);
	const struct core_container *container;

	/* All volumes, not only the good ones; of equal names the last. */
	for (uint32_t i = check->spec->volumes.len; i-- > 0;)
		seen_put(&volumes, check->spec->volumes.at[i].name, i);
	while ((container = pod_walk_next(&walk)) != NULL)
		for (uint32_t i = 0; i < container->env.len; i++) {
			const struct core_env_var_source *from = container->env.at[i].value_from;

			if (from == NULL || from->file_key_ref == NULL)
				continue;
			check_file_volume(
			    check,
			    PATH(PATH(PATH(PATH_AT(PATH(POD_WALK_PATH(at, &walk), "env"), i),
					   "valueFrom"),
				      "fileKeyRef"),
				 "volumeName"),
			    from->file_key_ref->volume_name, &volumes);
		}
}

/* ---- names of other things ------------------------------------------------------------------------------------------------------------ */

static void check_optional(const struct path *at, enum name_syntax syntax, struct str value)
{
	if (value.len > 0)
		rule_name(at, syntax, value);
}

static void check_accounts(const struct path *at, const struct core_pod_spec *spec)
{
	const struct path *old = PATH(at, "deprecatedServiceAccount");

	check_optional(PATH(at, "serviceAccountName"), NAME_DNS_SUBDOMAIN,
		       spec->service_account_name);
	if (!str_eq(spec->service_account, spec->service_account_name))
		path_fault(old, FAULT_INVALID, name_quoted(path_arena(at), spec->service_account),
			   "must be the same as serviceAccountName: \"" STR_FMT "\"",
			   STR_ARG(spec->service_account_name));
}

static void check_policies(const struct path *at, const struct core_pod_spec *spec)
{
	struct str restart = spec->restart_policy, dns = spec->dns_policy;

	if (rule_needed(PATH(at, "restartPolicy"), restart, "") && !str_is(restart, "Always") &&
	    !str_is(restart, "OnFailure") && !str_is(restart, "Never"))
		path_not_supported(PATH(at, "restartPolicy"), restart,
				   "\"Always\", \"OnFailure\", \"Never\"");
	if (rule_needed(PATH(at, "dnsPolicy"), dns, "") && !str_is(dns, "ClusterFirstWithHostNet") &&
	    !str_is(dns, "ClusterFirst") && !str_is(dns, "Default") && !str_is(dns, "None"))
		path_not_supported(PATH(at, "dnsPolicy"), dns,
				   "\"ClusterFirstWithHostNet\", \"ClusterFirst\", \"Default\", "
				   "\"None\"");
}

static void check_preemption(const struct path *at, struct str policy)
{
	if (policy.at == NULL || !rule_needed(at, policy, ""))
		return;
	if (!str_is(policy, "PreemptLowerPriority") && !str_is(policy, "Never"))
		path_not_supported(at, policy, "\"PreemptLowerPriority\", \"Never\"");
}

/* What is after host users and host names, in order. */
static void check_rest(const struct pod_check *check, const struct path *at)
{
	const struct core_pod_spec *spec = check->spec;
	struct core_resource_requirements overhead = { .limits = spec->overhead };

	check_accounts(at, spec);
	check_optional(PATH(at, "nodeName"), NAME_DNS_SUBDOMAIN, spec->node_name);
	if (spec->has.active_deadline_seconds)
		rule_range(PATH(at, "activeDeadlineSeconds"), spec->active_deadline_seconds, 1,
			   INT32_MAX);
	check_optional(PATH(at, "hostname"), NAME_DNS_LABEL, spec->hostname);
	check_optional(PATH(at, "subdomain"), NAME_DNS_LABEL, spec->subdomain);
	toleration_check(PATH(at, "tolerations"), spec->tolerations,
			 check->tolerance->comparing_tolerations);
	check_aliases(PATH(at, "hostAliases"), spec->host_aliases);
	check_optional(PATH(at, "priorityClassName"), NAME_DNS_SUBDOMAIN, spec->priority_class_name);
	if (spec->runtime_class_name.at != NULL)
		rule_name(PATH(at, "runtimeClassName"), NAME_DNS_SUBDOMAIN,
			  spec->runtime_class_name);
	check_preemption(PATH(at, "preemptionPolicy"), spec->preemption_policy);
	amount_check_requirements(PATH(at, "overhead"), &overhead, NULL, STR(""), false,
				  check->tolerance->odd_huge_pages);
	pod_check_system(check, at);
	check_group(PATH(at, "schedulingGroup"), spec);
	check_file_keys(check, at);
	/* The marks of the schema do the rest. */
	for (uint32_t i = 0; i < spec->eviction_responders.len; i++)
		check_responder(PATH_AT(PATH(at, "evictionResponders"), i),
				&spec->eviction_responders.at[i]);
}

void pod_spec_check(const struct path *at, const struct core_pod_spec *spec,
		    const struct meta_object_meta *meta, const struct pod_tolerance *tolerance)
{
	struct pod_check check = { .spec = spec, .meta = meta, .tolerance = tolerance };

	if (!spec->has.termination_grace_period_seconds)
		path_required(PATH(at, "terminationGracePeriodSeconds"), "");
	pod_check_volumes(&check, PATH(at, "volumes"));
	check_claims(&check, PATH(at, "resourceClaims"));
	pod_check_containers(&check, at);
	pod_check_resources(&check, PATH(at, "resources"));
	check_host_ports(&check, at);
	check_policies(at, spec);
	rule_labels(PATH(at, "nodeSelector"), spec->node_selector);
	pod_check_security(&check, PATH(at, "securityContext"));
	if (spec->share_process_namespace && spec->host_pid)
		path_fault(PATH(at, "shareProcessNamespace"), FAULT_INVALID, STR("true"),
			   "ShareProcessNamespace and HostPID cannot both be enabled");
	pod_check_affinity(PATH(at, "affinity"), spec->affinity, tolerance);
	check_dns(PATH(at, "dnsConfig"), spec);
	pod_check_scheduling(&check, at);
	check_host_process(at, spec);
	check_users(&check, at);
	check_host_name(PATH(at, "hostnameOverride"), spec);
	check_rest(&check, at);
}
