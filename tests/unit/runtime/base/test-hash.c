#include "runtime/base/hash.h"

#include "tests/lib/test.h"

TEST(crc32c_gives_the_published_values)
{
	unsigned char bytes[32];

	CHECK_EQ(hash_crc32c(0, "123456789", 9), 0xE3069283U);
	CHECK_EQ(hash_crc32c(0, "", 0), 0);
	memset(bytes, 0, sizeof bytes);
	CHECK_EQ(hash_crc32c(0, bytes, 32), 0x8A9136AAU);
	memset(bytes, 0xff, sizeof bytes);
	CHECK_EQ(hash_crc32c(0, bytes, 32), 0x62A8AB43U);
	for (uint32_t i = 0; i < 32; i++)
		bytes[i] = (unsigned char)i;
	CHECK_EQ(hash_crc32c(0, bytes, 32), 0x46DD794EU);
}

TEST(crc32c_of_parts_is_that_of_the_whole)
{
	const char *text = "a sentence that is longer than two words of the processor";
	size_t len = strlen(text);

	for (size_t cut = 0; cut <= len; cut++)
		CHECK_EQ(hash_crc32c(hash_crc32c(0, text, cut), text + cut, len - cut),
			 hash_crc32c(0, text, len));
}

TEST(the_table_and_the_instruction_give_the_same_crc32c)
{
	char bytes[300];

	for (uint32_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 31 + 7);
	for (uint32_t len = 0; len <= sizeof bytes; len++)
		CHECK_EQ(hash_crc32c_by_table(5, bytes, len), hash_crc32c(5, bytes, len));
}

TEST(fnv32a_gives_the_published_values)
{
	CHECK_EQ(hash_fnv32a(HASH_FNV32A_SEED, "", 0), 0x811c9dc5U);
	CHECK_EQ(hash_fnv32a(HASH_FNV32A_SEED, "a", 1), 0xe40c292cU);
	CHECK_EQ(hash_fnv32a(HASH_FNV32A_SEED, "foobar", 6), 0xbf9cf968U);
}

TEST(hashes_of_near_keys_spread_over_a_table)
{
	enum { SLOTS = 4096 };
	uint32_t used = 0;
	bool is_used[SLOTS] = { false };

	for (uint32_t i = 0; i < SLOTS; i++) {
		struct str key = arena_printf(test_arena(), "/registry/pods/default/web-%u", i);
		uint32_t slot = (uint32_t)hash_str(key) % SLOTS;

		used += !is_used[slot];
		is_used[slot] = true;
	}
	/* A random function fills 1 - 1/e of the slots: 2,589. */
	CHECK(used > 2500 && used < 2680);
}

TEST(every_length_and_every_byte_counts)
{
	char bytes[40] = { 0 };

	for (uint32_t len = 0; len < sizeof bytes; len++) {
		uint64_t hash = hash_bytes(1, bytes, len);

		CHECK(hash != hash_bytes(1, bytes, len + 1));
		CHECK(hash != hash_bytes(2, bytes, len));
		for (uint32_t i = 0; i < len; i++) {
			bytes[i] = 1;
			CHECK(hash != hash_bytes(1, bytes, len));
			bytes[i] = 0;
		}
	}
	CHECK(hash_mix(1, 2) != hash_mix(2, 1));
}
