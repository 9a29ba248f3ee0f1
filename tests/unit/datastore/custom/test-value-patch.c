#include "datastore/custom/value-patch.h"

#include "runtime/base/base.h"
#include "tests/lib/test.h"

static struct str patched(const char *text, const char *patch, bool is_merge)
{
	struct fault why = { 0 };
	struct value value;
	enum status status;

	CHECK_STATUS(value_parse(str_from(text), test_arena(), &value), OK);
	status = is_merge ? value_patch_merge(&value, str_from(patch), test_arena(), &why)
			  : value_patch_json(&value, str_from(patch), test_arena(), &why);
	return status == OK ? value_shown(&value, test_arena())
			    : arena_printf(test_arena(), "%s: %s",
					   status == INVALID ? "INVALID" : "BAD_REQUEST", why.text);
}

TEST(a_merge_patch_puts_members_in_and_takes_out_those_that_are_null)
{
	static const struct {
		const char *text, *patch, *out;
	} cases[] = {
		/* RFC 7386, appendix A. */
		{ "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
		{ "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
		{ "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
		{ "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
		{ "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
		{ "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
		  "{\"a\":{\"b\":\"d\"}}" },
		{ "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
		{ "{\"e\":null}", "{\"a\":1}", "{\"a\":1,\"e\":null}" },
		{ "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
		{ "{}", "[1]",
		  "BAD_REQUEST: error decoding patch: json: cannot unmarshal array into Go value "
		  "of "
		  "type map[string]interface {}" },
		{ "{}", "1", "BAD_REQUEST: invalid JSON document" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_STR(patched(cases[i].text, cases[i].patch, true), cases[i].out);
}

TEST(the_operations_of_a_json_patch_follow_their_pointers)
{
	static const struct {
		const char *text, *patch, *out;
	} cases[] = {
		{ "{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/b\",\"value\":[2]}]",
		  "{\"a\":1,\"b\":[2]}" },
		{ "{\"a\":[1,2]}", "[{\"op\":\"add\",\"path\":\"/a/1\",\"value\":3}]",
		  "{\"a\":[1,3,2]}" },
		{ "{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/-\",\"value\":3}]",
		  "{\"a\":[1,3]}" },
		{ "{\"a\":[1,2]}", "[{\"op\":\"remove\",\"path\":\"/a/0\"}]", "{\"a\":[2]}" },
		{ "{\"a\":{\"b/c\":1}}", "[{\"op\":\"remove\",\"path\":\"/a/b~1c\"}]",
		  "{\"a\":{}}" },
		{ "{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":null}]",
		  "{\"a\":null}" },
		{ "{\"a\":{\"b\":1}}", "[{\"op\":\"move\",\"from\":\"/a/b\",\"path\":\"/c\"}]",
		  "{\"a\":{},\"c\":1}" },
		{ "{\"a\":{\"b\":1}}",
		  "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/c\"},{\"op\":\"add\",\"path\":\"/"
		  "c/"
		  "b\",\"value\":2}]",
		  "{\"a\":{\"b\":1},\"c\":{\"b\":2}}" },
		{ "{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":1.0}]", "{\"a\":1}" },
		{ "{\"a\":1}", "[{\"op\":\"add\",\"path\":\"\",\"value\":{\"b\":2}}]", "{\"b\":2}" },
		{ "{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":2}]",
		  "INVALID: testing value /a failed: test failed" },
		{ "{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"/b\"}]",
		  "INVALID: error in remove for path: '/b': Unable to remove nonexistent key: b: "
		  "missing value" },
		{ "{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/b/c\",\"value\":1}]",
		  "INVALID: add operation does not apply: doc is missing path: \"/b/c\": missing "
		  "value" },
		{ "{\"a\":[1]}", "[{\"op\":\"remove\",\"path\":\"/a/1\"}]",
		  "INVALID: error in remove for path: '/a/1': Unable to access invalid index: 1: "
		  "invalid index referenced" },
		{ "{}", "[{\"op\":\"jump\",\"path\":\"\"}]", "INVALID: Unexpected kind: jump" },
		{ "{}", "[{\"op\":\"add\"}]", "INVALID: an operation of the patch has no path" },
		{ "{}", "[1]", "BAD_REQUEST: each operation of a JSON patch is an object" },
		{ "{}", "{}",
		  "BAD_REQUEST: error decoding patch: json: cannot unmarshal object into Go value "
		  "of type []handlers.jsonPatchOp" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_STR(patched(cases[i].text, cases[i].patch, false), cases[i].out);
}
