#include "actors/kinds/field/ip.h"
#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "datastore/object/name.h"
#include "datastore/schema/core.h"
#include "datastore/schema/networking.h"
#include "datastore/schema/type.h"

/*
 * The Ingress: which Service answers for a host and path (upstream: apis/networking/validation, ValidateIngressSpec).
 */

#define CLASS_ANNOTATION "kubernetes.io/ingress.class"
#define NO_IP "must be a DNS name, not an IP address"

/* What is stored already and may stay, though it would not be taken anew. */
struct ingress {
	bool allows_bad_secret;
	bool allows_bad_wildcard_rule;
};

/* ---- backends ------------------------------------------------------------------------------------------ */

static void check_resource(const struct path *at,
			   const struct core_typed_local_object_reference *resource)
{
	if (resource->api_group.at != NULL)
		rule_name(PATH(at, "apiGroup"), NAME_DNS_SUBDOMAIN, resource->api_group);
	rule_needed_name(PATH(at, "kind"), NAME_PATH_SEGMENT, resource->kind, "");
	rule_needed_name(PATH(at, "name"), NAME_PATH_SEGMENT, resource->name, "");
}

static void check_service(const struct path *at,
			  const struct networking_ingress_service_backend *service)
{
	const struct networking_service_backend_port *port = service->port;
	const struct path *here = PATH(at, "service"), *of_port = PATH(here, "port");

	rule_needed_name(PATH(here, "name"), NAME_DNS_LABEL, service->name, "");
	if (port->name.len > 0 && port->number != 0)
		path_invalid(at, STR(""), "cannot set both port name & port number");
	else if (port->name.len > 0)
		rule_name(PATH(of_port, "name"), NAME_PORT_NAME, port->name);
	else if (port->number != 0)
		rule_port(PATH(of_port, "number"), port->number);
	else
		path_required(at, "port name or number is required");
}

static void check_backend(const struct path *at, const struct networking_ingress_backend *backend)
{
	if (backend->resource != NULL && backend->service != NULL)
		path_invalid(at, STR(""), "cannot set both resource and service backends");
	else if (backend->resource != NULL)
		check_resource(PATH(at, "resource"), backend->resource);
	else if (backend->service != NULL)
		check_service(at, backend->service);
	else
		path_invalid(at, STR(""), "resource or service backend is required");
}

/* ---- paths --------------------------------------------------------------------------------------------- */

static void check_text(const struct path *at, struct str text)
{
	static const char *const within[] = { "//", "/./", "/../", "%2f", "%2F" };
	static const char *const behind[] = { "/..", "/." };
	struct str shown = name_quoted(path_arena(at), text);

	if (!str_starts(text, STR("/")))
		path_invalid(at, text, "must be an absolute path");
	for (size_t i = 0; i < sizeof within / sizeof within[0]; i++)
		if (str_find(text, str_from(within[i])) >= 0)
			path_fault(at, FAULT_INVALID, shown, "must not contain '%s'", within[i]);
	for (size_t i = 0; i < sizeof behind / sizeof behind[0]; i++)
		if (str_ends(text, str_from(behind[i])))
			path_fault(at, FAULT_INVALID, shown, "cannot end with '%s'", behind[i]);
}

static void check_path(const struct path *at, const struct networking_http_ingress_path *path)
{
	const struct path *text = PATH(at, "path");

	if (path->path_type.at == NULL) {
		path_required(PATH(at, "pathType"), "pathType must be specified");
		return;
	}
	if (str_is(path->path_type, "Exact") || str_is(path->path_type, "Prefix"))
		check_text(text, path->path);
	else if (!str_is(path->path_type, "ImplementationSpecific"))
		path_not_supported(PATH(at, "pathType"), path->path_type,
				   "\"Exact\", \"ImplementationSpecific\", \"Prefix\"");
	else if (path->path.len > 0 && !str_starts(path->path, STR("/")))
		path_invalid(text, path->path, "must be an absolute path");
	check_backend(PATH(at, "backend"), path->backend);
}

static void check_paths(const struct path *at, const struct networking_http_ingress_rule_value *http)
{
	if (http == NULL)
		return;
	if (http->paths.len == 0)
		path_required(at, "");
	for (uint32_t i = 0; i < http->paths.len; i++)
		check_path(PATH_AT(at, i), &http->paths.at[i]);
}

/* ---- rules --------------------------------------------------------------------------------------------- */

static bool is_wildcard(struct str host)
{
	return str_find_char(host, '*') >= 0;
}

static void check_host(const struct path *at, struct str host)
{
	rule_name(at, is_wildcard(host) ? NAME_WILDCARD_SUBDOMAIN : NAME_DNS_SUBDOMAIN, host);
}

static void check_rules(const struct path *at, struct networking_ingress_rule_list rules,
			const struct ingress *ingress)
{
	for (uint32_t i = 0; i < rules.len; i++) {
		struct str host = rules.at[i].host;
		const struct path *of_host = PATH(PATH_AT(at, i), "host");

		if (host.len > 0 && ip_is(host))
			path_invalid(of_host, host, NO_IP);
		if (host.len > 0)
			check_host(of_host, host);
		if (!is_wildcard(host) || !ingress->allows_bad_wildcard_rule)
			check_paths(PATH(PATH(PATH_AT(at, i), "http"), "paths"),
				    rules.at[i].ingress_rule_value->http);
	}
}

