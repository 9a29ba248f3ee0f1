/*
 * Whose turn it is: no seat is lost, no limit passed, and nobody who floods keeps others from their share.
 */
#include "actors/server/flow/fair-queue.h"

#include "tests/lib/test.h"

#define TICKETS_MAX 4096U

/* A queue, its tickets, and a clock that the test moves. */
struct bench {
	struct fair_queue queue;
	struct list ready;
	struct mono now;
	struct fair_counts counts;
	struct fair_ticket tickets[TICKETS_MAX];
	uint32_t flows[TICKETS_MAX]; /* whose it is */
	uint32_t used;
	uint64_t state; /* of chance */
};

static struct bench *bench_new(struct fair_limits limits)
{
	struct bench *bench = arena_new_of(test_arena(), struct bench);

	list_init(&bench->ready);
	fair_queue_init(&bench->queue, &bench->ready, bench->now);
	fair_queue_configure(&bench->queue, &limits, bench->now);
	return bench;
}

static void pass_ms(struct bench *bench, int64_t ms)
{
	bench->now.ns += ms * TIME_MS;
}

static uint32_t chance(struct bench *bench, uint32_t below)
{
	bench->state = hash_mix(bench->state + 1, 0x9e3779b97f4a7c15);
	return (uint32_t)(bench->state >> 32) % below;
}

static struct fair_ticket *next_ticket(struct bench *bench, uint32_t flow, uint32_t seats)
{
	struct fair_ticket *ticket = &bench->tickets[bench->used];

	CHECK(bench->used < TICKETS_MAX);
	*ticket = (struct fair_ticket){ .counts = &bench->counts, .seats = seats };
	bench->flows[bench->used++] = flow;
	return ticket;
}

static struct fair_ticket *enter(struct bench *bench, uint32_t flow, uint32_t seats)
{
	struct fair_ticket *ticket = next_ticket(bench, flow, seats);

	fair_queue_enter(&bench->queue, ticket, hash_mix(flow, 77), bench->now);
	return ticket;
}

static struct fair_limits limits_of(uint32_t lanes, uint32_t hand, uint32_t length, uint32_t seats)
{
	return (struct fair_limits){
		.lanes = lanes, .hand_size = hand, .length_max = length, .seats = seats
	};
}

static struct fair_ticket *pop_ready(struct bench *bench)
{
	struct fair_ticket *ticket;

	if (list_is_empty(&bench->ready))
		return NULL;
	ticket = list_item(bench->ready.next, struct fair_ticket, link);
	list_remove(&ticket->link);
	return ticket;
}

/* What the queue says of itself is what its tickets say together. */
static void check_sums(const struct bench *bench)
{
	const struct fair_queue *queue = &bench->queue;
	uint32_t waiting = 0, running = 0, seats = 0, seats_waiting = 0, lingering = 0;

	for (uint32_t i = 0; i < bench->used; i++) {
		const struct fair_ticket *ticket = &bench->tickets[i];
		uint32_t width =
		    ticket->seats > ticket->final_seats ? ticket->seats : ticket->final_seats;

		waiting += ticket->state == FAIR_WAITS;
		running += ticket->state == FAIR_RUNS;
		lingering += ticket->state == FAIR_LINGERS;
		if (ticket->state == FAIR_WAITS)
			seats_waiting += width;
		if (ticket->state == FAIR_RUNS || ticket->state == FAIR_LINGERS)
			seats += width;
	}
	CHECK_EQ(queue->waiting, waiting);
	CHECK_EQ(queue->running, running);
	CHECK_EQ(queue->lingering, lingering);
	CHECK_EQ(queue->seats_used, seats);
	CHECK_EQ(queue->seats_waiting, seats_waiting);
	CHECK_EQ(bench->counts.waiting, waiting);
	CHECK_EQ(bench->counts.running, running);
	CHECK_EQ(bench->counts.seats, seats);
	CHECK_EQ(bench->counts.seats_waiting, seats_waiting);
}

