#include "deploy/main/api/api-options.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "deploy/main/api/oidc-options.h"
#include "deploy/main/api/plugin-options.h"
#include "deploy/main/api/serving/feature-gates.h"
#include "runtime/base/log.h"

#define PATH_BYTES 700U
#define KEPT_MIB_MAX 65536U

const struct option api_options[] = {
	TEXT_OPTION("admission-control-config-file", "PATH",
		    "AdmissionConfiguration: what PodSecurity, EventRateLimit and "
		    "ImagePolicyWebhook are told",
		    .group = "The API server: who may do what, and what is noted of it"),
	AUDIT_OPTIONS,
	CHOICE_OPTION("anonymous-auth", "true|false", "true",
		      "false: who shows no credential is refused, whatever is asked"),
	TEXT_OPTION("authentication-config", "PATH",
		    "AuthenticationConfiguration: issuers of tokens, and the paths at which no "
		    "credential is needed"),
	FLAG_OPTION("enable-bootstrap-token-auth",
		    "Secrets of type bootstrap.kubernetes.io/token in kube-system are tokens"),
	OIDC_OPTIONS,
	TEXT_OPTION("authorization-config", "PATH",
		    "AuthorizationConfiguration: who is asked what users may do, in which order"),
	WEBHOOK_OPTIONS,
	REQUEST_HEADER_OPTIONS,
	PLUGIN_OPTIONS,
	DOOR_OPTIONS,
	SERVING_OPTIONS,
	SERVICE_OPTIONS,
	TOKEN_OPTIONS,
	TLS_OPTIONS,
	KUBELET_OPTIONS,
	TEXT_OPTION("encryption-provider-config", "PATH",
		    "EncryptionConfiguration: which resources lie encrypted in the store, by which "
		    "keys",
		    .group = "Values"),
	FLAG_OPTION("encryption-provider-config-automatic-reload",
		    "that file is read again when it changes"),
	NUMBER_OPTION("encoded-cache-mib", "N", "32",
		      "encodings of objects that are kept for the next who lists or watches"),
	{ .name = NULL },
};

static bool is_path(const struct option *option)
{
	return option->value != NULL && strcmp(option->value, "PATH") == 0;
}

static enum status make_absolute(const struct option *option, const char *given,
				 struct arena *arena, const char **out, struct fault *why)
{
	char here[PATH_BYTES];

	*out = given;
	if (given[0] == '\0' || strlen(given) >= PATH_BYTES)
		return fault_set(why, BAD_REQUEST, option->name, "--%s wants a path", option->name);
	if (given[0] == '/' || strcmp(given, "-") == 0)
		return OK;
	if (getcwd(here, sizeof here) == NULL)
		return fault_set(why, IO, option->name, "cannot say where we are: %s",
				 strerror(errno));
	*out = arena_printf(arena, "%s/%s", here, given).at;
	return OK;
}

static enum status load_rights(const struct command_line *line, struct metrics *metrics,
			       struct arena *arena, struct api_options *out, struct fault *why)
{
	const char *path = command_text(line, "authorization-config");

	if (path == NULL)
		return OK;
	if (out->webhooks.has_rights)
		return fault_set(why, BAD_REQUEST, "authorization-config",
				 "--authorization-config can not be specified when "
				 "--authorization-webhook-config-file is: the file says it all");
	return authorization_file_load(&out->authorization, path, metrics, arena, why);
}

static bool are_plugins_well(void *arg)
{
	return kms_book_is_well(arg);
}

enum status api_options_load(const struct command_line *line, const struct api_options_place *place,
			     struct arena *arena, struct api_options *out, struct fault *why)
{
	int64_t mib = command_number(line, "encoded-cache-mib");

