#include "actors/authentication/request-header.h"

#include "transport/tls/certificate.h"

/* ---- the headers --------------------------------------------------------------------------------------------- */

/* What of the name follows one of the prefixes; absent: it has none of them. */
static struct str after_prefix(struct str_list prefixes, struct str name)
{
	for (uint32_t i = 0; i < prefixes.len; i++)
		if (str_starts(name, prefixes.at[i]))
			return str_slice(name, prefixes.at[i].len, name.len);
	return STR_NONE;
}

bool request_header_is_one(const struct request_headers *config, struct str name)
{
	return str_list_has(config->users, name) || str_list_has(config->uids, name) ||
	       str_list_has(config->groups, name) ||
	       after_prefix(config->extra_prefixes, name).at != NULL;
}

/* The first of these names that says something. */
static struct str first_of(struct str_list names, struct http_headers headers)
{
	for (uint32_t i = 0; i < names.len; i++) {
		struct str value = http_header_get(headers, names.at[i]);

		if (value.len > 0)
			return value;
	}
	return STR_NONE;
}

bool request_header_is_shown(const struct request_headers *config, struct http_headers headers)
{
	return first_of(config->users, headers).len > 0;
}

static void take_groups(const struct request_headers *config, struct http_headers headers,
			struct arena *arena, struct user *out)
{
	struct str *groups = arena_array(arena, struct str, headers.count + 1);

	for (uint32_t i = 0; i < config->groups.len; i++)
		for (uint32_t j = 0; j < headers.count; j++)
			if (str_eq(headers.at[j].name, config->groups.at[i]) &&
			    str_trim(headers.at[j].value).len > 0)
				groups[out->group_count++] = headers.at[j].value;
	out->groups = groups;
}

static int digit_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A key may be percent-encoded, since not all keys are names of headers; one that cannot be decoded stays as it is. */
static struct str decoded(struct str key, struct arena *arena)
{
	char *out = arena_alloc(arena, (size_t)key.len + 1);
	uint32_t len = 0;

	for (uint32_t i = 0; i < key.len; i++) {
		int high, low;

		if (key.at[i] != '%') {
			out[len++] = key.at[i];
			continue;
		}
		high = i + 2 < key.len ? digit_of(key.at[i + 1]) : -1;
		low = i + 2 < key.len ? digit_of(key.at[i + 2]) : -1;
		if (high < 0 || low < 0)
			return key;
		out[len++] = (char)(high << 4 | low);
		i += 2;
	}
	return str_of(out, len);
}

static void take_extra(const struct request_headers *config, struct http_headers headers,
		       struct arena *arena, struct user *out)
{
	struct user_extra *list = arena_array(arena, struct user_extra, headers.count + 1);

	for (uint32_t i = 0; i < headers.count; i++) {
		struct str key = after_prefix(config->extra_prefixes, headers.at[i].name);

		if (key.at != NULL)
			user_extra_add(list, &out->extra_count, decoded(key, arena),
				       headers.at[i].value, headers.count, arena);
	}
	out->extra = list;
}

void request_header_trust(struct request_headers *config, struct str authorities)
{
	config->authorities = authorities;
	memset(config->kept, 0, sizeof config->kept);
}

/* ---- the certificate -------------------------------------------------------------------------------------------- */

static bool is_kept(struct request_headers *config, const uint8_t digest[CRYPTO_SHA256_BYTES],
		    struct wall now)
{
	for (uint32_t i = 0; i < REQUEST_HEADER_KEPT; i++)
		if (now.ns < config->kept[i].until.ns &&
		    memcmp(config->kept[i].digest, digest, CRYPTO_SHA256_BYTES) == 0)
			return true;
	return false;
}

static void keep(struct request_headers *config, const uint8_t digest[CRYPTO_SHA256_BYTES],
		 struct wall now)
{
	struct request_header_kept *kept = &config->kept[config->next++ % REQUEST_HEADER_KEPT];

	memcpy(kept->digest, digest, CRYPTO_SHA256_BYTES);
	kept->until.ns = now.ns + REQUEST_HEADER_KEPT_MS * (int64_t)TIME_MS;
}

static bool is_believed(struct request_headers *config, struct authentication *a)
{
	uint8_t digest[CRYPTO_SHA256_BYTES];
	struct certificate_info info;
	struct fault said = { 0 };

	crypto_sha256(a->shown_pem, digest);
	if (is_kept(config, digest, a->check.now))
		return true;
	if (certificate_verify(a->shown_pem, config->authorities, CERTIFICATE_CLIENT, a->check.now,
			       &said) != OK ||
	    certificate_read(a->shown_pem, a->check.arena, &info, &said) != OK) {
		fault_set(&a->why, UNAUTHORIZED, "", "front proxy: %.300s", said.text);
		return false;
	}
	if (config->allowed.len > 0 && !str_list_has(config->allowed, info.common_name)) {
		fault_set(&a->why, UNAUTHORIZED, "",
			  "front proxy: the certificate's name \"" STR_FMT
			  "\" is none of those that are allowed",
			  STR_ARG(info.common_name));
		return false;
	}
	keep(config, digest, a->check.now);
	return true;
}

static enum check check(const struct authenticator *authenticator, struct authentication *a)
{
	struct request_headers *config = authenticator->config;
	struct user user = { .name = first_of(config->users, a->headers) };

	if (user.name.len == 0 || a->shown_pem.len == 0 || !is_believed(config, a))
		return CHECK_PASS;
	user.uid = first_of(config->uids, a->headers);
	take_groups(config, a->headers, a->check.arena, &user);
	take_extra(config, a->headers, a->check.arena, &user);
	a->user = user;
	return CHECK_ALLOW;
}

struct authenticator authentication_request_header(struct request_headers *config)
{
	return (struct authenticator){ .name = "requestheader", .check = check, .config = config };
}
