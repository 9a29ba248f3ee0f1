/*
 * The asker: the actor that asks KMS plug-ins, so that those who close and open values need not.
 *
 * Of each plug-in of the book it asks the state every ASKER_WELL_MS, every ASKER_ILL_MS while that is not as it should be: as long as its key is
 * the same the seed that closes stays; with another one a new seed is made and closed by the plug-in, once. Seeds that are wanted are
 * asked for at once when somebody asks to be told (kms_settle), ASKER_ASKS at a time; what failed is tried again with each question about
 * the state. A call waits for a socket that is not there yet, for as long as the plug-in's timeout. All as upstream's kmsv2.
 */
#ifndef ACTORS_ENCRYPTION_KMS_ASKER_H
#define ACTORS_ENCRYPTION_KMS_ASKER_H

#include "actors/encryption/encryption.h"
#include "actors/encryption/kms/kms.h"
#include "runtime/actor/act.h"

#define ASKER_NAME "kms"
#define ASKER_WELL_MS 60000U
#define ASKER_ILL_MS 10000U
#define ASKER_ASKS 8U
/* Somebody asks how they are: what was answered longer ago is asked again. */
#define ASKER_FRESH_MS 20000U
#define ASKER_FRESH_ILL_MS 3000U

/* Borrowed while the actor lives. */
struct asker_args {
	struct kms_book *book;
	struct encryption *encryption; /* whose generation tells of seeds that came late */
	struct metrics *metrics;       /* NULL: nothing is counted */
};

/* Answered when no seed is wanted any more: each is known or has failed. */
struct kms_settle {
	char nothing;
};
ACT_TYPE_DECLARE(kms_settle);

extern const struct act_class asker_class;

#endif
