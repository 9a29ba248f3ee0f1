#include "actors/server/proxy/rewrite.h"

#include "runtime/base/base.h"
#include "tests/lib/test.h"
#include "transport/wire/gzip.h"

#define PREFIX "/api/v1/namespaces/n/services/web/proxy"

static struct rewrite *make_rewrite(void)
{
	return rewrite_new(test_arena(), STR(PREFIX), STR("api:6443"), STR("10.0.0.9:80"));
}

static struct rewrite *make_begun(struct http_header type, struct http_header more)
{
	struct http_header at[] = { type, more };
	struct http_headers headers = { at, more.name.at != NULL ? 2 : 1 };
	struct rewrite *rewrite = make_rewrite();

	CHECK(rewrite_begin(rewrite, &headers));
	return rewrite;
}

static const struct http_header html = { { "content-type", 12 },
					 { "text/html; charset=utf-8", 24 } };

/* In pieces of so many bytes. */
static struct str page(const char *text, uint32_t step)
{
	struct rewrite *rewrite = make_begun(html, (struct http_header){ 0 });
	struct text out = text_in(test_arena(), 1 * MIB);
	struct str rest = str_from(text);

	for (uint32_t at = 0; at < rest.len; at += step)
		CHECK_STATUS(rewrite_add(rewrite, str_slice(rest, at, at + step),
					 at + step >= rest.len, &out),
			     OK);
	return text_str(&out);
}

TEST(links_on_the_targets_own_host_lead_through_the_proxy)
{
	static const struct {
		const char *link, *expected;
	} cases[] = {
		{ "/", PREFIX "/" },
		{ "/a", PREFIX "/a" },
		{ "/a/", PREFIX "/a/" },
		{ "/a/../b?c=/d#/e", PREFIX "/b?c=/d#/e" },
		{ "http://10.0.0.9:80/a", PREFIX "/a" },
		{ "//10.0.0.9:80/a", PREFIX "/a" },
		{ "https://api:6443/a", "https://api:6443" PREFIX "/a" },
		{ PREFIX "/a", PREFIX "/a" },
		{ "http://10.0.0.9:80" PREFIX "/a", PREFIX "/a" },
		{ "a", "a" },
		{ "", "" },
		{ "?q=1", "?q=1" },
		{ "#top", "#top" },
		{ "../a", "../a" },
		{ "http://elsewhere/a", "http://elsewhere/a" },
		{ "//elsewhere/a", "//elsewhere/a" },
		{ "http://10.0.0.9:80", "http://10.0.0.9:80" },
		{ "mailto:a@b", "mailto:a@b" },
		{ "javascript:x('/a')", "javascript:x('/a')" },
		{ "data:text/html,/a", "data:text/html,/a" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct http_header at[] = { { STR("location"), str_from(cases[i].link) } };
		struct http_headers headers = { at, 1 };

		CHECK(!rewrite_begin(make_rewrite(), &headers));
		CHECK_STR(headers.at[0].value, cases[i].expected);
	}
}

TEST(what_opens_an_answer_to_other_places_is_left_out)
{
	struct http_header at[] = {
		{ STR("access-control-allow-origin"), STR("*") },
		{ STR("access-control-allow-credentials"), STR("true") },
		{ STR("access-control-allow-headers"), STR("*") },
		{ STR("access-control-allow-methods"), STR("GET") },
		{ STR("access-control-expose-headers"), STR("x") },
		{ STR("content-type"), STR("text/plain") },
	};
	struct http_headers headers = { at, 6 };

	CHECK(!rewrite_begin(make_rewrite(), &headers));
	CHECK(headers.count == 2);
	CHECK_STR(headers.at[0].name, "access-control-expose-headers");
}

TEST(only_html_that_can_be_read_has_links)
{
	static const struct {
		const char *type, *encoding;
		bool has_links;
	} cases[] = {
		{ "text/html", "", true },         { "text/html ; charset=x", "", true },
		{ "text/html", "gzip", true },     { "text/html", "br", false },
		{ "text/htmlx", "", false },       { "application/json", "", false },
		{ "text/html", "deflate", false }, { "", "", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct http_header at[] = {
			{ STR("content-type"), str_from(cases[i].type) },
			{ STR("content-encoding"), str_from(cases[i].encoding) },
		};
		struct http_headers headers = { at, 2 };

		CHECK(rewrite_begin(make_rewrite(), &headers) == cases[i].has_links);
	}
}

TEST(links_in_html_are_found_however_they_are_written)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "<a href=\"/x\">", "<a href=\"" PREFIX "/x\">" },
		{ "<A HREF='/x'>", "<A HREF='" PREFIX "/x'>" },
		{ "<a  class=b href = /x id=c>", "<a  class=b href = " PREFIX "/x id=c>" },
		{ "<a href=/x>", "<a href=" PREFIX "/x>" },
		{ "<img\n\tsrc=\"/x\" alt='a>b'/>", "<img\n\tsrc=\"" PREFIX "/x\" alt='a>b'/>" },
		{ "<a title=it's href=/x>", "<a title=it's href=" PREFIX "/x>" },
		{ "<form action=/x><input formaction='/y' src=/z>",
		  "<form action=" PREFIX "/x><input formaction='" PREFIX "/y' src=" PREFIX "/z>" },
		{ "<a href=x><a href=''><a href><a href=>",
		  "<a href=x><a href=''><a href><a href=>" },
		{ "<p href=\"/x\">", "<p href=\"/x\">" },
		{ "<a src=\"/x\">", "<a src=\"/x\">" },
		{ "<a data-href=\"/x\">", "<a data-href=\"/x\">" },
		{ "</a href=\"/x\">", "</a href=\"/x\">" },
		{ "<!-- <a href='/x'> --><a href='/y'>",
		  "<!-- <a href='/x'> --><a href='" PREFIX "/y'>" },
		{ "<!---><a href='/y'>", "<!---><a href='" PREFIX "/y'>" },
		{ "<!doctype html><a href='/y'>", "<!doctype html><a href='" PREFIX "/y'>" },
		{ "<?x <a href='/x'>", "<?x <a href='/x'>" },
		{ "<script src=/s>'<a href=\"/x\">'</script><a href=/y>",
		  "<script src=" PREFIX "/s>'<a href=\"/x\">'</script><a href=" PREFIX "/y>" },
		{ "<script>a</scrip><a href=/x></SCRIPT ><a href=/y>",
		  "<script>a</scrip><a href=/x></SCRIPT ><a href=" PREFIX "/y>" },
		{ "<title><a href=/x></title><a href=/y>",
		  "<title><a href=/x></title><a href=" PREFIX "/y>" },
		{ "<plaintext><a href=/x>", "<plaintext><a href=/x>" },
		{ "a < b <3 <<a href=/x>", "a < b <3 <<a href=" PREFIX "/x>" },
		{ "<a href=\"/x", "<a href=\"/x" },
		{ "<areaareaareaareaarea href=/x>", "<areaareaareaareaarea href=/x>" },
	};
	static const uint32_t steps[] = { 1, 2, 7, 1000 };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t n = 0; n < sizeof steps / sizeof steps[0]; n++)
			CHECK_STR(page(cases[i].in, steps[n]), cases[i].out);
}