TEST(without_lanes_what_finds_no_seat_is_refused)
{
	struct bench *bench = bench_new(limits_of(0, 0, 0, 2));

	CHECK_EQ(enter(bench, 1, 1)->state, FAIR_RUNS);
	CHECK_EQ(enter(bench, 1, 1)->state, FAIR_RUNS);
	CHECK_EQ(enter(bench, 2, 1)->state, FAIR_OVER);
	CHECK_EQ(fair_queue_leave(&bench->tickets[0], bench->now), FAIR_OVER);
	CHECK_EQ(enter(bench, 2, 1)->state, FAIR_RUNS);
	check_sums(bench);
	fair_queue_fini(&bench->queue);
}

TEST(an_exempt_queue_refuses_nobody)
{
	struct bench *bench = bench_new((struct fair_limits){ .is_exempt = true });

	for (int i = 0; i < 1000; i++)
		CHECK_EQ(enter(bench, 1, 1)->state, FAIR_RUNS);
	check_sums(bench);
	fair_queue_fini(&bench->queue);
}

TEST(a_lane_has_a_length_and_then_is_full)
{
	struct bench *bench = bench_new(limits_of(1, 1, 3, 1));
	struct fair_ticket *patient;

	CHECK_EQ(enter(bench, 1, 1)->state, FAIR_RUNS);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(enter(bench, 1, 1)->state, FAIR_WAITS);
	CHECK_EQ(enter(bench, 1, 1)->state, FAIR_OVER);
	patient = next_ticket(bench, 1, 1);
	patient->is_patient = true;
	CHECK_EQ(fair_queue_enter(&bench->queue, patient, 1, bench->now), FAIR_WAITS);
	check_sums(bench);
	fair_queue_fini(&bench->queue);
}

TEST(who_waits_goes_on_in_the_order_of_its_lane)
{
	struct bench *bench = bench_new(limits_of(1, 1, 10, 1));
	struct fair_ticket *tickets[4];

	for (int i = 0; i < 4; i++)
		tickets[i] = enter(bench, 1, 1);
	for (int i = 0; i < 3; i++) {
		pass_ms(bench, 5);
		CHECK_EQ(fair_queue_leave(tickets[i], bench->now), FAIR_OVER);
		CHECK(pop_ready(bench) == tickets[i + 1]);
		CHECK(pop_ready(bench) == NULL);
	}
	CHECK_EQ(fair_queue_leave(tickets[3], bench->now), FAIR_OVER);
	CHECK(fair_queue_is_idle(&bench->queue));
	fair_queue_fini(&bench->queue);
}

TEST(who_gives_up_leaves_its_place_to_others)
{
	struct bench *bench = bench_new(limits_of(4, 2, 10, 4));
	struct fair_ticket *first = enter(bench, 1, 3), *wide = enter(bench, 2, 3);
	struct fair_ticket *narrow = enter(bench, 3, 1);

	CHECK_EQ(wide->state, FAIR_WAITS);
	pass_ms(bench, 1);
	if (narrow->state == FAIR_WAITS) { /* behind the wide one, whose turn it is */
		CHECK(bench->counts.unroomed > 0);
		CHECK_EQ(fair_queue_leave(wide, bench->now), FAIR_OVER);
		CHECK(pop_ready(bench) == narrow);
	} else {
		CHECK_EQ(fair_queue_leave(wide, bench->now), FAIR_OVER);
	}
	CHECK_EQ(narrow->state, FAIR_RUNS);
	fair_queue_leave(first, bench->now);
	fair_queue_leave(narrow, bench->now);
	CHECK(fair_queue_is_idle(&bench->queue));
	CHECK_EQ(bench->queue.active, 0);
	fair_queue_fini(&bench->queue);
}

TEST(one_wider_than_all_seats_goes_when_it_is_alone)
{
	struct bench *bench = bench_new(limits_of(1, 1, 10, 2));
	struct fair_ticket *one = enter(bench, 1, 1), *wide = enter(bench, 1, 7);

	CHECK_EQ(wide->state, FAIR_WAITS);
	fair_queue_leave(one, bench->now);
	CHECK(pop_ready(bench) == wide);
	CHECK_EQ(enter(bench, 1, 1)->state, FAIR_WAITS);
	check_sums(bench);
	fair_queue_fini(&bench->queue);
}

