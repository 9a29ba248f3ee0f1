#include "tests/sim/wood/wood-book.h"

#include "tests/lib/test.h"

#define LATE_NS (2500 * TIME_MS) /* an answer, after its deadline: its host may have been paused */

void book_open(struct book *book, struct act_sim *sim)
{
	book->sim = sim;
	book->arena = arena_new(0);
	vec_push(&book->lives, arena_new_of(book->arena, struct life));
	vec_push(&book->queries, ((struct query){ .is_over = true }));
	vec_push(&book->monitors, ((struct monitor){ .is_over = true }));
}

void book_close(struct book *book)
{
	for (uint32_t i = 1; i < book->lives.len; i++)
		CHECK(book->lives.at[i]->has_ended && book->lives.at[i]->newest == NULL);
	for (uint32_t i = 0; i < book->errands.len; i++)
		CHECK(book->errands.at[i]->is_over);
	vec_fini(&book->lives);
	vec_fini(&book->monitors);
	vec_fini(&book->queries);
	vec_fini(&book->errands);
	map_fini(&book->pairs);
	arena_free(book->arena);
}

/* ---- lives ---- */

struct life *book_life(const struct book *book, uint32_t number)
{
	CHECK(number < book->lives.len);
	return book->lives.at[number];
}

uint32_t book_born(struct book *book, struct act_ref ref, uint32_t parent)
{
	struct life *life = arena_new_of(book->arena, struct life);

	for (uint32_t i = 1; i < book->lives.len; i++)
		CHECK(!act_ref_eq(book->lives.at[i]->ref, ref));
	CHECK(parent == 0 || !book_life(book, parent)->has_ended);
	*life = (struct life){ .number = book->lives.len, .parent = parent, .ref = ref };
	vec_push(&book->lives, life);
	book->counts.lives++;
	return life->number;
}

void book_stops(struct book *book, uint32_t number, enum act_reason why)
{
	struct life *life = book_life(book, number);

	CHECK(!life->has_stopped && !life->has_ended);
	CHECK(why == ACT_NORMAL || why == ACT_SHUTDOWN);
	life->has_stopped = true;
	life->why = why;
}

static bool is_host_dead(const struct book *book, const struct life *life)
{
	struct act_host *host = act_sim_host_of(book->sim, life->ref.node, life->ref.host);

	return !host || act_host_peer(host).epoch != life->ref.epoch;
}

static void end_life(struct book *book, struct life *life)
{
	CHECK(!life->has_ended && life->newest == NULL);
	life->has_ended = true;
	life->is_host_dead = is_host_dead(book, life);
	book->counts.crashes += !life->has_stopped;
	/* With the process all end at once. */
	for (uint32_t i = life->number + 1; i < book->lives.len && !life->is_host_dead; i++)
		CHECK(book->lives.at[i]->parent != life->number || book->lives.at[i]->has_ended);
}

/* ---- things ---- */

struct thing *book_thing(struct book *book, uint32_t number)
{
	struct life *life = book_life(book, number);
	struct thing *thing = arena_new_of(book->arena, struct thing);

	CHECK(!life->has_ended);
	*thing = (struct thing){ book, life->newest, number };
	return life->newest = thing;
}

struct thing *book_newest_thing(struct book *book, uint32_t life)
{
	return book_life(book, life)->newest;
}

void book_released(struct thing *thing)
{
	struct life *life = book_life(thing->book, thing->life);

	CHECK(life->newest == thing);
	life->newest = thing->older;
	thing->book->counts.releases++;
	if (!thing->older)
		end_life(thing->book, life);
}

/* ---- messages ---- */

static struct pair *pair_of(struct book *book, uint32_t from, uint32_t to)
{
	const uint32_t key[] = { from, to };
	struct pair *pair = map_get(&book->pairs, str_of((const char *)key, sizeof key));

	if (!pair) {
		char *kept = arena_copy(book->arena, key, sizeof key);

		pair = arena_new_of(book->arena, struct pair);
		map_put(&book->pairs, str_of(kept, sizeof key), pair);
	}
	return pair;
}

uint64_t book_sent(struct book *book, uint32_t from, uint32_t to)
{
	return ++pair_of(book, from, to)->sent;
}

void book_received(struct book *book, uint32_t from, uint32_t life, uint32_t to, uint32_t key,
		   uint64_t number)
{
	struct pair *pair = pair_of(book, from, to);

	CHECK_EQ(life, to);
	CHECK(number <= pair->sent);
	CHECK(number > pair->received[key]);
	pair->received[key] = number;
	book->counts.messages++;
}

