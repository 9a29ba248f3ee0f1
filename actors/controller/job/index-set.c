#include "actors/controller/job/index-set.h"

static bool to_index(struct str text, int32_t *out)
{
	int64_t number;

	if (str_to_i64(text, &number) != OK || number < 0 || number > INT32_MAX)
		return false;
	*out = (int32_t)number;
	return true;
}

static void insert(struct index_set *set, uint32_t at, struct index_interval interval)
{
	if (set->len == set->cap) {
		uint32_t cap = set->cap ? set->cap * 2 : 8;

		set->at = arena_grow(set->arena, set->at, set->cap * sizeof *set->at,
				     cap * sizeof *set->at);
		set->cap = cap;
	}
	memmove(&set->at[at + 1], &set->at[at], (set->len - at) * sizeof *set->at);
	set->at[at] = interval;
	set->len++;
}

struct index_set index_set_parse(struct str text, int32_t limit, struct arena *arena)
{
	struct index_set set = { .arena = arena };

	for (struct str rest = text; rest.len > 0;) {
		struct str part = str_cut(&rest, ','), last = part, first = str_cut(&last, '-');
		struct index_interval interval;

		if (!to_index(first, &interval.first) ||
		    !to_index(last.at ? last : first, &interval.last) ||
		    interval.last < interval.first)
			return (struct index_set){ .arena = arena };
		if (interval.first >= limit)
			break;
		if (interval.last >= limit)
			interval.last = limit - 1;
		/* Two that follow one another are written with a comma. */
		if (set.len > 0 && set.at[set.len - 1].last + 1 == interval.first)
			set.at[set.len - 1].last = interval.last;
		else
			insert(&set, set.len, interval);
	}
	return set;
}

/* The first interval that ends at or behind the index. */
static uint32_t place_of(const struct index_set *set, int32_t index)
{
	uint32_t low = 0, high = set->len;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (set->at[middle].last < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool index_set_has(const struct index_set *set, int32_t index)
{
	uint32_t at = place_of(set, index);

	return at < set->len && set->at[at].first <= index;
}

void index_set_add(struct index_set *set, int32_t index)
{
	uint32_t at = place_of(set, index);
	bool joins_left = at > 0 && set->at[at - 1].last == index - 1;
	bool joins_right = at < set->len && set->at[at].first == index + 1;

	if (index_set_has(set, index))
		return;
	if (joins_left && joins_right) {
		set->at[at - 1].last = set->at[at].last;
		memmove(&set->at[at], &set->at[at + 1], (set->len - at - 1) * sizeof *set->at);
		set->len--;
	} else if (joins_left) {
		set->at[at - 1].last = index;
	} else if (joins_right) {
		set->at[at].first = index;
	} else {
		insert(set, at, (struct index_interval){ index, index });
	}
}

int32_t index_set_total(const struct index_set *set)
{
	int64_t total = 0;

	for (uint32_t i = 0; i < set->len; i++)
		total += (int64_t)set->at[i].last - set->at[i].first + 1;
	return total > INT32_MAX ? INT32_MAX : (int32_t)total;
}

int32_t index_set_common(const struct index_set *a, const struct index_set *b)
{
	int64_t total = 0;

	for (uint32_t i = 0, k = 0; i < a->len && k < b->len;) {
		const struct index_interval *x = &a->at[i], *y = &b->at[k];
		int64_t first = x->first > y->first ? x->first : y->first;
		int64_t last = x->last < y->last ? x->last : y->last;

		total += last >= first ? last - first + 1 : 0;
		if (x->last < y->last)
			i++;
		else
			k++;
	}
	return total > INT32_MAX ? INT32_MAX : (int32_t)total;
}

struct str index_set_print(const struct index_set *set, struct arena *arena)
{
	struct text out = text_in(arena, LIMIT_OBJECT_BYTES);

	for (uint32_t i = 0; i < set->len; i++) {
		const struct index_interval *interval = &set->at[i];

		text_printf(&out, "%s%d", i > 0 ? "," : "", interval->first);
		if (interval->last == interval->first + 1)
			text_printf(&out, ",%d", interval->last);
		else if (interval->last > interval->first)
			text_printf(&out, "-%d", interval->last);
	}
	return text_str(&out);
}
