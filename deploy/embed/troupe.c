#include "deploy/embed/troupe.h"

#include <stdio.h>

#include "actors/controllers/controllers.h"
#include "deploy/embed/program.h"
#include "deploy/embed/troupe-private.h"

/*
 * A control plane's life: what is made before the loop, the actors in it, and the way back.
 */

#define LISTEN_DEFAULT "127.0.0.1:0"
#define NODE 1U /* of the references within it */

const char *troupe_kubeconfig(const struct troupe *troupe)
{
	return troupe->kubeconfig;
}

const char *troupe_url(const struct troupe *troupe)
{
	return troupe->url;
}

struct loop *troupe_loop(struct troupe *troupe)
{
	return troupe->loop;
}

/* ---- before the loop ---------------------------------------------------------------------------------- */

/* "IP:PORT", "[IP6]:PORT": the IP, which goes into the certificate. */
static enum status read_listen(struct troupe *troupe, struct fault *why)
{
	struct str listen = str_from(troupe->config.listen);
	int64_t colon = str_find_last(listen, ':');
	uint64_t port;

	if (colon <= 0 ||
	    str_to_u64(str_slice(listen, (uint32_t)colon + 1, listen.len), &port) != OK ||
	    port > UINT16_MAX)
		return fault_set(why, INVALID, "listen", "listen wants IP:PORT, not \"%s\"",
				 troupe->config.listen);
	troupe->address = str_slice(listen, 0, (uint32_t)colon);
	if (str_starts(troupe->address, STR("[")))
		troupe->address = str_slice(troupe->address, 1, troupe->address.len - 1);
	return OK;
}

enum status troupe_take_folder(struct troupe *troupe, const char *lock, struct fault *why)
{
	const struct seams_files *files = loop_files();
	const char *folder = troupe->config.folder;
	enum status status = files->mkdir(files->self, folder, 0700);

	if (status != OK && status != EXISTS)
		return fault_set(why, status, "folder", "cannot make %s: %s", folder,
				 status_text(status));
	lock = arena_printf(troupe->arena, "%s/%s", folder, lock).at;
	status = files->open(files->self, lock, SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE | SEAMS_LOCK,
			     0600, &troupe->lock);
	if (status == BUSY)
		return fault_set(why, BUSY, "folder", "%s belongs to a control plane that runs",
				 folder);
	if (status != OK)
		return fault_set(why, status, "folder", "cannot open %s: %s", lock,
				 status_text(status));
	return OK;
}

static enum status judge(struct troupe *troupe, struct fault *why)
{
	if (troupe->config.folder == NULL)
		return fault_set(why, INVALID, "folder", "a control plane needs a folder");
	TRY(read_listen(troupe, why));
	TRY(troupe_define(troupe, why));
	troupe->kubeconfig =
	    arena_printf(troupe->arena, "%s/admin.kubeconfig", troupe->config.folder).at;
	return OK;
}

enum status troupe_prepare(const struct troupe_config *config, struct troupe **out,
			   struct fault *why)
{
	struct arena *arena = arena_new(0);
	struct troupe *troupe = arena_new_of(arena, struct troupe);

	troupe->arena = arena;
	troupe->self = troupe;
	troupe->config = *config;
	if (config->listen == NULL)
		troupe->config.listen = LISTEN_DEFAULT;
	*out = troupe;
	return judge(troupe, why);
}

/* ---- the actors ------------------------------------------------------------------------------------------ */

static void add(struct troupe *troupe, const char *id, const struct act_class *class,
		const void *args)
{
	troupe->children[troupe->root.child_count++] =
	    (struct act_child){ .id = id, .class = class, .args = args };
}

/* What of another host, this one or the whole process an actor is called by. */
static const char *place_of(const struct troupe *troupe, enum troupe_parts part, const char *here,
			    const char *elsewhere)
{
	return (troupe->parts & part) != 0 ? here : elsewhere;
}

static void plan_store(struct troupe *troupe)
{
	troupe->store = (struct store_config){
		.folder = arena_printf(troupe->arena, "%s/store", troupe->config.folder).at,
		.name = STR("local"),
		.address = STR("local"),
		.is_first = true
	};
	add(troupe, "store", &store_class, &troupe->store);
}

static void plan_api(struct troupe *troupe)
{
	troupe->listener.address = troupe->config.listen;
	troupe->http = (struct http_server_config){ .listeners = &troupe->listener,
						    .listener_count = 1,
						    .handler = "api" };
	troupe->server.store = place_of(troupe, TROUPE_STORE, "store", "store@local/store");
	add(troupe, "keys", &troupe_keys_class, &troupe->self);
	add(troupe, "api", &server_class, &troupe->server);
	add(troupe, "http", &http_server_class, &troupe->http);
}

/* As a cluster's, but for the account they act by. */
static void plan_keepers(struct troupe *troupe, const char *api)
{
	static const struct controller *const keepers[TROUPE_KEEPERS] = {
		&garbage_collector_controller, &namespace_controller
	};

	for (uint32_t i = 0; i < TROUPE_KEEPERS; i++) {
		troupe->keepers[i] = *keepers[i];
		troupe->keepers[i].account = TROUPE_ACCOUNT;
		troupe->keeper_args[i] =
		    (struct runner_args){ .controller = &troupe->keepers[i], .api = api };
		add(troupe, keepers[i]->name, &controller_class, &troupe->keeper_args[i]);
	}
}

