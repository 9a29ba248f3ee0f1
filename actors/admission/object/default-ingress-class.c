/*
 * DefaultIngressClass: an Ingress that names no class gets the default one (upstream: plugin/pkg/admission/network/defaultingressclass).
 */
#include "actors/admission/object/default-class.h"
#include "actors/admission/plugin.h"
#include "actors/admission/plugins.h"
#include "datastore/schema/networking.h"

static const char *const annotations[] = { "ingressclass.kubernetes.io/is-default-class", NULL };

static bool has_class(const struct networking_ingress *ingress)
{
	return ingress->spec->ingress_class_name.at != NULL ||
	       str_map_get(ingress->metadata->annotations, STR("kubernetes.io/ingress.class")).at !=
		   NULL;
}

static enum check mutate(struct admission *admission)
{
	struct networking_ingress *ingress = admission->object;

	if (str_is(admission->group, "networking.k8s.io") &&
	    str_is(admission->resource, "ingresses") && admission->subresource.len == 0 &&
	    !has_class(ingress))
		ingress->spec->ingress_class_name = default_class_name(
		    &admission->check, &networking_ingress_class_type, annotations);
	return CHECK_PASS;
}

const struct plugin admission_default_ingress_class = {
	.name = "DefaultIngressClass",
	.operations = ADMISSION_CREATE,
	.mutate = mutate,
};
