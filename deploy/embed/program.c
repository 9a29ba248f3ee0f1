#include "deploy/embed/program.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "runtime/actor/act-host.h"
#include "runtime/base/base.h"
#include "runtime/base/log.h"
#include "runtime/loop/loop.h"
#include "runtime/loop/root.h"
#include "transport/peer/peer.h"

/*
 * Programs of several processes: a root in the first, a heart in the others, links between all.
 */

#define NODE 1U
#define NODE_NAME STR("local")
#define HOST_WORD "--act-host=" /* the word that a process is told its host by */
#define PATH_MAX_BYTES 1024U
#define OWN_CHILDREN 2U /* links, and the root or the heart */
#define ROOT "hosts"    /* the actor that starts the others and takes signals */

struct member {
	const struct act_program *program;
	uint32_t index; /* of our host */
	struct member *self;
	struct arena *arena;
	char path[PATH_MAX_BYTES];
	struct root_host others[ACT_PROGRAM_HOSTS_MAX];
	struct root_spec root;
	struct root_life life;
	struct loop *loop;
	struct peer *peer;
};

/* ---- links --------------------------------------------------------------------------------------------- */

static void close_links(void *arg)
{
	peer_stop(((struct member *)arg)->peer);
}

static enum status learn(const struct member *member)
{
	for (uint32_t i = 0; i < member->program->host_count; i++) {
		struct seams_place place = { .node = NODE,
					     .node_name = NODE_NAME,
					     .host = (uint16_t)i,
					     .host_name = str_from(member->program->hosts[i].name) };

		if (i != member->index)
			TRY(peer_learn(member->peer, &place));
	}
	return OK;
}

static enum status links_init(struct act *act, void *state, const void *args)
{
	struct member *member = *(struct member *const *)args;
	struct act_host *host = act_host_of(act);
	struct peer_config config = { .owner = peer_owner_host(host),
				      .self = act_host_peer(host),
				      .clock = act_seams(act)->clock,
				      .random = act_seams(act)->random,
				      .loop = loop_of(act),
				      .node_name = NODE_NAME,
				      .run_folder = str_from(member->program->folder) };
	struct peer *ended = member->peer; /* of an earlier life of this actor */
	struct fault why = { 0 };
	struct seams_link link;
	enum status status = peer_open(&config, &member->peer, &why);

	(void)state;
	if (status != OK) {
		log_error("links", "cannot open", LOG_STATUS(status), LOG_FAULT(&why));
		return status;
	}
	link = peer_seam(member->peer);
	act_host_set_link(host, &link);
	peer_retire(ended);
	act_own(act, close_links, member);
	return learn(member);
}

static enum act_verdict links_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)act, (void)state, (void)msg;
	return ACT_UNHANDLED;
}

static const struct act_class links_class = { .name = "links",
					      .init = links_init,
					      .receive = links_receive };

/* ---- the end ----------------------------------------------------------------------------------------------- */

/* As the signal would: the root ends the other hosts in order, and then its own. */
static void end_in_order(struct act *act, void *state, void *arg)
{
	(void)state, (void)arg;
	if (act_tell(act, act_named(act, ROOT), loop_signal, .number = SIGTERM) != OK)
		act_host_stop(act_host_of(act));
}

static void on_the_thread(struct act_host *host, void *arg)
{
	(void)act_host_enter(host, act_host_root(host), end_in_order, arg);
}

void act_program_stop(struct act_host *host)
{
	act_host_call(host, on_the_thread, NULL);
}

/* ---- which host this is ------------------------------------------------------------------------------------- */

const char *act_program_host_name(int argc, char **argv)
{
	if (argc < 1 || !str_starts(str_from(argv[argc - 1]), STR(HOST_WORD)))
		return NULL;
	return argv[argc - 1] + sizeof HOST_WORD - 1;
}

static enum status find_host(struct member *member, int argc, char **argv, struct fault *why)
{
	const char *name = act_program_host_name(argc, argv);

	if (member->program->host_count == 0 || member->program->host_count > ACT_PROGRAM_HOSTS_MAX)
		return fault_set(why, INVALID, "hosts", "hosts wants 1 to %u",
				 ACT_PROGRAM_HOSTS_MAX);
	if (name == NULL)
		return OK;
	for (uint32_t i = 1; i < member->program->host_count; i++)
		if (strcmp(name, member->program->hosts[i].name) == 0) {
			member->index = i;
			return root_inherited(&member->life) == OK
				   ? OK
				   : fault_set(why, INVALID, "",
					       HOST_WORD " is for the program itself to say");
		}
	return fault_set(why, INVALID, "", "there is no host \"%s\"", name);
}

