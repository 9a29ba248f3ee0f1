#include "actors/admission/webhook/hook-measure.h"

#include <stdio.h>

#include "runtime/trace/metrics.h"

#define LABELS_MAX 640U
#define CODE_MAX 600 /* upstream's: what webhooks make up does not make series */
#define PREFIX "apiserver_admission_webhook_"

static const double bounds[] = { 0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25 };

static const char *operation_name(enum admission_operation operation)
{
	return operation == ADMISSION_CREATE   ? "CREATE"
	       : operation == ADMISSION_UPDATE ? "UPDATE"
	       : operation == ADMISSION_DELETE ? "DELETE"
					       : "CONNECT";
}

static void count(struct metrics *metrics, const char *name, const char *help, const char *labels)
{
	metrics_add(metrics_counter(metrics, name, help, labels), 1);
}

static void count_refusal(const struct admission *admission, const struct hook *hook,
			  enum hook_outcome outcome, int32_t code, const char *type)
{
	static const char *const errors[] = {
		[HOOK_REFUSED] = "no_error", [HOOK_FAILED] = "calling_webhook_error", [HOOK_UNASKED] = "apiserver_internal_error"
	};
	char labels[LABELS_MAX];

	snprintf(labels, sizeof labels,
		 "error_type=\"%s\",name=\"" STR_FMT
		 "\",operation=\"%s\",rejection_code=\"%d\",type=\"%s\"",
		 errors[outcome], STR_ARG(hook->name), operation_name(admission->operation),
		 outcome == HOOK_UNASKED ? 0 : code, type);
	count(admission->metrics, PREFIX "rejection_count", "Requests refused, by webhook and why.",
	      labels);
}

void hook_measure(const struct admission *admission, const struct hook *hook,
		  enum hook_outcome outcome, int32_t code, struct mono began)
{
	struct metrics *metrics = admission->metrics;
	const char *type = hook->is_mutating ? "admit" : "validating";
	bool is_refused = outcome != HOOK_PASSED && outcome != HOOK_OPEN;
	double seconds = 0;
	char labels[LABELS_MAX], asked[LABELS_MAX + 32];

	if (metrics == NULL)
		return;
	if (began.ns != 0)
		seconds = (double)(act_now(admission->check.act).ns - began.ns) / TIME_S;
	if (code > CODE_MAX)
		code = CODE_MAX;
	snprintf(labels, sizeof labels,
		 "name=\"" STR_FMT "\",operation=\"%s\",rejected=\"%s\",type=\"%s\"",
		 STR_ARG(hook->name), operation_name(admission->operation),
		 is_refused ? "true" : "false", type);
	metrics_observe(metrics_histogram(metrics, PREFIX "admission_duration_seconds",
					  "How long webhooks took.", labels, bounds,
					  sizeof bounds / sizeof bounds[0]),
			seconds);
	snprintf(asked, sizeof asked, "code=\"%d\",%s", outcome == HOOK_UNASKED ? 0 : code, labels);
	count(metrics, PREFIX "request_total", "Questions to webhooks, by what came of them.",
	      asked);
	if (is_refused)
		count_refusal(admission, hook, outcome, code, type);
	if (outcome != HOOK_OPEN)
		return;
	snprintf(labels, sizeof labels, "name=\"" STR_FMT "\",type=\"%s\"", STR_ARG(hook->name),
		 type);
	count(metrics, PREFIX "fail_open_count",
	      "Webhooks that could not be asked and were passed over.", labels);
}
