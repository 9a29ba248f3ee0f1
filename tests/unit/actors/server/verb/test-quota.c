#include "tests/unit/actors/server/rig.h"

#define NS "/api/v1/namespaces/default"
#define QUOTAS NS "/resourcequotas"
#define PODS NS "/pods"
#define MAPS NS "/configmaps"
#define SERVICES NS "/services"

static struct rig_answer post(struct rig *rig, const char *path, const char *body)
{
	return rig_post(rig, path, rig_json(body));
}

static struct rig *open_with_account(void)
{
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(post(rig, NS "/serviceaccounts", "{'metadata':{'name':'default'}}"), 201);
	return rig;
}

/* As the controller leaves it when nothing is used. */
static void make_quota(struct rig *rig, const char *name, const char *spec, const char *hard,
		       const char *used)
{
	CHECK_CODE(
	    post(rig, QUOTAS,
		 rig_printf("{'metadata':{'name':'%s'},'spec':{%s'hard':{%s}}}", name, spec, hard).at),
	    201);
	CHECK_CODE(
	    rig_patch(rig, "merge", rig_printf(QUOTAS "/%s/status", name).at,
		      rig_json(rig_printf("{'status':{'hard':{%s},'used':{%s}}}", hard, used).at)),
	    200);
}

static struct str used(struct rig *rig, const char *name)
{
	return rig_at(rig_get(rig, rig_printf(QUOTAS "/%s", name).at).body, "status.used");
}

#define POD(name, resources)                                           \
	"{'metadata':{'name':'" name                                   \
	"'},'spec':{'automountServiceAccountToken':false,'containers'" \
	":[{'name':'c','image':'i','resources':{" resources "}}]}}"
#define MAP(name) "{'metadata':{'name':'" name "'}}"

TEST(what_is_made_is_charged_and_what_is_too_much_is_refused)
{
	struct rig *rig = open_with_account();

	make_quota(rig, "q", "", "'pods':'2','requests.cpu':'1'", "'pods':'0','requests.cpu':'0'");
	CHECK_CODE(post(rig, PODS, POD("a", "'requests':{'cpu':'600m'}")), 201);
	CHECK_STR(used(rig, "q"), "{\"pods\":\"1\",\"requests.cpu\":\"600m\"}");
	CHECK_FAILURE(
	    post(rig, PODS, POD("b", "'requests':{'cpu':'500m'}")), 403, "Forbidden",
	    "pods \"b\" is forbidden: exceeded quota: q, requested: requests.cpu=500m, used: "
	    "requests.cpu=600m, limited: requests.cpu=1");
	CHECK_CODE(post(rig, PODS, POD("b", "'requests':{'cpu':'400m'}")), 201);
	CHECK_FAILURE(
	    post(rig, PODS, POD("c", "'requests':{'cpu':'1m'}")), 403, "Forbidden",
	    "pods \"c\" is forbidden: exceeded quota: q, requested: pods=1,requests.cpu=1m, "
	    "used: pods=2,requests.cpu=1, limited: pods=2,requests.cpu=1");
	/* What is not limited is not looked at. */
	CHECK_CODE(post(rig, MAPS, MAP("m")), 201);
	CHECK_STR(used(rig, "q"), "{\"pods\":\"2\",\"requests.cpu\":\"1\"}");
	rig_close(rig);
}

TEST(what_was_not_made_was_not_charged)
{
	struct rig *rig = rig_open(NULL);

	make_quota(rig, "q", "", "'configmaps':'5'", "'configmaps':'0'");
	CHECK_CODE(post(rig, MAPS, MAP("a")), 201);
	CHECK_CODE(post(rig, MAPS, MAP("a")), 409);
	CHECK_CODE(post(rig, MAPS "?dryRun=All", MAP("b")), 201);
	CHECK_CODE(post(rig, MAPS, MAP("B")), 422);
	CHECK_STR(used(rig, "q"), "{\"configmaps\":\"1\"}");
	/* A change of what is there is none of what is used. */
	CHECK_CODE(rig_put(rig, MAPS "/a", rig_json("{'metadata':{'name':'a'},'data':{'x':'y'}}")),
		   200);
	CHECK_STR(used(rig, "q"), "{\"configmaps\":\"1\"}");
	rig_close(rig);
}

TEST(all_quotas_are_charged_or_none)
{
	struct rig *rig = rig_open(NULL);

	make_quota(rig, "a", "", "'configmaps':'5'", "'configmaps':'0'");
	make_quota(rig, "b", "", "'count/configmaps':'1'", "'count/configmaps':'0'");
	CHECK_CODE(post(rig, MAPS, MAP("a")), 201);
	CHECK_FAILURE(post(rig, MAPS, MAP("b")), 403, "Forbidden",
		      "configmaps \"b\" is forbidden: exceeded quota: b, requested: "
		      "count/configmaps=1, used: count/configmaps=1, limited: count/configmaps=1");
	CHECK_STR(used(rig, "a"), "{\"configmaps\":\"1\"}");
	CHECK_STR(used(rig, "b"), "{\"count/configmaps\":\"1\"}");
	rig_close(rig);
}

