#include "deploy/main/backup/s3-sign.h"
#include "tests/lib/test.h"

/* 2013-05-24T00:00:00Z, the day of the examples in AWS's public documents. */
#define DAY ((struct wall){ INT64_C(1369353600) * TIME_S })
#define HEAD                                                                           \
	"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_" \
	"request,SignedHeaders="

static const struct s3_credentials example = {
	.key_id = { "AKIAIOSFODNN7EXAMPLE", 20 },
	.secret = { "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", 40 },
	.region = { "us-east-1", 9 },
};

static struct str sign(const struct s3_credentials *credentials, const char *method,
		       const char *path, const char *query, const char *range)
{
	struct s3_signed request = { .method = method,
				     .host = STR("examplebucket.s3.amazonaws.com"),
				     .path = str_from(path),
				     .query = str_from(query),
				     .range = range ? str_from(range) : STR_NONE,
				     .hash_hex = s3_hash(STR(""), test_arena()),
				     .now = DAY };

	return s3_sign(credentials, &request, test_arena());
}

TEST(the_examples_of_the_documents_are_signed_as_there)
{
	CHECK_STR(sign(&example, "GET", "/test.txt", "", "bytes=0-9"),
		  HEAD "host;range;x-amz-content-sha256;x-amz-date,Signature="
		       "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
	CHECK_STR(sign(&example, "GET", "/", "lifecycle=", NULL),
		  HEAD "host;x-amz-content-sha256;x-amz-date,Signature="
		       "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
	CHECK_STR(sign(&example, "GET", "/", "max-keys=2&prefix=J", NULL),
		  HEAD "host;x-amz-content-sha256;x-amz-date,Signature="
		       "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(a_session_s_token_is_signed_too)
{
	struct s3_credentials session = example;

	session.token = STR("token");
	CHECK(str_find(sign(&session, "GET", "/", "", NULL), STR("x-amz-security-token")) > 0);
	CHECK(!str_eq(sign(&session, "GET", "/", "", NULL), sign(&example, "GET", "/", "", NULL)));
}
