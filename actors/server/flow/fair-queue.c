#include "actors/server/flow/fair-queue.h"

#include <math.h>

#define LANES_KEPT_MAX 1024U /* of a queue with more those that are not used are given back */

/* ---- time: to be brought up to date before anything changes ----------------------------------------------------- */

static double part_of(double of_it, double all)
{
	return of_it / (all > 0 ? all : 1);
}

/* What has been as it is since the last change. */
static void add_time(const struct fair_queue *queue, struct mono now, struct share_times *times)
{
	const struct fair_limits *limits = &queue->limits;
	double shares[SHARE_COUNT];

	if (now.ns <= queue->at.ns)
		return;
	shares[SHARE_WAITING] = part_of(queue->waiting, (double)limits->lanes * limits->length_max);
	shares[SHARE_RUNNING] = part_of(queue->running, limits->seats);
	shares[SHARE_SEATS] = part_of(queue->seats_used, limits->seats);
	shares[SHARE_DEMAND] =
	    part_of((double)queue->seats_used + queue->seats_waiting, limits->nominal);
	share_add(times, shares, now.ns - queue->at.ns);
}

struct share_times fair_queue_times(const struct fair_queue *queue, struct mono now)
{
	struct share_times times = queue->times;

	add_time(queue, now, &times);
	return times;
}

/* All active lanes are served evenly: with all seats, or as many as are wanted. */
static void pass(struct fair_queue *queue, struct mono now)
{
	double wanted = (double)queue->seats_used + queue->seats_waiting;
	double seconds = (double)(now.ns - queue->at.ns) / TIME_S;

	add_time(queue, now, &queue->times);
	queue->at = now;
	if (queue->active == 0 || seconds <= 0)
		return;
	if (wanted > queue->limits.seats)
		wanted = queue->limits.seats;
	queue->r += seconds * wanted / queue->active;
}

static void note_demand(struct fair_queue *queue)
{
	demand_set(&queue->demand, (double)queue->seats_used + queue->seats_waiting, queue->at);
}

/* ---- tickets ------------------------------------------------------------------------------------------------- */

static uint32_t width_of(const struct fair_ticket *ticket)
{
	return ticket->seats > ticket->final_seats ? ticket->seats : ticket->final_seats;
}

static double final_work(const struct fair_ticket *ticket)
{
	return ticket->final_seats * ((double)ticket->linger_ns / TIME_S);
}

static double work_of(const struct fair_ticket *ticket)
{
	return ticket->seats * FAIR_SERVICE_S + final_work(ticket);
}

static struct fair_ticket *ticket_of(struct list *link)
{
	return list_item(link, struct fair_ticket, link);
}

/* ---- lanes ----------------------------------------------------------------------------------------------------- */

static bool is_active(const struct fair_lane *lane)
{
	return lane->waiting > 0 || lane->running > 0;
}

static struct str key_of(const uint32_t *number)
{
	return str_of((const char *)number, sizeof *number);
}

struct fair_lane *fair_queue_lane(const struct fair_queue *queue, uint32_t number)
{
	return map_get(&queue->lanes, key_of(&number));
}

static struct fair_lane *lane_at(struct fair_queue *queue, uint32_t number)
{
	struct fair_lane *lane = fair_queue_lane(queue, number);

	if (lane != NULL)
		return lane;
	lane = mem_new(struct fair_lane);
	list_init(&lane->link);
	list_init(&lane->tickets);
	lane->number = number;
	map_put(&queue->lanes, key_of(&number), lane);
	return lane;
}

/* Those past the end are left over from when there were more. */
static void drop_if_idle(struct fair_queue *queue, struct fair_lane *lane)
{
	uint32_t number = lane->number;

	if (is_active(lane) || lane->seats > 0 ||
	    (queue->lanes.len <= LANES_KEPT_MAX && number < queue->limits.lanes))
		return;
	map_remove(&queue->lanes, key_of(&number));
	mem_free(lane);
}

