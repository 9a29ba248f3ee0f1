#include <stdio.h>

#include "deploy/cluster/kubeconfig.h"
#include "deploy/cluster/secret-file.h"
#include "deploy/embed/troupe-private.h"

/*
 * The keys of a control plane: a cluster's of one node, in the folder `pki`.
 */

#define ISSUER STR("https://kubernetes.default.svc.cluster.local")

static enum status find_keys(struct troupe *troupe, const char *folder, struct wall now,
			     bool *is_new, struct fault *why)
{
	enum status status = pki_load(loop_files(), folder, troupe->arena, &troupe->pki, why);

	*is_new = status == NOT_FOUND;
	return *is_new ? pki_create(now, true, troupe->arena, &troupe->pki, why) : status;
}

static enum status make_context(struct troupe *troupe, struct fault *why)
{
	struct tls_config config = {
		.is_server = true,
		.clients = TLS_CLIENTS_MAY_SHOW,
		.certificate_pem = pki_chain(&troupe->pki, &troupe->pki.api_server, troupe->arena),
		.key_pem = troupe->pki.api_server.key_pem,
		.authorities_pem = troupe->pki.ca.certificate_pem,
		.alpn = STR("h2,http/1.1"),
		.now = loop_clock()->wall,
		.now_arg = loop_clock()->self,
	};

	return tls_context_new(&config, &troupe->tls, why);
}

static enum status make_mechanisms(struct troupe *troupe, struct fault *why)
{
	struct str *own = arena_new_of(troupe->arena, struct str);
	const struct str_list issuer = { own, 1 };

	*own = ISSUER;
	TRY(certificate_key_from_pem(troupe->pki.service_account_key_pem, &troupe->key, why));
	troupe->keys[0] = troupe->key;
	troupe->tokens = (struct service_account_tokens){
		.issuers = issuer, .audiences = issuer, .keys = troupe->keys, .key_count = 1
	};
	troupe->authenticators[0] = authentication_certificate();
	troupe->authenticators[1] = authentication_service_account(&troupe->tokens);
	troupe->authorizers[0] = troupe_authorizer();
	troupe->authorizers[1] = authorization_rbac();
	return OK;
}

static void plan_server(struct troupe *troupe)
{
	troupe->server =
	    (struct server_config){ .store = troupe->server.store,
				    .node = STR("local"),
				    .authenticators = troupe->authenticators,
				    .authenticator_count = 2,
				    .authorizers = troupe->authorizers,
				    .authorizer_count = 2,
				    .customs = troupe->customs,
				    .custom_count = troupe->config.kind_count,
				    .is_served = troupe_is_served,
				    .issuer = ISSUER,
				    .signing_key = troupe->key,
				    .verifying_keys = troupe->keys,
				    .verifying_key_count = 1,
				    .front_proxy_certificate_pem =
					troupe->pki.front_proxy_client.certificate_pem,
				    .front_proxy_key_pem = troupe->pki.front_proxy_client.key_pem };
}

static enum status load_keys(struct troupe *troupe, struct fault *why)
{
	const struct str names[] = { troupe->address, STR("localhost"), STR("127.0.0.1") };
	struct pki_node node = {
		.name = STR("local"), .names = names, .names_count = 3, .is_alone = true
	};
	struct wall now = loop_clock()->wall(loop_clock()->self);
	const char *folder = arena_printf(troupe->arena, "%s/pki", troupe->config.folder).at;
	bool is_new, has_changed;

	TRY(find_keys(troupe, folder, now, &is_new, why));
	TRY(pki_refresh(&troupe->pki, &node, now, troupe->arena, &has_changed, why));
	if (is_new || has_changed)
		TRY(pki_save(loop_files(), folder, &troupe->pki, why));
	TRY(make_context(troupe, why));
	TRY(make_mechanisms(troupe, why));
	plan_server(troupe);
	troupe->listener.tls = troupe->tls;
	return OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct troupe *troupe = *(struct troupe *const *)args;
	struct fault words = { 0 };
	enum status status = load_keys(troupe, &words);

	(void)act, (void)state;
	if (status != OK)
		return fault_set(&troupe->keys_fault, status, "folder", "the keys in %s/pki: %s",
				 troupe->config.folder, words.text);
	return OK;
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)act, (void)state, (void)msg;
	return ACT_UNHANDLED;
}

const struct act_class troupe_keys_class = { .name = "keys", .init = init, .receive = receive };

enum status troupe_write_kubeconfig(struct troupe *troupe, uint16_t port, struct fault *why)
{
	bool is_v6 = str_find_char(troupe->address, ':') >= 0;
	struct str server = arena_printf(troupe->arena, is_v6 ? "[" STR_FMT "]:%u" : STR_FMT ":%u",
					 STR_ARG(troupe->address), port);
	struct kubeconfig config = { .servers = &server,
				     .servers_count = 1,
				     .ca_pem = troupe->pki.ca.certificate_pem,
				     .client = troupe->pki.admin };
	struct str text;

	/* Written at every start, so nobody waits for the disk. */
	TRY(kubeconfig_text(&config, troupe->arena, &text, why));
	TRY(secret_file_show(loop_files(), troupe->kubeconfig, text, why));
	snprintf(troupe->url, sizeof troupe->url, "https://" STR_FMT, STR_ARG(server));
	return OK;
}
