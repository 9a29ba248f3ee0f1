#include "datastore/object/patch/operation.h"

#include "runtime/base/limits.h"
#include "transport/wire/json.h"

/* ---- reading ------------------------------------------------------------------------------------------------ */

static enum status read_one(struct json *in, struct arena *arena, struct operation *out,
			    struct fault *why)
{
	struct operation op = { 0 };
	struct str name;

	if (json_peek(in) != JSON_OBJECT)
		return fault_set(why, BAD_REQUEST, "patch",
				 "each operation of a JSON patch is an object");
	for (json_enter(in); json_member(in, arena, &name);) {
		struct str *text = str_is(name, "op")     ? &op.name
				   : str_is(name, "path") ? &op.path
				   : str_is(name, "from") ? &op.from
							  : NULL;

		if (str_is(name, "value"))
			json_skip(in, &op.value);
		else if (text != NULL && json_peek(in) == JSON_STRING)
			json_string(in, arena, text);
		else
			json_skip(in, NULL);
	}
	if (op.path.at == NULL)
		return fault_set(why, INVALID, "patch", "an operation of the patch has no path");
	*out = op;
	return OK;
}

enum status operation_read(struct str raw, struct arena *arena, struct operation_list *out,
			   struct fault *why)
{
	struct json in = json_of(raw);
	uint32_t count = 0;

	*out = (struct operation_list){ 0 };
	if (!json_is_valid(raw))
		return fault_set(why, BAD_REQUEST, "patch", "a JSON patch is a list of operations");
	if (json_peek(&in) != JSON_ARRAY)
		return fault_set(why, BAD_REQUEST, "patch",
				 "error decoding patch: json: cannot unmarshal %s into Go value of "
				 "type []handlers.jsonPatchOp",
				 json_peek(&in) == JSON_OBJECT ? "object" : "value");
	for (json_enter(&in); json_element(&in); count++)
		json_skip(&in, NULL);
	if (count > LIMIT_PATCH_OPERATIONS)
		return fault_set(why, TOO_LARGE, "patch",
				 "The allowed maximum operations in a JSON patch is %u",
				 LIMIT_PATCH_OPERATIONS);
	out->at = arena_array(arena, struct operation, count);
	in = json_of(raw);
	json_peek(&in);
	for (json_enter(&in); json_element(&in); out->len++)
		TRY(read_one(&in, arena, &out->at[out->len], why));
	return json_end(&in, why);
}

struct str operation_token(struct str *rest, struct arena *arena)
{
	struct str token = str_cut(rest, '/');
	char *out = arena_alloc(arena, token.len + 1U);
	uint32_t len = 0;

	for (uint32_t i = 0; i < token.len; i++) {
		char c = token.at[i];

		if (c == '~' && i + 1 < token.len &&
		    (token.at[i + 1] == '0' || token.at[i + 1] == '1'))
			c = token.at[++i] == '0' ? '~' : '/';
		out[len++] = c;
	}
	out[len] = '\0';
	return str_of(out, len);
}

bool operation_is_pointer(struct str path)
{
	return path.len == 0 || path.at[0] == '/';
}

bool operation_is_known(const struct operation *op)
{
	static const char *const names[] = { "add", "remove", "replace", "test", "move", "copy" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_is(op->name, names[i]))
			return true;
	return false;
}

bool operation_has_from(const struct operation *op)
{
	return str_is(op->name, "move") || str_is(op->name, "copy");
}

/* ---- words -------------------------------------------------------------------------------------------------- */

enum status operation_missing(const struct operation *op, struct str path, struct fault *why)
{
	bool is_quoted = str_is(op->name, "add") || str_is(op->name, "remove");
	const char *which = str_is(op->name, "test")  ? "is missing path"
			    : !operation_has_from(op) ? "doc is missing path"
			    : path.at == op->from.at  ? "doc is missing from path"
						      : "doc is missing destination path";

	return fault_set(why, INVALID, "patch",
			 STR_FMT " operation does not apply: %s: %s" STR_FMT "%s: missing value",
			 STR_ARG(op->name), which, is_quoted ? "\"" : "", STR_ARG(path),
			 is_quoted ? "\"" : "");
}

enum status operation_no_index(const struct operation *op, struct str path, uint32_t index,
			       struct fault *why)
{
	return fault_set(why, INVALID, "patch",
			 "error in " STR_FMT " for path: '" STR_FMT
			 "': Unable to access invalid index: %u: invalid index referenced",
			 STR_ARG(op->name), STR_ARG(path), index);
}

enum status operation_no_key(const struct operation *op, struct str path, struct str key,
			     struct fault *why)
{
	return fault_set(why, INVALID, "patch",
			 "error in " STR_FMT " for path: '" STR_FMT
			 "': Unable to remove nonexistent key: " STR_FMT ": missing value",
			 STR_ARG(op->name), STR_ARG(path), STR_ARG(key));
}

enum status operation_unknown(const struct operation *op, struct fault *why)
{
	return fault_set(why, INVALID, "patch", "Unexpected kind: " STR_FMT, STR_ARG(op->name));
}

#define TESTING "testing value "

bool operation_is_failed_test(const struct fault *why)
{
	return str_starts(str_from(why->text), STR(TESTING));
}

enum status operation_not_equal(const struct operation *op, struct fault *why)
{
	return fault_set(why, INVALID, "patch", TESTING STR_FMT " failed: test failed",
			 STR_ARG(op->path));
}

enum status operation_not_replaced(const struct operation *op, struct fault *why)
{
	return fault_set(why, INVALID, "patch",
			 "replace operation does not apply: doc is missing key: " STR_FMT
			 ": missing value",
			 STR_ARG(op->path));
}

enum status operation_check_copied(uint64_t copied, struct fault *why)
{
	if (copied <= LIMIT_BODY_BYTES)
		return OK;
	return fault_set(why, INVALID, "patch", "the copied values are larger than %u bytes",
			 LIMIT_BODY_BYTES);
}
