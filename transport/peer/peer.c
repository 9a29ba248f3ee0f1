#include "transport/peer/peer.h"

#include <stdlib.h>

#include "runtime/base/base.h"
#include "transport/peer/inbox.h"
#include "transport/peer/peer-private.h"

struct mono peer_now(const struct peer *hub)
{
	return hub->clock.mono(hub->clock.self);
}

/* ---- finding ---- */

static struct list *bucket_of(struct peer *hub, uint32_t node, uint16_t host)
{
	return &hub->buckets[(node * 31 + host) % PEER_BUCKETS];
}

static struct link *find(struct peer *hub, uint32_t node, uint16_t host)
{
	list_each (bucket_of(hub, node, host), at) {
		struct link *link = list_item(at, struct link, bucket);

		if (link->key.node == node && link->key.host == host)
			return link;
	}
	return NULL;
}

struct str peer_node_name(const struct peer *hub, uint32_t node)
{
	if (node == hub->self.node)
		return hub->node_name;
	for (uint32_t i = 0; i < hub->links.len; i++)
		if (hub->links.at[i]->key.node == node)
			return hub->links.at[i]->node_name;
	return STR_NONE;
}

static struct link *add(struct peer *hub, const struct seams_place *entry)
{
	struct link *link;

	if (hub->links.len == LIMIT_PEERS)
		return NULL;
	link = link_new(hub, entry);
	vec_push(&hub->links, link);
	list_push(bucket_of(hub, entry->node, entry->host), &link->bucket);
	return link;
}

struct link *peer_find_or_add(struct peer *hub, struct seams_peer key, struct str address)
{
	struct link *link = find(hub, key.node, key.host);
	struct str name;

	if (link != NULL)
		return link;
	name = peer_node_name(hub, key.node);
	if (name.len == 0)
		return NULL;
	return add(hub,
		   &(struct seams_place){
		       .node = key.node, .node_name = name, .host = key.host, .address = address });
}

/* ---- sending ---- */

static void flush(void *arg)
{
	struct peer *hub = arg;

	while (!list_is_empty(&hub->due)) {
		struct link *link = list_item(hub->due.next, struct link, due);

		list_remove(&link->due);
		link_flush(link);
	}
}

bool peer_flush_soon(struct peer *hub, struct link *link)
{
	if (hub->net.loop == NULL)
		return false;
	list_remove(&link->due);
	list_push(&hub->due, &link->due);
	loop_soon(hub->net.loop, &hub->soon);
	return true;
}

/* ---- time ---- */

static void turn(void *arg);

void peer_wake_by(struct peer *hub, struct mono at)
{
	if (hub->is_turning || hub->is_closing || at.ns >= hub->wake.ns)
		return; /* a turn sees to it at its end */
	hub->wake = at;
	hub->turns++;
	hub->owner.call_at(hub->owner.self, at, turn, hub);
}

static void take_turn(struct peer *hub)
{
	struct mono now = peer_now(hub), next;
	/* We slept, not they: what they sent meanwhile is still to be read. */
	bool was_late = now.ns - hub->wake.ns > hub->dead_ms * TIME_MS / 2;

	if (hub->is_closing || now.ns < hub->wake.ns)
		return; /* an earlier one saw to it */
	hub->wake = TIME_FAR;
	hub->is_turning = true;
	next = pipes_turn(&hub->pipes, now, was_late);
	for (uint32_t i = 0; i < hub->links.len; i++) {
		struct mono at;

		if (was_late)
			hub->links.at[i]->last_heard = now;
		at = link_turn(hub->links.at[i], now);
		next = at.ns < next.ns ? at : next;
	}
	inbox_retry(hub); /* what fails again asks for another turn */
	hub->is_turning = false;
	peer_wake_by(hub, next);
}

static void hub_free(struct peer *hub);

static void turn(void *arg)
{
	struct peer *hub = arg;

	assert(hub->turns > 0);
	hub->turns--;
	take_turn(hub);
	if (hub->is_retired && hub->turns == 0)
		hub_free(hub);
}

/* ---- the seam ---- */

static enum status seam_send(void *self, struct seams_peer to, struct str header, struct text *body)
{
	struct peer *hub = self;
	struct link *link;

	assert(header.len == ENVELOPE_BYTES && text_str(body).len <= LIMIT_MESSAGE_BYTES);
	if (hub->is_closing)
		return UNAVAILABLE; /* actors that end after the links have last words, too */
	if (to.node == hub->self.node && to.host == hub->self.host)
		return to.epoch != hub->self.epoch && to.epoch != 0 ? GONE : UNAVAILABLE;
	link = peer_find_or_add(hub, to, STR_NONE);
	return link != NULL ? link_send(link, to.epoch, header, body) : UNAVAILABLE;
}

