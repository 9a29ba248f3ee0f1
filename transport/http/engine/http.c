#include "transport/http/engine/http.h"

#include <stdio.h>
#include <time.h>

struct str http_header_get(struct http_headers headers, struct str name)
{
	for (uint32_t i = 0; i < headers.count; i++)
		if (str_eq(headers.at[i].name, name))
			return headers.at[i].value;
	return STR_NONE;
}

uint32_t http_header_count(struct http_headers headers, struct str name)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < headers.count; i++)
		count += str_eq(headers.at[i].name, name);
	return count;
}

bool http_header_has_token(struct str value, struct str token)
{
	struct str rest = value;
	while (rest.at != NULL)
		if (str_eq_nocase(str_trim(str_cut(&rest, ',')), token))
			return true;
	return false;
}

/* The characters of a token that a name in lower case may have: a table, because every byte of every head passes here. */
static const bool token_chars[256] = {
	['a' ... 'z'] = true,  ['0' ... '9'] = true, ['!'] = true,
	['#' ... '\''] = true, ['*' ... '+'] = true, ['-' ... '.'] = true,
	['^' ... '`'] = true,  ['|'] = true,         ['~'] = true,
};

bool http_header_is_valid(const struct http_header *header)
{
	bool is_good = header->name.len > 0;
	for (uint32_t i = 0; i < header->name.len; i++)
		is_good &= token_chars[(uint8_t)header->name.at[i]];
	for (uint32_t i = 0; i < header->value.len; i++) {
		uint8_t c = (uint8_t)header->value.at[i];
		is_good &= (c >= 0x20 || c == '\t') && c != 0x7f;
	}
	return is_good;
}

/* RFC 9110, 15, and RFC 6585 for 428, 429, 431; those a server here may answer. */
struct str http_code_text(int code)
{
	static const struct {
		int code;
		struct str text;
	} table[] = {
		{ 200, { "OK", 2 } },
		{ 201, { "Created", 7 } },
#define ROW(code, text)                        \
	{                                      \
		code,                          \
		{                              \
			text, sizeof(text) - 1 \
		}                              \
	}
		ROW(100, "Continue"),
		ROW(101, "Switching Protocols"),
		ROW(202, "Accepted"),
		ROW(204, "No Content"),
		ROW(206, "Partial Content"),
		ROW(301, "Moved Permanently"),
		ROW(302, "Found"),
		ROW(303, "See Other"),
		ROW(304, "Not Modified"),
		ROW(307, "Temporary Redirect"),
		ROW(308, "Permanent Redirect"),
		ROW(400, "Bad Request"),
		ROW(401, "Unauthorized"),
		ROW(403, "Forbidden"),
		ROW(404, "Not Found"),
		ROW(405, "Method Not Allowed"),
		ROW(406, "Not Acceptable"),
		ROW(408, "Request Timeout"),
		ROW(409, "Conflict"),
		ROW(410, "Gone"),
		ROW(411, "Length Required"),
		ROW(412, "Precondition Failed"),
		ROW(413, "Request Entity Too Large"),
		ROW(414, "URI Too Long"),
		ROW(415, "Unsupported Media Type"),
		ROW(417, "Expectation Failed"),
		ROW(421, "Misdirected Request"),
		ROW(422, "Unprocessable Entity"),
		ROW(426, "Upgrade Required"),
		ROW(428, "Precondition Required"),
		ROW(429, "Too Many Requests"),
		ROW(431, "Request Header Fields Too Large"),
		ROW(500, "Internal Server Error"),
		ROW(501, "Not Implemented"),
		ROW(502, "Bad Gateway"),
		ROW(503, "Service Unavailable"),
		ROW(504, "Gateway Timeout"),
		ROW(505, "HTTP Version Not Supported"),
		ROW(507, "Insufficient Storage"),
#undef ROW
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].code == code)
			return table[i].text;
	return STR("Unknown");
}

bool http_code_is_bodiless(int code)
{
	return code < 200 || code == 204 || code == 304;
}

struct str http_print_date(struct wall at, char out[HTTP_DATE_TEXT])
{
	/* strftime's names follow the locale; these must not. */
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t seconds = (time_t)(at.ns / TIME_S);
	struct tm tm;
	gmtime_r(&seconds, &tm);
	int len = snprintf(out, HTTP_DATE_TEXT, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
			   days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
			   (tm.tm_year + 1900) % 10000, tm.tm_hour, tm.tm_min, tm.tm_sec);
	return str_of(out, (size_t)len);
}

uint64_t http_parts_bytes(struct http_parts parts)
{
	uint64_t bytes = 0;
	for (uint32_t i = 0; i < parts.count; i++)
		bytes += parts.at[i].len;
	return bytes;
}
