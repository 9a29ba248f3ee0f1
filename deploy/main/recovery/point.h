/*
 * A moment of the past, as it is said on a command line: a revision or a time.
 */
#ifndef DEPLOY_MAIN_RECOVERY_POINT_H
#define DEPLOY_MAIN_RECOVERY_POINT_H

#include "datastore/table/table.h"

#define POINT_LOST_MAX 512U

/* `text` NULL: nothing was said, and *out_is_given is false. BAD_REQUEST with words. */
MUST_USE enum status point_read(const char *text, struct table_point *out, bool *out_is_given,
				struct fault *why);

/* Prints, after a result, of which kinds (struct table_rewound's `lost`) it is not what was there then; "": nothing. */
void point_tell_lost(const char *lost);

#endif
