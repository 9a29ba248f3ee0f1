/*
 * Certificate signing: what was approved for a signer that the cluster itself is gets its signature.
 *
 * The signers are upstream's of kubernetes.io, each with its rules; a request that does not keep them has failed for good. Whoever lacks the
 * authority's key signs nothing: the row's argument says where it is.
 */
#include <string.h>

#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controllers/access/node-certificate.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/certificates.h"
#include "datastore/schema/type.h"
#include "transport/tls/certificate.h"

#define YEAR_S (365 * 86400)
#define LEAST_S 600           /* twice what a certificate is dated back */
#define BACKDATE_S 300        /* clocks of other machines may be behind */
#define SHORT_S (8 * 60 * 60) /* of a short life nothing is taken at the end for that */

/* ---- what a request has to be like -------------------------------------------------------------------------- */

/* The words are upstream's; absent: it is as it should be. */
static struct str refuse_serving(const struct certificate_info *info, struct str_list usages,
				 struct arena *arena)
{
	(void)arena;
	if (!node_certificate_is_of_nodes(info))
		return STR("subject organization is not system:nodes");
	if (info->dns_names_count == 0 && info->addresses_count == 0)
		return STR("DNS or IP subjectAltName is required");
	if (info->emails_count > 0)
		return STR("Email subjectAltNames are not allowed");
	if (info->uris_count > 0)
		return STR("URI subjectAltNames are not allowed");
	if (!node_certificate_usages(usages, "server auth"))
		return STR("usages did not match [digital signature key encipherment server auth]");
	if (!str_starts(info->common_name, STR(NODE_CERTIFICATE_PREFIX)))
		return STR("subject common name does not begin with system:node:");
	return STR_NONE;
}

static struct str refuse_client(const struct certificate_info *info, struct str_list usages,
				struct arena *arena)
{
	(void)info;
	for (uint32_t i = 0; i < usages.len; i++)
		if (!str_is(usages.at[i], "client auth") &&
		    !str_is(usages.at[i], "digital signature") &&
		    !str_is(usages.at[i], "key encipherment"))
			return arena_printf(arena, "invalid usage for client certificate: " STR_FMT,
					    STR_ARG(usages.at[i]));
	return node_certificate_uses(usages, "client auth")
		   ? STR_NONE
		   : STR("missing required usage for client certificate: client auth");
}

static struct str refuse_node(const struct certificate_info *info, struct str_list usages,
			      struct arena *arena)
{
	(void)arena;
	return node_certificate_refuse(info, usages);
}

static const struct signer {
	const char *name;
	unsigned usage;
	struct str (*refuse)(const struct certificate_info *info, struct str_list usages,
			     struct arena *arena);
} signers[] = {
	{ "kubernetes.io/kube-apiserver-client", CERTIFICATE_CLIENT, refuse_client },
	{ "kubernetes.io/kube-apiserver-client-kubelet", CERTIFICATE_CLIENT, refuse_node },
	{ "kubernetes.io/kubelet-serving", CERTIFICATE_SERVER, refuse_serving },
};

static const struct signer *signer_of(struct str name)
{
	for (size_t i = 0; i < sizeof signers / sizeof signers[0]; i++)
		if (str_is(name, signers[i].name))
			return &signers[i];
	return NULL;
}

/* ---- whether it waits for a signature ----------------------------------------------------------------------- */

static bool waits(const struct certificates_certificate_signing_request *csr)
{
	bool is_approved = false;

	if (csr->status == NULL || csr->status->certificate.len > 0)
		return false;
	for (uint32_t i = 0; i < csr->status->conditions.len; i++) {
		const struct certificates_certificate_signing_request_condition *condition =
		    &csr->status->conditions.at[i];

		if (str_is(condition->type, "Denied") ||
		    (str_is(condition->type, "Failed") && str_is(condition->status, "True")))
			return false;
		is_approved = is_approved || str_is(condition->type, "Approved");
	}
	return is_approved;
}

/* ---- what becomes of it ----------------------------------------------------------------------------------------- */

