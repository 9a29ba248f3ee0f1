#include "deploy/main/backup/s3-sign.h"

#include <stdio.h>

#include "transport/tls/crypto.h"

#define DAY_BYTES 8U
#define CANONICAL_MAX (16U * KIB)

void s3_date(struct wall now, char out[S3_DATE_BYTES])
{
	char text[TIME_TEXT];
	struct str printed = time_print(now, text);
	size_t len = 0;

	for (uint32_t i = 0; i < printed.len && len + 1 < S3_DATE_BYTES; i++)
		if (printed.at[i] != '-' && printed.at[i] != ':')
			out[len++] = printed.at[i];
	out[len] = '\0';
}

static struct str in_hex(const uint8_t bytes[CRYPTO_SHA256_BYTES], struct arena *arena)
{
	struct text out = text_in(arena, 2 * CRYPTO_SHA256_BYTES + 1);

	for (size_t i = 0; i < CRYPTO_SHA256_BYTES; i++)
		text_printf(&out, "%02x", bytes[i]);
	return text_str(&out);
}

struct str s3_hash(struct str bytes, struct arena *arena)
{
	uint8_t digest[CRYPTO_SHA256_BYTES];

	crypto_sha256(bytes, digest);
	return in_hex(digest, arena);
}

/* In order of their names. */
static struct str signed_headers(const struct s3_credentials *credentials,
				 const struct s3_signed *request, struct arena *arena)
{
	return arena_printf(arena, "host;%sx-amz-content-sha256;x-amz-date%s",
			    request->range.at != NULL ? "range;" : "",
			    credentials->token.len > 0 ? ";x-amz-security-token" : "");
}

static struct str canonical(const struct s3_credentials *credentials,
			    const struct s3_signed *request, const char *date, struct str names,
			    struct arena *arena)
{
	struct text out = text_in(arena, CANONICAL_MAX);

	text_printf(&out, "%s\n" STR_FMT "\n" STR_FMT "\nhost:" STR_FMT "\n", request->method,
		    STR_ARG(request->path), STR_ARG(request->query), STR_ARG(request->host));
	if (request->range.at != NULL)
		text_printf(&out, "range:" STR_FMT "\n", STR_ARG(request->range));
	text_printf(&out, "x-amz-content-sha256:" STR_FMT "\nx-amz-date:%s\n",
		    STR_ARG(request->hash_hex), date);
	if (credentials->token.len > 0)
		text_printf(&out, "x-amz-security-token:" STR_FMT "\n", STR_ARG(credentials->token));
	text_printf(&out, "\n" STR_FMT "\n" STR_FMT, STR_ARG(names), STR_ARG(request->hash_hex));
	return text_str(&out);
}

/* The secret, narrowed step by step to the day, the place and the service. */
static void make_key(const struct s3_credentials *credentials, const char *date,
		     uint8_t out[CRYPTO_SHA256_BYTES], struct arena *arena)
{
	const struct str steps[] = { str_of(date, DAY_BYTES), credentials->region, STR("s3"),
				     STR("aws4_request") };
	struct str key = arena_printf(arena, "AWS4" STR_FMT, STR_ARG(credentials->secret));

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		uint8_t next[CRYPTO_SHA256_BYTES];

		crypto_hmac_sha256(key, steps[i], next);
		memcpy(out, next, CRYPTO_SHA256_BYTES);
		key = str_of((const char *)out, CRYPTO_SHA256_BYTES);
	}
}

struct str s3_sign(const struct s3_credentials *credentials, const struct s3_signed *request,
		   struct arena *arena)
{
	uint8_t key[CRYPTO_SHA256_BYTES], mac[CRYPTO_SHA256_BYTES];
	struct str names = signed_headers(credentials, request, arena), scope, text;
	char date[S3_DATE_BYTES];

	s3_date(request->now, date);
	scope = arena_printf(arena, "%.8s/" STR_FMT "/s3/aws4_request", date,
			     STR_ARG(credentials->region));
	text = arena_printf(
	    arena, "AWS4-HMAC-SHA256\n%s\n" STR_FMT "\n" STR_FMT, date, STR_ARG(scope),
	    STR_ARG(s3_hash(canonical(credentials, request, date, names, arena), arena)));
	make_key(credentials, date, key, arena);
	crypto_hmac_sha256(str_of((const char *)key, sizeof key), text, mac);
	return arena_printf(arena,
			    "AWS4-HMAC-SHA256 Credential=" STR_FMT "/" STR_FMT
			    ",SignedHeaders=" STR_FMT ",Signature=" STR_FMT,
			    STR_ARG(credentials->key_id), STR_ARG(scope), STR_ARG(names),
			    STR_ARG(in_hex(mac, arena)));
}
