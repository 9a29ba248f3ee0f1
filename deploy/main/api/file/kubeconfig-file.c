#include "deploy/main/api/file/kubeconfig-file.h"

#include "deploy/main/api/file/operator-file.h"
#include "transport/wire/base64.h"
#include "transport/wire/json.h"
#include "transport/wire/yaml.h"

#define JSON_BYTES_MAX (4U * MIB)

struct reading {
	const char *path;
	struct arena *arena;
	struct fault *why;
};

static enum status refuse(const struct reading *reading, const char *words)
{
	return fault_set(reading->why, BAD_REQUEST, reading->path, "%s: %s", reading->path, words);
}

/* The value of a member, as it stands; absent: there is none. */
static struct str member(const struct reading *reading, struct str object, const char *wanted)
{
	struct json in = json_of(object);
	struct str name, raw, found = STR_NONE;

	if (object.len == 0 || json_peek(&in) != JSON_OBJECT)
		return STR_NONE;
	for (json_enter(&in); json_member(&in, reading->arena, &name);)
		if (json_skip(&in, &raw) && str_is(name, wanted))
			found = raw;
	return found;
}

/* A string member without its quotes; "" where it is none. */
static struct str word(const struct reading *reading, struct str object, const char *wanted)
{
	struct str raw = member(reading, object, wanted), text = STR("");
	struct json in = json_of(raw);

	if (raw.len > 0 && json_peek(&in) == JSON_STRING)
		(void)json_string(&in, reading->arena, &text);
	return text;
}

/* Of [{"name": N, "cluster": {...}}] what stands behind that name. */
static struct str named(const struct reading *reading, struct str list, const char *what,
			struct str name)
{
	struct json in = json_of(list);
	struct str raw, found = STR_NONE;

	if (list.len == 0 || json_peek(&in) != JSON_ARRAY)
		return STR_NONE;
	for (json_enter(&in); json_element(&in);)
		if (json_skip(&in, &raw) && str_eq(word(reading, raw, "name"), name))
			found = member(reading, raw, what);
	return found;
}

static enum status read_authority(const struct reading *reading, struct str cluster, struct str *out)
{
	struct str data = word(reading, cluster, "certificate-authority-data");
	struct str path = word(reading, cluster, "certificate-authority");
	int64_t slash = str_find_last(str_from(reading->path), '/');
	struct str folder = str_slice(str_from(reading->path), 0, (uint32_t)(slash + 1));

	*out = STR_NONE;
	if (data.len > 0)
		return base64_decode(BASE64_STANDARD, data, reading->arena, out, NULL) == OK
			   ? OK
			   : refuse(reading, "certificate-authority-data is no base64");
	if (path.len == 0)
		return OK;
	if (path.at[0] == '/')
		folder = STR("");
	return operator_file_read(
	    arena_printf(reading->arena, STR_FMT STR_FMT, STR_ARG(folder), STR_ARG(path)).at,
	    reading->arena, out, reading->why);
}

static bool is_empty(struct str user)
{
	return user.len == 0 || str_is(user, "{}") || str_is(user, "null");
}

enum status kubeconfig_file_load(const char *path, struct arena *arena, struct outside_place *out,
				 struct fault *why)
{
	struct reading reading = { path, arena, why };
	struct text json = text_in(arena, JSON_BYTES_MAX);
	struct str text, context, cluster, user;

	TRY(operator_file_read(path, arena, &text, why));
	if (yaml_to_json(text, &json, NULL) != OK)
		return refuse(&reading, "is no kubeconfig: it cannot be read as YAML");
	context = named(&reading, member(&reading, text_str(&json), "contexts"), "context",
			word(&reading, text_str(&json), "current-context"));
	cluster = named(&reading, member(&reading, text_str(&json), "clusters"), "cluster",
			word(&reading, context, "cluster"));
	user = named(&reading, member(&reading, text_str(&json), "users"), "user",
		     word(&reading, context, "user"));
	if (context.len == 0 || cluster.len == 0)
		return refuse(&reading, "wants a current-context, and the cluster that it names");
	if (!is_empty(user))
		return refuse(&reading, "names a certificate or a token to show: that is not "
					"known here, the webhook has to do without");
	*out = (struct outside_place){ .url = word(&reading, cluster, "server") };
	if (!str_starts(out->url, STR("https://")))
		return refuse(&reading, "wants a server that begins with https://");
	return read_authority(&reading, cluster, &out->authorities);
}
