#include "datastore/cel/library/function.h"
#include "datastore/object/name.h"

/*
 * URLs as Go's net/url reads them for a request: absolute, or a path from the root.
 */

struct url {
	struct str text; /* in front, since equality looks at it */
	struct str scheme, host, path, query;
};

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static uint32_t hex(char c)
{
	return c <= '9' ? (uint32_t)(c - '0') : (uint32_t)((c | 0x20) - 'a' + 10);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alnum(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9');
}

/* ---- escapes --------------------------------------------------------------------------------------------------- */

static bool unescape(struct str text, bool plus_is_space, struct arena *arena, struct str *out)
{
	struct text made = text_in(arena, text.len + 1);

	for (uint32_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (c == '%') {
			if (i + 2 >= text.len || !is_hex(text.at[i + 1]) || !is_hex(text.at[i + 2]))
				return false;
			c = (char)(hex(text.at[i + 1]) << 4 | hex(text.at[i + 2]));
			i += 2;
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		text_add_char(&made, c);
	}
	*out = text_str(&made);
	return true;
}

/* The first escape that is none; absent: all are. */
static struct str bad_escape(struct str text)
{
	for (uint32_t i = 0; i < text.len; i++)
		if (text.at[i] == '%' &&
		    (i + 2 >= text.len || !is_hex(text.at[i + 1]) || !is_hex(text.at[i + 2])))
			return str_slice(text, i, i + 3 < text.len ? i + 3 : text.len);
	return STR_NONE;
}

static bool may_stand_in_path(char c)
{
	return is_alnum(c) || (c != '\0' && strchr("-_.~!$&'()*+,;=:@[]/%", c) != NULL);
}

static struct str escaped_path(struct str path, struct arena *arena)
{
	struct text out = text_in(arena, 3 * path.len + 1);
	struct str plain = STR("");
	bool is_good = true;

	for (uint32_t i = 0; i < path.len; i++)
		is_good &= may_stand_in_path(path.at[i]);
	if (is_good || !unescape(path, false, arena, &plain))
		return path;
	for (uint32_t i = 0; i < plain.len; i++) {
		char c = plain.at[i];

		if (is_alnum(c) || (c != '\0' && strchr("-_.~$&+,/:;=@", c) != NULL))
			text_add_char(&out, c);
		else
			text_printf(&out, "%%%02X", (unsigned char)c);
	}
	return text_str(&out);
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

static struct str quoted(struct arena *arena, const char *words, struct str part, const char *more)
{
	return arena_printf(arena, "%s " STR_FMT "%s", words, STR_ARG(name_quoted(arena, part)),
			    more);
}

/* Takes `scheme:` from the front; false: it begins with the colon. */
static bool take_scheme(struct str *rest, struct str *scheme)
{
	*scheme = STR("");
	for (uint32_t i = 0; i < rest->len; i++) {
		char c = rest->at[i];

		if (c == ':') {
			if (i == 0)
				return false;
			*scheme = str_slice(*rest, 0, i);
			*rest = str_slice(*rest, i + 1, rest->len);
			return true;
		}
		if (!is_letter(c) && (i == 0 || !(is_alnum(c) || c == '+' || c == '-' || c == '.')))
			return true;
	}
	return true;
}

static bool is_port(struct str port)
{
	for (uint32_t i = 1; i < port.len; i++)
		if (port.at[i] < '0' || port.at[i] > '9')
			return false;
	return port.len == 0 || port.at[0] == ':';
}

static bool may_stand_in_host(char c)
{
	return is_alnum(c) || (unsigned char)c >= 0x80 ||
	       (c != '\0' && strchr("-_.~!$&'()*+,;=:[]<>\"%", c) != NULL);
}

static struct str check_host(struct str host, struct arena *arena)
{
	int64_t colon;

	if (host.len > 0 && host.at[0] == '[') {
		int64_t end = str_find_last(host, ']');

		if (end < 0)
			return STR("missing ']' in host");
		colon = end + 1;
	} else {
		colon = str_find_char(host, ':');
	}
	if (colon >= 0 && !is_port(str_slice(host, (uint32_t)colon, host.len)))
		return quoted(arena, "invalid port", str_slice(host, (uint32_t)colon, host.len),
			      " after host");
	for (uint32_t i = 0; i < host.len; i++)
		if (!may_stand_in_host(host.at[i]))
			return quoted(arena, "invalid character", str_slice(host, i, i + 1),
				      " in host name");
	if (bad_escape(host).at != NULL)
		return quoted(arena, "invalid URL escape", bad_escape(host), "");
	return STR_NONE;
}

static struct str check_user(struct str user)
{
	for (uint32_t i = 0; i < user.len; i++)
		if (!is_alnum(user.at[i]) &&
		    (user.at[i] == '\0' || strchr("-._:~!$&'()*+,;=%@", user.at[i]) == NULL))
			return STR("net/url: invalid userinfo");
	return STR_NONE;
}

/* The words of a fault, or absent. A fragment is part of path or query here, as in a request. */
static struct str read_url(struct str text, struct arena *arena, struct url *out)
{
	struct str rest = text, words = STR_NONE, authority;
	int64_t at;

	*out = (struct url){ .text = text, .host = STR(""), .query = STR("") };
	for (uint32_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f)
			return STR("net/url: invalid control character in URL");
	if (text.len == 0)
		return STR("empty url");
	if (!take_scheme(&rest, &out->scheme))
		return STR("missing protocol scheme");
	at = str_find_char(rest, '?');
	if (at >= 0) {
		out->query = str_slice(rest, (uint32_t)at + 1, rest.len);
		rest = str_slice(rest, 0, (uint32_t)at);
	}
	out->path = STR("");
	if (rest.len == 0 || rest.at[0] != '/')
		return out->scheme.len > 0 || str_is(text, "*") ? STR_NONE
								: STR("invalid URI for request");
	if (out->scheme.len > 0 && str_starts(rest, STR("//"))) {
		authority = str_slice(rest, 2, rest.len);
		at = str_find_char(authority, '/');
		rest = at >= 0 ? str_slice(authority, (uint32_t)at, authority.len) : STR("");
		authority = at >= 0 ? str_slice(authority, 0, (uint32_t)at) : authority;
		at = str_find_last(authority, '@');
		out->host = str_slice(authority, (uint32_t)(at + 1), authority.len);
		words = check_host(out->host, arena);
		if (words.at == NULL && at >= 0)
			words = check_user(str_slice(authority, 0, (uint32_t)at));
	}
	if (words.at == NULL && bad_escape(rest).at != NULL)
		words = quoted(arena, "invalid URL escape", bad_escape(rest), "");
	out->path = rest;
	return words;
}

static struct cel_value from_string(struct cel_call *call, const struct cel_value *args)
{
	struct url *url = arena_new_of(call->arena, struct url);
	struct str text = args[0].text, words = read_url(text, call->arena, url);
	int64_t fragment = str_find_char(text, '#');

	if (words.at == NULL && fragment >= 0) {
		struct str whole = text;

		words = read_url(str_slice(text, 0, (uint32_t)fragment), call->arena, url);
		url->text = whole;
	}
	if (words.at != NULL)
		return cel_value_error(
		    call->arena,
		    "URL parse error during conversion from string: parse " STR_FMT ": " STR_FMT,
		    STR_ARG(name_quoted(call->arena, text)), STR_ARG(words));
	return (struct cel_value){ .kind = CEL_URL, .opaque = url };
}

static struct cel_value is_url(struct cel_call *call, const struct cel_value *args)
{
	struct url url;

	return cel_bool(read_url(args[0].text, call->arena, &url).at == NULL);
}

/* ---- parts ------------------------------------------------------------------------------------------------------ */

static const struct url *url_of(const struct cel_value *args)
{
	return args[0].opaque;
}

static struct cel_value scheme(struct cel_call *call, const struct cel_value *args)
{
	struct str text = url_of(args)->scheme;
	struct text out = text_in(call->arena, text.len + 1);

	for (uint32_t i = 0; i < text.len; i++)
		text_add_char(&out, (char)(text.at[i] >= 'A' && text.at[i] <= 'Z' ? text.at[i] | 0x20
										  : text.at[i]));
	return cel_string(text_str(&out));
}

static struct cel_value host(struct cel_call *call, const struct cel_value *args)
{
	struct str plain = STR("");

	if (!unescape(url_of(args)->host, false, call->arena, &plain))
		plain = url_of(args)->host;
	return cel_string(plain);
}

/* Where the port's colon stands; the length without one. */
static uint32_t port_at(struct str host)
{
	int64_t colon = str_find_last(host, ':');

	if (colon < 0 || colon < str_find_last(host, ']'))
		return host.len;
	return (uint32_t)colon;
}

static struct cel_value hostname(struct cel_call *call, const struct cel_value *args)
{
	struct str whole = host(call, args).text, name = str_slice(whole, 0, port_at(whole));

	if (name.len >= 2 && name.at[0] == '[' && name.at[name.len - 1] == ']')
		name = str_slice(name, 1, name.len - 1);
	return cel_string(name);
}

static struct cel_value port(struct cel_call *call, const struct cel_value *args)
{
	struct str whole = host(call, args).text;

	return cel_string(str_slice(whole, port_at(whole) + 1, whole.len));
}

static struct cel_value path(struct cel_call *call, const struct cel_value *args)
{
	return cel_string(escaped_path(url_of(args)->path, call->arena));
}

/* A name may be there more than once; its values keep their order. */
static struct cel_value query(struct cel_call *call, const struct cel_value *args)
{
	struct str rest = url_of(args)->query;
	struct map places = { 0 };
	struct cel_value out = cel_map_make(call->arena), *lists, *names;
	uint32_t count = 0, most = 1;

	for (uint32_t i = 0; i < rest.len; i++)
		most += rest.at[i] == '&';
	if (!cel_call_room(call, 16ULL * most * sizeof *lists, &out))
		return out;
	lists = arena_array(call->arena, struct cel_value, most);
	names = arena_array(call->arena, struct cel_value, most);
	while (rest.at != NULL && rest.len > 0) {
		struct str value = str_cut(&rest, '&'), name;
		uintptr_t place;

		if (value.len == 0 || str_find_char(value, ';') >= 0)
			continue;
		name = str_cut(&value, '=');
		if (!unescape(name, true, call->arena, &name) ||
		    !unescape(value.at != NULL ? value : STR(""), true, call->arena, &value))
			continue;
		place = (uintptr_t)map_get(&places, name);
		if (place == 0) {
			names[count] = cel_string(name);
			lists[count] = cel_list_make(call->arena, NULL, 0);
			place = ++count;
			map_put(&places, name, (void *)place);
		}
		lists[place - 1] =
		    cel_list_append(lists[place - 1].list, cel_string(value), call->arena);
	}
	map_fini(&places);
	for (uint32_t i = 0; i < count; i++)
		out = cel_map_insert(out.map, names[i], lists[i], call->arena);
	return out;
}

static const struct cel_function rows[] = {
	{ "url", "(string)URL", from_string, PRICE_SCAN_SAME },
	{ "isURL", "(string)bool", is_url, PRICE_ONE },
	{ "getScheme", ".(URL)string", scheme, PRICE_ONE },
	{ "getHost", ".(URL)string", host, PRICE_ONE },
	{ "getHostname", ".(URL)string", hostname, PRICE_ONE },
	{ "getPort", ".(URL)string", port, PRICE_ONE },
	{ "getEscapedPath", ".(URL)string", path, PRICE_ONE },
	{ "getQuery", ".(URL)map(string,list(string))", query, PRICE_ONE },
};
CEL_FUNCTION_TABLE(cel_functions_url, rows);