TEST(seats_that_are_lingered_on_are_not_free)
{
	struct bench *bench = bench_new(limits_of(1, 1, 10, 2));
	struct fair_ticket *write = next_ticket(bench, 1, 1), *next;

	write->final_seats = 8;
	write->linger_ns = 5 * TIME_MS;
	CHECK_EQ(fair_queue_enter(&bench->queue, write, 1, bench->now), FAIR_RUNS);
	CHECK_EQ(write->final_seats, 2); /* as many as there are, for four times as long */
	CHECK_EQ(write->linger_ns, 20 * TIME_MS);
	next = enter(bench, 1, 1);
	CHECK_EQ(next->state, FAIR_WAITS);
	CHECK_EQ(fair_queue_leave(write, bench->now), FAIR_LINGERS);
	CHECK(pop_ready(bench) == NULL);
	CHECK(!fair_queue_is_idle(&bench->queue));
	check_sums(bench);
	pass_ms(bench, 20);
	fair_queue_release(write, bench->now);
	CHECK(pop_ready(bench) == next);
	fair_queue_fini(&bench->queue);
}

TEST(a_hand_is_the_same_each_time_and_has_each_lane_once)
{
	struct bench *bench = bench_new(limits_of(64, 6, 1000, 1));

	enter(bench, 1, 1);
	for (int i = 0; i < 60; i++)
		enter(bench, 9, 1);
	CHECK(bench->queue.lanes.len <= 7); /* six, and the one that runs */
	CHECK_EQ(bench->queue.active, bench->queue.lanes.len);
	fair_queue_fini(&bench->queue);
}

TEST(more_seats_let_more_go_on_and_fewer_lanes_empty_by_and_by)
{
	struct fair_limits limits = limits_of(8, 1, 10, 1);
	struct bench *bench = bench_new(limits);
	uint32_t came = 0;

	for (uint32_t i = 0; i < 20; i++)
		enter(bench, i, 1);
	limits.seats = 5;
	limits.lanes = 1;
	fair_queue_configure(&bench->queue, &limits, bench->now);
	while (pop_ready(bench) != NULL)
		came++;
	CHECK_EQ(came, 4);
	for (uint32_t round = 0; round < 40; round++) {
		pass_ms(bench, 1);
		for (uint32_t i = 0; i < bench->used; i++)
			if (bench->tickets[i].state == FAIR_RUNS) {
				fair_queue_leave(&bench->tickets[i], bench->now);
				break;
			}
		check_sums(bench);
	}
	CHECK(fair_queue_is_idle(&bench->queue));
	CHECK(bench->queue.lanes.len <= 1);
	fair_queue_fini(&bench->queue);
}

/* One that always has 200 waiting beside one that asks now and then. Gives how long the mouse waited at most, in ms. */
static int64_t worst_of_mouse(uint32_t elephant_seats, int64_t took_ms)
{
	struct bench *bench = bench_new(limits_of(128, 6, 50, 10));
	struct fair_ticket *running[TICKETS_MAX];
	uint32_t running_len = 0, from = 0;
	int64_t worst_ns = 0;

	for (int64_t ms = 0; ms < 400; ms++) {
		while (bench->queue.waiting < 200 && bench->used < TICKETS_MAX - 1)
			running[running_len++] = enter(bench, 1, elephant_seats);
		if (ms % 20 == 10 && bench->used < TICKETS_MAX)
			running[running_len++] = enter(bench, 2, 1);
		for (uint32_t i = from; i < running_len; i++) {
			struct fair_ticket *ticket = running[i];

			if (ticket->state == FAIR_RUNS &&
			    bench->now.ns - ticket->started.ns >= took_ms * TIME_MS)
				fair_queue_leave(ticket, bench->now);
		}
		while (from < running_len && running[from]->state == FAIR_OVER)
			from++;
		CHECK(bench->queue.seats_used <= 10);
		/* No seat is left empty while somebody waits who would fit. */
		CHECK(bench->queue.waiting == 0 || bench->queue.seats_used + elephant_seats > 10);
		pass_ms(bench, 1);
	}
	for (uint32_t i = 0; i < bench->used; i++) {
		const struct fair_ticket *ticket = &bench->tickets[i];
		int64_t waited_ns = ticket->state == FAIR_WAITS
					? bench->now.ns - ticket->arrived.ns
					: ticket->started.ns - ticket->arrived.ns;

		if (bench->flows[i] == 2 && waited_ns > worst_ns)
			worst_ns = waited_ns;
	}
	while (pop_ready(bench) != NULL)
		;
	fair_queue_fini(&bench->queue);
	return worst_ns / TIME_MS;
}

