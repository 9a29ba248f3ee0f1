#include "deploy/main/host/directory.h"

#include <stdio.h>

#include "datastore/store/store.h"
#include "deploy/cluster/node-record.h"
#include "deploy/main/host/members-file.h"
#include "runtime/base/log.h"

#define RETRY_MS 100U
#define WRITE_AGAIN_MS 5000U
#define ASK_MS 10000U
#define WATCH 1U
#define TAG_RANGE 1U
#define TAG_WATCH 2U
#define TAG_WRITTEN 3U
#define DIRECTORY_PLACE_MAX 80U
#define NODE_RECORD_END "/troupe/nodes0" /* '0' follows '/' */

struct directory {
	struct process *process;
	uint64_t monitor;  /* of the store */
	struct map listed; /* names of the datastore's members */
	struct text members; /* what is to be in the file of members; as long as it is written it stays */
	bool is_retrying, is_writing, is_to_be_written;
};

struct directory_retry {
	char nothing;
};
static const ACT_TYPE(directory_retry, .id = 0);
struct directory_write {
	char nothing;
};
static const ACT_TYPE(directory_write, .id = 0);

bool directory_next_peer(struct str *rest, struct directory_peer *out)
{
	while (rest->at != NULL && rest->len > 0) {
		struct str address = str_cut(rest, ','), name = str_cut(&address, '@');

		if (address.at == NULL || name.len == 0)
			continue;
		*out = (struct directory_peer){ name, address };
		return true;
	}
	return false;
}

static const struct seams_link *links(struct act *act)
{
	return &act_host_seams(act_host_of(act))->link;
}

static void learn(struct act *act, struct str node, struct str address, enum process_host host)
{
	struct seams_place place = { .node = process_node_number(node),
				     .node_name = node,
				     .host = (uint16_t)host,
				     .host_name = str_from(process_host_name(host)),
				     .address = address };
	enum status status = links(act)->learn(links(act)->self, &place);

	if (status != OK)
		log_warn("directory", "cannot learn a peer", LOG_STR("node", node),
			 LOG_STATUS(status));
}

void directory_learn(struct act *act, struct str node, struct str place)
{
	learn(act, node, place, PROCESS_CORE);
}

void directory_forget(struct act *act, struct str node)
{
	links(act)->forget(links(act)->self, process_node_number(node));
}

static void learn_list(struct act *act, struct str self, struct str list)
{
	struct directory_peer peer;

	while (directory_next_peer(&list, &peer))
		if (!str_eq(peer.name, self))
			learn(act, peer.name, peer.address, PROCESS_CORE);
}

void directory_learn_own(struct act *act, const struct process *process)
{
	struct str self = str_from(process->identity.name);
	struct arena *arena = arena_new(0);

	for (int host = PROCESS_CORE; host < PROCESS_HOSTS; host++)
		if (host != (int)process->host)
			learn(act, self, STR_NONE, (enum process_host)host);
	learn_list(act, self, str_from(process->identity.peers));
	/* What the store will say, too; but it may not be able to. */
	learn_list(act, self, directory_members(act, process, arena));
	arena_free(arena);
}

struct str directory_members(struct act *act, const struct process *process, struct arena *arena)
{
	return members_file_read(&act_seams(act)->files, process->dir.path, arena);
}

/* ---- following the records ------------------------------------------------------------------------------ */

static void take_record(struct directory *directory, struct act *act, struct str value)
{
	char place[DIRECTORY_PLACE_MAX];
	struct node_record record;

	if (node_record_decode(value, &record) != OK) {
		log_warn("directory", "a node's record cannot be read");
		return;
	}
	if (str_is(record.name, directory->process->identity.name))
		return;
	snprintf(place, sizeof place,
		 str_find_char(record.address, ':') >= 0 ? "[" STR_FMT "]:%u" : STR_FMT ":%u",
		 STR_ARG(record.address), record.link_port);
	/* Where a member is its cluster has agreed upon; its record follows when it is ready. */
	if (!map_has(&directory->listed, record.name))
		learn(act, record.name, str_from(place), PROCESS_CORE);
}

