#include "tests/unit/actors/server/http-rig.h"
#include "tests/unit/actors/server/rig.h"
#include "transport/wire/gzip.h"

/* ---- health --------------------------------------------------------------------------------------------- */

static bool is_sick(void *arg)
{
	return !*(const bool *)arg;
}

TEST(a_healthy_server_says_ok)
{
	static const char *const paths[] = { "/healthz",    "/livez",       "/readyz",
					     "/healthz/",   "/readyz/etcd", "/livez/ping",
					     "/healthz/log" };
	struct rig *rig = rig_open(NULL);

	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		struct rig_answer answer = rig_get(rig, paths[i]);

		CHECK_CODE(answer, 200);
		CHECK_STR(answer.body, "ok");
		CHECK_STR(answer.type, "text/plain; charset=utf-8");
	}
	CHECK_CODE(rig_get(rig, "/livez/etcd"), 404);
	CHECK_CODE(rig_get(rig, "/readyz/nothing"), 404);
	rig_close(rig);
}

TEST(verbose_health_lists_the_checks)
{
	struct rig *rig = rig_open(NULL);

	CHECK_STR(rig_get(rig, "/livez?verbose").body,
		  "[+]ping ok\n[+]log ok\nlivez check passed\n");
	CHECK_STR(rig_get(rig, "/readyz?verbose=1&exclude=etcd&exclude=moon").body,
		  "[+]ping ok\n[+]log ok\n[+]etcd excluded: ok\n[+]etcd-readiness ok\n"
		  "[+]informer-sync ok\n[+]shutdown ok\n"
		  "warn: some health checks cannot be excluded: no matches for \"moon\"\n"
		  "readyz check passed\n");
	rig_close(rig);
}

TEST(a_server_is_ready_as_soon_as_its_store_has_a_leader)
{
	struct rig *rig = rig_open(NULL);

	rig_hold_disk(rig, true);
	rig_kill_store(rig);
	rig_run(rig, 250); /* the server has met the new store, which has yet to open */
	CHECK_CODE(rig_get(rig, "/readyz/etcd"), 500);
	rig_hold_disk(rig, false);
	rig_run(rig, 20);
	CHECK_CODE(rig_get(rig, "/readyz/etcd"), 200);
	rig_close(rig);
}

/* What is asked meanwhile waits for it: nobody has to be sent elsewhere. */
TEST(a_server_whose_store_is_apart_is_ready_while_that_is_started_again)
{
	static const struct server_config config = { .is_apart = true };
	struct rig *rig = rig_open(&config);

	rig_hold_disk(rig, true);
	rig_kill_store(rig);
	rig_run(rig, 2500);
	CHECK_CODE(rig_get(rig, "/readyz/etcd"), 200);
	rig_run(rig, 1000);
	CHECK_CODE(rig_get(rig, "/readyz/etcd"), 500);
	rig_hold_disk(rig, false);
	rig_run(rig, 100);
	CHECK_CODE(rig_get(rig, "/readyz/etcd"), 200);
	rig_close(rig);
}

TEST(a_sick_part_makes_the_server_unready_but_not_dead)
{
	static bool is_ill;
	static const struct server_check checks[] = { { "links", is_sick, &is_ill } };
	const struct server_config config = { .checks = checks, .check_count = 1 };
	struct rig *rig = rig_open(&config);
	struct rig_answer answer;

	is_ill = true;
	answer = rig_get(rig, "/readyz");
	CHECK_CODE(answer, 500);
	CHECK(str_find(answer.body, STR("[+]etcd ok\n")) > 0);
	CHECK(str_find(answer.body, STR("[-]links failed: reason withheld\n")) > 0);
	CHECK(str_ends(answer.body, STR("readyz check failed\n")));
	CHECK_CODE(rig_get(rig, "/readyz?exclude=links"), 200);
	CHECK_CODE(rig_get(rig, "/livez"), 200);
	answer = rig_get(rig, "/readyz/links");
	CHECK_CODE(answer, 500);
	CHECK_STR(answer.body, "internal server error: reason withheld\n");
	rig_close(rig);
}

TEST(a_server_without_its_store_is_not_ready)
{
	struct rig *rig = rig_open(NULL);

	rig_hold_disk(rig, true);
	rig_kill_store(rig);
	rig_run(rig, 1000);
	CHECK_CODE(rig_get(rig, "/readyz"), 500);
	CHECK_CODE(rig_get(rig, "/livez"), 200);
	rig_hold_disk(rig, false);
	rig_run(rig, 5000);
	CHECK_CODE(rig_get(rig, "/readyz"), 200);
	rig_close(rig);
}