TEST(an_elephant_does_not_starve_a_mouse)
{
	/* 200 wait before it, which alone would be 20 turns of all seats; the mouse waits for one, or two. */
	CHECK(worst_of_mouse(1, 3) <= 2 * 3);
	CHECK(worst_of_mouse(1, 10) <= 2 * 10);
	/* Of the elephant's six lanes each may have one before it, of which two run at once. */
	CHECK(worst_of_mouse(5, 10) <= (6 / 2 + 1) * 10);
}

/* Two that flood by turns get the same, and one that is as wide as three others as many seats as they. */
TEST(flows_that_all_want_more_get_the_same_seats)
{
	struct bench *bench = bench_new(limits_of(128, 1, 50, 12));
	uint64_t got[3] = { 0 };
	static const uint32_t widths[] = { 1, 1, 3 };

	for (int64_t ms = 0; ms < 240; ms++) {
		for (uint32_t flow = 0; flow < 3; flow++) {
			uint32_t waiting = 0;

			for (uint32_t i = 0; i < bench->used; i++)
				waiting += bench->flows[i] == flow &&
					   bench->tickets[i].state == FAIR_WAITS;
			for (; waiting < 8; waiting++)
				enter(bench, flow, widths[flow]);
		}
		pass_ms(bench, 1);
		for (uint32_t i = 0; i < bench->used; i++) {
			struct fair_ticket *ticket = &bench->tickets[i];

			if (ticket->state != FAIR_RUNS ||
			    bench->now.ns - ticket->started.ns < 3 * TIME_MS)
				continue;
			got[bench->flows[i]] += ticket->seats;
			fair_queue_leave(ticket, bench->now);
		}
	}
	for (uint32_t flow = 0; flow < 3; flow++)
		CHECK(got[flow] >= 240 * 12 / 3 / 3 * 85 / 100);
	while (pop_ready(bench) != NULL)
		;
	fair_queue_fini(&bench->queue);
}

/* Whatever happens in whatever order, the sums are right, limits are kept and in the end nothing is left. */
static void live(uint64_t seed)
{
	struct fair_limits limits = limits_of(16, 3, 6, 8);
	struct bench *bench = bench_new(limits);

	bench->state = seed;
	for (int turn = 0; turn < 1200; turn++) {
		struct fair_ticket *ticket;

		pass_ms(bench, chance(bench, 3));
		switch (chance(bench, 8)) {
		case 0:
			limits.seats = chance(bench, 12);
			limits.lanes = chance(bench, 10) == 0 ? 0 : 3 + chance(bench, 2000);
			limits.hand_size = limits.lanes == 0 ? 0 : 1 + chance(bench, 3);
			fair_queue_configure(&bench->queue, &limits, bench->now);
			break;
		case 1:
		case 2:
		case 3:
		case 4:
			ticket = next_ticket(bench, chance(bench, 5), 1 + chance(bench, 4));
			if (chance(bench, 4) == 0) {
				ticket->final_seats = 1 + chance(bench, 10);
				ticket->linger_ns = 5 * TIME_MS;
			}
			fair_queue_enter(&bench->queue, ticket, hash_mix(chance(bench, 9), 5),
					 bench->now);
			break;
		default:
			if (bench->used == 0)
				break;
			ticket = &bench->tickets[chance(bench, bench->used)];
			if (ticket->state == FAIR_LINGERS)
				fair_queue_release(ticket, bench->now);
			else if (ticket->state == FAIR_WAITS || ticket->state == FAIR_RUNS)
				fair_queue_leave(ticket, bench->now);
		}
		check_sums(bench);
	}
	for (uint32_t i = 0; i < bench->used; i++) {
		struct fair_ticket *ticket = &bench->tickets[i];

		if (ticket->state == FAIR_WAITS || ticket->state == FAIR_RUNS)
			fair_queue_leave(ticket, bench->now);
		if (ticket->state == FAIR_LINGERS)
			fair_queue_release(ticket, bench->now);
	}
	CHECK(fair_queue_is_idle(&bench->queue));
	CHECK(list_is_empty(&bench->ready));
	CHECK_EQ(bench->queue.active, 0);
	CHECK_EQ(bench->queue.seats_used, 0);
	check_sums(bench);
	fair_queue_fini(&bench->queue);
}

