#include "actors/client/alive.h"

#include "transport/wire/msgpack.h"

static enum status ask_encode(const void *body, struct text *out)
{
	const struct alive_ask *ask = body;

	pack_begin(out, 2);
	pack_u64(out, ask->period_ms);
	pack_str(out, ask->node);
	return out->is_cut ? TOO_LARGE : OK;
}

static enum status ask_decode(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct alive_ask *ask = body;

	unpack_begin(&in);
	ask->period_ms = unpack_u32(&in);
	ask->node = arena_str(arena, unpack_str(&in));
	unpack_end(&in);
	return unpack_status(&in);
}

static enum status here_encode(const void *body, struct text *out)
{
	pack_begin(out, 1);
	pack_str(out, ((const struct alive_here *)body)->node);
	return out->is_cut ? TOO_LARGE : OK;
}

static enum status here_decode(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);

	unpack_begin(&in);
	((struct alive_here *)body)->node = arena_str(arena, unpack_str(&in));
	unpack_end(&in);
	return unpack_status(&in);
}

ACT_TYPE(alive_ask, .id = 211, .encode = ask_encode, .decode = ask_decode);
ACT_TYPE(alive_here, .id = 212, .encode = here_encode, .decode = here_decode);

const struct act_type *const alive_types[] = { &alive_ask_type, &alive_here_type };
const uint32_t alive_type_count = sizeof alive_types / sizeof alive_types[0];