/* ---- the others ------------------------------------------------------------------------------------------- */

TEST(the_version_is_one_of_kubernetes)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer = rig_get(rig, "/version");

	CHECK_CODE(answer, 200);
	CHECK_STR(answer.type, "application/json");
	CHECK(str_starts(answer.body, STR("{\n  \"major\": \"1\",\n  \"minor\": \"37\",\n")));
	CHECK(str_starts(rig_at(answer.body, "gitVersion"), STR("v1.37.")));
	CHECK_AT(answer.body, "platform", "linux/amd64");
	rig_close(rig);
}

static bool has_line(struct str page, const char *line)
{
	return str_find(page, rig_printf("\n%s\n", line)) > 0;
}

TEST(metrics_count_requests)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer;

	CHECK_CODE(rig_get(rig, "/api/v1/namespaces/default/configmaps"), 200);
	CHECK_CODE(rig_get(rig, "/api/v1/namespaces/default/configmaps/x"), 404);
	answer = rig_get(rig, "/metrics");
	CHECK_CODE(answer, 200);
	CHECK_STR(answer.type, "text/plain; version=0.0.4; charset=utf-8");
	CHECK(has_line(answer.body,
		       "apiserver_request_total{code=\"200\",component=\"apiserver\",dry_run=\"\","
		       "group=\"\",resource=\"configmaps\",scope=\"namespace\",subresource=\"\","
		       "verb=\"LIST\",version=\"v1\"} 1"));
	CHECK(has_line(answer.body,
		       "apiserver_request_total{code=\"404\",component=\"apiserver\",dry_run=\"\","
		       "group=\"\",resource=\"configmaps\",scope=\"resource\",subresource=\"\","
		       "verb=\"GET\",version=\"v1\"} 1"));
	CHECK(has_line(answer.body, "apiserver_request_duration_seconds_count{component="
				    "\"apiserver\",dry_run=\"\",group=\"\",resource=\"namespaces\","
				    "scope=\"resource\",subresource=\"\",verb=\"POST\",version="
				    "\"v1\"} 1"));
	CHECK(has_line(answer.body, "apiserver_response_sizes_count{component=\"apiserver\","
				    "group=\"\",resource=\"configmaps\",scope=\"namespace\","
				    "subresource=\"\",verb=\"LIST\",version=\"v1\"} 1"));
	CHECK(str_find(answer.body, STR("# TYPE troupe_dead_letters_total counter\n")) > 0);
	rig_close(rig);
}

TEST(metrics_say_how_many_objects_there_are_of_each_resource)
{
	struct rig *rig = rig_open(NULL);
	struct str metrics;

	CHECK_CODE(rig_post(rig, "/api/v1/namespaces/default/configmaps",
			    "{\"metadata\":{\"name\":\"a\"}}"),
		   201);
	metrics = rig_get(rig, "/metrics").body;
	CHECK(str_find(metrics, STR("\nkubernetes_build_info{git_version=\"v1.37.")) > 0);
	CHECK(str_find(metrics, STR("\napiserver_resource_objects{group=\"\",resource="
				    "\"configmaps\"} 1\n")) > 0);
	CHECK(str_find(metrics, STR("\napiserver_storage_objects{resource=\"configmaps\"} 1\n")) >
	      0);
	CHECK(str_find(metrics, STR("\napiserver_storage_objects{resource="
				    "\"deployments.apps\"} 0\n")) > 0);
	rig_close(rig);
}

#define MAPS "/api/v1/namespaces/default/configmaps"
#define OF_MAPS(verb, scope)                                                        \
	"component=\"apiserver\",group=\"\",resource=\"configmaps\",scope=\"" scope \
	"\",subresource=\"\",verb=\"" verb "\",version=\"v1\""

