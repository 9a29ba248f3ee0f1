#include "deploy/main/host/process.h"

#include <stdio.h>

#include "deploy/main/host/directory.h"
#include "deploy/main/host/inspect.h"
#include "deploy/main/host/tracer.h"
#include "runtime/base/log.h"

static const char *const host_names[PROCESS_HOSTS] = { "root", "core", "control", "node", "api" };

const char *process_host_name(enum process_host host)
{
	return host_names[host];
}

uint32_t process_node_number(struct str name)
{
	uint32_t number = hash_fnv32a(HASH_FNV32A_SEED, name.at, name.len);

	return number != 0 ? number : 1;
}

struct str process_address(struct process *process, uint16_t port)
{
	return data_dir_address(&process->identity, port, process->arena);
}
const char *process_name(const struct process *process)
{
	return process->name[0] ? process->name : process_host_name(process->host);
}

struct act_ref process_actor(struct act *act, const struct process *process, const char *actor,
			     const char *host_name)
{
	char name[160];

	if (strcmp(host_name, process_name(process)) == 0)
		return act_named(act, actor);
	snprintf(name, sizeof name, "%s@%s/%s", actor, process->identity.name, host_name);
	return act_named(act, name);
}

static enum process_host api_host(const struct process *process)
{
	return process->is_isolated ? PROCESS_API : PROCESS_CORE;
}

struct act_ref process_api(struct act *act, const struct process *process)
{
	return process_actor(act, process, "api", process_host_name(api_host(process)));
}

static const char *name_of(const struct process *process, const char *actor, enum process_host host)
{
	if (process->host == host)
		return actor;
	return arena_printf(process->arena, "%s@%s/%s", actor, process->identity.name,
			    process_host_name(host))
	    .at;
}

const char *process_api_name(const struct process *process)
{
	return name_of(process, "api", api_host(process));
}

const char *process_core_name(const struct process *process, const char *actor)
{
	return name_of(process, actor, PROCESS_CORE);
}

bool process_has_host(const struct process *process, enum process_host host)
{
	if (data_dir_is_witness(&process->identity))
		return host <= PROCESS_CORE;
	if (host == PROCESS_API)
		return process->is_isolated;
	return host != PROCESS_NODE || !process->has_no_pods;
}

bool process_has(const struct process *process, const char *actor)
{
	struct str rest = str_from(process->without);

	if (process->only != NULL)
		return strcmp(process->only, actor) == 0;
	while (rest.at != NULL)
		if (str_is(str_cut(&rest, ','), actor))
			return false;
	return true;
}

/* ---- loading ------------------------------------------------------------------------------------------- */

static const char *keys_folder(struct process *process)
{
	return arena_printf(process->arena, "%s/pki", process->dir.path).at;
}

/* Borrows of `keys` and `arena`. */
static struct tls_config api_config(const struct process *process, const struct pki *keys,
				    struct arena *arena)
{
	struct tls_config config = { .is_server = true,
				     .clients = TLS_CLIENTS_MAY_SHOW,
				     .certificate_pem = pki_chain(keys, &keys->api_server, arena),
				     .key_pem = keys->api_server.key_pem,
				     .authorities_pem = keys->ca.certificate_pem,
				     .hinted_authorities_pem = process->front_proxies_pem,
				     .alpn = STR("h2,http/1.1"),
				     .now = loop_clock()->wall };

	if (process->secure != NULL)
		process->secure(process->secure_arg, &config, arena);
	return config;
}

/* etcd's door is for those who show who they are, and for HTTP/2 only. */
static struct tls_config etcd_tls_config(const struct process *process, const struct pki *keys,
					 struct arena *arena)
{
	struct tls_config config = api_config(process, keys, arena);

	config.clients = TLS_CLIENTS_MUST_SHOW;
	config.hinted_authorities_pem = STR_NONE;
	config.other_count = 0;
	config.alpn = STR("h2");
	return config;
}

/*
 * A cluster that was restored or recovered has the authority of the one that was, but another name: members of both must not hear each
 * other. Releases before this one name nothing and are heard.
 */
