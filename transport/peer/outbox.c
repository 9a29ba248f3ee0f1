#include "transport/peer/outbox.h"

#include <pthread.h>
#include <stdlib.h>

#include "runtime/base/base.h"

#define FRAME_FIRST_BYTES 2048U /* most frames of a quiet link are smaller */
#define TELL_BYTES \
	(LIMIT_LINK_CREDIT_BYTES / 4) /* so much taken is told at once, lest the peer stop */

/* A frame that waits. Its header is written when it leaves. */
struct waiting {
	struct list link;
	nng_msg *msg;
	uint16_t epoch;
	uint32_t messages;
	bool is_closed; /* takes no more messages */
};

struct outbox {
	pthread_mutex_t lock; /* over all below */
	nng_aio *aio;
	nng_socket push;
	struct str hello;
	struct list queue;
	uint64_t waiting_bytes;
	bool is_attached, is_up, is_in_flight;
	bool is_open, wants_hello, wants_beat, has_sent;
	struct frame head; /* of the next frame to leave */
	uint64_t sent, acknowledged, consumed, told;
	struct outbox_stats stats;
};

static void must(int result)
{
	if (result != 0)
		abort(); /* nng says so for want of memory only */
}

/* ---- frames that leave ---- */

static nng_msg *stamped(struct outbox *box, nng_msg *msg, enum frame_kind kind)
{
	struct frame head = box->head;

	head.kind = kind;
	head.sequence = kind == FRAME_DATA ? ++box->head.sequence : 0;
	head.consumed = box->consumed;
	frame_encode(&head, nng_msg_body(msg));
	box->told = box->consumed;
	box->wants_beat = false;
	box->has_sent = true;
	box->stats.frames++;
	return msg;
}

static nng_msg *control(struct outbox *box, enum frame_kind kind, struct str body)
{
	nng_msg *msg;

	must(nng_msg_alloc(&msg, FRAME_BYTES));
	must(nng_msg_append(msg, body.at, body.len));
	return stamped(box, msg, kind);
}

static void waiting_free(struct waiting *frame)
{
	nng_msg_free(frame->msg);
	mem_free(frame);
}

static struct waiting *oldest(struct outbox *box)
{
	return list_is_empty(&box->queue) ? NULL : list_item(box->queue.next, struct waiting, link);
}

static void forget(struct outbox *box, struct waiting *frame)
{
	list_remove(&frame->link);
	box->waiting_bytes -= nng_msg_len(frame->msg);
}

/* A message larger than all of the credit still passes: alone, when nothing else is under way. */
static bool has_credit(const struct outbox *box, size_t bytes)
{
	uint64_t under_way = box->sent - box->acknowledged;

	return under_way == 0 || under_way + bytes <= LIMIT_LINK_CREDIT_BYTES;
}

static nng_msg *next_data(struct outbox *box)
{
	struct waiting *frame = oldest(box);
	nng_msg *msg;

	if (!box->is_open || frame == NULL || !has_credit(box, nng_msg_len(frame->msg)))
		return NULL;
	forget(box, frame);
	msg = frame->msg;
	box->sent += nng_msg_len(msg);
	box->stats.messages += frame->messages;
	box->stats.bytes += nng_msg_len(msg);
	mem_free(frame);
	return stamped(box, msg, FRAME_DATA);
}

static nng_msg *next(struct outbox *box)
{
	nng_msg *msg;

	if (!box->is_up || box->is_in_flight)
		return NULL;
	if (box->wants_hello) {
		box->wants_hello = false;
		return control(box, FRAME_HELLO, box->hello);
	}
	msg = next_data(box);
	if (msg == NULL && box->is_open && box->wants_beat)
		msg = control(box, FRAME_BEAT, STR_NONE);
	return msg;
}

/* Starts the next send if there is one. nng is called outside of the lock: it may call us back. */
static void pump(struct outbox *box)
{
	nng_msg *msg;

	pthread_mutex_lock(&box->lock);
	msg = next(box);
	if (msg != NULL)
		box->is_in_flight = true;
	pthread_mutex_unlock(&box->lock);
	if (msg == NULL)
		return;
	nng_aio_set_msg(box->aio, msg);
	nng_send_aio(box->push, box->aio);
}