TEST(metrics_tell_writes_by_form_and_whether_they_are_dry)
{
	struct rig *rig = rig_open(NULL);
	struct str metrics;

	CHECK_CODE(rig_post(rig, MAPS "?dryRun=All", "{\"metadata\":{\"name\":\"a\"}}"), 201);
	CHECK_CODE(
	    rig_patch(
		rig, "apply", MAPS "/a?fieldManager=x",
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}"),
	    201);
	CHECK_CODE(rig_patch(rig, "merge", MAPS "/a", "{\"data\":{\"a\":\"b\"}}"), 200);
	CHECK_CODE(rig_delete(rig, MAPS, NULL), 200);
	metrics = rig_get(rig, "/metrics").body;
	CHECK(has_line(metrics,
		       "apiserver_request_total{code=\"201\",component=\"apiserver\",dry_run="
		       "\"All\",group=\"\",resource=\"configmaps\",scope=\"resource\",subresource="
		       "\"\",verb=\"POST\",version=\"v1\"} 1"));
	CHECK(has_line(metrics, "apiserver_request_sli_duration_seconds_count{" OF_MAPS(
				    "APPLY", "resource") "} 1"));
	CHECK(has_line(metrics, "apiserver_request_sli_duration_seconds_count{" OF_MAPS(
				    "PATCH", "resource") "} 1"));
	CHECK(has_line(metrics, "apiserver_request_sli_duration_seconds_count{" OF_MAPS(
				    "DELETE", "namespace") "} 1"));
	CHECK(str_find(metrics, STR("apiserver_request_sli_duration_seconds_count{" OF_MAPS(
				    "POST", "resource") "}")) < 0);
	CHECK(has_line(metrics, "etcd_requests_total{group=\"\",operation=\"update\",resource="
				"\"configmaps\"} 1"));
	CHECK(has_line(metrics, "etcd_request_duration_seconds_count{group=\"\",operation="
				"\"create\",resource=\"configmaps\"} 1"));
	rig_close(rig);
}

TEST(metrics_tell_of_watches_as_long_as_they_stand)
{
	struct rig *rig = rig_open(NULL);
	struct str metrics;

	CHECK_CODE(rig_watch(rig, MAPS "?watch=1", 1), 200);
	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\"}}"), 201);
	metrics = rig_get(rig, "/metrics").body;
	CHECK(has_line(metrics,
		       "apiserver_longrunning_requests{" OF_MAPS("WATCH", "namespace") "} 1"));
	CHECK(has_line(metrics, "apiserver_watch_events_total{group=\"\",resource=\"configmaps\","
				"version=\"v1\"} 1"));
	CHECK(str_find(metrics, STR("apiserver_watch_events_sizes")) < 0); /* by message */
	rig_cancel(rig, 1);
	rig_run(rig, 10);
	metrics = rig_get(rig, "/metrics").body;
	CHECK(has_line(metrics,
		       "apiserver_longrunning_requests{" OF_MAPS("WATCH", "namespace") "} 0"));
	CHECK(has_line(metrics,
		       "apiserver_request_total{code=\"200\",component=\"apiserver\",dry_run="
		       "\"\",group=\"\",resource=\"configmaps\",scope=\"namespace\",subresource="
		       "\"\",verb=\"WATCH\",version=\"v1\"} 1"));
	rig_close(rig);
}

TEST(metrics_tell_of_rights_and_admission)
{
	struct rig *rig = rig_open(NULL);
	struct str metrics;

	CHECK_CODE(rig_post(rig, MAPS, "{\"metadata\":{\"name\":\"a\"}}"), 201);
	CHECK_CODE(rig_post(rig, "/api/v1/namespaces/nowhere/configmaps",
			    "{\"metadata\":{\"name\":\"a\"}}"),
		   404);
	metrics = rig_get(rig, "/metrics").body;
	CHECK(str_find(metrics, STR("\nauthorization_attempts_total{result=\"allowed\"} ")) > 0);
	CHECK(has_line(metrics, "apiserver_admission_controller_admission_duration_seconds_count{"
				"name=\"NamespaceLifecycle\",operation=\"CREATE\",rejected="
				"\"true\",type=\"admit\"} 1"));
	CHECK(has_line(metrics, "apiserver_admission_step_admission_duration_seconds_count{"
				"operation=\"CREATE\",rejected=\"true\",type=\"admit\"} 1"));
	rig_close(rig);
}

TEST(what_names_nothing_that_is_served_is_not_counted)
{
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(rig_get(rig, "/api/v1/moons"), 404);
	CHECK_CODE(rig_get(rig, "/apis/sky/v1/moons"), 404);
	CHECK_CODE(rig_get(rig, "/api/v1/namespaces/default/pods/x/moon"), 404);
	CHECK(str_find(rig_get(rig, "/metrics").body, STR("moon")) < 0);
	rig_close(rig);
}

