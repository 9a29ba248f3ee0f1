#include "transport/wire/utf8.h"

#include "runtime/base/base.h"
#include "tests/lib/test.h"

TEST(every_character_survives_and_nothing_else_is_one)
{
	for (uint32_t code = 0; code < 0x110000; code += code < 0x3000 ? 1 : 251) {
		char bytes[4];
		uint32_t back = 0, len = utf8_encode(code, bytes);
		bool is_surrogate = code >= 0xd800 && code < 0xe000;
		CHECK_EQ(utf8_decode(bytes, bytes + len, &back), len);
		CHECK_EQ(back, is_surrogate ? UTF8_REPLACEMENT : code);
		CHECK_EQ(utf8_decode(bytes, bytes + len - 1, &back), 0);
	}
	static const char *const bad[] = {
		"\x80",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x80\x80",
		"\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80",
		"\xc3x"
	};
	for (uint32_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK(!utf8_is_valid(str_from(bad[i])));
}

TEST(characters_are_counted_and_not_bytes)
{
	CHECK_EQ(utf8_count(STR("a\xc3\xa9\xf0\x9f\x98\x80\xff")), 4);
	CHECK_EQ(utf8_count(STR_NONE), 0);
}