static struct certificates_certificate_signing_request_status *
status_of(struct plan *plan, const struct certificates_certificate_signing_request *csr)
{
	return MAKE(plan_status(plan, csr, certificates_certificate_signing_request)->status,
		    plan_arena(plan));
}

static void fail(const struct world *world, struct plan *plan,
		 const struct certificates_certificate_signing_request *csr, struct str words)
{
	struct certificates_certificate_signing_request_status *status = status_of(plan, csr);
	uint32_t len = status->conditions.len;
	struct certificates_certificate_signing_request_condition *all = arena_array(
	    plan_arena(plan), struct certificates_certificate_signing_request_condition, len + 1);

	if (len > 0)
		memcpy(all, status->conditions.at, len * sizeof *all);
	all[len] = (struct certificates_certificate_signing_request_condition){
		.type = STR("Failed"),
		.status = STR("True"),
		.reason = STR("SignerValidationFailure"),
		.message = arena_str(plan_arena(plan), words),
	};
	SET(&all[len], last_update_time, world_now(world));
	status->conditions.at = all;
	status->conditions.len = len + 1;
}

static struct str *names_of(const struct certificate_info *info, struct arena *arena,
			    uint32_t *count)
{
	const struct {
		const struct str *at;
		uint32_t len;
	} kinds[] = { { info->dns_names, info->dns_names_count },
		      { info->addresses, info->addresses_count },
		      { info->emails, info->emails_count },
		      { info->uris, info->uris_count } };
	struct str *all = arena_array(arena, struct str, CERTIFICATE_NAMES_MAX + 1);

	*count = 0;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		for (uint32_t j = 0; j < kinds[i].len && *count <= CERTIFICATE_NAMES_MAX; j++)
			all[(*count)++] = kinds[i].at[j];
	return all;
}

static struct certificate_wish
wish_of(const struct world *world, const struct signer *signer,
	const struct certificates_certificate_signing_request_spec *spec,
	const struct certificate_info *info)
{
	int64_t now = world_now(world).ns, life_s = YEAR_S;
	struct certificate_wish wish = { .common_name = info->common_name,
					 .organizations = info->organizations,
					 .organizations_count = info->organizations_count,
					 .usage = signer->usage };

	wish.names = names_of(info, world_arena(world), &wish.names_count);
	if (spec->has.expiration_seconds && spec->expiration_seconds < YEAR_S)
		life_s = spec->expiration_seconds < LEAST_S ? LEAST_S : spec->expiration_seconds;
	wish.not_before = (struct wall){ now - BACKDATE_S * TIME_S };
	wish.not_after =
	    (struct wall){ now + (life_s < SHORT_S ? life_s : life_s - BACKDATE_S) * TIME_S };
	return wish;
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct certificates_certificate_signing_request *csr =
	    world_get(world, key, certificates_certificate_signing_request);
	const struct certificate_authority *authority = world_arg(world);
	const struct signer *signer;
	struct certificate_info info;
	struct certificate_wish wish;
	struct fault why = { 0 };
	struct str words, pem;
	enum status status;

	if (csr == NULL || authority == NULL || authority->key == NULL || !waits(csr))
		return OK;
	signer = signer_of(csr->spec->signer_name);
	if (signer == NULL ||
	    certificate_request_read(csr->spec->request, world_arena(world), &info, NULL) != OK)
		return OK;
	words = signer->refuse(&info, csr->spec->usages, world_arena(world));
	if (words.at != NULL) {
		fail(world, plan, csr, words);
		return OK;
	}
	wish = wish_of(world, signer, csr->spec, &info);
	status =
	    certificate_issue(authority, &wish, csr->spec->request, plan_arena(plan), &pem, &why);
	if (status == OK)
		status_of(plan, csr)->certificate = pem;
	else if (status == INVALID || status == TOO_LARGE || status == FORBIDDEN)
		fail(world, plan, csr, str_from(why.text)); /* it will not be another one */
	else
		return status;
	return OK;
}

const struct controller certificate_signing_controller = {
	.name = "certificatesigningrequest-signing",
	.account = "certificate-controller",
	.reconciles = &certificates_certificate_signing_request_type,
	.reconcile = reconcile,
};
