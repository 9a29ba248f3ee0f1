#include "actors/kinds/field/ip.h"

#include "tests/lib/test.h"

TEST(addresses_are_read_as_go_reads_them_and_printed_canonically)
{
	static const struct {
		const char *text, *printed; /* NULL: no address */
	} cases[] = {
		{ "10.0.0.1", "10.0.0.1" },
		{ "010.000.0.01", "10.0.0.1" },
		{ "256.0.0.1", NULL },
		{ "1.2.3", NULL },
		{ "1.2.3.4.5", NULL },
		{ "1.2.3.", NULL },
		{ "+1.2.3.4", NULL },
		{ "", NULL },
		{ "::", "::" },
		{ "::1", "::1" },
		{ "1::", "1::" },
		{ "2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
		{ "1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7" },
		{ "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8" },
		{ "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
		{ "1:2:3:4:5:6:7", NULL },
		{ "1:2:3:4:5:6:7:8:9", NULL },
		{ "1::2::3", NULL },
		{ ":1", NULL },
		{ "12345::", NULL },
		{ "fe80::1%eth0", NULL },
		{ "::ffff:1.2.3.4", "1.2.3.4" },
		{ "64:ff9b::1.2.3.4", "64:ff9b::102:304" },
		{ "1.2.3.4::", NULL },
		{ "::g", NULL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct ip ip;
		bool is_good = ip_parse(str_from(cases[i].text), &ip);

		CHECK_EQ(is_good, cases[i].printed != NULL);
		if (is_good)
			CHECK_STR(ip_print(&ip, test_arena()), cases[i].printed);
	}
}

TEST(ranges_know_what_is_in_them)
{
	struct ip_range range;
	struct ip ip, last;

	CHECK(ip_range_parse(STR("10.96.3.0/20"), &range));
	CHECK_STR(ip_range_print(&range, test_arena()), "10.96.0.0/20");
	last = ip_range_last(&range);
	CHECK_STR(ip_print(&last, test_arena()), "10.96.15.255");
	CHECK(ip_parse(STR("10.96.15.255"), &ip) && ip_range_has(&range, &ip));
	CHECK(ip_parse(STR("10.96.16.0"), &ip) && !ip_range_has(&range, &ip));
	CHECK(ip_parse(STR("::1"), &ip) && !ip_range_has(&range, &ip));
	ip = ip_add(&range.base, 0x1ff);
	CHECK_STR(ip_print(&ip, test_arena()), "10.96.1.255");
	CHECK(!ip_range_parse(STR("10.0.0.0/33"), &range));
	CHECK(!ip_range_parse(STR("10.0.0.0"), &range));
	CHECK(ip_range_parse(STR("fd00::/64"), &range));
	ip = ip_add(&range.base, UINT64_MAX);
	CHECK_STR(ip_print(&ip, test_arena()), "fd00::ffff:ffff:ffff:ffff");
	CHECK(ip_range_parse(STR("0.0.0.0/0"), &range));
	CHECK(ip_parse(STR("255.255.255.255"), &ip) && ip_range_has(&range, &ip));
}

TEST(legacy_fields_say_what_is_odd)
{
	static const struct {
		const char *text, *fault;
	} cases[] = {
		{ "1.2.3.4", "" },
		{ "1.2.3.04", "Invalid value: \"1.2.3.04\": must not have leading 0s" },
		{ "::ffff:1.2.3.4", "Invalid value: \"::ffff:1.2.3.4\": must not be an IPv4-mapped "
				    "IPv6 address" },
		{ "9.9.9.09", "" }, /* stored already */
	};
	struct str old = STR("9.9.9.09");

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct faults faults = faults_in(test_arena());

		ip_check_legacy(PATH_ROOT(&faults, "x"), str_from(cases[i].text),
				(struct str_list){ &old, 1 });
		CHECK_STR(faults.len ? faults.at[0].message : STR(""), cases[i].fault);
	}
}

TEST(newer_fields_want_canonical_text)
{
	struct faults faults = faults_in(test_arena());

	CHECK(ip_check(PATH_ROOT(&faults, "x"), STR("fd00::1")));
	CHECK(!ip_check(PATH_ROOT(&faults, "x"), STR("FD00::1")));
	CHECK_STR(faults.at[0].message,
		  "Invalid value: \"FD00::1\": must be in canonical form (\"fd00::1\")");
	CHECK(ip_check_range(PATH_ROOT(&faults, "x"), STR("10.0.0.0/8")));
	CHECK(!ip_check_range(PATH_ROOT(&faults, "x"), STR("10.0.0.1/8")));
	CHECK_STR(faults.at[1].message,
		  "Invalid value: \"10.0.0.1/8\": must not have bits set beyond the prefix length");
}

TEST(warnings_propose_a_better_text)
{
	struct str found[2];

	CHECK_STR(ip_warning(test_arena(), STR("p"), STR("1.2.3.4")), "");
	CHECK_STR(ip_warning(test_arena(), STR("p"), STR("1.2.3.04")),
		  "p: non-standard IP address \"1.2.3.04\" is invalid: use \"1.2.3.4\"");
	CHECK_EQ(ip_range_warnings(test_arena(), STR("p"), STR("10.0.0.1/8"), found), 1);
	CHECK_STR(found[0], "p: CIDR value \"10.0.0.1/8\" is ambiguous in this context (should be "
			    "\"10.0.0.0/8\" or \"10.0.0.1/32\"?)");
	CHECK_EQ(ip_range_warnings(test_arena(), STR("p"), STR("010.0.0.1/8"), found), 2);
}
