#include "transport/http/http.h"

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

static bool is_token_char(char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return true;
	return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

bool http_header_is_valid(const struct http_header *header)
{
	if (header->name.len == 0)
		return false;
	for (uint32_t i = 0; i < header->name.len; i++)
		if (!is_token_char(header->name.at[i]))
			return false;
	for (uint32_t i = 0; i < header->value.len; i++) {
		uint8_t c = (uint8_t)header->value.at[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
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
