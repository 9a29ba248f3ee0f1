#include "tests/lib/test.h"
#include "tests/unit/transport/tls/pair.h"

TEST(a_client_without_a_certificate_and_a_server_agree)
{
	struct tls_config server = pair_server_config(), client = pair_client_config();
	struct pair pair;
	struct certificate_info info;

	client.alpn = STR("http/1.1,h2");
	pair = pair_new(&client, &server, "api.example.org");
	pair_shake_hands(&pair);
	pair_check_open(&pair);
	CHECK_STR(tls_session_alpn(pair.server), "h2");
	CHECK_STR(tls_session_alpn(pair.client), "h2");
	CHECK_STR(str_from(tls_session_version(pair.client)), "TLSv1.3");
	CHECK_STATUS(tls_session_peer(pair.client, test_arena(), &info, NULL), OK);
	CHECK_STR(info.common_name, "server");
	CHECK_STATUS(tls_session_peer(pair.server, test_arena(), &info, NULL), NOT_FOUND);
	CHECK(tls_session_peer_pem(pair.server, test_arena()).at == NULL);
	pair_free(&pair);
}

TEST(without_a_common_protocol_none_is_agreed)
{
	struct tls_config server = pair_server_config(), client = pair_client_config();
	struct pair pair;

	client.alpn = STR("http/1.0");
	pair = pair_new(&client, &server, "api.example.org");
	pair_shake_hands(&pair);
	pair_check_open(&pair);
	CHECK(tls_session_alpn(pair.server).at == NULL);
	pair_free(&pair);
}

TEST(bytes_pass_both_ways_whole_and_in_order)
{
	static const uint32_t sizes[] = { 1, 100, 16384, 16385, 1000000 };
	struct tls_config server = pair_server_config(), client = pair_client_config();
	struct pair pair = pair_new(&client, &server, "api.example.org");

	pair_shake_hands(&pair);
	pair_check_open(&pair);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		pair_send_pattern(pair.client, pair.server, &pair.to_server, &pair.to_client,
				  sizes[i]);
		pair_send_pattern(pair.server, pair.client, &pair.to_client, &pair.to_server,
				  sizes[i]);
	}
	pair_free(&pair);
}

TEST(ciphertext_may_come_byte_by_byte)
{
	struct tls_config server = pair_server_config(), client = pair_client_config();
	struct pair pair = pair_new(&client, &server, "api.example.org");
	struct str plain = STR("hello"), wire;
	char out[16];
	size_t len = 0, total = 0;

	pair_shake_hands(&pair);
	CHECK_STATUS(tls_session_write(pair.client, &plain, &pair.to_server, NULL), OK);
	CHECK_EQ(plain.len, 0);
	wire = text_str(&pair.to_server);
	for (uint32_t i = 0; i < wire.len; i++) {
		struct str one = str_slice(wire, i, i + 1);

		CHECK_STATUS(tls_session_read(pair.server, &one, out + total, sizeof out - total,
					      &len, &pair.to_client, NULL),
			     OK);
		CHECK_EQ(one.len, 0);
		total += len;
	}
	CHECK_STR(str_of(out, total), "hello");
	pair_free(&pair);
}

static size_t read_into(struct pair *pair, struct str *wire, char *out, size_t size)
{
	size_t len = 0;

	CHECK_STATUS(tls_session_read(pair->server, wire, out, size, &len, &pair->to_client, NULL),
		     OK);
	CHECK_EQ(wire->len, 0);
	return len;
}

TEST(a_session_says_whether_anything_that_came_is_left_in_it)
{
	struct tls_config server = pair_server_config(), client = pair_client_config();
	struct pair pair = pair_new(&client, &server, "api.example.org");
	struct str plain = STR("hello"), wire, half;
	char out[16];

	pair_shake_hands(&pair);
	CHECK_STATUS(tls_session_write(pair.client, &plain, &pair.to_server, NULL), OK);
	wire = text_str(&pair.to_server);
	half = str_slice(wire, 0, wire.len / 2);
	wire = str_slice(wire, wire.len / 2, wire.len);
	CHECK_EQ(read_into(&pair, &half, out, sizeof out), 0);
	CHECK(!tls_session_is_drained(pair.server)); /* half a record */
	CHECK_EQ(read_into(&pair, &wire, out, 2), 2);
	CHECK(!tls_session_is_drained(pair.server)); /* the rest of it */
	CHECK_EQ(read_into(&pair, &wire, out, sizeof out), 3);
	CHECK(tls_session_is_drained(pair.server));
	CHECK_EQ(read_into(&pair, &wire, out, sizeof out), 0);
	pair_free(&pair);
}

