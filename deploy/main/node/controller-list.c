#include "deploy/main/node/controller-list.h"

#define SUFFIX STR("-controller")
#define UNAVOIDABLE "customresourcedefinition"

/* The next word, without the dash and the suffix; false at the end. */
static bool next(struct str *rest, struct str *out, bool *out_is_without)
{
	struct str word;

	if (rest->len == 0)
		return false;
	word = str_trim(str_cut(rest, ','));
	*out_is_without = str_starts(word, STR("-"));
	if (*out_is_without)
		word = str_slice(word, 1, word.len);
	if (str_ends(word, SUFFIX))
		word = str_slice(word, 0, word.len - SUFFIX.len);
	*out = word;
	return true;
}

static bool is_one_of(struct str word, const char *const *names)
{
	for (; *names != NULL; names++)
		if (str_is(word, *names))
			return true;
	return false;
}

enum status controller_list_check(const char *list, const char *const *names, struct fault *why)
{
	struct str rest = str_from(list), word;
	bool is_without;

	if (str_is(rest, "none"))
		return OK;
	while (next(&rest, &word, &is_without)) {
		if (str_is(word, UNAVOIDABLE))
			return fault_set(why, BAD_REQUEST, "controllers",
					 "--controllers: " UNAVOIDABLE
					 " is part of the API server and always works");
		if (!str_is(word, "*") && !is_one_of(word, names))
			return fault_set(why, BAD_REQUEST, "controllers",
					 "--controllers: \"" STR_FMT
					 "\" is no controller here; say *, none, or names such as "
					 "namespace and -deployment",
					 STR_ARG(word));
	}
	return OK;
}

/* A name says more than the star, and of two the first counts, as upstream has it. */
bool controller_list_has(const char *list, const char *name)
{
	struct str rest = str_from(list), word;
	bool is_without, has_star = false;

	if (strcmp(name, UNAVOIDABLE) == 0)
		return true;
	while (next(&rest, &word, &is_without)) {
		if (str_is(word, name))
			return !is_without;
		has_star |= str_is(word, "*");
	}
	return has_star;
}
