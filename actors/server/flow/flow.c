#include "actors/server/flow/flow.h"

#include "actors/server/flow/flow-private.h"
#include "actors/server/server-private.h"

#define GROUP STR("flowcontrol.apiserver.k8s.io")
#define WAIT_FRACTION 4 /* of its time a request waits a quarter, as upstream's */
#define WAIT_MS_MAX 60000
#define WAITING_BYTES_MAX (64ULL * MIB) /* of their bodies */
#define PUMP_MAX 64U                    /* requests that go on in one turn */
#define SPARE_MAX 256U

struct flow_due {
	char nothing;
};
static const ACT_TYPE(flow_due, .id = 0);

static struct cache *cache_of(const struct server *server, struct str name)
{
	const struct resource *resource = resources_find(server->resources, GROUP, STR("v1"), name);

	return resource != NULL ? resource->cache : NULL;
}

static uint32_t or_else(uint32_t value, uint32_t usual)
{
	return value > 0 ? value : usual;
}

struct flow *flow_new(struct server *server)
{
	const struct server_config *config = server->config;
	struct flow *flow = mem_new(struct flow);

	list_init(&flow->ready);
	list_init(&flow->waiting);
	list_init(&flow->running);
	list_init(&flow->lingering);
	flow->parts.at = act_now(server->act);
	flow->schemas = cache_of(server, STR("flowschemas"));
	flow->configurations = cache_of(server, STR("prioritylevelconfigurations"));
	levels_init(&flow->levels,
		    or_else(config->in_flight_max, LIMIT_IN_FLIGHT) +
			or_else(config->mutating_max, LIMIT_IN_FLIGHT_MUTATING),
		    &flow->ready, act_now(server->act));
	return flow;
}

/* ---- tickets --------------------------------------------------------------------------------------------------- */

static struct flow_ticket *ticket_of(struct list *link)
{
	return list_item(link, struct flow_ticket, link);
}

static struct flow_ticket *ticket_new(struct flow *flow)
{
	struct flow_ticket *ticket = flow->spare;

	if (ticket == NULL)
		return mem_alloc(sizeof *ticket);
	flow->spare = (struct flow_ticket *)(void *)ticket->request;
	flow->spare_count--;
	return ticket;
}

static void ticket_free(struct flow *flow, struct flow_ticket *ticket)
{
	list_remove(&ticket->link);
	list_remove(&ticket->fair.link);
	level_schema_done(ticket->schema);
	if (flow->spare_count == SPARE_MAX) {
		mem_free(ticket);
		return;
	}
	ticket->request = (struct request *)(void *)flow->spare;
	flow->spare = ticket;
	flow->spare_count++;
}

static void free_all(struct list *tickets)
{
	list_each (tickets, link)
		mem_free(ticket_of(link));
}

void flow_free(struct flow *flow)
{
	struct flow_ticket *next;

	if (flow == NULL)
		return;
	free_all(&flow->waiting);
	free_all(&flow->running);
	free_all(&flow->lingering);
	for (struct flow_ticket *ticket = flow->spare; ticket != NULL; ticket = next) {
		next = (struct flow_ticket *)(void *)ticket->request;
		mem_free(ticket);
	}
	levels_fini(&flow->levels);
	map_fini(&flow->watches);
	mem_free(flow);
}

/* ---- time --------------------------------------------------------------------------------------------------------- */

static void arm(struct server *server, struct mono at)
{
	struct flow *flow = server->flow;
	int64_t left_ns = at.ns - act_now(server->act).ns;

	if (flow->timer != 0 && flow->due.ns <= at.ns)
		return;
	act_cancel(server->act, flow->timer);
	flow->due = at;
	flow->timer =
	    act_after(server->act, left_ns > 0 ? (uint64_t)((left_ns + TIME_MS - 1) / TIME_MS) : 0,
		      &flow_due_type, &(struct flow_due){ 0 });
}

/* For the first of those that wait or linger. The latter stand in the order in which they end. */
static void arm_next(struct server *server)
{
	struct flow *flow = server->flow;
	struct mono next = { INT64_MAX };

	list_each (&flow->waiting, link)
		if (ticket_of(link)->until.ns < next.ns)
			next = ticket_of(link)->until;
	if (!list_is_empty(&flow->lingering) && ticket_of(flow->lingering.next)->until.ns < next.ns)
		next = ticket_of(flow->lingering.next)->until;
	if (next.ns != INT64_MAX)
		arm(server, next);
}

/* ---- the way in --------------------------------------------------------------------------------------------------- */

static struct flow_ticket *classify(struct flow *flow, struct request *r, uint64_t *out_flow)
{
	struct flow_asked asked = { &r->user, &r->route, r->asked.path };
	struct flow_ticket *ticket = ticket_new(flow);
	struct str by;

