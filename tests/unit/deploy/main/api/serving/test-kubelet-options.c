/*
 * What operators may say of how kubelets are called.
 */
#include "deploy/main/api/serving/kubelet-options.h"

#include <stdio.h>

#include "tests/lib/test.h"

static int run(const struct command_line *line)
{
	(void)line;
	return EXIT_DONE;
}

static const struct option table[] = { KUBELET_OPTIONS, { .name = NULL } };
static const struct command commands[] = { { .name = "up", .run = run, .more = table },
					   { .name = NULL } };

/* One option given as NAME=VALUE. */
static enum status load(const char *option, struct kubelet_setting *out, struct fault *why)
{
	char program[] = "troupe", verb[] = "up", words[256];
	char *argv[] = { program, verb, words };
	struct command_line line;

	snprintf(words, sizeof words, "%s", option);
	CHECK_STATUS(command_parse(commands, 3, argv, &line, why), OK);
	return kubelet_options_load(&line, test_arena(), out, why);
}

TEST(kubelets_are_called_as_is_said_and_by_the_clusters_own_certificate_unless_another_is_given)
{
	struct server_config server = { .kubelet_certificate_pem = STR("own") };
	struct kubelet_setting setting;
	struct fault why = { 0 };

	CHECK_STATUS(load("--kubelet-timeout=5s", &setting, &why), OK);
	kubelet_options_apply(&setting, &server);
	CHECK_EQ(server.kubelet_port, 10250);
	CHECK_EQ(server.kubelet_address_types.len, 3);
	CHECK_STR(server.kubelet_certificate_pem, "own");
	CHECK(server.kubelet_authorities_pem.at == NULL);
	CHECK_STATUS(
	    load("--kubelet-preferred-address-types=ExternalIP, InternalIP", &setting, &why), OK);
	kubelet_options_apply(&setting, &server);
	CHECK_EQ(server.kubelet_address_types.len, 2);
	CHECK_STR(server.kubelet_address_types.at[1], "InternalIP");
}

TEST(what_kubelets_cannot_be_called_by_is_refused)
{
	static const struct {
		const char *option, *said;
	} cases[] = {
		{ "--kubelet-port=0", "--kubelet-port is 1 to 65535" },
		{ "--kubelet-port=65536", "--kubelet-port is 1 to 65535" },
		{ "--kubelet-client-certificate=/a", "are given together" },
		{ "--kubelet-client-key=/a", "are given together" },
		{ "--kubelet-certificate-authority=/nowhere/at/all", "/nowhere/at/all" },
		{ "--kubelet-preferred-address-types=A,,B", "wants types of addresses" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct kubelet_setting setting;
		struct fault why = { 0 };

		CHECK(load(cases[i].option, &setting, &why) != OK);
		CHECK_STR(strstr(why.text, cases[i].said) ? STR("") : str_from(why.text), "");
	}
}
