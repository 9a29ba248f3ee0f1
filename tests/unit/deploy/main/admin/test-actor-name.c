#include "deploy/main/admin/actor-name.h"

#include "datastore/object/name.h"
#include "tests/lib/test.h"

static struct str repeated(char c, uint32_t len)
{
	char *at = arena_alloc(test_arena(), len + 1U);

	memset(at, c, len);
	at[len] = '\0';
	return str_of(at, len);
}

static void check_legal(struct str name)
{
	CHECK(name.len > 0 && name.len <= 253);
	CHECK(name.at[0] != '.' && name.at[name.len - 1] != '-' && name.at[name.len - 1] != '.');
	for (uint32_t i = 0; i < name.len; i++)
		CHECK((name.at[i] >= 'a' && name.at[i] <= 'z') ||
		      (name.at[i] >= '0' && name.at[i] <= '9') || name.at[i] == '-' ||
		      name.at[i] == '.');
	CHECK(str_find(name, STR("..")) < 0 && str_find(name, STR(".-")) < 0 &&
	      str_find(name, STR("-.")) < 0);
}

TEST(a_name_is_the_node_and_the_path_made_legal)
{
	static const struct {
		const char *node, *path, *name;
	} cases[] = {
		{ "n1", NULL, "n1" },
		{ "n1", "core", "n1.core" },
		{ "edge.example.com", "core/store", "edge.example.com.core.store" },
		{ "N1", "control/Leader#3", "n1.control.leader-3" },
		{ "n1", "core/-a-/_b//", "n1.core.a.b.x.x" },
		{ "n1", "core/conn 10.0.0.1:443", "n1.core.conn-10-0-0-1-443" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct actor_names names = actor_names_in(test_arena());
		struct str path = cases[i].path ? str_from(cases[i].path) : STR_NONE;
		struct str name = actor_name(&names, str_from(cases[i].node), path);

		CHECK_STR(name, cases[i].name);
		check_legal(name);
		actor_names_fini(&names);
	}
}

TEST(names_that_would_be_the_same_are_numbered_in_the_order_they_come)
{
	struct actor_names names = actor_names_in(test_arena());

	CHECK_STR(actor_name(&names, STR("n1"), STR("core/a b")), "n1.core.a-b");
	CHECK_STR(actor_name(&names, STR("n1"), STR("core/a#b")), "n1.core.a-b-2");
	CHECK_STR(actor_name(&names, STR("n1"), STR("core/A_b")), "n1.core.a-b-3");
	actor_names_fini(&names);
}

TEST(a_name_that_is_too_long_is_cut_and_still_its_own)
{
	struct actor_names names = actor_names_in(test_arena());
	struct str one = repeated('a', 300), other = repeated('a', 301);
	struct str first = actor_name(&names, STR("n1"), one);
	struct str second = actor_name(&names, STR("n1"), other);

	check_legal(first);
	check_legal(second);
	CHECK_EQ(first.len, 253);
	CHECK(!str_eq(first, second));
	check_legal(actor_name(&names, STR("n1"), one));
	check_legal(actor_name(&names, STR("n1"), repeated('/', 400)));
	actor_names_fini(&names);
}
