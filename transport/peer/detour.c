#include "transport/peer/detour.h"

struct held {
	struct list link;
	struct text head, body;
	struct mono due;
};

void detour_init(struct detour *detour, struct faulty *faulty)
{
	*detour = (struct detour){ .faulty = faulty };
	list_init(&detour->held);
}

static void let_go(struct held *held)
{
	list_remove(&held->link);
	mem_free(held);
}

void detour_clear(struct detour *detour)
{
	while (!list_is_empty(&detour->held)) {
		struct held *held = list_item(detour->held.next, struct held, link);

		text_fini(&held->head);
		text_fini(&held->body);
		let_go(held);
	}
	detour->last = (struct mono){ 0 };
	detour->is_torn = false;
}

static struct text copy_of(const struct text *text)
{
	struct text copy = text_new(text->max);

	text_add(&copy, text_str(text));
	return copy;
}

static void hold(struct detour *detour, struct mono due, struct text head, struct text body)
{
	struct held *held = mem_new(struct held);

	held->due = detour->last = due;
	held->head = head;
	held->body = body;
	list_push(&detour->held, &held->link);
}

static void judge(struct detour *detour, struct seams_peer to, struct mono now, struct text head,
		  struct text body)
{
	struct faulty_fate fate = faulty_fate(detour->faulty, to);
	struct mono due = { now.ns + (int64_t)fate.delay_us * TIME_US };

	if (fate.is_dropped) {
		text_fini(&head);
		text_fini(&body);
		detour->is_torn = true;
		detour->last = now;
		return;
	}
	if (due.ns < detour->last.ns)
		due = detour->last;
	if (fate.is_doubled)
		hold(detour, due, copy_of(&head), copy_of(&body));
	hold(detour, due, head, body);
}

/* Everything that may leave is judged, and stands behind what was before it. */
static void take_in(struct detour *detour, struct outbox *box, struct seams_peer to, struct mono now)
{
	struct text head, body;

	while (!detour->is_torn && outbox_next(box, &head, &body))
		judge(detour, to, now, head, body);
}

bool detour_next(struct detour *detour, struct outbox *box, struct seams_peer to,
		 const struct seams_clock *clock, struct text *head, struct text *body)
{
	struct held *first;
	struct mono now;

	if (detour->is_torn)
		return false;
	if (detour->faulty == NULL ||
	    (!faulty_hurts_links(detour->faulty) && !detour_is_holding(detour)))
		return outbox_next(box, head, body);
	now = clock->mono(clock->self);
	take_in(detour, box, to, now);
	if (detour->is_torn || !detour_is_holding(detour))
		return false;
	first = list_item(detour->held.next, struct held, link);
	if (first->due.ns > now.ns)
		return false;
	*head = first->head;
	*body = first->body;
	let_go(first);
	return true;
}

bool detour_is_holding(const struct detour *detour)
{
	return !list_is_empty(&detour->held);
}

struct mono detour_due(const struct detour *detour)
{
	if (detour->is_torn)
		return detour->last;
	if (!detour_is_holding(detour))
		return (struct mono){ INT64_MAX };
	return list_item(detour->held.next, struct held, link)->due;
}
