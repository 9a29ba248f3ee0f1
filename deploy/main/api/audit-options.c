#include "deploy/main/api/audit-options.h"

#include "deploy/main/api/file/kubeconfig-file.h"
#include "deploy/main/api/file/operator-file.h"

static enum status number(const struct command_line *line, const char *name, uint64_t max,
			  uint64_t *out, struct fault *why)
{
	int64_t value = command_number(line, name);

	if (value < 0 || (uint64_t)value > max)
		return fault_set(why, BAD_REQUEST, name, "--%s wants a number from 0 to %ju", name,
				 (uintmax_t)max);
	*out = (uint64_t)value;
	return OK;
}

static void add_sink(struct audit_setting *out, const char *actor, const char *mode)
{
	out->options.sinks[out->options.sink_count++] =
	    (struct audit_sink){ actor, strcmp(mode, "batch") == 0      ? AUDIT_BATCH
					: strcmp(mode, "blocking") == 0 ? AUDIT_BLOCKING
									: AUDIT_STRICT };
}

static enum status load_webhook(const struct command_line *line, struct arena *arena,
				struct audit_setting *out, struct fault *why)
{
	const char *path = command_text(line, "audit-webhook-config-file");
	const char *mode = command_text(line, "audit-webhook-mode");
	uint64_t lines = 0, batch = 0, rate = 0, burst = 0, event = 0, list = 0;

	TRY(number(line, "audit-webhook-batch-buffer-size", 1U << 20, &lines, why));
	TRY(number(line, "audit-webhook-batch-max-size", 1U << 20, &batch, why));
	TRY(number(line, "audit-webhook-batch-throttle-qps", 100000, &rate, why));
	TRY(number(line, "audit-webhook-batch-throttle-burst", 100000, &burst, why));
	TRY(number(line, "audit-webhook-truncate-max-event-size", 64U * MIB, &event, why));
	TRY(number(line, "audit-webhook-truncate-max-batch-size", 64U * MIB, &list, why));
	if (lines == 0 || batch == 0 || (rate > 0 && burst == 0))
		return fault_set(why, BAD_REQUEST, "audit-webhook-batch-max-size",
				 "--audit-webhook-batch-buffer-size, -batch-max-size and "
				 "-batch-throttle-burst want more than 0");
	if (path == NULL)
		return OK;
	out->has_webhook = true;
	out->webhook = (struct audit_webhook_args){
		.is_batching = strcmp(mode, "batch") == 0,
		.lines_max = (uint32_t)lines,
		.batch_max = (uint32_t)batch,
		.wait_ms = (uint32_t)command_number(line, "audit-webhook-batch-max-wait"),
		.per_second = (uint32_t)rate,
		.burst = (uint32_t)burst,
		.backoff_ms = (uint32_t)command_number(line, "audit-webhook-initial-backoff"),
	};
	if (command_flag(line, "audit-webhook-truncate-enabled")) {
		out->webhook.event_max = event;
		out->webhook.list_max = list;
	}
	add_sink(out, "audit-webhook", mode);
	return kubeconfig_file_load(path, arena, &out->webhook.place, why);
}

static enum status load_log(const struct command_line *line, struct audit_setting *out,
			    struct fault *why)
{
	const char *mode = command_text(line, "audit-log-mode");
	uint64_t size = 0, age = 0, backups = 0, events = 0;

	TRY(number(line, "audit-log-maxsize", 1U << 20, &size, why));
	TRY(number(line, "audit-log-maxage", 100000, &age, why));
	TRY(number(line, "audit-log-maxbackup", 100000, &backups, why));
	TRY(number(line, "audit-log-batch-buffer-size", 1U << 20, &events, why));
	out->log = (struct audit_log_args){ .file = { .path = command_text(line, "audit-log-path"),
						      .size_max = size * MIB,
						      .backups = (uint32_t)backups,
						      .age_days = (uint32_t)age },
					    .events_max = (uint32_t)events };
	if (out->log.file.path == NULL)
		return OK;
	if (strcmp(out->log.file.path, "-") == 0)
		return fault_set(
		    why, BAD_REQUEST, "audit-log-path",
		    "--audit-log-path wants a file; standard output is the node's own");
	add_sink(out, "audit-log", mode);
	return OK;
}

enum status audit_options_load(const struct command_line *line, struct arena *arena,
			       struct audit_setting *out, struct fault *why)
{
	const char *path = command_text(line, "audit-policy-file");
	void *policy = NULL;

	*out = (struct audit_setting){ 0 };
	TRY(load_webhook(line, arena, out, why));
	TRY(load_log(line, out, why));
	if (path != NULL) {
		TRY(operator_file_load(path, &audit_policy_type, arena, &policy, why));
		TRY(audit_policy_check(policy, path, arena, why));
	}
	/* As upstream: neither is of use without the other, and neither is an error. */
	if (out->options.sink_count > 0)
		out->options.policy = policy;
	return OK;
}
