#include "deploy/main/drill/standing.h"

#include "tests/lib/test.h"

static struct standing read_standing(const char *text)
{
	return standing_of(test_arena(), str_from(text));
}

TEST(a_status_says_who_leads_who_lives_and_how_many_may_be_lost)
{
	struct standing standing = read_standing(
	    "{\"ready\":{\"reads\":true,\"writes\":true},\"tolerance\":1,\"leader\":\"n2\","
	    "\"term\":7,"
	    "\"members\":[{\"name\":\"n1\",\"role\":\"voter\",\"alive\":true},"
	    "{\"name\":\"n2\",\"role\":\"voter\",\"alive\":true,\"api\":\"10.0.0.2:6443\"},"
	    "{\"name\":\"n3\",\"role\":\"voter\",\"alive\":false,\"api\":null},"
	    "{\"name\":\"n4\",\"role\":\"standby\",\"alive\":true}]}");

	CHECK(standing.is_ready);
	CHECK_STR(standing.leader, "n2");
	CHECK(standing.term == 7);
	CHECK(standing.tolerance == 1);
	CHECK(standing.voters == 2);
	CHECK(standing.member_count == 4);
	CHECK_STR(standing_member(&standing, STR("n2"))->api, "10.0.0.2:6443");
	CHECK(standing_member(&standing, STR("n3"))->api.at == NULL);
	CHECK(standing_member(&standing, STR("n5")) == NULL);
}

TEST(what_is_no_answer_says_nothing)
{
	static const char *const texts[] = {
		"", "null", "[]", "{\"leader\":null,\"members\":{}}", "{\"ready\":", "troupe: no"
	};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct standing standing = read_standing(texts[i]);

		CHECK(!standing.is_ready && standing.member_count == 0 && standing.leader.len == 0);
	}
}

TEST(members_beyond_the_bound_are_not_seen)
{
	struct text out = text_in(test_arena(), 64 * KIB);

	text_lit(&out, "{\"members\":[{\"name\":\"m\"}");
	for (uint32_t i = 0; i < STANDING_MEMBERS_MAX; i++)
		text_lit(&out, ",{\"name\":\"m\"}");
	text_lit(&out, "]}");
	CHECK(standing_of(test_arena(), text_str(&out)).member_count == STANDING_MEMBERS_MAX);
}

TEST(a_tree_says_which_process_a_host_is)
{
	struct str tree =
	    STR("{\"nodes\":[{\"name\":\"n1\",\"actors\":[{\"path\":\"core\",\"pid\":17},"
		"{\"path\":\"core/pid\"},{\"path\":\"control\",\"pid\":18}]},"
		"{\"name\":\"n2\",\"actors\":[{\"path\":\"core\",\"state\":\"silent\"}]}]}");

	CHECK(standing_pid(test_arena(), tree, STR("n1"), "core") == 17);
	CHECK(standing_pid(test_arena(), tree, STR("n1"), "control") == 18);
	CHECK(standing_pid(test_arena(), tree, STR("n2"), "core") == 0);
	CHECK(standing_pid(test_arena(), tree, STR("n3"), "core") == 0);
}