static struct fair_ticket *first_of(const struct fair_lane *lane)
{
	return lane->waiting > 0 ? ticket_of(lane->tickets.next) : NULL;
}

/* What a lane did not use before somebody came is lost: nobody is served before it came. */
static void bound(struct fair_lane *lane)
{
	const struct fair_ticket *first = first_of(lane);

	if (first != NULL && lane->next_r < first->arrived_r)
		lane->next_r = first->arrived_r;
}

static void lane_push(struct fair_queue *queue, struct fair_lane *lane, struct fair_ticket *ticket)
{
	if (!is_active(lane)) {
		lane->next_r = queue->r;
		queue->active++;
	}
	if (lane->waiting++ == 0)
		list_push(&queue->busy, &lane->link);
	lane->work += work_of(ticket);
	lane->seats_waiting += width_of(ticket);
	lane->first_seats_waiting += ticket->seats;
	list_push(&lane->tickets, &ticket->link);
	ticket->lane = lane;
	ticket->state = FAIR_WAITS;
	queue->waiting++;
	queue->seats_waiting += width_of(ticket);
	ticket->counts->waiting++;
	ticket->counts->seats_waiting += width_of(ticket);
}

/* It waits no more; whether the lane is still active is the caller's to see to. */
static void lane_take(struct fair_queue *queue, struct fair_ticket *ticket)
{
	struct fair_lane *lane = ticket->lane;

	assert(lane->waiting > 0 && queue->waiting > 0);
	list_remove(&ticket->link);
	lane->work -= work_of(ticket);
	lane->seats_waiting -= width_of(ticket);
	lane->first_seats_waiting -= ticket->seats;
	if (--lane->waiting == 0) {
		lane->work = 0; /* what rounding left */
		list_remove(&lane->link);
	}
	queue->waiting--;
	queue->seats_waiting -= width_of(ticket);
	ticket->counts->waiting--;
	ticket->counts->seats_waiting -= width_of(ticket);
}

/* The hand of a flow: always the same lanes, each once. */
static void deal(const struct fair_limits *limits, uint64_t flow, uint32_t hand[FAIR_HAND_MAX])
{
	uint32_t left[FAIR_HAND_MAX];

	for (uint32_t i = 0; i < limits->hand_size; i++) {
		left[i] = (uint32_t)(flow % (limits->lanes - i));
		flow /= limits->lanes - i;
	}
	for (uint32_t i = 0; i < limits->hand_size; i++) {
		uint32_t card = left[i];

		for (uint32_t k = i; k > 0; k--)
			if (card >= left[k - 1])
				card++;
		hand[i] = card;
	}
}

/* The one with the least work that waits; where that is the same, each in its turn, so that flows whose hands overlap meet seldom. */
static struct fair_lane *choose(struct fair_queue *queue, uint64_t flow)
{
	uint32_t hand[FAIR_HAND_MAX], size = queue->limits.hand_size;
	uint32_t offset = (uint32_t)(queue->entered++ % size);
	struct fair_lane *best = NULL;

	deal(&queue->limits, flow, hand);
	for (uint32_t i = 0; i < size; i++) {
		uint32_t number = hand[(offset + i) % size];
		struct fair_lane *lane = queue->waiting > 0 ? fair_queue_lane(queue, number) : NULL;

		if (lane == NULL || lane->waiting == 0)
			return lane != NULL ? lane : lane_at(queue, number);
		if (best == NULL || lane->work < best->work)
			best = lane;
	}
	return best;
}

/* ---- running ----------------------------------------------------------------------------------------------------- */

/* One that is wider than all seats goes when it is alone. */
static bool has_room(const struct fair_queue *queue, uint32_t width)
{
	if (queue->limits.is_exempt)
		return true;
	if (width > queue->limits.seats)
		return queue->running == 0;
	return queue->seats_used + width <= queue->limits.seats;
}

