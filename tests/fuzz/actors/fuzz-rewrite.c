/*
 * What is behind a proxy: HTML whose links are made ours reads the same in whatever pieces it comes, and is at least as long as it was; a header
 * Location, a packed page, and a path that is asked for are taken or left as they are.
 */
#include "actors/server/proxy/address.h"
#include "actors/server/proxy/rewrite.h"
#include "runtime/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

#define OUT_MAX (16U * MIB)

static struct rewrite *begin(struct arena *arena, const char *encoding, struct str location)
{
	struct rewrite *rewrite =
	    rewrite_new(arena, STR("/p/proxy"), STR("api:6443"), STR("10.0.0.9:80"));
	struct http_header headers[] = {
		{ STR("content-type"), STR("text/html") },
		{ STR("content-encoding"), str_from(encoding) },
		{ STR("location"), location },
	};
	struct http_headers all = { headers, location.at != NULL ? 3 : 2 };
	bool has_links = rewrite_begin(rewrite, &all);

	assert(has_links == (location.at == NULL));
	return rewrite;
}

static struct text page(struct arena *arena, struct str input, uint32_t step)
{
	struct rewrite *rewrite = begin(arena, "", STR_NONE);
	struct text out = text_new(OUT_MAX);

	for (uint32_t i = 0; i < input.len; i += step)
		assert(rewrite_add(rewrite, str_slice(input, i, i + step), i + step >= input.len,
				   &out) == OK);
	return out;
}

static void fuzz_html(struct arena *arena, struct str input)
{
	struct text whole = page(arena, input, input.len + 1), pieces = page(arena, input, 3);

	assert(str_eq(text_str(&whole), text_str(&pieces)));
	text_fini(&whole);
	text_fini(&pieces);
}

static void fuzz_packed(struct arena *arena, struct str input)
{
	struct rewrite *rewrite = begin(arena, "gzip", STR_NONE);
	struct text out = text_new(OUT_MAX);

	assert(rewrite_add(rewrite, input, true, &out) == OK);
	text_fini(&out);
}

static void fuzz_path(struct arena *arena, struct str input)
{
	struct address address;
	struct str out;

	if (address_split(input, &address))
		assert(address.name.len > 0);
	(void)address_port(input);
	(void)address_is_allowed(input);
	if (address_path(arena, input, input, &out) == OK && out.len > 0) {
		assert(str_starts(out, STR("/")));
		assert(str_find(out, STR("/../")) < 0 && str_find(out, STR("//")) < 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct str input = str_of(at, len > 64 * KIB ? 64 * KIB : len);
	struct arena *arena = arena_new(0);

	fuzz_html(arena, input);
	fuzz_packed(arena, input);
	fuzz_path(arena, input);
	(void)begin(arena, "", input.len > 0 ? input : STR("/"));
	arena_free(arena);
	return 0;
}
