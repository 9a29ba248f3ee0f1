#include <stdarg.h>
#include <stdio.h>

#include "deploy/cluster/pki.h"
#include "deploy/main/command/json-look.h"
#include "deploy/main/drill/drill-private.h"
#include "runtime/loop/loop.h"

#define LOOK_MS 20U
#define CLEAN_MS 30000U
#define CONNECT_MS 5000
#define STALE_MS (5 * 60 * 1000) /* no drill takes as long: who made the namespace was killed */

bool drill_fail(struct drill *drill, const char *format, ...)
{
	va_list args;

	if (drill->code != EXIT_DONE)
		return false;
	drill->code = EXIT_FAILED;
	fputs("troupe: drill: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return false;
}

int64_t drill_now_ms(const struct drill *drill)
{
	return act_now(drill->act).ns / TIME_MS;
}

bool drill_wait_on(struct drill *drill, int64_t until_ms)
{
	if (drill->is_interrupted)
		return drill_fail(drill, "interrupted");
	act_sleep(drill->act, LOOK_MS);
	return drill_now_ms(drill) < until_ms;
}

struct str drill_ask_own(struct drill *drill, const char *path, struct arena *arena)
{
	struct str body = STR_NONE;
	int code = 0;

	if (!ask_client(drill->act, drill->socket, "GET", path, STR_NONE, arena, &code, &body,
			&drill->why))
		return STR_NONE;
	return body;
}

/* ---- clients -------------------------------------------------------------------------------------------------------- */

bool drill_load_keys(struct drill *drill)
{
	struct pki pki;
	struct tls_config config = { .alpn = STR("h2,http/1.1"), .now = loop_clock()->wall };

	if (pki_load(loop_files(), arena_printf(drill->arena, "%s/pki", drill->dir.path).at,
		     drill->arena, &pki, &drill->why) != OK)
		return drill_fail(drill, "%s", drill->why.text);
	config.certificate_pem = pki.admin.certificate_pem;
	config.key_pem = pki.admin.key_pem;
	config.authorities_pem = pki.ca.certificate_pem;
	return tls_context_new(&config, &drill->tls, &drill->why) == OK ||
	       drill_fail(drill, "%s", drill->why.text);
}

bool drill_connect(struct drill *drill, const char *url, struct tls_context *tls,
		   struct act_ref *out)
{
	struct http_client_config config = { .url = url, .tls = tls, .connect_ms = 2000 };
	enum status status = act_spawn(drill->act, &http_client_class, &config, NULL, out);

	return status == OK || drill_fail(drill, "no client: %s", status_text(status));
}

/* Of the members that this node tells of now; false: a client could not be made. */
static bool connect_members(struct drill *drill)
{
	struct standing places = standing_of(
	    drill->arena, drill_ask_own(drill, "/troupe/members?output=json", drill->arena));

	for (uint32_t i = 0; i < places.member_count && drill->probe.count < PROBE_NODES_MAX; i++) {
		const struct standing_member *member = &places.members[i];
		struct str url;

		if (!member->is_alive || member->api.len == 0)
			continue;
		url = arena_printf(drill->arena, "https://" STR_FMT, STR_ARG(member->api));
		if (!drill_connect(drill, url.at, drill->tls,
				   &drill->probe.nodes[drill->probe.count].api))
			return false;
		drill->probe.count++;
	}
	return true;
}

/* The node's own server may be away for a moment, as another drill wants it. */
bool drill_connect_all(struct drill *drill)
{
	int64_t until = drill_now_ms(drill) + CONNECT_MS;

	do {
		if (!connect_members(drill))
			return false;
		if (drill->probe.count > 0)
			return true;
	} while (drill_wait_on(drill, until));
	return drill_fail(drill, "no node says where it serves the API: %s", drill->why.text);
}

/* ---- the namespace ---------------------------------------------------------------------------------------------- */

int drill_ask_any(struct drill *drill, const char *method, const char *path, struct str body,
		  struct arena *arena, struct str *out_body)
{
	int code = 0;

	for (uint32_t i = 0; i < drill->probe.count; i++)
		if (ask_client(drill->act, drill->probe.nodes[i].api, method, path, body, arena,
			       &code, out_body, &drill->why) &&
		    code < 500 && code != 429)
			return code;
	return 0;
}

/* The same again and again for a while: another drill may just have killed the leader. */
static int ask_patiently(struct drill *drill, const char *method, const char *path, struct str body,
			 struct str *out_body)
{
	int64_t until_ms = drill_now_ms(drill) + DRILL_BEGIN_MS;
	int code;

	while ((code = drill_ask_any(drill, method, path, body, drill->arena, out_body)) == 0 &&
	       drill_wait_on(drill, until_ms))
		;
	return code;
}

bool drill_remove(struct drill *drill, const char *path)
{
	int64_t until_ms = drill_now_ms(drill) + CLEAN_MS;
	struct arena *arena = arena_new(0);
	struct str body = STR_NONE;
	bool is_asked = false;
	int code = 0;

	while (code != 404 && drill_now_ms(drill) < until_ms) {
		arena_reset(arena);
		code =
		    drill_ask_any(drill, is_asked ? "GET" : "DELETE", path, STR_NONE, arena, &body);
		is_asked = is_asked || code == 200 || code == 202;
		if (code != 404)
			act_sleep(drill->act, LOOK_MS);
	}
	arena_free(arena);
	return code == 404;
}

/* Somebody's that is too old to be of a drill under way is nobody's any more. */
static bool is_stale(struct drill *drill)
{
	struct arena *arena = arena_new(0);
	struct str body = STR_NONE;
	struct wall made = { 0 };
	int code = drill_ask_any(drill, "GET", DRILL_NAMESPACE_PATH, STR_NONE, arena, &body);
	bool is_so =
	    code == 404 ||
	    (code == 200 &&
	     (json_look(arena, body, "metadata.deletionTimestamp").at != NULL ||
	      (time_parse(json_look(arena, body, "metadata.creationTimestamp"), &made) == OK &&
	       (act_wall(drill->act).ns - made.ns) / TIME_MS > STALE_MS)));

	arena_free(arena);
	return is_so;
}

static int post_namespace(struct drill *drill)
{
	struct str body = STR_NONE;

	return ask_patiently(drill, "POST", "/api/v1/namespaces",
			     STR("{\"metadata\":{\"name\":\"" DRILL_NAMESPACE "\"}}"), &body);
}

bool drill_make_namespace(struct drill *drill)
{
	int code = post_namespace(drill);

	if (code == 409 && is_stale(drill) && drill_remove(drill, DRILL_NAMESPACE_PATH))
		code = post_namespace(drill);
	drill->has_namespace = code == 201;
	if (code == 409)
		return drill_fail(drill,
				  "refused: another drill is under way (namespace " DRILL_NAMESPACE
				  ", if it is no drill's, delete it)");
	if (code != 201)
		return drill_fail(drill, "the namespace " DRILL_NAMESPACE " cannot be made: %d %s",
				  code, drill->why.text);
	return true;
}
