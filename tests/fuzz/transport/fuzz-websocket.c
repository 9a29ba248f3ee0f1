/*
 * Frames of a WebSocket from a stranger, cut as the first byte says: what is given fits, and after a broken one nothing is given.
 */
#include "runtime/base/base.h"
#include "transport/http/upgrade/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

#define FRAME_MAX 300U

/* What the reader says until it has no whole frame any more. */
static enum status read_all(struct websocket_reader *reader)
{
	struct websocket_frame frame;
	enum status status;

	while ((status = websocket_reader_next(reader, &frame)) == OK)
		assert(frame.payload.len <= FRAME_MAX &&
		       (frame.is_final || frame.kind <= WEBSOCKET_BINARY));
	assert(status == NOT_FOUND || websocket_reader_next(reader, &frame) == status);
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct websocket_reader reader;
	enum status status = NOT_FOUND;
	uint32_t piece;

	if (len == 0)
		return 0;
	piece = at[0] + 1U;
	websocket_reader_init(&reader, FRAME_MAX);
	for (size_t done = 1; done < len && status == NOT_FOUND;) {
		uint32_t room = websocket_reader_room(&reader), next = piece;

		next = next < room ? next : room;
		next = next < len - done ? next : (uint32_t)(len - done);
		assert(next > 0);
		websocket_reader_feed(&reader, str_of(at + done, next));
		done += next;
		status = read_all(&reader);
	}
	websocket_reader_fini(&reader);
	return 0;
}
