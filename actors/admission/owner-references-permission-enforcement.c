/*
 * OwnerReferencesPermissionEnforcement: who cannot delete an object gives it no owner, and who cannot set an owner's finalizers lets nothing
 * keep it from going (upstream: plugin/pkg/admission/gc). Off unless it is asked for.
 */
#include "actors/admission/plugins.h"
#include "datastore/cel/library/function.h"
#include "datastore/object/record.h"
#include "datastore/schema/meta.h"

static const struct meta_owner_reference_list *owners_of(const struct type *type, const void *record)
{
	const struct meta_object_meta *meta = record != NULL ? record_meta(type, record) : NULL;

	return meta != NULL ? &meta->owner_references : NULL;
}

static bool has_changed(const struct meta_owner_reference_list *new,
			const struct meta_owner_reference_list *old)
{
	uint32_t before = old != NULL ? old->len : 0;

	if (new->len != before)
		return true;
	for (uint32_t i = 0; i < before; i++)
		if (!record_equal(&meta_owner_reference_type, &new->at[i], &old->at[i]))
			return true;
	return false;
}

static bool blocks_anew(const struct meta_owner_reference *reference,
			const struct meta_owner_reference_list *old)
{
	if (!reference->block_owner_deletion)
		return false;
	for (uint32_t i = 0; old != NULL && i < old->len; i++)
		if (str_eq(old->at[i].uid, reference->uid))
			return !old->at[i].block_owner_deletion;
	return true;
}

static bool may(const struct admission *admission, const struct cel_access *access, struct str *why)
{
	struct cel_decision decision = { 0 };

	admission->authorizer->decide(admission->authorizer->arg, access, admission->check.arena,
				      &decision);
	*why = arena_printf(admission->check.arena, STR_FMT ", %s" STR_FMT, STR_ARG(decision.reason),
			    decision.error.len > 0 ? "" : "<nil>", STR_ARG(decision.error));
	return decision.is_allowed;
}

/* What was granted just now may not be known yet. */
static enum check refuse(struct admission *admission, const char *words, struct str why)
{
	if (!admission->check.is_fresh)
		return check_refresh(&admission->check);
	return admission_deny(admission, "%s: " STR_FMT, words, STR_ARG(why));
}

static enum check check_block(struct admission *admission,
			      const struct meta_owner_reference *reference)
{
	const struct type *type = admission->check.reader->kind(
	    admission->check.reader->self, reference->api_version, reference->kind);
	struct cel_access access = { .verb = STR("update"),
				     .subresource = STR("finalizers"),
				     .name = reference->name };
	struct str why;

	if (type == NULL)
		return admission_deny(admission,
				      "cannot set blockOwnerDeletion in this case because cannot "
				      "find RESTMapping for APIVersion " STR_FMT " Kind " STR_FMT
				      ": no matches for kind \"" STR_FMT "\" in version \"" STR_FMT
				      "\"",
				      STR_ARG(reference->api_version), STR_ARG(reference->kind),
				      STR_ARG(reference->kind), STR_ARG(reference->api_version));
	access.group = type_group(type);
	access.resource = type_resource(type);
	if ((type->flags & TYPE_NAMESPACED) != 0)
		access.namespace = admission->namespace;
	if (may(admission, &access, &why))
		return CHECK_PASS;
	return refuse(admission,
		      "cannot set blockOwnerDeletion if an ownerReference refers to a resource you "
		      "can't set finalizers on",
		      why);
}

static enum check validate(struct admission *admission)
{
	const struct meta_owner_reference_list *new = owners_of(admission->type, admission->object);
	const struct meta_owner_reference_list *old = owners_of(admission->type, admission->old);
	struct cel_access gone = { .verb = STR("delete"),
				   .group = admission->group,
				   .resource = admission->resource,
				   .subresource = admission->subresource,
				   .namespace = admission->namespace,
				   .name = admission->name };
	struct cel_access anything = { .verb = STR("update"),
				       .group = STR("*"),
				       .resource = STR("*"),
				       .subresource = STR("finalizers"),
				       .name = STR("*") };
	enum check check = CHECK_PASS;
	struct str why;

	if (new == NULL || admission->authorizer == NULL || !has_changed(new, old) ||
	    (admission->group.len == 0 && str_is(admission->resource, "pods") &&
	     str_is(admission->subresource, "status")))
		return CHECK_PASS;
	if (admission->operation != ADMISSION_CREATE && !may(admission, &gone, &why))
		return refuse(admission, "cannot set an ownerRef on a resource you can't delete",
			      why);
	for (uint32_t i = 0; check == CHECK_PASS && i < new->len; i++)
		if (blocks_anew(&new->at[i], old) && !may(admission, &anything, &why))
			check = check_block(admission, &new->at[i]);
	return check;
}

const struct plugin admission_owner_references_permission_enforcement = {
	.name = "OwnerReferencesPermissionEnforcement",
	.operations = ADMISSION_CREATE | ADMISSION_UPDATE,
	.is_off = true,
	.validate = validate,
};