/* On one of nng's threads. A failed send leaves its message with us; that the session is over comes by another way. */
static void sent(void *arg)
{
	struct outbox *box = arg;

	if (nng_aio_result(box->aio) != 0) {
		nng_msg_free(nng_aio_get_msg(box->aio));
		nng_aio_set_msg(box->aio, NULL);
	}
	pthread_mutex_lock(&box->lock);
	box->is_in_flight = false;
	pthread_mutex_unlock(&box->lock);
	pump(box);
}

/* ---- life ---- */

struct outbox *outbox_new(struct seams_peer self, struct seams_peer peer, struct str hello)
{
	struct outbox *box = mem_new(struct outbox);

	pthread_mutex_init(&box->lock, NULL);
	list_init(&box->queue);
	box->hello = str_of(mem_copy(hello.at, hello.len), hello.len);
	box->head.from = self;
	box->head.to = peer;
	return box;
}

void outbox_free(struct outbox *box)
{
	assert(!box->is_attached);
	outbox_clear(box);
	mem_free((void *)(uintptr_t)box->hello.at);
	pthread_mutex_destroy(&box->lock);
	mem_free(box);
}

void outbox_attach(struct outbox *box, nng_socket push)
{
	assert(!box->is_attached);
	must(nng_aio_alloc(&box->aio, sent, box));
	box->push = push;
	box->is_attached = true;
}

void outbox_detach(struct outbox *box)
{
	outbox_down(box);
	nng_aio_stop(
	    box->aio); /* unlike a cancelled one, a stopped one cannot be begun again by its own callback */
	if (box->is_in_flight) /* that was tried: nng refused it without a word and left the message */
		nng_msg_free(nng_aio_get_msg(box->aio));
	nng_aio_free(box->aio);
	box->is_attached = false;
	box->is_in_flight = false;
}

void outbox_up(struct outbox *box, uint32_t session, uint32_t peer_session)
{
	pthread_mutex_lock(&box->lock);
	box->is_up = true;
	box->wants_hello = true;
	box->head.from_session = session;
	box->head.to_session = peer_session;
	pthread_mutex_unlock(&box->lock);
	pump(box);
}

void outbox_down(struct outbox *box)
{
	pthread_mutex_lock(&box->lock);
	box->is_up = false;
	pthread_mutex_unlock(&box->lock);
	if (box->is_attached)
		nng_aio_cancel(box->aio);
}

void outbox_open(struct outbox *box, uint16_t epoch, uint32_t peer_session)
{
	pthread_mutex_lock(&box->lock);
	box->is_open = true;
	box->head.to.epoch = epoch;
	box->head.to_session = peer_session;
	pthread_mutex_unlock(&box->lock);
	pump(box);
}

void outbox_clear(struct outbox *box)
{
	struct waiting *frame;

	pthread_mutex_lock(&box->lock);
	while ((frame = oldest(box)) != NULL) {
		forget(box, frame);
		waiting_free(frame);
	}
	box->is_open = box->wants_beat = box->wants_hello = false;
	box->head.sequence = 0;
	box->head.to.epoch = 0;
	box->sent = box->acknowledged = box->consumed = box->told = 0;
	pthread_mutex_unlock(&box->lock);
	if (box->is_attached)
		nng_aio_cancel(box->aio);
}

/* ---- messages in ---- */

/* nng grows a message to the exact size, so filling one piece by piece is quadratic: double ahead. */
static void append(nng_msg *msg, const void *at, size_t len)
{
	size_t need = nng_msg_len(msg) + len, have = nng_msg_capacity(msg);

	if (need > have)
		must(nng_msg_reserve(msg, need > 2 * have ? need : 2 * have));
	if (len > 0)
		must(nng_msg_append(msg, at, len));
}

static struct waiting *waiting_new(struct outbox *box, uint16_t epoch, size_t bytes)
{
	struct waiting *frame = mem_new(struct waiting);

