#include "tests/unit/actors/etcd/wire-lab.h"

#include "tests/lib/test.h"

struct text wire_lab(void)
{
	return text_in(test_arena(), 4 * MIB);
}

static void add_varint(struct text *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		text_add_char(out, (char)(value | 0x80));
	text_add_char(out, (char)value);
}

void wire_lab_int(struct text *out, uint32_t number, int64_t value)
{
	add_varint(out, number << 3);
	add_varint(out, (uint64_t)value);
}

void wire_lab_str(struct text *out, uint32_t number, struct str value)
{
	add_varint(out, number << 3 | 2);
	add_varint(out, value.len);
	text_add(out, value);
}

void wire_lab_in(struct text *out, uint32_t number, struct text inner)
{
	wire_lab_str(out, number, text_str(&inner));
}

struct text wire_lab_range(const char *key, const char *end)
{
	struct text out = wire_lab();

	wire_lab_str(&out, 1, str_from(key));
	if (end != NULL)
		wire_lab_str(&out, 2, str_from(end));
	return out;
}

struct text wire_lab_put(const char *key, const char *value)
{
	struct text out = wire_lab();

	wire_lab_str(&out, 1, str_from(key));
	wire_lab_str(&out, 2, str_from(value));
	return out;
}

struct text wire_lab_delete(const char *key, const char *end)
{
	return wire_lab_range(key, end);
}

struct text wire_lab_op(uint32_t kind, struct text request)
{
	struct text out = wire_lab();

	wire_lab_in(&out, kind, request);
	return out;
}

struct text wire_lab_number(int64_t value)
{
	struct text out = wire_lab();

	wire_lab_int(&out, 1, value);
	return out;
}
