#include "transport/peer/outbox.h"

#include "runtime/base/base.h"

#define FRAME_FIRST_BYTES 2048U /* most frames of a quiet link are smaller */
#define TELL_BYTES \
	(LIMIT_LINK_CREDIT_BYTES / 4) /* so much taken is told at once, lest the peer stop */

/* A frame that waits. Its header is written when it leaves. */
struct waiting {
	struct list link;
	struct text bytes; /* from the header on */
	struct text body;  /* of a message that travels alone: the sender's memory, not copied */
	uint16_t epoch;
	uint32_t messages;
	bool is_closed; /* takes no more messages */
};

/* ---- frames that wait ---- */

static uint32_t bytes_of(const struct waiting *frame)
{
	return frame->bytes.len + frame->body.len;
}

static struct waiting *oldest(const struct outbox *box)
{
	return list_is_empty(&box->queue) ? NULL : list_item(box->queue.next, struct waiting, link);
}

/* Out of the queue; its texts are the caller's. */
static void forget(struct outbox *box, struct waiting *frame)
{
	list_remove(&frame->link);
	box->waiting_bytes -= bytes_of(frame);
}

static void drop(struct outbox *box, struct waiting *frame)
{
	forget(box, frame);
	text_fini(&frame->bytes);
	text_fini(&frame->body);
	mem_free(frame);
}

static struct waiting *waiting_new(struct outbox *box, uint16_t epoch, uint32_t bytes)
{
	static const char room[FRAME_BYTES];
	struct waiting *frame = mem_new(struct waiting);

	frame->bytes = text_new(FRAME_MAX);
	frame->body = text_new(0);
	text_reserve(&frame->bytes, bytes);
	text_add_bytes(&frame->bytes, room, sizeof room);
	frame->epoch = epoch;
	list_push(&box->queue, &frame->link);
	box->waiting_bytes += FRAME_BYTES;
	return frame;
}

/* ---- life ---- */

void outbox_init(struct outbox *box, struct seams_peer self, struct seams_peer peer,
		 struct str hello)
{
	*box = (struct outbox){ .hello = hello, .head = { .from = self, .to = peer } };
	box->head.to.epoch = 0;
	list_init(&box->queue);
}

void outbox_fini(struct outbox *box)
{
	outbox_clear(box);
}

void outbox_greet(struct outbox *box, uint32_t session, uint32_t peer_session)
{
	box->head.from_session = session;
	box->head.to_session = peer_session;
	box->wants_hello = true;
}

void outbox_open(struct outbox *box, uint16_t epoch, uint32_t peer_session)
{
	assert(!box->is_open && peer_session != 0);
	box->is_open = true;
	box->head.to.epoch = epoch;
	box->head.to_session = peer_session;
}

void outbox_clear(struct outbox *box)
{
	struct waiting *frame;

	while ((frame = oldest(box)) != NULL)
		drop(box, frame);
	box->is_open = box->wants_beat = false;
	box->head.sequence = 0;
	box->head.to.epoch = 0;
	box->sent = box->acknowledged = box->consumed = box->told = 0;
}

/* ---- frames that leave ---- */

static void stamp(struct outbox *box, enum frame_kind kind, struct text *bytes, uint32_t all_bytes)
{
	struct frame head = box->head;

	head.kind = kind;
	head.body_bytes = all_bytes - FRAME_BYTES;
	head.consumed = box->consumed;
	if (kind == FRAME_DATA)
		head.sequence = ++box->head.sequence;
	else
		head.sequence = 0;
	if (kind == FRAME_HELLO)
		head.to.epoch = 0;
	frame_encode(&head, bytes->at);
	box->told = box->consumed;
	box->wants_beat = false;
	box->has_sent = true;
	box->frames_sent++;
}

static void control(struct outbox *box, enum frame_kind kind, struct str body, struct text *out)
{
	static const char room[FRAME_BYTES];

	*out = text_new(FRAME_MAX);
	text_reserve(out, FRAME_BYTES + body.len);
	text_add_bytes(out, room, sizeof room);
	text_add(out, body);
	stamp(box, kind, out, out->len);
}

/* A message larger than all of the credit still passes: alone, when nothing else is under way. */
static bool has_credit(const struct outbox *box, uint32_t bytes)
{
	uint64_t under_way = box->sent - box->acknowledged;

	return under_way == 0 || under_way + bytes <= LIMIT_LINK_CREDIT_BYTES;
}