static void check_tls(const struct path *at, const struct networking_ingress_tls *tls,
		      const struct ingress *ingress)
{
	for (uint32_t i = 0; i < tls->hosts.len; i++)
		check_host(PATH_AT(PATH(at, "hosts"), i), tls->hosts.at[i]);
	if (!ingress->allows_bad_secret && tls->secret_name.len > 0)
		rule_name(PATH(at, "secretName"), NAME_DNS_SUBDOMAIN, tls->secret_name);
}

static void check(struct kind_change *change, const struct ingress *ingress)
{
	const struct networking_ingress_spec *spec =
	    ((const struct networking_ingress *)change->object)->spec;
	const struct path *at = PATH_ROOT(change->faults, "spec");

	if (spec->rules.len == 0 && spec->default_backend == NULL)
		path_fault(at, FAULT_INVALID,
			   path_shown_field(at, &networking_ingress_spec_type, "rules", spec),
			   "either `defaultBackend` or `rules` must be specified");
	if (spec->default_backend != NULL)
		check_backend(PATH(at, "defaultBackend"), spec->default_backend);
	check_rules(PATH(at, "rules"), spec->rules, ingress);
	for (uint32_t i = 0; i < spec->tls.len; i++)
		check_tls(PATH_AT(PATH(at, "tls"), i), &spec->tls.at[i], ingress);
	if (spec->ingress_class_name.at != NULL)
		rule_name(PATH(at, "ingressClassName"), NAME_DNS_SUBDOMAIN,
			  spec->ingress_class_name);
}

/* ---- hooks --------------------------------------------------------------------------------------------- */

/* The annotation is what the field was before there was one. */
static void validate_create(struct kind_change *change)
{
	const struct networking_ingress *ingress = change->object;
	struct str class = ingress->spec->ingress_class_name;
	struct str annotated = str_map_get(ingress->metadata->annotations, STR(CLASS_ANNOTATION));

	check(change, &(struct ingress){ 0 });
	if (annotated.at != NULL && class.at != NULL && !str_eq(annotated, class))
		path_invalid(PATH(PATH_ROOT(change->faults, "annotations"), CLASS_ANNOTATION),
			     annotated, "must match `ingressClassName` when both are specified");
	if (annotated.at != NULL && class.at == NULL)
		kind_warn(change, "annotation \"" CLASS_ANNOTATION
				  "\" is deprecated, please use 'spec.ingressClassName' instead");
}

static void validate_update(struct kind_change *change)
{
	const struct networking_ingress_spec *old =
	    ((const struct networking_ingress *)change->old)->spec;
	struct ingress stored = { 0 };
	struct faults faults = faults_in(change->arena);

	for (uint32_t i = 0; i < old->tls.len; i++) {
		struct str name = old->tls.at[i].secret_name;

		if (name.len > 0 && !name_is(NAME_DNS_SUBDOMAIN, name))
			stored.allows_bad_secret = true;
	}
	for (uint32_t i = 0; i < old->rules.len; i++)
		if (is_wildcard(old->rules.at[i].host))
			check_paths(PATH_ROOT(&faults, "x"),
				    old->rules.at[i].ingress_rule_value->http);
	stored.allows_bad_wildcard_rule = faults.len > 0;
	check(change, &stored);
}

static void validate_status(struct kind_change *change)
{
	const struct networking_ingress *ingress = change->object, *old = change->old;
	struct networking_ingress_load_balancer_ingress_list
	    now = ingress->status->load_balancer->ingress,
	    before = old->status->load_balancer->ingress;
	const struct path *at =
	    PATH(PATH(PATH_ROOT(change->faults, "status"), "loadBalancer"), "ingress");
	struct str_list known = { arena_array(change->arena, struct str, before.len + 1), 0 };

	for (uint32_t i = 0; i < before.len; i++)
		known.at[known.len++] = before.at[i].ip;
	for (uint32_t i = 0; i < now.len; i++) {
		const struct path *ip = PATH(PATH_AT(at, i), "ip");
		const struct path *host = PATH(PATH_AT(at, i), "hostname");

		if (now.at[i].ip.len > 0) {
			ip_check_legacy(ip, now.at[i].ip, known);
			kind_warn_text(change,
				       ip_warning(change->arena, path_text(ip), now.at[i].ip));
		}
		if (now.at[i].hostname.len == 0)
			continue;
		rule_name(host, NAME_DNS_SUBDOMAIN, now.at[i].hostname);
		if (ip_is(now.at[i].hostname))
			path_invalid(host, now.at[i].hostname, NO_IP);
	}
}

static const struct kind_subresource subresources[] = {
	{ "status", NULL, validate_status },
};

const struct kind_rules kind_ingress = {
	.group = "networking.k8s.io",
	.kind = "Ingress",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.validate_create = validate_create,
	.validate_update = validate_update,
	.subresources = subresources,
	.subresource_count = 1,
};
