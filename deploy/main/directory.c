#include "deploy/main/directory.h"

#include "datastore/store/store.h"
#include "runtime/base/log.h"

#define RETRY_MS 500U

struct directory {
	struct process *process;
	struct act_ref store;
	uint64_t monitor;
	struct map known; /* names of members; the value says that the last list had it */
};

struct directory_retry {
	char nothing;
};
static const ACT_TYPE(directory_retry, .id = 0);

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

static void learn(struct process *process, struct str node, struct str address,
		  enum process_host host)
{
	struct peer_entry entry = { .node = process_node_number(node),
				    .node_name = node,
				    .host = (uint16_t)host,
				    .host_name = str_from(process_host_name(host)),
				    .address = address };
	enum status status = peer_learn(process->peer, &entry);

	if (status != OK)
		log_warn("directory", "cannot learn a peer", LOG_STR("node", node),
			 LOG_STATUS(status));
}

void directory_learn_own(struct process *process)
{
	struct str self = str_from(process->identity.name), rest = str_from(process->identity.peers);
	struct directory_peer peer;

	for (int host = PROCESS_CORE; host < PROCESS_HOSTS; host++)
		if (host != (int)process->host)
			learn(process, self, STR_NONE, (enum process_host)host);
	while (directory_next_peer(&rest, &peer))
		if (!str_eq(peer.name, self))
			learn(process, peer.name, peer.address, PROCESS_CORE);
}

/* ---- following the members ----------------------------------------------------------------------------- */

static void take_members(struct directory *directory, const struct store_status *status)
{
	struct process *process = directory->process;
	struct str self = str_from(process->identity.name), name;
	void *value;

	for (uint32_t i = 0; i < status->member_count; i++) {
		const struct store_member *member = &status->members[i];

		if (str_eq(member->name, self))
			continue;
		learn(process, member->name, member->address, PROCESS_CORE);
		map_put(&directory->known, member->name, directory);
	}
	for (uint32_t at = 0;
	     status->member_count > 0 && map_next(&directory->known, &at, &name, &value);) {
		bool is_listed = false;

		for (uint32_t i = 0; i < status->member_count; i++)
			is_listed = is_listed || str_eq(status->members[i].name, name);
		if (is_listed)
			continue;
		log_info("directory", "a member left", LOG_STR("node", name));
		peer_forget_node(process->peer, process_node_number(name));
		map_remove(&directory->known, name);
	}
}

static void retry(struct act *act)
{
	act_after(act, RETRY_MS, &directory_retry_type, &(struct directory_retry){ 0 });
}

/* Subscribing again after each end of the store: it may have been another life, or the link to it. */
static void subscribe(struct directory *directory, struct act *act)
{
	directory->store = act_named(act, directory->process->host == PROCESS_CORE
					      ? "store"
					      : arena_printf(act_arena(act), "store@%s/core",
							     directory->process->identity.name)
						    .at);
	directory->monitor = act_monitor(act, directory->store);
	if (act_tell(act, directory->store, store_status_watch, .is_end = false) != OK) {
		act_demonitor(act, directory->monitor);
		retry(act);
	}
}

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct directory *directory = state;

	if (ACT_IS(msg, store_status))
		take_members(directory, msg->body);
	else if (ACT_IS(msg, act_down))
		retry(act);
	else if (ACT_IS(msg, directory_retry))
		subscribe(directory, act);
	else
		return ACT_UNHANDLED;
	return ACT_OK;
}

static void forget(void *known)
{
	map_fini(known);
}

static enum status init(struct act *act, void *state, const void *args)
{
	struct directory *directory = state;

	directory->process = (struct process *)(uintptr_t)args;
	act_own(act, forget, &directory->known);
	subscribe(directory, act);
	return OK;
}

const struct act_class directory_class = { .name = "directory",
					   .state_size = sizeof(struct directory),
					   .init = init,
					   .receive = receive };
