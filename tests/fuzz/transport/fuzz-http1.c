/*
 * HTTP/1.1 from a stranger, to a server and to a client (tests/fuzz/transport/stranger.h).
 */
#include "tests/fuzz/transport/stranger.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	stranger_talk(http1_new, str_of(at, len));
	return 0;
}
