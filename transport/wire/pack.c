#include "runtime/base/text.h"
#include "transport/wire/msgpack.h"

#include <msgpack/pack.h>

/*
 * Writing is the library's. Reading is not: its reader builds a tree whose size the sender chooses, in
 * memory of its own; ours takes one value after the other from the body.
 */

static int append(void *out, const char *at, size_t len)
{
	text_add_bytes(out, at, len);
	return 0;
}

static msgpack_packer packer_of(struct text *out)
{
	return (msgpack_packer){ .data = out, .callback = append };
}

void pack_begin(struct text *out, uint32_t count)
{
	msgpack_packer packer = packer_of(out);

	msgpack_pack_array(&packer, count);
}

void pack_list(struct text *out, uint32_t count)
{
	pack_begin(out, count);
}

void pack_u64(struct text *out, uint64_t value)
{
	msgpack_packer packer = packer_of(out);

	msgpack_pack_uint64(&packer, value);
}

void pack_i64(struct text *out, int64_t value)
{
	msgpack_packer packer = packer_of(out);

	msgpack_pack_int64(&packer, value);
}

void pack_bool(struct text *out, bool value)
{
	msgpack_packer packer = packer_of(out);

	if (value)
		msgpack_pack_true(&packer);
	else
		msgpack_pack_false(&packer);
}

void pack_double(struct text *out, double value)
{
	msgpack_packer packer = packer_of(out);

	msgpack_pack_double(&packer, value);
}

void pack_str(struct text *out, struct str value)
{
	msgpack_packer packer = packer_of(out);

	if (value.at == NULL) {
		msgpack_pack_nil(&packer);
		return;
	}
	msgpack_pack_str(&packer, value.len);
	text_add(out, value);
}

void pack_bytes(struct text *out, struct str value)
{
	msgpack_packer packer = packer_of(out);

	if (value.at == NULL) {
		msgpack_pack_nil(&packer);
		return;
	}
	msgpack_pack_bin(&packer, value.len);
	text_add(out, value);
}

enum status pack_nothing(const void *body, struct text *out)
{
	(void)body;
	pack_begin(out, 0);
	return out->is_cut ? TOO_LARGE : OK;
}
