#include "actors/server/server-private.h"

/*
 * Subresources that are not the object by another name: which verb of which does what.
 */
static const struct special {
	const char *resource; /* NULL: any */
	const char *subresource;
	enum verb verb;
	const struct verb_steps *steps;
} specials[] = {
	{ "pods", "attach", VERB_CREATE, &pod_connect_steps },
	{ "pods", "attach", VERB_GET, &pod_connect_steps },
	{ "pods", "binding", VERB_CREATE, &binding_steps },
	{ "pods", "eviction", VERB_CREATE, &eviction_steps },
	{ "pods", "exec", VERB_CREATE, &pod_connect_steps },
	{ "pods", "exec", VERB_GET, &pod_connect_steps },
	{ "pods", "log", VERB_GET, &pod_log_steps },
	{ "pods", "portforward", VERB_CREATE, &pod_connect_steps },
	{ "pods", "portforward", VERB_GET, &pod_connect_steps },
	{ "serviceaccounts", "token", VERB_CREATE, &token_request_steps },
	{ NULL, "scale", VERB_GET, &scale_get_steps },
	{ NULL, "scale", VERB_UPDATE, &scale_update_steps },
	{ NULL, "scale", VERB_PATCH, &scale_patch_steps },
};

const struct verb_steps *subresources_steps(const struct resource *resource, struct str subresource,
					    enum verb verb)
{
	for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++) {
		const struct special *special = &specials[i];

		if (special->verb == verb && str_is(subresource, special->subresource) &&
		    (special->resource == NULL || str_is(resource->row->name, special->resource)))
			return special->steps;
	}
	return NULL;
}