static void run(struct fair_queue *queue, struct fair_ticket *ticket)
{
	ticket->state = FAIR_RUNS;
	ticket->started = queue->at;
	queue->running++;
	queue->seats_used += width_of(ticket);
	ticket->counts->running++;
	ticket->counts->seats += width_of(ticket);
	if (ticket->lane == NULL)
		return;
	ticket->lane->running++;
	ticket->lane->seats += width_of(ticket);
	ticket->lane->next_r += work_of(ticket);
	bound(ticket->lane);
}

static void note_bounds(struct fair_queue *queue, const struct fair_lane *lane, bool is_first)
{
	double discounted = lane->next_r - lane->seats * FAIR_SERVICE_S;

	queue->next_s_min = is_first ? lane->next_r : fmin(queue->next_s_min, lane->next_r);
	queue->next_s_max = is_first ? lane->next_r : fmax(queue->next_s_max, lane->next_r);
	queue->discounted_min = is_first ? discounted : fmin(queue->discounted_min, discounted);
	queue->discounted_max = is_first ? discounted : fmax(queue->discounted_max, discounted);
}

/* The lane that would be done first; among those the next after the one that was served last. */
static struct fair_lane *next_lane(struct fair_queue *queue)
{
	struct fair_lane *best = NULL;
	double best_finish = 0;

	list_each (&queue->busy, link) {
		struct fair_lane *lane = list_item(link, struct fair_lane, link);
		double finish = lane->next_r + work_of(first_of(lane));

		note_bounds(queue, lane, best == NULL);
		if (best != NULL &&
		    (finish > best_finish ||
		     (finish == best_finish && /* exactly: a tie */
		      lane->number - queue->robin - 1 > best->number - queue->robin - 1)))
			continue;
		best = lane;
		best_finish = finish;
	}
	return best;
}

/* What it would linger on is made narrower, and lasts longer, where there are not so many seats. */
static void fit(const struct fair_queue *queue, struct fair_ticket *ticket)
{
	double work = final_work(ticket);

	if (ticket->final_seats <= queue->limits.seats || queue->limits.seats == 0)
		return;
	ticket->final_seats = queue->limits.seats;
	ticket->linger_ns = (int64_t)(work / ticket->final_seats * TIME_S);
}

static bool run_next(struct fair_queue *queue)
{
	struct fair_lane *lane = next_lane(queue);
	struct fair_ticket *ticket = first_of(lane);

	if (!has_room(queue, width_of(ticket))) {
		ticket->counts->unroomed++;
		return false;
	}
	queue->robin = lane->number;
	queue->dispatched_r = queue->r;
	queue->latest_s = lane->next_r;
	lane_take(queue, ticket);
	fit(queue, ticket);
	run(queue, ticket);
	list_push(queue->ready, &ticket->link);
	return true;
}

static void run_all(struct fair_queue *queue)
{
	while (queue->waiting > 0 && queue->seats_used < queue->limits.seats && run_next(queue))
		;
	note_demand(queue);
}

/* ---- the door ------------------------------------------------------------------------------------------------------ */

void fair_queue_init(struct fair_queue *queue, struct list *ready, struct mono now)
{
	*queue = (struct fair_queue){ .ready = ready, .at = now };
	list_init(&queue->busy);
	demand_init(&queue->demand, now);
}

void fair_queue_fini(struct fair_queue *queue)
{
	struct str key;
	void *lane;

	for (uint32_t at = 0; map_next(&queue->lanes, &at, &key, &lane);)
		mem_free(lane);
	map_fini(&queue->lanes);
}

/* What was left over from when there were more lanes, and what is more than is kept. */
static void drop_idle_lanes(struct fair_queue *queue)
{
	struct str key;
	void *lane;

	for (uint32_t at = 0; map_next(&queue->lanes, &at, &key, &lane);)
		drop_if_idle(queue, lane);
}

void fair_queue_configure(struct fair_queue *queue, const struct fair_limits *limits,
			  struct mono now)
{
	assert(limits->lanes == 0 || (limits->hand_size > 0 && limits->hand_size <= limits->lanes &&
				      limits->hand_size <= FAIR_HAND_MAX));
	pass(queue, now);
	queue->limits = *limits;
	drop_idle_lanes(queue);
	run_all(queue);
}

