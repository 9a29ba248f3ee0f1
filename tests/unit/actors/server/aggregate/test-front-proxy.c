#include "actors/server/aggregate/front-proxy.h"

#include "tests/lib/test.h"

#define H(n, v)                         \
	{                               \
		{ n, sizeof n - 1 },    \
		{                       \
			v, sizeof v - 1 \
		}                       \
	}

static const struct str groups[] = { { "devs", 4 }, { "system:authenticated", 20 } };
static const struct str scopes[] = { { "view", 4 }, { "edit", 4 } };
static const struct user_extra extra[] = { { { "Scopes/a%b", 10 }, scopes, 2 } };

/* "name=value name=value ..." */
static struct str show(struct http_headers headers)
{
	struct text out = text_in(test_arena(), 64 * KIB);

	for (uint32_t i = 0; i < headers.count; i++)
		text_printf(&out, "%s" STR_FMT "=" STR_FMT, i > 0 ? " " : "",
			    STR_ARG(headers.at[i].name), STR_ARG(headers.at[i].value));
	return text_str(&out);
}

TEST(who_asks_is_told_with_all_that_is_known_of_them)
{
	const struct user user = { .name = STR("jane"),
				   .uid = STR("u1"),
				   .groups = groups,
				   .group_count = 2,
				   .extra = extra,
				   .extra_count = 1 };
	struct http_headers out;

	CHECK_STATUS(front_proxy_headers(test_arena(), (struct http_headers){ 0 }, &user,
					 STR("10.0.0.7"), &out),
		     OK);
	CHECK_STR(show(out),
		  "x-remote-user=jane x-remote-uid=u1 x-remote-group=devs "
		  "x-remote-group=system:authenticated x-remote-extra-scopes%2fa%25b=view "
		  "x-remote-extra-scopes%2fa%25b=edit x-forwarded-for=10.0.0.7");
}

TEST(what_a_client_says_of_itself_or_of_its_connection_is_not_handed_on)
{
	static const struct http_header in[] = {
		H("accept", "application/json"),
		H("authorization", "Bearer x"),
		H("x-remote-user", "root"),
		H("x-remote-group", "system:masters"),
		H("x-remote-extra-a", "b"),
		H("x-remote-uid", "0"),
		H("impersonate-user", "root"),
		H("connection", "keep-alive, X-Secret"),
		H("x-secret", "s"),
		H("keep-alive", "5"),
		H("transfer-encoding", "chunked"),
		H("content-length", "5"),
		H("te", "trailers"),
		H("upgrade", "h2c"),
		H("host", "evil"),
		H("x-forwarded-for", "1.2.3.4"),
		H("proxy-authorization", "x"),
		H("user-agent", "u"),
		H(":path", "/x"),
	};
	const struct user user = { .name = STR("a") };
	struct http_headers out;

	CHECK_STATUS(front_proxy_headers(test_arena(),
					 (struct http_headers){ in, sizeof in / sizeof in[0] },
					 &user, STR(""), &out),
		     OK);
	CHECK_STR(show(out), "accept=application/json user-agent=u x-remote-user=a");
}

TEST(a_pod_is_not_told_who_asks)
{
	static const struct http_header in[] = {
		H("accept", "text/html"),
		H("authorization", "Bearer x"),
		H("cookie", "c=1"),
		H("x-remote-user", "root"),
	};
	struct http_headers out;

	CHECK_STATUS(front_proxy_headers(test_arena(), (struct http_headers){ in, 4 }, NULL,
					 STR("1.2.3.4, 10.0.0.7"), &out),
		     OK);
	CHECK_STR(show(out), "accept=text/html cookie=c=1 x-forwarded-for=1.2.3.4, 10.0.0.7");
}

TEST(a_name_that_would_be_more_than_one_header_is_refused)
{
	static const struct str lines[] = { { "a\r\nx-remote-group: system:masters", 34 } };
	const struct user bad[] = {
		{ .name = STR("jane\r\nx-remote-group: system:masters") },
		{ .name = STR("a\nb") },
		{ .name = STR("a"), .groups = lines, .group_count = 1 },
		{ .name = STR("a"),
		  .extra = (const struct user_extra[]){ { STR("k"), lines, 1 } },
		  .extra_count = 1 },
	};
	struct http_headers out;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_STATUS(front_proxy_headers(test_arena(), (struct http_headers){ 0 }, &bad[i],
						 STR(""), &out),
			     BAD_REQUEST);
}

TEST(an_answer_comes_back_without_what_was_about_its_connection)
{
	static const struct http_header in[] = {
		H("content-type", "text/plain"),
		H("content-length", "7"),
		H("connection", "close"),
		H("transfer-encoding", "chunked"),
		H("date", "now"),
		H("warning", "299 - \"w\""),
		H("etag", "\"1\""),
	};

	CHECK_STR(show(front_proxy_answer(test_arena(),
					  (struct http_headers){ in, sizeof in / sizeof in[0] })),
		  "content-type=text/plain warning=299 - \"w\" etag=\"1\"");
}
