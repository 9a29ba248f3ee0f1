/*
 * Links between simulated hosts: sessions that keep order, lose whole, and tell both ends.
 *
 * A session is OPEN at both ends, or on its way down: LOSING at the ends that have not been told, whose sends are swallowed (they
 * will be told), CLOSED at the others. It opens again by the first send once both ends are CLOSED and can reach each other.
 */
#include <stdio.h>
#include <string.h>

#include "runtime/base/hash.h"
#include "runtime/base/mem.h"
#include "runtime/sim/sim-private.h"

#define RESET_MAX_US 10000U /* until an end notices that the other's process is gone */

bool sim_is_cut(const struct act_sim *sim, uint32_t from, uint32_t to)
{
	for (uint32_t i = 0; i < sim->partitions.len; i++)
		if (sim->partitions.at[i].from == from && sim->partitions.at[i].to == to)
			return true;
	return false;
}

static bool link_is_cut(const struct act_sim *sim, const struct sim_session *session)
{
	uint32_t a = session->ends[0]->node->number, b = session->ends[1]->node->number;
	return a != b && (sim_is_cut(sim, a, b) || sim_is_cut(sim, b, a));
}

static struct sim_session *link_session(struct sim_host *from, struct sim_host *to, int *out_end)
{
	struct act_sim *sim = from->sim;

	for (uint32_t i = 0; i < sim->sessions.len; i++) {
		struct sim_session *session = sim->sessions.at[i];
		for (int end = 0; end < 2; end++) {
			if (session->ends[end] == from && session->ends[!end] == to) {
				*out_end = end;
				return session;
			}
		}
	}
	struct sim_session *session = mem_new(struct sim_session);
	session->ends[0] = from;
	session->ends[1] = to;
	vec_push(&sim->sessions, session);
	*out_end = 0;
	return session;
}

static void link_drop_parcels(struct sim_session *session)
{
	for (int end = 0; end < 2; end++) {
		while (session->first[end]) {
			struct sim_parcel *parcel = session->first[end];
			session->first[end] = parcel->next;
			mem_free(parcel);
		}
		session->last[end] = NULL;
	}
}

void sim_link_free(struct sim_session *session)
{
	link_drop_parcels(session);
	mem_free(session);
}

static void link_tell(struct act_sim *sim, struct sim_session *session, uint32_t end,
		      uint32_t max_us)
{
	sim_push(
	    sim, sim_between_us(sim, 1, max_us),
	    (struct sim_event){
		.kind = SIM_EVENT_LOST, .a = end, .number = session->number, .object = session });
}

/* What is under way is lost; each end that does not know yet learns it within max_us. */
static void link_break(struct act_sim *sim, struct sim_session *session, uint32_t max_us)
{
	session->number++;
	link_drop_parcels(session);
	for (uint32_t end = 0; end < 2; end++) {
		if (session->state[end] == SIM_CLOSED)
			continue;
		session->state[end] = SIM_LOSING;
		link_tell(sim, session, end, max_us);
	}
}

static void link_open(struct sim_session *session)
{
	session->number++;
	for (int end = 0; end < 2; end++) {
		session->state[end] = SIM_OPEN;
		session->epochs[end] = session->ends[end]->epoch;
		session->last_at_ns[end] = 0;
	}
}

/* ---- the directory --------------------------------------------------------------------------------------- */

static struct sim_known *link_known(struct sim_host *host, uint32_t node, uint16_t number)
{
	for (uint32_t i = 0; i < host->known.len; i++)
		if (host->known.at[i].node == node && host->known.at[i].host == number)
			return &host->known.at[i];
	return NULL;
}

/* Hosts of a node that one was told of are found by their own hello. */
static bool link_lets_in(const struct sim_host *host, const struct sim_host *other)
{
	for (uint32_t i = 0; i < host->known.len; i++)
		if (host->known.at[i].node == other->node->number)
			return true;
	return host->known.len == 0;
}

static enum status link_learn(void *self, const struct seams_place *place)
{
	struct sim_host *host = self;
	struct sim_known *known = link_known(host, place->node, place->host);

	if (place->node_name.len == 0 || place->node_name.len >= sizeof known->node_name ||
	    place->host_name.len >= sizeof known->host_name)
		return INVALID;
	if (!known)
		known = vec_add(&host->known);
	*known = (struct sim_known){ .node = place->node, .host = place->host };
	memcpy(known->node_name, place->node_name.at, place->node_name.len);
	if (place->host_name.len)
		memcpy(known->host_name, place->host_name.at, place->host_name.len);
	return OK;
}

