/*
 * NamespaceAutoProvision: a namespace in which something is created comes to be with it (upstream: plugin/pkg/admission/namespace/autoprovision).
 *
 * It is made by the server itself, whoever asks: by a request of its own, which is admitted and counted as any other.
 */
#include "actors/admission/plugins.h"
#include "actors/client/failure.h"
#include "datastore/schema/core.h"

static bool is_concerned(const struct admission *admission)
{
	return admission->namespace.len > 0 && !admission->is_dry_run &&
	       !(admission->group.len == 0 && str_is(admission->resource, "namespaces"));
}

static enum check make(struct admission *admission)
{
	struct check_context *check = &admission->check;
	struct core_namespace *record = arena_new_of(check->arena, struct core_namespace);

	record->metadata = arena_new_of(check->arena, struct meta_object_meta);
	record->metadata->name = admission->namespace;
	check->state = record;
	check->waiter->create(check->waiter, &core_namespace_type, record);
	return CHECK_WAIT;
}

static enum check made(struct admission *admission, const struct failure *failure)
{
	if (failure == NULL || failure->code == 409)
		return CHECK_PASS;
	if (failure->code != 403)
		return admission_deny(admission, STR_FMT, STR_ARG(failure->message));
	admission->failure = arena_copy(admission->check.arena, failure, sizeof *failure);
	return CHECK_DENY;
}

static enum check mutate(struct admission *admission)
{
	struct check_context *check = &admission->check;

	if (!is_concerned(admission))
		return CHECK_PASS;
	if (check->state != NULL)
		return made(admission, check->waiter->created(check->waiter));
	if (check_get(check, &core_namespace_type, STR_NONE, admission->namespace) != NULL)
		return CHECK_PASS;
	return check->is_fresh ? make(admission) : check_refresh(check);
}

const struct plugin admission_namespace_auto_provision = {
	.name = "NamespaceAutoProvision",
	.is_off = true,
	.operations = ADMISSION_CREATE,
	.mutate = mutate,
};
