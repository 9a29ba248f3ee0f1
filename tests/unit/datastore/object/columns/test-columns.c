#include "datastore/object/columns/columns.h"

#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "datastore/schema/resource-row.h"
#include "runtime/base/base.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/object/columns/cells.h"
#include "transport/wire/json.h"

TEST(a_list_of_storage_classes_marks_the_newest_default)
{
	const struct type *type = cells_type("storage.k8s.io/v1", "StorageClass");
#define DEFAULT_CLASS(name, time)                                            \
	"{\"metadata\":{\"name\":\"" name "\",\"creationTimestamp\":\"" time \
	"\",\"annotations\":{"                                               \
	"\"storageclass.kubernetes.io/is-default-class\":\"true\"}},\"provisioner\":\"p\"}"
	const void *records[] = {
		cells_read(type, DEFAULT_CLASS("old", "2026-02-01T00:00:00Z")),
		cells_read(type, DEFAULT_CLASS("b", "2026-03-01T00:00:00Z")),
		cells_read(type, DEFAULT_CLASS("a", "2026-03-01T00:00:00Z")),
		cells_read(type, "{" CELLS_META("z") ",\"provisioner\":\"p\"}"),
	};
	struct columns_view view = { .now = cells_now() };
	uint32_t order[] = { 0, 1, 2, 3 };
	struct columns columns;

	columns_of(type, &columns);
	columns_arrange(&columns, records, 4, order, &view);
	CHECK_STR(view.chosen, "a");
	CHECK_STR(cells_of(type, records[2], &view),
		  "[\"a (default)\",\"p\",\"Delete\",\"Immediate\",false,\"12h\"]");
	CHECK_STR(cells_of(type, records[1], &view),
		  "[\"b\",\"p\",\"Delete\",\"Immediate\",false,\"12h\"]");
}

TEST(flow_schemas_are_shown_in_the_order_in_which_they_match)
{
	const struct type *type = cells_type("flowcontrol.apiserver.k8s.io/v1", "FlowSchema");
	const void *records[] = {
		cells_read(type, "{" CELLS_META("b") ",\"spec\":{\"matchingPrecedence\":9}}"),
		cells_read(type, "{" CELLS_META("c") ",\"spec\":{\"matchingPrecedence\":1}}"),
		cells_read(type, "{" CELLS_META("a") ",\"spec\":{\"matchingPrecedence\":9}}"),
	};
	struct columns_view view = { .now = cells_now() };
	uint32_t order[] = { 0, 1, 2 };
	struct columns columns;

	columns_of(type, &columns);
	columns_arrange(&columns, records, 3, order, &view);
	CHECK_EQ(order[0], 1);
	CHECK_EQ(order[1], 2);
	CHECK_EQ(order[2], 0);
}

TEST(a_pod_that_ended_says_so_beside_its_cells)
{
	const struct type *type = cells_type("v1", "Pod");
	struct text out = text_in(test_arena(), KIB);
	struct columns columns;

	columns_of(type, &columns);
	CHECK(!columns_write_conditions(
	    &columns, cells_read(type, "{\"status\":{\"phase\":\"Running\"}}"), &out));
	CHECK_EQ(out.len, 0);
	CHECK(columns_write_conditions(
	    &columns, cells_read(type, "{\"status\":{\"phase\":\"Succeeded\"}}"), &out));
	CHECK_STR(text_str(&out),
		  "[{\"type\":\"Completed\",\"status\":\"True\",\"reason\":\"Succeeded\","
		  "\"message\":\"All containers ended well.\"}]");
}

TEST(definitions_say_name_type_format_and_which_are_wide)
{
	struct text out = text_in(test_arena(), 4 * KIB);
	struct columns columns;

	columns_of(cells_type("discovery.k8s.io/v1", "EndpointSlice"), &columns);
	columns_write_definitions(&columns, &out);
	CHECK(json_is_valid(text_str(&out)));
	CHECK(str_starts(text_str(&out),
			 STR("[{\"name\":\"Name\",\"type\":\"string\",\"format\":\"name\","
			     "\"description\":\"Its name\",\"priority\":0},{\"name\":")));
}

TEST(another_version_has_the_columns_of_the_one_that_is_stored)
{
	struct columns columns;

	columns_of(cells_type("events.k8s.io/v1", "Event"), &columns);
	CHECK_STR(type_prefix(columns.type), "core");
	CHECK_EQ(columns.len, 10);
	columns_of(cells_type("autoscaling/v1", "HorizontalPodAutoscaler"), &columns);
	CHECK_STR(type_version(columns.type), "v2");
}

