#include "datastore/object/name.h"

#include "tests/lib/test.h"

static const struct {
	enum name_syntax syntax;
	const char *value;
	int faults; /* how many rules it breaks */
} cases[] = {
	{ NAME_DNS_LABEL, "my-name", 0 },
	{ NAME_DNS_LABEL, "a.b", 1 },
	{ NAME_DNS_LABEL, "", 1 },
	{ NAME_DNS_LABEL, "-a", 1 },
	{ NAME_DNS_LABEL, "A", 1 },
	{ NAME_DNS_LABEL, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1 },
	{ NAME_DNS_SUBDOMAIN, "example.com", 0 },
	{ NAME_DNS_SUBDOMAIN, "example..com", 1 },
	{ NAME_DNS_SUBDOMAIN, ".com", 1 },
	{ NAME_DNS_SUBDOMAIN_UNDERSCORE, "_tcp.x", 0 },
	{ NAME_DNS_SUBDOMAIN_CASELESS, "Foo.Example.com", 0 },
	{ NAME_DNS_SUBDOMAIN_CASELESS, "Foo_.com", 1 },
	{ NAME_DNS1035_LABEL, "a1", 0 },
	{ NAME_DNS1035_LABEL, "1a", 1 },
	{ NAME_WILDCARD_SUBDOMAIN, "*.a.b", 0 },
	{ NAME_WILDCARD_SUBDOMAIN, "a.b", 1 },
	{ NAME_LABEL_KEY, "example.com/my.Name_1", 0 },
	{ NAME_LABEL_KEY, "/x", 1 },
	{ NAME_LABEL_KEY, "a/b/c", 1 },
	{ NAME_LABEL_KEY, "example.com/", 2 },
	{ NAME_LABEL_KEY, "EXAMPLE.com/x", 1 },
	{ NAME_PREFIXED_LABEL_KEY, "example.com/x", 0 },
	{ NAME_PREFIXED_LABEL_KEY, "x", 1 },
	{ NAME_PREFIXED_LABEL_KEY, "/x", 1 },
	{ NAME_LABEL_VALUE, "", 0 },
	{ NAME_LABEL_VALUE, "a b", 1 },
	{ NAME_PATH_SEGMENT, "system:node:n1", 0 },
	{ NAME_PATH_SEGMENT, "..", 1 },
	{ NAME_PATH_SEGMENT, "a/b%c", 2 },
	{ NAME_PORT_NAME, "http-1", 0 },
	{ NAME_PORT_NAME, "-1--", 3 },
	{ NAME_PORT_NAME, "", 2 },
	{ NAME_ENV, "MY_ENV.NAME", 0 },
	{ NAME_ENV, "1X", 1 },
	{ NAME_ENV_RELAXED, "1 X", 0 },
	{ NAME_ENV_RELAXED, "A=B", 1 },
	{ NAME_CONFIG_KEY, "key.name", 0 },
	{ NAME_CONFIG_KEY, "..", 1 },
	{ NAME_C_IDENTIFIER, "_a1", 0 },
	{ NAME_C_IDENTIFIER, "1a", 1 },
	{ NAME_HTTP_HEADER, "X-Header", 0 },
	{ NAME_CONDITION_REASON, "My_Reason:a", 0 },
	{ NAME_CONDITION_REASON, "_My", 1 },
	{ NAME_CONDITION_REASON, "My:", 1 },
	{ NAME_CONDITION_REASON, "", 1 },
	{ NAME_PERCENT, "25%", 0 },
	{ NAME_PERCENT, "%", 1 },
};

TEST(each_syntax_finds_each_rule_that_is_broken)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct faults faults = faults_in(test_arena());
		bool is_good =
		    name_check(cases[i].syntax, str_from(cases[i].value), STR("x"), &faults);

		CHECK_EQ(faults.len, cases[i].faults);
		CHECK_EQ(is_good, cases[i].faults == 0);
	}
}

TEST(a_name_that_is_absent_is_judged_as_an_empty_one)
{
	struct faults faults = faults_in(test_arena());

	CHECK(!name_check(NAME_DNS_LABEL, STR_NONE, STR("x"), &faults));
	CHECK(str_find(faults.at[0].message, STR("Invalid value: \"\": ")) == 0);
}

TEST(the_words_are_those_that_clients_know)
{
	struct faults faults = faults_in(test_arena());

	name_check(NAME_DNS_LABEL, STR("Web"), STR("metadata.name"), &faults);
	CHECK_STR(
	    faults.at[0].message,
	    "Invalid value: \"Web\": a lowercase RFC 1123 label must consist of lower case "
	    "alphanumeric characters or '-', and must start and end with an alphanumeric character "
	    "(e.g. 'my-name',  or '123-abc', regex used for validation is "
	    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')");
}

TEST(a_prefix_is_judged_as_if_a_name_were_made_of_it)
{
	CHECK(name_check_prefix(NAME_DNS_LABEL, STR("web-"), STR("x"), NULL));
	CHECK(!name_check_prefix(NAME_DNS_LABEL, STR("-"), STR("x"), NULL));
	CHECK(!name_check_prefix(NAME_DNS_LABEL, STR("Web-"), STR("x"), NULL));
	CHECK(name_check_prefix(NAME_PATH_SEGMENT, STR(".."), STR("x"), NULL));
}
