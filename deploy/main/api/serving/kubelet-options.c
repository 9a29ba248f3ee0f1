#include "deploy/main/api/serving/kubelet-options.h"

#include "runtime/loop/loop.h"
#include "transport/tls/context.h"

#define CERTIFICATE "kubelet-client-certificate"
#define KEY "kubelet-client-key"
#define AUTHORITIES "kubelet-certificate-authority"
#define TYPES "kubelet-preferred-address-types"
#define PORT "kubelet-port"
#define TYPES_MAX 16U

static enum status take_types(const struct command_line *line, struct arena *arena,
			      struct str_list *out, struct fault *why)
{
	struct str rest = str_from(command_text(line, TYPES));

	*out = (struct str_list){ arena_array(arena, struct str, TYPES_MAX), 0 };
	while (rest.at != NULL) {
		struct str type = str_trim(str_cut(&rest, ','));

		if (type.len == 0 || out->len == TYPES_MAX)
			return fault_set(why, BAD_REQUEST, TYPES,
					 "--" TYPES
					 " wants types of addresses with commas between, "
					 "%u at most",
					 TYPES_MAX);
		out->at[out->len++] = type;
	}
	return OK;
}

/* A context says best whether they are what they should be. Without authorities it shall not read those of the machine: there are a hundred. */
static enum status prove(const struct kubelet_setting *setting, struct fault *why)
{
	bool has_authorities = setting->authorities.text.len > 0;
	struct tls_config config = { .certificate_pem = setting->certificate.text,
				     .key_pem = setting->key.text,
				     .authorities_pem = setting->authorities.text,
				     .is_unverified = !has_authorities,
				     .now = loop_clock()->wall };
	struct tls_context *context;
	struct fault said = { 0 };

	if (!has_authorities && setting->certificate.text.len == 0)
		return OK; /* nothing to prove */
	if (tls_context_new(&config, &context, &said) != OK)
		return fault_set(why, BAD_REQUEST, CERTIFICATE, "--" CERTIFICATE ": %.300s",
				 said.text);
	tls_context_unref(context);
	return OK;
}

enum status kubelet_options_load(const struct command_line *line, struct arena *arena,
				 struct kubelet_setting *out, struct fault *why)
{
	const char *certificate = command_text(line, CERTIFICATE), *key = command_text(line, KEY);
	int64_t port = command_number(line, PORT);

	*out = (struct kubelet_setting){ .port = (uint16_t)port };
	if (port < 1 || port > UINT16_MAX)
		return fault_set(why, BAD_REQUEST, PORT, "--" PORT " is 1 to %u", UINT16_MAX);
	if ((certificate == NULL) != (key == NULL))
		return fault_set(why, BAD_REQUEST, CERTIFICATE,
				 "--" CERTIFICATE " and --" KEY " are given together");
	TRY(take_types(line, arena, &out->address_types, why));
	TRY(text_file_load(&out->certificate, certificate, "kubelet client certificate", true,
			   arena, why));
	TRY(text_file_load(&out->key, key, "kubelet client key", false, arena, why));
	TRY(text_file_load(&out->authorities, command_text(line, AUTHORITIES), "kubelet authority",
			   true, arena, why));
	return prove(out, why);
}

void kubelet_options_apply(const struct kubelet_setting *setting, struct server_config *server)
{
	if (setting->certificate.text.at != NULL) {
		server->kubelet_certificate_pem = setting->certificate.text;
		server->kubelet_key_pem = setting->key.text;
	}
	server->kubelet_authorities_pem = setting->authorities.text;
	server->kubelet_address_types = setting->address_types;
	server->kubelet_port = setting->port;
}
