#include "datastore/log/transfer.h"
#include "tests/lib/test.h"

static struct mono at_ms(int64_t ms)
{
	return (struct mono){ ms * TIME_MS };
}

TEST(a_transfer_goes_on_only_under_its_token_and_within_its_size)
{
	struct transfers transfers = { 0 };
	uint32_t len = 1;

	CHECK_STATUS(transfers_move(&transfers, 1, 7, 0, at_ms(0), &len), NOT_FOUND);
	CHECK_STATUS(transfers_begin(&transfers, 1, 7, 50, 100, at_ms(0)), OK);
	CHECK_STATUS(transfers_move(&transfers, 1, 7, 0, at_ms(1), &len), OK);
	CHECK_EQ(len, 100);
	CHECK_STATUS(transfers_move(&transfers, 1, 7, 20, at_ms(2), &len), OK); /* again */
	CHECK_EQ(len, 80);
	CHECK_STATUS(transfers_move(&transfers, 1, 8, 0, at_ms(3), &len), NOT_FOUND);
	CHECK_STATUS(transfers_move(&transfers, 2, 7, 0, at_ms(3), &len), NOT_FOUND);
	CHECK_STATUS(transfers_move(&transfers, 1, 7, 101, at_ms(3), &len), INVALID);
	CHECK_STATUS(transfers_move(&transfers, 1, 7, UINT64_MAX, at_ms(3), &len), INVALID);
	CHECK_EQ(len, 80);
	CHECK_EQ(transfers.at[0].sent_bytes, 100);
	CHECK_STATUS(transfers_move(&transfers, 1, 7, 100, at_ms(3), &len), OK);
	CHECK_EQ(len, 0);
}

/* Asks for the next piece so many ms later. */
static uint32_t next_piece(struct transfers *transfers, int64_t *now_ms, int64_t after_ms)
{
	uint32_t len = 0;

	*now_ms += after_ms;
	CHECK_STATUS(
	    transfers_move(transfers, 1, 7, transfers->at[0].sent_bytes, at_ms(*now_ms), &len), OK);
	return len;
}

TEST(pieces_are_as_large_as_the_member_takes_them_quickly)
{
	struct transfers transfers = { 0 };
	int64_t now_ms = 0;
	uint32_t len;

	CHECK_STATUS(transfers_begin(&transfers, 1, 7, 50, 100 * MIB, at_ms(0)), OK);
	CHECK_EQ(next_piece(&transfers, &now_ms, 500), TRANSFER_PIECE_FIRST); /* of nothing yet */
	CHECK_EQ(next_piece(&transfers, &now_ms, 5), 2 * TRANSFER_PIECE_FIRST);
	CHECK_EQ(next_piece(&transfers, &now_ms, 30), 2 * TRANSFER_PIECE_FIRST);
	for (uint32_t i = 0; i < 8; i++)
		len = next_piece(&transfers, &now_ms, 5);
	CHECK_EQ(len, TRANSFER_PIECE_MAX);
	CHECK_EQ(next_piece(&transfers, &now_ms, 100), TRANSFER_PIECE_MAX / 2);
	for (uint32_t i = 0; i < 8; i++)
		len = next_piece(&transfers, &now_ms, 100);
	CHECK_EQ(len, TRANSFER_PIECE_MIN);
	CHECK_EQ(next_piece(&transfers, &now_ms, 5), 2 * TRANSFER_PIECE_MIN);
}

TEST(what_is_asked_for_again_comes_in_smaller_pieces)
{
	struct transfers transfers = { 0 };
	uint32_t len;

	CHECK_STATUS(transfers_begin(&transfers, 1, 7, 50, 100 * MIB, at_ms(0)), OK);
	CHECK_STATUS(transfers_move(&transfers, 1, 7, 8 * MIB, at_ms(1), &len), OK);
	CHECK_EQ(len, TRANSFER_PIECE_FIRST); /* it had what is before */
	CHECK_STATUS(transfers_move(&transfers, 1, 7, 8 * MIB, at_ms(2), &len), OK);
	CHECK_EQ(len, TRANSFER_PIECE_FIRST / 2);
	for (int64_t i = 3; i < 10; i++)
		CHECK_STATUS(transfers_move(&transfers, 1, 7, 8 * MIB, at_ms(i), &len), OK);
	CHECK_EQ(len, TRANSFER_PIECE_MIN);
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
	uint32_t len;

	CHECK_STATUS(transfers_begin(&transfers, 1, 1, 10, 100, at_ms(0)), OK);
	CHECK_STATUS(transfers_begin(&transfers, 2, 1, 20, 100, at_ms(0)), OK);
	CHECK_STATUS(transfers_move(&transfers, 2, 1, 0, at_ms(1), &len), OK);
	CHECK_EQ(transfers_tick(&transfers, at_ms(TRANSFER_IDLE_MS - 1)), 0);
	CHECK_EQ(transfers_tick(&transfers, at_ms(TRANSFER_IDLE_MS)), 1);
	CHECK_EQ(transfers_pinned(&transfers), 20);
	CHECK_EQ(transfers_tick(&transfers, at_ms(TRANSFER_IDLE_MS + 1)), 1);
	CHECK_EQ(transfers.len, 0);
}
