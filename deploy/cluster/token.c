#include "deploy/cluster/token.h"

#include "transport/wire/base64.h"
#include "transport/wire/msgpack.h"

#define PREFIX "troupe1"
#define FINGERPRINT_CHARS 43U /* base64url of 32 bytes */
#define RECORD_FORMAT 1U
#define TEXT_MAX 256U /* of a description */

/* Lower case and digits, as bootstrap tokens: read aloud and typed without doubt. */
static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

/* Each letter equally likely: bytes past the last whole multiple of 36 are thrown away. */
static struct str random_word(uint32_t chars, struct arena *arena)
{
	char *out = arena_zalloc(arena, chars + 1);
	uint32_t len = 0;

	while (len < chars) {
		uint8_t byte;

		crypto_random(&byte, 1);
		if (byte < 252)
			out[len++] = letters[byte % 36];
	}
	return str_of(out, chars);
}

static bool is_word(struct str text, uint32_t chars)
{
	if (text.len != chars)
		return false;
	for (uint32_t i = 0; i < text.len; i++)
		if (text.at[i] == 0 || strchr(letters, text.at[i]) == NULL)
			return false;
	return true;
}

/* What a URL's authority is made of, with a port. */
static bool is_address(struct str text)
{
	int64_t colon = str_find_last(text, ':');
	uint64_t port;

	if (colon <= 0 || text.len > 255 ||
	    str_to_u64(str_slice(text, (uint32_t)colon + 1, text.len), &port) != OK || port == 0 ||
	    port > 65535)
		return false;
	for (int64_t i = 0; i < colon; i++) {
		char c = text.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '.' || c == ':' || c == '[' || c == ']'))
			return false;
	}
	return true;
}

static bool is_role(struct str role)
{
	return str_is(role, "auto") || str_is(role, "worker") || str_is(role, "witness");
}

void token_key(struct str secret, uint8_t out[CRYPTO_SHA256_BYTES])
{
	crypto_sha256(secret, out);
}

static enum status check(const struct token_wish *wish, struct fault *why)
{
	if (wish->role.len > 0 && !is_role(wish->role))
		return fault_set(why, INVALID, "",
				 "\"" STR_FMT "\" is no role: auto, worker or witness",
				 STR_ARG(wish->role));
	if (wish->description.len > TEXT_MAX)
		return fault_set(why, INVALID, "", "a description has at most %u bytes", TEXT_MAX);
	if (wish->addresses_count == 0 || wish->addresses_count > TOKEN_ADDRESSES_MAX)
		return fault_set(why, INVALID, "", "a token names 1 to %u addresses, not %u",
				 TOKEN_ADDRESSES_MAX, wish->addresses_count);
	for (uint32_t i = 0; i < wish->addresses_count; i++)
		if (!is_address(wish->addresses[i]))
			return fault_set(why, INVALID, "", "\"" STR_FMT "\" is no HOST:PORT",
					 STR_ARG(wish->addresses[i]));
	return OK;
}

static struct str text_of(const struct token_wish *wish, struct str id, struct str secret,
			  struct arena *arena)
{
	struct text text = text_in(arena, TOKEN_TEXT_MAX);

	text_printf(&text, PREFIX "." STR_FMT "." STR_FMT ".", STR_ARG(id), STR_ARG(secret));
	base64_encode(BASE64_URL, str_of(wish->authority_fingerprint, CRYPTO_SHA256_BYTES), &text);
	for (uint32_t i = 0; i < wish->addresses_count; i++) {
		text_add_char(&text, i == 0 ? '.' : ',');
		text_add(&text, wish->addresses[i]);
	}
	return text.is_cut ? STR_NONE : text_str(&text);
}

enum status token_create(const struct token_wish *wish, struct wall now, struct arena *arena,
			 struct str *out_text, struct token_record *out, struct fault *why)
{
	int64_t ttl_s = wish->ttl_s == 0 ? TOKEN_TTL_S : wish->ttl_s;
	struct token_record record = { 0 };
	struct str secret, text;

	TRY(check(wish, why));
	record.id = random_word(TOKEN_ID_CHARS, arena);
	secret = random_word(TOKEN_SECRET_CHARS, arena);
	text = text_of(wish, record.id, secret, arena);
	if (text.at == NULL)
		return fault_set(why, INVALID, "", "the addresses are too long for a token");
	token_key(secret, record.key);
	record.role = arena_str(arena, wish->role.len > 0 ? wish->role : STR("auto"));
	record.description = arena_str(arena, wish->description);
	record.created = now;
	record.expires.ns = ttl_s < 0 ? 0 : now.ns + ttl_s * TIME_S;
	record.is_single_use = wish->is_single_use;
	*out_text = text;
	*out = record;
	return OK;
}

/* ---- the word ---- */

