#include "transport/http/url.h"

#include <assert.h>

#define HEX_BAD 255

static uint8_t hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (uint8_t)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (uint8_t)(c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (uint8_t)(c - 'A' + 10);
	return HEX_BAD;
}

static bool is_visible(struct str s)
{
	for (uint32_t i = 0; i < s.len; i++)
		if ((uint8_t)s.at[i] <= 0x20 || (uint8_t)s.at[i] >= 0x7f || s.at[i] == '#')
			return false;
	return true;
}

/* Absolute form is what proxies get (RFC 9112, 3.2.2); a server must take it all the same. */
static struct str skip_authority(struct str target)
{
	int64_t mark = str_find(target, STR("://"));
	if (mark <= 0)
		return STR_NONE;
	for (uint32_t i = 0; i < (uint32_t)mark; i++) {
		char c = (char)(target.at[i] | 0x20);
		if (c < 'a' || c > 'z')
			return STR_NONE;
	}
	struct str rest = str_slice(target, (uint32_t)mark + 3, target.len);
	uint32_t i = 0;
	while (i < rest.len && rest.at[i] != '/' && rest.at[i] != '?')
		i++;
	return i == 0 ? STR_NONE : str_slice(rest, i, rest.len);
}

enum status url_split(struct str target, struct url_target *out)
{
	if (target.len == 0 || !is_visible(target))
		return BAD_REQUEST;
	if (str_is(target, "*")) {
		*out = (struct url_target){ .path = target, .query = STR_NONE };
		return OK;
	}
	struct str rest = target;
	if (target.at[0] != '/') {
		rest = skip_authority(target);
		if (rest.at == NULL)
			return BAD_REQUEST;
	}
	struct str path = str_cut(&rest, '?');
	*out = (struct url_target){ .path = path.len == 0 ? STR("/") : path, .query = rest };
	return OK;
}

static bool needs_decoding(struct str s, bool plus_is_space)
{
	if (s.len == 0)
		return false;
	return memchr(s.at, '%', s.len) != NULL ||
	       (plus_is_space && memchr(s.at, '+', s.len) != NULL);
}

static enum status decode(struct arena *arena, struct str s, bool plus_is_space, struct str *out)
{
	if (!needs_decoding(s, plus_is_space)) {
		*out = s;
		return OK;
	}
	char *to = arena_alloc(arena, (size_t)s.len + 1);
	uint32_t len = 0;
	for (uint32_t i = 0; i < s.len; i++) {
		char c = s.at[i];
		if (c == '+' && plus_is_space) {
			c = ' ';
		} else if (c == '%') {
			if (s.len - i < 3)
				return BAD_REQUEST;
			uint8_t high = hex_digit(s.at[i + 1]), low = hex_digit(s.at[i + 2]);
			if (high == HEX_BAD || low == HEX_BAD || (high | low) == 0)
				return BAD_REQUEST;
			c = (char)(high << 4 | low);
			i += 2;
		}
		to[len++] = c;
	}
	to[len] = '\0';
	*out = str_of(to, len);
	return OK;
}

enum status url_decode(struct arena *arena, struct str s, struct str *out)
{
	return decode(arena, s, false, out);
}

enum status url_decode_query(struct arena *arena, struct str s, struct str *out)
{
	return decode(arena, s, true, out);
}

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void url_encode(struct text *text, struct str s, bool keep_slash)
{
	static const char digits[] = "0123456789ABCDEF";
	for (uint32_t i = 0; i < s.len; i++) {
		char c = s.at[i];
		if (is_unreserved(c) || (c == '/' && keep_slash)) {
			text_add_char(text, c);
			continue;
		}
		char escape[3] = { '%', digits[(uint8_t)c >> 4], digits[(uint8_t)c & 15] };
		text_add_bytes(text, escape, sizeof escape);
	}
}

