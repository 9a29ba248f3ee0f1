/*
 * Request targets, queries and URLs. What decodes must decode to itself when it is encoded again, and no part may lie outside of
 * what it was taken from.
 */
#include "runtime/base/base.h"
#include "transport/http/url.h"
#include "transport/wire/gzip.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void fuzz_decoding(struct arena *arena, struct str input)
{
	struct str once = STR_NONE, again = STR_NONE;
	if (str_find_char(input, '\0') >= 0 || url_decode_query(arena, input, &once) != OK)
		return; /* url_split lets no NUL through; decoded, one would be refused */
	struct text text = text_in(arena, 4 * input.len + 1);
	url_encode(&text, once, input.len % 2 == 0);
	assert(url_decode_query(arena, text_str(&text), &again) == OK);
	assert(str_eq(once, again));
}

static void fuzz_target(struct arena *arena, struct str input)
{
	struct url_target target;
	if (url_split(input, &target) != OK)
		return;
	assert(target.path.len > 0 && (target.path.at[0] == '/' || target.path.at[0] == '*'));
	struct url_walk walk = url_walk(arena, target.query);
	struct str name, value;
	uint32_t pairs = 0;
	while (url_walk_next(&walk, &name, &value))
		pairs++;
	assert(pairs <= input.len);
	(void)url_query_get(arena, target.query, STR("watch"));
}

static void fuzz_gzip(struct arena *arena, struct str input)
{
	struct text out = text_in(arena, 64 * KIB);
	enum status status = gzip_unpack(&out, input);
	assert(status == OK || status == CORRUPT || status == TOO_LARGE);
	(void)gzip_is_accepted(input);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct arena *arena = arena_new(0);
	struct str input = str_of(at, len);
	struct fault why;
	struct url url;

	fuzz_decoding(arena, input);
	fuzz_target(arena, input);
	fuzz_gzip(arena, input);
	if (url_parse(input, &url, &why) == OK)
		assert(url.host.len > 0 && (url.is_unix || url.port != 0));
	arena_free(arena);
	return 0;
}
