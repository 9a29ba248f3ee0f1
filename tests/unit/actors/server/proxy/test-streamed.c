/*
 * Which bodies go through the proxy as they come: those that are large, or of which nobody knows how large they are.
 */
#include "actors/server/proxy/proxy.h"
#include "tests/lib/test.h"

#define POD "/api/v1/namespaces/a/pods/p/proxy"
#define LARGE (1 << 20)

TEST(large_bodies_for_pods_services_and_nodes_go_through_as_they_come)
{
	static const struct {
		const char *method, *path;
		int64_t length;
		bool may_follow, is_upgrade, is_streamed;
	} cases[] = {
		{ "POST", POD "/upload", LARGE, false, false, true },
		{ "PUT", POD, 0, true, false, true },
		{ "PATCH", "/api/v1/namespaces/a/services/https:s:443/proxy/", LARGE, false, false,
		  true },
		{ "DELETE", "/api/v1/nodes/n/proxy/x", LARGE, true, false, true },
		{ "POST", POD "/small", 65536, true, false, false },
		{ "POST", POD "/none", 0, false, false, false },
		{ "GET", POD "/x", LARGE, true, false, false },
		{ "HEAD", POD "/x", LARGE, true, false, false },
		{ "POST", POD "/line", LARGE, true, true, false },
		{ "POST", "/api/v1/namespaces/a/pods/proxy", LARGE, true, false, false },
		{ "POST", "/api/v1/namespaces/a/configmaps/x/y/proxy", LARGE, true, false, false },
		{ "POST", "/apis/example.com/v1/namespaces/a/pods/p/proxy", LARGE, true, false,
		  false },
		{ "POST", "/proxy/api/v1", LARGE, true, false, false },
		{ "POST", "/api/v1/%zz/proxy", LARGE, true, false, false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct proxy_head head = { .method = str_from(cases[i].method),
					   .path = str_from(cases[i].path),
					   .length = cases[i].length,
					   .may_follow = cases[i].may_follow,
					   .is_upgrade = cases[i].is_upgrade };

		if (proxy_is_streamed(&head) != cases[i].is_streamed)
			CHECK_STR(head.path, cases[i].is_streamed ? "streamed" : "collected");
	}
}