static bool is_host_called(const struct link *link, struct str host)
{
	uint64_t number;

	if (host.at == NULL)
		return true;
	if (link->host_name.len > 0 && str_eq(link->host_name, host))
		return true;
	return str_to_u64(host, &number) == OK && number == link->key.host;
}

static enum status seam_resolve(void *self, struct str name, struct seams_peer *out)
{
	struct peer *hub = self;
	struct str host = name, node = str_cut(&host, '/');
	const struct link *best = NULL;

	for (uint32_t i = 0; i < hub->links.len; i++) {
		const struct link *link = hub->links.at[i];

		/* A node's main host is the one with the lowest number. */
		if (str_eq_nocase(link->node_name, node) && is_host_called(link, host) &&
		    (best == NULL || link->key.host < best->key.host))
			best = link;
	}
	if (best == NULL)
		return NOT_FOUND;
	*out = (struct seams_peer){ best->key.node, best->key.host, best->epoch };
	return OK;
}

static enum status seam_learn(void *self, const struct seams_place *place)
{
	return ((struct peer *)self)->is_closing ? UNAVAILABLE : peer_learn(self, place);
}

static void seam_forget(void *self, uint32_t node)
{
	peer_forget_node(self, node);
}

struct seams_link peer_seam(struct peer *peer)
{
	return (struct seams_link){ .self = peer,
				    .send = seam_send,
				    .resolve = seam_resolve,
				    .learn = seam_learn,
				    .forget = seam_forget };
}

/* ---- life ---- */

static struct str keep(struct str text)
{
	return text.len > 0 ? str_of(mem_copy(text.at, text.len), text.len) : STR_NONE;
}

static enum status check(const struct peer_config *config, struct fault *why)
{
	assert(config->self.node != 0 && config->self.epoch != 0);
	if (config->node_name.len == 0 || config->node_name.len > FRAME_TEXT_MAX ||
	    config->listen.len > FRAME_TEXT_MAX - 8 || config->advertise.len > FRAME_TEXT_MAX - 8)
		return fault_set(why, INVALID, "",
				 "a node's name or address is missing or too long");
	if (config->run_folder.len == 0 || config->run_folder.len > 90)
		return fault_set(why, INVALID, "",
				 "\"" STR_FMT "\" is too long for the path of a Unix socket",
				 STR_ARG(config->run_folder));
	if (config->listen.len > 0 && (config->client == NULL || config->server == NULL))
		return fault_set(why, INVALID, "", "links to other nodes need certificates");
	return OK;
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
	return value != 0 ? value : otherwise;
}

static void hub_free(struct peer *hub)
{
	vec_fini(&hub->strangers);
	vec_fini(&hub->links);
	mem_free((void *)(uintptr_t)hub->node_name.at);
	mem_free((void *)(uintptr_t)hub->run_folder.at);
	mem_free((void *)(uintptr_t)hub->address.at);
	tls_context_unref(hub->client);
	tls_context_unref(hub->server);
	mem_free(hub);
}

static struct peer *hub_new(const struct peer_config *config)
{
	struct peer *hub = mem_new(struct peer);

	hub->owner = config->owner;
	hub->net = (struct conn_net){ config->loop, &hub->operations };
	hub->soon.fn = flush;
	hub->soon.arg = hub;
	list_init(&hub->due);
	for (uint32_t i = 0; i < PEER_BUCKETS; i++)
		list_init(&hub->buckets[i]);
	hub->wake = TIME_FAR;
	hub->self = config->self;
	hub->clock = config->clock;
	hub->random = config->random;
	hub->faulty = config->faulty;
	hub->node_name = keep(config->node_name);
	hub->run_folder = keep(config->run_folder);
	hub->heartbeat_ms = or_default(config->heartbeat_ms, PEER_HEARTBEAT_MS);
	hub->dead_ms = or_default(config->dead_ms, PEER_DEAD_MS);
	hub->connect_ms = or_default(config->connect_ms, PEER_CONNECT_MS);
	assert(hub->dead_ms >= 3 * hub->heartbeat_ms);
	if (config->client != NULL)
		hub->client = tls_context_ref(config->client);
	if (config->server != NULL)
		hub->server = tls_context_ref(config->server);
	/* Numbers of sessions begin anywhere, so that a life that forgot to count its epoch is told apart all the same. */
	hub->random.fill(hub->random.self, &hub->next_session, sizeof hub->next_session);
	hub->next_session = (hub->next_session & 0x3fffffff) + 1;
	return hub;
}

