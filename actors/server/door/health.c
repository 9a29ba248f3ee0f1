#include "actors/server/server-private.h"
#include "transport/http/url.h"

/*
 * Health: /healthz, /livez and /readyz, each a list of checks; one check alone by its name behind the path.
 *
 * Alive is whoever answers; ready is whoever shows what the store has. `[+]etcd ok` is what scripts look for: the store
 * stands where etcd does.
 */

#define HEALTH_BYTES_MAX (64U * KIB)
#define EXCLUDED_MAX 32U

static bool is_always_well(void *arg)
{
	(void)arg;
	return true;
}

static bool is_store_well(void *arg)
{
	return feed_is_well(arg);
}

static bool is_feed_well(void *arg)
{
	return feed_is_ready(arg);
}

static bool is_going_on(void *arg)
{
	const struct server *server = arg;

	return !server->is_stopping && !server->is_leaving;
}

static const struct own_check {
	const char *name;
	bool (*is_well)(void *server);
	bool is_of_life; /* else of readiness only */
} own_checks[] = {
	{ "ping", is_always_well, true },         { "log", is_always_well, true },
	{ "etcd", is_store_well, false },         { "etcd-readiness", is_store_well, false },
	{ "informer-sync", is_feed_well, false }, { "shutdown", is_going_on, false },
};
#define OWN (sizeof own_checks / sizeof own_checks[0])

/* Check number i of a list, or false behind the last; the server's own come first. */
static bool check_at(struct request *r, bool is_of_life, uint32_t i, struct server_check *out)
{
	const struct server_config *config = r->server->config;
	uint32_t own = 0;

	for (size_t n = 0; n < OWN; n++) {
		if (is_of_life && !own_checks[n].is_of_life)
			continue;
		if (own++ < i)
			continue;
		*out = (struct server_check){ own_checks[n].name, own_checks[n].is_well, r->server };
		return true;
	}
	if (is_of_life || i - own >= config->check_count)
		return false;
	*out = config->checks[i - own];
	return true;
}

struct excluded {
	struct str names[EXCLUDED_MAX];
	bool is_known[EXCLUDED_MAX];
	uint32_t count;
};

static void read_excluded(struct request *r, struct excluded *out)
{
	struct url_walk walk = url_walk(r->arena, r->asked.query);
	struct str name, value;

	while (out->count < EXCLUDED_MAX && url_walk_next(&walk, &name, &value))
		if (str_is(name, "exclude"))
			out->names[out->count++] = value;
}

static bool is_excluded(struct excluded *excluded, const char *name)
{
	bool is_found = false;

	for (uint32_t i = 0; i < excluded->count; i++) {
		if (!str_is(excluded->names[i], name))
			continue;
		excluded->is_known[i] = true;
		is_found = true;
	}
	return is_found;
}

static void warn_unknown(const struct excluded *excluded, struct text *out)
{
	uint32_t unknown = 0;

	for (uint32_t i = 0; i < excluded->count; i++) {
		if (excluded->is_known[i])
			continue;
		text_printf(out, "%s\"" STR_FMT "\"",
			    unknown++
				? ","
				: "warn: some health checks cannot be excluded: no matches for ",
			    STR_ARG(excluded->names[i]));
	}
	if (unknown > 0)
		text_add_char(out, '\n');
}

static enum next plain(struct request *r, int32_t code, struct str body)
{
	return request_answer_body(r, code, STR("text/plain; charset=utf-8"), body);
}

static bool ask(struct request *r, struct str which, const struct server_check *check)
{
	bool is_well = check->is_well(check->arg);

	measure_health(r->server->measures, which, check->name, is_well);
	return is_well;
}

static enum next all(struct request *r, struct str which, bool is_of_life)
{
	struct text out = text_in(r->arena, HEALTH_BYTES_MAX);
	struct excluded excluded = { 0 };
	struct server_check check;
	bool is_verbose = url_query_get(r->arena, r->asked.query, STR("verbose")).at != NULL;
	bool is_well = true;

	read_excluded(r, &excluded);
	for (uint32_t i = 0; check_at(r, is_of_life, i, &check); i++) {
		if (is_excluded(&excluded, check.name)) {
			text_printf(&out, "[+]%s excluded: ok\n", check.name);
		} else if (ask(r, which, &check)) {
			text_printf(&out, "[+]%s ok\n", check.name);
		} else {
			text_printf(&out, "[-]%s failed: reason withheld\n", check.name);
			is_well = false;
		}
	}
	warn_unknown(&excluded, &out);
	if (is_well && !is_verbose)
		return plain(r, 200, STR("ok"));
	text_printf(&out, STR_FMT " check %s\n", STR_ARG(which), is_well ? "passed" : "failed");
	return plain(r, is_well ? 200 : 500, text_str(&out));
}

static enum next one(struct request *r, struct str which, struct str name, bool is_of_life)
{
	struct server_check check;

	for (uint32_t i = 0; check_at(r, is_of_life, i, &check); i++) {
		if (!str_is(name, check.name))
			continue;
		if (ask(r, which, &check))
			return plain(r, 200, STR("ok"));
		return plain(r, 500, STR("internal server error: reason withheld\n"));
	}
	return pages_not_found(r);
}

enum next health_page(struct request *r)
{
	struct str rest = str_slice(r->asked.path, 1, r->asked.path.len);
	struct str which = str_cut(&rest, '/');
	bool is_of_life = str_is(which, "livez");

	if (rest.len > 0)
		return one(r, which, rest, is_of_life);
	return all(r, which, is_of_life);
}
