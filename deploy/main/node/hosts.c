#include "deploy/main/node/hosts.h"

#include "actors/authentication/issuer.h"
#include "actors/authentication/mechanisms.h"
#include "actors/authorization/mechanisms.h"
#include "actors/controller/figures/figures.h"
#include "actors/etcd/etcd.h"
#include "deploy/main/admin/admin.h"
#include "deploy/main/api/api-options.h"
#include "deploy/main/api/serving/feature-gates.h"
#include "deploy/main/api/serving/kubelet-options.h"
#include "deploy/main/api/serving/service-options.h"
#include "deploy/main/api/serving/tls-options.h"
#include "deploy/main/backup/schedule-options.h"
#include "deploy/main/command/flags-page.h"
#include "deploy/main/history/historian.h"
#include "deploy/main/history/history-options.h"
#include "deploy/main/host/asked-page.h"
#include "deploy/main/host/desk.h"
#include "deploy/main/host/farewell.h"
#include "deploy/main/host/process-metrics.h"
#include "deploy/main/host/process.h"
#include "deploy/main/node/datastore.h"
#include "deploy/main/node/layout.h"
#include "deploy/main/node/renewal.h"
#include "deploy/main/recovery/keeper.h"
#include "deploy/main/wear/wear.h"
#include "runtime/base/log.h"
#include "runtime/loop/loop.h"
#include "transport/http/server.h"

static int failed(const struct command_line *line, const struct fault *why)
{
	return command_failed("%s: %s", line->command->name, why->text);
}

static int run_host(struct process *process, const struct layout *layout)
{
	process->types = layout_types(process->arena, &process->type_count);
	return process_run(process, layout->children, layout->count);
}

/* ---- core and api ------------------------------------------------------------------------------------------ */

/* Who answers pages that are not the API's; where that has a host of its own, by way of the desk there. */
static const struct http_place core_places[] = { { KEEPER_PLACE, "keeper" },
						 { HISTORIAN_PLACE, "historian" },
						 { ADMIN_PLACE, "admin" } };
static const struct http_place desk_places[] = { { KEEPER_PLACE, "desk" },
						 { HISTORIAN_PLACE, "desk" },
						 { ADMIN_PLACE, "desk" } };
#define PLACES 3U

/* What this host has of a process beside its layout; lives as long as the process. */
struct core {
	struct process process;
	struct layout layout;
	struct authenticator authenticators[6];
	struct service_account_tokens tokens;
	struct token_keys keys;
	struct http_listener listeners[3];
	struct http_server_config http;
	struct keeper_args keeper;
	struct historian_args historian;
	struct wear_args wear;
	struct farewell_args farewell;
	struct desk_args desk;
	struct api_options api;
	struct tls_context *door_tls;
	/* etcd's door, if there is one. */
	struct http_listener etcd_listener;
	struct http_server_config etcd_http;
	struct etcd_config etcd;
};

static void use_keys(struct core *core)
{
	struct server_config *server = &core->layout.server;

	core->tokens.keys = server->verifying_keys = core->keys.at;
	core->tokens.key_count = server->verifying_key_count = core->keys.count;
	server->signing_key = core->keys.signing;
	authentication_service_account_forget(&core->tokens);
}

/* Nobody holds a key beyond one turn of the loop. */
static void change_keys(void *arg)
{
	struct core *core = arg;
	struct token_keys before = core->keys;
	struct fault why = { 0 };

	if (token_keys_make(&core->api.tokens, core->process.pki.service_account_key_pem,
			    &core->keys, &why) != OK) {
		log_warn("tokens", "the files of keys cannot be used, the last keys go on",
			 LOG_FAULT(&why));
		return;
	}
	use_keys(core);
	token_keys_free(&before);
	log_info("tokens", "other keys count", LOG_U64("keys", core->keys.count));
}

static enum status configure_tokens(struct core *core, struct fault *why)
{
	struct server_config *server = &core->layout.server;

