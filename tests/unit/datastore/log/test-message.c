#include "datastore/log/message.h"

#include "datastore/log/role/member.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/log/disk.h"

static struct str members_payload(void)
{
	struct members members = { 0 };
	struct member one = {
		.id = 5, .role = MEMBER_VOTER, .name = STR("a"), .domain = STR("rack")
	};
	CHECK_STATUS(members_put(&members, &one), OK);
	struct text text = text_in(test_arena(), 1000);
	members_encode(&members, &text);
	return text_str(&text);
}

static struct str encode(const struct message *message)
{
	struct text text = text_in(test_arena(), LIMIT_MESSAGE_BYTES);
	message_encode(message, &text);
	CHECK(!text.is_cut);
	return text_str(&text);
}

static struct str make_append(void)
{
	static struct entry *entries[3];
	entries[0] = entry_new(8, 2, ENTRY_COMMAND, STR("seven!!"));
	entries[1] = entry_new(9, 2, ENTRY_MEMBERS, members_payload());
	entries[2] = entry_new(10, 3, ENTRY_NOTHING, STR(""));
	struct message message = { .kind = MESSAGE_APPEND, .term = 3 };
	message.append.prev_index = 7;
	message.append.prev_term = 1;
	message.append.commit = 6;
	message.append.count = 3;
	message.append.entries = entries;
	struct str bytes = encode(&message);
	for (uint32_t i = 0; i < 3; i++)
		entry_unref(entries[i]);
	return bytes;
}

TEST(an_append_is_read_as_it_was_said)
{
	struct message message;
	struct str bytes = make_append();
	CHECK_STATUS(message_decode(bytes, test_arena(), &message, NULL), OK);
	CHECK_EQ(message.kind, MESSAGE_APPEND);
	CHECK_EQ(message.term, 3);
	CHECK_EQ(message.append.prev_index, 7);
	CHECK_EQ(message.append.prev_term, 1);
	CHECK_EQ(message.append.commit, 6);
	CHECK_EQ(message.append.count, 3);
	CHECK_EQ(message.append.entries[0]->index, 8);
	CHECK_STR(entry_payload(message.append.entries[0]), "seven!!");
	CHECK_EQ(message.append.entries[1]->kind, ENTRY_MEMBERS);
	CHECK_EQ(message.append.entries[2]->term, 3);
	message_release(&message);
}

TEST(the_other_messages_are_read_as_they_were_said)
{
	struct message cases[] = {
		{ .kind = MESSAGE_APPENDED, .term = 2, .appended = { 9, 4 } },
		{ .kind = MESSAGE_VOTE, .term = 4, .vote = { 7, 3, true, false } },
		{ .kind = MESSAGE_VOTE, .term = 4, .vote = { 0, 0, false, true } },
		{ .kind = MESSAGE_VOTED, .term = 4, .voted = { true, false } },
		{ .kind = MESSAGE_OFFER, .term = 4, .offer = { 12, 3 } },
		{ .kind = MESSAGE_TIMEOUT, .term = 4, .timeout = { 12, 3 } },
		{ .kind = MESSAGE_CONFIRM, .term = 4, .read = { 99, 0 } },
		{ .kind = MESSAGE_READABLE, .term = 4, .read = { 99, 100 } },
		{ .kind = MESSAGE_REMOVED, .term = 4 },
		{ .kind = MESSAGE_HELD, .term = 4, .held = { 9 } },
		{ .kind = MESSAGE_COMMITTED, .term = 4, .committed = { 12, 3 } },
	};
	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct message message;
		struct str bytes = encode(&cases[i]);
		CHECK_STATUS(message_decode(bytes, test_arena(), &message, NULL), OK);
		CHECK(str_eq(encode(&message), bytes));
	}
}

TEST(what_contradicts_itself_is_refused)
{
	struct message cases[] = {
		{ .kind = MESSAGE_APPENDED, .term = 2, .appended = { 4, 4 } },
		{ .kind = MESSAGE_APPENDED, .term = 0, .appended = { 0, 4 } },
		{ .kind = MESSAGE_APPENDED, .term = 2, .appended = { 0, UINT64_MAX } },
		{ .kind = MESSAGE_VOTE, .term = 2, .vote = { 7, 3, true, false } },
		{ .kind = MESSAGE_VOTE, .term = 2, .vote = { 0, 2, true, false } },
		{ .kind = MESSAGE_OFFER, .term = 4, .offer = { 0, 0 } },
		{ .kind = MESSAGE_READABLE, .term = 4, .read = { 1, UINT64_MAX } },
		{ .kind = MESSAGE_COMMITTED, .term = 4, .committed = { 0, 0 } },
		{ .kind = MESSAGE_HELD, .term = 4, .held = { 0 } },
		{ .kind = MESSAGE_HELD, .term = 4, .held = { UINT64_MAX } },
		{ .kind = MESSAGE_COMMITTED, .term = 4, .committed = { 7, 5 } },
		{ .kind = MESSAGE_APPEND, .term = 4, .append = { .prev_index = 3 } },
		{ .kind = MESSAGE_APPEND, .term = 4, .append = { 3, 5, 0, 0, NULL } },
		{ .kind = (enum message_kind)77, .term = 4 },
		{ .kind = UINT64_MAX & 0, .term = 4 },
	};
	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct message message;
		struct fault why;
		CHECK_STATUS(message_decode(encode(&cases[i]), test_arena(), &message, &why),
			     CORRUPT);
		CHECK(why.text[0] != '\0');
	}
}

