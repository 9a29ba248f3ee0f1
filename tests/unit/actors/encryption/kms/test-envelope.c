/*
 * Envelopes: vectors were made by another program (Python's cryptography: HKDFExpand, AESGCM, and protobuf by hand), so the form is upstream's
 * and not only our own; what is no envelope is told so; nothing opens that was changed.
 */
#include "actors/encryption/kms/envelope.h"
#include "actors/encryption/kms/message.h"
#include "tests/lib/test.h"

#define KEY STR("/registry/secrets/default/a")
#define PLAIN STR("k8s\0a word that nobody says")

static const char by_seed[] =
    "0a576465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f80818283c8c9cacbcccdcecfd0d1d2d306"
    "5e"
    "16714568916d05746b68264f8726a8b03ca26058669083b9b8346a1cbd96e67c66e6fa2c01410ee5fa12056b65792d"
    "31"
    "1a0b636c6f736564207365656422190a1376657273696f6e2e6578616d706c652e636f6d120276372801";
static const char by_key[] = "0a37c8c9cacbcccdcecfd0d1d2d3746f054dbe700ab766ca0e2502ce33f00e3afa683"
			     "e945b04ea13d784e917cd8dd776"
			     "a2de6bb1eb20fe2e4a12056b65792d301a0a636c6f736564206b6579";

static int digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static struct str bytes_of(const char *hex)
{
	uint32_t len = (uint32_t)strlen(hex) / 2;
	char *out = arena_alloc(test_arena(), len + 1);

	for (uint32_t i = 0; i < len; i++)
		out[i] = (char)(digit(hex[2 * i]) * 16 + digit(hex[2 * i + 1]));
	return str_of(out, len);
}

/* `count` bytes from `first` on. */
static struct str row(uint8_t first, uint32_t count)
{
	char *out = arena_alloc(test_arena(), count);

	for (uint32_t i = 0; i < count; i++)
		out[i] = (char)(first + i);
	return str_of(out, count);
}

static struct envelope envelope_of(struct str bytes)
{
	struct envelope envelope;
	struct fault why = { 0 };

	CHECK_STATUS(envelope_read(bytes, test_arena(), &envelope, &why), OK);
	return envelope;
}

static struct str opened(const struct envelope *envelope, struct str source, struct str key)
{
	char *out = arena_alloc(test_arena(), envelope->data.len + 1);
	uint32_t len;

	return envelope_open(envelope, source, key, out, &len) == OK ? str_of(out, len) : STR_NONE;
}

TEST(an_envelope_of_others_opens_with_its_seed_or_its_key)
{
	struct envelope seed = envelope_of(bytes_of(by_seed)), key = envelope_of(bytes_of(by_key));

	CHECK(seed.lock.is_seed && !key.lock.is_seed);
	CHECK_STR(seed.lock.key_id, "key-1");
	CHECK_STR(seed.lock.closed, "closed seed");
	CHECK_EQ(seed.lock.annotation_count, 1);
	CHECK_STR(envelope_key_id(bytes_of(by_key)), "key-0");
	CHECK(str_eq(opened(&seed, row(0, 32), KEY), PLAIN));
	CHECK(str_eq(opened(&key, row(50, 16), KEY), PLAIN));
	CHECK(opened(&seed, row(1, 32), KEY).at == NULL);
	CHECK(opened(&seed, row(0, 31), KEY).at == NULL);
	CHECK(opened(&key, row(50, 15), KEY).at == NULL);
	CHECK(opened(&seed, row(0, 32), STR("/registry/secrets/default/b")).at == NULL);
	/* What was read is written to the same bytes. */
	CHECK(str_eq(envelope_write(STR(""), &seed, test_arena()), bytes_of(by_seed)));
	CHECK(str_eq(envelope_write(STR(""), &key, test_arena()), bytes_of(by_key)));
}

TEST(what_is_closed_opens_and_is_never_the_same_twice)
{
	struct str seed = row(7, 32);
	char first[200], second[200];
	struct envelope one = { .lock = { .is_seed = true } }, other = one;

	envelope_close((const uint8_t *)seed.at, KEY, PLAIN, first);
	envelope_close((const uint8_t *)seed.at, KEY, PLAIN, second);
	one.data = str_of(first, PLAIN.len + ENVELOPE_EXTRA_BYTES);
	other.data = str_of(second, PLAIN.len + ENVELOPE_EXTRA_BYTES);
	CHECK(!str_eq(one.data, other.data));
	CHECK(str_eq(opened(&one, seed, KEY), PLAIN) && str_eq(opened(&other, seed, KEY), PLAIN));
	for (uint32_t i = 0; i < one.data.len; i++) {
		first[i] ^= 1;
		CHECK(opened(&one, seed, KEY).at == NULL);
		first[i] ^= 1;
	}
	envelope_close((const uint8_t *)seed.at, KEY, STR(""), first);
	one.data = str_of(first, ENVELOPE_EXTRA_BYTES);
	CHECK_EQ(opened(&one, seed, KEY).len, 0);
	one.data.len--;
	CHECK(opened(&one, seed, KEY).at == NULL);
}

