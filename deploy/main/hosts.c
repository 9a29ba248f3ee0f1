/*
 * The hosts of a node: which actors run in which process (the compact layout).
 *
 *     core      datastore replica, API server, HTTP, administration
 *     control   controllers and scheduler, active where the datastore's leader is
 *     node      the node agent
 */
#include "deploy/main/hosts.h"

#include "actors/authentication/mechanisms.h"
#include "actors/authorization/mechanisms.h"
#include "actors/node/agent.h"
#include "actors/server/server.h"
#include "datastore/store/store.h"
#include "deploy/main/admin.h"
#include "deploy/main/directory.h"
#include "deploy/main/leader.h"
#include "deploy/main/process.h"
#include "deploy/main/relay.h"
#include "transport/http/server.h"

#define ISSUER STR("https://kubernetes.default.svc.cluster.local")

static int failed(const struct command_line *line, const struct fault *why)
{
	return command_failed("%s: %s", line->command->name, why->text);
}

/* ---- core ------------------------------------------------------------------------------------------------- */

/* Everything that the core host's actors are told; lives as long as the process. */
struct core {
	struct process process;
	struct store_config store;
	struct server_config server;
	struct authenticator authenticators[2];
	struct authorizer authorizers[2];
	struct service_account_tokens tokens;
	struct certificate_key *key;
	const struct certificate_key *keys[1];
	struct http_listener listeners[2];
	struct http_server_config http;
};

static enum status configure_tokens(struct core *core, struct fault *why)
{
	TRY(certificate_key_from_pem(core->process.pki.service_account_key_pem, &core->key, why));
	core->keys[0] = core->key;
	core->tokens = (struct service_account_tokens){
		.issuer = ISSUER, .audience = ISSUER, .keys = core->keys, .key_count = 1
	};
	return OK;
}

static void configure_server(struct core *core)
{
	core->authenticators[0] = authentication_certificate();
	core->authenticators[1] = authentication_service_account(&core->tokens);
	core->authorizers[0] = authorization_node();
	core->authorizers[1] = authorization_rbac();
	core->server =
	    (struct server_config){ .store = "store",
				    .node = str_from(core->process.identity.name),
				    .authenticators = core->authenticators,
				    .authenticator_count = 2,
				    .authorizers = core->authorizers,
				    .authorizer_count = 2,
				    .virtuals = admin_virtuals,
				    .virtual_count = admin_virtual_count,
				    .issuer = ISSUER,
				    .audience = ISSUER,
				    .signing_key = core->key,
				    .verifying_keys = core->keys,
				    .verifying_key_count = 1,
				    .address = process_address(&core->process,
							       core->process.identity.api_port) };
}

static void configure_store(struct core *core)
{
	struct process *process = &core->process;

	core->store = (struct store_config){
		.folder = arena_printf(process->arena, "%s/store", process->dir.path).at,
		.name = str_from(process->identity.name),
		.address = process_address(process, process->identity.link_port),
		.is_first = process->identity.is_first
	};
}

static void configure_http(struct core *core)
{
	static const struct http_place places[] = { { ADMIN_PLACE, "admin" } };
	struct process *process = &core->process;

	core->listeners[ADMIN_LISTENER_PUBLIC] =
	    (struct http_listener){ process_address(process, process->identity.api_port).at,
				    process->api_tls, false };
	core->listeners[1] = (struct http_listener){
		arena_printf(process->arena, "unix:%s/api.sock", process->dir.run).at, NULL, false
	};
	core->http = (struct http_server_config){ .listeners = core->listeners,
						  .listener_count = 2,
						  .handler = "api",
						  .places = places,
						  .place_count = 1 };
}

int hosts_core(const struct command_line *line)
{
	static struct core core;
	struct fault why = { 0 };
	struct act_child children[] = {
		{ .id = "store", .class = &store_class, .args = &core.store },
		{ .id = "directory", .class = &directory_class, .args = &core.process },
		{ .id = "relay", .class = &relay_class, .args = &core.process },
		{ .id = "api", .class = &server_class, .args = &core.server },
		{ .id = "admin", .class = &admin_class, .args = &core.process },
		{ .id = "http", .class = &http_server_class, .args = &core.http },
	};

	if (process_load(&core.process, line, PROCESS_CORE, &why) != OK ||
	    configure_tokens(&core, &why) != OK)
		return failed(line, &why);
	configure_store(&core);
	configure_server(&core);
	configure_http(&core);
	core.process.life.before_end = "admin";
	return process_run(&core.process, children, sizeof children / sizeof children[0]);
}

/* ---- control ------------------------------------------------------------------------------------------------ */

int hosts_control(const struct command_line *line)
{
	static struct process process;
	struct fault why = { 0 };
	struct act_child children[] = {
		{ .id = "leader", .class = &leader_class, .args = &process },
	};

	if (process_load(&process, line, PROCESS_CONTROL, &why) != OK)
		return failed(line, &why);
	return process_run(&process, children, sizeof children / sizeof children[0]);
}

/* ---- node ---------------------------------------------------------------------------------------------------- */

int hosts_node(const struct command_line *line)
{
	static struct process process;
	static struct agent_args agent;
	struct fault why = { 0 };
	struct act_child children[] = { { .id = "agent", .class = &agent_class, .args = &agent } };

	if (process_load(&process, line, PROCESS_NODE, &why) != OK)
		return failed(line, &why);
	agent = (struct agent_args){
		.node = process.identity.name,
		.address = process.identity.address,
		.api = arena_printf(process.arena, "api@%s/core", process.identity.name).at,
		.self = arena_printf(process.arena, "agent@%s/node", process.identity.name).at,
		.pods = command_text(line, "pods"),
		.folder = process.dir.path,
		.is_control_plane = true,
	};
	return process_run(&process, children, sizeof children / sizeof children[0]);
}