	TRY(token_keys_make(&core->api.tokens, core->process.pki.service_account_key_pem,
			    &core->keys, why));
	use_keys(core);
	core->tokens.issuers = core->api.tokens.issuers;
	core->tokens.audiences = core->api.tokens.audiences;
	server->authenticators = core->authenticators;
	server->front_proxy_certificate_pem = core->process.pki.front_proxy_client.certificate_pem;
	server->front_proxy_key_pem = core->process.pki.front_proxy_client.key_pem;
	server->kubelet_certificate_pem = core->process.pki.kubelet_client.certificate_pem;
	server->kubelet_key_pem = core->process.pki.kubelet_client.key_pem;
	kubelet_options_apply(&core->api.kubelets, server);
	return OK;
}

static void add_mechanism(struct core *core, struct authenticator one)
{
	core->authenticators[core->layout.server.authenticator_count++] = one;
}

/* In upstream's order; after our own what others know, which is asked of them alone. */
static void add_mechanisms(struct core *core)
{
	struct webhook_setting *webhooks = &core->api.webhooks;
	struct issuers *issuers = &core->api.authentication.issuers;
	struct server_config *server = &core->layout.server;

	if (core->api.request_headers.authorities.len > 0)
		add_mechanism(core, authentication_request_header(&core->api.request_headers));
	add_mechanism(core, authentication_certificate());
	add_mechanism(core, authentication_service_account(&core->tokens));
	if (core->api.has_bootstrap_tokens)
		add_mechanism(core, authentication_bootstrap_token());
	if (issuers->set != NULL)
		add_mechanism(core, authentication_issuers(issuers));
	if (webhooks->has_tokens)
		add_mechanism(core, authentication_webhook(&webhooks->tokens));
	if (webhooks->has_rights)
		core->layout.authorizers[server->authorizer_count++] =
		    authorization_webhook(&webhooks->rights);
}

static void add_reload(struct core *core, const char *id, struct reload_args *args)
{
	args->metrics = core->layout.server.metrics;
	if (args->path != NULL)
		layout_add(&core->layout, id, &reload_class, args);
}

static void add_audit(struct core *core)
{
	struct audit_setting *audit = &core->api.audit;

	if (core->layout.server.audit == NULL)
		return;
	audit->log.metrics = audit->webhook.metrics = core->layout.server.metrics;
	if (audit->log.file.path != NULL)
		layout_add(&core->layout, "audit-log", &audit_log_class, &audit->log);
	if (audit->has_webhook)
		layout_add(&core->layout, "audit-webhook", &audit_webhook_class, &audit->webhook);
}

/* Files whose changes count without a restart. */
static void add_reloads(struct core *core)
{
	add_reload(core, "authentication-file", &core->api.authentication.reload);
	add_reload(core, "authorization-file", &core->api.authorization.reload);
	if (core->api.reloads)
		add_reload(core, "encryption-file", &core->api.encryption.reload);
	if (core->api.checks[0].name == NULL)
		return;
	core->api.encryption.asker.metrics = core->layout.server.metrics;
	layout_add(&core->layout, ASKER_NAME, &asker_class, &core->api.encryption.asker);
}

/* Clients are told of the proxies' authority beside the cluster's own: some show nothing else than what they are asked for. */
static enum status secure_door(struct core *core, struct fault *why)
{
	struct process *process = &core->process;

	process->front_proxies_pem = core->api.request_headers.authorities;
	process->secure = tls_options_secure;
	process->secure_arg = &core->api.tls;
	return process->front_proxies_pem.len == 0 && !tls_options_say(&core->api.tls)
		   ? OK
		   : process_use_keys(process, &process->pki, why);
}

/* As for those of front proxies. */
static void change_certificates(void *arg)
{
	((struct core *)arg)->process.has_other_proxies = true;
}

/* What clients are told of leaves with the next look at the certificates (renewal.c): who shows the right one need not be told. */
static void trust_proxies(void *arg)
{
	struct core *core = arg;

	request_header_trust(&core->api.request_headers, core->api.proxies.text);
	core->process.front_proxies_pem = core->api.proxies.text;
	core->process.has_other_proxies = true;
}

/* Files that change one after the other fit together when the last of them has; until then what was goes on. */
static void change_door(void *arg)
{
	struct core *core = arg;
	const struct process *process = &core->process;
	struct arena *arena = arena_new(0);
	struct tls_config config = door_tls(&core->api.door, process->pki.ca.certificate_pem, arena);
	struct fault why = { 0 };

	if (tls_context_replace(core->door_tls, &config, &why) != OK)
		log_warn("door", "the files do not go together, the last go on", LOG_FAULT(&why));
	arena_free(arena);
}

