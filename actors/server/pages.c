#include "actors/server/documents.h"
#include "actors/server/server-private.h"
#include "transport/http/url.h"
#include "transport/tls/jwt.h"
#include "transport/wire/json.h"

/*
 * Paths that are no resource: versions, health, metrics, keys; the first that fits, by prefix where it ends in a slash.
 */

#define PAGE_BYTES_MAX (8U * MIB) /* metrics of a host: LIMIT_SERIES lines */
#define VERSION_MAJOR "1"
#define VERSION_MINOR "37"
#define VERSION_GIT "v1.37.0+troupe"

static enum next plain(struct request *r, int32_t code, struct str body)
{
	return request_answer_body(r, code, STR("text/plain; charset=utf-8"), body);
}

static enum next version(struct request *r)
{
	return request_answer_body(
	    r, 200, STR("application/json"),
	    STR("{\n  \"major\": \"" VERSION_MAJOR "\",\n  \"minor\": \"" VERSION_MINOR
		"\",\n  \"emulationMajor\": \"" VERSION_MAJOR
		"\",\n  \"emulationMinor\": \"" VERSION_MINOR
		"\",\n  \"minCompatibilityMajor\": \"" VERSION_MAJOR
		"\",\n  \"minCompatibilityMinor\": \"36\",\n  \"gitVersion\": \"" VERSION_GIT
		"\",\n  \"gitCommit\": \"\",\n  \"gitTreeState\": \"clean\",\n  \"buildDate\": "
		"\"\",\n  "
		"\"goVersion\": \"none: this is C\",\n  \"compiler\": \"gcc\",\n  \"platform\": "
		"\"linux/amd64\"\n}"));
}

/* ---- health -------------------------------------------------------------------------------------------------- */

static bool is_feed_well(void *arg)
{
	return feed_is_ready(arg);
}

static bool is_pinged(void *arg)
{
	(void)arg;
	return true;
}

/* `[+]etcd ok` is what scripts look for: the store stands where etcd does. */
static bool write_check(struct text *out, const struct server_check *check)
{
	bool is_well = check->is_well(check->arg);

	text_printf(out, "[%c]%s %s\n", is_well ? '+' : '-', check->name,
		    is_well ? "ok" : "failed: reason withheld");
	return is_well;
}

static enum next health(struct request *r, const char *which, bool is_readiness)
{
	const struct server_config *config = r->server->config;
	const struct server_check own[] = {
		{ "ping", is_pinged, NULL },
		{ "etcd", is_feed_well, r->server },
		{ "informer-sync", is_feed_well, r->server },
	};
	struct text out = text_in(r->arena, PAGE_BYTES_MAX);
	bool is_verbose = url_query_get(r->arena, r->asked.query, STR("verbose")).at != NULL,
	     is_well = true;
	uint32_t own_count = is_readiness ? 3 : 1;

	for (uint32_t i = 0; i < own_count; i++)
		is_well &= write_check(&out, &own[i]);
	for (uint32_t i = 0; is_readiness && i < config->check_count; i++)
		is_well &= write_check(&out, &config->checks[i]);
	if (is_well && !is_verbose)
		return plain(r, 200, STR("ok"));
	text_printf(&out, "%s check %s\n", which, is_well ? "passed" : "failed");
	return plain(r, is_well ? 200 : 500, text_str(&out));
}

static enum next healthz(struct request *r)
{
	return health(r, "healthz", true);
}

static enum next livez(struct request *r)
{
	return health(r, "livez", false);
}

static enum next readyz(struct request *r)
{
	return health(r, "readyz", true);
}

/* ---- the others -------------------------------------------------------------------------------------------------- */

static enum next metrics(struct request *r)
{
	struct text out = text_in(r->arena, PAGE_BYTES_MAX);

	metrics_write(r->server->metrics, &out);
	return request_answer_body(r, 200, STR("text/plain; version=0.0.4; charset=utf-8"),
				   text_str(&out));
}

static enum next keys(struct request *r)
{
	const struct server_config *config = r->server->config;

	return request_answer_body(
	    r, 200, STR("application/jwk-set+json"),
	    jwt_key_set(config->verifying_keys, config->verifying_key_count, r->arena));
}

static enum next openid(struct request *r)
{
	const struct server_config *config = r->server->config;
	struct text out = text_in(r->arena, 4U * KIB);

	text_lit(&out, "{\"issuer\":");
	json_write_string(&out, config->issuer);
	text_lit(&out, ",\"jwks_uri\":");
	json_write_string(&out, request_printf(r, "https://" STR_FMT "/openid/v1/jwks",
					       STR_ARG(config->address)));
	text_lit(&out,
		 ",\"response_types_supported\":[\"id_token\"],\"subject_types_supported\":["
		 "\"public\"],\"id_token_signing_alg_values_supported\":[\"ES256\",\"RS256\"]}");
	return request_answer_body(r, 200, STR("application/json"), text_str(&out));
}

static enum next root(struct request *r);

static const struct page {
	const char *path;
	page_fn *run;
} pages[] = {
	{ "/api", discovery_api },
	{ "/api/", discovery_version },
	{ "/apis", discovery_apis },
	{ "/apis/", discovery_version },
	{ "/openapi/v3", documents_index },
	{ "/openapi/v3/", documents_page },
	{ "/version", version },
	{ "/healthz", healthz },
	{ "/livez", livez },
	{ "/readyz", readyz },
	{ "/metrics", metrics },
	{ "/openid/v1/jwks", keys },
	{ "/.well-known/openid-configuration", openid },
	{ "/", root },
};
#define PAGES (sizeof pages / sizeof pages[0])

static enum next root(struct request *r)
{
	struct text out = text_in(r->arena, 4U * KIB);

	text_lit(&out, "{\n  \"paths\": [");
	for (size_t i = 0; i + 1 < PAGES; i++)
		if (!str_ends(str_from(pages[i].path), STR("/")))
			text_printf(&out, "%s\n    \"%s\"", i ? "," : "", pages[i].path);
	text_lit(&out, "\n  ]\n}");
	return request_answer_body(r, 200, STR("application/json"), text_str(&out));
}

page_fn *pages_find(struct str path)
{
	struct str bare =
	    path.len > 1 && str_ends(path, STR("/")) ? str_slice(path, 0, path.len - 1) : path;

	for (size_t i = 0; i < PAGES; i++) {
		struct str own = str_from(pages[i].path);
		bool is_prefix = own.len > 1 && str_ends(own, STR("/"));

		if (str_eq(bare, own) || (is_prefix && str_starts(bare, own)))
			return pages[i].run;
	}
	return NULL;
}
