/*
 * What operators may say of how the API is served.
 */
#include "deploy/main/api/serving/serving-options.h"

#include <stdio.h>

#include "tests/lib/test.h"

static int run(const struct command_line *line)
{
	(void)line;
	return EXIT_DONE;
}

static const struct option table[] = { SERVING_OPTIONS, { .name = NULL } };
static const struct command commands[] = { { .name = "up", .run = run, .more = table },
					   { .name = NULL } };

/* The option given as NAME=VALUE; NULL: none is. */
static enum status load(const char *option, struct serving_setting *out, struct fault *why)
{
	char program[] = "troupe", verb[] = "up", words[256] = "";
	char *argv[] = { program, verb, words };
	struct command_line line;

	if (option != NULL)
		snprintf(words, sizeof words, "%s", option);
	CHECK_STATUS(command_parse(commands, option ? 3 : 2, argv, &line, why), OK);
	return serving_options_load(&line, test_arena(), out, why);
}

TEST(without_a_word_it_serves_as_upstream_does)
{
	struct server_config server = { 0 };
	struct serving_setting setting;
	struct fault why = { 0 };

	CHECK_STATUS(load(NULL, &setting, &why), OK);
	serving_options_apply(&setting, &server);
	CHECK_EQ(server.in_flight_max, 400);
	CHECK_EQ(server.mutating_max, 200);
	CHECK_EQ(server.request_ms, 60000);
	CHECK_EQ(server.watch_min_s, 1800);
	CHECK_EQ(server.event_ttl_s, 3600);
	CHECK_EQ(server.token_max_s, 0);
	CHECK_EQ(server.tolerations->not_ready, 300);
	CHECK_EQ(server.unserved.len, 0);
	CHECK(server.strict_transport.at == NULL);
}

TEST(what_is_said_counts)
{
	struct serving_setting setting;
	struct fault why = { 0 };

	CHECK_STATUS(load("--max-requests-inflight=7", &setting, &why), OK);
	CHECK_EQ(setting.in_flight_max, 7);
	CHECK_STATUS(load("--request-timeout=2m", &setting, &why), OK);
	CHECK_EQ(setting.request_ms, 120000);
	CHECK_STATUS(load("--event-ttl=15m", &setting, &why), OK);
	CHECK_EQ(setting.event_ttl_s, 900);
	CHECK_STATUS(load("--shutdown-delay-duration=1500ms", &setting, &why), OK);
	CHECK_EQ(setting.shutdown_delay_ms, 1500);
	CHECK_STATUS(load("--default-unreachable-toleration-seconds=0", &setting, &why), OK);
	CHECK_EQ(setting.tolerations.unreachable, 0);
	CHECK_EQ(setting.tolerations.not_ready, 300);
	CHECK_STATUS(load("--goaway-chance=0.001", &setting, &why), OK);
	CHECK(setting.goaway_chance == 0.001);
	CHECK_STATUS(load("--service-account-max-token-expiration=24h", &setting, &why), OK);
	CHECK_EQ(setting.token_max_s, 86400);
	CHECK_STATUS(
	    load("--strict-transport-security-directives=max-age=31536000,preload", &setting, &why),
	    OK);
	CHECK_STR(setting.strict_transport, "max-age=31536000; preload");
}

TEST(what_cannot_be_is_refused_with_what_can)
{
	static const struct {
		const char *option, *words;
	} cases[] = {
		{ "--max-requests-inflight=0", "--max-requests-inflight is 1 to 100000, not 0" },
		{ "--request-timeout=10ms", "--request-timeout is 1s to 3600s, not 10ms" },
		{ "--event-ttl=1s", "--event-ttl is 60s to 4500000s, not 1s" },
		{ "--goaway-chance=0.5", "--goaway-chance is 0 to 0.02, not \"0.5\"" },
		{ "--goaway-chance=x", "--goaway-chance is 0 to 0.02, not \"x\"" },
		{ "--shutdown-delay-duration=1h",
		  "--shutdown-delay-duration is 0s to 10m, not 1h" },
		{ "--service-account-max-token-expiration=5m",
		  "--service-account-max-token-expiration is 3600s to 4294967295s, not 5m" },
		{ "--strict-transport-security-directives=max-age=x",
		  "--strict-transport-security-directives: \"max-age=x\" is not max-age=SECONDS, "
		  "includeSubDomains or preload" },
		{ "--runtime-config=v1=false",
		  "--runtime-config: the core cannot be switched off (v1)" },
		{ "--runtime-config=batch/v1=no",
		  "--runtime-config: batch/v1 is true or false, not \"no\"" },
		{ "--runtime-config=batch/v1alpha7",
		  "--runtime-config: \"batch/v1alpha7\" is not served by this release; keys are "
		  "api/all, api/ga, api/beta, api/alpha, GROUP/VERSION and "
		  "GROUP/VERSION/RESOURCE" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct serving_setting setting;
		struct fault why = { 0 };

		CHECK_STATUS(load(cases[i].option, &setting, &why), BAD_REQUEST);
		CHECK_STR(str_from(why.text), cases[i].words);
	}
}

static bool has(const struct str_list *list, const char *name)
{
	for (uint32_t i = 0; i < list->len; i++)
		if (str_is(list->at[i], name))
			return true;
	return false;
}

TEST(the_more_exact_word_decides_what_is_served)
{
	struct serving_setting setting;
	struct fault why = { 0 };

	CHECK_STATUS(load("--runtime-config=api/all=false,apps/v1=true,apps/v1/daemonsets=false",
			  &setting, &why),
		     OK);
	CHECK(has(&setting.unserved, "batch/v1/jobs"));
	CHECK(has(&setting.unserved, "apps/v1/daemonsets"));
	CHECK(!has(&setting.unserved, "apps/v1/deployments"));
	CHECK(!has(&setting.unserved, "/v1/pods"));
	CHECK_STATUS(load("--runtime-config=batch/v1alpha7=false,batch/v1", &setting, &why), OK);
	CHECK_EQ(setting.unserved.len, 0);
}
