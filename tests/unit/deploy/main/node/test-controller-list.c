/*
 * Which controllers work: upstream's form of saying it.
 */
#include "deploy/main/node/controller-list.h"

#include "tests/lib/test.h"

static const char *const names[] = { "scheduler", "deployment", "namespace", NULL };

TEST(a_list_says_which_controllers_work_and_the_star_stands_for_those_it_does_not_name)
{
	static const struct {
		const char *list;
		bool has_deployment, has_namespace;
	} cases[] = {
		{ "*", true, true },
		{ "none", false, false },
		{ "*,-deployment", false, true },
		{ "-deployment-controller, *", false, true },
		{ "namespace", false, true },
		{ "-namespace", false, false },
		{ "deployment,-deployment,*", true, true },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fault why = { 0 };

		CHECK_STATUS(controller_list_check(cases[i].list, names, &why), OK);
		CHECK(controller_list_has(cases[i].list, "deployment") == cases[i].has_deployment);
		CHECK(controller_list_has(cases[i].list, "namespace") == cases[i].has_namespace);
		CHECK(controller_list_has(cases[i].list, "customresourcedefinition"));
	}
}

TEST(a_name_that_is_no_controllers_and_one_that_always_works_are_refused_with_words)
{
	struct fault why = { 0 };

	CHECK_STATUS(controller_list_check("*,-deploy", names, &why), BAD_REQUEST);
	CHECK_STR(str_from(why.text), "--controllers: \"deploy\" is no controller here; say *, "
				      "none, or names such as namespace and -deployment");
	CHECK_STATUS(controller_list_check("-customresourcedefinition", names, &why), BAD_REQUEST);
	CHECK_STATUS(controller_list_check("namespace,", names, &why), OK);
	CHECK_STATUS(controller_list_check(",namespace", names, &why), BAD_REQUEST);
}