static void take_removal(struct directory *directory, struct act *act, struct str key)
{
	struct str name = str_slice(key, sizeof NODE_RECORD_KEYS - 1, key.len);

	if (str_is(name, directory->process->identity.name))
		return;
	log_info("directory", "a node left", LOG_STR("node", name));
	map_remove(&directory->listed, name);
	directory_forget(act, name);
}

/*
 * The list of members is the log's, and there before anything is agreed upon: when all machines lost power at once, what the
 * records say may be agreed upon only after those that have a vote found each other.
 */
static void take_members(struct directory *directory, struct act *act,
			 const struct store_status *status)
{
	if (status->member_count > 0) {
		map_fini(&directory->listed);
		directory->listed = (struct map){ 0 };
	}
	for (uint32_t i = 0; i < status->member_count; i++) {
		const struct store_member *member = &status->members[i];

		if (str_is(member->name, directory->process->identity.name))
			continue;
		map_put(&directory->listed, member->name, directory);
		learn(act, member->name, member->address, PROCESS_CORE);
	}
}

/* ---- the file of members -------------------------------------------------------------------------------------- */

struct writing {
	const struct seams_files *files;
	const char *folder;
	struct str members;
	enum status status;
};

static void drop_writing(void *arg)
{
	struct writing *writing = arg;

	mem_free((char *)(uintptr_t)writing->members.at);
	mem_free(writing);
}

static void run_writing(void *arg)
{
	struct writing *writing = arg;

	writing->status = members_file_write(writing->files, writing->folder, writing->members);
}

static void write_members(struct directory *directory, struct act *act)
{
	struct writing *writing;

	if (directory->is_writing || !directory->is_to_be_written)
		return;
	directory->is_writing = true;
	directory->is_to_be_written = false;
	writing = mem_new(struct writing);
	writing->files = &act_seams(act)->files;
	writing->folder = directory->process->dir.path;
	writing->members = text_str(&directory->members);
	writing->members.at = mem_copy(writing->members.at, writing->members.len);
	act_job(act, NULL, run_writing, writing, drop_writing, TAG_WRITTEN);
}

static void written(struct directory *directory, struct act *act, struct writing *writing)
{
	bool is_written = writing->status == OK;

	if (!is_written)
		log_warn("directory", "the file of members cannot be written",
			 LOG_STATUS(writing->status));
	drop_writing(writing);
	directory->is_writing = false;
	if (is_written) {
		write_members(directory, act);
		return;
	}
	/* A disk may be full, for a while. */
	directory->is_to_be_written = true;
	act_after(act, WRITE_AGAIN_MS, &directory_write_type, &(struct directory_write){ 0 });
}

/* The others alone; without any there is nobody to ask, and what was known of others stays. */
static void keep_members(struct directory *directory, struct act *act,
			 const struct store_status *status)
{
	struct text text = text_new(MEMBERS_FILE_MAX);

	for (uint32_t i = 0; i < status->member_count; i++) {
		const struct store_member *member = &status->members[i];

		if (!str_is(member->name, directory->process->identity.name))
			text_printf(&text, "%s" STR_FMT "@" STR_FMT, text.len > 0 ? "," : "",
				    STR_ARG(member->name), STR_ARG(member->address));
	}
	if (text.len > 0 && !text.is_cut && !str_eq(text_str(&text), text_str(&directory->members))) {
		text_clear(&directory->members);
		text_add(&directory->members, text_str(&text));
		directory->is_to_be_written = true;
		write_members(directory, act);
	}
	text_fini(&text);
}

static void retry(struct directory *directory, struct act *act)
{
	if (directory->is_retrying)
		return;
	directory->is_retrying = true;
	act_after(act, RETRY_MS, &directory_retry_type, &(struct directory_retry){ 0 });
}

static void ask(struct directory *directory, struct act *act, const struct act_type *type,
		const void *body, struct arena *arena, uint64_t tag)
{
	if (act_request(act, act_named(act, "store"), type, body, ASK_MS, tag) == OK)
		return;
	arena_free(arena);
	retry(directory, act);
}

