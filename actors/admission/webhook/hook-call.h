/*
 * One question to one webhook, and what its answer means for the request.
 *
 * For the plug-ins of this room; lives in the request's arena. begin, then, when `outside->is_done`, end.
 */
#ifndef ACTORS_ADMISSION_WEBHOOK_HOOK_CALL_H
#define ACTORS_ADMISSION_WEBHOOK_HOOK_CALL_H

#include "actors/admission/webhook/hook.h"
#include "actors/admission/webhook/review.h"
#include "actors/client/outside.h"

struct hook_call {
	const struct hook *hook;
	const struct admission *view;
	enum review_version version;
	struct str uid;
	struct mono began;            /* 0: it was not asked */
	struct outside_call *outside; /* NULL: it was not asked */
	struct str wrong;             /* why not; absent: it was */
	struct failure *refused; /* instead: the request cannot go on, whatever the failurePolicy */
};

void hook_call_begin(struct hook_call *call, const struct hook *hook, const struct admission *view,
		     void (*done)(void *arg), void *arg);
bool hook_call_is_done(const struct hook_call *call);
/* Nobody waits for its answer any more. */
void hook_call_drop(struct hook_call *call, const struct admission *admission);

/*
 * PASS: it has nothing against the request; *patch is what it wants changed, empty: nothing. DENY: admission->failure is set. Its warnings are
 * the request's in both cases. One that could not be asked and may be passed over has nothing against anything.
 */
enum check hook_call_end(const struct hook_call *call, struct admission *admission,
			 bool is_mutating, struct str *patch);
/* What a failure to ask it means: 500, or PASS if it may be passed over. */
enum check hook_call_failed(const struct hook *hook, struct admission *admission, struct str words);

#endif
