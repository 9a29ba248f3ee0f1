/*
 * What a peer may send over a link: frames, their greetings and messages, envelopes, and raft's own messages. What was
 * decoded encodes to bytes that decode to the same.
 */
#include "datastore/log/message.h"
#include "runtime/actor/far/envelope.h"
#include "runtime/base/base.h"
#include "transport/peer/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void fuzz_envelope(struct str input)
{
	char out[ENVELOPE_BYTES];
	struct envelope envelope;
	struct str body;

	if (envelope_decode(input, &envelope, &body) != OK)
		return;
	assert(body.len == envelope.length);
	if (envelope.trace) {
		envelope_encode_trace(envelope.trace, out);
		assert(memcmp(out, body.at + body.len, ENVELOPE_TRACE_BYTES) == 0);
	}
	envelope_encode(&envelope, out);
	assert(memcmp(out, input.at, ENVELOPE_BYTES) == 0);
}

static void fuzz_frame(struct str input)
{
	struct frame_hello hello;
	char out[FRAME_BYTES];
	struct frame frame;
	struct str body, message;
	uint32_t length;

	if (frame_decode(input, &frame, &body) != OK)
		return;
	assert(frame_length(input.at, &length) == OK && length == input.len);
	frame_encode(&frame, out);
	assert(memcmp(out, input.at, FRAME_BYTES) == 0);
	if (frame.kind == FRAME_HELLO && frame_hello_decode(body, &hello) == OK)
		assert(hello.address.len <= FRAME_TEXT_MAX);
	while (frame.kind == FRAME_DATA && body.len > 0 && frame_message_next(&body, &message) == OK)
		fuzz_envelope(message);
}

static void fuzz_message(struct str input)
{
	struct text once = text_new(4 * MIB);
	struct arena *arena = arena_new(0);
	struct message message;
	struct fault why;

	if (message_decode(input, arena, &message, &why) == OK) {
		message_encode(&message, &once);
		assert(str_eq(input, text_str(&once)));
		message_release(&message);
	}
	arena_free(arena);
	text_fini(&once);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct str input = str_of(at, len);

	fuzz_frame(input);
	fuzz_envelope(input);
	fuzz_message(input);
	return 0;
}
