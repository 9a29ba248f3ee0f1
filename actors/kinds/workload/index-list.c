#include "actors/kinds/workload/index-list.h"

#include "datastore/object/name.h"

struct interval {
	int64_t first, last;
};

static bool read_index(struct arena *arena, struct str text, int32_t completions, int64_t *out,
		       struct str *why)
{
	struct str digits = text;
	bool is_number;

	if (str_starts(text, STR("+")))
		digits = str_slice(text, 1, text.len);
	is_number = str_to_i64(digits, out) == OK && digits.at[0] != '-' && digits.at[0] != '+';
	if (is_number && *out < completions)
		return true;
	*why = arena_printf(arena,
			    is_number ? "too large index: " STR_FMT
				      : "cannot convert string to integer for index: " STR_FMT,
			    STR_ARG(name_quoted(arena, text)));
	return false;
}

static bool read_interval(struct arena *arena, struct str text, int32_t completions,
			  struct interval *out, struct str *why)
{
	struct str rest = text, first = str_cut(&rest, '-');

	if (rest.at != NULL && str_find_char(rest, '-') >= 0) {
		*why = arena_printf(arena,
				    "the fragment " STR_FMT
				    " violates the requirement that an index interval can have at "
				    "most two parts separated by '-'",
				    STR_ARG(name_quoted(arena, text)));
		return false;
	}
	if (!read_index(arena, first, completions, &out->first, why))
		return false;
	out->last = out->first;
	if (rest.at == NULL)
		return true;
	if (!read_index(arena, rest, completions, &out->last, why))
		return false;
	if (out->first < out->last)
		return true;
	*why = arena_printf(arena, "non-increasing order, previous: %jd, current: %jd",
			    (intmax_t)out->first, (intmax_t)out->last);
	return false;
}

bool index_list_count(struct arena *arena, struct str text, int32_t completions, int64_t *count,
		      struct str *why)
{
	struct str rest = text.len > 0 ? text : STR_NONE;
	int64_t last = -1;

	*count = 0;
	while (rest.at != NULL) {
		struct interval interval;

		if (!read_interval(arena, str_cut(&rest, ','), completions, &interval, why))
			break;
		if (last >= interval.first) {
			*why =
			    arena_printf(arena, "non-increasing order, previous: %jd, current: %jd",
					 (intmax_t)last, (intmax_t)interval.first);
			break;
		}
		*count += interval.last - interval.first + 1;
		last = interval.last;
		if (rest.at == NULL)
			return true;
	}
	if (text.len > 0)
		*count = 0;
	return text.len == 0;
}

/* One list while it is gone through. */
struct walk {
	struct str rest;
	struct interval at;
	bool is_over;
};

static void step(struct arena *arena, struct walk *walk, int32_t completions)
{
	struct str why;

	while (walk->rest.at != NULL)
		if (read_interval(arena, str_cut(&walk->rest, ','), completions, &walk->at, &why))
			return;
	walk->is_over = true;
}

int64_t index_list_overlap(struct arena *arena, struct str a, struct str b, int32_t completions)
{
	struct walk x = { .rest = a.len > 0 ? a : STR_NONE };
	struct walk y = { .rest = b.len > 0 ? b : STR_NONE };

	step(arena, &x, completions);
	step(arena, &y, completions);
	while (!x.is_over && !y.is_over) {
		if (x.at.first <= y.at.last && y.at.first <= x.at.last)
			return x.at.first > y.at.first ? x.at.first : y.at.first;
		step(arena, x.at.first <= y.at.first ? &x : &y, completions);
	}
	return -1;
}
