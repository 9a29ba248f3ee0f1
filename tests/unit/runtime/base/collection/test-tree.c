#include "runtime/base/collection/tree.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/test.h"

/* A small generator: the same numbers in every run, so that a failure can be looked at. */
static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*state >> 33);
}

static struct str make_key(struct arena *arena, uint32_t number)
{
	return arena_printf(arena, "/registry/%s/default/object-%05u",
			    number % 2 ? "pods" : "nodes", number);
}

#define MODEL_KEYS 3000U

/* The same map as the tree, as slow as it is obvious: an array over all keys there can be, in order. */
struct model {
	struct str keys[MODEL_KEYS];
	void *values[MODEL_KEYS];
	uint32_t len;
};

static int compare_keys(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static struct model *make_model(void)
{
	struct model *model = arena_new_of(test_arena(), struct model);

	for (uint32_t i = 0; i < MODEL_KEYS; i++)
		model->keys[i] = make_key(test_arena(), i);
	qsort(model->keys, MODEL_KEYS, sizeof model->keys[0], compare_keys);
	return model;
}

static uint64_t model_count(const struct model *model, uint32_t from, uint32_t to)
{
	uint64_t count = 0;

	for (uint32_t i = from; i < to; i++)
		count += model->values[i] != NULL;
	return count;
}

static void check_same(const struct tree *tree, const struct model *model, uint32_t from)
{
	struct tree_cursor cursor = tree_from(tree, model->keys[from]);
	struct str key;
	void *value;

	for (uint32_t i = from; i < MODEL_KEYS; i++) {
		CHECK(tree_get(tree, model->keys[i]) == model->values[i]);
		if (model->values[i] == NULL)
			continue;
		CHECK(tree_step(&cursor, &key, &value));
		CHECK(str_eq(key, model->keys[i]) && value == model->values[i]);
	}
	CHECK(!tree_step(&cursor, &key, &value));
	CHECK_EQ(tree_len(tree), model->len);
}

static void check_counts(const struct tree *tree, const struct model *model, uint64_t *random)
{
	uint32_t a = next_random(random) % MODEL_KEYS, b = next_random(random) % MODEL_KEYS;

	CHECK_EQ(tree_count(tree, model->keys[a], model->keys[b]), model_count(model, a, b));
	CHECK_EQ(tree_count(tree, model->keys[a], STR_NONE), model_count(model, a, MODEL_KEYS));
}

/* `puts_of_16`: how many of sixteen changes put; the rest remove. */
static void change(struct tree *tree, struct model *model, uint64_t *random, uint32_t puts_of_16)
{
	uint32_t at = next_random(random) % MODEL_KEYS;
	void *value = (void *)(uintptr_t)(next_random(random) | 1);

	if (next_random(random) % 16 < puts_of_16) {
		CHECK(tree_put(tree, model->keys[at], value) == model->values[at]);
		model->len += model->values[at] == NULL;
		model->values[at] = value;
	} else {
		CHECK(tree_remove(tree, model->keys[at]) == model->values[at]);
		model->len -= model->values[at] != NULL;
		model->values[at] = NULL;
	}
}

TEST(random_changes_keep_the_tree_equal_to_a_sorted_array)
{
	static const uint32_t phases[] = { 14, 8, 2, 12, 1 };
	struct tree *tree = tree_new();
	struct model *model = make_model();
	size_t empty_bytes;
	uint64_t random = 7;

	/* One that had keys once keeps a node for the next. */
	tree_put(tree, STR("a"), model);
	tree_remove(tree, STR("a"));
	empty_bytes = tree_size(tree);
	for (uint32_t phase = 0; phase < 5; phase++) {
		for (uint32_t i = 0; i < 12000; i++) {
			change(tree, model, &random, phases[phase]);
			if (i % 600 == 0) {
				check_same(tree, model, next_random(&random) % MODEL_KEYS);
				check_counts(tree, model, &random);
			}
		}
	}
	for (uint32_t i = 0; i < MODEL_KEYS; i++)
		tree_remove(tree, model->keys[i]);
	CHECK_EQ(tree_len(tree), 0);
	CHECK_EQ(tree_size(tree), empty_bytes);
	tree_free(tree);
}

TEST(keys_of_any_bytes_sort_as_bytes_and_a_prefix_first)
{
	static const struct str keys[] = { STR(""),       STR("\0"),     STR("\0\0"),   STR("a"),
					   STR("a\0"),    STR("a\0\0b"), STR("aa"),     STR("ab"),
					   STR("ab\x7f"), STR("ab\x80"), STR("ab\xff"), STR("b") };
	enum { COUNT = sizeof keys / sizeof keys[0] };
	struct tree *tree = tree_new();
	struct tree_cursor cursor;
	struct str key;
	void *value;

	for (uint32_t i = 0; i < COUNT; i++)
		CHECK(tree_put(tree, keys[(i * 7) % COUNT], (void *)&keys[(i * 7) % COUNT]) == NULL);
	cursor = tree_from(tree, STR(""));
	for (uint32_t i = 0; i < COUNT; i++) {
		CHECK(tree_step(&cursor, &key, &value));
		CHECK(value == &keys[i]);
		CHECK(tree_get(tree, keys[i]) == &keys[i]);
	}
	CHECK(!tree_step(&cursor, &key, &value));
	CHECK(tree_get(tree, STR("a\0\0")) == NULL);
	tree_free(tree);
}

TEST(an_empty_tree_answers_everything)
{
	struct tree *tree = tree_new();
	struct tree_cursor cursor = tree_from(tree, STR("x"));
	struct str key;
	void *value;

	CHECK(!tree_step(&cursor, &key, &value));
	CHECK(tree_get(tree, STR_NONE) == NULL);
	CHECK(tree_remove(tree, STR("x")) == NULL);
	CHECK_EQ(tree_count(tree, STR_NONE, STR_NONE), 0);
	CHECK(tree_size(tree) < 100);
	tree_free(tree);
}

/* A key is 44 bytes, and its place in a node 24: of the places four in five are taken. */
TEST(twenty_thousand_keys_of_forty_bytes_cost_less_than_eighty_bytes_each)
{
	struct tree *tree = tree_new();
	uint64_t random = 1;

	for (uint32_t i = 0; i < 20000; i++) {
		char key[48];
		int len = snprintf(key, sizeof key, "/registry/pods/default/%08x-%08x",
				   next_random(&random), i);

		CHECK_EQ(len, 40);
		tree_put(tree, str_of(key, 40), tree);
	}
	CHECK(tree_size(tree) / tree_len(tree) < 80);
	tree_free(tree);
}

/* Each writer's keys come in order, and they are not equally far. */
TEST(keys_of_many_who_write_in_order_fill_their_nodes)
{
	enum { WRITERS = 64, KEYS = 20000 };
	struct tree *tree = tree_new();
	uint32_t next[WRITERS];
	uint64_t random = 3;
	char key[16];

	for (uint32_t i = 0; i < WRITERS; i++)
		next[i] = i;
	for (uint32_t i = 0; i < KEYS; i++) {
		uint32_t *at = &next[next_random(&random) % WRITERS];

		tree_put(tree, str_of(key, (size_t)snprintf(key, sizeof key, "%08u", *at)), tree);
		*at += WRITERS;
	}
	CHECK(tree_size(tree) / tree_len(tree) < 16 + 24 * 5 / 4);
	tree_free(tree);
}

TEST(keys_put_in_order_fill_their_nodes)
{
	struct tree *tree = tree_new();
	char key[16];

	for (uint32_t i = 0; i < 20000; i++)
		tree_put(tree, str_of(key, (size_t)snprintf(key, sizeof key, "%08u", i)), tree);
	CHECK(tree_size(tree) / tree_len(tree) < 24 + 4 + 8 + 4);
	tree_free(tree);
}
