/*
 * Certificate cleaner: requests for certificates that nobody needs any more are deleted.
 *
 * As upstream's: issued, denied and failed ones an hour after that, those that still wait for an approval or a signature after a day, and
 * those whose certificate is over.
 */
#include "actors/controller/controller.h"
#include "actors/controller/plan.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/certificates.h"
#include "datastore/schema/type.h"
#include "transport/tls/certificate.h"

#define DONE_S 3600
#define WAITING_S 86400
#define NEVER INT64_MAX

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When its certificate is over. */
static int64_t end_of(const struct certificates_certificate_signing_request *csr,
		      struct arena *arena)
{
	struct certificate_info info;

	return certificate_read(csr->status->certificate, arena, &info, NULL) == OK
		   ? info.not_after.ns
		   : NEVER;
}

/* When it may go; NEVER: it is of no known state. */
static int64_t due(const struct certificates_certificate_signing_request *csr, struct arena *arena)
{
	const struct certificates_certificate_signing_request_status *status = csr->status;
	bool is_issued = status != NULL && status->certificate.len > 0;
	int64_t when = NEVER;

	if (status == NULL || status->conditions.len == 0)
		return csr->metadata->creation_timestamp.ns + WAITING_S * TIME_S;
	for (uint32_t i = 0; i < status->conditions.len; i++) {
		const struct certificates_certificate_signing_request_condition *condition =
		    &status->conditions.at[i];
		bool is_approved = str_is(condition->type, "Approved");
		int64_t wait_s = is_approved && !is_issued ? WAITING_S : DONE_S;

		if (is_approved || str_is(condition->type, "Denied") ||
		    str_is(condition->type, "Failed"))
			when = earlier(when, condition->last_update_time.ns + wait_s * TIME_S);
		if (is_approved && is_issued)
			when = earlier(when, end_of(csr, arena));
	}
	return when;
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	const struct certificates_certificate_signing_request *csr =
	    world_get(world, key, certificates_certificate_signing_request);
	int64_t when, now = world_now(world).ns;

	if (csr == NULL || csr->metadata->has.deletion_timestamp)
		return OK;
	when = due(csr, world_arena(world));
	if (when < now)
		plan_delete(plan, csr, certificates_certificate_signing_request);
	else if (when != NEVER)
		plan_again(plan, (when - now) / TIME_MS + 1);
	return OK;
}

const struct controller certificate_cleaner_controller = {
	.name = "certificatesigningrequest-cleaner",
	.account = "certificate-controller",
	.reconciles = &certificates_certificate_signing_request_type,
	.reconcile = reconcile,
};