static void link_forget(void *self, uint32_t node)
{
	struct sim_host *host = self;
	struct act_sim *sim = host->sim;

	for (uint32_t i = host->known.len; i-- > 0;)
		if (host->known.at[i].node == node)
			vec_remove(&host->known, i);
	for (uint32_t i = 0; i < sim->sessions.len; i++) {
		struct sim_session *session = sim->sessions.at[i];
		bool is_ours = session->ends[0] == host || session->ends[1] == host;
		const struct sim_host *other = session->ends[session->ends[0] == host];

		if (is_ours && other->node->number == node)
			link_break(sim, session, RESET_MAX_US);
	}
}

/* As the links of the machine do: a node's main host is the one with the lowest number. */
static enum status link_resolve_known(const struct sim_host *from, struct str name,
				      struct seams_peer *out)
{
	struct str host = name, node = str_cut(&host, '/');
	const struct sim_known *best = NULL;

	for (uint32_t i = 0; i < from->known.len; i++) {
		const struct sim_known *known = &from->known.at[i];

		if (str_is(node, known->node_name) &&
		    (host.at == NULL || str_is(host, known->host_name)) &&
		    (best == NULL || known->host < best->host))
			best = known;
	}
	if (best == NULL)
		return NOT_FOUND;
	*out = (struct seams_peer){ best->node, best->host, 0 };
	return OK;
}

/* ---- the seam ------------------------------------------------------------------------------------------ */

static void link_enqueue(struct act_sim *sim, struct sim_session *session, int end,
			 struct str header, const struct text *body)
{
	struct sim_parcel *parcel = mem_alloc(sizeof *parcel + header.len + body->len);
	int64_t at_ns =
	    sim->now_ns + sim_between_us(sim, sim->net.delay_min_us, sim->net.delay_max_us);

	if (at_ns <= session->last_at_ns[end])
		at_ns = session->last_at_ns[end] + 1;
	session->last_at_ns[end] = at_ns;
	parcel->next = NULL;
	parcel->at_ns = at_ns;
	parcel->len = header.len + body->len;
	memcpy(parcel->bytes, header.at, header.len);
	if (body->len)
		memcpy(parcel->bytes + header.len, body->at, body->len);
	if (session->last[end])
		session->last[end]->next = parcel;
	else
		session->first[end] = parcel;
	session->last[end] = parcel;
	sim_push(sim, at_ns - sim->now_ns,
		 (struct sim_event){ .kind = SIM_EVENT_PUMP,
				     .a = (uint32_t)end,
				     .number = session->number,
				     .object = session });
}

static enum status link_send(void *self, struct seams_peer to, struct str header, struct text *body)
{
	struct sim_host *from = self;
	struct act_sim *sim = from->sim;
	struct sim_host *target = sim_host_find(sim, to.node, to.host);
	int end;

	if (!target || target == from || !link_lets_in(from, target))
		return UNAVAILABLE;
	struct sim_session *session = link_session(from, target, &end);
	if (session->state[end] == SIM_CLOSED) {
		if (!target->host || link_is_cut(sim, session) || !link_lets_in(target, from))
			return UNAVAILABLE;
		if (session->state[!end] != SIM_CLOSED) {
			/* Our knocking tells the other end that we have lived anew. */
			link_tell(sim, session, (uint32_t)!end, 1);
			return UNAVAILABLE;
		}
		link_open(session);
	}
	if (to.epoch && to.epoch != session->epochs[!end])
		return GONE;
	if (session->state[end] == SIM_LOSING)
		return OK; /* lost, and this end is about to be told */
	if (sim->net.break_per_million && sim_below(sim, 1000000) < sim->net.break_per_million) {
		link_break(sim, session, RESET_MAX_US);
		return OK;
	}
	link_enqueue(sim, session, end, header, body);
	return OK;
}

/* "n<node>" or "n<node>/<host>". */
static enum status link_resolve(void *self, struct str name, struct seams_peer *out)
{
	struct sim_host *from = self;
	uint64_t node, number = 0;
	struct str rest = name;
	struct str first = str_cut(&rest, '/');

	if (from->known.len > 0)
		return link_resolve_known(from, name, out);
	if (first.len < 2 || first.at[0] != 'n' ||
	    str_to_u64(str_slice(first, 1, first.len), &node) != OK || node > UINT32_MAX ||
	    (rest.at && (str_to_u64(rest, &number) != OK || number > UINT16_MAX)))
		return NOT_FOUND;
	for (uint32_t i = 0; i < from->sim->hosts.len; i++) {
		const struct sim_host *host = from->sim->hosts.at[i];
		if (host->node->number != node || (rest.at && host->config.host != number))
			continue;
		*out = (struct seams_peer){ (uint32_t)node, host->config.host, 0 };
		return OK;
	}
	return NOT_FOUND;
}

