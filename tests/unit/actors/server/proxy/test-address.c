#include "actors/server/proxy/address.h"

#include "runtime/base/base.h"
#include "tests/lib/test.h"

TEST(a_name_may_have_a_scheme_and_a_port)
{
	static const struct {
		const char *id;
		bool is_one, is_tls;
		const char *name, *port;
	} cases[] = {
		{ "web", true, false, "web", "" },
		{ "web:80", true, false, "web", "80" },
		{ "web:http", true, false, "web", "http" },
		{ "web:", true, false, "web", "" },
		{ "http:web:80", true, false, "web", "80" },
		{ "https:web:443", true, true, "web", "443" },
		{ "https:web:", true, true, "web", "" },
		{ ":web:80", true, false, "web", "80" },
		{ "", false, false, "", "" },
		{ ":80", false, false, "", "" },
		{ "https::443", false, false, "", "" },
		{ "ftp:web:80", false, false, "", "" },
		{ "HTTPS:web:80", false, false, "", "" },
		{ "https:web:80:x", false, false, "", "" },
	};
	struct address out;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bool is_one = address_split(str_from(cases[i].id), &out);

		CHECK(is_one == cases[i].is_one);
		if (!is_one)
			continue;
		CHECK(out.is_tls == cases[i].is_tls);
		CHECK_STR(out.name, cases[i].name);
		CHECK_STR(out.port, cases[i].port);
	}
}

TEST(a_port_is_a_number_that_ports_have)
{
	CHECK(address_port(STR("1")) == 1);
	CHECK(address_port(STR("65535")) == 65535);
	CHECK(address_port(STR("65536")) == 0);
	CHECK(address_port(STR("0")) == 0);
	CHECK(address_port(STR("-1")) == 0);
	CHECK(address_port(STR("80x")) == 0);
	CHECK(address_port(STR("")) == 0);
	CHECK(address_port(STR("80\"><script>")) == 0);
}

TEST(only_addresses_by_which_others_are_reached_are_allowed)
{
	static const struct {
		const char *ip;
		bool is_allowed;
	} cases[] = {
		{ "10.0.0.1", true },
		{ "192.168.1.1", true },
		{ "8.8.8.8", true },
		{ "fd00::1", true },
		{ "2001:db8::1", true },
		{ "127.0.0.1", false },
		{ "127.255.0.9", false },
		{ "::1", false },
		{ "::ffff:127.0.0.1", false },
		{ "0.0.0.0", false },
		{ "::", false },
		{ "169.254.169.254", false },
		{ "::ffff:169.254.169.254", false },
		{ "fe80::1", false },
		{ "febf::1", false },
		{ "224.0.0.1", false },
		{ "239.1.1.1", false },
		{ "ff02::1", false },
		{ "255.255.255.255", false },
		{ "", false },
		{ "localhost", false },
		{ "2130706433", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK(address_is_allowed(str_from(cases[i].ip)) == cases[i].is_allowed);
}

TEST(what_follows_proxy_is_the_path_on_the_other_side)
{
	static const struct {
		const char *path, *rest, *expected, *prefix;
	} cases[] = {
		{ "/p/proxy", "", "", "/p/proxy" },
		{ "/p/proxy/", "", "/", "/p/proxy" },
		{ "/p/proxy/a/b", "/a/b", "/a/b", "/p/proxy" },
		{ "/p/proxy/a/b/", "/a/b/", "/a/b/", "/p/proxy" },
		{ "/p/proxy/a//b", "/a//b", "/a/b", "/p/proxy" },
		{ "/p/proxy/../../x", "/../../x", "/x", "/p/proxy" },
		{ "/p/proxy/a/%2e%2e/%2e%2e/x", "/a/%2e%2e/%2e%2e/x", "/x", "/p/proxy" },
		{ "/p/proxy/a%2fb", "/a%2fb", "/a/b", "/p/proxy" },
		{ "/p/proxy/a%20b%3f%23", "/a%20b%3f%23", "/a%20b%3F%23", "/p/proxy" },
		{ "/p/proxy/a:b@c;d=e,f+g&h$", "/a:b@c;d=e,f+g&h$", "/a:b@c;d=e,f+g&h$",
		  "/p/proxy" },
		{ "/p/proxy/%0d%0aX:y", "/%0d%0aX:y", "/%0D%0AX:y", "/p/proxy" },
	};
	struct str out;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct str path = str_from(cases[i].path), rest = str_from(cases[i].rest);

		CHECK_STATUS(address_path(test_arena(), path, rest, &out), OK);
		CHECK_STR(out, cases[i].expected);
		CHECK_STR(address_prefix(path, rest), cases[i].prefix);
	}
	CHECK_STATUS(address_path(test_arena(), STR("/p/%zz"), STR("/%zz"), &out), BAD_REQUEST);
	CHECK_STATUS(address_path(test_arena(), STR("/p/%00"), STR("/%00"), &out), BAD_REQUEST);
}
