/*
 * An outbox: what waits for one peer, gathered into frames. Knows no socket.
 *
 * Messages are taken in any state (bounded by LIMIT_LINK_OUTBOX_BYTES) and leave when the session is open and the peer has
 * credit. The link asks for the next frame whenever its pipe is ready; until then what is added joins the newest frame.
 */
#ifndef TRANSPORT_PEER_OUTBOX_H
#define TRANSPORT_PEER_OUTBOX_H

#include "transport/peer/frame.h"

struct outbox {
	struct str hello; /* borrowed */
	struct list queue;
	uint64_t waiting_bytes;
	bool is_open, wants_hello, wants_beat, has_sent;
	struct frame head; /* of the next frame to leave */
	uint64_t sent, acknowledged, consumed, told;
	uint64_t frames_sent, messages_sent, bytes_sent; /* over all sessions */
};

/* `hello` is the body of our HELLO frames; it outlives the outbox. */
void outbox_init(struct outbox *box, struct seams_peer self, struct seams_peer peer,
		 struct str hello);
void outbox_fini(struct outbox *box);

/* The next frame is a hello with these numbers; the peer's may be 0. */
void outbox_greet(struct outbox *box, uint32_t session, uint32_t peer_session);
/* The peer has said hello from this life and session: data may leave. */
void outbox_open(struct outbox *box, uint16_t epoch, uint32_t peer_session);
/* The session is over, or did not come about: everything that waits is dropped, numbers begin anew. */
void outbox_clear(struct outbox *box);

/* Adds a message meant for that life of the peer (0: any). May take the memory of a big body. BUSY: the limit. */
MUST_USE enum status outbox_add(struct outbox *box, uint16_t epoch, struct str header,
				struct text *body);
/* Drops what is meant for another life than `epoch`: before opening. True if there was any; *other is one of those lives. Call until false. */
bool outbox_drop_other(struct outbox *box, uint16_t epoch, uint16_t *other);
/* The life that the oldest waiting message is meant for (0: any); false if nothing waits. */
bool outbox_first_epoch(const struct outbox *box, uint16_t *epoch);

/* The next frame that may leave, in two parts of which the second may be empty. False: none now. */
bool outbox_next(struct outbox *box, GIVE struct text *head, GIVE struct text *body);

/* Something waits, though it may not be allowed to leave yet. */
bool outbox_is_waiting(const struct outbox *box);

/* The peer has told how many bytes of ours it took. INVALID: more than were sent, or fewer than before. */
MUST_USE enum status outbox_credit(struct outbox *box, uint64_t consumed);
/* We took this many bytes of the peer's: told with the next frame, or with one for the purpose when much has gathered. */
void outbox_consumed(struct outbox *box, uint64_t bytes);
/* A BEAT is to leave unless something left since the last call. */
void outbox_beat(struct outbox *box);

#endif