/* Nothing calls back any more, and nng holds nothing of ours. */
static void finish(struct peer *hub)
{
	hub->is_closing = true;
	inbox_finish(hub);
	loop_soon_never(&hub->soon);
	for (uint32_t i = 0; i < hub->links.len; i++)
		link_free(hub->links.at[i]);
	vec_clear(&hub->links);
	pipes_finish(&hub->pipes);
	if (hub->net.loop == NULL)
		operations_stop(&hub->operations);
	pipes_fini(&hub->pipes);
	inbox_fini(hub);
}

enum status peer_open(const struct peer_config *config, struct peer **out, struct fault *why)
{
	struct frame_hello hello;
	struct peer *hub;
	enum status status;

	TRY(check(config, why));
	hub = hub_new(config);
	status = hub->net.loop == NULL ? operations_init(&hub->operations, &config->owner) : OK;
	if (status != OK) {
		hub_free(hub);
		return fault_set(why, status, "", "nng does not start");
	}
	pipes_init(&hub->pipes, &hub->net, or_default(config->greet_ms, PEER_GREET_MS));
	status = inbox_open(hub, config, why);
	if (status != OK) {
		finish(hub);
		peer_free(hub);
		return status;
	}
	hello = (struct frame_hello){ hub->node_name, hub->address };
	hub->hello_bytes = frame_hello_encode(&hello, hub->hello);
	*out = hub;
	return OK;
}

void peer_stop(struct peer *hub)
{
	if (hub->is_closing)
		return;
	hub->is_closing = true; /* nothing that is said of a loss leads to anything new */
	for (uint32_t i = 0; i < hub->links.len; i++)
		link_stop(hub->links.at[i]);
	finish(hub);
}

void peer_free(struct peer *hub)
{
	if (hub == NULL)
		return;
	if (hub->net.loop == NULL)
		operations_fini(&hub->operations);
	hub_free(hub);
}

void peer_retire(struct peer *hub)
{
	if (hub == NULL)
		return;
	assert(hub->is_closing && hub->net.loop != NULL);
	hub->is_retired = true;
	if (hub->turns == 0)
		hub_free(hub);
}

struct str peer_address(const struct peer *peer)
{
	return peer->address;
}

/* ---- the directory ---- */

enum status peer_learn(struct peer *hub, const struct seams_place *entry)
{
	struct link *link = find(hub, entry->node, entry->host);

	if (entry->node == 0 || entry->node_name.len == 0 ||
	    entry->node_name.len > FRAME_TEXT_MAX || entry->address.len > FRAME_TEXT_MAX)
		return INVALID;
	for (uint32_t i = 0; i < hub->links.len; i++) {
		const struct link *other = hub->links.at[i];

		if (other->key.node != entry->node &&
		    str_eq_nocase(other->node_name, entry->node_name))
			return INVALID;
	}
	if (link == NULL)
		return add(hub, entry) != NULL ? OK : BUSY;
	link_rename(link, entry);
	link_learn_epoch(link, entry->epoch);
	return OK;
}

void peer_forget_node(struct peer *hub, uint32_t node)
{
	for (uint32_t i = hub->links.len; i-- > 0;) {
		struct link *link = hub->links.at[i];

		if (link->key.node != node)
			continue;
		link_end(link, PEER_AWAY);
		vec_remove(&hub->links, i);
		link_free(link);
	}
}

/* ---- looking in ---- */

void peer_each(struct peer *hub, void (*each)(void *arg, const struct peer_info *info), void *arg)
{
	for (uint32_t i = 0; i < hub->links.len; i++) {
		const struct link *link = hub->links.at[i];

		each(arg, &(struct peer_info){
			      .peer = { link->key.node, link->key.host, link->epoch },
			      .node_name = link->node_name,
			      .host_name = link->host_name,
			      .address = link->address,
			      .state = link->state,
			      .last_heard = link->last_heard,
			      .sent_bytes = link->outbox.bytes_sent,
			      .received_bytes = link->received_bytes,
			      .waiting_bytes = link->outbox.waiting_bytes,
			      .sessions = link->sessions,
			  });
	}
}

void peer_stats(struct peer *hub, struct peer_stats *out)
{
	*out = hub->stats;
	for (uint32_t i = 0; i < hub->links.len; i++) {
		const struct outbox *box = &hub->links.at[i]->outbox;

		out->frames_sent += box->frames_sent;
		out->messages_sent += box->messages_sent;
		out->bytes_sent += box->bytes_sent;
	}
	if (hub->client != NULL)
		out->refusals += tls_context_refusals(hub->client, &out->last_refusal);
	if (hub->server != NULL) {
		struct fault last;
		uint64_t refusals = tls_context_refusals(hub->server, &last);

		out->refusals += refusals;
		if (refusals > 0)
			out->last_refusal = last;
	}
}
