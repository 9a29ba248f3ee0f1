/*
 * The test library: what a test file includes, and the program around the tests.
 *
 *     TEST(an_empty_map_has_no_entries)
 *     {
 *             struct map map = { 0 };
 *
 *             CHECK_EQ(map.len, 0);
 *     }
 *
 * Each test runs in a process of its own, forked before any library has made a thread, with a limit for the time that it runs and
 * waits (for a processor does not count); whatever processes it started are ended with it, and it with the program. A failed check
 * ends its test. Only tests/ may include this.
 */
#ifndef TESTS_LIB_TEST_H
#define TESTS_LIB_TEST_H

#include "runtime/base/base.h"

#define TEST_SECONDS 20U

/* The name is a sentence that states the behaviour. TEST_SLOW is for what really takes long: say how long at most. */
#define TEST(name) TEST_SLOW(name, TEST_SECONDS)
#define TEST_SLOW(name, limit_seconds)                                                             \
	static void test_##name(void);                                                             \
	__attribute__((constructor)) static void test_register_##name(void)                        \
	{                                                                                          \
		static struct test test = { #name, __FILE__, test_##name, (limit_seconds), NULL }; \
		test_register(&test);                                                              \
	}                                                                                          \
	static void test_##name(void)

#define CHECK(cond)                                                        \
	do {                                                               \
		if (!(cond))                                               \
			test_fail(__FILE__, __LINE__, "CHECK(%s)", #cond); \
	} while (0)
/* Two integers of any type that fits in 64 bits. */
#define CHECK_EQ(a, b)                                                                    \
	test_check_eq(__FILE__, __LINE__, #a, #b, TEST_IS_SIGNED(a) && TEST_IS_SIGNED(b), \
		      (uint64_t)(a), (uint64_t)(b))
#define TEST_IS_SIGNED(n) ((__typeof__(n))-1 < (__typeof__(n))1)
/* A struct str and a C string; absent equals "". */
#define CHECK_STR(s, text) test_check_str(__FILE__, __LINE__, #s, (s), (text))
/* A call that gives an enum status. */
#define CHECK_STATUS(call, expected) \
	test_check_status(__FILE__, __LINE__, #call, (call), (expected))
/* Ends the test as not run, counted and printed: for what the machine does not have. */
#define SKIP(...) test_skip(__VA_ARGS__)

/* Of the running test; freed at its end. */
HOLD struct arena *test_arena(void);
/* An empty folder of the running test, removed at its end with everything in it. */
HOLD const char *test_folder(void);

struct test {
	const char *name;
	const char *file;
	void (*run)(void);
	unsigned limit_seconds;
	struct test *next;
};

void test_register(struct test *test);
_Noreturn void test_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
_Noreturn void test_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
void test_check_eq(const char *file, int line, const char *a_text, const char *b_text,
		   bool is_signed, uint64_t a, uint64_t b);
void test_check_str(const char *file, int line, const char *s_text, struct str s, const char *text);
void test_check_status(const char *file, int line, const char *call, enum status status,
		       enum status expected);

#endif
