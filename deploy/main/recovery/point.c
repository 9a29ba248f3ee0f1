#include "deploy/main/recovery/point.h"

#include <stdio.h>

enum status point_read(const char *text, struct table_point *out, bool *out_is_given,
		       struct fault *why)
{
	struct wall at;

	*out = (struct table_point){ 0 };
	*out_is_given = text != NULL;
	if (text == NULL || (str_to_u64(str_from(text), &out->revision) == OK && out->revision > 0))
		return OK;
	if (time_parse(str_from(text), &at) != OK)
		return fault_set(why, BAD_REQUEST, "--at",
				 "--at wants a revision, or a time such as 2026-11-27T08:30:00Z");
	out->at_s = at.ns / TIME_S;
	return OK;
}

void point_tell_lost(const char *lost)
{
	if (lost[0] != '\0')
		printf("not kept so far back, so as they were last, and without what was deleted "
		       "since: %s\n",
		       lost);
}