TEST(a_full_wire_stops_the_writer_and_loses_nothing)
{
	struct tls_config server = pair_server_config(), client = pair_client_config();
	struct pair pair = pair_new(&client, &server, "api.example.org");
	struct text narrow = text_new(TLS_RECORD_BYTES - 1), wide = text_new(TLS_RECORD_BYTES);
	struct str plain = STR("hello");

	pair_shake_hands(&pair);
	CHECK_STATUS(tls_session_write(pair.client, &plain, &narrow, NULL), OK);
	CHECK_EQ(plain.len, 5);
	CHECK_EQ(narrow.len, 0);
	CHECK_STATUS(tls_session_write(pair.client, &plain, &wide, NULL), OK);
	CHECK_EQ(plain.len, 0);
	text_fini(&narrow);
	text_fini(&wide);
	pair_free(&pair);
}

/* ---- places ---- */

/* Seals bytes that begin with a number of this kind, and has the other end read them. Gives whether they were encrypted where they lay. */
static bool send_sealed(struct tls_session *from, struct tls_session *to, struct text *back,
			uint32_t len, char first)
{
	char *expected = arena_alloc(test_arena(), len), *got = arena_alloc(test_arena(), len + 1);
	struct tls_place place;
	struct text *plain = tls_place_open(&place, from);
	struct str record;
	size_t n = 0;
	bool is_there;

	for (uint32_t i = 0; i < len; i++)
		expected[i] = (char)(first + i * 7 + i / 251);
	text_add_bytes(plain, expected, len);
	CHECK(!plain->is_cut);
	CHECK_STATUS(tls_session_seal(from, &place, &record, NULL), OK);
	is_there = record.at >= place.block && record.at < place.block + TLS_RECORD_BYTES;
	for (uint32_t received = 0; received < len; received += (uint32_t)n) {
		CHECK_STATUS(tls_session_read(to, &record, got + received, len + 1 - received, &n,
					      back, NULL),
			     OK);
		CHECK(n > 0);
	}
	CHECK_EQ(record.len, 0);
	CHECK(memcmp(expected, got, len) == 0);
	tls_place_close(&place);
	return is_there;
}

TEST(a_record_is_made_where_its_plaintext_was_gathered)
{
	static const uint32_t sizes[] = { TLS_PLAIN_BYTES, 1, 100, 16320, TLS_PLAIN_BYTES };
	struct tls_config server = pair_server_config(), client = pair_client_config();
	struct pair pair = pair_new(&client, &server, "api.example.org");
	uint32_t there = 0;

	pair_shake_hands(&pair);
	pair_check_open(&pair);
	for (uint32_t i = 0; i < 50; i++) {
		uint32_t len = sizes[i % (sizeof sizes / sizeof sizes[0])];

		there +=
		    send_sealed(pair.server, pair.client, &pair.to_server, len, (char)i) ? 1 : 0;
		there +=
		    send_sealed(pair.client, pair.server, &pair.to_client, len, (char)i) ? 1 : 0;
	}
	CHECK(there >= 100 - 6); /* but for the first ones, from which that is learned */
	pair_free(&pair);
}

TEST(many_places_are_open_at_once_and_other_writes_come_between)
{
	enum { PLACES = 8 };
	struct tls_config server = pair_server_config(), client = pair_client_config();
	struct pair pair = pair_new(&client, &server, "api.example.org");
	struct tls_place places[PLACES];
	struct str records[PLACES];
	struct text got = text_new(MIB);
	char bytes[4096];
	size_t n;

	pair_shake_hands(&pair);
	for (uint32_t round = 0; round < 4; round++) {
		text_clear(&got);
		pair_send_pattern(pair.server, pair.client, &pair.to_client, &pair.to_server, 40000);
		for (uint32_t i = 0; i < PLACES; i++) {
			text_printf(tls_place_open(&places[i], pair.server), "%u,", i);
			CHECK_STATUS(tls_session_seal(pair.server, &places[i], &records[i], NULL),
				     OK);
		}
		for (uint32_t i = 0; i < PLACES; i++) {
			CHECK_STATUS(tls_session_read(pair.client, &records[i], bytes, sizeof bytes,
						      &n, &pair.to_server, NULL),
				     OK);
			text_add_bytes(&got, bytes, n);
			tls_place_close(&places[i]);
		}
		CHECK_STR(text_str(&got), "0,1,2,3,4,5,6,7,");
	}
	text_fini(&got);
	pair_free(&pair);
}

