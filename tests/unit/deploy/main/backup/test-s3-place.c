/* What is said of a place in an S3-compatible store, and what is refused before anybody is asked. */
#include "deploy/main/backup/s3-place.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/lib/test.h"

#define ENDPOINT "http://127.0.0.1:9000"

static const char *write_file(const char *text, unsigned mode)
{
	const char *path = arena_printf(test_arena(), "%s/credentials", test_folder()).at;
	FILE *file = fopen(path, "w");

	CHECK(file != NULL);
	CHECK(fputs(text, file) >= 0);
	CHECK_EQ(fclose(file), 0);
	CHECK_EQ(chmod(path, mode), 0);
	return path;
}

/* Each test is a process of its own. */
static void use_environment(const char *key_id, const char *secret, const char *region)
{
	CHECK_EQ(setenv("AWS_ACCESS_KEY_ID", key_id, 1), 0);
	CHECK_EQ(setenv("AWS_SECRET_ACCESS_KEY", secret, 1), 0);
	CHECK_EQ(setenv("AWS_REGION", region, 1), 0);
	CHECK_EQ(unsetenv("AWS_SESSION_TOKEN"), 0);
}

static enum status read_place(struct s3_words words, struct s3_place *out, struct fault *why)
{
	*out = (struct s3_place){ .tls = NULL };
	*why = (struct fault){ .status = OK };
	return s3_place_read(&words, test_arena(), out, why);
}

TEST(a_place_is_a_bucket_and_perhaps_a_prefix_at_an_endpoint)
{
	const struct {
		const char *url, *endpoint, *bucket, *prefix, *host;
	} cases[] = {
		{ "s3://b", ENDPOINT, "b", "", "127.0.0.1:9000" },
		{ "s3://b/", ENDPOINT, "b", "", "127.0.0.1:9000" },
		{ "s3://b/p/q//", ENDPOINT, "b", "p/q/", "127.0.0.1:9000" },
		{ "s3://b/p", "http://store.example:80", "b", "p/", "store.example" },
	};
	struct s3_place place;
	struct fault why;

	use_environment("id", "secret", "");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CHECK_STATUS(read_place((struct s3_words){ .url = cases[i].url,
							   .endpoint = cases[i].endpoint },
					&place, &why),
			     OK);
		CHECK_STR(place.bucket, cases[i].bucket);
		CHECK_STR(place.prefix, cases[i].prefix);
		CHECK_STR(place.host, cases[i].host);
		CHECK_STR(place.credentials.region, "us-east-1");
		CHECK_EQ(place.credentials.token.len, 0);
		CHECK(place.tls == NULL);
	}
}

TEST(credentials_are_those_of_the_file_s_first_section)
{
	const char *path = write_file("# of the lab\n[default]\n aws_access_key_id = A\n"
				      "AWS_SECRET_ACCESS_KEY=B=\n\nregion = here\n"
				      "aws_session_token = T\nelse = x\n[other]\n"
				      "aws_access_key_id = Z\n",
				      0600);
	struct s3_words words = { .url = "s3://b", .endpoint = ENDPOINT, .credentials_file = path };
	struct s3_place place;
	struct fault why;

	use_environment("id", "secret", "there"); /* not these */
	CHECK_STATUS(read_place(words, &place, &why), OK);
	CHECK_STR(place.credentials.key_id, "A");
	CHECK_STR(place.credentials.secret, "B=");
	CHECK_STR(place.credentials.token, "T");
	CHECK_STR(place.credentials.region, "here");
	words.region = "said";
	CHECK_STATUS(read_place(words, &place, &why), OK);
	CHECK_STR(place.credentials.region, "said");
}

TEST(what_is_no_place_or_says_nobody_is_refused_in_words)
{
	const char *open = write_file("aws_access_key_id = A\naws_secret_access_key = B\n", 0644);
	const struct {
		struct s3_words words;
		enum status status;
		const char *said;
	} cases[] = {
		{ { .url = "s3://", .endpoint = ENDPOINT }, BAD_REQUEST, "names no bucket" },
		{ { .url = "s3:///p", .endpoint = ENDPOINT }, BAD_REQUEST, "names no bucket" },
		{ { .url = "s3://b", .endpoint = ENDPOINT }, FORBIDDEN, "no credentials" },
		{ { .url = "s3://b", .endpoint = ENDPOINT, .credentials_file = open },
		  INVALID,
		  "others may read or change" },
		{ { .url = "s3://b", .endpoint = ENDPOINT, .credentials_file = "/nowhere/at/all" },
		  NOT_FOUND,
		  "/nowhere/at/all" },
	};
	struct s3_place place;
	struct fault why;

	use_environment("id", "", "");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		CHECK_STATUS(read_place(cases[i].words, &place, &why), cases[i].status);
		CHECK(str_find(str_from(why.text), str_from(cases[i].said)) >= 0);
	}
	struct s3_words half = { .url = "s3://b",
				 .endpoint = ENDPOINT,
				 .credentials_file = write_file("aws_access_key_id = A\n", 0600) };
	CHECK_STATUS(read_place(half, &place, &why), FORBIDDEN);
	CHECK(str_find(str_from(why.text), STR("has no aws_access_key_id and")) >= 0);

	use_environment("id", "secret", "");
	CHECK_STATUS(
	    read_place((struct s3_words){ .url = "s3://b", .endpoint = "unix:/run/s3.sock" },
		       &place, &why),
	    BAD_REQUEST);
	CHECK_STATUS(
	    read_place((struct s3_words){ .url = "s3://b", .endpoint = "not one" }, &place, &why),
	    INVALID);
	CHECK_STATUS(read_place((struct s3_words){ .url = "s3://b",
						   .endpoint = "https://127.0.0.1:9000",
						   .ca_file = "/nowhere/at/all" },
				&place, &why),
		     NOT_FOUND);
}
