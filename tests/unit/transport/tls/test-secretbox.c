/*
 * Boxes under a secret key: the example that NaCl was published with opens, and nothing that was changed does.
 */
#include "tests/lib/test.h"
#include "transport/tls/secretbox.h"

static const char key_text[] = "1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389";
static const char box_text[] =
    "69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37"
    "f3ffc7703f9400e52a7dfb4b3d3305d9"
    "8e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c9"
    "72"
    "71d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9"
    "da"
    "99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5";
static const char plain_text[] =
    "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61"
    "29"
    "6cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1f"
    "de"
    "048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705";

static uint8_t digit(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static struct str bytes_of(const char *hex)
{
	size_t len = strlen(hex) / 2;
	uint8_t *at = arena_alloc(test_arena(), len);

	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
	return str_of(at, len);
}

TEST(the_published_box_opens_and_no_other_does)
{
	struct str key = bytes_of(key_text), box = bytes_of(box_text);
	uint8_t *out = arena_alloc(test_arena(), box.len);
	uint8_t *changed = arena_copy(test_arena(), box.at, box.len);

	CHECK_STATUS(secretbox_open((const uint8_t *)key.at, box, out), OK);
	CHECK(str_eq(str_of(out, box.len - SECRETBOX_EXTRA_BYTES), bytes_of(plain_text)));
	for (uint32_t i = 0; i < box.len; i++) {
		changed[i] ^= 1;
		CHECK_STATUS(secretbox_open((const uint8_t *)key.at, str_of(changed, box.len), out),
			     CORRUPT);
		changed[i] ^= 1;
	}
	for (uint32_t len = 0; len < box.len; len++)
		CHECK_STATUS(secretbox_open((const uint8_t *)key.at, str_slice(box, 0, len), out),
			     CORRUPT);
}

TEST(what_is_closed_opens_whatever_its_length)
{
	static const uint32_t lengths[] = { 0, 1, 31, 32, 33, 95, 96, 97, 1000, 65536 };
	struct str key = bytes_of(key_text);
	const uint8_t *secret = (const uint8_t *)key.at;

	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		uint32_t len = lengths[i];
		char *plain = arena_zalloc(test_arena(), len + 1);
		char *out = arena_alloc(test_arena(), len + 1);
		uint8_t *box = arena_alloc(test_arena(), len + SECRETBOX_EXTRA_BYTES);
		struct str closed = str_of(box, len + SECRETBOX_EXTRA_BYTES);

		for (uint32_t j = 0; j < len; j++)
			plain[j] = (char)(j * 7);
		secretbox_close(secret, str_of(plain, len), box);
		CHECK_STATUS(secretbox_open(secret, closed, out), OK);
		CHECK(str_eq(str_of(out, len), str_of(plain, len)));
	}
}
