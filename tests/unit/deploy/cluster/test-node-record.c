#include "deploy/cluster/node-record.h"
#include "tests/lib/test.h"

static const struct node_record sample = {
	{ "node-a", 6 }, { "fd00::1", 7 }, 6443, 6444, { "auto", 4 }
};

TEST(a_node_record_is_read_as_it_was_written)
{
	struct node_record record;

	CHECK_STATUS(node_record_decode(node_record_encode(&sample, test_arena()), &record), OK);
	CHECK_STR(record.name, "node-a");
	CHECK_STR(record.address, "fd00::1");
	CHECK_EQ(record.api_port, 6443);
	CHECK_EQ(record.link_port, 6444);
	CHECK_STR(record.role, "auto");
}

TEST(what_is_no_node_record_is_refused)
{
	struct str bytes = node_record_encode(&sample, test_arena());
	struct node_record record = { 0 };

	for (uint32_t len = 0; len < bytes.len; len++)
		CHECK_STATUS(node_record_decode(str_slice(bytes, 0, len), &record), CORRUPT);
	CHECK_STATUS(node_record_decode(STR("something else"), &record), CORRUPT);
	CHECK_EQ(record.api_port, 0);
}

TEST(places_of_both_families_are_written_as_clients_take_them)
{
	CHECK_STR(node_record_place(STR("10.0.0.1"), 6443, test_arena()), "10.0.0.1:6443");
	CHECK_STR(node_record_place(STR("fd00::1"), 6443, test_arena()), "[fd00::1]:6443");
	CHECK_STR(node_record_key(STR("n1"), test_arena()), "/troupe/nodes/n1");
}
