#include "actors/server/aggregate/front-proxy.h"

#include "runtime/base/base.h"

/* Of one connection, or said anew by whoever sends the message on. */
static const char *const hops[] = { "connection",        "keep-alive", "proxy-authenticate",
				    "proxy-connection",  "te",         "trailer",
				    "transfer-encoding", "upgrade",    "content-length" };
/* What a client says of itself was judged here and is said by our own headers. */
static const char *const own[] = { "host", "authorization", "proxy-authorization",
				   "x-forwarded-for", "expect" };
static const char *const own_prefixes[] = { "x-remote-", "impersonate-" };

static bool is_among(struct str name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_is(name, names[i]))
			return true;
	return false;
}

static bool is_hop(struct str name)
{
	return name.len == 0 || name.at[0] == ':' ||
	       is_among(name, hops, sizeof hops / sizeof hops[0]);
}

static bool is_own(struct str name)
{
	for (size_t i = 0; i < sizeof own_prefixes / sizeof own_prefixes[0]; i++)
		if (str_starts(name, str_from(own_prefixes[i])))
			return true;
	return is_among(name, own, sizeof own / sizeof own[0]);
}

/* A header that `Connection` names is of one connection, too. */
static bool is_named(struct http_headers in, struct str name)
{
	struct str rest = http_header_get(in, STR("connection"));

	while (rest.at != NULL)
		if (str_eq_nocase(str_trim(str_cut(&rest, ',')), name))
			return true;
	return false;
}

struct making {
	struct arena *arena;
	struct http_header *at;
	uint32_t count;
	bool is_bad;
};

static void put(struct making *making, struct str name, struct str value)
{
	struct http_header *header = &making->at[making->count++];

	*header = (struct http_header){ name, value };
	making->is_bad |= !http_header_is_valid(header);
}

/* Bytes that no header's name may have are percent-encoded, and so is what means that. */
static struct str escaped(struct arena *arena, struct str key)
{
	struct text out = text_in(arena, 3 * key.len + 1);

	for (uint32_t i = 0; i < key.len; i++) {
		char c = key.at[i];
		bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
				c == '_' || c == '.' || c == '!' || c == '#' || c == '$' ||
				c == '&' || c == '\'' || c == '*' || c == '+' || c == '^' ||
				c == '`' || c == '|' || c == '~';

		if (is_plain)
			text_add_char(&out, c);
		else if (c >= 'A' && c <= 'Z')
			text_add_char(&out, (char)(c - 'A' + 'a'));
		else
			text_printf(&out, "%%%02x", (unsigned char)c);
	}
	return text_str(&out);
}

static uint32_t count_of(const struct user *user)
{
	uint32_t count = 3;

	if (user == NULL)
		return count;
	count += user->group_count;
	for (uint32_t i = 0; i < user->extra_count; i++)
		count += user->extra[i].value_count;
	return count;
}

static void put_user(struct making *making, const struct user *user)
{
	put(making, STR("x-remote-user"), user->name);
	if (user->uid.len > 0)
		put(making, STR("x-remote-uid"), user->uid);
	for (uint32_t i = 0; i < user->group_count; i++)
		put(making, STR("x-remote-group"), user->groups[i]);
	for (uint32_t i = 0; i < user->extra_count; i++) {
		struct str key = escaped(making->arena, user->extra[i].key);
		struct str name =
		    arena_printf(making->arena, "x-remote-extra-" STR_FMT, STR_ARG(key));

		for (uint32_t v = 0; v < user->extra[i].value_count; v++)
			put(making, name, user->extra[i].values[v]);
	}
}

enum status front_proxy_headers(struct arena *arena, struct http_headers in,
				const struct user *user, struct str remote, struct http_headers *out)
{
	struct making making = { .arena = arena };

	making.at = arena_array(arena, struct http_header, in.count + count_of(user));
	for (uint32_t i = 0; i < in.count; i++)
		if (!is_hop(in.at[i].name) && !is_own(in.at[i].name) && !is_named(in, in.at[i].name))
			put(&making, in.at[i].name, in.at[i].value);
	if (user != NULL)
		put_user(&making, user);
	if (remote.len > 0)
		put(&making, STR("x-forwarded-for"), remote);
	*out = (struct http_headers){ making.at, making.count };
	return making.is_bad ? BAD_REQUEST : OK;
}

struct http_headers front_proxy_answer(struct arena *arena, struct http_headers in)
{
	struct http_header *at = arena_array(arena, struct http_header, in.count + 1);
	uint32_t count = 0;

	for (uint32_t i = 0; i < in.count; i++)
		if (!is_hop(in.at[i].name) && !str_is(in.at[i].name, "date") &&
		    !is_named(in, in.at[i].name))
			at[count++] = in.at[i];
	return (struct http_headers){ at, count };
}