TEST(a_link_that_is_too_long_stays_as_it_is)
{
	struct text text = text_in(test_arena(), 64 * KIB);

	text_lit(&text, "<a href='/");
	for (uint32_t i = 0; i < REWRITE_LINK_MAX + 10; i++)
		text_add_char(&text, 'x');
	text_lit(&text, "'>");
	text_add_char(&text, '\0');
	CHECK(str_eq(page(text.at, 1000), str_from(text.at)));
}

TEST(a_packed_page_is_packed_again_and_one_that_is_none_goes_as_it_is)
{
	const struct http_header packed = { STR("content-encoding"), STR("gzip") };
	struct rewrite *rewrite = make_begun(html, packed);
	struct text in = text_in(test_arena(), 1 * MIB), out = text_in(test_arena(), 1 * MIB);
	struct text plain = text_in(test_arena(), 1 * MIB);

	CHECK_STATUS(gzip_pack(&in, STR("<a href=/x>")), OK);
	CHECK_STATUS(rewrite_add(rewrite, str_slice(text_str(&in), 0, 5), false, &out), OK);
	CHECK(out.len == 0);
	CHECK_STATUS(rewrite_add(rewrite, str_slice(text_str(&in), 5, in.len), true, &out), OK);
	CHECK_STATUS(gzip_unpack(&plain, text_str(&out)), OK);
	CHECK_STR(text_str(&plain), "<a href=" PREFIX "/x>");

	text_clear(&out);
	rewrite = make_begun(html, packed);
	CHECK_STATUS(rewrite_add(rewrite, STR("<a href=/x>"), true, &out), OK);
	CHECK_STR(text_str(&out), "<a href=/x>");
}

/* A bomb, and a page that is larger than is kept: nothing of either is lost. */
TEST(a_packed_page_that_is_too_large_goes_as_it_is)
{
	const struct http_header packed = { STR("content-encoding"), STR("gzip") };
	struct rewrite *rewrite = make_begun(html, packed);
	struct text in = text_in(test_arena(), 8 * MIB), out = text_in(test_arena(), 8 * MIB);
	struct text page = text_in(test_arena(), 8 * MIB);

	while (page.len <= LIMIT_REWRITTEN_BYTES)
		text_lit(&page, "<a href=/x>");
	CHECK_STATUS(gzip_pack(&in, text_str(&page)), OK);
	CHECK_STATUS(rewrite_add(rewrite, text_str(&in), true, &out), OK);
	CHECK(str_eq(text_str(&out), text_str(&in)));

	text_clear(&out);
	rewrite = make_begun(html, packed);
	CHECK_STATUS(rewrite_add(rewrite, str_slice(text_str(&page), 0, 1000), false, &out), OK);
	CHECK(out.len == 0);
	CHECK_STATUS(rewrite_add(rewrite, str_slice(text_str(&page), 1000, page.len), false, &out),
		     OK);
	CHECK_STATUS(rewrite_add(rewrite, STR("end"), true, &out), OK);
	CHECK(out.len == page.len + 3);
}

TEST(a_path_is_cleaned_as_go_cleans_it)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "/", "/" },           { "", "/" },           { "/a", "/a" },
		{ "/a/", "/a/" },       { "//a///b", "/a/b" }, { "/a/./b/.", "/a/b" },
		{ "/a/../../b", "/b" }, { "/..", "/" },        { "/a/..", "/" },
		{ "/a/b/../", "/a/" },  { "/...", "/..." },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_STR(rewrite_clean(test_arena(), str_from(cases[i].in)), cases[i].out);
}
