#include "datastore/schema/pattern.h"

#include <assert.h>
#include <stdint.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "runtime/base/mem.h"

#define REPEATS_MAX 1000
#define DEPTH_MAX 250
#define HEAP_KIB_MAX 4096
#define FIND_STEPS_FIRST 256U
/* `$` is the end, not what stands before a last new line; nothing but ASCII in \d and \w. */
#define OPTIONS (PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C)

struct pattern {
	pcre2_code *code;
	pcre2_match_context *limits;
};

static void *take(PCRE2_SIZE size, void *arg)
{
	(void)arg;
	return mem_alloc(size);
}

static void give(void *at, void *arg)
{
	(void)arg;
	mem_free(at);
}

/* ---- what only one of the two engines knows --------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char at_of(struct str text, uint32_t i)
{
	return i < text.len ? text.at[i] : '\0';
}

/* Letters and digits that mean something behind a backslash. */
static bool is_known_escape(char c, bool in_class)
{
	const char *known = in_class ? "aftnrvxQpPdDsSwW01234567" : "aftnrvxQpPdDsSwWAzbB01234567";

	if (!is_letter(c) && !is_digit(c))
		return true;
	if (c >= '1' && c <= '9')
		return false; /* a reference back */
	for (; *known != '\0'; known++)
		if (*known == c)
			return true;
	return false;
}

/* Behind "(?": flags, a group without a number, or a name. */
static bool is_known_group(struct str text, uint32_t i)
{
	char c = at_of(text, i);

	if (c == 'P')
		return at_of(text, i + 1) == '<';
	if (c == '<')
		return is_letter(at_of(text, i + 1)) || at_of(text, i + 1) == '_';
	for (; c == 'i' || c == 'm' || c == 's' || c == 'U' || c == '-'; c = at_of(text, ++i))
		;
	return c == ':' || c == ')';
}

/* The bounds of {n}, {n,} or {n,m}; false: it is text. */
static bool read_repeat(struct str text, uint32_t *i, bool *is_too_much)
{
	uint32_t at = *i + 1, number = 0;

	if (!is_digit(at_of(text, at)))
		return false;
	for (; at < text.len && (is_digit(text.at[at]) || text.at[at] == ','); at++) {
		number = text.at[at] == ',' ? 0 : number * 10 + (uint32_t)(text.at[at] - '0');
		if (number > REPEATS_MAX) {
			number = REPEATS_MAX + 1;
			*is_too_much = true;
		}
	}
	if (at_of(text, at) != '}')
		return false;
	*i = at;
	return true;
}

struct look {
	struct str text;
	uint32_t at;
	bool in_class, after_repeat;
	const char *words;
};

static void look_at_repeat(struct look *look)
{
	bool is_too_much = false;
	char c = look->text.at[look->at];

	if (c == '{' && !read_repeat(look->text, &look->at, &is_too_much)) {
		look->after_repeat = false;
		return;
	}
	if (is_too_much)
		look->words = "invalid repeat count";
	else if (look->after_repeat)
		look->words = "invalid nested repetition operator";
	else if (at_of(look->text, look->at + 1) == '?')
		look->at++;
	look->after_repeat = true;
}

static void look_at_escape(struct look *look)
{
	char c = at_of(look->text, ++look->at);

	look->after_repeat = false;
	if (look->at >= look->text.len)
		look->words = "trailing backslash at end of expression";
	else if (!is_known_escape(c, look->in_class))
		look->words = "invalid escape sequence";
	if (c != 'Q')
		return;
	while (look->at < look->text.len &&
	       !(look->text.at[look->at] == '\\' && at_of(look->text, look->at + 1) == 'E'))
		look->at++;
	look->at++;
}

static void look_at_class(struct look *look)
{
	look->in_class = true;
	look->after_repeat = false;
	if (at_of(look->text, look->at + 1) == '^')
		look->at++;
	if (at_of(look->text, look->at + 1) == ']')
		look->at++;
}

static void look_at_one(struct look *look)
{
	char c = look->text.at[look->at];

	if (c == '\\') {
		look_at_escape(look);
	} else if (look->in_class) {
		look->in_class = c != ']';
		/* [[:alpha:]] */
		if (c == '[' && at_of(look->text, look->at + 1) == ':')
			while (look->at + 1 < look->text.len && look->text.at[look->at] != ']')
				look->at++;
	} else if (c == '[') {
		look_at_class(look);
	} else if (c == '*' || c == '+' || c == '?' || c == '{') {
		look_at_repeat(look);
	} else {
		look->after_repeat = false;
		if (c == '(' && at_of(look->text, look->at + 1) == '*')
			look->words = "missing argument to repetition operator";
		if (c == '(' && at_of(look->text, look->at + 1) == '?' &&
		    !is_known_group(look->text, look->at + 2))
			look->words = "invalid or unsupported Perl syntax";
		if (c == '(' && at_of(look->text, look->at + 1) == '?')
			look->at++; /* no repetition */
	}
}

static enum status check(struct str text, struct fault *why)
{
	struct look look = { .text = text };

	if (text.len > PATTERN_BYTES_MAX)
		return fault_set(why, INVALID, "", "the expression is longer than %u bytes",
				 PATTERN_BYTES_MAX);
	for (; look.at < text.len && look.words == NULL; look.at++)
		look_at_one(&look);
	return look.words == NULL ? OK : fault_set(why, INVALID, "", "%s", look.words);
}

/* ---- the engine ------------------------------------------------------------------------------------------- */

static pcre2_match_context *make_limits(pcre2_general_context *memory)
{
	pcre2_match_context *limits = pcre2_match_context_create(memory);

	pcre2_set_match_limit(limits, PATTERN_STEPS_MAX);
	pcre2_set_depth_limit(limits, PATTERN_STEPS_MAX);
	pcre2_set_heap_limit(limits, HEAP_KIB_MAX);
	return limits;
}

