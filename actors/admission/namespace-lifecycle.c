/*
 * NamespaceLifecycle: nothing is created in a namespace that is missing or going away, and three namespaces stay for ever.
 */
#include "actors/admission/plugin.h"
#include "actors/admission/plugins.h"
#include "actors/client/failure.h"
#include "datastore/schema/core.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

static bool is_immortal(struct str name)
{
	return str_is(name, "default") || str_is(name, "kube-system") || str_is(name, "kube-public");
}

/* Reviews are asked about namespaces, not made in them. */
static bool is_review(const struct admission *admission)
{
	return str_is(admission->group, "authorization.k8s.io") ||
	       str_is(admission->group, "authentication.k8s.io");
}

static enum check deny_terminating(struct admission *admission)
{
	struct arena *arena = admission->check.arena;
	enum check denied = admission_deny(admission,
					   "unable to create new content in namespace " STR_FMT
					   " because it is being terminated",
					   STR_ARG(admission->namespace));

	failure_cause_add(admission->failure, arena, STR("NamespaceTerminating"),
			  arena_printf(arena, "namespace " STR_FMT " is being terminated",
				       STR_ARG(admission->namespace)),
			  STR("metadata.namespace"));
	return denied;
}

static enum check mutate(struct admission *admission)
{
	bool is_namespace = admission->group.len == 0 && str_is(admission->resource, "namespaces");
	const struct object *object;
	const struct core_namespace *namespace;

	if (is_namespace && admission->operation == ADMISSION_DELETE &&
	    admission->subresource.len == 0 && is_immortal(admission->name))
		return admission_deny(admission, "this namespace may not be deleted");
	if (is_namespace || admission->namespace.len == 0 ||
	    admission->operation != ADMISSION_CREATE || is_review(admission))
		return CHECK_PASS;
	object = check_get(&admission->check, &core_namespace_type, STR_NONE, admission->namespace);
	if (object == NULL && !admission->check.is_fresh)
		return check_refresh(&admission->check);
	if (object == NULL) {
		admission->failure = failure_not_found(admission->check.arena, STR(""),
						       STR("namespaces"), admission->namespace);
		return CHECK_DENY;
	}
	namespace = object->record;
	/* Subresources of what is there already (eviction, binding) go on while the namespace empties. */
	if (admission->subresource.len > 0)
		return CHECK_PASS;
	if (namespace->metadata->has.deletion_timestamp ||
	    str_is(namespace->status->phase, "Terminating"))
		return deny_terminating(admission);
	return CHECK_PASS;
}

const struct plugin admission_namespace_lifecycle = {
	.name = "NamespaceLifecycle",
	.operations = ADMISSION_CREATE | ADMISSION_UPDATE | ADMISSION_DELETE,
	.mutate = mutate,
};