static enum fair_state enter_without_lanes(struct fair_queue *queue, struct fair_ticket *ticket)
{
	if (!has_room(queue, width_of(ticket)))
		return ticket->state = FAIR_OVER;
	run(queue, ticket);
	note_demand(queue);
	return FAIR_RUNS;
}

enum fair_state fair_queue_enter(struct fair_queue *queue, struct fair_ticket *ticket,
				 uint64_t flow, struct mono now)
{
	struct fair_lane *lane;

	assert(ticket->state == FAIR_NEW && ticket->seats > 0);
	pass(queue, now);
	list_init(&ticket->link);
	ticket->queue = queue;
	ticket->arrived = now;
	ticket->arrived_r = queue->r;
	if (queue->limits.lanes == 0)
		return enter_without_lanes(queue, ticket);
	lane = choose(queue, flow);
	if (queue->seats_used >= queue->limits.seats && lane->waiting >= queue->limits.length_max &&
	    !ticket->is_patient)
		return ticket->state = FAIR_OVER;
	lane_push(queue, lane, ticket);
	bound(lane);
	run_all(queue);
	if (ticket->state == FAIR_RUNS)
		list_remove(&ticket->link); /* nobody waits to hear of it */
	return ticket->state;
}

/* What it took is known now, where it was guessed before. */
static void correct(struct fair_queue *queue, const struct fair_ticket *ticket)
{
	struct fair_lane *lane = ticket->lane;
	double took_s = (double)(queue->at.ns - ticket->started.ns) / TIME_S;

	lane->running--;
	lane->next_r -= ticket->seats * (FAIR_SERVICE_S - took_s);
	bound(lane);
	if (!is_active(lane))
		queue->active--;
}

static void give_back(struct fair_queue *queue, struct fair_ticket *ticket)
{
	assert(queue->seats_used >= width_of(ticket));
	queue->seats_used -= width_of(ticket);
	ticket->counts->seats -= width_of(ticket);
	ticket->state = FAIR_OVER;
	if (ticket->lane != NULL) {
		ticket->lane->seats -= width_of(ticket);
		drop_if_idle(queue, ticket->lane);
	}
	run_all(queue);
}

static enum fair_state give_up(struct fair_queue *queue, struct fair_ticket *ticket)
{
	struct fair_lane *lane = ticket->lane;

	lane_take(queue, ticket);
	bound(lane);
	if (!is_active(lane))
		queue->active--;
	drop_if_idle(queue, lane);
	run_all(queue); /* it may have been too wide, and first */
	return ticket->state = FAIR_OVER;
}

enum fair_state fair_queue_leave(struct fair_ticket *ticket, struct mono now)
{
	struct fair_queue *queue = ticket->queue;

	assert(ticket->state == FAIR_WAITS || ticket->state == FAIR_RUNS);
	pass(queue, now);
	if (ticket->state == FAIR_WAITS)
		return give_up(queue, ticket);
	list_remove(&ticket->link); /* it may not have heard that it runs */
	assert(queue->running > 0);
	queue->running--;
	ticket->counts->running--;
	if (ticket->lane != NULL)
		correct(queue, ticket);
	if (ticket->linger_ns > 0 && !queue->limits.is_exempt) {
		queue->lingering++;
		return ticket->state = FAIR_LINGERS;
	}
	give_back(queue, ticket);
	return FAIR_OVER;
}

void fair_queue_release(struct fair_ticket *ticket, struct mono now)
{
	struct fair_queue *queue = ticket->queue;

	assert(ticket->state == FAIR_LINGERS && queue->lingering > 0);
	pass(queue, now);
	queue->lingering--;
	give_back(queue, ticket);
}

bool fair_queue_is_idle(const struct fair_queue *queue)
{
	return queue->waiting == 0 && queue->running == 0 && queue->lingering == 0;
}
