#include "datastore/log/message.h"

#include "datastore/log/role/member.h"
#include "runtime/base/bytes.h"

enum { FLAG_PRE = 1, FLAG_ORDERED = 2, FLAG_GRANTED = 4, FLAG_ALL = 7 };

#define HEADER_BYTES 12U
#define ENTRY_BYTES 13U /* before its payload: term u64, kind u8, length u32 */
/* Indexes and terms stay far from the edge, so that sums of them cannot wrap. */
#define NUMBER_MAX (UINT64_C(1) << 62)

static uint8_t flags_of(const struct message *message)
{
	switch (message->kind) {
	case MESSAGE_VOTE:
		return (uint8_t)((message->vote.is_pre ? FLAG_PRE : 0) |
				 (message->vote.is_ordered ? FLAG_ORDERED : 0));
	case MESSAGE_VOTED:
		return (uint8_t)((message->voted.is_pre ? FLAG_PRE : 0) |
				 (message->voted.is_granted ? FLAG_GRANTED : 0));
	default: return 0;
	}
}

static void add_u64(struct text *out, uint64_t value)
{
	char bytes[8];
	bytes_put_u64(bytes, value);
	text_add_bytes(out, bytes, sizeof bytes);
}

static void encode_entry(const struct entry *entry, struct text *out)
{
	char fixed[ENTRY_BYTES];
	char *at = bytes_put_u64(fixed, entry->term);
	at = bytes_put_u8(at, (uint8_t)entry->kind);
	bytes_put_u32(at, entry->len);
	text_add_bytes(out, fixed, sizeof fixed);
	text_add(out, entry_payload(entry));
}

static void encode_append(const struct message *message, struct text *out)
{
	uint32_t bytes = 28;
	for (uint32_t i = 0; i < message->append.count; i++)
		bytes += ENTRY_BYTES + message->append.entries[i]->len;
	text_reserve(out, bytes);
	add_u64(out, message->append.prev_index);
	add_u64(out, message->append.prev_term);
	add_u64(out, message->append.commit);
	char count[4];
	bytes_put_u32(count, message->append.count);
	text_add_bytes(out, count, sizeof count);
	for (uint32_t i = 0; i < message->append.count; i++) {
		assert(message->append.entries[i]->index == message->append.prev_index + 1 + i);
		encode_entry(message->append.entries[i], out);
	}
}

static void add_pair(struct text *out, uint64_t a, uint64_t b)
{
	add_u64(out, a);
	add_u64(out, b);
}

void message_encode(const struct message *message, struct text *out)
{
	char header[HEADER_BYTES] = { MESSAGE_VERSION, (char)message->kind,
				      (char)flags_of(message) };
	bytes_put_u64(header + 4, message->term);
	text_add_bytes(out, header, sizeof header);
	switch (message->kind) {
	case MESSAGE_APPEND: encode_append(message, out); break;
	case MESSAGE_APPENDED:
		add_pair(out, message->appended.rejected, message->appended.last);
		break;
	case MESSAGE_VOTE: add_pair(out, message->vote.last_index, message->vote.last_term); break;
	case MESSAGE_OFFER: add_pair(out, message->offer.index, message->offer.term); break;
	case MESSAGE_TIMEOUT:
		add_pair(out, message->timeout.last_index, message->timeout.last_term);
		break;
	case MESSAGE_COMMITTED:
		add_pair(out, message->committed.index, message->committed.term);
		break;
	case MESSAGE_BASE:
		add_pair(out, message->base.index, message->base.term);
		add_u64(out, message->base.members_index);
		text_add(out, message->base.members);
		break;
	case MESSAGE_HELD: add_u64(out, message->held.index); break;
	case MESSAGE_PATIENT: add_u64(out, message->patient.ms); break;
	case MESSAGE_CONFIRM:
	case MESSAGE_CONFIRMED:
	case MESSAGE_READ:
	case MESSAGE_READABLE: add_pair(out, message->read.round, message->read.index); break;
	case MESSAGE_VOTED:
	case MESSAGE_REMOVED: break;
	}
}