TEST(no_seat_is_lost_whatever_happens)
{
	for (uint64_t seed = 1; seed <= 30; seed++)
		live(seed);
}

/* The nanoseconds of a share up to a bound, as a histogram shows them. */
static uint64_t ns_up_to(const struct share_times *times, enum share share, double bound)
{
	uint32_t len;
	const double *at = share_bounds(share, &len);
	uint64_t sum = 0;

	for (uint32_t i = 0; i < len && at[i] <= bound; i++)
		sum += times->ns[share][i];
	return sum;
}

TEST(it_is_known_for_how_long_it_was_how_full)
{
	struct fair_limits limits = limits_of(8, 2, 10, 4);
	struct share_times times;
	struct fair_ticket *wide;

	limits.nominal = 2;
	struct bench *bench = bench_new(limits);
	pass_ms(bench, 5);
	wide = enter(bench, 1, 4);
	CHECK_EQ(enter(bench, 2, 2)->state, FAIR_WAITS);
	pass_ms(bench, 7);
	times = fair_queue_times(&bench->queue, bench->now);
	for (uint32_t i = 0; i < SHARE_COUNT; i++) {
		uint64_t all = 0;

		for (uint32_t k = 0; k < SHARE_BUCKETS; k++)
			all += times.ns[i][k];
		CHECK_EQ(all, 12 * TIME_MS);
	}
	CHECK_EQ(ns_up_to(&times, SHARE_SEATS, 0.99), 5 * TIME_MS);
	CHECK_EQ(ns_up_to(&times, SHARE_SEATS, 1), 12 * TIME_MS);
	CHECK_EQ(ns_up_to(&times, SHARE_RUNNING, 0.25), 12 * TIME_MS);
	CHECK_EQ(ns_up_to(&times, SHARE_RUNNING, 0.1), 5 * TIME_MS);
	CHECK_EQ(ns_up_to(&times, SHARE_WAITING, 0.01), 5 * TIME_MS); /* one of 80 */
	CHECK_EQ(ns_up_to(&times, SHARE_WAITING, 0.03), 12 * TIME_MS);
	CHECK_EQ(ns_up_to(&times, SHARE_DEMAND, 2), 5 * TIME_MS);
	CHECK_EQ(ns_up_to(&times, SHARE_DEMAND, 2.8), 5 * TIME_MS);
	CHECK_EQ(ns_up_to(&times, SHARE_DEMAND, 4), 12 * TIME_MS); /* six of two */
	fair_queue_leave(wide, bench->now);
	pass_ms(bench, 3);
	times = fair_queue_times(&bench->queue, bench->now);
	CHECK_EQ(ns_up_to(&times, SHARE_SEATS, 0.5), 8 * TIME_MS);
	CHECK((int64_t)times.sums[SHARE_DEMAND] == 3 * 7 * TIME_MS + 3 * TIME_MS);
	fair_queue_fini(&bench->queue);
}