	memset(out, 0, sizeof *out);
	if (mib < 1 || mib > KEPT_MIB_MAX)
		return fault_set(why, BAD_REQUEST, "encoded-cache-mib",
				 "--encoded-cache-mib is 1 to %u", KEPT_MIB_MAX);
	out->kept_bytes = (uint64_t)mib * MIB;
	TRY(plugin_options_load(command_text(line, "enable-admission-plugins"),
				command_text(line, "disable-admission-plugins"), &out->more_plugins,
				&out->idle_plugins, why));
	TRY(admission_file_load(command_text(line, "admission-control-config-file"),
				out->more_plugins, arena, &out->admission, why));
	TRY(audit_options_load(line, arena, &out->audit, why));
	TRY(webhook_options_load(line, arena, &out->webhooks, why));
	out->webhooks.rights.metrics = place->metrics;
	TRY(load_rights(line, place->metrics, arena, out, why));
	TRY(token_options_load(line, place->own_issuer, arena, &out->tokens, why));
	out->authentication.own = out->tokens.issuers;
	out->authentication.issuers.audiences = out->tokens.audiences;
	out->authentication.issuers.metrics = place->metrics;
	TRY(authentication_file_load(&out->authentication, line, arena, why));
	TRY(request_header_options_load(line, arena, &out->request_headers, &out->proxies, why));
	out->has_bootstrap_tokens = command_flag(line, "enable-bootstrap-token-auth");
	TRY(door_options_load(line, arena, &out->door, why));
	TRY(serving_options_load(line, arena, &out->serving, why));
	TRY(service_options_load(line, arena, &out->services, why));
	TRY(tls_options_load(line, arena, &out->tls, why));
	TRY(kubelet_options_load(line, arena, &out->kubelets, why));
	out->reloads = command_flag(line, "encryption-provider-config-automatic-reload");
	if (command_text(line, "encryption-provider-config") != NULL)
		TRY(encryption_file_load(
		    &out->encryption, command_text(line, "encryption-provider-config"), arena, why));
	/* Upstream's name; where the file may come to name plug-ins it is there from the start. */
	if (out->encryption.reload.path != NULL &&
	    (out->reloads || encryption_file_has_plugins(&out->encryption)))
		out->checks[0] = (struct server_check){ "kms-providers", are_plugins_well,
							&out->encryption.plugins };
	return OK;
}

void api_options_apply(const struct api_options *options, struct server_config *server)
{
	server->security = &options->admission.security;
	server->event_limits = options->admission.event_limits;
	server->image_policy = options->admission.image_policy;
	if (options->authorization.rights != NULL)
		server->rights = &options->authorization.rights;
	if (options->request_headers.authorities.len > 0)
		server->request_headers = &options->request_headers;
	if (options->authentication.anonymous.is_bounded)
		server->anonymous = &options->authentication.anonymous.options;
	if (options->encryption.reload.path != NULL)
		server->encryption = &options->encryption.encryption;
	if (options->checks[0].name != NULL) {
		server->checks = options->checks;
		server->check_count = 1;
	}
	if (options->audit.options.policy != NULL)
		server->audit = &options->audit.options;
	serving_options_apply(&options->serving, server);
	server->services = &options->services;
	server->issuer = options->tokens.issuers.at[0];
	server->audiences = options->tokens.audiences;
	server->keys_uri = options->tokens.keys_uri;
	server->has_short_tokens = options->tokens.has_short;
	server->kept_bytes = options->kept_bytes;
	server->idle_plugins = options->idle_plugins;
	server->more_plugins = options->more_plugins;
}

void api_options_tell(const struct command_line *line)
{
	for (const struct option *option = api_options; option->name != NULL; option++)
		if (option->is_moot && command_text(line, option->name) != NULL)
			log_info("options", "one is without effect",
				 LOG_CSTR("option", option->name),
				 LOG_CSTR("because", option->help));
	feature_gates_tell(line);
}

enum status api_options_words(const struct command_line *line, struct arena *arena,
			      const char *out[API_OPTIONS_WORDS], uint32_t *out_count,
			      struct fault *why)
{
	uint32_t count = 0;

	for (const struct option *option = api_options; option->name != NULL; option++) {
		const char *value = command_text(line, option->name), **all = &value;
		uint32_t many = 1;

		if (value == NULL || value == option->fallback)
			continue;
		if (option->is_many)
			many = command_list(line, option->name, arena, &all);
		for (uint32_t i = 0; i < many; i++) {
			if (count + 2 > API_OPTIONS_WORDS)
				return fault_set(why, BAD_REQUEST, option->name,
						 "these are too many options for one program");
			value = all[i];
			if (is_path(option))
				TRY(make_absolute(option, value, arena, &value, why));
			out[count++] = arena_printf(arena, "--%s", option->name).at;
			if (option->kind != OPTION_FLAG)
				out[count++] = value;
		}
	}
	*out_count = count;
	return OK;
}
