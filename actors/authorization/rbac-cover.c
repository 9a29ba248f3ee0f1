#include "actors/authorization/rbac-cover.h"

#include <stdlib.h>

#include "datastore/object/name.h"
#include "datastore/schema/type.h"

/*
 * Whether rules cover others (upstream's component-helpers/auth/rbac/validation: Covers, CompactRules, CompactString).
 *
 * A rule is broken into pieces of one group, resource, verb and name, or of one path and verb: each is either covered by one of the
 * rules held, or not at all. A rule that is covered whole, which is the common case, is never broken.
 */

#define WORDS_MAX (64U * KIB) /* of what is missing */

struct piece {
	struct str group, resource, verb, name, path; /* absent: not of this piece */
};

static bool has_or_star(struct str_list list, struct str word)
{
	return str_list_has(list, STR("*")) || str_list_has(list, word);
}

/* "*" followed by a slash and a subresource stands for that of every resource. */
static bool has_resource(struct str_list list, struct str resource)
{
	int64_t slash = str_find_char(resource, '/');

	if (has_or_star(list, resource))
		return true;
	for (uint32_t i = 0; slash >= 0 && i < list.len; i++)
		if (str_starts(list.at[i], STR("*/")) &&
		    str_eq(str_slice(list.at[i], 1, list.at[i].len),
			   str_slice(resource, (uint32_t)slash, resource.len)))
			return true;
	return false;
}

static bool has_path(struct str_list list, struct str path)
{
	for (uint32_t i = 0; i < list.len; i++) {
		struct str pattern = list.at[i];
		uint32_t len = pattern.len;

		if (str_eq(pattern, path))
			return true;
		while (len > 0 && pattern.at[len - 1] == '*')
			len--;
		if (len < pattern.len && str_starts(path, str_slice(pattern, 0, len)))
			return true;
	}
	return false;
}

static bool covers_piece(const struct rbac_policy_rule *held, const struct piece *piece)
{
	if (!has_or_star(held->verbs, piece->verb))
		return false;
	if (piece->path.at != NULL)
		return held->resource_names.len == 0 &&
		       has_path(held->non_resource_urls, piece->path);
	return has_or_star(held->api_groups, piece->group) &&
	       has_resource(held->resources, piece->resource) &&
	       (held->resource_names.len == 0 ||
		(piece->name.at != NULL && str_list_has(held->resource_names, piece->name)));
}

static bool is_covered(struct rbac_policy_rule_list held, const struct piece *piece)
{
	for (uint32_t i = 0; i < held.len; i++)
		if (covers_piece(&held.at[i], piece))
			return true;
	return false;
}

static bool all(struct str_list wanted, struct str_list held,
		bool (*holds)(struct str_list list, struct str word))
{
	for (uint32_t i = 0; i < wanted.len; i++)
		if (!holds(held, wanted.at[i]))
			return false;
	return true;
}

/* Every piece of the rule is covered by this one. */
static bool covers_whole(const struct rbac_policy_rule *held, const struct rbac_policy_rule *wanted)
{
	bool is_named = held->resource_names.len > 0;

	if (is_named && (wanted->resource_names.len == 0 || wanted->non_resource_urls.len > 0))
		return false;
	return all(wanted->verbs, held->verbs, has_or_star) &&
	       all(wanted->api_groups, held->api_groups, has_or_star) &&
	       all(wanted->resources, held->resources, has_resource) &&
	       all(wanted->non_resource_urls, held->non_resource_urls, has_path) &&
	       (!is_named || all(wanted->resource_names, held->resource_names, str_list_has));
}

static bool is_whole(struct rbac_policy_rule_list held, const struct rbac_policy_rule *wanted)
{
	for (uint32_t i = 0; i < held.len; i++)
		if (covers_whole(&held.at[i], wanted))
			return true;
	return false;
}

/* ---- what is missing -------------------------------------------------------------------------------------- */

#define GAPS_MAX 256U /* a person reads the first few */

/* Pieces of one resource (and name) come together; a path stands alone. */
struct gap {
	struct piece piece; /* its first; the verb is among the verbs */
	struct str_list verbs;
};

struct gaps {
	struct arena *arena;
	struct rbac_policy_rule_list held;
	struct gap at[GAPS_MAX];
	uint32_t len;
	uint32_t pieces; /* looked at */
};

static void add_verb(struct gaps *gaps, struct gap *gap, struct str verb)
{
	struct str_list *verbs = &gap->verbs;

	if (str_list_has(*verbs, verb))
		return;
	verbs->at = arena_grow(gaps->arena, verbs->at, verbs->len * sizeof *verbs->at,
			       (verbs->len + 1) * sizeof *verbs->at);
	verbs->at[verbs->len++] = verb;
}

static struct gap *find_gap(struct gaps *gaps, const struct piece *piece)
{
	for (uint32_t i = 0; piece->path.at == NULL && i < gaps->len; i++) {
		const struct piece *there = &gaps->at[i].piece;

		if (there->path.at == NULL && str_eq(there->group, piece->group) &&
		    str_eq(there->resource, piece->resource) && str_eq(there->name, piece->name) &&
		    (there->name.at == NULL) == (piece->name.at == NULL))
			return &gaps->at[i];
	}
	if (gaps->len == GAPS_MAX)
		return NULL;
	gaps->at[gaps->len] = (struct gap){ .piece = *piece };
	return &gaps->at[gaps->len++];
}

