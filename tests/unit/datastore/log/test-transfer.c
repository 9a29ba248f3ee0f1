#include "datastore/log/transfer.h"
#include "tests/lib/test.h"

static struct mono at_ms(int64_t ms)
{
	return (struct mono){ ms * TIME_MS };
}

TEST(a_transfer_goes_on_only_under_its_token_and_within_its_size)
{
	struct transfers transfers = { 0 };

	CHECK_STATUS(transfers_move(&transfers, 1, 7, 0, 1, at_ms(0)), NOT_FOUND);
	CHECK_STATUS(transfers_begin(&transfers, 1, 7, 50, 100, at_ms(0)), OK);
	CHECK_STATUS(transfers_move(&transfers, 1, 7, 0, 100, at_ms(1)), OK);
	CHECK_STATUS(transfers_move(&transfers, 1, 7, 20, 30, at_ms(2)), OK); /* again */
	CHECK_EQ(transfers.at[0].sent_bytes, 50);
	CHECK_STATUS(transfers_move(&transfers, 1, 8, 0, 1, at_ms(3)), NOT_FOUND);
	CHECK_STATUS(transfers_move(&transfers, 2, 7, 0, 1, at_ms(3)), NOT_FOUND);
	CHECK_STATUS(transfers_move(&transfers, 1, 7, 101, 0, at_ms(3)), INVALID);
	CHECK_STATUS(transfers_move(&transfers, 1, 7, 50, 51, at_ms(3)), INVALID);
	CHECK_STATUS(transfers_move(&transfers, 1, 7, 50, UINT64_MAX, at_ms(3)), INVALID);
	CHECK_EQ(transfers.at[0].sent_bytes, 50);
}

TEST(a_member_has_one_transfer_and_there_are_as_many_as_members)
{
	struct transfers transfers = { 0 };

	for (uint64_t member = 1; member <= LIMIT_MEMBERS; member++)
		CHECK_STATUS(transfers_begin(&transfers, member, 1, 100 + member, 1, at_ms(0)), OK);
	CHECK_STATUS(transfers_begin(&transfers, 999, 1, 5, 1, at_ms(0)), BUSY);
	CHECK_EQ(transfers_pinned(&transfers), 101);
	CHECK_STATUS(transfers_begin(&transfers, 1, 2, 500, 1, at_ms(0)), OK);
	CHECK_EQ(transfers.len, LIMIT_MEMBERS);
	CHECK_EQ(transfers_pinned(&transfers), 102);
	transfers_clear(&transfers);
	CHECK_EQ(transfers_pinned(&transfers), UINT64_MAX);
}

TEST(a_transfer_that_rests_too_long_is_given_up)
{
	struct transfers transfers = { 0 };

	CHECK_STATUS(transfers_begin(&transfers, 1, 1, 10, 100, at_ms(0)), OK);
	CHECK_STATUS(transfers_begin(&transfers, 2, 1, 20, 100, at_ms(0)), OK);
	CHECK_STATUS(transfers_move(&transfers, 2, 1, 0, 1, at_ms(1)), OK);
	CHECK_EQ(transfers_tick(&transfers, at_ms(TRANSFER_IDLE_MS - 1)), 0);
	CHECK_EQ(transfers_tick(&transfers, at_ms(TRANSFER_IDLE_MS)), 1);
	CHECK_EQ(transfers_pinned(&transfers), 20);
	CHECK_EQ(transfers_tick(&transfers, at_ms(TRANSFER_IDLE_MS + 1)), 1);
	CHECK_EQ(transfers.len, 0);
}
