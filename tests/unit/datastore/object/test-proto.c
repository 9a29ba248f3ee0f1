#include "datastore/object/proto.h"

#include "datastore/object/json.h"
#include "datastore/object/proto-envelope.h"
#include "datastore/object/record.h"
#include "datastore/schema/apps.h"
#include "datastore/schema/authentication.h"
#include "datastore/schema/core.h"
#include "datastore/schema/meta.h"
#include "runtime/base/base.h"
#include "tests/lib/test.h"
#include "transport/wire/proto.h"

static void *from_json(const struct type *type, const char *json)
{
	void *record = NULL;

	CHECK_STATUS(json_decode(type, str_from(json), test_arena(), (struct json_options){ 0 },
				 &record, NULL),
		     OK);
	return record;
}

static struct str encode(const struct type *type, const void *record)
{
	struct text out = text_in(test_arena(), MIB);

	proto_encode(type, record, &out);
	CHECK(!out.is_cut);
	return text_str(&out);
}

static bool bytes_are(struct str a, const char *at, uint32_t len)
{
	return a.len == len && memcmp(a.at, at, len) == 0;
}
#define CHECK_BYTES(s, literal) CHECK(bytes_are(s, literal, sizeof(literal) - 1))

/* The bytes are those of upstream's generated code. */
TEST(values_not_held_by_pointer_are_always_written)
{
	struct core_service_port port = { 0 };

	CHECK_BYTES(encode(&core_service_port_type, &port),
		    "\x0a\x00\x12\x00\x18\x00\x22\x06\x08\x00\x10\x00\x1a\x00\x28\x00");
	SET(&port, port, 80);
	SET(&port, target_port, (struct int_or_string){ .is_string = true, .string = STR("http") });
	port.name = STR("web");
	port.app_protocol = STR("");
	CHECK_BYTES(
	    encode(&core_service_port_type, &port),
	    "\x0a\x03web\x12\x00\x18\x50\x22\x0a\x08\x01\x10\x00\x1a\x04http\x28\x00\x32\x00");
}

