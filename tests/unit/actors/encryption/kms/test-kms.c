/*
 * What is known of a plug-in: values are closed as long as it says that its key is the same, and open when their seed is known; who meets one
 * that is not may wait, for a while.
 */
#include "actors/encryption/kms/kms.h"
#include "tests/lib/test.h"

#define KEY STR("/registry/secrets/default/a")
#define AT(ms) ((struct mono){ 1 + (ms)*TIME_MS })

static const uint8_t seed_bytes[ENVELOPE_SEED_BYTES] = "a seed that is as long as it is";

static struct kms_book *book_of(void)
{
	static struct kms_book book;

	kms_book_init(&book);
	return &book;
}

static struct kms *kms_in(struct kms_book *book, const char *name)
{
	const struct kms_spec spec = { str_from(name), STR("/run/kms.sock"), 3000 };

	return kms_use(book, &spec);
}

static struct envelope_lock lock_of(const char *key_id, const char *closed)
{
	return (struct envelope_lock){ .key_id = str_from(key_id),
				       .closed = str_from(closed),
				       .is_seed = true };
}

/* A value as another server with another seed has written it. */
static struct str body_of(uint32_t number)
{
	struct envelope envelope = { .lock = lock_of(
					 "k", arena_printf(test_arena(), "closed %u", number).at),
				     .data = STR("x") };

	return envelope_write(STR(""), &envelope, test_arena());
}

TEST(nothing_is_closed_before_there_is_a_seed_nor_when_it_is_too_old)
{
	struct kms *kms = kms_in(book_of(), "one");
	struct envelope_lock lock = lock_of("k1", "closed");
	struct fault why = { 0 };
	struct str bytes, plain;

	CHECK_STATUS(kms_close(kms, KEY, STR("word"), test_arena(), &bytes, &why), UNAVAILABLE);
	CHECK(str_find(str_from(why.text), STR("KMS provider one has not given a key yet")) >= 0);
	kms_set_closer(kms, seed_bytes, &lock, AT(0));
	CHECK_STATUS(kms_close(kms, KEY, STR("word"), test_arena(), &bytes, &why), OK);
	CHECK(str_starts(bytes, STR("k8s:enc:kms:v2:one:")));
	bytes = str_slice(bytes, kms->prefix.len, bytes.len);
	CHECK_STR(envelope_key_id(bytes), "k1");
	/* It opens what it has closed without having asked. */
	CHECK_STATUS(kms_open(kms, KEY, bytes, AT(0), test_arena(), &plain, &why), OK);
	CHECK_STR(plain, "word");
	CHECK_STATUS(kms_open(kms, STR("/other"), bytes, AT(0), test_arena(), &plain, &why),
		     CORRUPT);
	CHECK_EQ(kms->wanted_count, 0);
	kms->closer.is_expired = true;
	CHECK_STATUS(kms_close(kms, KEY, STR("word"), test_arena(), &bytes, &why), UNAVAILABLE);
	CHECK(str_find(str_from(why.text), STR("expired")) >= 0);
	kms_leave(kms);
}

TEST(a_seed_that_is_not_known_is_wanted_and_waited_for_a_while)
{
	struct kms *kms = kms_in(book_of(), "one");
	struct kms_seed *seed;
	struct fault why = { 0 };
	struct str plain;

	CHECK(kms_is_awaited(kms, body_of(1), AT(0)));
	CHECK(kms_is_awaited(kms, body_of(1), AT(KMS_WAIT_MS - 1)));
	CHECK(!kms_is_awaited(kms, body_of(1), AT(KMS_WAIT_MS)));
	CHECK_EQ(kms->seed_count, 1);
	CHECK(kms_is_asking(kms));
	seed = kms_next_wanted(kms);
	CHECK(seed != NULL && kms_next_wanted(kms) == NULL);
	CHECK_STATUS(kms_open(kms, KEY, body_of(1), AT(1), test_arena(), &plain, &why), UNAVAILABLE);
	CHECK_STR(str_from(why.field), KMS_FIELD_SEED);
	kms_seed_failed(kms, seed, "failed, said the plug-in");
	CHECK(!kms_is_asking(kms) && !kms_is_awaited(kms, body_of(1), AT(1)));
	CHECK_STR(str_from(kms_seed_words(kms, body_of(1))), "failed, said the plug-in");
	/* Tried again nobody waits, but whoever could not read it is told. */
	kms_try_failed(kms);
	CHECK(kms_is_asking(kms) && !kms_is_awaited(kms, body_of(1), AT(1)));
	CHECK(kms_next_wanted(kms) == seed);
	CHECK_EQ(kms->late, 0);
	kms_seed_known(kms, seed, str_of(seed_bytes, sizeof seed_bytes), AT(2));
	CHECK_EQ(kms->late, 1);
	CHECK_EQ(kms->wanted_count, 0);
	CHECK(!kms_is_awaited(kms, body_of(1), AT(1)));
	/* While the plug-in is away nobody waits at all. */
	kms->is_away = true;
	CHECK(!kms_is_awaited(kms, body_of(2), AT(1)));
	CHECK(!kms_is_awaited(kms, STR("no envelope"), AT(1)));
	kms_leave(kms);
}

TEST(neither_seeds_nor_those_that_are_wanted_are_without_bounds)
{
	struct kms *kms = kms_in(book_of(), "one");
	struct kms_seed *seed;

	for (uint32_t i = 0; i < KMS_WANTED; i++)
		CHECK(kms_is_awaited(kms, body_of(i), AT(0)));
	CHECK(!kms_is_awaited(kms, body_of(KMS_WANTED), AT(0)));
	CHECK_EQ(kms->wanted_count, KMS_WANTED);
	/* Whoever was refused is told when there is room. */
	seed = kms_next_wanted(kms);
	kms_seed_known(kms, seed, str_of(seed_bytes, sizeof seed_bytes), AT(0));
	CHECK_EQ(kms->late, 1);
	for (uint32_t i = KMS_WANTED; i < KMS_SEEDS + 100; i++) {
		(void)kms_is_awaited(kms, body_of(i), AT(0));
		while ((seed = kms_next_wanted(kms)) != NULL)
			kms_seed_known(kms, seed, str_of(seed_bytes, sizeof seed_bytes), AT(0));
	}
	CHECK_EQ(kms->seed_count, KMS_SEEDS);
	CHECK_EQ(kms->wanted_count, 0);
	/* The one that was not used for the longest time has gone. */
	CHECK(kms_is_awaited(kms, body_of(0), AT(0)));
	kms_leave(kms);
}

TEST(a_plug_in_lives_as_long_as_a_set_names_it)
{
	struct kms_book *book = book_of();
	struct kms *one = kms_in(book, "one"), *again = kms_in(book, "one"),
		   *other = kms_in(book, "other");

	CHECK(one == again && one != other);
	CHECK(!kms_book_is_well(book));
	CHECK(one->is_looked_at && other->is_looked_at);
	one->is_well = other->is_well = true;
	CHECK(kms_book_is_well(book));
	kms_leave(one);
	other->is_well = false;
	CHECK(!kms_book_is_well(book));
	kms_leave(other);
	CHECK(kms_book_is_well(book));
	kms_leave(again);
	CHECK(list_is_empty(&book->all));
}