static void follow_store(struct directory *directory, struct act *act)
{
	struct act_ref store = act_named(act, "store");

	directory->monitor = act_monitor(act, store);
	if (act_tell(act, store, store_status_watch, .is_end = false) != OK) {
		act_demonitor(act, directory->monitor);
		directory->monitor = 0;
		retry(directory, act);
	}
}

/* Stale reads do: a node without a leader must find the others all the more. */
static void read_all(struct directory *directory, struct act *act)
{
	struct store_range range = { .arena = arena_new(0), .is_serializable = true };

	if (directory->monitor == 0)
		follow_store(directory, act);
	/* A witness has no records; the members are all that it has to know. */
	if (data_dir_is_witness(&directory->process->identity)) {
		arena_free(range.arena);
		return;
	}
	range.key = STR(NODE_RECORD_KEYS);
	range.end = STR(NODE_RECORD_END);
	ask(directory, act, &store_range_type, &range, range.arena, TAG_RANGE);
}

static void watch_from(struct directory *directory, struct act *act, uint64_t revision)
{
	struct store_watch watch = { .arena = arena_new(0),
				     .watch = WATCH,
				     .key = STR(NODE_RECORD_KEYS),
				     .end = STR(NODE_RECORD_END),
				     .from = revision + 1 };

	ask(directory, act, &store_watch_type, &watch, watch.arena, TAG_WATCH);
}

static void answered(struct directory *directory, struct act *act, const struct act_msg *msg)
{
	const struct store_range_answer *rows = msg->body;

	if (store_outcome(msg) != OK) {
		retry(directory, act);
		return;
	}
	if (msg->tag != TAG_RANGE)
		return;
	for (uint32_t i = 0; i < rows->row_count; i++)
		take_record(directory, act, rows->rows[i].value);
	watch_from(directory, act, rows->revision);
}

static void take_events(struct directory *directory, struct act *act,
			const struct store_events *events)
{
	if (events->status != OK) {
		retry(directory, act);
		return;
	}
	for (uint32_t i = 0; i < events->count; i++) {
		if (events->events[i].is_delete)
			take_removal(directory, act, events->events[i].row.key);
		else
			take_record(directory, act, events->events[i].row.value);
	}
	if (events->count > 0)
		(void)!act_tell(act, act_named(act, "store"), store_watch_credit, WATCH,
				events->count, events->bytes);
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct directory *directory = state;

	if (msg->kind == ACT_ANSWER) {
		answered(directory, act, msg);
	} else if (msg->kind == ACT_JOB) {
		written(directory, act, ACT_AS(msg, act_job_done)->arg);
	} else if (ACT_IS(msg, store_events)) {
		take_events(directory, act, msg->body);
	} else if (ACT_IS(msg, store_status)) {
		take_members(directory, act, msg->body);
		keep_members(directory, act, msg->body);
	} else if (ACT_IS(msg, act_down)) {
		directory->monitor = 0;
		retry(directory, act);
	} else if (ACT_IS(msg, directory_retry)) {
		directory->is_retrying = false;
		read_all(directory, act);
	} else if (ACT_IS(msg, directory_write)) {
		write_members(directory, act);
	} else {
		return ACT_UNHANDLED;
	}
	return ACT_OK;
}

/* What is there already is not written again. */
static void start_members(struct directory *directory, struct act *act)
{
	struct arena *arena = arena_new(0);

	text_add(&directory->members, directory_members(act, directory->process, arena));
	arena_free(arena);
}

static void release_names(void *arg)
{
	struct directory *directory = arg;

	map_fini(&directory->listed);
	text_fini(&directory->members);
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct directory *directory = state;

	directory->process = (struct process *)(uintptr_t)args;
	directory->members = text_new(MEMBERS_FILE_MAX);
	start_members(directory, act);
	act_own(act, release_names, directory);
	read_all(directory, act);
	return OK;
}

const struct act_class directory_class = { .name = "directory",
					   .state_size = sizeof(struct directory),
					   .init = init,
					   .receive = receive };
