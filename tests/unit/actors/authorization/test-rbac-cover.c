#include "actors/authorization/rbac-cover.h"

#include "datastore/object/json.h"
#include "tests/lib/test.h"

/* Rules as the elements of a JSON list, with ' for ". */
static struct rbac_policy_rule_list rules(const char *text)
{
	struct arena *arena = test_arena();
	struct str json = arena_printf(arena, "{\"rules\":[%s]}", text);
	void *role;

	for (uint32_t i = 0; i < json.len; i++)
		if (json.at[i] == '\'')
			((char *)(uintptr_t)json.at)[i] = '"';
	CHECK_STATUS(
	    json_decode(&rbac_role_type, json, arena, (struct json_options){ 0 }, &role, NULL), OK);
	return ((struct rbac_role *)role)->rules;
}

#define R(groups, resources, verbs) \
	"{'apiGroups':[" groups "],'resources':[" resources "],'verbs':[" verbs "]}"
#define N(groups, resources, names, verbs)                                                   \
	"{'apiGroups':[" groups "],'resources':[" resources "],'resourceNames':[" names "]," \
	"'verbs':[" verbs "]}"
#define U(urls, verbs) "{'nonResourceURLs':[" urls "],'verbs':[" verbs "]}"

static const struct {
	const char *held, *wanted, *missing;
} cases[] = {
	{ "", "", "" },
	{ "", R("''", "'pods'", ""), "" }, /* without a verb nothing is granted */
	{ "", R("''", "'pods'", "'get','list'"),
	  "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\" \"list\"]}" },
	{ R("''", "'pods'", "'get'"), R("''", "'pods'", "'get'"), "" },
	{ R("''", "'pods'", "'get'"), R("''", "'pods','nodes'", "'get','get','list'"),
	  "{APIGroups:[\"\"], Resources:[\"nodes\"], Verbs:[\"get\" \"list\"]}\n"
	  "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"list\"]}" },
	/* Two rules cover together what neither covers alone. */
	{ R("''", "'pods'", "'get'") "," R("''", "'nodes'", "'*'"),
	  R("''", "'pods','nodes'", "'get'"), "" },
	{ R("'apps'", "'pods'", "'get'"), R("''", "'pods'", "'get'"),
	  "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\"]}" },
	/* A star is covered by a star only, and stands for everything. */
	{ R("'*'", "'*'", "'*'"), R("'*'", "'pods/log'", "'*'"), "" },
	{ R("'a'", "'*'", "'get'"), R("'*'", "'*'", "'*'"),
	  "{APIGroups:[\"*\"], Resources:[\"*\"], Verbs:[\"*\"]}" },
	/* Subresources. */
	{ R("''", "'*/log'", "'get'"), R("''", "'pods/log'", "'get'"), "" },
	{ R("''", "'*/log'", "'get'"), R("''", "'pods/log/x','pods','xlog'", "'get'"),
	  "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\"]}\n"
	  "{APIGroups:[\"\"], Resources:[\"pods/log/x\"], Verbs:[\"get\"]}\n"
	  "{APIGroups:[\"\"], Resources:[\"xlog\"], Verbs:[\"get\"]}" },
	{ R("''", "'pods'", "'get'"), R("''", "'pods/log'", "'get'"),
	  "{APIGroups:[\"\"], Resources:[\"pods/log\"], Verbs:[\"get\"]}" },
	/* Names: some are less than all. */
	{ R("''", "'pods'", "'get'"), N("''", "'pods'", "'a'", "'get'"), "" },
	{ N("''", "'pods'", "'a','b'", "'get'"), N("''", "'pods'", "'b'", "'get'"), "" },
	{ N("''", "'pods'", "'a'", "'get'"), N("''", "'pods'", "'a','b'", "'get'"),
	  "{APIGroups:[\"\"], Resources:[\"pods\"], ResourceNames:[\"b\"], Verbs:[\"get\"]}" },
	{ N("''", "'pods'", "'a'", "'get'"), R("''", "'pods'", "'get'"),
	  "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\"]}" },
	{ N("''", "'pods'", "''", "'get'"), R("''", "'pods'", "'get'"),
	  "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\"]}" },
	/* Paths. */
	{ U("'/a/*'", "'get'"), U("'/a/b','/a/'", "'get'"), "" },
	{ U("'*'", "'*'"), U("'/x','*'", "'get','post'"), "" },
	{ U("'/a/*'", "'get'"), U("'/a','/a/b'", "'get','post'"),
	  "{NonResourceURLs:[\"/a\"], Verbs:[\"get\"]}\n"
	  "{NonResourceURLs:[\"/a\"], Verbs:[\"post\"]}\n"
	  "{NonResourceURLs:[\"/a/b\"], Verbs:[\"post\"]}" },
	{ R("'*'", "'*'", "'*'"), U("'/x'", "'get'"),
	  "{NonResourceURLs:[\"/x\"], Verbs:[\"get\"]}" },
};

TEST(rules_cover_what_they_say_and_no_more)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct str missing = STR_NONE;

		CHECK_STATUS(rbac_cover_missing(test_arena(), rules(cases[i].held),
						rules(cases[i].wanted), &missing),
			     OK);
		CHECK_EQ(missing.at != NULL, cases[i].missing[0] != '\0');
		CHECK_STR(missing, cases[i].missing);
	}
}

TEST(all_rights_are_those_on_resources_and_on_paths)
{
	CHECK(rbac_cover_all(rules(R("'*'", "'*'", "'*'") "," U("'*'", "'*'"))));
	CHECK(!rbac_cover_all(rules(R("'*'", "'*'", "'*'"))));
	CHECK(!rbac_cover_all(rules(U("'*'", "'*'"))));
	CHECK(!rbac_cover_all(rules(N("'*'", "'*'", "'a'", "'*'") "," U("'*'", "'*'"))));
}

/* `count` words, "a0","a1", ... */
static const char *many(uint32_t count)
{
	struct text out = text_in(test_arena(), MIB);

	for (uint32_t i = 0; i < count; i++)
		text_printf(&out, "%s'a%u'", i ? "," : "", i);
	text_add_char(&out, '\0');
	return out.at;
}

static enum status compare_many(const char *held, uint32_t count, struct str *missing)
{
	const char *words = many(count);
	struct str wanted = arena_printf(
	    test_arena(), "{'apiGroups':[%s],'resources':[%s],'verbs':[%s]}", words, words, words);

	return rbac_cover_missing(test_arena(), rules(held), rules(wanted.at), missing);
}

TEST(what_cannot_be_compared_in_time_is_not_covered)
{
	struct str missing = STR_NONE;

	CHECK_STATUS(compare_many(R("'a'", "'*'", "'*'"), 26, &missing), TOO_LARGE); /* 17,576 */
	CHECK_STATUS(compare_many(R("'a'", "'*'", "'*'"), 25, &missing), OK);        /* 15,625 */
	CHECK(missing.len > 0 && missing.len < 64 * KIB);
	/* What one rule covers whole is never taken apart. */
	missing = STR_NONE;
	CHECK_STATUS(compare_many(R("'*'", "'*'", "'*'"), 1000, &missing), OK);
	CHECK(missing.at == NULL);
}