	levels_refresh(&flow->levels, flow->schemas, flow->configurations, act_now(r->server->act));
	*ticket = (struct flow_ticket){ .request = r,
					.verb = r->route.verb,
					.body_bytes = r->asked.body.len };
	ticket->schema = levels_match(&flow->levels, &asked);
	ticket->schema->tickets++;
	ticket->fair.counts = &ticket->schema->counts;
	ticket->fair.is_patient = r->asked.is_trusted;
	list_init(&ticket->link);
	flow_width(ticket, r);
	*out_flow = 0;
	if (ticket->schema->level->queue.limits.lanes > 0) {
		by = level_schema_distinguisher(ticket->schema, &asked);
		*out_flow = hash_bytes(hash_str(ticket->schema->name), by.at, by.len);
	}
	return ticket;
}

static void refuse(struct flow_ticket *ticket, enum level_refusal why, struct mono now)
{
	struct level *level = ticket->schema->level;

	ticket->schema->refused[why]++;
	if (why == LEVEL_CANCELLED)
		return;
	level->refused++;
	ticket->retry_after_s = level_retry_after(level, now);
}

/* Of what it was given: that a write has less of it in the store does not count here. */
static int64_t wait_ns(const struct request *r)
{
	int64_t given_ns = or_else(r->server->config->request_ms, LIMIT_REQUEST_MS) * TIME_MS;

	if (r->options.deadline_ns > 0 && r->options.deadline_ns < given_ns)
		given_ns = r->options.deadline_ns;
	return given_ns / WAIT_FRACTION < WAIT_MS_MAX * TIME_MS ? given_ns / WAIT_FRACTION
								: WAIT_MS_MAX * TIME_MS;
}

static void begin_wait(struct server *server, struct flow_ticket *ticket)
{
	struct flow *flow = server->flow;

	ticket->until.ns = ticket->fair.arrived.ns + wait_ns(ticket->request);
	list_push(&flow->waiting, &ticket->link);
	flow->waiting_count++;
	flow_count(flow, ticket, FLOW_WAITING, 1, ticket->fair.arrived);
	flow->waiting_bytes += ticket->body_bytes;
	arm(server, ticket->until);
}

static void end_wait(struct flow *flow, struct flow_ticket *ticket, bool is_served, struct mono now)
{
	list_remove(&ticket->link);
	flow->waiting_count--;
	flow_count(flow, ticket, FLOW_WAITING, -1, now);
	flow->waiting_bytes -= ticket->body_bytes;
	flow_tally(&ticket->schema->waits[is_served], FLOW_SECONDS,
		   (double)(now.ns - ticket->fair.arrived.ns) / TIME_S);
}

static void begin_run(struct flow *flow, struct flow_ticket *ticket, struct mono now)
{
	flow_count(flow, ticket, FLOW_EXECUTING, 1, now);
	ticket->schema->dispatched++;
	list_push(&flow->running, &ticket->link);
}

static bool is_full(const struct flow *flow, const struct flow_ticket *ticket)
{
	return flow->waiting_count >= FLOW_WAITING_MAX ||
	       flow->waiting_bytes + ticket->body_bytes > WAITING_BYTES_MAX;
}

static void enter(struct request *r)
{
	struct server *server = r->server;
	struct mono now = act_now(server->act);
	struct flow *flow = server->flow;
	uint64_t number;
	struct flow_ticket *ticket = r->flow = classify(flow, r, &number);
	struct fair_queue *queue = &ticket->schema->level->queue;
	bool has_lanes = queue->limits.lanes > 0;
	enum fair_state state = fair_queue_enter(queue, &ticket->fair, number, now);

	if (has_lanes && state != FAIR_OVER)
		flow_tally(&ticket->schema->lengths, FLOW_LENGTHS, ticket->fair.lane->waiting);
	if (state == FAIR_WAITS && is_full(flow, ticket))
		state = fair_queue_leave(&ticket->fair, now);
	if (state == FAIR_OVER)
		refuse(ticket, has_lanes ? LEVEL_QUEUE_FULL : LEVEL_NO_SEAT, now);
	if (state == FAIR_WAITS)
		begin_wait(server, ticket);
	else if (has_lanes)
		flow_tally(&ticket->schema->waits[state == FAIR_RUNS], FLOW_SECONDS, 0);
	if (state == FAIR_RUNS)
		begin_run(flow, ticket, now);
	else if (state == FAIR_OVER)
		list_push(&flow->running, &ticket->link); /* it is to be found, too */
}

enum next flow_enter(struct request *r)
{
	if (r->flow == NULL) {
		if (route_is_long(&r->route) && r->route.verb != VERB_WATCH)
			return NEXT;
		enter(r);
	}
	if (r->flow->fair.state == FAIR_RUNS)
		return NEXT;
	return r->flow->fair.state == FAIR_WAITS ? WAIT : DONE;
}

