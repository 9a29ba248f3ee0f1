/*
 * Pages of other places: which may read what is answered, and what their browsers are told.
 */
#include "actors/server/door/cors.h"
#include "tests/unit/actors/server/http-rig.h"

#define ALLOW "access-control-allow-origin"

static struct str allowed(struct http_rig_answer answer)
{
	return http_header_get(answer.headers, STR(ALLOW));
}

TEST(pages_of_places_that_were_named_may_read_and_others_may_not)
{
	static const struct {
		const char *method, *path, *origin;
		int code;
		bool is_allowed;
	} cases[] = {
		{ "OPTIONS", "/api/v1/pods", "https://a.example.com", 204, true },
		{ "OPTIONS", "/api/v1/pods", "https://example.com.evil.org", 405, false },
		{ "GET", "/api/v1/namespaces/default", "https://a.example.com", 200, true },
		{ "GET", "/api/v1/namespaces/none", "http://localhost:8080", 404, true },
		{ "GET", "/api/v1/namespaces/default", "http://remotehost:8080", 200, false },
		{ "GET", "/api/v1/namespaces/default", "", 200, false },
		{ "GET", "/api/v1/namespaces/default", NULL, 200, false },
	};
	struct pattern *origins[2];
	struct cors cors = { origins, 2 };
	struct server_config config = { .cors = &cors };
	struct http_rig *rig;

	CHECK_STATUS(pattern_new(STR("^https://([a-z]+\\.)?example\\.com$"), &origins[0], NULL), OK);
	CHECK_STATUS(pattern_new(STR("//localhost:"), &origins[1], NULL), OK);
	rig = http_rig_open(&config);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct http_rig_answer answer = http_rig_ask_of(
		    rig, .method = cases[i].method, .path = cases[i].path,
		    .name = cases[i].origin != NULL ? "origin" : NULL, .value = cases[i].origin);

		if (cases[i].is_allowed || cases[i].code == 200)
			CHECK_EQ(answer.code, cases[i].code);
		else
			CHECK(answer.code >= 400);
		if (!cases[i].is_allowed) {
			CHECK(allowed(answer).at == NULL);
			continue;
		}
		CHECK_STR(allowed(answer), cases[i].origin);
		CHECK_STR(http_header_get(answer.headers, STR("access-control-allow-credentials")),
			  "true");
		CHECK_STR(http_header_get(answer.headers, STR("access-control-allow-methods")),
			  "POST, GET, OPTIONS, PUT, DELETE, PATCH");
	}
	http_rig_close(rig);
	pattern_free(origins[0]);
	pattern_free(origins[1]);
}