TEST(nothing_is_sealed_before_the_handshake_or_after_the_end)
{
	struct tls_config server = pair_server_config(), client = pair_client_config();
	struct pair pair = pair_new(&client, &server, "api.example.org");
	struct tls_place place;
	struct str record = STR_NONE, bad = STR("what a stranger says, which is no record at all");
	char out[16];
	size_t n;

	text_lit(tls_place_open(&place, pair.server), "early");
	CHECK_STATUS(tls_session_seal(pair.server, &place, &record, NULL), IO);
	pair_shake_hands(&pair);
	CHECK_STATUS(tls_session_seal(pair.server, &place, &record, NULL), OK);
	tls_place_close(&place);
	tls_session_close(pair.server, &pair.to_client);
	text_lit(tls_place_open(&place, pair.server), "late");
	CHECK_STATUS(tls_session_seal(pair.server, &place, &record, NULL), IO);
	CHECK_STATUS(
	    tls_session_read(pair.client, &bad, out, sizeof out, &n, &pair.to_server, NULL), IO);
	CHECK_STATUS(tls_session_seal(pair.client, &place, &record, NULL), IO);
	tls_place_close(&place);
	pair_free(&pair);
}

TEST(a_writer_waits_for_the_handshake)
{
	struct tls_config server = pair_server_config(), client = pair_client_config();
	struct pair pair = pair_new(&client, &server, "api.example.org");
	struct str plain = STR("early");

	CHECK_STATUS(tls_session_write(pair.client, &plain, &pair.to_server, NULL), OK);
	CHECK_EQ(plain.len, 5);
	CHECK_EQ(pair.to_server.len, 0);
	pair_free(&pair);
}

TEST(a_close_is_seen_as_the_end_and_the_other_way_still_works)
{
	struct tls_config server = pair_server_config(), client = pair_client_config();
	struct pair pair = pair_new(&client, &server, "api.example.org");

	pair_shake_hands(&pair);
	tls_session_close(pair.client, &pair.to_server);
	CHECK_STATUS(pair_deliver(pair.server, &pair.to_server, &pair.to_client, NULL), OK);
	CHECK_EQ(tls_session_state(pair.server), TLS_ENDED);
	pair_send_pattern(pair.server, pair.client, &pair.to_client, &pair.to_server, 1000);
	tls_session_close(pair.server, &pair.to_client);
	CHECK_STATUS(pair_deliver(pair.client, &pair.to_client, &pair.to_server, NULL), OK);
	CHECK_EQ(tls_session_state(pair.client), TLS_ENDED);
	pair_free(&pair);
}

TEST(damaged_bytes_end_a_session_without_harm)
{
	struct tls_config server = pair_server_config(), client = pair_client_config();

	for (uint32_t at = 0; at < 200; at += 3) {
		struct pair pair = pair_new(&client, &server, "api.example.org");
		struct str plain = STR("0123456789012345678901234567890123456789");

		pair_shake_hands(&pair);
		CHECK_STATUS(tls_session_write(pair.client, &plain, &pair.to_server, NULL), OK);
		if (at < pair.to_server.len) {
			pair.to_server.at[at] = (char)(pair.to_server.at[at] ^ 0x40);
			pair_deliver(pair.server, &pair.to_server, &pair.to_client, NULL);
			CHECK(tls_session_state(pair.server) == TLS_FAILED || at < 5);
		}
		pair_free(&pair);
	}
}

TEST(a_stranger_who_speaks_no_tls_is_told_off)
{
	struct tls_config server = pair_server_config(), client = pair_client_config();
	struct pair pair = pair_new(&client, &server, "x");
	struct fault why;

	text_lit(&pair.to_server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	CHECK_STATUS(pair_deliver(pair.server, &pair.to_server, &pair.to_client, &why), IO);
	CHECK(strstr(why.text, "http request") != NULL);
	pair_free(&pair);
}
