/*
 * From claims to users: mappings, expressions, rules, and what is wrong with them.
 */
#include "actors/authentication/issuer-rules.h"
#include "datastore/object/json.h"
#include "tests/lib/test.h"

static enum status read_rules(const char *json, struct issuer_rules *out, struct fault *why)
{
	static const char head[] = "{\"kind\":\"AuthenticationConfiguration\",\"apiVersion\":"
				   "\"apiserver.config.k8s.io/v1\",\"jwt\":[";
	struct str text = arena_printf(test_arena(), "%s%s]}", head, json);
	const struct apiserver_authentication_configuration *file;
	void *record;

	CHECK_STATUS(json_decode(&apiserver_authentication_configuration_type, text, test_arena(),
				 (struct json_options){ 0 }, &record, NULL),
		     OK);
	file = record;
	return issuer_rules_read(&file->jwt.at[0], STR("jwt[0]"), test_arena(), out, why);
}

/* The user as one line, or the words. */
static struct str apply(const struct issuer_rules *rules, const char *json)
{
	struct text out = text_in(test_arena(), 4096);
	struct fault why = { 0 };
	struct user user = { .extra_count = 0 };
	struct value *claims = arena_new_of(test_arena(), struct value);

	CHECK_STATUS(value_parse(str_from(json), test_arena(), claims), OK);
	if (issuer_rules_apply(rules, claims, test_arena(), &user, &why) != OK)
		return arena_printf(test_arena(), "%s", why.text);
	text_printf(&out, STR_FMT "/" STR_FMT, STR_ARG(user.name), STR_ARG(user.uid));
	for (uint32_t i = 0; i < user.group_count; i++)
		text_printf(&out, " " STR_FMT, STR_ARG(user.groups[i]));
	for (uint32_t i = 0; i < user.extra_count; i++)
		for (uint32_t j = 0; j < user.extra[i].value_count; j++)
			text_printf(&out, " " STR_FMT "=" STR_FMT, STR_ARG(user.extra[i].key),
				    STR_ARG(user.extra[i].values[j]));
	return text_str(&out);
}

TEST(claims_become_a_user_by_their_names)
{
	static const struct {
		const char *claims, *user;
	} cases[] = {
		{ "{\"sub\":\"jane\"}", "p:jane/" },
		{ "{\"sub\":\"jane\",\"groups\":\"a\"}", "p:jane/ g-a" },
		{ "{\"sub\":\"jane\",\"groups\":[\"a\",\"b\"],\"jti\":\"1\"}",
		  "p:jane/ g-a g-b authentication.kubernetes.io/credential-id=JTI=1" },
		{ "{\"sub\":\"jane\",\"groups\":[]}", "p:jane/" },
		{ "{\"sub\":\"jane\",\"groups\":[\"a\",1]}",
		  "oidc: parse groups claim \"groups\": it is neither a string nor a list of "
		  "strings" },
		{ "{\"sub\":\"\"}", "oidc: the username is empty" },
		{ "{\"sub\":1}", "oidc: parse username claims \"sub\": it is no string" },
		{ "{}", "oidc: parse username claims \"sub\": claim not present" },
	};
	struct issuer_rules rules;

	CHECK_STATUS(
	    read_rules("{\"claimMappings\":{\"username\":{\"claim\":\"sub\",\"prefix\":\"p:"
		       "\"},\"groups\":{\"claim\":\"groups\",\"prefix\":\"g-\"}}}",
		       &rules, NULL),
	    OK);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_STR(apply(&rules, cases[i].claims), cases[i].user);
}

TEST(an_address_counts_only_when_it_was_verified)
{
	struct issuer_rules rules;

	CHECK_STATUS(
	    read_rules("{\"claimMappings\":{\"username\":{\"claim\":\"email\",\"prefix\":\"\"}}}",
		       &rules, NULL),
	    OK);
	CHECK_STR(apply(&rules, "{\"email\":\"a@b\"}"), "a@b/");
	CHECK_STR(apply(&rules, "{\"email\":\"a@b\",\"email_verified\":true}"), "a@b/");
	CHECK_STR(apply(&rules, "{\"email\":\"a@b\",\"email_verified\":false}"),
		  "oidc: email not verified");
	CHECK_STR(apply(&rules, "{\"email\":\"a@b\",\"email_verified\":\"true\"}"),
		  "oidc: parse 'email_verified' claim: it is no bool");
}