TEST(checks_of_health_are_counted_on_a_page_of_their_own)
{
	struct rig *rig = rig_open(NULL);
	struct str metrics;

	CHECK_CODE(rig_get(rig, "/readyz"), 200);
	CHECK_CODE(rig_get(rig, "/readyz/etcd"), 200);
	rig_hold_disk(rig, true);
	rig_kill_store(rig);
	rig_run(rig, 250);
	CHECK_CODE(rig_get(rig, "/readyz/etcd"), 500);
	metrics = rig_get(rig, "/metrics/slis").body;
	CHECK(has_line(metrics, "kubernetes_healthcheck{name=\"etcd\",type=\"readyz\"} 0"));
	CHECK(has_line(metrics, "kubernetes_healthcheck{name=\"ping\",type=\"readyz\"} 1"));
	CHECK(str_find(metrics, STR("\nkubernetes_healthchecks_total{name=\"etcd\",status="
				    "\"success\",type=\"readyz\"} ")) > 0);
	CHECK(str_find(metrics, STR("\nkubernetes_healthchecks_total{name=\"etcd\",status="
				    "\"error\",type=\"readyz\"} ")) > 0);
	CHECK(str_find(metrics, STR("apiserver_request_total")) < 0);
	rig_hold_disk(rig, false);
	rig_close(rig);
}

TEST(metrics_tell_which_groups_of_other_servers_cannot_be_asked_for)
{
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(rig_post(rig, "/apis/apiregistration.k8s.io/v1/apiservices",
			    "{\"metadata\":{\"name\":\"v1.sky.io\"},\"spec\":{\"group\":\"sky.io\","
			    "\"version\":\"v1\",\"groupPriorityMinimum\":1,\"versionPriority\":1,"
			    "\"service\":{\"namespace\":\"default\",\"name\":\"sky\"},"
			    "\"insecureSkipTLSVerify\":true}}"),
		   201);
	CHECK(has_line(rig_get(rig, "/metrics").body,
		       "aggregator_unavailable_apiservice{name=\"v1.sky.io\"} 1"));
	rig_close(rig);
}

TEST(a_page_for_people_says_how_long_it_has_been_up)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer = rig_get(rig, "/statusz");

	CHECK_CODE(answer, 200);
	CHECK_STR(answer.type, "text/plain; charset=utf-8");
	CHECK(str_starts(answer.body, STR("kube-apiserver statusz\n")));
	CHECK(str_find(answer.body, STR("\nUp: 0 hr 00 min 0")) > 0);
	CHECK(str_find(answer.body, STR("\nBinary version: v1.37.")) > 0);
	CHECK(str_find(answer.body, STR(" /livez ")) > 0);
	rig_close(rig);
}

TEST(the_keys_of_tokens_are_published)
{
	struct certificate_key *key = certificate_key_new();
	const struct certificate_key *keys[] = { key };
	const struct server_config config = { .issuer = STR("https://kubernetes.default.svc"),
					      .address = STR("10.0.0.1:6443"),
					      .verifying_keys = keys,
					      .verifying_key_count = 1 };
	struct rig *rig = rig_open(&config);
	struct rig_answer answer = rig_get(rig, "/.well-known/openid-configuration");

	CHECK_CODE(answer, 200);
	CHECK_STR(answer.body,
		  "{\"issuer\":\"https://kubernetes.default.svc\",\"jwks_uri\":"
		  "\"https://10.0.0.1:6443/openid/v1/jwks\",\"response_types_supported\":["
		  "\"id_token\"],\"subject_types_supported\":[\"public\"],"
		  "\"id_token_signing_alg_values_supported\":[\"ES256\"]}");
	answer = rig_get(rig, "/openid/v1/jwks");
	CHECK_CODE(answer, 200);
	CHECK_STR(answer.type, "application/jwk-set+json");
	CHECK_AT(answer.body, "keys[0].alg", "ES256");
	CHECK_AT(answer.body, "keys[0].use", "sig");
	rig_close(rig);
	certificate_key_free(key);
	rig = rig_open(NULL);
	CHECK_CODE(rig_get(rig, "/openid/v1/jwks"), 404);
	rig_close(rig);
}

TEST(paths_outside_the_api_are_not_found_in_plain_words)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer = rig_get(rig, "/nothing");

	CHECK_CODE(answer, 404);
	CHECK_STR(answer.body, "404 page not found\n");
	CHECK_STR(rig_get(rig, "/apis/nobody.io/v1/things").body, "404 page not found\n");
	CHECK_FAILURE(rig_get(rig, "/api/v1/things"), 404, "NotFound",
		      "the server could not find the requested resource");
	answer = rig_get(rig, "/");
	CHECK_CODE(answer, 200);
	CHECK(rig_count(answer.body, "paths") > 5);
	rig_close(rig);
}