static bool next_data(struct outbox *box, struct text *head, struct text *body)
{
	struct waiting *frame = oldest(box);

	if (!box->is_open || frame == NULL || !has_credit(box, bytes_of(frame)))
		return false;
	forget(box, frame);
	*head = frame->bytes;
	*body = frame->body;
	box->sent += bytes_of(frame);
	box->messages_sent += frame->messages;
	box->bytes_sent += bytes_of(frame);
	stamp(box, FRAME_DATA, head, bytes_of(frame));
	mem_free(frame);
	return true;
}

bool outbox_next(struct outbox *box, struct text *head, struct text *body)
{
	*body = text_new(0);
	if (box->wants_hello) {
		box->wants_hello = false;
		control(box, FRAME_HELLO, box->hello, head);
		return true;
	}
	if (next_data(box, head, body))
		return true;
	if (!box->is_open || !box->wants_beat)
		return false;
	control(box, FRAME_BEAT, STR_NONE, head);
	return true;
}

bool outbox_is_waiting(const struct outbox *box)
{
	return box->wants_hello || box->wants_beat || !list_is_empty(&box->queue);
}

/* ---- messages in ---- */

/* A frame that follows a full one is about to become full too. */
static uint32_t room_of(const struct waiting *before)
{
	return before != NULL && before->bytes.len > LIMIT_FRAME_BYTES / 2 ? LIMIT_FRAME_BYTES
									   : FRAME_FIRST_BYTES;
}

/* The frame that takes a message of `bytes` with its length: the newest if it has room, else a new one. */
static struct waiting *frame_for(struct outbox *box, uint16_t epoch, uint32_t bytes)
{
	struct waiting *newest =
	    list_is_empty(&box->queue) ? NULL : list_item(box->queue.prev, struct waiting, link);
	bool travels_alone = bytes >= LIMIT_FRAME_ALONE;
	struct waiting *frame;

	if (newest != NULL && !newest->is_closed && !travels_alone && newest->epoch == epoch &&
	    newest->bytes.len + bytes <= LIMIT_FRAME_BYTES)
		return newest;
	frame = waiting_new(box, epoch, travels_alone ? 2 * FRAME_BYTES : room_of(newest));
	frame->is_closed = travels_alone;
	return frame;
}

enum status outbox_add(struct outbox *box, uint16_t epoch, struct str header, struct text *body)
{
	uint32_t message_bytes = header.len + body->len;
	struct waiting *frame;
	char length[FRAME_LENGTH_BYTES];

	if (box->waiting_bytes + message_bytes > LIMIT_LINK_OUTBOX_BYTES)
		return BUSY;
	frame_message_encode(message_bytes, length);
	frame = frame_for(box, epoch, sizeof length + message_bytes);
	text_add_bytes(&frame->bytes, length, sizeof length);
	text_add(&frame->bytes, header);
	if (frame->is_closed && body->arena == NULL) {
		frame->body = *body;
		*body = text_new(body->max);
	} else {
		text_add(&frame->bytes, text_str(body));
	}
	assert(!frame->bytes.is_cut);
	frame->messages++;
	box->waiting_bytes += sizeof length + message_bytes;
	return OK;
}

bool outbox_drop_other(struct outbox *box, uint16_t epoch, uint16_t *other)
{
	bool is_found = false;

	list_each (&box->queue, link) {
		struct waiting *frame = list_item(link, struct waiting, link);

		if (frame->epoch == 0 || frame->epoch == epoch ||
		    (is_found && frame->epoch != *other))
			continue;
		*other = frame->epoch;
		is_found = true;
		drop(box, frame);
	}
	return is_found;
}

bool outbox_first_epoch(const struct outbox *box, uint16_t *epoch)
{
	const struct waiting *frame = oldest(box);

	if (frame != NULL)
		*epoch = frame->epoch;
	return frame != NULL;
}

/* ---- credit and beats ---- */

enum status outbox_credit(struct outbox *box, uint64_t consumed)
{
	if (consumed < box->acknowledged || consumed > box->sent)
		return INVALID;
	box->acknowledged = consumed;
	return OK;
}

void outbox_consumed(struct outbox *box, uint64_t bytes)
{
	box->consumed += bytes;
	if (box->consumed - box->told >= TELL_BYTES)
		box->wants_beat = true;
}

void outbox_beat(struct outbox *box)
{
	if (!box->has_sent)
		box->wants_beat = true;
	box->has_sent = false;
}
