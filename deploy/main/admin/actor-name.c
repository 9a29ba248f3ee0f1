#include "deploy/main/admin/actor-name.h"

#include <stdio.h>

#define NAME_MAX_LEN 253U
#define SUFFIX_MAX 24U /* "-" and a hash or a number */

struct actor_names actor_names_in(struct arena *arena)
{
	return (struct actor_names){ .arena = arena };
}

void actor_names_fini(struct actor_names *names)
{
	map_fini(&names->taken);
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* A part of a subdomain: begins and ends with a letter or digit; a part of nothing else is x. */
static void add_part(struct text *out, struct str part)
{
	uint32_t begin = out->len;

	for (uint32_t i = 0; i < part.len; i++) {
		char c = part.at[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (is_alnum(c))
			text_add_char(out, c);
		else if (out->len > begin && out->at[out->len - 1] != '-')
			text_add_char(out, '-');
	}
	while (out->len > begin && out->at[out->len - 1] == '-')
		out->len--;
	if (out->len == begin)
		text_add_char(out, 'x');
}

static void add_parts(struct text *out, struct str path, char separator)
{
	struct str rest = path;

	while (rest.at != NULL) {
		if (out->len > 0)
			text_add_char(out, '.');
		add_part(out, str_cut(&rest, separator));
	}
}

/* The name with a suffix, cut so that both have room; what was cut off must not leave a dot or dash at the end. */
static struct str with_suffix(struct arena *arena, struct str name, const char *suffix)
{
	uint32_t room = NAME_MAX_LEN - (uint32_t)strlen(suffix);
	uint32_t len = name.len < room ? name.len : room;

	while (len > 0 && !is_alnum(name.at[len - 1]))
		len--;
	return arena_printf(arena, "%.*s%s", (int)len, name.at, suffix);
}

struct str actor_name(struct actor_names *names, struct str node, struct str path)
{
	struct text out = text_new(64 * KIB);
	char suffix[SUFFIX_MAX];
	struct str plain, name;

	add_parts(&out, node, '.');
	add_parts(&out, path, '/');
	plain = text_str(&out);
	snprintf(suffix, sizeof suffix, "-%08x", hash_fnv32a(HASH_FNV32A_SEED, out.at, out.len));
	name = plain.len > NAME_MAX_LEN ? with_suffix(names->arena, plain, suffix)
					: arena_str(names->arena, plain);
	for (uint32_t n = 2; map_has(&names->taken, name); n++) {
		snprintf(suffix, sizeof suffix, "-%u", n);
		name = with_suffix(names->arena, plain, suffix);
	}
	map_put(&names->taken, name, names);
	text_fini(&out);
	return name;
}
