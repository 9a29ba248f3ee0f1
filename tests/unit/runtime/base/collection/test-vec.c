#include "runtime/base/collection/vec.h"

#include "tests/lib/test.h"

TEST(a_vec_keeps_what_is_pushed_and_removes_in_two_ways)
{
	VEC(int) numbers = { 0 };

	for (int i = 0; i < 100; i++)
		vec_push(&numbers, i);
	CHECK_EQ(numbers.len, 100);
	vec_remove(&numbers, 0);
	CHECK_EQ(numbers.at[0], 1);
	CHECK_EQ(numbers.at[98], 99);
	vec_swap_remove(&numbers, 0);
	CHECK_EQ(numbers.at[0], 99);
	CHECK_EQ(vec_pop(&numbers), 98);
	CHECK_EQ(*vec_add(&numbers), 0);
	vec_clear(&numbers);
	CHECK_EQ(numbers.len, 0);
	vec_fini(&numbers);
	CHECK(numbers.at == NULL);
}
