#include "tests/unit/datastore/object/columns/cells.h"

#include "datastore/object/json.h"
#include "runtime/base/base.h"
#include "tests/lib/test.h"
#include "transport/wire/json.h"

struct wall cells_now(void)
{
	struct wall at = { 0 };

	CHECK_STATUS(time_parse(STR(CELLS_NOW), &at), OK);
	return at;
}

const struct type *cells_type(const char *api_version, const char *kind)
{
	const struct type *type = type_find_api(str_from(api_version), str_from(kind));

	CHECK(type != NULL);
	return type;
}

void *cells_read(const struct type *type, const char *json)
{
	struct fault why = { 0 };
	void *record = NULL;

	if (json_decode(type, str_from(json), test_arena(), (struct json_options){ 0 }, &record,
			&why) != OK)
		test_fail(__FILE__, __LINE__, "%s: %s", json, why.text);
	return record;
}

struct str cells_plain(struct str json)
{
	struct text out = text_in(test_arena(), MIB);
	struct str rest = json;

	while (rest.len > 0) {
		bool is_less = str_starts(rest, STR("\\u003c"));
		bool is_escaped = is_less || str_starts(rest, STR("\\u003e"));

		text_add_char(&out, is_less ? '<' : is_escaped ? '>' : rest.at[0]);
		rest = str_slice(rest, is_escaped ? 6 : 1, rest.len);
	}
	return text_str(&out);
}

struct str cells_of(const struct type *type, const void *record, const struct columns_view *view)
{
	struct text out = text_in(test_arena(), MIB);
	struct columns columns;

	columns_of(type, &columns);
	columns_write_cells(&columns, record, view, test_arena(), &out);
	CHECK(json_is_valid(text_str(&out)));
	return cells_plain(text_str(&out));
}

void cells_check_all(const struct cells_example *examples, size_t count)
{
	struct columns_view view = { .now = cells_now() };

	for (size_t i = 0; i < count; i++) {
		const struct type *type = cells_type(examples[i].api_version, examples[i].kind);

		CHECK_STR(cells_of(type, cells_read(type, examples[i].json), &view),
			  examples[i].cells);
	}
}
