/*
 * NamespaceExists: nothing is written in a namespace that is not there (upstream: plugin/pkg/admission/namespace/exists).
 */
#include "actors/admission/plugins.h"
#include "actors/client/failure.h"
#include "datastore/schema/core.h"

static enum check validate(struct admission *admission)
{
	if (admission->namespace.len == 0 ||
	    (admission->group.len == 0 && str_is(admission->resource, "namespaces")) ||
	    check_get(&admission->check, &core_namespace_type, STR_NONE, admission->namespace) !=
		NULL)
		return CHECK_PASS;
	if (!admission->check.is_fresh)
		return check_refresh(&admission->check);
	admission->failure = failure_not_found(admission->check.arena, STR(""), STR("namespaces"),
					       admission->namespace);
	return CHECK_DENY;
}

const struct plugin admission_namespace_exists = {
	.name = "NamespaceExists",
	.operations = ADMISSION_CREATE | ADMISSION_UPDATE | ADMISSION_DELETE,
	.is_off = true,
	.validate = validate,
};
