/*
 * Where a webhook is: an address, or a service with a path (upstream: ValidateWebhookURL, ValidateWebhookService).
 *
 * For the kinds that name one. Both groups that have a service reference have the same one by another name.
 */
#ifndef ACTORS_KINDS_EXTENSION_HOOK_CLIENT_H
#define ACTORS_KINDS_EXTENSION_HOOK_CLIENT_H

#include "actors/kinds/rule.h"
#include "datastore/schema/admissionregistration.h"

/* Of a clientConfig: exactly one of the two is there. */
void hook_client_check(const struct path *at, struct str url,
		       const struct admissionregistration_service_reference *service);
/* Versions of reviews that it takes. `needed` are the words for none. */
void hook_client_check_versions(const struct path *at, struct str_list versions, const char *needed,
				bool allows_unknown);
bool hook_client_is_known(struct str_list versions); /* one of them can be spoken */

#endif
