/*
 * What plug-ins about pods begin with.
 */
#ifndef ACTORS_ADMISSION_POD_POD_PLUGIN_H
#define ACTORS_ADMISSION_POD_POD_PLUGIN_H

#include "actors/admission/plugin.h"
#include "datastore/schema/core.h"

/* Whether it is about a pod itself, or about that subresource of one. */
static inline bool pod_plugin_concerns(const struct admission *admission, const char *subresource)
{
	return admission->group.len == 0 && str_is(admission->resource, "pods") &&
	       str_is(admission->subresource, subresource);
}

#endif