/* ---- requests ---- */

uint64_t book_asks(struct book *book, uint32_t life, struct mono now, uint32_t timeout_ms)
{
	vec_push(&book->queries, ((struct query){ life, now.ns + timeout_ms * TIME_MS, false }));
	book_life(book, life)->open++;
	return book->queries.len - 1;
}

void book_answered(struct book *book, uint32_t life, uint64_t number, struct mono now)
{
	CHECK(number > 0 && number < book->queries.len);
	struct query *query = &book->queries.at[number];

	(void)now;
	CHECK_EQ(query->asker, life);
	CHECK(!query->is_over);
	query->is_over = true;
	book_life(book, life)->open--;
	book->counts.requests++;
}

/* Those that were asked lately: a paused host's clock stands still for its actors only. */
void book_check_asker(struct book *book, uint32_t life, struct mono now)
{
	if (book_life(book, life)->open == 0)
		return;
	for (uint32_t i = book->queries.len; i-- > 1;) {
		const struct query *query = &book->queries.at[i];

		if (query->asker == life && !query->is_over)
			CHECK(now.ns <= query->until_ns + LATE_NS);
		if (query->until_ns + 20 * LATE_NS < now.ns)
			return;
	}
}

/* ---- monitors ---- */

uint32_t book_watches(struct book *book, uint32_t watcher, uint64_t id, uint32_t target)
{
	CHECK(id != 0);
	vec_push(&book->monitors, ((struct monitor){ watcher, target, id, false, false }));
	return book->monitors.len - 1;
}

struct monitor *book_monitor(struct book *book, uint32_t number)
{
	return &book->monitors.at[number];
}

static void check_down(const struct book *book, const struct monitor *monitor,
		       const struct act_down *down)
{
	const struct life *target = book_life(book, monitor->target);

	if (!act_ref_eq(down->who, target->ref))
		test_fail(__FILE__, __LINE__, "a monitor tells of another");
	switch (down->why) {
	case ACT_NO_CONNECTION:
		CHECK(target->ref.node != book_life(book, monitor->watcher)->ref.node ||
		      target->ref.host != book_life(book, monitor->watcher)->ref.host);
		return;
	case ACT_NORMAL:
	case ACT_SHUTDOWN: CHECK(!target->has_stopped || target->why == down->why); break;
	default: break;
	}
	if (!target->has_ended)
		test_fail(__FILE__, __LINE__, "a monitor tells \"%s\" of one that lives",
			  act_reason_name(down->why));
}

uint32_t book_down(struct book *book, uint32_t watcher, const struct act_down *down)
{
	for (uint32_t i = book->monitors.len; i-- > 1;) {
		struct monitor *monitor = &book->monitors.at[i];

		if (monitor->watcher != watcher || monitor->id != down->monitor)
			continue;
		CHECK(!monitor->is_over);
		check_down(book, monitor, down);
		monitor->is_over = true;
		book->counts.downs++;
		return i;
	}
	test_fail(__FILE__, __LINE__, "nobody has this monitor");
}

/* ---- errands ---- */

struct errand *book_errand(struct book *book, uint32_t life)
{
	struct errand *errand = arena_new_of(book->arena, struct errand);

	*errand = (struct errand){ book, life, 0, false };
	vec_push(&book->errands, errand);
	return errand;
}

void book_errand_over(struct errand *errand)
{
	CHECK(!errand->is_over);
	CHECK(errand->runs <= 1);
	errand->is_over = true;
	errand->book->counts.jobs++;
}

/* ---- the end ---- */

void book_expect(struct book *book)
{
	for (uint32_t i = 1; i < book->monitors.len; i++)
		book->monitors.at[i].is_due =
		    !book->monitors.at[i].is_over &&
		    book_life(book, book->monitors.at[i].target)->has_ended;
}

void book_check_end(struct book *book)
{
	for (uint32_t i = 1; i < book->lives.len; i++) {
		const struct life *life = book->lives.at[i];

		/* No orphan, and nobody lives on in a process that is gone. */
		if (life->has_ended)
			continue;
		CHECK(!is_host_dead(book, life));
		CHECK(life->parent == 0 || !book_life(book, life->parent)->has_ended);
	}
	for (uint32_t i = 1; i < book->monitors.len; i++) {
		const struct monitor *monitor = &book->monitors.at[i];

		if (monitor->is_due && !book_life(book, monitor->watcher)->has_ended)
			CHECK(monitor->is_over);
	}
}
