#include "deploy/cluster/embedded.h"
#include "runtime/base/base.h"
#include "tests/lib/test.h"

#define NAMESPACES 4U

static struct str line_of(uint32_t number)
{
	struct str rest = embedded_objects(test_arena()), line = STR_NONE;

	for (uint32_t i = 0; i <= number; i++)
		line = str_cut(&rest, '\n');
	return line;
}

TEST(of_all_that_a_cluster_has_namespaces_come_first_and_then_the_right_to_ask_whether_it_is_ready)
{
	for (uint32_t i = 0; i < NAMESPACES; i++)
		CHECK(str_starts(line_of(i), STR("/api/v1/namespaces\t")));
	for (uint32_t i = NAMESPACES; i < NAMESPACES + 2; i++)
		CHECK(str_find(line_of(i), STR("{\"name\":\"system:public-info-viewer\"")) > 0);
}