/* ---- decoding ---- */

static enum status refuse(struct fault *why, const char *what)
{
	return fault_set(why, CORRUPT, "", "message of a member: %s", what);
}

/* A place in a log: both zero is "nothing", else a term that the sender's term has reached. */
static bool is_place(uint64_t index, uint64_t term, uint64_t sender_term)
{
	return (index == 0) == (term == 0) && index < NUMBER_MAX && term <= sender_term;
}

static enum status decode_entry(struct bytes_reader *in, uint64_t index, uint64_t low,
				uint64_t high, struct entry **out, struct fault *why)
{
	uint64_t term = bytes_read_u64(in);
	uint8_t kind = bytes_read_u8(in);
	uint32_t len = bytes_read_u32(in);
	if (in->is_short)
		return refuse(why, "entries are cut");
	if (len > LIMIT_ENTRY_BYTES)
		return refuse(why, "an entry is too long");
	struct str payload = bytes_read(in, len);
	if (in->is_short)
		return refuse(why, "an entry's payload is cut");
	if (kind < ENTRY_COMMAND || kind > ENTRY_MEMBERS)
		return refuse(why, "an entry of unknown kind");
	if (term == 0 || term < low || term > high)
		return refuse(why, "terms of entries are out of order");
	struct members members;
	if (kind == ENTRY_MEMBERS && members_decode(payload, index, &members, why) != OK)
		return CORRUPT;
	*out = entry_new(index, term, (enum entry_kind)kind, payload);
	return OK;
}

static enum status decode_append(struct bytes_reader *in, struct arena *arena, struct message *out,
				 struct fault *why)
{
	out->append.prev_index = bytes_read_u64(in);
	out->append.prev_term = bytes_read_u64(in);
	out->append.commit = bytes_read_u64(in);
	uint32_t count = bytes_read_u32(in);
	if (in->is_short)
		return refuse(why, "append is cut");
	if (!is_place(out->append.prev_index, out->append.prev_term, out->term) ||
	    out->append.commit >= NUMBER_MAX)
		return refuse(why, "append begins nowhere");
	if (count > MESSAGE_ENTRIES || count > in->rest.len / ENTRY_BYTES)
		return refuse(why, "append with too many entries");
	struct entry **entries = arena_array(arena, struct entry *, count);
	out->append.entries = entries;
	uint64_t low = out->append.prev_term;
	for (uint32_t i = 0; i < count; i++) {
		TRY(decode_entry(in, out->append.prev_index + 1 + i, low, out->term, &entries[i],
				 why));
		out->append.count = i + 1; /* so far: what message_release gives back */
		low = entries[i]->term;
	}
	return OK;
}

static void decode_pair(struct bytes_reader *in, uint64_t *a, uint64_t *b)
{
	*a = bytes_read_u64(in);
	*b = bytes_read_u64(in);
}

static enum status decode_base(struct bytes_reader *in, struct message *out, struct fault *why)
{
	struct members members;
	decode_pair(in, &out->base.index, &out->base.term);
	out->base.members_index = bytes_read_u64(in);
	if (in->is_short || out->base.index == 0 ||
	    !is_place(out->base.index, out->base.term, out->term) || out->base.members_index == 0 ||
	    out->base.members_index > out->base.index)
		return refuse(why, "a log that begins nowhere");
	out->base.members = bytes_read(in, in->rest.len);
	return members_decode(out->base.members, out->base.members_index, &members, why);
}