/* Both files of a pair are changed one after the other: until the second is read no kubelet can be called anew. */
static void change_kubelets(void *arg)
{
	struct core *core = arg;

	kubelet_options_apply(&core->api.kubelets, &core->layout.server);
}

static void add_kubelet_texts(struct core *core)
{
	struct kubelet_setting *kubelets = &core->api.kubelets;
	struct text_file *files[] = { &kubelets->certificate, &kubelets->key,
				      &kubelets->authorities };

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		files[i]->changed = change_kubelets;
		files[i]->arg = core;
		add_reload(core, arena_printf(core->process.arena, "kubelet-file-%zu", i).at,
			   &files[i]->reload);
	}
}

static void add_texts(struct core *core)
{
	struct door_setting *door = &core->api.door;

	for (uint32_t i = 0; i < core->api.tokens.file_count; i++) {
		struct text_file *file = &core->api.tokens.files[i];

		file->changed = change_keys;
		file->arg = core;
		add_reload(core, arena_printf(core->process.arena, "service-account-key-%u", i).at,
			   &file->reload);
	}
	for (uint32_t i = 0; i < 2 * core->api.tls.pair_count; i++) {
		struct tls_pair *pair = &core->api.tls.pairs[i / 2];
		struct text_file *file = i % 2 == 0 ? &pair->certificate : &pair->key;

		file->changed = change_certificates;
		file->arg = core;
		add_reload(core, arena_printf(core->process.arena, "certificate-file-%u", i).at,
			   &file->reload);
	}
	core->api.proxies.changed = trust_proxies;
	door->certificate.changed = door->key.changed = door->authorities.changed = change_door;
	core->api.proxies.arg = core;
	door->certificate.arg = door->key.arg = door->authorities.arg = core;
	add_kubelet_texts(core);
	add_reload(core, "front-proxy-file", &core->api.proxies.reload);
	add_reload(core, "door-certificate-file", &door->certificate.reload);
	add_reload(core, "door-key-file", &door->key.reload);
	add_reload(core, "door-client-ca-file", &door->authorities.reload);
}

static enum status configure_door(struct core *core, struct fault *why)
{
	const struct door_setting *door = &core->api.door;
	struct process *process = &core->process;
	struct tls_config config = door_tls(door, process->pki.ca.certificate_pem, process->arena);

	if (door->listen == NULL)
		return OK;
	TRY(tls_context_new(&config, &core->door_tls, why));
	core->listeners[core->http.listener_count++] =
	    (struct http_listener){ .address = door->listen,
				    .tls = core->door_tls,
				    .inherited_fd = process->life.listening[HOSTS_LISTEN_DOOR] };
	return OK;
}

static void configure_http(struct core *core)
{
	struct process *process = &core->process;

	core->listeners[ASKED_LISTENER_PUBLIC] =
	    (struct http_listener){ .address =
					process_address(process, process->identity.api_port).at,
				    .tls = process->api_tls,
				    .inherited_fd = process->life.listening[HOSTS_LISTEN_API] };
	core->listeners[ASKED_LISTENER_PRIVATE] = (struct http_listener){
		.address = arena_printf(process->arena, "unix:%s/api.sock", process->dir.run).at
	};
	core->http =
	    (struct http_server_config){ .listeners = core->listeners,
					 .listener_count = 2,
					 .handler = "api",
					 .is_streamed = server_is_streamed,
					 .places = process->is_isolated ? desk_places : core_places,
					 .place_count = PLACES };
	if (process->is_isolated) {
		core->desk = (struct desk_args){ process, core_places, PLACES };
		layout_add(&core->layout, "desk", &desk_class, &core->desk);
	}
	layout_add(&core->layout, "http", &http_server_class, &core->http);
}

