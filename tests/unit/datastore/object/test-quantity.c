#include "datastore/object/quantity.h"

#include "runtime/base/base.h"
#include "tests/lib/test.h"

TEST(quantities_are_kept_as_upstream_keeps_them)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "0", "0" },
		{ "0.0", "0" },
		{ "00", "0" },
		{ "0Ki", "0" },
		{ "1", "1" },
		{ "1000m", "1" },
		{ "1.5", "1500m" },
		{ "1.234", "1.234" },
		{ "+5", "+5" },
		{ "-5", "-5" },
		{ "007", "007" },
		{ "1000", "1k" },
		{ "1000000", "1M" },
		{ "100", "100" },
		{ "0.1", "100m" },
		{ ".5", "500m" },
		{ "5.", "5." },
		{ "1024Ki", "1Mi" },
		{ "8Ki", "8Ki" },
		{ "512Mi", "512Mi" },
		{ "2048Mi", "2Gi" },
		{ "1.5Gi", "1536Mi" },
		{ "0.5Ki", "512" },
		{ "0.0001Ki", "102400u" },
		{ "1e3", "1e3" },
		{ "1E3", "1E3" },
		{ "12e6", "12e6" },
		{ "1e4", "10e3" },
		{ "1e-3", "1e-3" },
		{ "100E", "100E" },
		{ "1n", "1n" },
		{ "0.1n", "1n" },
		{ "1.0000000001", "1000000001n" },
		{ "9Ei", "9223372036854775807" },
		{ "-0.5", "-500m" },
		{ "1500Mi", "1500Mi" },
		{ "1023", "1023" },
		{ "10Mi", "10Mi" },
		{ "123456789012345678901", "123456789012345678901" },
		{ "1e+2", "100" },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str out;
		CHECK_STATUS(quantity_canonical(str_from(cases[i].in), test_arena(), &out, NULL),
			     OK);
		CHECK_STR(out, cases[i].out);
	}
}

TEST(texts_that_are_no_quantity_are_refused)
{
	static const char *const format = "quantities must match the regular expression "
					  "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
	static const struct {
		const char *in, *text;
	} cases[] = {
		{ "", NULL },    { "x", NULL },    { "1 ", NULL }, { "1.2.3", NULL },
		{ "--1", NULL }, { "1Kix", NULL }, { "1i", "" },   { "1Ke", "" },
		{ "1e", "" },    { "1K", "" },     { "1ki", "" },  { "1e3.5", NULL },
	};

	for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str out = STR_NONE;
		struct fault why;
		CHECK_STATUS(quantity_canonical(str_from(cases[i].in), test_arena(), &out, &why),
			     INVALID);
		CHECK_STR(str_from(why.text),
			  cases[i].text == NULL ? format : "unable to parse quantity's suffix");
	}
}

TEST(amounts_add_and_compare_across_suffixes)
{
	struct quantity sum = quantity_of(STR("1Gi"));
	char text[QUANTITY_TEXT];

	sum = quantity_add(sum, quantity_of(STR("512Mi")));
	CHECK_STR(quantity_print(sum, text), "1536Mi");
	sum = quantity_sub(sum, quantity_of(STR("1536Mi")));
	CHECK(quantity_is_zero(sum));
	sum = quantity_add(sum, quantity_of(STR("250m")));
	CHECK_STR(quantity_print(sum, text), "250m");
	CHECK(quantity_cmp(quantity_of(STR("1Ki")), quantity_of(STR("1k"))) > 0);
	CHECK(quantity_cmp(quantity_of(STR("1000m")), quantity_of(STR("1"))) == 0);
	CHECK(quantity_cmp(quantity_of(STR("-1")), quantity_of(STR("0"))) < 0);
}

TEST(values_are_rounded_up_and_capped)
{
	char text[QUANTITY_TEXT];

	CHECK_STR(quantity_print(quantity_from(3 * 1024, QUANTITY_BINARY), text), "3Ki");
	CHECK_STR(quantity_print(quantity_from_milli(1500, QUANTITY_DECIMAL), text), "1500m");
	CHECK_EQ(quantity_value(quantity_of(STR("1500m"))), 2);
	CHECK_EQ(quantity_value(quantity_of(STR("-1500m"))), -2);
	CHECK_EQ(quantity_milli(quantity_of(STR("1u"))), 1);
	CHECK_EQ(quantity_milli(quantity_of(STR("2"))), 2000);
	CHECK_EQ(quantity_value(quantity_of(STR("100E"))), INT64_MAX);
	CHECK_EQ(quantity_value(quantity_of(STR("1e500"))), INT64_MAX);
	CHECK_EQ(quantity_value(quantity_round_up(quantity_of(STR("1.0001")), 0)), 2);
	CHECK_EQ(quantity_value(quantity_of(STR_NONE)), 0);
	struct quantity most = quantity_of(STR("1e500"));
	CHECK(quantity_cmp(quantity_add(most, most), most) == 0);
	CHECK(quantity_is_zero(quantity_sub(most, most)));
}
