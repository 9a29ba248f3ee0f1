#include "deploy/main/api/door-options.h"

#include "runtime/loop/loop.h"

static const char *const others[] = { "door-cert-file", "door-key-file", "door-client-ca-file" };

static enum status check_others(const struct command_line *line, bool has_door, struct fault *why)
{
	for (uint32_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		bool is_needed = i < 2, is_given = command_text(line, others[i]) != NULL;

		if (has_door && is_needed && !is_given)
			return fault_set(why, BAD_REQUEST, others[i],
					 "--door-listen wants --%s too", others[i]);
		if (!has_door && is_given)
			return fault_set(why, BAD_REQUEST, others[i],
					 "--%s wants --door-listen too", others[i]);
	}
	return OK;
}

/* A context says best whether certificate, key and authorities are what they should be. */
static enum status prove(const struct door_setting *door, const char *path, struct arena *arena,
			 struct fault *why)
{
	struct tls_config config = door_tls(door, STR_NONE, arena);
	struct tls_context *context;
	struct fault said = { 0 };
	enum status status = tls_context_new(&config, &context, &said);

	if (status != OK)
		return fault_set(why, status, path, "%s: %.300s", path, said.text);
	tls_context_unref(context);
	return OK;
}

enum status door_options_load(const struct command_line *line, struct arena *arena,
			      struct door_setting *out, struct fault *why)
{
	*out = (struct door_setting){ .listen = command_text(line, "door-listen") };
	TRY(check_others(line, out->listen != NULL, why));
	if (out->listen == NULL)
		return OK;
	TRY(text_file_load(&out->certificate, command_text(line, "door-cert-file"), "door", true,
			   arena, why));
	TRY(text_file_load(&out->key, command_text(line, "door-key-file"), "door", false, arena,
			   why));
	TRY(text_file_load(&out->authorities, command_text(line, "door-client-ca-file"), "door",
			   false, arena, why));
	return prove(out, command_text(line, "door-cert-file"), arena, why);
}

struct tls_config door_tls(const struct door_setting *door, struct str cluster_pem,
			   struct arena *arena)
{
	struct str own = cluster_pem, more = door->authorities.text;

	return (struct tls_config){ .is_server = true,
				    .clients = TLS_CLIENTS_MAY_SHOW,
				    .certificate_pem = door->certificate.text,
				    .key_pem = door->key.text,
				    .authorities_pem =
					own.len == 0    ? more
					: more.len == 0 ? own
							: arena_printf(arena, STR_FMT "\n" STR_FMT,
								       STR_ARG(own), STR_ARG(more)),
				    .alpn = STR("h2,http/1.1"),
				    .now = loop_clock()->wall };
}
