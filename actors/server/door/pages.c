#include "actors/client/api.h"
#include "actors/server/catalog/documents.h"
#include "actors/server/flow/flow.h"
#include "actors/server/server-private.h"
#include "transport/http/url.h"
#include "transport/tls/jwt.h"
#include "transport/wire/gzip.h"
#include "transport/wire/json.h"

/*
 * Paths that are no resource: versions, health, metrics, keys; the first that fits, by prefix where it ends in a slash.
 */

#define PAGE_BYTES_MAX MIB
#define CACHE_HOUR STR("public, max-age=3600")

static enum next version(struct request *r)
{
	return request_answer_body(
	    r, 200, STR("application/json"),
	    STR("{\n  \"major\": \"" API_VERSION_MAJOR "\",\n  \"minor\": \"" API_VERSION_MINOR
		"\",\n  \"emulationMajor\": \"" API_VERSION_MAJOR
		"\",\n  \"emulationMinor\": \"" API_VERSION_MINOR
		"\",\n  \"minCompatibilityMajor\": \"" API_VERSION_MAJOR
		"\",\n  \"minCompatibilityMinor\": \"36\",\n  \"gitVersion\": \"" API_VERSION_GIT
		"\",\n  \"gitCommit\": \"\",\n  \"gitTreeState\": \"clean\",\n  \"buildDate\": "
		"\"\",\n  "
		"\"goVersion\": \"none: this is C\",\n  \"compiler\": \"gcc\",\n  \"platform\": "
		"\"linux/amd64\"\n}"));
}

/* ---- who signs service account tokens, for whoever else believes them (OpenID Connect Discovery 1.0) ----------- */

static bool has_issuer(const struct server_config *config)
{
	return config->verifying_key_count > 0 && str_starts(config->issuer, STR("https://"));
}

static struct str key_set(struct request *r)
{
	const struct server_config *config = r->server->config;

	return jwt_key_set(config->verifying_keys, config->verifying_key_count, r->arena);
}

static enum next keys(struct request *r)
{
	if (!has_issuer(r->server->config))
		return pages_not_found(r);
	request_answer_body(r, 200, STR("application/jwk-set+json"), key_set(r));
	r->answer.cache_control = CACHE_HOUR;
	return DONE;
}

static void add_algorithms(struct str set, struct text *out)
{
	bool has_es256 = str_find(set, STR("\"ES256\"")) >= 0;

	if (has_es256)
		text_lit(out, "\"ES256\"");
	if (str_find(set, STR("\"RS256\"")) >= 0)
		text_printf(out, "%s\"RS256\"", has_es256 ? "," : "");
}

static enum next openid(struct request *r)
{
	const struct server_config *config = r->server->config;
	struct text out = text_in(r->arena, 4U * KIB);

	if (!has_issuer(config))
		return pages_not_found(r);
	text_lit(&out, "{\"issuer\":");
	json_write_string(&out, config->issuer);
	text_lit(&out, ",\"jwks_uri\":");
	json_write_string(&out, config->keys_uri.len > 0
				    ? config->keys_uri
				    : request_printf(r, "https://" STR_FMT "/openid/v1/jwks",
						     STR_ARG(config->address)));
	text_lit(&out, ",\"response_types_supported\":[\"id_token\"],\"subject_types_supported\":["
		       "\"public\"],\"id_token_signing_alg_values_supported\":[");
	add_algorithms(key_set(r), &out);
	text_lit(&out, "]}");
	request_answer_body(r, 200, STR("application/json"), text_str(&out));
	r->answer.cache_control = CACHE_HOUR;
	return DONE;
}

/* ---- the table ------------------------------------------------------------------------------------------------- */

enum next pages_not_found(struct request *r)
{
	return request_answer_body(r, 404, STR("text/plain; charset=utf-8"),
				   STR("404 page not found\n"));
}

static enum next status(struct request *r);
static enum next root(struct request *r);

static const struct page {
	const char *path;
	page_fn *run;
} pages[] = {
	{ "/api", discovery_api },
	{ "/api/", discovery_version },
	{ "/apis", discovery_apis },
	{ "/apis/", discovery_version },
	{ "/openapi/v2", documents_v2 },
	{ "/openapi/v3", documents_index },
	{ "/openapi/v3/", documents_page },
	{ "/version", version },
	{ "/healthz", health_page },
	{ "/healthz/", health_page },
	{ "/livez", health_page },
	{ "/livez/", health_page },
	{ "/readyz", health_page },
	{ "/readyz/", health_page },
	{ "/metrics", metrics_page },
	{ "/metrics/slis", metrics_page_slis },
	{ "/statusz", status },
	{ "/debug/api_priority_and_fairness/", flow_page },
	{ "/openid/v1/jwks", keys },
	{ "/.well-known/openid-configuration", openid },
	{ "/", root },
};
#define PAGES (sizeof pages / sizeof pages[0])