TEST(a_custom_resource_has_the_columns_that_its_definition_names)
{
	const struct type *type =
	    cells_type("v1", "Pod"); /* any type will do: paths go through its JSON */
	const struct type *version_type =
	    type_named(STR("apiextensions"), STR("CustomResourceDefinitionVersion"));
	struct columns_view view = { .now = cells_now() };
	struct text out = text_in(test_arena(), 4 * KIB);
	struct columns columns;

	columns_of_custom(
	    type,
	    cells_read(
		version_type,
		"{\"name\":\"v1\",\"additionalPrinterColumns\":["
		"{\"name\":\"Phase\",\"type\":\"string\",\"jsonPath\":\".status.phase\"},"
		"{\"name\":\"Ready\",\"type\":\"string\",\"priority\":1,"
		"\"jsonPath\":\".status.conditions[?(@.type==\\\"Ready\\\")].status\"},"
		"{\"name\":\"Grace\",\"type\":\"integer\",\"jsonPath\":\".spec."
		"terminationGracePeriodSeconds\"},"
		"{\"name\":\"Host\",\"type\":\"boolean\",\"jsonPath\":\".spec.hostNetwork\"},"
		"{\"name\":\"Labels\",\"type\":\"string\",\"jsonPath\":\".metadata.labels\"},"
		"{\"name\":\"Wrong\",\"type\":\"integer\",\"jsonPath\":\".metadata.name\"},"
		"{\"name\":\"None\",\"type\":\"string\",\"jsonPath\":\".spec.nodeName\"},"
		"{\"name\":\"Bad\",\"type\":\"date\",\"jsonPath\":\".metadata.name\"},"
		"{\"name\":\"Age\",\"type\":\"date\",\"jsonPath\":\".metadata.creationTimestamp\"}"
		"]}"),
	    test_arena(), &columns);
	columns_write_cells(
	    &columns,
	    cells_read(
		type,
		"{\"metadata\":{\"name\":\"s\",\"labels\":{\"a\":\"b\"},"
		"\"creationTimestamp\":\"2026-03-01T11:55:00Z\"},\"spec\":{\"hostNetwork\":true,"
		"\"terminationGracePeriodSeconds\":7},\"status\":{\"phase\":\"Up\",\"conditions\":["
		"{\"type\":\"Other\",\"status\":\"False\"},{\"type\":\"Ready\",\"status\":\"True\"}"
		"]}}"),
	    &view, test_arena(), &out);
	CHECK_STR(cells_plain(text_str(&out)),
		  "[\"s\",\"Up\",\"True\",7,true,\"{\\\"a\\\":\\\"b\\\"}\","
		  "null,null,\"<invalid>\",\"5m\"]");
	text_clear(&out);
	columns_write_definitions(&columns, &out);
	CHECK(
	    str_find(text_str(&out), STR("{\"name\":\"Ready\",\"type\":\"string\",\"format\":\"\","
					 "\"description\":\"\",\"priority\":1}")) > 0);
}

TEST(a_custom_resource_without_columns_shows_its_age)
{
	const struct type *type = cells_type("v1", "Pod");
	struct apiextensions_custom_resource_definition_version version = { 0 };
	struct columns_view view = { .now = cells_now() };
	struct text out = text_in(test_arena(), KIB);
	struct columns columns;

	columns_of_custom(type, &version, test_arena(), &columns);
	columns_write_cells(&columns, cells_read(type, "{" CELLS_META("s") "}"), &view,
			    test_arena(), &out);
	CHECK_STR(text_str(&out), "[\"s\",\"5m\"]");
}

static void check_path(const struct type *type, const struct column_row *row, struct str path)
{
	struct record_place place;

	if (record_field(type, NULL, path, &place) != OK)
		test_fail(__FILE__, __LINE__, STR_FMT ": no " STR_FMT, STR_ARG(type_name(type)),
			  STR_ARG(path));
	if (row->form == CELL_AGE)
		CHECK_EQ(place.field->kind, KIND_TIME);
	if (row->form == CELL_COUNT || row->form == CELL_JOIN || row->form == CELL_LABELS)
		CHECK(place.field->shape != SHAPE_ONE);
	if (row->form == CELL_SELECTOR)
		CHECK_STR(type_name(field_type(place.field)), "LabelSelector");
	if (row->member.at != NULL)
		CHECK_EQ(type_field(field_type(place.field), row->member)->kind, KIND_STRING);
}

static void check_row(const struct type *type, const struct column_row *row)
{
	struct str rest = row->cell;

	CHECK(row->name.len > 0 && row->description.len > 0);
	if (row->form == CELL_COMPUTED)
		return;
	if (row->form != CELL_TEXT) {
		check_path(type, row, row->cell);
		return;
	}
	for (str_cut(&rest, '{'); rest.at != NULL; str_cut(&rest, '{'))
		check_path(type, row, str_cut(&rest, '}'));
}

TEST(every_row_of_the_table_is_of_a_type_that_has_it)
{
	for (uint32_t i = 0; i + 1 < column_kind_count; i++) {
		const struct type *type = type_named(column_kinds[i].prefix, column_kinds[i].name);
		struct columns columns;

		CHECK(type != NULL);
		columns_of(type, &columns);
		for (uint32_t c = 0; c < columns.len; c++) {
			check_row(columns.type, &columns.rows[c]);
			CHECK_EQ(columns.rows[c].form == CELL_COMPUTED, columns.computed[c] != NULL);
		}
	}
}

TEST(every_kind_that_is_served_has_columns_and_an_empty_object_has_cells)
{
	struct columns_view view = { .now = cells_now() };

	for (uint32_t i = 0; i < resource_row_count; i++) {
		const struct resource_row *row = &resource_rows[i];
		const struct type *type = type_find(row->group, row->version, row->kind);
		struct columns columns;

		columns_of(type, &columns);
		CHECK(columns.len >= 2);
		if (type_field(type, STR("metadata")) != NULL)
			cells_of(columns.type, record_new(columns.type, test_arena()), &view);
	}
}
