#include "tests/lib/test.h"
#include "tests/sim/people.h"

enum watcher_tag { TAG_WATCH = 1 };

struct watcher_go_on {
	uint64_t watch;
};
static ACT_TYPE(watcher_go_on);

/* Batches that were taken and not yet given credit for. */
struct watcher_credit {
	struct store_watch_credit credit;
};
static ACT_TYPE(watcher_credit);

struct watcher {
	const struct person *person;
	bool is_scribe;
	struct act_ref store;
	uint64_t monitor, watch; /* the number of the present watch: events of others are old */
	bool is_watching;
	uint32_t stream;
	uint64_t told; /* up to here everything was told */
	bool has_stream;
};

static void again_later(struct act *act, struct watcher *watcher)
{
	watcher->is_watching = false;
	act_demonitor(act, watcher->monitor);
	watcher->watch++;
	act_after(act, 20 + person_below(act, 200), &watcher_go_on_type,
		  &(struct watcher_go_on){ watcher->watch });
}

static void watch(struct act *act, struct watcher *watcher)
{
	struct store_watch ask = { .watch = ++watcher->watch,
				   .from = watcher->told + 1,
				   .wants_prev = !watcher->is_scribe,
				   .wants_progress = true };

	ledger_bounds(watcher->person->ledger, &ask.key, &ask.end);
	watcher->store =
	    watcher->is_scribe ? act_named(act, "store") : person_store(act, watcher->person);
	watcher->monitor = act_monitor(act, watcher->store);
	if (act_request(act, watcher->store, &store_watch_type, &ask, 3000, TAG_WATCH) != OK)
		again_later(act, watcher);
}

static void begin_stream(struct watcher *watcher, uint64_t after)
{
	watcher->told = after;
	watcher->stream = ledger_stream(watcher->person->ledger, after);
	watcher->has_stream = true;
}

static void take_answer(struct act *act, struct watcher *watcher, const struct act_msg *msg)
{
	const struct store_watch_answer *answer = msg->status == OK ? msg->body : NULL;

	if (!answer || answer->watch != watcher->watch) {
		if (!answer)
			again_later(act, watcher);
		return;
	}
	if (answer->status == EXPIRED)
		begin_stream(watcher, answer->revision);
	if (answer->status != OK) {
		again_later(act, watcher);
		return;
	}
	if (!watcher->has_stream)
		begin_stream(watcher, watcher->told);
	watcher->is_watching = true;
}

static void give_credit(struct act *act, struct watcher *watcher, const struct store_events *events)
{
	struct watcher_credit credit = { { events->watch, events->count, events->bytes } };
	uint64_t wait_ms =
	    watcher->is_scribe || person_below(act, 10) > 0 ? 0 : person_below(act, 4000);

	if (wait_ms == 0)
		act_cast(act, watcher->store, &store_watch_credit_type, &credit.credit);
	else
		act_after(act, wait_ms, &watcher_credit_type, &credit);
}

static void check_before(const struct store_events *events)
{
	for (uint32_t i = 0; i < events->count; i++) {
		const struct store_event *event = &events->events[i];

		if (!event->is_delete && event->row.version > 1)
			CHECK_EQ(event->prev.version, event->row.version - 1);
		if (event->prev.version)
			CHECK(event->prev.mod_revision < event->row.mod_revision);
	}
}

static void take_events(struct act *act, struct watcher *watcher, const struct act_msg *msg)
{
	const struct store_events *events = msg->body;

	if (events->watch != watcher->watch || !watcher->is_watching)
		return;
	if (events->status != OK) {
		again_later(act, watcher);
		return;
	}
	if (!watcher->is_scribe)
		check_before(events);
	ledger_events(watcher->person->ledger, watcher->stream, events, act_now(act).ns);
	watcher->told = events->revision;
	give_credit(act, watcher, events);
	/* Now and then it goes elsewhere by itself. */
	if (!watcher->is_scribe && person_below(act, 300) == 0) {
		act_cast(act, watcher->store, &store_cancel_type,
			 &(struct store_cancel){ watcher->watch });
		again_later(act, watcher);
	}
}

static enum act_verdict watcher_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct watcher *watcher = state;

	if (ACT_IS(msg, watcher_go_on)) {
		if (ACT_AS(msg, watcher_go_on)->watch == watcher->watch)
			watch(act, watcher);
	} else if (ACT_IS(msg, watcher_credit)) {
		act_cast(act, watcher->store, &store_watch_credit_type,
			 &ACT_AS(msg, watcher_credit)->credit);
	} else if (ACT_IS(msg, store_events)) {
		take_events(act, watcher, msg);
	} else if (ACT_IS(msg, act_down)) {
		if (ACT_AS(msg, act_down)->monitor == watcher->monitor)
			again_later(act, watcher);
	} else if (msg->kind == ACT_ANSWER && msg->tag == TAG_WATCH) {
		take_answer(act, watcher, msg);
	}
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args, bool is_scribe)
{
	struct watcher *watcher = state;

	watcher->person = args;
	watcher->is_scribe = is_scribe;
	watcher->watch = act_random(act) >> 16; /* no number of an earlier life */
	again_later(act, watcher);
	return OK;
}

static enum status watcher_init(struct act *act, void *state, const void *args)
{
	return init(act, state, args, false);
}

static enum status scribe_init(struct act *act, void *state, const void *args)
{
	return init(act, state, args, true);
}

const struct act_class watcher_class = { .name = "watcher",
					 .state_size = sizeof(struct watcher),
					 .init = watcher_init,
					 .receive = watcher_receive };
const struct act_class scribe_class = { .name = "scribe",
					.state_size = sizeof(struct watcher),
					.init = scribe_init,
					.receive = watcher_receive };