TEST(expressions_map_and_judge)
{
	static const struct {
		const char *claims, *user;
	} cases[] = {
		{ "{\"n\":\"jane\",\"r\":[\"a\",\"\"],\"o\":{\"id\":\"7\"},\"t\":\"red\"}",
		  "u-jane/7 a example.org/t=red" },
		{ "{\"n\":\"jane\",\"r\":null,\"o\":{\"id\":\"7\"},\"t\":[]}", "u-jane/7" },
		{ "{\"n\":\"jane\",\"r\":[1],\"o\":{\"id\":\"7\"},\"t\":[]}",
		  "oidc: error evaluating claim expression: expression must return a string or a "
		  "list of strings" },
		{ "{\"n\":\"jane\",\"r\":[],\"o\":{\"id\":7},\"t\":[]}",
		  "oidc: error evaluating uid claim expression: uid claim expression must return a "
		  "string" },
		{ "{\"n\":\"jane\",\"r\":[],\"t\":[]}",
		  "oidc: error evaluating uid claim expression: no such key: o" },
		{ "{\"n\":\"jane\",\"r\":[],\"o\":{\"id\":\"7\"},\"t\":[],\"bad\":true}",
		  "oidc: error evaluating claim validation expression: validation expression "
		  "'!has(claims.bad)' failed: no bad ones" },
		{ "{\"n\":\"root\",\"r\":[],\"o\":{\"id\":\"7\"},\"t\":[]}",
		  "oidc: error evaluating user info validation expression: validation expression "
		  "'user.username != 'u-root'' failed" },
		{ "{\"n\":\"jane\",\"r\":[\"x\"],\"o\":{\"id\":\"7\"},\"t\":\"v\"}",
		  "oidc: error evaluating user info validation expression: validation expression "
		  "'!has(user.groups) || !('x' in user.groups) || user.extra['example.org/t'] != "
		  "['v']' failed" },
	};
	struct issuer_rules rules;

	CHECK_STATUS(
	    read_rules(
		"{\"claimMappings\":{\"username\":{\"expression\":\"'u-' + claims.n\"},\"groups\":{"
		"\"expression\":\"claims.r\"},\"uid\":{\"expression\":\"claims.o.id\"},\"extra\":[{"
		"\"key\":\"example.org/t\",\"valueExpression\":\"claims.t\"}]},"
		"\"claimValidationRules\":[{\"expression\":\"!has(claims.bad)\",\"message\":\"no "
		"bad ones\"}],\"userValidationRules\":[{\"expression\":\"user.username != "
		"'u-root'\"},{\"expression\":\"!has(user.groups) || !('x' in user.groups) || "
		"user.extra['example.org/t'] != ['v']\"}]}",
		&rules, NULL),
	    OK);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_STR(apply(&rules, cases[i].claims), cases[i].user);
}

TEST(a_bomb_ends_at_its_limit)
{
	struct issuer_rules rules;
	struct text claims = text_in(test_arena(), 64U * KIB);

	text_lit(&claims, "{\"sub\":\"a\",\"l\":[0");
	for (int i = 0; i < 3000; i++)
		text_lit(&claims, ",0");
	text_lit(&claims, "]}");
	text_add_char(&claims, '\0');
	CHECK_STATUS(
	    read_rules(
		"{\"claimMappings\":{\"username\":{\"claim\":\"sub\",\"prefix\":\"\"}},"
		"\"claimValidationRules\":[{\"expression\":\"claims.l.all(a, claims.l.all(b, "
		"claims.l.all(c, a == b)))\"}]}",
		&rules, NULL),
	    OK);
	CHECK(str_find(apply(&rules, claims.at), STR("cost limit exceeded")) > 0);
}

