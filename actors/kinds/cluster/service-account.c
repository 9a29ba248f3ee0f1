#include "actors/kinds/kinds.h"
#include "datastore/schema/core.h"
#include "datastore/schema/type.h"

/*
 * The ServiceAccount. Of its secrets only the names are kept.
 */

#define MOUNTABLE STR("kubernetes.io/enforce-mountable-secrets")

static void prepare(struct kind_change *change)
{
	struct core_service_account *account = change->object;

	for (uint32_t i = 0; i < account->secrets.len; i++)
		account->secrets.at[i] =
		    (struct core_object_reference){ .name = account->secrets.at[i].name };
}

static void warn(struct kind_change *change)
{
	const struct core_service_account *account = change->object, *old = change->old;

	if (str_map_get(account->metadata->annotations, MOUNTABLE).at == NULL ||
	    (old != NULL && str_map_get(old->metadata->annotations, MOUNTABLE).at != NULL))
		return;
	kind_warn(change,
		  "metadata.annotations[" STR_FMT "]: deprecated in v1.32+; prefer separate "
		  "namespaces to isolate access to mounted secrets",
		  STR_ARG(MOUNTABLE));
}

const struct kind_rules kind_service_account = {
	.group = "",
	.kind = "ServiceAccount",
	.name_syntax = NAME_DNS_SUBDOMAIN,
	.returns_deleted = true,
	.prepare_create = prepare,
	.prepare_update = prepare,
	.validate_create = warn,
	.validate_update = warn,
};