static struct tls_config link_config(const struct process *process, const struct pki *keys,
				     struct arena *arena, bool is_server)
{
	return (
	    struct tls_config){ .is_server = is_server,
				.alpn = arena_printf(arena, "troupe/%s", process->identity.cluster),
				.is_alpn_strict = true,
				.clients = is_server ? TLS_CLIENTS_MUST_SHOW : TLS_CLIENTS_UNASKED,
				.certificate_pem = keys->node.certificate_pem,
				.key_pem = keys->node.key_pem,
				.authorities_pem = keys->ca.certificate_pem,
				.only_tls13 = true,
				.now = loop_clock()->wall };
}

static enum status make_contexts(struct process *process, struct fault *why)
{
	struct tls_config api = api_config(process, &process->pki, process->arena);
	struct tls_config etcd = etcd_tls_config(process, &process->pki, process->arena);
	struct tls_config server = link_config(process, &process->pki, process->arena, true);
	struct tls_config client = link_config(process, &process->pki, process->arena, false);

	if (process->pki.api_server.certificate_pem.at != NULL) { /* a worker serves no API */
		TRY(tls_context_new(&api, &process->api_tls, why));
		TRY(tls_context_new(&etcd, &process->etcd_tls, why));
	}
	TRY(tls_context_new(&server, &process->link_server, why));
	return tls_context_new(&client, &process->link_client, why);
}

enum status process_use_keys(struct process *process, const struct pki *keys, struct fault *why)
{
	struct arena *scratch = arena_new(0);
	struct tls_config api = api_config(process, keys, scratch),
			  etcd = etcd_tls_config(process, keys, scratch);
	struct tls_config server = link_config(process, keys, scratch, true);
	struct tls_config client = link_config(process, keys, scratch, false);
	enum status status = tls_context_replace(process->link_server, &server, why);

	if (status == OK)
		status = tls_context_replace(process->link_client, &client, why);
	if (status == OK && process->api_tls != NULL)
		status = tls_context_replace(process->api_tls, &api, why);
	if (status == OK && process->etcd_tls != NULL)
		status = tls_context_replace(process->etcd_tls, &etcd, why);
	arena_free(scratch);
	return status;
}

static enum status load_keys(struct process *process, struct fault *why)
{
	TRY(pki_load(loop_files(), keys_folder(process), process->arena, &process->pki, why));
	return make_contexts(process, why);
}

/* What process_warm loaded; its arena is NULL where nobody called that. Of a spare host this lives as long as the process. */
static struct process *warm(void)
{
	static struct process process;

	return &process;
}

/* Takes over what was loaded while there was time, if the files are still those. */
static bool take_warm(struct process *process)
{
	const struct process *early = warm();

	if (early->arena == NULL || strcmp(early->dir.path, process->dir.path) != 0 ||
	    strcmp(early->identity.cluster, process->identity.cluster) != 0 ||
	    !pki_is_saved(loop_files(), keys_folder(process), &early->pki))
		return false;
	process->pki = early->pki;
	process->api_tls = early->api_tls;
	process->etcd_tls = early->etcd_tls;
	process->link_server = early->link_server;
	process->link_client = early->link_client;
	return true;
}

void process_warm(const char *data_dir)
{
	struct process *process = warm();
	struct fault why = { 0 };

	process->arena = arena_new(0);
	if (data_dir_find(data_dir, &process->dir, &why) == OK &&
	    data_dir_read_identity(loop_files(), &process->dir, &process->identity, &why) == OK &&
	    load_keys(process, &why) == OK)
		return;
	/* Whatever is wrong is said by the host that this becomes, if it still is then. */
	arena_free(process->arena);
	process->arena = NULL;
}

enum status process_load(struct process *process, const struct command_line *line,
			 enum process_host host, struct fault *why)
{
	struct log_config log = { .level = LOG_INFO, .prefix = process->log_prefix };

	*process = (struct process){ .host = host, .arena = arena_new(0) };
	TRY(root_inherited(&process->life));
	TRY(data_dir_find(command_text(line, "data-dir"), &process->dir, why));
	TRY(data_dir_read_identity(loop_files(), &process->dir, &process->identity, why));
	process->without = command_text(line, "without");
	process->only = command_text(line, "only");
	process->has_chaos = command_flag(line, "chaos");
	process->is_isolated = !data_dir_is_witness(&process->identity) &&
			       strcmp(command_text(line, "layout"), "isolated") == 0;
	/* As its root calls it. */
	snprintf(process->name, sizeof process->name, "%.15s%s%.15s", process_host_name(host),
		 process->only ? "+" : "", process->only ? process->only : "");
	snprintf(process->log_prefix, sizeof process->log_prefix, "%s/%s", process->identity.name,
		 process->name);
	log_configure(&log);
	return take_warm(process) ? OK : load_keys(process, why);
}