/* For people who look whether this is what they think it is; made to be read, not parsed, as upstream's. */
static enum next status(struct request *r)
{
	const struct server *server = r->server;
	int64_t up_s = (act_now(server->act).ns - server->began.ns) / TIME_S;
	struct wall began = { act_wall(server->act).ns - up_s * TIME_S };
	struct text out = text_in(r->arena, 4U * KIB);
	char buffer[TIME_TEXT];

	began.ns -= began.ns % TIME_S;
	text_printf(&out,
		    "kube-apiserver statusz\nFor people, who may find it different in the next "
		    "release.\n\nStarted: " STR_FMT "\nUp: %jd hr %02jd min %02jd sec\n",
		    STR_ARG(time_print(began, buffer)), (intmax_t)(up_s / 3600),
		    (intmax_t)(up_s / 60 % 60), (intmax_t)(up_s % 60));
	text_lit(&out, "Go version: none: this is C\nBinary version: " API_VERSION_GIT
		       "\nEmulation version: " API_VERSION_MAJOR "." API_VERSION_MINOR "\nPaths:");
	for (size_t i = 0; i + 1 < PAGES; i++)
		if (!str_ends(str_from(pages[i].path), STR("/")))
			text_printf(&out, " %s", pages[i].path);
	text_lit(&out, "\n");
	return request_answer_body(r, 200, STR("text/plain; charset=utf-8"), text_str(&out));
}

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

/* ---- those of the configuration ------------------------------------------------------------------------------- */

static const struct server_page *page_of(struct request *r)
{
	const struct server_config *config = r->server->config;

	for (uint32_t i = 0; i < config->page_count; i++) {
		struct str path = str_from(config->pages[i].path);

		if (str_eq(path, r->asked.path) ||
		    (str_ends(path, STR("/")) && str_starts(path, r->asked.path) &&
		     path.len - r->asked.path.len == 1))
			return &config->pages[i];
	}
	return NULL;
}

/* Packed for who can read that. */
static void answer_page(struct request *r, const struct server_page *page)
{
	struct text plain = text_in(r->arena, PAGE_BYTES_MAX);
	struct str body = page->body;
	enum status status = OK;
	bool stays_packed = page->is_packed && gzip_is_accepted(r->asked.accept_encoding);

	if (page->is_packed && !stays_packed) {
		status = gzip_unpack(&plain, body);
		body = text_str(&plain);
	}
	assert(status == OK); /* it is part of the program */
	request_answer_body(r, 200, page->type, body);
	if (stays_packed)
		r->answer.encoding = STR("gzip");
	r->answer.policy = page->policy;
}

/* Relative links in it are relative to a path with a slash at its end. */
enum next pages_given(struct request *r)
{
	const struct server_page *page = page_of(r);
	struct str last;

	if (page == NULL)
		return pages_not_found(r);
	if (!str_is(r->asked.path, page->path)) {
		last = str_slice(r->asked.path, (uint32_t)str_find_last(r->asked.path, '/') + 1,
				 r->asked.path.len);
		request_answer_body(r, 301, STR("text/plain"), STR(""));
		r->answer.location = request_printf(r, STR_FMT "/", STR_ARG(last));
		return DONE;
	}
	if (!str_is(r->asked.method, "GET") && !str_is(r->asked.method, "HEAD"))
		return request_fail(r, failure_method(r->arena));
	answer_page(r, page);
	return DONE;
}

static enum next only_read(struct request *r)
{
	return request_fail(r, failure_method(r->arena));
}

/* Of some pages upstream minds the method, of others it does not; of versions discovery_version() does when it has found one. */
static bool is_read_only(page_fn *run)
{
	return run == discovery_api || run == version || run == keys || run == openid;
}

page_fn *pages_find(struct str path, struct str method)
{
	struct str bare =
	    path.len > 1 && str_ends(path, STR("/")) ? str_slice(path, 0, path.len - 1) : path;
	bool is_read = str_is(method, "GET") || str_is(method, "HEAD");

	for (size_t i = 0; i < PAGES; i++) {
		struct str own = str_from(pages[i].path);
		bool is_prefix = own.len > 1 && str_ends(own, STR("/"));

		if (str_eq(bare, own) || (is_prefix && str_starts(bare, own)))
			return !is_read && is_read_only(pages[i].run) ? only_read : pages[i].run;
	}
	return NULL;
}