static void plan_control(struct troupe *troupe)
{
	const char *api = place_of(troupe, TROUPE_API, "api", "api@local/api");

	troupe->caches = (struct caches_args){ .api = api,
					       .user = TROUPE_USER,
					       .kinds = { .is_served = troupe_is_served,
							  .own = troupe->types,
							  .own_count = troupe->config.kind_count } };
	add(troupe, "caches", &caches_class, &troupe->caches);
	for (uint32_t i = 0; i < troupe->config.kind_count; i++)
		if (troupe->bound[i].kind->reconcile != NULL) {
			troupe->bound[i].runner.api = api;
			add(troupe, troupe->bound[i].controller.name, &controller_class,
			    &troupe->bound[i].runner);
		}
	plan_keepers(troupe, api);
	for (uint32_t i = 0; i < troupe->config.child_count; i++)
		troupe->children[troupe->root.child_count++] = troupe->config.children[i];
}

void troupe_plan(struct troupe *troupe, enum troupe_parts parts)
{
	uint32_t count = TROUPE_BASE_CHILDREN + TROUPE_KEEPERS + troupe->config.kind_count +
			 troupe->config.child_count;

	troupe->parts = parts;
	troupe->children = arena_array(troupe->arena, struct act_child, count);
	troupe->root = (struct act_supervisor){ .strategy = ACT_ONE_FOR_ONE,
						.backoff_min_ms = 10,
						.backoff_max_ms = 5000,
						.children = troupe->children };
	/* The store waits for the disk in a thread of its own, and meanwhile the keys are made. */
	if ((parts & TROUPE_STORE) != 0)
		plan_store(troupe);
	if ((parts & TROUPE_API) != 0)
		plan_api(troupe);
	if ((parts & TROUPE_CONTROL) != 0)
		plan_control(troupe);
	if ((parts & TROUPE_API) != 0)
		add(troupe, "boot", &troupe_boot_class, &troupe->self);
}

void troupe_tell_ready(struct troupe *troupe)
{
	if (troupe->was_ready)
		return;
	troupe->was_ready = true;
	if (troupe->config.ready != NULL)
		troupe->config.ready(troupe, troupe->config.arg);
}

static enum status open_loop(struct troupe *troupe, struct fault *why)
{
	struct loop_config config = {
		.host = { .name = "troupe", .node = NODE, .epoch = 1, .root = &troupe->root }
	};
	enum status status = loop_open(&config, &troupe->loop);

	if (status == OK)
		return OK;
	if (troupe->keys_fault.status != OK) {
		if (why != NULL)
			*why = troupe->keys_fault;
		return status;
	}
	return fault_set(why, status, "",
			 "cannot start in %s, listening on %s: %s; the log says which part",
			 troupe->config.folder, troupe->config.listen, status_text(status));
}

/* ---- the life ---------------------------------------------------------------------------------------------- */

enum status troupe_open(const struct troupe_config *config, struct troupe **out, struct fault *why)
{
	struct troupe *troupe;
	enum status status = troupe_prepare(config, &troupe, why);

	if (status == OK)
		status = troupe_take_folder(troupe, "lock", why);
	if (status == OK) {
		troupe_plan(troupe, TROUPE_ALL);
		status = open_loop(troupe, why);
	}
	if (status == OK)
		*out = troupe;
	else
		troupe_close(troupe);
	return status;
}

enum status troupe_run(struct troupe *troupe)
{
	enum act_reason reason;

	loop_run(troupe->loop);
	reason = act_host_reason(loop_host(troupe->loop));
	return reason == ACT_SHUTDOWN || reason == ACT_NORMAL ? OK : INTERNAL;
}

void troupe_stop(struct troupe *troupe)
{
	if (troupe->parts == TROUPE_ALL)
		act_host_stop(loop_host(troupe->loop));
	else
		act_program_stop(loop_host(troupe->loop));
}

void troupe_close(struct troupe *troupe)
{
	if (troupe == NULL)
		return;
	if (troupe->loop != NULL)
		loop_close(troupe->loop);
	for (uint32_t i = 0; troupe->customs != NULL && i < troupe->config.kind_count; i++)
		custom_resource_fini(&troupe->customs[i]);
	tls_context_unref(troupe->tls);
	authentication_service_account_forget(&troupe->tokens);
	certificate_key_free(troupe->key);
	if (troupe->lock != NULL)
		loop_files()->close(loop_files()->self, troupe->lock);
	arena_free(troupe->arena);
}

/* ---- a whole program ------------------------------------------------------------------------------------------ */

static void say_ready(struct troupe *troupe, void *arg)
{
	const struct troupe_config *config = arg;

	printf("ready: %s; kubectl --kubeconfig %s\n", troupe->url, troupe->kubeconfig);
	fflush(stdout);
	if (config->ready != NULL)
		config->ready(troupe, config->arg);
}

struct troupe_config troupe_announcing(const struct troupe_config *config)
{
	struct troupe_config own = *config;

	own.ready = say_ready;
	own.arg = (void *)(uintptr_t)config;
	return own;
}

int troupe_main(const struct troupe_config *config)
{
	struct troupe_config own = troupe_announcing(config);
	struct troupe *troupe;
	struct fault why = { 0 };
	enum status status;

	if (troupe_open(&own, &troupe, &why) != OK) {
		fprintf(stderr, "cannot start: %s\n", why.text);
		return 1;
	}
	status = troupe_run(troupe);
	troupe_close(troupe);
	return status == OK ? 0 : 1;
}