TEST(what_is_wrong_with_rules_is_said_with_its_place)
{
	static const struct {
		const char *json, *words;
	} cases[] = {
		{ "{}", "jwt[0].claimMappings.username: Required value: claim or expression is "
			"required" },
		{ "{\"claimMappings\":{\"username\":{\"claim\":\"a\",\"expression\":\"b\"}}}",
		  "jwt[0].claimMappings.username: Invalid value: \"\": claim and expression can't "
		  "both be set" },
		{ "{\"claimMappings\":{\"username\":{\"claim\":\"a\"}}}",
		  "jwt[0].claimMappings.username.prefix: Required value: prefix is required when "
		  "claim is set. It can be set to an empty string to disable prefixing" },
		{ "{\"claimMappings\":{\"username\":{\"expression\":\"'a'\",\"prefix\":\"x\"}}}",
		  "jwt[0].claimMappings.username.prefix: Invalid value: \"x\": may not be "
		  "specified "
		  "when expression is set" },
		{ "{\"claimMappings\":{\"username\":{\"expression\":\"user\"}}}",
		  "jwt[0].claimMappings.username.expression: Invalid value: \"user\": compilation "
		  "failed: ERROR: <input>:1:1: undeclared reference to 'user' (in container '')" },
		{ "{\"claimMappings\":{\"username\":{\"claim\":\"a\",\"prefix\":\"\"},\"extra\":[{"
		  "\"key\":\"a\",\"valueExpression\":\"'b'\"}]}}",
		  "jwt[0].claimMappings.extra[0].key: Invalid value: \"a\": must be a "
		  "domain-prefixed path (such as \"acme.io/foo\")" },
		{ "{\"claimMappings\":{\"username\":{\"claim\":\"a\",\"prefix\":\"\"},\"extra\":[{"
		  "\"key\":\"x.k8s.io/a\",\"valueExpression\":\"'b'\"}]}}",
		  "jwt[0].claimMappings.extra[0].key: Invalid value: \"x.k8s.io/a\": k8s.io, "
		  "kubernetes.io and their subdomains are reserved for Kubernetes use" },
		{ "{\"claimMappings\":{\"username\":{\"claim\":\"a\",\"prefix\":\"\"},\"extra\":[{"
		  "\"key\":\"a.io/A\",\"valueExpression\":\"'b'\"}]}}",
		  "jwt[0].claimMappings.extra[0].key: Invalid value: \"a.io/A\": must be "
		  "lowercase" },
		{ "{\"claimMappings\":{\"username\":{\"claim\":\"a\",\"prefix\":\"\"},\"extra\":[{"
		  "\"key\":\"a.io/b\",\"valueExpression\":\"'b'\"},{\"key\":\"a.io/b\"}]}}",
		  "jwt[0].claimMappings.extra[1].key: Duplicate value: \"a.io/b\"" },
		{ "{\"claimMappings\":{\"username\":{\"claim\":\"a\",\"prefix\":\"\"},\"extra\":[{"
		  "\"key\":\"a.io/b\"}]}}",
		  "jwt[0].claimMappings.extra[0].valueExpression: Required value" },
		{ "{\"claimValidationRules\":[{}]}",
		  "jwt[0].claimValidationRules[0]: Required value: claim or expression is "
		  "required" },
		{ "{\"claimValidationRules\":[{\"claim\":\"a\",\"message\":\"m\"}]}",
		  "jwt[0].claimValidationRules[0].message: Invalid value: \"m\": may not be "
		  "specified when claim is set" },
		{ "{\"claimValidationRules\":[{\"expression\":\"true\",\"requiredValue\":\"m\"}]}",
		  "jwt[0].claimValidationRules[0].requiredValue: Invalid value: \"m\": may not be "
		  "specified when expression is set" },
		{ "{\"claimValidationRules\":[{\"claim\":\"a\"},{\"claim\":\"a\"}]}",
		  "jwt[0].claimValidationRules[1].claim: Duplicate value: \"a\"" },
		{ "{\"claimMappings\":{\"username\":{\"claim\":\"a\",\"prefix\":\"\"}},"
		  "\"userValidationRules\":[{}]}",
		  "jwt[0].userValidationRules[0].expression: Required value" },
		{ "{\"claimMappings\":{\"username\":{\"claim\":\"a\",\"prefix\":\"\"}},"
		  "\"userValidationRules\":[{\"expression\":\"true\"},{\"expression\":\"true\"}]}",
		  "jwt[0].userValidationRules[1].expression: Duplicate value: \"true\"" },
		{ "{\"claimMappings\":{\"username\":{\"claim\":\"a\",\"prefix\":\"\"}},"
		  "\"userValidationRules\":[{\"expression\":\"user.uid\"}]}",
		  "jwt[0].userValidationRules[0].expression: Invalid value: \"user.uid\": must "
		  "evaluate to bool" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct issuer_rules rules;
		struct fault why = { 0 };

		CHECK_STATUS(read_rules(cases[i].json, &rules, &why), BAD_REQUEST);
		CHECK_STR(str_from(why.text), cases[i].words);
	}
}

TEST(an_address_in_an_expression_wants_its_verification_somewhere)
{
	static const char *const good[] = {
		"{\"claimMappings\":{\"username\":{\"expression\":\"claims.email_verified ? "
		"claims.email : claims.sub\"}}}",
		"{\"claimMappings\":{\"username\":{\"expression\":\"claims.email\"}},"
		"\"claimValidationRules\":[{\"expression\":\"claims.?email_verified.orValue(true) "
		"== true\"}]}",
		"{\"claimMappings\":{\"username\":{\"expression\":\"claims.email\"},\"extra\":[{"
		"\"key\":\"a.io/v\",\"valueExpression\":\"string(claims.email_verified)\"}]}}",
	};
	static const char *const bad[] = {
		"{\"claimMappings\":{\"username\":{\"expression\":\"claims.email\"}}}",
		"{\"claimMappings\":{\"username\":{\"expression\":\"[1].map(x, "
		"claims.?email.orValue('a'))[0]\"}}}",
	};
	struct issuer_rules rules;
	struct fault why = { 0 };

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		CHECK_STATUS(read_rules(good[i], &rules, NULL), OK);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		CHECK_STATUS(read_rules(bad[i], &rules, &why), BAD_REQUEST);
		CHECK(str_find(str_from(why.text), STR("claims.email_verified must be used")) > 0);
	}
}