	must(nng_msg_alloc(&frame->msg, 0));
	must(nng_msg_reserve(frame->msg, bytes));
	append(frame->msg, (char[FRAME_BYTES]){ 0 }, FRAME_BYTES);
	frame->epoch = epoch;
	list_push(&box->queue, &frame->link);
	box->waiting_bytes += FRAME_BYTES;
	return frame;
}

/* The frame that takes a message of `bytes` with its length: the newest if it has room, else a new one. */
static struct waiting *frame_for(struct outbox *box, uint16_t epoch, size_t bytes)
{
	struct waiting *newest =
	    list_is_empty(&box->queue) ? NULL : list_item(box->queue.prev, struct waiting, link);
	bool travels_alone = bytes >= LIMIT_FRAME_ALONE;
	struct waiting *frame;

	if (newest != NULL && !newest->is_closed && !travels_alone && newest->epoch == epoch &&
	    nng_msg_len(newest->msg) + bytes <= LIMIT_FRAME_BYTES)
		return newest;
	frame = waiting_new(box, epoch, travels_alone ? FRAME_BYTES + bytes : FRAME_FIRST_BYTES);
	frame->is_closed = travels_alone;
	return frame;
}

enum status outbox_add(struct outbox *box, uint16_t epoch, struct str header, struct str body)
{
	uint32_t message_bytes = header.len + body.len;
	struct waiting *frame;
	char length[FRAME_LENGTH_BYTES];

	frame_message_encode(message_bytes, length);
	pthread_mutex_lock(&box->lock);
	if (box->waiting_bytes + message_bytes > LIMIT_LINK_OUTBOX_BYTES) {
		pthread_mutex_unlock(&box->lock);
		return BUSY;
	}
	frame = frame_for(box, epoch, sizeof length + message_bytes);
	append(frame->msg, length, sizeof length);
	append(frame->msg, header.at, header.len);
	append(frame->msg, body.at, body.len);
	frame->messages++;
	box->waiting_bytes += sizeof length + message_bytes;
	pthread_mutex_unlock(&box->lock);
	pump(box);
	return OK;
}

bool outbox_drop_other(struct outbox *box, uint16_t epoch, uint16_t *other)
{
	bool is_found = false;

	pthread_mutex_lock(&box->lock);
	list_each (&box->queue, link) {
		struct waiting *frame = list_item(link, struct waiting, link);

		if (frame->epoch == 0 || frame->epoch == epoch ||
		    (is_found && frame->epoch != *other))
			continue;
		*other = frame->epoch;
		is_found = true;
		forget(box, frame);
		waiting_free(frame);
	}
	pthread_mutex_unlock(&box->lock);
	return is_found;
}

bool outbox_first_epoch(struct outbox *box, uint16_t *epoch)
{
	struct waiting *frame;

	pthread_mutex_lock(&box->lock);
	frame = oldest(box);
	if (frame != NULL)
		*epoch = frame->epoch;
	pthread_mutex_unlock(&box->lock);
	return frame != NULL;
}

/* ---- credit and beats ---- */

enum status outbox_credit(struct outbox *box, uint64_t consumed)
{
	bool is_true;

	pthread_mutex_lock(&box->lock);
	is_true = consumed >= box->acknowledged && consumed <= box->sent;
	if (is_true)
		box->acknowledged = consumed;
	pthread_mutex_unlock(&box->lock);
	if (!is_true)
		return INVALID;
	pump(box);
	return OK;
}

void outbox_consumed(struct outbox *box, uint64_t bytes)
{
	pthread_mutex_lock(&box->lock);
	box->consumed += bytes;
	if (box->consumed - box->told >= TELL_BYTES)
		box->wants_beat = true;
	pthread_mutex_unlock(&box->lock);
	pump(box);
}

void outbox_beat(struct outbox *box)
{
	pthread_mutex_lock(&box->lock);
	if (!box->has_sent)
		box->wants_beat = true;
	box->has_sent = false;
	pthread_mutex_unlock(&box->lock);
	pump(box);
}

void outbox_stats(struct outbox *box, struct outbox_stats *out)
{
	pthread_mutex_lock(&box->lock);
	*out = box->stats;
	out->waiting_bytes = box->waiting_bytes;
	pthread_mutex_unlock(&box->lock);
}
