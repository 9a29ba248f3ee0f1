#include "actors/server/answer/table.h"

#include "datastore/object/json.h"
#include "runtime/base/base.h"
#include "tests/lib/test.h"
#include "transport/wire/json.h"

static const struct type *type_for(const char *api_version, const char *kind)
{
	return type_find_api(str_from(api_version), str_from(kind));
}

static struct table_row make_row(const struct type *type, const char *json)
{
	void *record = NULL;

	CHECK_STATUS(json_decode(type, str_from(json), test_arena(), (struct json_options){ 0 },
				 &record, NULL),
		     OK);
	return (struct table_row){ .type = type, .record = record };
}

static struct str encode(const struct type *type, const struct table_row *rows, uint32_t count,
			 struct table_options options)
{
	struct text out = text_in(test_arena(), MIB);

	CHECK_STATUS(time_parse(STR("2026-03-01T12:00:00Z"), &options.now), OK);
	table_encode(type, rows, count, &options, &out);
	CHECK(json_is_valid(text_str(&out)));
	return text_str(&out);
}

static bool has(struct str json, const char *part)
{
	return str_find(json, str_from(part)) >= 0;
}

TEST(a_table_has_definitions_cells_conditions_and_the_metadata_of_its_objects)
{
	const struct type *type = type_for("v1", "Pod");
	struct table_row row = make_row(
	    type,
	    "{\"metadata\":{\"name\":\"p\",\"uid\":\"u\"},\"status\":{\"phase\":\"Succeeded\"}}");
	struct table_options options = { .has_columns = true,
					 .remaining = -1,
					 .resource_version = STR("7") };
	struct str json = encode(type, &row, 1, options);

	CHECK(str_starts(
	    json, STR("{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{"
		      "\"resourceVersion\":\"7\"},\"columnDefinitions\":[{\"name\":\"Name\"")));
	CHECK(has(json, "\"rows\":[{\"cells\":[\"p\",\"0/0\",\"Succeeded\",\"0\","));
	CHECK(has(json, "],\"conditions\":[{\"type\":\"Completed\",\"status\":\"True\","));
	CHECK(
	    has(json,
		"\"object\":{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\","
		"\"metadata\":{\"name\":\"p\",\"uid\":\"u\""));
}

TEST(later_tables_of_a_watch_have_no_definitions)
{
	const struct type *type = type_for("v1", "Pod");
	struct table_row row = make_row(type, "{}");
	struct str json = encode(type, &row, 1, (struct table_options){ .remaining = -1 });

	CHECK(has(json, "\"columnDefinitions\":null"));
}

TEST(the_object_is_left_out_or_whole_or_of_the_old_version_when_asked_for)
{
	const struct type *type = type_for("v1", "Secret");
	struct table_row row = make_row(type, "{\"metadata\":{\"name\":\"s\"},\"type\":\"x\"}");
	struct table_options options = { .remaining = -1, .include_object = STR("None") };

	CHECK(has(encode(type, &row, 1, options), "\"object\":null}"));
	options.include_object = STR("Object");
	CHECK(has(encode(type, &row, 1, options),
		  "\"object\":{\"kind\":\"Secret\",\"apiVersion\":\"v1\""));
	options.include_object = STR("Metadata");
	options.is_beta = true;
	CHECK(has(encode(type, &row, 1, options), "\"object\":{\"kind\":\"PartialObjectMetadata\","
						  "\"apiVersion\":\"meta.k8s.io/v1beta1\""));
}

TEST(cells_of_another_version_are_those_of_the_stored_one_and_the_object_is_as_asked)
{
	const struct type *type = type_for("events.k8s.io/v1", "Event");
	struct table_row row =
	    make_row(type, "{\"metadata\":{\"name\":\"e\"},\"note\":\"hello\",\"reason\":\"Why\","
			   "\"regarding\":{\"kind\":\"Pod\",\"name\":\"p\"}}");
	struct table_options options = { .remaining = -1, .include_object = STR("Object") };
	struct str json = encode(type, &row, 1, options);

	CHECK(has(json, "\"Why\",\"pod/p\",\"\",\"\",\"hello\""));
	CHECK(has(json, "\"kind\":\"Event\",\"apiVersion\":\"events.k8s.io/v1\""));
	type = type_for("autoscaling/v1", "HorizontalPodAutoscaler");
	row = make_row(type, "{\"metadata\":{\"name\":\"h\"},\"spec\":{\"maxReplicas\":3,"
			     "\"targetCPUUtilizationPercentage\":70}}");
	CHECK(has(encode(type, &row, 1, options), "cpu: \\u003cunknown\\u003e/70%"));
}

TEST(only_a_list_is_put_in_order)
{
	const struct type *type = type_for("flowcontrol.apiserver.k8s.io/v1", "FlowSchema");
	struct table_row rows[] = {
		make_row(type,
			 "{\"metadata\":{\"name\":\"late\"},\"spec\":{\"matchingPrecedence\":9}}"),
		make_row(type,
			 "{\"metadata\":{\"name\":\"early\"},\"spec\":{\"matchingPrecedence\":1}}"),
	};
	struct table_options options = { .remaining = 3, .continue_token = STR("t") };
	struct str json = encode(type, rows, 2, options);

	CHECK(has(json, "\"continue\":\"t\",\"remainingItemCount\":3}"));
	CHECK(str_find(json, STR("\"late\"")) < str_find(json, STR("\"early\"")));
	options.is_list = true;
	json = encode(type, rows, 2, options);
	CHECK(str_find(json, STR("\"early\"")) < str_find(json, STR("\"late\"")));
	CHECK(has(encode(type, rows, 0, options), "\"rows\":[]}"));
}
