/*
 * Certificate approving: a node's request for the certificate by which it calls the API server is approved if who asks may have it (upstream:
 * certificates/approver). Of its own for itself, or of any node: the API server is asked about the one, and if it says no, in the next turn about the other.
 */
#include "actors/controller/controller.h"
#include "actors/controllers/access/node-certificate.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/authorization.h"
#include "datastore/schema/certificates.h"
#include "runtime/base/arena.h"
#include "transport/tls/certificate.h"

typedef const struct certificates_certificate_signing_request csr_record;

static const struct approval {
	const char *subresource, *message;
} of_itself = { "selfnodeclient",
		"Auto approving self kubelet client certificate after SubjectAccessReview." },
  of_any = { "nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview." };

static bool waits(csr_record *csr)
{
	if (csr->status == NULL)
		return true;
	for (uint32_t i = 0; i < csr->status->conditions.len; i++)
		if (str_is(csr->status->conditions.at[i].type, "Approved") ||
		    str_is(csr->status->conditions.at[i].type, "Denied"))
			return false;
	return csr->status->certificate.len == 0;
}

/* NULL: it is not for us to say. */
static const struct approval *approval_of(const struct world *world, csr_record *csr)
{
	const struct world_failure *failure = world_failure(world);
	struct certificate_info info;

	if (!str_is(csr->spec->signer_name, "kubernetes.io/kube-apiserver-client-kubelet") ||
	    certificate_request_read(csr->spec->request, world_arena(world), &info, NULL) != OK ||
	    node_certificate_refuse(&info, csr->spec->usages).at != NULL)
		return NULL;
	if (!str_eq(csr->spec->username, info.common_name))
		return &of_any;
	return failure != NULL && failure->type == &authorization_subject_access_review_type &&
		       str_find(failure->message, str_from(of_itself.subresource)) >= 0
		   ? &of_any
		   : &of_itself;
}

/* What else is known of who asks; values are lists of texts in both. */
static struct authorization_extra_value_map extra_of(struct plan *plan, csr_record *csr)
{
	struct certificates_extra_value_map from = csr->spec->extra;
	struct authorization_extra_value_map to = {
		.at = arena_array(plan_arena(plan), struct authorization_extra_value_entry,
				  from.len + 1),
		.len = from.len,
	};

	for (uint32_t i = 0; i < from.len; i++) {
		to.at[i].key = from.at[i].key;
		to.at[i].value.items = from.at[i].value.items;
	}
	return to;
}

static void ask(struct plan *plan, csr_record *csr, const struct approval *approval)
{
	struct authorization_resource_attributes attributes = {
		.verb = STR("create"),
		.group = STR("certificates.k8s.io"),
		.version = STR("*"),
		.resource = STR("certificatesigningrequests"),
		.subresource = str_from(approval->subresource),
	};
	struct authorization_subject_access_review_spec spec = {
		.user = csr->spec->username,
		.uid = csr->spec->uid,
		.groups = csr->spec->groups,
		.resource_attributes = &attributes,
	};

	spec.extra = extra_of(plan, csr);
	plan_review(plan, &spec);
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	csr_record *csr = world_get(world, key, certificates_certificate_signing_request);
	struct certificates_certificate_signing_request_condition *condition;
	struct certificates_certificate_signing_request *edit;
	const struct approval *approval;
	uint32_t len;

	if (csr == NULL || !waits(csr) || (approval = approval_of(world, csr)) == NULL)
		return OK;
	ask(plan, csr, approval);
	edit = plan_subresource_(plan, &certificates_certificate_signing_request_type, csr,
				 "approval");
	len = MAKE(edit->status, plan_arena(plan))->conditions.len;
	edit->status->conditions.at =
	    arena_grow(plan_arena(plan), edit->status->conditions.at, len * sizeof *condition,
		       (len + 1) * sizeof *condition);
	condition = &edit->status->conditions.at[edit->status->conditions.len++];
	*condition = (struct certificates_certificate_signing_request_condition){
		.type = STR("Approved"),
		.status = STR("True"),
		.reason = STR("AutoApproved"),
		.message = str_from(approval->message),
	};
	return OK;
}

const struct controller certificate_approving_controller = {
	.name = "certificatesigningrequest-approving",
	.account = "certificate-controller",
	.reconciles = &certificates_certificate_signing_request_type,
	.reconcile = reconcile,
};
