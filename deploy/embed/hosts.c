#include <stdio.h>

#include "actors/client/api.h"
#include "deploy/cluster/secret-file.h"
#include "deploy/embed/program.h"
#include "deploy/embed/troupe-private.h"
#include "runtime/actor/act-host.h"

/*
 * A control plane whose parts are processes of their own:
 *
 *     main      starts the others, and starts them again; hears from `api` when kubectl may come
 *     store     the datastore's replica
 *     api       keys, API server, HTTP, boot
 *     control   caches, the reconcile functions, garbage collector, namespaces, the program's own actors
 */

#define HOSTS 4U
#define FIRST "main"
#define PORT_FILE "port"

/* ---- ready: told by one host, said by another ---------------------------------------------------------- */

static enum status ready_encode(const void *body, struct text *out)
{
	text_add(out, str_from(((const struct troupe_ready *)body)->url));
	return OK;
}

static enum status ready_decode(struct str bytes, struct arena *arena, void *body)
{
	struct troupe_ready *ready = body;

	(void)arena;
	if (bytes.len >= sizeof ready->url)
		return CORRUPT;
	memset(ready->url, 0, sizeof ready->url);
	memcpy(ready->url, bytes.at, bytes.len);
	return OK;
}

const ACT_TYPE(troupe_ready, .id = 920, .encode = ready_encode, .decode = ready_decode);

/* Every life of the API server's host says it; the program hears it once. */
static enum act_verdict ready_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct troupe *troupe = *(struct troupe **)state;

	if (!ACT_IS(msg, troupe_ready) || msg->kind != ACT_REQUEST)
		return ACT_UNHANDLED;
	memcpy(troupe->url, ACT_AS(msg, troupe_ready)->url, sizeof troupe->url);
	act_reply(act, msg, &troupe_ready_type, msg->body);
	troupe_tell_ready(troupe);
	return ACT_OK;
}

static enum status ready_init(struct act *act, void *state, const void *args)
{
	struct troupe *troupe = *(struct troupe *const *)args;

	*(struct troupe **)state = troupe;
	troupe->loop = loop_of(act);
	return OK;
}

static const struct act_class ready_class = { .name = "ready",
					      .state_size = sizeof(struct troupe *),
					      .init = ready_init,
					      .receive = ready_receive };

/* ---- the port ------------------------------------------------------------------------------------------- */

static const char *port_path(const struct troupe *troupe)
{
	return arena_printf(troupe->arena, "%s/" PORT_FILE, troupe->config.folder).at;
}

uint16_t troupe_last_port(const struct troupe *troupe)
{
	struct str text;
	uint64_t port;

	if (secret_file_read(loop_files(), port_path(troupe), troupe->arena, &text, NULL) != OK ||
	    str_to_u64(text, &port) != OK || port > UINT16_MAX)
		return 0;
	return (uint16_t)port;
}

enum status troupe_keep_port(struct troupe *troupe, uint16_t port, struct fault *why)
{
	struct str text = arena_printf(troupe->arena, "%u", port);

	return secret_file_show(loop_files(), port_path(troupe), text, why);
}

static enum status forget_port(const struct troupe *troupe, struct fault *why)
{
	enum status status = loop_files()->unlink(loop_files()->self, port_path(troupe));

	if (status == OK || status == NOT_FOUND)
		return OK;
	return fault_set(why, status, "folder", "cannot remove %s: %s", port_path(troupe),
			 status_text(status));
}

/* Whoever knows where it is, by the kubeconfig, finds it there again. */
static void listen_again(struct troupe *troupe)
{
	struct str listen = str_from(troupe->config.listen);
	int64_t colon = str_find_last(listen, ':');
	uint16_t port = troupe_last_port(troupe);

	if (port != 0 && str_is(str_slice(listen, (uint32_t)colon, listen.len), ":0"))
		troupe->config.listen =
		    arena_printf(troupe->arena, STR_FMT ":%u", (int)colon, listen.at, port).at;
}

/* ---- which host ------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum troupe_parts parts;
} parts_of[HOSTS] = { { FIRST, 0 },
		      { "store", TROUPE_STORE },
		      { "api", TROUPE_API },
		      { "control", TROUPE_CONTROL } };

static enum troupe_parts parts_named(const char *name)
{
	for (uint32_t i = 0; name != NULL && i < HOSTS; i++)
		if (strcmp(parts_of[i].name, name) == 0)
			return parts_of[i].parts;
	return 0;
}

static enum status prepare_first(struct troupe *troupe, struct fault *why)
{
	TRY(troupe_take_folder(troupe, "lock", why));
	TRY(forget_port(troupe, why));
	troupe->children = arena_new_of(troupe->arena, struct act_child);
	troupe->children[0] =
	    (struct act_child){ .id = "ready", .class = &ready_class, .args = &troupe->self };
	troupe->root.child_count = 1;
	return OK;
}

/* The store of a program that was killed may not have ended yet: this host ends then and is started again. */
static enum status prepare_part(struct troupe *troupe, enum troupe_parts parts, struct fault *why)
{
	if (parts == TROUPE_STORE)
		TRY(troupe_take_folder(troupe, "lock-store", why));
	if (parts == TROUPE_API)
		listen_again(troupe);
	troupe->config.leaves_signals = true; /* the first host takes them and ends the others */
	troupe_plan(troupe, parts);
	return OK;
}

/* ---- the program ------------------------------------------------------------------------------------------- */

static const struct act_type *const *types_of(struct arena *arena, uint32_t *out_count)
{
	const struct act_type **types =
	    arena_array(arena, const struct act_type *, store_type_count + api_type_count + 1);

	*out_count = 0;
	for (uint32_t i = 0; i < store_type_count; i++)
		types[(*out_count)++] = store_types[i];
	for (uint32_t i = 0; i < api_type_count; i++)
		types[(*out_count)++] = api_types[i];
	types[(*out_count)++] = &troupe_ready_type;
	return types;
}

/* Every process knows of all hosts and plans its own. */
static int run(struct troupe *troupe, const char *own, int argc, char **argv)
{
	struct act_program_host hosts[HOSTS] = { { NULL, NULL, 0 } };
	struct act_program program = {
		.folder = arena_printf(troupe->arena, "%s/run", troupe->config.folder).at,
		.hosts = hosts,
		.host_count = HOSTS,
	};
	int code;

	program.types = types_of(troupe->arena, &program.type_count);
	for (uint32_t i = 0; i < program.host_count; i++) {
		hosts[i].name = parts_of[i].name;
		if (strcmp(hosts[i].name, own) != 0)
			continue;
		hosts[i].children = troupe->children;
		hosts[i].child_count = troupe->root.child_count;
	}
	code = act_program_run(&program, argc, argv);
	troupe->loop = NULL; /* the program closed it */
	return code;
}

int troupe_main_hosts(const struct troupe_config *config, int argc, char **argv)
{
	struct troupe_config announcing = troupe_announcing(config);
	const char *own = act_program_host_name(argc, argv);
	struct troupe *troupe = NULL;
	struct fault why = { 0 };
	enum status status = troupe_prepare(&announcing, &troupe, &why);
	int code = 1;

	if (status == OK)
		status = own == NULL ? prepare_first(troupe, &why)
				     : prepare_part(troupe, parts_named(own), &why);
	if (status == OK)
		code = run(troupe, own != NULL ? own : FIRST, argc, argv);
	else
		fprintf(stderr, "cannot start: %s\n", why.text);
	troupe_close(troupe);
	return code;
}
