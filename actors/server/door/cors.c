#include "actors/server/door/cors.h"

struct str cors_origin(const struct cors *cors, struct http_exchange *exchange)
{
	struct str origin = cors != NULL ? http_request_header(exchange, STR("origin")) : STR_NONE;
	bool is_match;

	for (uint32_t i = 0; origin.len > 0 && i < cors->count; i++)
		if (pattern_match(cors->origins[i], origin, &is_match) == OK && is_match)
			return origin;
	return STR_NONE;
}

void cors_add(struct str origin, struct http_header *out)
{
	static const struct http_header headers[CORS_HEADERS - 1] = {
		{ { "access-control-allow-methods", 28 },
		  { "POST, GET, OPTIONS, PUT, DELETE, PATCH", 38 } },
		{ { "access-control-allow-headers", 28 },
		  { "Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, "
		    "X-Requested-With, If-Modified-Since",
		    111 } },
		{ { "access-control-expose-headers", 29 }, { "Date", 4 } },
		{ { "access-control-allow-credentials", 32 }, { "true", 4 } },
	};

	out[0] = (struct http_header){ STR("access-control-allow-origin"), origin };
	memcpy(out + 1, headers, sizeof headers);
}

bool cors_answer(struct str origin, struct http_exchange *exchange)
{
	struct http_header headers[CORS_HEADERS];

	if (origin.at == NULL || !str_is(http_method(exchange), "OPTIONS"))
		return false;
	cors_add(origin, headers);
	http_respond_parts(exchange, 204, (struct http_headers){ headers, CORS_HEADERS },
			   (struct http_parts){ NULL, 0 });
	http_done(exchange);
	return true;
}