/* A witness serves nobody but whoever runs its machine. */
static void configure_private_http(struct core *core)
{
	static const struct http_place places[] = { { ADMIN_PLACE, "admin" } };
	struct process *process = &core->process;

	core->listeners[0] = (struct http_listener){
		.address = arena_printf(process->arena, "unix:%s/api.sock", process->dir.run).at
	};
	core->http = (struct http_server_config){ .listeners = core->listeners,
						  .listener_count = 1,
						  .handler = "admin",
						  .places = places,
						  .place_count = 1 };
	layout_add(&core->layout, "http", &http_server_class, &core->http);
}

static void configure_etcd(struct core *core, const char *listen)
{
	struct process *process = &core->process;
	struct str cluster = str_from(process->identity.cluster);

	if (listen == NULL)
		return;
	core->etcd =
	    (struct etcd_config){ .store = "store",
				  .client_url = arena_printf(process->arena, "https://%s", listen),
				  .cluster = hash_bytes(0, cluster.at, cluster.len) };
	core->etcd_listener =
	    (struct http_listener){ .address = listen,
				    .tls = process->etcd_tls,
				    .inherited_fd = process->life.listening[HOSTS_LISTEN_ETCD] };
	/* A request is refused in gRPC's own words as long as that takes no more than twice its memory. */
	core->etcd_http =
	    (struct http_server_config){ .listeners = &core->etcd_listener,
					 .listener_count = 1,
					 .handler = "etcd",
					 .body_max_bytes = 2 * LIMIT_ETCD_MESSAGE_BYTES,
					 .is_streamed = etcd_is_streamed };
	layout_add(&core->layout, "etcd", &etcd_class, &core->etcd);
	layout_add(&core->layout, "etcd-http", &http_server_class, &core->etcd_http);
}

/* Clients are told before the host ends, and what they have asked is finished. */
static void configure_farewell(struct core *core)
{
	const struct process *process = &core->process;
	bool has_core = process->host == PROCESS_CORE;
	bool has_api = has_core != process->is_isolated;

	core->farewell = (struct farewell_args){ .server = has_api ? "api" : NULL,
						 .http = has_api ? "http" : NULL,
						 .next = has_core ? "admin" : NULL,
						 .delay_ms = core->api.serving.shutdown_delay_ms,
						 .grace_ms = FAREWELL_GRACE_MS };
	if (!has_api)
		core->farewell.first =
		    arena_printf(process->arena, "farewell@%s/api", process->identity.name).at;
	core->process.life.before_end = "farewell";
	core->process.life.before_end_ms = farewell_most_ms(&core->farewell);
	layout_add(&core->layout, "farewell", &farewell_class, &core->farewell);
}

/* What the operator says of the API counts for etcd's door, too. */
static enum status load_options(struct core *core, const struct command_line *line,
				struct fault *why)
{
	struct api_options_place place = { .own_issuer = LAYOUT_ISSUER };

	core->process.has_no_pods = strcmp(command_text(line, "pods"), "none") == 0;
	place.metrics = core->layout.server.metrics = metrics_new();
	TRY(api_options_load(line, &place, core->process.arena, &core->api, why));
	service_options_name(&core->api.services, &core->process.identity);
	return secure_door(core, why);
}

static void measure_process(struct core *core)
{
	bool is_behind = core->process.host == PROCESS_CORE && core->process.is_isolated;

	process_metrics_add(core->layout.server.metrics, loop_files(),
			    is_behind ? "host=\"core\"" : NULL, core->process.arena);
}

static const char *figures_at(const struct core *core, enum process_host host)
{
	return arena_printf(core->process.arena, FIGURES_NAME "@%s/%s", core->process.identity.name,
			    process_host_name(host))
	    .at;
}

/* The API server, and how clients come to it. */
static enum status configure_api(struct core *core, const struct command_line *line,
				 struct fault *why)
{
	struct server_config *server = &core->layout.server;

	api_options_apply(&core->api, server);
	TRY(configure_tokens(core, why));
	server->figures[0] = figures_at(core, PROCESS_CONTROL);
	if (core->process.is_isolated)
		server->figures[1] = figures_at(core, PROCESS_CORE);
	api_options_tell(line);
	metrics_on_write(server->metrics, feature_gates_write, NULL);
	add_mechanisms(core);
	core->layout.pages[server->page_count++] = flags_page(line, core->process.arena);
	add_reloads(core);
	add_audit(core);
	configure_http(core);
	TRY(configure_door(core, why));
	add_texts(core);
	return OK;
}

