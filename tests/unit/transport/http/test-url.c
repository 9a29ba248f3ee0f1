#include "tests/lib/test.h"
#include "transport/http/url.h"

TEST(a_request_target_is_split_or_refused)
{
	static const struct {
		const char *target, *path, *query; /* path NULL: refused */
		bool has_query;
	} cases[] = {
		{ "/", "/", "", false },
		{ "/api/v1/pods?watch=1&a=%20", "/api/v1/pods", "watch=1&a=%20", true },
		{ "/api?", "/api", "", true },
		{ "/a?b?c", "/a", "b?c", true },
		{ "*", "*", "", false },
		{ "http://host:8080/x/y?z=1", "/x/y", "z=1", true },
		{ "https://host", "/", "", false },
		{ "https://host?q=1", "/", "q=1", true },
		{ "", NULL, NULL, false },
		{ "api", NULL, NULL, false },
		{ "host:443", NULL, NULL, false },
		{ "://x/", NULL, NULL, false },
		{ "http:///x", NULL, NULL, false },
		{ "h2p://x/", NULL, NULL, false },
		{ "/a#b", NULL, NULL, false },
		{ "/a b", NULL, NULL, false },
		{ "/a\x7f", NULL, NULL, false },
		{ "/\xc3\xa4", NULL, NULL, false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct url_target target = { 0 };
		enum status status = url_split(str_from(cases[i].target), &target);
		CHECK_STATUS(status, cases[i].path != NULL ? OK : BAD_REQUEST);
		if (cases[i].path == NULL)
			continue;
		CHECK_STR(target.path, cases[i].path);
		CHECK_STR(target.query, cases[i].query);
		CHECK_EQ(target.query.at != NULL, cases[i].has_query);
	}
}

TEST(percent_encoding_is_decoded_or_refused)
{
	static const struct {
		const char *in, *path, *query; /* NULL: refused */
	} cases[] = {
		{ "plain", "plain", "plain" },
		{ "", "", "" },
		{ "a%2Fb%2fc", "a/b/c", "a/b/c" },
		{ "a+b", "a+b", "a b" },
		{ "%41%7a", "Az", "Az" },
		{ "%c3%a4", "\xc3\xa4", "\xc3\xa4" },
		{ "%", NULL, NULL },
		{ "%4", NULL, NULL },
		{ "%g0", NULL, NULL },
		{ "x%0", NULL, NULL },
		{ "%00", NULL, NULL },
		{ "%25%32%35", "%25", "%25" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str in = str_from(cases[i].in), out = STR_NONE;
		enum status expected = cases[i].path != NULL ? OK : BAD_REQUEST;
		CHECK_STATUS(url_decode(test_arena(), in, &out), expected);
		if (expected == OK)
			CHECK_STR(out, cases[i].path);
		CHECK_STATUS(url_decode_query(test_arena(), in, &out), expected);
		if (expected == OK)
			CHECK_STR(out, cases[i].query);
	}
}

TEST(what_is_encoded_decodes_to_itself)
{
	char all[255];
	for (int i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	for (int keep = 0; keep < 2; keep++) {
		struct text text = text_in(test_arena(), KIB);
		url_encode(&text, str_of(all, sizeof all), keep);
		struct str out = STR_NONE;
		CHECK_STATUS(url_decode_query(test_arena(), text_str(&text), &out), OK);
		CHECK(str_eq(out, str_of(all, sizeof all)));
		CHECK_EQ(str_find_char(text_str(&text), '/') >= 0, keep);
	}
}

TEST(a_query_is_walked_in_order_and_stops_at_what_is_broken)
{
	static const struct {
		const char *query, *seen;
		enum status status;
	} cases[] = {
		{ "a=1&b=2", "a=1,b=2,", OK },
		{ "&&a=1&", "a=1,", OK },
		{ "a", "a=,", OK },
		{ "a=b=c", "a=b=c,", OK },
		{ "=x", "=x,", OK },
		{ "", "", OK },
		{ "labelSelector=app%3Dweb%2Ctier+in+%28x%29&limit=5",
		  "labelSelector=app=web,tier in (x),limit=5,", OK },
		{ "a=1&b=%zz&c=3", "a=1,", BAD_REQUEST },
		{ "a=1;b=2", "", BAD_REQUEST },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct url_walk walk = url_walk(test_arena(), str_from(cases[i].query));
		struct text seen = text_in(test_arena(), KIB);
		struct str name, value;
		while (url_walk_next(&walk, &name, &value))
			text_printf(&seen, STR_FMT "=" STR_FMT ",", STR_ARG(name), STR_ARG(value));
		CHECK_STR(text_str(&seen), cases[i].seen);
		CHECK_STATUS(walk.status, cases[i].status);
	}
}

TEST(a_query_value_is_found_past_broken_pairs)
{
	struct str query = STR("x=%zz&watch=true&watch=false&empty");
	CHECK_STR(url_query_get(test_arena(), query, STR("watch")), "true");
	CHECK(url_query_get(test_arena(), query, STR("empty")).at != NULL);
	CHECK(url_query_get(test_arena(), query, STR("none")).at == NULL);
	CHECK(url_query_get(test_arena(), STR_NONE, STR("watch")).at == NULL);
}

TEST(a_url_of_a_client_is_parsed_or_explained)
{
	static const struct {
		const char *text, *host, *path;
		uint16_t port;
		bool is_tls, is_unix;
	} cases[] = {
		{ "https://10.0.0.1:6443", "10.0.0.1", "/", 6443, true, false },
		{ "https://host", "host", "/", 443, true, false },
		{ "http://host/a?b=1", "host", "/a?b=1", 80, false, false },
		{ "https://[fd00::1]:6443/x", "fd00::1", "/x", 6443, true, false },
		{ "http://[::1]", "::1", "/", 80, false, false },
		{ "unix:/run/x.sock", "/run/x.sock", "/", 0, false, true },
		{ .text = "ftp://x" },
		{ .text = "https://" },
		{ .text = "https://:80" },
		{ .text = "https://[::1" },
		{ .text = "https://x:0" },
		{ .text = "https://x:65536" },
		{ .text = "https://x:" },
		{ .text = "https://x?y" },
		{ .text = "unix:relative" },
		{ .text = "unix:" },
		{ .text = "https://a b" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct url url = { 0 };
		struct fault why = { 0 };
		enum status status = url_parse(str_from(cases[i].text), &url, &why);
		CHECK_STATUS(status, cases[i].host != NULL ? OK : INVALID);
		if (cases[i].host == NULL) {
			CHECK(why.text[0] != '\0');
			continue;
		}
		CHECK_STR(url.host, cases[i].host);
		CHECK_STR(url.path, cases[i].path);
		CHECK_EQ(url.port, cases[i].port);
		CHECK_EQ(url.is_tls, cases[i].is_tls);
		CHECK_EQ(url.is_unix, cases[i].is_unix);
	}
}
