#include "datastore/store/state/lease.h"
#include "tests/lib/test.h"

TEST(there_are_only_so_many_leases_and_each_but_once)
{
	struct leases leases = { 0 };

	for (uint64_t id = 1; id <= LIMIT_LEASES; id++)
		CHECK_STATUS(leases_add(&leases, id, 10), OK);
	CHECK_STATUS(leases_add(&leases, 5, 10), EXISTS);
	CHECK_STATUS(leases_add(&leases, LIMIT_LEASES + 1, 10), BUSY);
	leases_remove(&leases, 5);
	CHECK(leases_find(&leases, 5) == NULL);
	CHECK_STATUS(leases_add(&leases, LIMIT_LEASES + 1, 10), OK);
	CHECK_EQ(leases_count(&leases), LIMIT_LEASES);
	leases_fini(&leases);
}
