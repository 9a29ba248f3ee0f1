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
