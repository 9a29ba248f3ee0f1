/*
 * What is counted of questions to webhooks, under upstream's names, for those who look after them.
 *
 * For hook-call.c. Webhooks come and go by the hands of administrators; their series stay, LIMIT_SERIES at most.
 */
#ifndef ACTORS_ADMISSION_WEBHOOK_HOOK_MEASURE_H
#define ACTORS_ADMISSION_WEBHOOK_HOOK_MEASURE_H

#include "actors/admission/webhook/hook.h"

enum hook_outcome {
	HOOK_PASSED,
	HOOK_OPEN,    /* it could not be asked, and may be passed over */
	HOOK_REFUSED, /* by the webhook's own word */
	HOOK_FAILED,  /* it could not be asked, or answered nonsense */
	HOOK_UNASKED, /* the request cannot go on, though nobody was asked */
};

/* `code`: of the answer to the request where it is refused, else 200. */
void hook_measure(const struct admission *admission, const struct hook *hook,
		  enum hook_outcome outcome, int32_t code, struct mono began);

#endif
