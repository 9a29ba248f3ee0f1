/*
 * AlwaysDeny: nothing is written any more (upstream: plugin/pkg/admission/deny). Off unless asked for.
 */
#include "actors/admission/plugins.h"

static enum check deny(struct admission *admission)
{
	return admission_deny(admission, "admission control is denying all modifications");
}

const struct plugin admission_always_deny = {
	.name = "AlwaysDeny",
	.is_off = true,
	.operations = ADMISSION_ALL,
	.mutate = deny,
	.validate = deny,
};