static pcre2_compile_context *make_compiling(pcre2_general_context *memory)
{
	pcre2_compile_context *compiling = pcre2_compile_context_create(memory);

	pcre2_set_parens_nest_limit(compiling, DEPTH_MAX);
	/* Any of them ends nothing: only \n is a line's end, as in RE2. */
	pcre2_set_newline(compiling, PCRE2_NEWLINE_LF);
	return compiling;
}

/* The usual slips in RE2's words. */
static enum status say(int error, struct str text, struct fault *why)
{
	PCRE2_UCHAR words[128];

	if (error == PCRE2_ERROR_MISSING_CLOSING_PARENTHESIS)
		return fault_set(why, INVALID, "", "missing closing ): `" STR_FMT "`",
				 STR_ARG(text));
	if (error == PCRE2_ERROR_UNMATCHED_CLOSING_PARENTHESIS)
		return fault_set(why, INVALID, "", "unexpected ): `" STR_FMT "`", STR_ARG(text));
	if (error == PCRE2_ERROR_MISSING_SQUARE_BRACKET) {
		text = str_slice(text, (uint32_t)str_find_last(text, '['), text.len);
		return fault_set(why, INVALID, "", "missing closing ]: `" STR_FMT "`",
				 STR_ARG(text));
	}
	pcre2_get_error_message(error, words, sizeof words);
	return fault_set(why, INVALID, "", "%s", (const char *)words);
}

enum status pattern_new(struct str text, struct pattern **out, struct fault *why)
{
	pcre2_general_context *memory;
	pcre2_compile_context *compiling;
	pcre2_match_context *limits;
	pcre2_code *code;
	PCRE2_SIZE where = 0;
	int error = 0;

	TRY(check(text, why));
	memory = pcre2_general_context_create(take, give, NULL);
	compiling = make_compiling(memory);
	limits = make_limits(memory);
	code = pcre2_compile((PCRE2_SPTR)(text.len > 0 ? text.at : ""), text.len, OPTIONS, &error,
			     &where, compiling);
	pcre2_compile_context_free(compiling);
	pcre2_general_context_free(memory);
	if (code == NULL) {
		pcre2_match_context_free(limits);
		return say(error, text, why);
	}
	*out = mem_alloc(sizeof **out);
	**out = (struct pattern){ code, limits };
	return OK;
}

void pattern_free(struct pattern *pattern)
{
	if (pattern == NULL)
		return;
	pcre2_code_free(pattern->code);
	pcre2_match_context_free(pattern->limits);
	mem_free(pattern);
}

static enum status outcome(int code)
{
	if (code >= 0)
		return OK;
	/* Bytes that are no text match nothing; what is left is a limit. */
	if (code == PCRE2_ERROR_NOMATCH ||
	    (code <= PCRE2_ERROR_UTF8_ERR1 && code >= PCRE2_ERROR_UTF8_ERR21))
		return NOT_FOUND;
	return TIMEOUT;
}

enum status pattern_match(const struct pattern *pattern, struct str subject, bool *out)
{
	pcre2_match_data *found = pcre2_match_data_create_from_pattern(pattern->code, NULL);
	enum status status =
	    outcome(pcre2_match(pattern->code, (PCRE2_SPTR)(subject.len > 0 ? subject.at : ""),
				subject.len, 0, 0, found, pattern->limits));

	pcre2_match_data_free(found);
	*out = status == OK;
	return status == NOT_FOUND ? OK : status;
}

/* One character on, so that an empty match is not found again. */
static uint32_t behind(struct str subject, uint32_t at)
{
	at++;
	while (at < subject.len && ((unsigned char)subject.at[at] & 0xc0) == 0x80)
		at++;
	return at;
}

/*
 * How many steps a search takes is not told, so it is tried with few and then with more and more: at least half of what was allowed at last
 * was needed. The text was looked at by the first search.
 */
static int search(const struct pattern *pattern, struct str subject, uint32_t at,
		  uint64_t *steps_left, pcre2_match_data *found)
{
	PCRE2_SPTR text = (PCRE2_SPTR)(subject.len > 0 ? subject.at : "");
	uint32_t options = at > 0 ? PCRE2_NO_UTF_CHECK : 0;
	uint32_t allowed = FIND_STEPS_FIRST;
	int code = PCRE2_ERROR_MATCHLIMIT;

	while (code == PCRE2_ERROR_MATCHLIMIT && *steps_left > 0 && allowed <= PATTERN_STEPS_MAX) {
		uint64_t used = allowed / 2;

		pcre2_set_match_limit(pattern->limits, allowed);
		code = pcre2_match(pattern->code, text, subject.len, at, options, found,
				   pattern->limits);
		*steps_left -= used < *steps_left ? used : *steps_left;
		allowed *= 2;
	}
	pcre2_set_match_limit(pattern->limits, PATTERN_STEPS_MAX);
	return code;
}

enum status pattern_find(const struct pattern *pattern, struct str subject, uint32_t *at,
			 uint64_t *steps_left, struct str *out)
{
	pcre2_match_data *found;
	enum status status;

	if (*at > subject.len)
		return NOT_FOUND;
	found = pcre2_match_data_create_from_pattern(pattern->code, NULL);
	status = outcome(search(pattern, subject, *at, steps_left, found));
	if (status == OK) {
		PCRE2_SIZE *range = pcre2_get_ovector_pointer(found);

		*out = str_slice(subject, (uint32_t)range[0], (uint32_t)range[1]);
		*at = range[1] > range[0] ? (uint32_t)range[1] : behind(subject, (uint32_t)range[1]);
	}
	pcre2_match_data_free(found);
	return status;
}