/* The words of another host's process: ours and its own. */
static const char *const *words_of(struct member *member, int argc, char **argv, const char *name)
{
	const char **words = arena_array(member->arena, const char *, argc + 2);

	words[0] = member->path;
	for (int i = 1; i < argc; i++)
		words[i] = argv[i];
	words[argc > 0 ? argc : 1] = arena_printf(member->arena, HOST_WORD "%s", name).at;
	return words;
}

static enum status plan_root(struct member *member, int argc, char **argv, struct fault *why)
{
	ssize_t len = readlink("/proc/self/exe", member->path, sizeof member->path - 1);

	if (len <= 0)
		return fault_set(why, IO, "", "cannot find this program's file");
	member->path[len] = '\0';
	member->root = (struct root_spec){ .strategy = ACT_ONE_FOR_ONE,
					   .max_restarts = 30,
					   .within_ms = 60000,
					   .backoff_min_ms = 5,
					   .backoff_max_ms = 2000,
					   .hosts = member->others,
					   .host_count = member->program->host_count - 1,
					   .held_fd = -1,
					   .exile_first = ACT_PROGRAM_HOSTS_MAX,
					   .state_folder = member->program->folder };
	for (uint32_t i = 1; i < member->program->host_count; i++)
		member->others[i - 1] =
		    (struct root_host){ .name = member->program->hosts[i].name,
					.argv = words_of(member, argc, argv,
							 member->program->hosts[i].name),
					.host = (uint16_t)i,
					.restart = ACT_PERMANENT };
	return OK;
}

/* ---- running -------------------------------------------------------------------------------------------------- */

static void add(struct act_supervisor *root, struct act_child *children, const char *id,
		const struct act_class *class, const void *args)
{
	children[root->child_count++] = (struct act_child){ .id = id, .class = class, .args = args };
}

static struct act_supervisor plan(struct member *member)
{
	const struct act_program_host *own = &member->program->hosts[member->index];
	struct act_child *children =
	    arena_array(member->arena, struct act_child, own->child_count + OWN_CHILDREN);
	struct act_supervisor root = { .backoff_min_ms = 1,
				       .backoff_max_ms = 2000,
				       .children = children };

	add(&root, children, "links", &links_class, &member->self);
	if (member->index == 0)
		add(&root, children, ROOT, &root_class, &member->root);
	for (uint32_t i = 0; i < own->child_count; i++)
		children[root.child_count++] = own->children[i];
	if (member->index != 0)
		add(&root, children, "heart", &root_heart_class, &member->life);
	return root;
}

static enum status run(struct member *member, struct fault *why)
{
	struct act_supervisor root = plan(member);
	const struct act_program *program = member->program;
	struct loop_config config = { .host = { .name = program->hosts[member->index].name,
						.node = NODE,
						.host = (uint16_t)member->index,
						.epoch = member->index == 0 ? 1 : member->life.epoch,
						.root = &root,
						.types = program->types,
						.type_count = program->type_count } };
	enum status status;
	enum act_reason reason;

	if (member->index != 0) {
		config.has_watchdog = true;
		config.box = member->life.box;
	}
	status = loop_open(&config, &member->loop);

	if (status != OK)
		return fault_set(why, status, "", "host %s cannot start: %s", config.host.name,
				 status_text(status));
	loop_run(member->loop);
	reason = act_host_reason(loop_host(member->loop));
	loop_close(member->loop);
	peer_free(member->peer);
	if (reason == ACT_SHUTDOWN || reason == ACT_NORMAL)
		return OK;
	return fault_set(why, INTERNAL, "", "host %s failed again and again", config.host.name);
}

static enum status begin(struct member *member, int argc, char **argv, struct fault *why)
{
	const char *folder = member->program->folder;
	enum status status;

	TRY(find_host(member, argc, argv, why));
	if (member->index > 0)
		return OK;
	status = loop_files()->mkdir(loop_files()->self, folder, 0700);
	if (status != OK && status != EXISTS)
		return fault_set(why, status, "folder", "cannot make %s: %s", folder,
				 status_text(status));
	return plan_root(member, argc, argv, why);
}

int act_program_run(const struct act_program *program, int argc, char **argv)
{
	struct arena *arena = arena_new(0);
	struct member *member = arena_new_of(arena, struct member);
	struct fault why = { 0 };
	enum status status;

	member->program = program;
	member->self = member;
	member->arena = arena;
	status = begin(member, argc, argv, &why);
	if (status == OK)
		status = run(member, &why);
	if (status != OK)
		fprintf(stderr, "%s\n", why.text);
	arena_free(arena);
	return status == OK ? 0 : 1;
}
