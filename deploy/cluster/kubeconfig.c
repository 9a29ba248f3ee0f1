#include "deploy/cluster/kubeconfig.h"

#include "deploy/cluster/secret-file.h"
#include "transport/wire/base64.h"

#define TEXT_MAX (256U * KIB)

static void add_base64(struct text *out, const char *name, struct str bytes)
{
	text_printf(out, "    %s: ", name);
	base64_encode(BASE64_STANDARD, bytes, out);
	text_add_char(out, '\n');
}

/* HOST:PORT with a host of letters, digits, '-', '.', or an address in brackets: nothing that YAML or a URL would read otherwise. */
static bool is_server(struct str server)
{
	int64_t colon = str_find_last(server, ':');
	uint64_t port;

	if (colon <= 0 ||
	    str_to_u64(str_slice(server, (uint32_t)colon + 1, server.len), &port) != OK ||
	    port == 0 || port > 65535)
		return false;
	for (int64_t i = 0; i < colon; i++) {
		char c = server.at[i];
		bool is_name = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			       (c >= '0' && c <= '9') || c == '-' || c == '.';

		if (!is_name && !(server.at[0] == '[' && (c == '[' || c == ']' || c == ':')))
			return false;
	}
	return true;
}

static enum status check(const struct kubeconfig *config, struct fault *why)
{
	if (config->servers_count == 0 || config->servers_count > KUBECONFIG_SERVERS_MAX)
		return fault_set(why, INVALID, "", "a kubeconfig names 1 to %u servers, not %u",
				 KUBECONFIG_SERVERS_MAX, config->servers_count);
	for (uint32_t i = 0; i < config->servers_count; i++)
		if (!is_server(config->servers[i]))
			return fault_set(why, INVALID, "", "\"" STR_FMT "\" is no HOST:PORT",
					 STR_ARG(config->servers[i]));
	return OK;
}

/* The first is called as asked, the others have a number behind. */
static struct str entry_name(struct str name, uint32_t i, struct arena *arena)
{
	return i == 0 ? name : arena_printf(arena, STR_FMT "-%u", STR_ARG(name), i + 1);
}

static void add_clusters(struct text *out, const struct kubeconfig *config, struct str name,
			 struct arena *arena)
{
	text_lit(out, "clusters:\n");
	for (uint32_t i = 0; i < config->servers_count; i++) {
		text_lit(out, "- cluster:\n");
		add_base64(out, "certificate-authority-data", config->ca_pem);
		text_printf(out, "    server: https://" STR_FMT "\n  name: " STR_FMT "\n",
			    STR_ARG(config->servers[i]), STR_ARG(entry_name(name, i, arena)));
	}
}

static void add_contexts(struct text *out, const struct kubeconfig *config, struct str name,
			 struct str user, struct arena *arena)
{
	text_lit(out, "contexts:\n");
	for (uint32_t i = 0; i < config->servers_count; i++) {
		struct str entry = entry_name(name, i, arena);

		text_printf(out,
			    "- context:\n    cluster: " STR_FMT "\n    user: " STR_FMT
			    "\n  name: " STR_FMT "\n",
			    STR_ARG(entry), STR_ARG(user), STR_ARG(entry));
	}
	text_printf(out, "current-context: " STR_FMT "\n", STR_ARG(name));
}

static void add_user(struct text *out, const struct kubeconfig *config, struct str user)
{
	text_printf(out, "users:\n- name: " STR_FMT "\n  user:\n", STR_ARG(user));
	if (config->token.len > 0) {
		text_printf(out, "    token: " STR_FMT "\n", STR_ARG(config->token));
		return;
	}
	add_base64(out, "client-certificate-data", config->client.certificate_pem);
	add_base64(out, "client-key-data", config->client.key_pem);
}

enum status kubeconfig_text(const struct kubeconfig *config, struct arena *arena, struct str *out,
			    struct fault *why)
{
	struct str name = config->cluster.len > 0 ? config->cluster : STR("troupe");
	struct str user = config->user.len > 0 ? config->user : STR("kubernetes-admin");
	struct text text = text_in(arena, TEXT_MAX);

	TRY(check(config, why));
	text_lit(&text, "apiVersion: v1\nkind: Config\npreferences: {}\n");
	add_clusters(&text, config, name, arena);
	add_contexts(&text, config, name, user, arena);
	add_user(&text, config, user);
	if (text.is_cut)
		return fault_set(why, TOO_LARGE, "", "the kubeconfig would exceed %u bytes",
				 TEXT_MAX);
	*out = text_str(&text);
	return OK;
}

enum status kubeconfig_write(const struct seams_files *files, const char *path,
			     const struct kubeconfig *config, struct arena *arena, struct fault *why)
{
	struct str text;
	int64_t slash = str_find_last(str_from(path), '/');

	TRY(kubeconfig_text(config, arena, &text, why));
	TRY(secret_file_write(files, path, text, why));
	return secret_file_settle(files,
				  slash > 0    ? arena_cstr(arena, str_of(path, (size_t)slash))
				  : slash == 0 ? "/"
					       : ".",
				  why);
}