struct url_walk url_walk(struct arena *arena, struct str query)
{
	return (struct url_walk){ .arena = arena, .rest = query, .status = OK };
}

static enum status walk_pair(struct url_walk *walk, struct str pair, struct str *name,
			     struct str *value)
{
	if (str_find_char(pair, ';') >= 0)
		return BAD_REQUEST;
	struct str rest = pair;
	struct str left = str_cut(&rest, '=');
	TRY(url_decode_query(walk->arena, left, name));
	if (rest.at == NULL)
		rest = STR("");
	return url_decode_query(walk->arena, rest, value);
}

bool url_walk_next(struct url_walk *walk, struct str *name, struct str *value)
{
	while (walk->rest.at != NULL) {
		struct str pair = str_cut(&walk->rest, '&');
		if (pair.len == 0)
			continue;
		walk->status = walk_pair(walk, pair, name, value);
		return walk->status == OK;
	}
	return false;
}

struct str url_query_get(struct arena *arena, struct str query, struct str name)
{
	struct url_walk walk = url_walk(arena, query);
	struct str found, value;
	do {
		while (url_walk_next(&walk, &found, &value))
			if (str_eq(found, name))
				return value;
	} while (walk.rest.at != NULL);
	return STR_NONE;
}

/* Splits `host:port`, `[v6]:port` and either without a port. */
static enum status parse_authority(struct str authority, struct url *out, struct fault *why)
{
	struct str port;
	if (str_starts(authority, STR("["))) {
		int64_t end = str_find_char(authority, ']');
		if (end < 0)
			return fault_set(why, INVALID, "", "no ] in the address " STR_FMT,
					 STR_ARG(authority));
		out->host = str_slice(authority, 1, (uint32_t)end);
		port = str_slice(authority, (uint32_t)end + 1, authority.len);
	} else {
		int64_t colon = str_find_char(authority, ':');
		uint32_t end = colon < 0 ? authority.len : (uint32_t)colon;
		out->host = str_slice(authority, 0, end);
		port = str_slice(authority, end, authority.len);
	}
	if (out->host.len == 0)
		return fault_set(why, INVALID, "", "no host in the address");
	out->port = out->is_tls ? 443 : 80;
	if (port.len == 0)
		return OK;
	uint64_t number = 0;
	if (port.at[0] != ':' || str_to_u64(str_slice(port, 1, port.len), &number) != OK ||
	    number == 0 || number > UINT16_MAX)
		return fault_set(why, INVALID, "", "no port from 1 to 65535 in " STR_FMT,
				 STR_ARG(authority));
	out->port = (uint16_t)number;
	return OK;
}

enum status url_parse(struct str text, struct url *out, struct fault *why)
{
	struct url url = { .path = STR("/") };
	if (!is_visible(text))
		return fault_set(why, INVALID, "",
				 "a URL has no spaces, fragments or control characters");
	if (str_starts(text, STR("unix:"))) {
		url.is_unix = true;
		url.host = str_slice(text, 5, text.len);
		if (url.host.len == 0 || url.host.at[0] != '/')
			return fault_set(why, INVALID, "", "unix: wants an absolute path");
		*out = url;
		return OK;
	}
	url.is_tls = str_starts(text, STR("https://"));
	if (!url.is_tls && !str_starts(text, STR("http://")))
		return fault_set(why, INVALID, "", "a URL begins with https://, http:// or unix:");
	struct str rest = str_slice(text, url.is_tls ? 8 : 7, text.len);
	uint32_t end = 0;
	while (end < rest.len && rest.at[end] != '/' && rest.at[end] != '?')
		end++;
	TRY(parse_authority(str_slice(rest, 0, end), &url, why));
	if (end < rest.len && rest.at[end] == '?')
		return fault_set(why, INVALID, "", "a URL with a query has a path before it");
	if (end < rest.len)
		url.path = str_slice(rest, end, rest.len);
	*out = url;
	return OK;
}