TEST(what_is_no_envelope_is_told_so)
{
	static const struct {
		const char *key_id, *closed, *name, *words;
	} cases[] = {
		{ "k", "", "a.b", "encrypted DEK source is empty" },
		{ "", "c", "a.b", "keyID is empty" },
		{ "k", "c", "a", "annotations: should be a domain" },
		{ "k", "c", "A.b", "annotations: should be a domain" },
		{ "k", "c", "", "annotations: should be a domain" },
		{ "k", "c", "a.b", "" },
	};
	struct str large = row(0, ENVELOPE_CLOSED_MAX + 1);
	struct fault why = { 0 };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct str entry = arena_printf(test_arena(), "\n%c%s", (char)strlen(cases[i].name),
						cases[i].name);
		struct envelope_lock lock = { .key_id = str_from(cases[i].key_id),
					      .closed = str_from(cases[i].closed),
					      .annotations = &entry,
					      .annotation_count = 1 };

		why = (struct fault){ 0 };
		CHECK_STATUS(envelope_check(&lock, &why), cases[i].words[0] ? CORRUPT : OK);
		CHECK(str_starts(str_from(why.text), str_from(cases[i].words)));
		lock.closed = large;
		CHECK_STATUS(envelope_check(&lock, &why), CORRUPT);
	}
	CHECK_STATUS(envelope_check_key_id(row(0, ENVELOPE_KEY_ID_MAX + 1), &why), CORRUPT);
	CHECK_STATUS(envelope_check_key_id(row(1, 100), &why), OK);
}

/* However it is cut, it is read within its bounds: the sanitizers see to that. */
TEST(an_envelope_that_is_cut_is_none)
{
	struct str whole = bytes_of(by_seed);

	for (uint32_t len = 0; len < whole.len; len++) {
		struct arena *arena = arena_new(0);
		struct str cut = str_of(arena_copy(arena, whole.at, len + 1), len);
		struct envelope envelope;
		struct fault why = { 0 };

		if (envelope_read(cut, arena, &envelope, &why) == OK)
			CHECK(opened(&envelope, row(0, 32), KEY).at == NULL ||
			      !envelope.lock.is_seed || envelope.lock.annotation_count <= 1);
		arena_free(arena);
	}
}

TEST(the_same_lock_has_the_same_hash)
{
	struct envelope one = envelope_of(bytes_of(by_seed)), other = one;
	uint8_t a[ENVELOPE_HASH_BYTES], b[ENVELOPE_HASH_BYTES];

	envelope_hash(&one.lock, a);
	other.data = STR("of no account");
	envelope_hash(&other.lock, b);
	CHECK(memcmp(a, b, sizeof a) == 0);
	other.lock.key_id = STR("key-2");
	envelope_hash(&other.lock, b);
	CHECK(memcmp(a, b, sizeof a) != 0);
	other = one;
	other.lock.is_seed = false;
	envelope_hash(&other.lock, b);
	CHECK(memcmp(a, b, sizeof a) != 0);
	other = one;
	other.lock.annotation_count = 0;
	envelope_hash(&other.lock, b);
	CHECK(memcmp(a, b, sizeof a) != 0);
}

TEST(a_plug_ins_answers_are_read)
{
	struct message_status status;
	struct envelope_lock lock;
	struct str plain;

	CHECK_STATUS(message_read_status(STR("\n\002v2\022\002ok\032\003k-1"), &status), OK);
	CHECK_STR(status.version, "v2");
	CHECK_STR(status.healthz, "ok");
	CHECK_STR(status.key_id, "k-1");
	CHECK_STATUS(message_read_status(STR(""), &status), OK);
	CHECK_EQ(status.key_id.len, 0);
	CHECK_STATUS(message_read_status(STR("\n\005v2"), &status), CORRUPT);
	CHECK_STATUS(message_read_encrypt(STR("\n\001c\022\001k\032\003\n\001a\032\002\n\0"),
					  test_arena(), &lock),
		     OK);
	CHECK_STR(lock.closed, "c");
	CHECK_STR(lock.key_id, "k");
	CHECK_EQ(lock.annotation_count, 2);
	CHECK_STATUS(message_read_encrypt(STR("\n\011c"), test_arena(), &lock), CORRUPT);
	CHECK_STATUS(message_read_decrypt(STR("\n\003abc"), &plain), OK);
	CHECK_STR(plain, "abc");
	CHECK_STATUS(message_read_decrypt(STR("\n\004abc"), &plain), CORRUPT);
}
