#include "datastore/log/role/member.h"
#include "tests/lib/test.h"

static struct members three(void)
{
	struct members members = { 0 };

	for (uint64_t id = 1; id <= 3; id++)
		CHECK_STATUS(members_put(&members, &(struct member){ .id = id,
								     .role = MEMBER_VOTER,
								     .name = STR("n"),
								     .address = STR("a:1") }),
			     OK);
	return members;
}

static struct str encoded(const struct members *members)
{
	struct text out = text_in(test_arena(), MIB);

	members_encode(members, &out);
	return text_str(&out);
}

static void check_corrupt(struct str bytes)
{
	struct members out = { .index = 99 };
	struct fault why = { 0 };

	CHECK_STATUS(members_decode(bytes, 1, &out, &why), CORRUPT);
	CHECK(why.text[0] != '\0');
	CHECK_EQ(out.index, 99); /* untouched */
}

TEST(a_member_without_an_id_or_with_too_long_a_word_is_refused)
{
	char *long_word = arena_alloc(test_arena(), MEMBER_STRING_MAX + 1);
	struct members members = three();
	struct str words[3] = { STR("n"), STR("a:1"), STR("") };

	memset(long_word, 'x', MEMBER_STRING_MAX + 1);
	CHECK_STATUS(members_put(&members, &(struct member){ .id = 0 }), INVALID);
	for (uint32_t i = 0; i < 3; i++) {
		struct str kept = words[i];
		words[i] = str_of(long_word, MEMBER_STRING_MAX + 1);
		CHECK_STATUS(members_put(&members, &(struct member){ .id = 4,
								     .name = words[0],
								     .address = words[1],
								     .domain = words[2] }),
			     INVALID);
		words[i] = kept;
	}
	CHECK_EQ(members.len, 3);
}

TEST(there_are_only_so_many_members_and_one_that_is_not_there_cannot_go)
{
	struct members members = { 0 };

	for (uint64_t id = 1; id <= LIMIT_MEMBERS; id++)
		CHECK_STATUS(members_put(&members, &(struct member){ .id = 2 * id }), OK);
	CHECK_STATUS(members_put(&members, &(struct member){ .id = 3 }), BUSY);
	CHECK_STATUS(members_put(&members, &(struct member){ .id = 2, .weight = 1 }), OK);
	CHECK_STATUS(members_remove(&members, 3), NOT_FOUND);
	CHECK_STATUS(members_remove(&members, 2), OK);
	CHECK_EQ(members.len, LIMIT_MEMBERS - 1);
}

TEST(a_list_of_members_that_was_cut_or_changed_is_corrupt)
{
	struct members members = three(), back;
	struct str bytes = encoded(&members);
	struct text longer = text_in(test_arena(), MIB);

	CHECK_STATUS(members_decode(bytes, 1, &back, NULL), OK);
	CHECK_EQ(back.len, 3);
	for (uint32_t len = 0; len < bytes.len; len++)
		check_corrupt(str_slice(bytes, 0, len));
	text_add(&longer, bytes);
	text_add_char(&longer, '\0');
	check_corrupt(text_str(&longer));
}

TEST(a_list_of_members_without_order_a_voter_or_a_known_role_is_corrupt)
{
	struct members members = three();

	members.at[1].id = 1;
	check_corrupt(encoded(&members));
	members = three();
	members.at[0].id = 0;
	check_corrupt(encoded(&members));
	members = three();
	members.at[2].role = MEMBER_VOTER + 1;
	check_corrupt(encoded(&members));
	members = three();
	for (uint32_t i = 0; i < 3; i++)
		members.at[i].role = MEMBER_STANDBY;
	check_corrupt(encoded(&members));
}
