#include "runtime/base/collection/list.h"

#include "tests/lib/test.h"

struct item {
	int number;
	struct list link;
};

TEST(a_list_keeps_its_order_and_lets_the_current_item_go)
{
	struct item items[4] = { { .number = 0 }, { .number = 1 }, { .number = 2 }, { .number = 3 } };
	struct list list;
	int expected = 0;

	list_init(&list);
	CHECK(list_is_empty(&list));
	for (int i = 0; i < 4; i++)
		list_push(&list, &items[i].link);
	list_remove(&items[1].link);
	list_remove(&items[1].link);
	list_each (&list, link) {
		struct item *item = list_item(link, struct item, link);

		CHECK_EQ(item->number, expected);
		expected += expected == 0 ? 2 : 1;
		list_remove(link);
	}
	CHECK(list_is_empty(&list));
}
