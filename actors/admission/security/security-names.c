#include "actors/admission/security/security-names.h"

#define FIRST 4U

static void grow(struct security_names *names)
{
	uint32_t cap = names->cap ? names->cap * 2 : FIRST;

	if (names->len < names->cap)
		return;
	names->at = arena_grow(names->arena, names->at, names->cap * sizeof *names->at,
			       cap * sizeof *names->at);
	names->cap = cap;
}

void security_names_add(struct security_names *names, struct str name)
{
	grow(names);
	names->at[names->len++] = name;
}

/* The first that is not before it. A pod may have thousands of ports: they are looked for by halves. */
static uint32_t place_of(const struct security_names *names, struct str name)
{
	uint32_t from = 0, to = names->len;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;

		if (str_cmp(names->at[middle], name) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

void security_names_put(struct security_names *names, struct str name)
{
	uint32_t at = place_of(names, name);

	if (at < names->len && str_eq(names->at[at], name))
		return;
	grow(names);
	memmove(&names->at[at + 1], &names->at[at], (names->len - at) * sizeof *names->at);
	names->at[at] = name;
	names->len++;
}

struct str security_names_joined(const struct security_names *names, const char *between)
{
	struct text text = text_in(names->arena, SECURITY_TEXT_BYTES);

	for (uint32_t i = 0; i < names->len; i++) {
		if (i > 0)
			text_add(&text, str_from(between));
		text_add(&text, names->at[i]);
	}
	return text_str(&text);
}

struct str security_names_quoted(const struct security_names *names)
{
	struct str joined = security_names_joined(names, "\", \"");

	return names->len == 0 ? STR("")
			       : arena_printf(names->arena, "\"" STR_FMT "\"", STR_ARG(joined));
}

const char *security_names_word(const struct security_names *names, const char *one,
				const char *many)
{
	return names->len == 1 ? one : many;
}
