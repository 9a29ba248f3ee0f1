/*
 * HTTP/2 from a stranger, to a server and to a client (tests/fuzz/transport/stranger.h).
 */
#include "tests/fuzz/transport/stranger.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	stranger_talk(http2_new, str_of(at, len));
	return 0;
}
