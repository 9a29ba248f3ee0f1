#include "actors/kinds/kinds.h"
#include "actors/kinds/rule.h"
#include "datastore/schema/networking.h"

/*
 * The IngressClass: who serves Ingresses of this name (upstream: apis/networking/validation, validateIngressClassSpec).
 */

#define CONTROLLER_MAX 250U

static void check_scope(const struct path *at,
			const struct networking_ingress_class_parameters_reference *parameters)
{
	const struct path *namespace = PATH(at, "namespace");
	bool is_namespaced = str_is(parameters->scope, "Namespace");

	if (!is_namespaced && !str_is(parameters->scope, "Cluster"))
		path_not_supported(PATH(at, "scope"), parameters->scope,
				   "\"Cluster\", \"Namespace\"");
	else if (is_namespaced && parameters->namespace.at == NULL)
		path_required(namespace, "`parameters.scope` is set to 'Namespace'");
	else if (is_namespaced)
		rule_name(namespace, NAME_DNS_LABEL, parameters->namespace);
	else if (parameters->namespace.at != NULL)
		path_forbidden(namespace, "`parameters.scope` is set to 'Cluster'");
}

static void check_parameters(const struct path *at,
			     const struct networking_ingress_class_parameters_reference *parameters)
{
	if (parameters == NULL)
		return;
	if (parameters->api_group.at != NULL)
		rule_name(PATH(at, "apiGroup"), NAME_DNS_SUBDOMAIN, parameters->api_group);
	rule_needed_name(PATH(at, "kind"), NAME_PATH_SEGMENT, parameters->kind, "");
	rule_needed_name(PATH(at, "name"), NAME_PATH_SEGMENT, parameters->name, "");
	if (parameters->scope.at == NULL)
		path_required(PATH(at, "scope"), "");
	else
		check_scope(at, parameters);
}

static void validate(struct kind_change *change)
{
	const struct networking_ingress_class *class = change->object, *old = change->old;
	const struct path *at = PATH_ROOT(change->faults, "spec");
	const struct path *controller = PATH(at, "controller");

	if (old != NULL)
		rule_unchanged(controller, &networking_ingress_class_spec_type, "controller",
			       class->spec, old->spec);
	if (class->spec->controller.len > 0)
		rule_at_most_bytes(controller, class->spec->controller, CONTROLLER_MAX);
	rule_domain_path(controller, class->spec->controller);
	check_parameters(PATH(at, "parameters"), class->spec->parameters);
}

const struct kind_rules kind_ingress_class = {
	.group = "networking.k8s.io",
	.kind = "IngressClass",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.has_generation = true,
	.validate_create = validate,
	.validate_update = validate,
};