TEST(a_message_cut_anywhere_is_refused)
{
	struct str bytes = make_append();
	for (uint32_t len = 0; len < bytes.len; len++) {
		struct message message;
		/* In memory of its own, so that a read past the end is seen. */
		char *copy = mem_copy(bytes.at, len);
		CHECK_STATUS(message_decode(str_of(copy, len), test_arena(), &message, NULL),
			     CORRUPT);
		mem_free(copy);
	}
}

TEST(a_message_with_any_bit_turned_is_refused_or_read_without_harm)
{
	struct str bytes = make_append();
	for (uint32_t bit = 0; bit < bytes.len * 8; bit++) {
		struct message message;
		char *copy = mem_copy(bytes.at, bytes.len);
		copy[bit / 8] ^= (char)(1 << bit % 8);
		if (message_decode(str_of(copy, bytes.len), test_arena(), &message, NULL) == OK)
			message_release(&message);
		mem_free(copy);
	}
}

TEST(a_list_of_members_is_read_as_it_was_written)
{
	struct members members = { 0 }, read;
	struct member cases[] = {
		{ .id = 9, .role = MEMBER_VOTER, .name = STR("c"), .address = STR("10.0.0.3:6444") },
		{ .id = 2, .role = MEMBER_SPARE, .name = STR("a"), .weight = 7 },
		{ .id = 5, .role = MEMBER_STANDBY, .name = STR("b"), .domain = STR("rack 2") },
	};
	for (uint32_t i = 0; i < 3; i++)
		CHECK_STATUS(members_put(&members, &cases[i]), OK);
	struct text text = text_in(test_arena(), 1000);
	members_encode(&members, &text);
	CHECK_STATUS(members_decode(text_str(&text), 33, &read, NULL), OK);
	CHECK_EQ(read.len, 3);
	CHECK_EQ(read.index, 33);
	CHECK_EQ(read.at[0].id, 2);
	CHECK_EQ(read.at[0].weight, 7);
	CHECK_STR(read.at[1].domain, "rack 2");
	CHECK_STR(read.at[2].address, "10.0.0.3:6444");
	CHECK_EQ(read.at[2].role, MEMBER_VOTER);
	CHECK_STATUS(members_decode(str_of(text.at, text.len - 1), 33, &read, NULL), CORRUPT);
}

/* An older release reads every list without one. */
TEST(a_list_with_a_witness_has_a_version_of_its_own)
{
	struct members members = { 0 }, read;
	struct member node = { .id = 1, .role = MEMBER_VOTER, .name = STR("a") };
	struct member witness = {
		.id = 2, .role = MEMBER_VOTER, .is_witness = true, .name = STR("w")
	};
	struct text text = text_in(test_arena(), 1000);
	CHECK_STATUS(members_put(&members, &node), OK);
	members_encode(&members, &text);
	CHECK_EQ(text.at[0], 1);
	text_clear(&text);
	CHECK_STATUS(members_put(&members, &witness), OK);
	members_encode(&members, &text);
	CHECK_EQ(text.at[0], 2);
	CHECK_STATUS(members_decode(text_str(&text), 3, &read, NULL), OK);
	CHECK(!read.at[0].is_witness && read.at[1].is_witness);
	/* Nobody has the data. */
	text_clear(&text);
	members.at[0].role = MEMBER_STANDBY;
	members_encode(&members, &text);
	CHECK_STATUS(members_decode(text_str(&text), 3, &read, NULL), CORRUPT);
}

TEST(where_a_witness_goes_on_is_read_as_it_was_said)
{
	struct message message = { .kind = MESSAGE_BASE, .term = 9 }, read;
	struct text text = text_in(test_arena(), 1000);
	message.base.index = 70;
	message.base.term = 8;
	message.base.members_index = 60;
	message.base.members = members_payload();
	message_encode(&message, &text);
	CHECK_STATUS(message_decode(text_str(&text), test_arena(), &read, NULL), OK);
	CHECK_EQ(read.base.index, 70);
	CHECK_EQ(read.base.term, 8);
	CHECK_EQ(read.base.members_index, 60);
	CHECK(str_eq(read.base.members, message.base.members));
	for (uint32_t len = 0; len < text.len; len++)
		CHECK_STATUS(message_decode(str_of(text.at, len), test_arena(), &read, NULL),
			     CORRUPT);
	message.base.members_index = 71; /* behind it */
	text_clear(&text);
	message_encode(&message, &text);
	CHECK_STATUS(message_decode(text_str(&text), test_arena(), &read, NULL), CORRUPT);
}

TEST(one_step_changes_one_vote_at_most)
{
	struct members now = { 0 };
	for (uint64_t id = 1; id <= 4; id++) {
		struct member member = { .id = id, .role = id < 4 ? MEMBER_VOTER : MEMBER_STANDBY };
		CHECK_STATUS(members_put(&now, &member), OK);
	}
	struct members next = now;
	CHECK(members_is_one_step(&now, &next));
	next.at[3].role = MEMBER_VOTER;
	CHECK(members_is_one_step(&now, &next));
	next.at[0].role = MEMBER_SPARE;
	CHECK(!members_is_one_step(&now, &next));
	next = now;
	CHECK_STATUS(members_remove(&next, 1), OK);
	CHECK(members_is_one_step(&now, &next));
	struct member fifth = { .id = 5, .role = MEMBER_VOTER };
	CHECK_STATUS(members_put(&next, &fifth), OK);
	CHECK(!members_is_one_step(&now, &next));
}
