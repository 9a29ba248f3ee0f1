#include "deploy/main/host/process.h"
#include "deploy/main/node/leader.h"
#include "tests/lib/test.h"

TEST(an_actor_that_moved_runs_in_its_own_host_and_in_no_other)
{
	struct process all = { .only = NULL }, rest = { .without = "deployment,scheduler" },
		       alone = { .only = "deployment" };

	CHECK(process_has(&all, "deployment"));
	CHECK(!process_has(&rest, "deployment"));
	CHECK(!process_has(&rest, "scheduler"));
	CHECK(process_has(&rest, "replicaset"));
	CHECK(process_has(&rest, "deploy"));
	CHECK(process_has(&alone, "deployment"));
	CHECK(!process_has(&alone, "scheduler"));
}

TEST(controllers_and_the_scheduler_may_move)
{
	const char *const *names = leader_movable(test_arena());
	uint32_t found = 0;

	for (uint32_t i = 0; names[i] != NULL; i++)
		found += strcmp(names[i], "scheduler") == 0 || strcmp(names[i], "deployment") == 0;
	CHECK_EQ(found, 2);
}
