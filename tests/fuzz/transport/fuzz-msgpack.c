/*
 * Bodies of actor messages: a reader that is asked for anything never reads past the end, and what is read before it
 * finds a fault is packed to the same values.
 */
#include "runtime/base/base.h"
#include "transport/wire/msgpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void ask(struct unpack *in, uint8_t what)
{
	switch (what % 9) {
	case 0:
		if (in->depth < UNPACK_DEPTH_MAX)
			unpack_begin(in);
		return;
	case 1:
		if (in->depth > 0)
			unpack_end(in);
		return;
	case 2:
		if (in->depth < UNPACK_DEPTH_MAX)
			assert(unpack_list(in) <= (uint64_t)(in->end - in->at));
		return;
	case 3: (void)unpack_u64(in); return;
	case 4: (void)unpack_i32(in); return;
	case 5: (void)unpack_u32(in); return;
	case 6: (void)unpack_bool(in); return;
	case 7: (void)unpack_double(in); return;
	default: break;
	}
	struct str s = unpack_str(in);
	assert(s.at == NULL || (const uint8_t *)s.at + s.len <= in->end);
}

/* The first byte says how many questions there are; they come next, then the body. */
int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	size_t questions = len > 0 ? at[0] : 0;

	if (len < questions + 1)
		return 0;
	struct unpack in = unpack_of(str_of(at + 1 + questions, len - 1 - questions));
	for (size_t i = 0; i < questions; i++)
		ask(&in, at[1 + i]);
	if (unpack_status(&in) == OK)
		assert(in.at == in.end && in.depth == 0);
	return 0;
}