/* The store, and who keeps and shows what is in it. */
static enum status configure_store(struct core *core, const struct command_line *line,
				   struct fault *why)
{
	struct process *process = &core->process;
	uint64_t budget_mib = (uint64_t)command_number(line, "write-budget-mib");

	if (datastore_is_external(&process->identity))
		TRY(datastore_configure(process, &core->layout.external, why));
	configure_etcd(core, command_text(line, "etcd-listen"));
	core->keeper.process = process;
	core->historian = (struct historian_args){ process, core->api.audit.log.file.path };
	TRY(schedule_options(line, process->arena, &core->keeper.schedule, why));
	TRY(history_options(line, process->arena, &core->layout.store, why));
	core->wear = (struct wear_args){ .process = process, .budget_bytes = budget_mib * MIB };
	wear_measure(core->layout.server.metrics, loop_files());
	layout_add(&core->layout, "wear", &wear_class, &core->wear);
	layout_add(&core->layout, "keeper", &keeper_class, &core->keeper);
	layout_add(&core->layout, "historian", &historian_class, &core->historian);
	if (process->is_isolated)
		layout_add(&core->layout, FIGURES_NAME, &figures_class,
			   figures_of(core->layout.server.metrics));
	return OK;
}

static int run_core(struct core *core)
{
	measure_process(core);
	layout_add(&core->layout, "renewal", &renewal_class, &core->process);
	configure_farewell(core);
	return run_host(&core->process, &core->layout);
}

int hosts_core(const struct command_line *line)
{
	static struct core core;
	struct fault why = { 0 };

	if (process_load(&core.process, line, PROCESS_CORE, &why) != OK)
		return failed(line, &why);
	layout_plan(&core.layout, &core.process);
	if (data_dir_is_witness(&core.process.identity)) {
		core.process.life.before_end = "admin";
		configure_private_http(&core);
		return run_host(&core.process, &core.layout);
	}
	if (load_options(&core, line, &why) != OK ||
	    (!core.process.is_isolated && configure_api(&core, line, &why) != OK) ||
	    configure_store(&core, line, &why) != OK)
		return failed(line, &why);
	return run_core(&core);
}

int hosts_api(const struct command_line *line)
{
	static struct core core;
	struct fault why = { 0 };

	if (process_load(&core.process, line, PROCESS_API, &why) != OK)
		return failed(line, &why);
	layout_plan(&core.layout, &core.process);
	if (load_options(&core, line, &why) != OK || configure_api(&core, line, &why) != OK)
		return failed(line, &why);
	return run_core(&core);
}

/* ---- control ------------------------------------------------------------------------------------------------ */

int hosts_control(const struct command_line *line)
{
	static struct process process;
	static struct service_setting services;
	static struct layout layout;
	struct fault why = { 0 };

	if (process_load(&process, line, PROCESS_CONTROL, &why) != OK)
		return failed(line, &why);
	process.controllers = command_text(line, "controllers");
	if (service_options_load(line, process.arena, &services, &why) != OK)
		return failed(line, &why);
	process.services = &services;
	process.figures = figures_new();
	layout_plan(&layout, &process);
	layout_add(&layout, FIGURES_NAME, &figures_class, process.figures);
	return run_host(&process, &layout);
}

/* ---- node ---------------------------------------------------------------------------------------------------- */

int hosts_node(const struct command_line *line)
{
	static struct process process;
	static struct layout layout;
	struct fault why = { 0 };

	if (process_load(&process, line, PROCESS_NODE, &why) != OK)
		return failed(line, &why);
	layout_plan(&layout, &process);
	layout.agent.pods = command_text(line, "pods");
	return run_host(&process, &layout);
}

/* ---- spare ---------------------------------------------------------------------------------------------------- */

int hosts_spare(char **argv, int (*run)(int argc, char **argv))
{
	struct arena *arena = arena_new(0); /* of the whole life: the words are in it */
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	if (argc == HOSTS_SPARE_WORDS)
		process_warm(argv[3]);
	if (root_spare_wait(arena, argv, &argc, &argv) == OK)
		return run(argc, argv);
	arena_free(arena);
	return EXIT_FAILED;
}
