#include "actors/client/alive.h"

#include <string.h>

#include "transport/wire/msgpack.h"

/* False: longer than any name may be, or one that would end before its length. */
static bool take_name(char out[ALIVE_NAME_BYTES], struct str name)
{
	if (name.len == 0 || name.len >= ALIVE_NAME_BYTES || memchr(name.at, 0, name.len) != NULL)
		return false;
	memcpy(out, name.at, name.len);
	out[name.len] = 0;
	return true;
}

static enum status ask_encode(const void *body, struct text *out)
{
	const struct alive_ask *ask = body;

	pack_begin(out, 2);
	pack_u64(out, ask->period_ms);
	pack_str(out, str_from(ask->agent));
	return out->is_cut ? TOO_LARGE : OK;
}

static enum status ask_decode(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	struct alive_ask *ask = body;
	bool is_fine;

	(void)arena;
	unpack_begin(&in);
	ask->period_ms = unpack_u32(&in);
	is_fine = take_name(ask->agent, unpack_str(&in));
	unpack_end(&in);
	return is_fine ? unpack_status(&in) : CORRUPT;
}

static enum status here_encode(const void *body, struct text *out)
{
	pack_begin(out, 1);
	pack_str(out, str_from(((const struct alive_here *)body)->node));
	return out->is_cut ? TOO_LARGE : OK;
}

static enum status here_decode(struct str bytes, struct arena *arena, void *body)
{
	struct unpack in = unpack_of(bytes);
	bool is_fine;

	(void)arena;
	unpack_begin(&in);
	is_fine = take_name(((struct alive_here *)body)->node, unpack_str(&in));
	unpack_end(&in);
	return is_fine ? unpack_status(&in) : CORRUPT;
}

ACT_TYPE(alive_ask, .id = 211, .encode = ask_encode, .decode = ask_decode);
ACT_TYPE(alive_here, .id = 212, .encode = here_encode, .decode = here_decode);

const struct act_type *const alive_types[] = { &alive_ask_type, &alive_here_type };
const uint32_t alive_type_count = sizeof alive_types / sizeof alive_types[0];