TEST(pages_over_http_say_what_may_be_kept)
{
	struct http_rig *rig = http_rig_open(NULL);
	struct http_rig_answer answer = http_rig_get(rig, "/healthz");

	CHECK_HTTP(answer, 200);
	CHECK_STR(http_header_get(answer.headers, STR("x-content-type-options")), "nosniff");
	CHECK_STR(http_header_get(answer.headers, STR("cache-control")), "no-cache, private");
	answer = http_rig_get(rig, "/apis");
	CHECK_HTTP(answer, 200);
	CHECK(http_header_get(answer.headers, STR("etag")).len > 2);
	answer = http_rig_ask_of(
	    rig, .path = "/apis", .name = "if-none-match",
	    .value = arena_cstr(test_arena(), http_header_get(answer.headers, STR("etag"))));
	CHECK_EQ(answer.code, 304);
	CHECK_EQ(answer.body.len, 0);
	http_rig_close(rig);
}

TEST(the_parts_of_the_control_plane_have_statuses)
{
	struct rig *rig = rig_open(NULL);
	struct rig_answer answer = rig_get(rig, "/api/v1/componentstatuses");

	CHECK_CODE(answer, 200);
	CHECK_AT(answer.body, "kind", "ComponentStatusList");
	CHECK_STR(rig_names(answer.body), "etcd-0");
	CHECK_AT(answer.body, "items[0].conditions[0].status", "True");
	CHECK_AT(rig_get(rig, "/api/v1/componentstatuses/etcd-0").body, "conditions[0].type",
		 "Healthy");
	CHECK_CODE(rig_get(rig, "/api/v1/componentstatuses/moon"), 404);
	rig_close(rig);
}

static const struct server_page given[] = { { .path = "/ui/",
					      .type = { "text/html", 9 },
					      .body = { "<p>", 3 },
					      .policy = { "default-src 'none'", 18 } } };

TEST(pages_of_the_configuration_are_given_as_they_are_to_who_may_read_their_path)
{
	struct rig *rig = rig_open(&(struct server_config){ .pages = given, .page_count = 1 });
	struct rig_answer answer = rig_get(rig, "/ui/");

	CHECK_CODE(answer, 200);
	CHECK_STR(answer.body, "<p>");
	CHECK_STR(answer.type, "text/html");
	CHECK_CODE(rig_get(rig, "/ui"), 301);
	CHECK_CODE(rig_post(rig, "/ui/", "{}"), 405);
	CHECK_CODE(rig_get(rig, "/ui/more"), 404);
	CHECK_CODE(rig_get(rig, "/u"), 404);
	rig_close(rig);
}

TEST(a_page_that_is_packed_is_given_packed_to_who_can_read_that_and_as_it_was_to_others)
{
	struct text packed = text_in(test_arena(), KIB);
	struct server_page page = { .path = "/ui/", .type = { "text/html", 9 }, .is_packed = true };
	struct http_rig *rig;
	struct http_rig_answer answer;

	CHECK_STATUS(gzip_pack(&packed, STR("<p>long ago</p>")), OK);
	page.body = text_str(&packed);
	rig = http_rig_open(&(struct server_config){ .pages = &page, .page_count = 1 });
	answer = http_rig_get(rig, "/ui/");
	CHECK_HTTP(answer, 200);
	CHECK(http_header_get(answer.headers, STR("content-encoding")).at == NULL);
	CHECK_STR(answer.body, "<p>long ago</p>");
	answer = http_rig_ask_of(rig, .path = "/ui/", .name = "accept-encoding", .value = "gzip");
	CHECK_STR(http_header_get(answer.headers, STR("content-encoding")), "gzip");
	CHECK(str_eq(answer.body, page.body));
	http_rig_close(rig);
}

TEST(browsers_are_told_what_a_page_may_do)
{
	struct http_rig *rig =
	    http_rig_open(&(struct server_config){ .pages = given, .page_count = 1 });
	struct http_rig_answer answer = http_rig_get(rig, "/ui/");

	CHECK_HTTP(answer, 200);
	CHECK_STR(http_header_get(answer.headers, STR("content-security-policy")),
		  "default-src 'none'");
	CHECK_STR(http_header_get(answer.headers, STR("x-frame-options")), "DENY");
	CHECK_STR(http_header_get(answer.headers, STR("x-content-type-options")), "nosniff");
	answer = http_rig_get(rig, "/ui");
	CHECK_HTTP(answer, 301);
	CHECK_STR(http_header_get(answer.headers, STR("location")), "ui/");
	http_rig_close(rig);
}