TEST(the_last_place_is_given_once)
{
	struct rig *rig = rig_open(NULL);
	uint32_t numbers[8], made = 0;

	make_quota(rig, "q", "", "'configmaps':'5'", "'configmaps':'0'");
	for (uint32_t i = 0; i < 8; i++)
		numbers[i] = rig_begin(
		    rig, &(struct rig_request){
			     .method = "POST",
			     .path = MAPS,
			     .body = rig_json(rig_printf("{'metadata':{'name':'m%u'}}", i).at) });
	for (uint32_t i = 0; i < 8; i++) {
		struct rig_answer answer = rig_finish(rig, numbers[i]);

		CHECK(answer.code == 201 || answer.code == 403);
		made += answer.code == 201;
	}
	CHECK_EQ(made, 5);
	CHECK_STR(used(rig, "q"), "{\"configmaps\":\"5\"}");
	CHECK_EQ(rig_count(rig_get(rig, MAPS).body, "items"), 5);
	rig_close(rig);
}

TEST(many_writers_at_once_take_turns_and_all_are_served)
{
	struct rig *rig = rig_open(NULL);
	uint32_t numbers[60];

	make_quota(rig, "q", "", "'configmaps':'100'", "'configmaps':'0'");
	make_quota(rig, "p", "", "'count/configmaps':'100'", "'count/configmaps':'0'");
	for (uint32_t i = 0; i < 60; i++)
		numbers[i] = rig_begin(
		    rig,
		    &(struct rig_request){
			.method = "POST",
			.path = MAPS,
			.body = rig_json(rig_printf("{'metadata':{'name':'m%u'}}", i % 50).at) });
	for (uint32_t i = 0; i < 60; i++)
		CHECK_CODE(rig_finish(rig, numbers[i]), i < 50 ? 201 : 409);
	CHECK_STR(used(rig, "q"), "{\"configmaps\":\"50\"}");
	CHECK_STR(used(rig, "p"), "{\"count/configmaps\":\"50\"}");
	rig_close(rig);
}

TEST(where_nobody_has_counted_yet_nothing_is_made)
{
	struct rig *rig = rig_open(NULL);

	make_quota(rig, "q", "", "'configmaps':'5','count/configmaps':'5','pods':'1'", "'pods':'0'");
	CHECK_FAILURE(post(rig, MAPS, MAP("a")), 403, "Forbidden",
		      "configmaps \"a\" is forbidden: status unknown for quota: q, resources: "
		      "configmaps,count/configmaps");
	rig_close(rig);
}

TEST(where_cpu_or_memory_is_limited_each_container_says_what_it_takes)
{
	struct rig *rig = open_with_account();

	make_quota(rig, "q", "", "'limits.memory':'1Gi','requests.cpu':'1'",
		   "'limits.memory':'0','requests.cpu':'0'");
	CHECK_FAILURE(
	    post(rig, PODS, POD("a", "'requests':{'memory':'1Mi'}")), 403, "Forbidden",
	    "pods \"a\" is forbidden: failed quota: q: must specify limits.memory for: c; "
	    "requests.cpu for: c");
	CHECK_CODE(post(rig, PODS, POD("a", "'requests':{'cpu':'1m'},'limits':{'memory':'1Mi'}")),
		   201);
	CHECK_STR(used(rig, "q"), "{\"limits.memory\":\"1Mi\",\"requests.cpu\":\"1m\"}");
	rig_close(rig);
}

TEST(a_quota_of_some_scope_lets_the_others_pass)
{
	struct rig *rig = open_with_account();

	make_quota(rig, "q", "'scopes':['BestEffort'],", "'pods':'0'", "'pods':'0'");
	CHECK_CODE(post(rig, PODS, POD("a", "")), 403);
	CHECK_CODE(post(rig, PODS, POD("a", "'requests':{'cpu':'1m'}")), 201);
	rig_close(rig);
}

TEST(a_service_is_charged_for_what_it_becomes)
{
	struct rig *rig = rig_open(NULL);

	make_quota(rig, "q", "", "'services':'1','services.nodeports':'1'",
		   "'services':'0','services.nodeports':'0'");
	CHECK_CODE(post(rig, SERVICES, "{'metadata':{'name':'s'},'spec':{'ports':[{'port':80}]}}"),
		   201);
	CHECK_CODE(rig_patch(rig, "merge", SERVICES "/s", rig_json("{'spec':{'type':'NodePort'}}")),
		   200);
	CHECK_STR(used(rig, "q"), "{\"services\":\"1\",\"services.nodeports\":\"1\"}");
	CHECK_CODE(
	    rig_patch(
		rig, "merge", SERVICES "/s",
		rig_json("{'spec':{'ports':[{'name':'a','port':80},{'name':'b','port':81}]}}")),
	    403);
	CHECK_CODE(
	    rig_patch(rig, "merge", SERVICES "/s", rig_json("{'metadata':{'labels':{'a':'b'}}}")),
	    200);
	rig_close(rig);
}
