#include "tests/lib/test.h"

TEST(crc32c_gives_the_published_check_value)
{
	CHECK_EQ(hash_crc32c(0, "123456789", 9), 0xE3069283U);
	CHECK_EQ(hash_crc32c(hash_crc32c(0, "1234", 4), "56789", 5), 0xE3069283U);
}
