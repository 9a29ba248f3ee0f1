#include "deploy/ui/page.h"

#include "deploy/cluster/embedded.h"
#include "transport/tls/crypto.h"
#include "transport/wire/base64.h"
#include "transport/wire/gzip.h"

/* What stands between <element> and </element>, which is there once. */
static struct str inside(struct str page, const char *begin, const char *end)
{
	int64_t at = str_find(page, str_from(begin)), until;
	struct str rest;

	assert(at >= 0);
	rest = str_slice(page, (uint32_t)at + (uint32_t)strlen(begin), page.len);
	until = str_find(rest, str_from(end));
	assert(until >= 0);
	return str_slice(rest, 0, (uint32_t)until);
}

static void add_hash(struct text *policy, struct str bytes)
{
	uint8_t hash[CRYPTO_SHA256_BYTES];

	crypto_sha256(bytes, hash);
	text_lit(policy, " 'sha256-");
	base64_encode(BASE64_STANDARD, str_of(hash, sizeof hash), policy);
	text_lit(policy, "'");
}

struct server_page page_tree(struct arena *arena)
{
	struct arena *scratch = arena_new(0);
	struct text plain = text_in(scratch, MIB);
	enum status status = gzip_unpack(&plain, str_of(ui_tree, ui_tree_len));
	struct str page = text_str(&plain);
	struct text policy = text_in(arena, KIB);

	assert(status == OK); /* it is part of the program */
	text_lit(&policy, "default-src 'none'; connect-src 'self'; script-src");
	add_hash(&policy, inside(page, "<script>", "</script>"));
	text_lit(&policy, "; style-src");
	add_hash(&policy, inside(page, "<style>", "</style>"));
	arena_free(scratch);
	text_lit(&policy, "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
	return (struct server_page){ .path = "/ui/",
				     .type = STR("text/html; charset=utf-8"),
				     .body = str_of(ui_tree, ui_tree_len),
				     .is_packed = true,
				     .policy = text_str(&policy) };
}