TEST(values_held_by_pointer_are_written_when_they_are_there)
{
	struct apps_rolling_update_stateful_set_strategy strategy = { 0 };

	CHECK_EQ(encode(&apps_rolling_update_stateful_set_strategy_type, &strategy).len, 0);
	SET(&strategy, partition, 0);
	CHECK_BYTES(encode(&apps_rolling_update_stateful_set_strategy_type, &strategy), "\x08\x00");
	SET(&strategy, partition, -1);
	CHECK_BYTES(encode(&apps_rolling_update_stateful_set_strategy_type, &strategy),
		    "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
}

TEST(times_quantities_maps_and_lists_of_their_own_have_messages_around_them)
{
	CHECK_BYTES(encode(&core_container_state_running_type,
			   from_json(&core_container_state_running_type,
				     "{\"startedAt\":\"1970-01-01T00:00:01Z\"}")),
		    "\x0a\x04\x08\x01\x10\x00");
	CHECK_BYTES(encode(&core_container_state_running_type, NULL), "\x0a\x00");
	CHECK_BYTES(encode(&core_resource_requirements_type,
			   from_json(&core_resource_requirements_type,
				     "{\"limits\":{\"b\":\"2\",\"a\":\"1\"}}")),
		    "\x0a\x08\x0a\x01"
		    "a\x12\x03\x0a\x01\x31\x0a\x08\x0a\x01"
		    "b\x12\x03\x0a\x01\x32");
	CHECK_BYTES(
	    encode(&authentication_user_info_type,
		   from_json(&authentication_user_info_type, "{\"extra\":{\"k\":[\"v\"]}}")),
	    "\x0a\x00\x12\x00\x22\x08\x0a\x01k\x12\x03\x0a\x01v");
}

TEST(any_legal_order_is_read_and_unknown_fields_are_passed_over)
{
	/* A field after a later one, a message in two pieces, an unmapped tag, map keys out of order and twice. */
	static const char bytes[] =
	    "\x12\x04\x0a\x02\x1a\x00" /* spec { template {...} } is unknown here */
	    "\x0a\x05\x0a\x03one"
	    "\x0a\x0b\x5a\x09\x0a\x01z\x12\x04last"
	    "\x0a\x0a\x5a\x08\x0a\x01"
	    "a\x12\x03old"
	    "\x0a\x0a\x5a\x08\x0a\x01"
	    "a\x12\x03new"
	    "\xfa\x07\x01x"
	    "\x0a\x05\x0a\x03two";
	void *record;

	CHECK_STATUS(proto_decode(&core_config_map_type, str_of(bytes + 6, sizeof bytes - 7),
				  test_arena(), (struct proto_options){ 0 }, &record, NULL),
		     OK);
	struct core_config_map *map = record;
	CHECK_STR(map->metadata->name, "two");
	CHECK_EQ(map->metadata->labels.len, 2);
	CHECK_STR(map->metadata->labels.at[0].key, "a");
	CHECK_STR(map->metadata->labels.at[0].value, "new");
	CHECK_STR(map->metadata->labels.at[1].value, "last");
}

TEST(lists_of_numbers_may_be_packed)
{
	static const struct {
		const char *at;
		uint32_t len;
	} forms[] = { { "\x20\x01\x20\x80\x01\x20\x03", 7 },
		      { "\x22\x04\x01\x80\x01\x03", 6 },
		      { "\x20\x01\x22\x03\x80\x01\x03", 7 } };

	CHECK(type_tag(&core_pod_security_context_type, 4)->kind == KIND_INT64);
	for (uint32_t i = 0; i < 3; i++) {
		void *record;
		CHECK_STATUS(proto_decode(&core_pod_security_context_type,
					  str_of(forms[i].at, forms[i].len), test_arena(),
					  (struct proto_options){ 0 }, &record, NULL),
			     OK);
		struct core_pod_security_context *context = record;
		CHECK_EQ(context->supplemental_groups.len, 3);
		CHECK_EQ(context->supplemental_groups.at[1], 128);
		CHECK_EQ(context->supplemental_groups.at[2], 3);
	}
}

TEST(damaged_messages_are_refused)
{
	static const struct {
		const char *what, *at;
		uint32_t len;
	} cases[] = {
		{ "a cut string", "\x0a\x05\x0a\x09name", 8 },
		{ "a number where a message belongs", "\x08\x01", 2 },
		{ "a cut entry of a map", "\x12\x04\x0a\x05xy", 6 },
		{ "a cut tag", "\x80", 1 },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fault why;
		void *record = NULL;
		CHECK_STATUS(proto_decode(&core_config_map_type, str_of(cases[i].at, cases[i].len),
					  test_arena(), (struct proto_options){ 0 }, &record, &why),
			     BAD_REQUEST);
		CHECK(record == NULL);
		CHECK(str_starts(str_from(why.text), STR("proto: ")));
	}
}

TEST(depth_and_memory_are_bounded)
{
	struct text bytes = text_in(test_arena(), 4 * MIB);
	struct proto_out deep = proto_out_new(MIB);
	void *record;

	/* JSONSchemaProps.not is tag 28, of its own type. */
	const struct type *schema = type_named(STR("apiextensions"), STR("JSONSchemaProps"));
	for (uint32_t i = 0; i <= LIMIT_NESTING; i++)
		proto_out_close(&deep, 28, 0);
	CHECK_STATUS(proto_decode(schema, proto_out_str(&deep), test_arena(),
				  (struct proto_options){ 0 }, &record, NULL),
		     BAD_REQUEST);
	proto_out_fini(&deep);

	for (uint32_t i = 0; i < MIB / 2; i++)
		text_lit(&bytes, "\xca\x01\x00"); /* allOf, tag 25 */
	CHECK_STATUS(proto_decode(schema, text_str(&bytes), test_arena(),
				  (struct proto_options){ 0 }, &record, NULL),
		     TOO_LARGE);
}

TEST(an_envelope_names_what_is_in_it)
{
	struct core_config_map map = { 0 };
	struct text out = text_in(test_arena(), MIB);
	struct proto_envelope envelope;

	proto_envelope_encode(&core_config_map_type, &map, &out);
	CHECK(proto_envelope_is(text_str(&out)));
	CHECK_STATUS(proto_envelope_open(text_str(&out), &envelope, NULL), OK);
	CHECK_STR(envelope.api_version, "v1");
	CHECK_STR(envelope.kind, "ConfigMap");
	CHECK_STR(envelope.content_type, "");
	CHECK(str_eq(envelope.raw, encode(&core_config_map_type, &map)));
	CHECK_STATUS(proto_envelope_open(STR("k8x"), &envelope, NULL), BAD_REQUEST);
	CHECK_STATUS(proto_envelope_open(str_of("k8s\0\x12\x09", 6), &envelope, NULL), BAD_REQUEST);
}
