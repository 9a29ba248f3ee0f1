/*
 * What labels of a namespace mean.
 */
#include "actors/admission/security/security-policy.h"
#include "tests/lib/test.h"

#define P "pod-security.kubernetes.io/"

struct row {
	const char *labels[6][2];
	const char *enforce, *audit, *warn, *fault; /* NULL: none */
};

static struct str_map labels_of(const struct row *row)
{
	struct str_map map = { 0 };

	for (size_t i = 0; i < 6 && row->labels[i][0] != NULL; i++)
		str_map_put(&map, test_arena(),
			    arena_printf(test_arena(), P "%s", row->labels[i][0]),
			    str_from(row->labels[i][1]));
	return map;
}

TEST(labels_say_for_each_mode_which_level_and_in_which_version)
{
	static const struct row rows[] = {
		{ { { NULL } }, "privileged:latest", "privileged:latest", "privileged:latest", NULL },
		{ { { "audit", "restricted" } },
		  "privileged:latest",
		  "restricted:latest",
		  "privileged:latest",
		  NULL },
		{ { { "enforce", "baseline" }, { "enforce-version", "v1.22" } },
		  "baseline:v1.22",
		  "privileged:latest",
		  "baseline:v1.22",
		  NULL },
		{ { { "enforce", "baseline" },
		    { "enforce-version", "v1.22" },
		    { "warn-version", "v1.30" } },
		  "baseline:v1.22",
		  "privileged:latest",
		  "baseline:v1.30",
		  NULL },
		{ { { "enforce", "baseline" }, { "warn", "privileged" } },
		  "baseline:latest",
		  "privileged:latest",
		  "privileged:latest",
		  NULL },
		{ { { "enforce", "none" } },
		  "restricted:latest",
		  "privileged:latest",
		  "privileged:latest",
		  "metadata.labels[" P "enforce]: Invalid value: \"none\": must be one of "
		  "privileged, baseline, restricted" },
		{ { { "warn", "x" } },
		  "privileged:latest",
		  "privileged:latest",
		  "privileged:latest",
		  "metadata.labels[" P "warn]: Invalid value: \"x\": must be one of privileged, "
		  "baseline, restricted" },
		{ { { "audit", "baseline" }, { "audit-version", "1.2" } },
		  "privileged:latest",
		  "baseline:latest",
		  "privileged:latest",
		  "metadata.labels[" P "audit-version]: Invalid value: \"1.2\": must be \"latest\" "
		  "or \"v1.x\"" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct faults faults = faults_in(test_arena());
		struct security_policy policy = security_policy_read(
		    labels_of(&rows[i]), &security_policy_open.defaults, &faults);

		CHECK_STR(security_policy_text(policy.enforce, test_arena()), rows[i].enforce);
		CHECK_STR(security_policy_text(policy.audit, test_arena()), rows[i].audit);
		CHECK_STR(security_policy_text(policy.warn, test_arena()), rows[i].warn);
		CHECK_EQ(faults.len, rows[i].fault ? 1 : 0);
		if (rows[i].fault && faults.len == 1)
			CHECK_STR(arena_printf(test_arena(), STR_FMT ": " STR_FMT,
					       STR_ARG(faults.at[0].field),
					       STR_ARG(faults.at[0].message)),
				  rows[i].fault);
	}
}

TEST(versions_are_one_dot_a_number_without_zeroes_before_it)
{
	static const char *const bad[] = { "",      "v1",    "v1.",     "v1.01",         "v2.1",
					   "v1.-1", "v1.1x", "latest ", "v1.1234567890", " v1.1" };
	uint32_t minor;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		CHECK(!security_policy_version(str_from(bad[i]), &minor));
		CHECK_EQ(minor, SECURITY_LATEST);
	}
	CHECK(security_policy_version(STR("v1.0"), &minor));
	CHECK_EQ(minor, 0);
	CHECK(security_policy_version(STR("v1.123"), &minor));
	CHECK_EQ(minor, 123);
}