static enum status parse_addresses(struct str list, struct token *out, struct fault *why)
{
	while (list.at != NULL) {
		struct str address = str_cut(&list, ',');

		if (out->addresses_count == TOKEN_ADDRESSES_MAX)
			return fault_set(why, INVALID, "", "the token names more than %u addresses",
					 TOKEN_ADDRESSES_MAX);
		if (!is_address(address))
			return fault_set(why, INVALID, "",
					 "the token's address \"" STR_FMT "\" is no HOST:PORT",
					 STR_ARG(address));
		out->addresses[out->addresses_count++] = address;
	}
	if (out->addresses_count == 0)
		return fault_set(why, INVALID, "", "the token names no address");
	return OK;
}

static enum status parse_fingerprint(struct str text, uint8_t out[CRYPTO_SHA256_BYTES],
				     struct fault *why)
{
	struct arena *arena = arena_new(0);
	struct str bytes;
	bool is_good = text.len == FINGERPRINT_CHARS &&
		       base64_decode(BASE64_URL, text, arena, &bytes, NULL) == OK &&
		       bytes.len == CRYPTO_SHA256_BYTES;

	if (is_good)
		memcpy(out, bytes.at, CRYPTO_SHA256_BYTES);
	arena_free(arena);
	return is_good ? OK
		       : fault_set(why, INVALID, "",
				   "the token's fourth part is no fingerprint of an authority");
}

enum status token_parse(struct str text, struct token *out, struct fault *why)
{
	struct str rest = str_trim(text), prefix;
	struct token token = { 0 };

	if (rest.len > TOKEN_TEXT_MAX)
		return fault_set(why, INVALID, "", "a token of %u bytes is too long", rest.len);
	prefix = str_cut(&rest, '.');
	if (!str_is(prefix, PREFIX))
		return fault_set(why, INVALID, "",
				 "a join token begins with " PREFIX
				 ". and comes from `troupe token create`");
	token.id = str_cut(&rest, '.');
	if (!is_word(token.id, TOKEN_ID_CHARS))
		return fault_set(why, INVALID, "", "the token's second part is no id of %u letters",
				 TOKEN_ID_CHARS);
	token.secret = str_cut(&rest, '.');
	if (!is_word(token.secret, TOKEN_SECRET_CHARS))
		return fault_set(why, INVALID, "",
				 "the token's third part is no secret of %u letters",
				 TOKEN_SECRET_CHARS);
	TRY(parse_fingerprint(str_cut(&rest, '.'), token.authority_fingerprint, why));
	TRY(parse_addresses(rest, &token, why));
	*out = token;
	return OK;
}

/* ---- the record ---- */

bool token_is_expired(const struct token_record *record, struct wall now)
{
	return record->expires.ns != 0 && now.ns >= record->expires.ns;
}

enum status token_admits(const struct token_record *record, struct str node_name, struct wall now,
			 struct fault *why)
{
	char at[TIME_TEXT];

	if (token_is_expired(record, now)) {
		time_print(record->expires, at);
		return fault_set(why, GONE, "",
				 "the token expired at %s: make another with `troupe token create`",
				 at);
	}
	if (record->is_single_use && record->used_by.len > 0 && !str_eq(record->used_by, node_name)) {
		time_print(record->used_at, at);
		return fault_set(why, GONE, "",
				 "the token was for one node and \"" STR_FMT
				 "\" used it at %s: make another with `troupe token create`",
				 STR_ARG(record->used_by), at);
	}
	return OK;
}

void token_use(struct token_record *record, struct str node_name, struct wall now)
{
	record->used_by = node_name;
	record->used_at = now;
}

struct str token_record_encode(const struct token_record *record, struct arena *arena)
{
	struct text text = text_in(arena, TOKEN_TEXT_MAX);

	pack_begin(&text, 10);
	pack_u64(&text, RECORD_FORMAT);
	pack_str(&text, record->id);
	pack_bytes(&text, str_of(record->key, sizeof record->key));
	pack_str(&text, record->role);
	pack_str(&text, record->description);
	pack_i64(&text, record->created.ns);
	pack_i64(&text, record->expires.ns);
	pack_bool(&text, record->is_single_use);
	pack_str(&text, record->used_by);
	pack_i64(&text, record->used_at.ns);
	assert(!text.is_cut); /* every part has its limit */
	return text_str(&text);
}

enum status token_record_decode(struct str bytes, struct token_record *out)
{
	struct unpack in = unpack_of(bytes);
	struct token_record record = { 0 };
	uint64_t format;
	struct str key;

	unpack_begin(&in);
	format = unpack_u64(&in);
	record.id = unpack_str(&in);
	key = unpack_bytes(&in);
	record.role = unpack_str(&in);
	record.description = unpack_str(&in);
	record.created.ns = unpack_i64(&in);
	record.expires.ns = unpack_i64(&in);
	record.is_single_use = unpack_bool(&in);
	record.used_by = unpack_str(&in);
	record.used_at.ns = unpack_i64(&in);
	unpack_end(&in);
	if (unpack_status(&in) != OK || format != RECORD_FORMAT || key.len != sizeof record.key ||
	    !is_word(record.id, TOKEN_ID_CHARS) || !is_role(record.role))
		return CORRUPT;
	memcpy(record.key, key.at, sizeof record.key);
	*out = record;
	return OK;
}
