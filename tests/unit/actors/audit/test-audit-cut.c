/*
 * Events that are too large lose their bodies, and say so.
 */
#include "actors/audit/audit-cut.h"
#include "tests/lib/test.h"

TEST(an_event_that_is_too_large_loses_its_bodies_and_says_so)
{
	static const struct {
		const char *event;
		uint64_t max;
		const char *out;
	} cases[] = {
		{ "{\"a\":1,\"requestObject\":{}}", 26, "{\"a\":1,\"requestObject\":{}}" },
		{ "{\"a\":1,\"requestObject\":{\"k\":\"vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\"}"
		  "}",
		  70, "{\"a\":1,\"annotations\":{\"audit.k8s.io/truncated\":\"true\"}}" },
		{ "{\"responseObject\":["
		  "\"vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\"],"
		  "\"annotations\":{\"x\":\"y\"},\"b\":2}",
		  80,
		  "{\"annotations\":{\"audit.k8s.io/truncated\":\"true\",\"x\":\"y\"},\"b\":2}" },
		{ "{\"a\":\"vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\"}", 40, "" },
		{ "[1,2,3,4,5]", 3, "" },
		{ "{\"a\":", 3, "" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_STR(audit_cut(str_from(cases[i].event), cases[i].max, test_arena()),
			  cases[i].out);
}