static void look_at(struct gaps *gaps, struct piece piece)
{
	struct gap *gap;

	gaps->pieces++;
	if (is_covered(gaps->held, &piece))
		return;
	gap = find_gap(gaps, &piece);
	if (gap != NULL)
		add_verb(gaps, gap, piece.verb);
}

static void look_at_names(struct gaps *gaps, struct str_list names, struct piece piece)
{
	if (names.len == 0)
		look_at(gaps, piece);
	for (uint32_t i = 0; i < names.len; i++) {
		piece.name = names.at[i];
		look_at(gaps, piece);
	}
}

static uint64_t count_pieces(const struct rbac_policy_rule *rule)
{
	uint64_t names = rule->resource_names.len ? rule->resource_names.len : 1;
	uint64_t resources = (uint64_t)rule->api_groups.len * rule->resources.len;

	/* Each list is far below 2^22 elements: an object is LIMIT_BODY_BYTES at most. */
	if (resources > RBAC_COVER_PIECES_MAX || names > RBAC_COVER_PIECES_MAX)
		return UINT64_MAX;
	return (resources * names + rule->non_resource_urls.len) * rule->verbs.len;
}

static bool look_at_rule(struct gaps *gaps, const struct rbac_policy_rule *rule)
{
	if (count_pieces(rule) > RBAC_COVER_PIECES_MAX - gaps->pieces)
		return false;
	for (uint32_t g = 0; g < rule->api_groups.len; g++)
		for (uint32_t r = 0; r < rule->resources.len; r++)
			for (uint32_t v = 0; v < rule->verbs.len; v++)
				look_at_names(gaps, rule->resource_names,
					      (struct piece){ .group = rule->api_groups.at[g],
							      .resource = rule->resources.at[r],
							      .verb = rule->verbs.at[v] });
	for (uint32_t u = 0; u < rule->non_resource_urls.len; u++)
		for (uint32_t v = 0; v < rule->verbs.len; v++)
			look_at(gaps, (struct piece){ .path = rule->non_resource_urls.at[u],
						      .verb = rule->verbs.at[v] });
	return true;
}

/* ---- in words ------------------------------------------------------------------------------------------------ */

/* Go's %q of one string in a list; `joint` stands before it. */
static void add_one(struct text *out, const char *joint, const char *title, struct str value)
{
	text_printf(out, "%s%s:[", joint, title);
	text_add(out, name_quoted(out->arena, value));
	text_add_char(out, ']');
}

static struct str gap_words(struct arena *arena, const struct gap *gap)
{
	struct text out = text_in(arena, WORDS_MAX);
	const struct piece *piece = &gap->piece;

	text_add_char(&out, '{');
	if (piece->path.at != NULL) {
		add_one(&out, "", "NonResourceURLs", piece->path);
	} else {
		add_one(&out, "", "APIGroups", piece->group);
		add_one(&out, ", ", "Resources", piece->resource);
	}
	if (piece->name.at != NULL)
		add_one(&out, ", ", "ResourceNames", piece->name);
	text_lit(&out, ", Verbs:[");
	for (uint32_t i = 0; i < gap->verbs.len; i++) {
		if (i > 0)
			text_add_char(&out, ' ');
		text_add(&out, name_quoted(arena, gap->verbs.at[i]));
	}
	text_lit(&out, "]}");
	return text_str(&out);
}

static int compare_lines(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static struct str gaps_words(const struct gaps *gaps)
{
	struct text out = text_in(gaps->arena, WORDS_MAX);
	struct str *lines = arena_array(gaps->arena, struct str, gaps->len);

	for (uint32_t i = 0; i < gaps->len; i++)
		lines[i] = gap_words(gaps->arena, &gaps->at[i]);
	qsort(lines, gaps->len, sizeof *lines, compare_lines);
	for (uint32_t i = 0; i < gaps->len; i++) {
		if (i > 0 && str_eq(lines[i], lines[i - 1]))
			continue;
		if (i > 0)
			text_add_char(&out, '\n');
		text_add(&out, lines[i]);
	}
	return text_str(&out);
}

enum status rbac_cover_missing(struct arena *arena, struct rbac_policy_rule_list held,
			       struct rbac_policy_rule_list wanted, struct str *out)
{
	struct gaps *gaps = arena_new_of(arena, struct gaps);

	gaps->arena = arena;
	gaps->held = held;
	for (uint32_t i = 0; i < wanted.len; i++)
		if (!is_whole(held, &wanted.at[i]) && !look_at_rule(gaps, &wanted.at[i]))
			return TOO_LARGE;
	*out = gaps->len > 0 ? gaps_words(gaps) : STR_NONE;
	return OK;
}

bool rbac_cover_all(struct rbac_policy_rule_list held)
{
	const struct piece resources = { .group = STR("*"), .resource = STR("*"), .verb = STR("*") };
	const struct piece paths = { .path = STR("*"), .verb = STR("*") };

	return is_covered(held, &resources) && is_covered(held, &paths);
}