void sim_link_seam(struct sim_host *host, struct seams_link *out)
{
	*out = (struct seams_link){ host, link_send, link_resolve, link_learn, link_forget };
}

/* ---- events ---------------------------------------------------------------------------------------------- */

void sim_link_pump(struct act_sim *sim, const struct sim_event *event)
{
	struct sim_session *session = event->object;
	uint32_t end = event->a;
	struct sim_host *to = session->ends[!end];
	struct sim_parcel *parcel = session->first[end];

	if (session->number != event->number || !parcel || parcel->at_ns > sim->now_ns ||
	    !to->host || to->node->is_paused ||
	    sim_is_cut(sim, session->ends[end]->node->number, to->node->number))
		return;
	session->first[end] = parcel->next;
	if (!parcel->next)
		session->last[end] = NULL;
	const struct seams_peer from = { session->ends[end]->node->number,
					 session->ends[end]->config.host, session->epochs[end] };
	sim_mix(sim, hash_bytes(parcel->len, parcel->bytes, parcel->len));
	act_host_receive(to->host, from, str_of(parcel->bytes, parcel->len));
	mem_free(parcel);
	sim_host_wake(to);
}

/* What could not arrive while the nodes were parted or paused arrives now. */
static void link_pump_again(struct act_sim *sim, struct sim_session *session)
{
	for (uint32_t end = 0; end < 2; end++) {
		for (struct sim_parcel *at = session->first[end]; at; at = at->next) {
			int64_t delay_ns = at->at_ns > sim->now_ns ? at->at_ns - sim->now_ns : 0;
			sim_push(sim, delay_ns,
				 (struct sim_event){ .kind = SIM_EVENT_PUMP,
						     .a = end,
						     .number = session->number,
						     .object = session });
		}
	}
}

void sim_link_healed(struct act_sim *sim)
{
	for (uint32_t i = 0; i < sim->sessions.len; i++)
		link_pump_again(sim, sim->sessions.at[i]);
}

void sim_link_partitioned(struct act_sim *sim, uint32_t from, uint32_t to)
{
	for (uint32_t i = 0; i < sim->sessions.len; i++) {
		struct sim_session *session = sim->sessions.at[i];
		uint32_t a = session->ends[0]->node->number, b = session->ends[1]->node->number;
		if ((a != from || b != to) && (a != to || b != from))
			continue;
		sim_push(sim, (int64_t)sim->net.detect_ms * TIME_MS,
			 (struct sim_event){ .kind = SIM_EVENT_DETECT,
					     .number = session->number,
					     .object = session });
	}
}

void sim_link_detect(struct act_sim *sim, const struct sim_event *event)
{
	struct sim_session *session = event->object;
	bool is_silent = link_is_cut(sim, session) || session->ends[0]->node->is_paused ||
			 session->ends[1]->node->is_paused;

	if (session->number == event->number && is_silent)
		link_break(sim, session, sim->net.detect_ms * 250);
}

void sim_link_lost(struct act_sim *sim, const struct sim_event *event)
{
	struct sim_session *session = event->object;
	uint32_t end = event->a;
	struct sim_host *host = session->ends[end];

	(void)sim;
	if (session->number != event->number || session->state[end] != SIM_LOSING)
		return;
	session->state[end] = SIM_CLOSED;
	if (!host->host)
		return;
	const struct seams_peer peer = { session->ends[!end]->node->number,
					 session->ends[!end]->config.host, session->epochs[!end] };
	act_host_lost(host->host, peer);
	sim_host_wake(host);
}

void sim_link_host_died(struct sim_host *host, bool is_silent)
{
	struct act_sim *sim = host->sim;

	for (uint32_t i = 0; i < sim->sessions.len; i++) {
		struct sim_session *session = sim->sessions.at[i];
		for (int end = 0; end < 2; end++) {
			if (session->ends[end] != host)
				continue;
			/* Its own end has nobody to tell; the other notices a reset soon, silence late. */
			session->state[end] = SIM_CLOSED;
			if (session->state[!end] == SIM_OPEN)
				link_break(sim, session,
					   is_silent ? sim->net.detect_ms * 1000 : RESET_MAX_US);
		}
	}
}
