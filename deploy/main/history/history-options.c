#include "deploy/main/history/history-options.h"

#define MIB_MAX (1 << 20) /* a TiB */

/* "secrets" is kept at /registry/secrets/, "widgets.example.com" at /registry/example.com/widgets/. */
static enum status prefix_of(struct str kind, struct arena *arena, struct str *out,
			     struct fault *why)
{
	struct str plural = kind, group = STR_NONE;
	int64_t dot = str_find_char(kind, '.');

	if (dot >= 0) {
		plural = str_slice(kind, 0, (uint32_t)dot);
		group = str_slice(kind, (uint32_t)dot + 1, kind.len);
	}
	if (plural.len == 0 || (dot >= 0 && group.len == 0) || str_find_char(kind, '/') >= 0 ||
	    str_find_char(kind, ' ') >= 0)
		return fault_set(why, INVALID, "--history-without",
				 "--history-without wants kinds by their plural names, such as "
				 "secrets,widgets.example.com, or none; not \"" STR_FMT "\"",
				 STR_ARG(kind));
	*out = group.len > 0 ? arena_printf(arena, "/registry/" STR_FMT "/" STR_FMT "/",
					    STR_ARG(group), STR_ARG(plural))
			     : arena_printf(arena, "/registry/" STR_FMT "/", STR_ARG(plural));
	return OK;
}

static enum status read_without(struct str kinds, struct arena *arena, struct store_config *store,
				struct fault *why)
{
	struct str *prefixes = arena_array(arena, struct str, HISTORY_WITHOUT_MAX);

	store->past_without = prefixes;
	store->past_without_count = 0;
	while (kinds.at != NULL && kinds.len > 0 && !str_is(kinds, "none")) {
		struct str kind = str_cut(&kinds, ',');

		if (store->past_without_count == HISTORY_WITHOUT_MAX)
			return fault_set(why, INVALID, "--history-without",
					 "--history-without takes %u kinds", HISTORY_WITHOUT_MAX);
		TRY(prefix_of(kind, arena, &prefixes[store->past_without_count++], why));
	}
	return OK;
}

enum status history_options(const struct command_line *line, struct arena *arena,
			    struct store_config *store, struct fault *why)
{
	int64_t mib = command_number(line, "history-mib");
	int64_t age_s = command_number(line, "history-age") / 1000;

	store->past_bytes = (uint64_t)(mib < MIB_MAX ? mib : MIB_MAX) * MIB;
	store->past_s = (uint32_t)(age_s < UINT32_MAX ? age_s : UINT32_MAX);
	return read_without(arena_str(arena, str_from(command_text(line, "history-without"))),
			    arena, store, why);
}

uint32_t history_words(const struct command_line *line, const char **out)
{
	out[0] = "--history-mib";
	out[1] = command_text(line, "history-mib");
	out[2] = "--history-age";
	out[3] = command_text(line, "history-age");
	out[4] = "--history-without";
	out[5] = command_text(line, "history-without");
	return HISTORY_WORDS;
}
