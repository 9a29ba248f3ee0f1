/*
 * Numbers, times and durations as text. What one of them reads it must print so that it reads the same again.
 */
#include "runtime/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void fuzz_numbers(struct str input)
{
	struct text text = text_new(64);
	int64_t number, again;
	uint64_t natural;
	double real;

	if (str_to_i64(input, &number) == OK) {
		text_add_i64(&text, number);
		assert(str_to_i64(text_str(&text), &again) == OK && again == number);
	}
	if (str_to_u64(input, &natural) == OK && natural <= INT64_MAX)
		assert(str_to_i64(input, &number) == OK && (uint64_t)number == natural);
	if (str_to_double(input, &real) == OK)
		assert(real - real == 0); /* neither infinite nor NaN */
	text_fini(&text);
}

static void fuzz_times(struct str input)
{
	char out[TIME_TEXT];
	struct wall wall, wall_again;
	int64_t ns, ns_again;

	if (time_parse(input, &wall) == OK) {
		assert(time_parse(time_print_micro(wall, out), &wall_again) == OK);
		assert(wall_again.ns <= wall.ns && wall.ns - wall_again.ns < TIME_US);
	}
	if (time_parse_duration(input, &ns) == OK) {
		assert(time_parse_duration(time_print_duration(ns, out), &ns_again) == OK);
		assert(ns_again == ns);
		time_print_age(ns, out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct str input = str_of(at, len);

	fuzz_numbers(input);
	fuzz_times(input);
	return 0;
}
