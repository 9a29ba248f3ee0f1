#include "deploy/main/api/audit-options.h"

#include "deploy/main/api/operator-file.h"

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

static enum status load_log(const struct command_line *line, struct audit_setting *out,
			    struct fault *why)
{
	const char *mode = command_text(line, "audit-log-mode");
	uint64_t size, age, backups, events;

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
	out->options.sinks[out->options.sink_count++] =
	    (struct audit_sink){ "audit-log", strcmp(mode, "batch") == 0      ? AUDIT_BATCH
					      : strcmp(mode, "blocking") == 0 ? AUDIT_BLOCKING
									      : AUDIT_STRICT };
	return OK;
}

enum status audit_options_load(const struct command_line *line, struct arena *arena,
			       struct audit_setting *out, struct fault *why)
{
	const char *path = command_text(line, "audit-policy-file");
	void *policy = NULL;

	*out = (struct audit_setting){ 0 };
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
