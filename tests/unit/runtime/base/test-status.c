#include "runtime/base/status.h"

#include "tests/lib/test.h"

TEST(every_status_has_a_name_a_code_and_a_text)
{
	CHECK_STR(str_from(status_name(NOT_FOUND)), "NOT_FOUND");
	CHECK_EQ(status_http(NOT_FOUND), 404);
	CHECK_STR(str_from(status_reason(NOT_FOUND)), "NotFound");
	CHECK_STR(str_from(status_reason(OK)), "");
	for (enum status status = OK; status < STATUS_COUNT; status++) {
		CHECK(status_name(status)[0] != '\0' && status_text(status)[0] != '\0');
		CHECK(status_http(status) >= 200 && status_http(status) < 600);
		CHECK((status == OK) == (status_reason(status)[0] == '\0'));
	}
}

TEST(a_fault_is_cut_to_its_place_and_nobody_needs_to_ask)
{
	struct fault why;
	char longer[1000];

	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	CHECK_STATUS(fault_set(NULL, INVALID, "a", "text"), INVALID);
	CHECK_STATUS(fault_set(&why, CONFLICT, longer, "%s", longer), CONFLICT);
	CHECK_STATUS(why.status, CONFLICT);
	CHECK_EQ(strlen(why.field), sizeof why.field - 1);
	CHECK_EQ(strlen(why.text), sizeof why.text - 1);
	CHECK_STATUS(fault_set(&why, GONE, NULL, "%d", 5), GONE);
	CHECK_STR(str_from(why.field), "");
	CHECK_STR(str_from(why.text), "5");
}

TEST(validation_faults_read_as_upstream_writes_them)
{
	struct faults faults = faults_in(test_arena());

	faults_add(&faults, FAULT_REQUIRED, STR("metadata.name"), STR_NONE,
		   "name or generateName is required");
	faults_add(&faults, FAULT_INVALID, STR("spec.replicas"), STR("-1"),
		   "must be greater than or equal to %d", 0);
	faults_add(&faults, FAULT_DUPLICATE, STR("spec.ports[1].name"), STR("\"http\""), "%s", "");
	CHECK_EQ(faults.len, 3);
	CHECK_STR(faults.at[0].message, "Required value: name or generateName is required");
	CHECK_STR(faults.at[1].message, "Invalid value: -1: must be greater than or equal to 0");
	CHECK_STR(faults.at[2].message, "Duplicate value: \"http\"");
	CHECK_STR(faults.at[1].field, "spec.replicas");
	CHECK_STR(str_from(fault_kind_reason(faults.at[1].kind)), "FieldValueInvalid");
}

TEST(faults_past_the_limit_are_counted_as_cut)
{
	struct faults faults = faults_in(test_arena());

	for (uint32_t i = 0; i < LIMIT_FAULTS; i++)
		faults_add(&faults, FAULT_INVALID, STR("a"), STR_NONE, "%u", i);
	CHECK(!faults.is_cut);
	faults_add(&faults, FAULT_INVALID, STR("a"), STR_NONE, "one more");
	CHECK(faults.is_cut);
	CHECK_EQ(faults.len, LIMIT_FAULTS);
	CHECK_STR(faults.at[63].message, "Invalid value: 63");
}