uint32_t flow_retry_after(const struct request *r)
{
	return r->flow != NULL ? r->flow->retry_after_s : 1;
}

bool flow_uids(const struct request *r, struct str *out_schema, struct str *out_level)
{
	if (r->flow == NULL)
		return false;
	*out_schema = r->flow->schema->uid;
	*out_level = r->flow->schema->level->uid;
	return true;
}

/* ---- the way out -------------------------------------------------------------------------------------------------- */

static void linger(struct server *server, struct flow_ticket *ticket, struct mono now)
{
	struct list *before = &server->flow->lingering;

	ticket->request = NULL;
	ticket->until.ns = now.ns + ticket->fair.linger_ns;
	while (before->prev != &server->flow->lingering &&
	       ticket_of(before->prev)->until.ns > ticket->until.ns)
		before = before->prev;
	list_push(before, &ticket->link);
	arm(server, ticket->until);
}

void flow_end(struct server *server, struct flow_ticket *ticket)
{
	struct mono now = act_now(server->act);

	if (ticket == NULL)
		return;
	if (ticket->fair.state == FAIR_WAITS) {
		ticket->request = NULL;
		refuse(ticket, LEVEL_CANCELLED, now);
		end_wait(server->flow, ticket, false, now);
		fair_queue_leave(&ticket->fair, now);
	} else if (ticket->fair.state == FAIR_RUNS) {
		if (!list_is_empty(&ticket->fair.link)) /* it had not heard yet */
			end_wait(server->flow, ticket, true, now);
		else
			flow_count(server->flow, ticket, FLOW_EXECUTING, -1, now);
		list_remove(&ticket->link);
		flow_tally(&ticket->schema->runs[ticket->verb], FLOW_SECONDS,
			   (double)(now.ns - ticket->fair.started.ns) / TIME_S);
		if (fair_queue_leave(&ticket->fair, now) == FAIR_LINGERS) {
			linger(server, ticket, now);
			return;
		}
	}
	ticket_free(server->flow, ticket);
}

struct flow_ticket *flow_take(struct request *r)
{
	struct flow_ticket *ticket = r->flow;

	if (ticket != NULL)
		ticket->request = NULL;
	r->flow = NULL;
	return ticket;
}

void flow_leave(struct request *r)
{
	flow_end(r->server, flow_take(r));
}

/* ---- going on ------------------------------------------------------------------------------------------------------ */

/* Those whose time has come are refused when they are run again. */
static void end_waits(struct flow *flow, struct mono now)
{
	list_each (&flow->waiting, link) {
		struct flow_ticket *ticket = ticket_of(link);

		if (ticket->until.ns > now.ns || ticket->fair.state != FAIR_WAITS)
			continue;
		refuse(ticket, LEVEL_TIME_OUT, now);
		fair_queue_leave(&ticket->fair, now);
		end_wait(flow, ticket, false, now);
		list_push(&flow->running, &ticket->link);
		list_push(&flow->ready, &ticket->fair.link);
	}
}

static void end_lingering(struct flow *flow, struct mono now)
{
	while (!list_is_empty(&flow->lingering)) {
		struct flow_ticket *ticket = ticket_of(flow->lingering.next);

		if (ticket->until.ns > now.ns)
			return;
		fair_queue_release(&ticket->fair, now);
		ticket_free(flow, ticket);
	}
}

void flow_pump(struct server *server)
{
	struct flow *flow = server->flow;
	struct mono now;

	if (flow == NULL || list_is_empty(&flow->ready))
		return;
	now = act_now(server->act);
	for (uint32_t i = 0; i < PUMP_MAX && !list_is_empty(&flow->ready); i++) {
		struct flow_ticket *ticket =
		    list_item(flow->ready.next, struct flow_ticket, fair.link);

		list_remove(&ticket->fair.link);
		if (ticket->fair.state == FAIR_RUNS) {
			end_wait(flow, ticket, true, now);
			begin_run(flow, ticket, now);
		}
		request_run(ticket->request);
	}
	if (!list_is_empty(&flow->ready))
		arm(server, now);
}

bool flow_receive(struct server *server, const struct act_msg *msg)
{
	struct mono now;

	if (!ACT_IS(msg, flow_due))
		return false;
	if (server->flow == NULL || msg->tag != server->flow->timer)
		return true;
	now = act_now(server->act);
	server->flow->timer = 0;
	end_waits(server->flow, now);
	end_lingering(server->flow, now);
	arm_next(server);
	return true;
}

void flow_tick(struct server *server, struct mono now)
{
	if (server->flow != NULL)
		levels_tick(&server->flow->levels, now);
}
