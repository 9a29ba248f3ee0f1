#include "datastore/object/apply/managed.h"
#include "tests/lib/test.h"

static struct meta_managed_fields_entry good_entry(void)
{
	return (struct meta_managed_fields_entry){ .manager = STR("m"),
						   .operation = STR("Apply"),
						   .api_version = STR("v1"),
						   .fields_type = STR("FieldsV1"),
						   .fields_v1 = STR("{\"f:a\":{}}") };
}

static enum status read_entry(struct meta_managed_fields_entry entry, struct fault *why)
{
	struct meta_managed_fields_entry_list list = { &entry, 1 };
	struct managed out;

	return managed_read(&list, false, test_arena(), &out, why);
}

TEST(owners_that_a_client_sends_are_refused_in_words_when_they_are_none)
{
	struct meta_managed_fields_entry cases[4];
	static const char *const words[] = { "operation must be `Apply` or `Update`",
					     "apiVersion must not be empty",
					     "fieldsType must be FieldsV1", "" };

	for (uint32_t i = 0; i < 4; i++)
		cases[i] = good_entry();
	cases[0].operation = STR("Create");
	cases[1].api_version = STR("");
	cases[2].fields_type = STR("FieldsV2");
	cases[3].fields_v1 = STR("{\"f:a\":{}");
	CHECK_STATUS(read_entry(good_entry(), NULL), OK);
	for (uint32_t i = 0; i < 4; i++) {
		struct fault why = { 0 };

		CHECK_STATUS(read_entry(cases[i], &why), BAD_REQUEST);
		CHECK(why.text[0] != '\0');
		CHECK(str_find(str_from(why.text), str_from(words[i])) >= 0);
	}
}
