#include "actors/admission/node-restriction-private.h"
#include "actors/client/pod-reference.h"
#include "datastore/schema/authentication.h"
#include "datastore/schema/storage.h"

/*
 * NodeRestriction of tokens: a node gets those of its own pods, for whom the pods' volumes want them.
 */

/* A driver may ask for tokens of its own; one that is not known here asks for none. */
static bool driver_wants(const struct admission *a, struct str driver, struct str audience)
{
	const struct object *object =
	    check_get(&a->check, &storage_csi_driver_type, STR_NONE, driver);
	struct storage_token_request_list wanted;

	if (object == NULL)
		return false;
	wanted = ((const struct storage_csi_driver *)object->record)->spec->token_requests;
	for (uint32_t i = 0; i < wanted.len; i++)
		if (str_eq(wanted.at[i].audience, audience))
			return true;
	return false;
}

static bool claim_wants(const struct admission *a, struct str claim, struct str audience)
{
	const struct object *object =
	    check_get(&a->check, &core_persistent_volume_claim_type, a->namespace, claim);
	const struct core_persistent_volume_source *source;

	if (object == NULL)
		return false;
	object = check_get(
	    &a->check, &core_persistent_volume_type, STR_NONE,
	    ((const struct core_persistent_volume_claim *)object->record)->spec->volume_name);
	if (object == NULL)
		return false;
	source =
	    ((const struct core_persistent_volume *)object->record)->spec->persistent_volume_source;
	return source != NULL && source->csi != NULL &&
	       driver_wants(a, source->csi->driver, audience);
}

static bool projected_wants(const struct core_projected_volume_source *projected,
			    struct str audience)
{
	for (uint32_t i = 0; i < projected->sources.len; i++) {
		const struct core_service_account_token_projection *token =
		    projected->sources.at[i].service_account_token;

		if (token != NULL && str_eq(token->audience, audience))
			return true;
	}
	return false;
}

struct wanted {
	const struct admission *admission;
	struct str audience;
};

static bool note_claim(void *arg, enum pod_reference kind, struct str name)
{
	const struct wanted *wanted = arg;

	return kind != POD_REFERENCE_CLAIM ||
	       !claim_wants(wanted->admission, name, wanted->audience);
}

static bool pod_wants(const struct admission *a, const struct core_pod *pod, struct str audience)
{
	struct wanted wanted = { a, audience };

	for (uint32_t i = 0; i < pod->spec->volumes.len; i++) {
		const struct core_volume_source *source = pod->spec->volumes.at[i].volume_source;

		if (source != NULL && source->projected != NULL &&
		    projected_wants(source->projected, audience))
			return true;
		if (source != NULL && source->csi != NULL &&
		    driver_wants(a, source->csi->driver, audience))
			return true;
	}
	return !pod_reference_each(pod, a->check.arena, note_claim, &wanted);
}

static enum check judge_audience(struct admission *a, const struct core_pod *pod,
				 struct str_list audiences)
{
	struct str audience = audiences.len > 0 ? audiences.at[0] : STR("");
	struct str shown = node_restriction_quoted(a, audience);

	if (audiences.len > 1)
		return admission_deny(a, "node may only request 0 or 1 audiences");
	if (pod_wants(a, pod, audience))
		return CHECK_PASS;
	if (!a->check.is_fresh)
		return check_refresh(&a->check);
	return admission_deny(a,
			      "audience " STR_FMT " not found in pod spec volume, " STR_FMT
			      " is not authorized to request tokens for this audience",
			      STR_ARG(shown), STR_ARG(a->user->name));
}

enum check node_restriction_token(struct admission *a, struct str node)
{
	const struct authentication_token_request *request = a->object;
	const struct authentication_bound_object_reference *ref;
	enum check check = CHECK_PASS;
	const struct object *object;
	const struct core_pod *pod;

	if (a->operation != ADMISSION_CREATE || !str_is(a->subresource, "token"))
		return CHECK_PASS;
	ref = request->spec->bound_object_ref;
	if (ref == NULL || !str_is(ref->api_version, "v1") || !str_is(ref->kind, "Pod") ||
	    ref->name.len == 0)
		return admission_deny(a, "node requested token not bound to a pod");
	if (ref->uid.len == 0)
		return admission_deny(a, "node requested token with a pod binding without a uid");
	object = node_restriction_find(a, &core_pod_type, "pods", a->namespace, ref->name, &check);
	if (object == NULL)
		return check;
	pod = object->record;
	if (!str_eq(ref->uid, pod->metadata->uid))
		return admission_deny(a,
				      "the UID in the bound object reference (" STR_FMT
				      ") does not match the UID in record. The object might have "
				      "been deleted and then recreated",
				      STR_ARG(ref->uid));
	if (!str_eq(pod->spec->node_name, node))
		return admission_deny(
		    a, "node requested token bound to a pod scheduled on a different node");
	return judge_audience(a, pod, request->spec->audiences);
}