/* ---- links -------------------------------------------------------------------------------------------------- */

static void close_links(void *arg)
{
	struct process *process = arg;

	peer_stop(process->peer);
}

/* The core host is where other nodes reach this one; the others speak within the node only. */
static enum status open_links(struct act *act, struct process *process, struct fault *why)
{
	struct act_host *host = act_host_of(act);
	const struct seams *seams = act_host_seams(host);
	struct peer_config config = { .owner = peer_owner_host(host),
				      .self = act_host_peer(host),
				      .clock = seams->clock,
				      .random = seams->random,
				      .faulty = process->faulty,
				      .node_name = str_from(process->identity.name),
				      .loop = loop_of(act),
				      .run_folder = str_from(process->dir.run) };

	if (process->host == PROCESS_CORE) {
		config.listen = process_address(process, process->identity.link_port);
		config.client = process->link_client;
		config.server = process->link_server;
	}
	return peer_open(&config, &process->peer, why);
}

static enum status links_init(struct act *act, void *state, const void *args)
{
	struct process *process = (struct process *)(uintptr_t)args;
	struct peer *ended = process->peer; /* of an earlier life of this actor */
	struct fault why = { 0 };
	struct seams_link link;
	enum status status = open_links(act, process, &why);

	(void)state;
	if (status != OK) {
		log_error("links", "cannot open", LOG_STATUS(status), LOG_FAULT(&why));
		return status;
	}
	link = peer_seam(process->peer);
	act_host_set_link(act_host_of(act), &link);
	peer_retire(ended);
	act_own(act, close_links, process);
	directory_learn_own(act, process);
	return OK;
}

static enum act_verdict links_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)act;
	(void)state;
	(void)msg;
	return ACT_UNHANDLED;
}

static const struct act_class links_class = { .name = "links",
					      .init = links_init,
					      .receive = links_receive };

/* ---- running ------------------------------------------------------------------------------------------------- */

struct act_supervisor process_root(const struct act_child *children, uint32_t count)
{
	return (struct act_supervisor){ .strategy = ACT_ONE_FOR_ONE,
					.backoff_min_ms = 10,
					.backoff_max_ms = 5000,
					.children = children,
					.child_count = count };
}

static void lay_faults(void *arg, struct seams *seams)
{
	struct process *process = arg;

	process->faulty = faulty_new(loop_pause);
	faulty_lay(process->faulty, seams);
}

int process_run(struct process *process, const struct act_child *children, uint32_t count)
{
	struct act_child *all = arena_array(process->arena, struct act_child, count + 4);
	struct act_supervisor root = process_root(all, count + 4);
	struct loop_config config = { .host = { .name = process_name(process),
						.node = process->identity.node,
						.host = process->life.host,
						.epoch = process->life.epoch,
						.root = &root,
						.types = process->types,
						.type_count = process->type_count },
				      .has_watchdog = true,
				      .is_prompt = process->host == PROCESS_CORE ||
						   process->host == PROCESS_API,
				      .box = process->life.box };
	enum status status;

	all[0] = (struct act_child){ .id = "links", .class = &links_class, .args = process };
	memcpy(all + 1, children, count * sizeof *all);
	all[count + 1] =
	    (struct act_child){ .id = "inspector", .class = &inspector_class, .args = process };
	all[count + 2] = (struct act_child){ .id = "tracer", .class = &tracer_class };
	all[count + 3] =
	    (struct act_child){ .id = "heart", .class = &root_heart_class, .args = &process->life };
	if (process->has_chaos) {
		config.on_seams = lay_faults;
		config.on_seams_arg = process;
	}
	status = loop_open(&config, &process->loop);
	if (status != OK)
		return command_failed("%s on %s cannot start: %s", process_host_name(process->host),
				      process->identity.name, status_text(status));
	loop_run(process->loop);
	loop_close(process->loop);
	peer_free(process->peer);
	faulty_free(process->faulty);
	return EXIT_DONE;
}
