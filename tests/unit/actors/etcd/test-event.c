#include "actors/etcd/event.h"

#include "actors/etcd/reply.h"
#include "tests/lib/test.h"

static struct store_event make_event(void)
{
	return (struct store_event){
		.row = { .key = STR("a"), .value = STR("new"), .mod_revision = 7, .version = 2 },
		.prev = { .key = STR("a"), .value = STR("old"), .mod_revision = 5, .version = 1 },
	};
}

TEST(an_event_on_its_own_is_what_it_is_within_an_answer)
{
	for (int wants_prev = 0; wants_prev < 2; wants_prev++) {
		const struct store_event event = make_event();
		struct proto_out out = etcd_reply_new();
		struct etcd_event *own = etcd_event_new(&event, wants_prev != 0);

		etcd_event_put(&out, &event, wants_prev != 0);
		CHECK(str_eq(etcd_event_str(own), proto_out_str(&out)));
		CHECK(proto_out_len(&out) <= etcd_event_bytes(&event, wants_prev != 0));
		proto_out_fini(&out);
		etcd_event_unref(own);
	}
}

TEST(an_event_is_known_by_all_that_makes_it_another_one)
{
	const struct store_event event = make_event();
	struct etcd_event *own = etcd_event_new(&event, true);
	struct store_event other = event;

	CHECK(etcd_event_is(own, &other, true));
	CHECK(!etcd_event_is(own, &other, false));
	CHECK(!etcd_event_is(NULL, &other, true));
	other.row.key = STR("b");
	CHECK(!etcd_event_is(own, &other, true));
	other = event;
	other.row.mod_revision++;
	CHECK(!etcd_event_is(own, &other, true));
	other = event;
	other.row.version++;
	CHECK(!etcd_event_is(own, &other, true));
	other = event;
	other.is_delete = true;
	CHECK(!etcd_event_is(own, &other, true));
	etcd_event_unref(etcd_event_ref(own));
	etcd_event_unref(own);
	etcd_event_unref(NULL);
}
