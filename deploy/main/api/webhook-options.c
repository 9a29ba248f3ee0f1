#include "deploy/main/api/webhook-options.h"

#include "deploy/main/api/file/kubeconfig-file.h"

/* Some steps of a request ask the same again when they have waited: its answer has to last until then. */
#define SECOND_MS 1000

static uint64_t ttl_of(const struct command_line *line, const char *name)
{
	int64_t ms = command_number(line, name);

	return ms > SECOND_MS ? (uint64_t)ms : SECOND_MS;
}

enum status webhook_options_load(const struct command_line *line, struct arena *arena,
				 struct webhook_setting *out, struct fault *why)
{
	const char *tokens = command_text(line, "authentication-token-webhook-config-file");
	const char *rights = command_text(line, "authorization-webhook-config-file");

	memset(out, 0, sizeof *out);
	out->has_tokens = tokens != NULL;
	out->has_rights = rights != NULL;
	if (tokens != NULL)
		TRY(kubeconfig_file_load(tokens, arena, &out->tokens.review.place, why));
	if (rights != NULL)
		TRY(kubeconfig_file_load(rights, arena, &out->rights.review.place, why));
	out->tokens.ttl_ms = ttl_of(line, "authentication-token-webhook-cache-ttl");
	out->rights.allowed_ttl_ms = ttl_of(line, "authorization-webhook-cache-authorized-ttl");
	out->rights.other_ttl_ms = ttl_of(line, "authorization-webhook-cache-unauthorized-ttl");
	return OK;
}
