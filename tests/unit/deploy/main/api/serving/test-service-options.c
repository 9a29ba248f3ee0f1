/*
 * What operators may say of the addresses and ports of Services.
 */
#include "deploy/main/api/serving/service-options.h"

#include <stdio.h>

#include "tests/lib/test.h"

static int run(const struct command_line *line)
{
	(void)line;
	return EXIT_DONE;
}

static const struct option table[] = { SERVICE_OPTIONS, { .name = NULL } };
static const struct command commands[] = { { .name = "up", .run = run, .more = table },
					   { .name = NULL } };

static enum status load(const char *option, struct service_setting *out, struct fault *why)
{
	char program[] = "troupe", verb[] = "up", words[256] = "";
	char *argv[] = { program, verb, words };
	struct command_line line;

	if (option != NULL)
		snprintf(words, sizeof words, "%s", option);
	CHECK_STATUS(command_parse(commands, option ? 3 : 2, argv, &line, why), OK);
	return service_options_load(&line, test_arena(), out, why);
}

TEST(without_a_word_services_get_what_they_always_got)
{
	static const struct service_setting usual = SERVICE_SETTING_USUAL;
	struct service_setting setting;
	struct fault why = { 0 };

	CHECK_STATUS(load(NULL, &setting, &why), OK);
	CHECK_EQ(setting.cidr_count, usual.cidr_count);
	CHECK(str_eq(setting.cidrs[0], usual.cidrs[0]));
	CHECK(str_eq(setting.address, usual.address));
	CHECK_EQ(setting.port_min, usual.port_min);
	CHECK_EQ(setting.port_max, usual.port_max);
}

TEST(ranges_and_their_first_address_are_those_that_were_said)
{
	struct node_identity identity = { .node = 1 };
	struct service_setting setting;
	struct fault why = { 0 };

	CHECK_STATUS(load("--service-cluster-ip-range=fd00:10::/108, 10.0.0.5/24", &setting, &why),
		     OK);
	CHECK_EQ(setting.cidr_count, 2);
	CHECK_STR(setting.cidrs[0], "fd00:10::/108");
	CHECK_STR(setting.cidrs[1], "10.0.0.0/24");
	service_options_name(&setting, &identity);
	CHECK_STR(str_from(identity.service_address), "fd00:10::1");
	CHECK_STATUS(load("--service-node-port-range=20000+9", &setting, &why), OK);
	CHECK_EQ(setting.port_min, 20000);
	CHECK_EQ(setting.port_max, 20009);
	CHECK_STATUS(load("--service-node-port-range=443", &setting, &why), OK);
	CHECK_EQ(setting.port_min, 443);
	CHECK_EQ(setting.port_max, 443);
}

TEST(what_cannot_be_a_range_is_refused_in_a_line)
{
	static const struct {
		const char *option, *words;
	} cases[] = {
		{ "--service-cluster-ip-range=", "\"\" is no range" },
		{ "--service-cluster-ip-range=10.0.0.0", "\"10.0.0.0\" is no range" },
		{ "--service-cluster-ip-range=10.0.0.0/24,", "\"\" is no range" },
		{ "--service-cluster-ip-range=010.0.0.0/24", "is no range" },
		{ "--service-cluster-ip-range=10.0.0.0/31", "is too small" },
		{ "--service-cluster-ip-range=fd00::/48", "the mask must be >= 64" },
		{ "--service-cluster-ip-range=10.0.0.0/24,10.1.0.0/24",
		  "must be of different IP family" },
		{ "--service-cluster-ip-range=10.0.0.0/24,fd00::/108,10.1.0.0/24",
		  "must not contain more than two entries" },
		{ "--service-node-port-range=", "is FIRST-LAST" },
		{ "--service-node-port-range=0-10", "is FIRST-LAST" },
		{ "--service-node-port-range=10-9", "is FIRST-LAST" },
		{ "--service-node-port-range=30000-70000", "from 1 to 65535" },
		{ "--service-node-port-range=30000+40000", "from 1 to 65535" },
		{ "--service-node-port-range=a-b", "not \"a-b\"" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct service_setting setting;
		struct fault why = { 0 };

		CHECK_STATUS(load(cases[i].option, &setting, &why), BAD_REQUEST);
		if (strstr(why.text, cases[i].words) == NULL)
			test_fail(__FILE__, __LINE__, "%s: %s", cases[i].option, why.text);
	}
}