static enum status decode_body(struct bytes_reader *in, uint8_t flags, struct arena *arena,
			       struct message *out, struct fault *why)
{
	switch (out->kind) {
	case MESSAGE_APPEND: return decode_append(in, arena, out, why);
	case MESSAGE_APPENDED:
		decode_pair(in, &out->appended.rejected, &out->appended.last);
		if (out->appended.rejected >= NUMBER_MAX || out->appended.last >= NUMBER_MAX ||
		    (out->appended.rejected > 0 && out->appended.last >= out->appended.rejected))
			return refuse(why, "answer to append contradicts itself");
		return OK;
	case MESSAGE_VOTE:
		decode_pair(in, &out->vote.last_index, &out->vote.last_term);
		out->vote.is_pre = flags & FLAG_PRE;
		out->vote.is_ordered = flags & FLAG_ORDERED;
		if (!is_place(out->vote.last_index, out->vote.last_term, out->term))
			return refuse(why, "candidate's log ends nowhere");
		return OK;
	case MESSAGE_VOTED:
		out->voted.is_pre = flags & FLAG_PRE;
		out->voted.is_granted = flags & FLAG_GRANTED;
		return OK;
	case MESSAGE_OFFER:
		decode_pair(in, &out->offer.index, &out->offer.term);
		if (out->offer.index == 0 || !is_place(out->offer.index, out->offer.term, out->term))
			return refuse(why, "snapshot of nothing");
		return OK;
	case MESSAGE_TIMEOUT:
		decode_pair(in, &out->timeout.last_index, &out->timeout.last_term);
		if (!is_place(out->timeout.last_index, out->timeout.last_term, out->term))
			return refuse(why, "leader's log ends nowhere");
		return OK;
	case MESSAGE_CONFIRM:
	case MESSAGE_CONFIRMED:
	case MESSAGE_READ:
	case MESSAGE_READABLE:
		decode_pair(in, &out->read.round, &out->read.index);
		if (out->read.index >= NUMBER_MAX)
			return refuse(why, "read at an impossible index");
		return OK;
	case MESSAGE_REMOVED: return OK;
	case MESSAGE_HELD:
		out->held.index = bytes_read_u64(in);
		if (out->held.index == 0 || out->held.index >= NUMBER_MAX)
			return refuse(why, "nothing is held");
		return OK;
	case MESSAGE_PATIENT:
		out->patient.ms = bytes_read_u64(in);
		return out->patient.ms < NUMBER_MAX ? OK : refuse(why, "patience without end");
	case MESSAGE_BASE: return decode_base(in, out, why);
	case MESSAGE_COMMITTED:
		decode_pair(in, &out->committed.index, &out->committed.term);
		if (out->committed.index == 0 ||
		    !is_place(out->committed.index, out->committed.term, out->term))
			return refuse(why, "nothing is committed");
		return OK;
	}
	return refuse(why, "unknown kind");
}

enum status message_decode(struct str bytes, struct arena *arena, struct message *out,
			   struct fault *why)
{
	struct bytes_reader in = { .rest = bytes };
	uint8_t version = bytes_read_u8(&in);
	uint8_t kind = bytes_read_u8(&in);
	uint8_t flags = bytes_read_u8(&in);
	uint8_t zero = bytes_read_u8(&in);
	*out = (struct message){ .kind = (enum message_kind)kind, .term = bytes_read_u64(&in) };
	if (in.is_short)
		return refuse(why, "shorter than a header");
	if (version != MESSAGE_VERSION)
		return refuse(why, "unknown version");
	if (kind < MESSAGE_APPEND || kind > MESSAGE_PATIENT || (flags & ~FLAG_ALL) != 0 || zero != 0)
		return refuse(why, "unknown kind");
	if (out->term == 0 || out->term >= NUMBER_MAX)
		return refuse(why, "impossible term");
	enum status status = decode_body(&in, flags, arena, out, why);
	if (status == OK && (in.is_short || in.rest.len > 0))
		status = refuse(why, "cut, or longer than it says");
	/* One message, one form: a flag of another kind is no part of this one. */
	if (status == OK && flags_of(out) != flags)
		status = refuse(why, "a flag that its kind has not");
	if (status != OK)
		message_release(out);
	return status;
}

void message_release(struct message *message)
{
	if (message->kind != MESSAGE_APPEND)
		return;
	for (uint32_t i = 0; i < message->append.count; i++)
		entry_unref(message->append.entries[i]);
	message->append.count = 0;
}
