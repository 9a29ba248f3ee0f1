/*
 * Certificates, requests, keys and tokens as strangers send them: read or refused, with words.
 */
#include "runtime/base/base.h"
#include "transport/tls/certificate.h"
#include "transport/tls/jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct arena *arena = arena_new(0);
	struct str input = str_of(at, len), bytes;
	struct certificate_info info;
	struct fault why;
	struct jwt jwt;

	if (certificate_read(input, arena, &info, &why) == OK)
		certificate_has_name(&info, STR("localhost"));
	if (certificate_request_read(input, arena, &info, &why) == OK)
		certificate_has_name(&info, STR("localhost"));
	if (jwt_read(input, arena, &jwt, &why) == OK)
		assert(jwt.signed_part.len < input.len);
	if (jwt_base64url_decode(input, arena, &bytes) == OK)
		assert(str_eq(jwt_base64url(bytes, arena), input));
	arena_free(arena);
	return 0;
}
