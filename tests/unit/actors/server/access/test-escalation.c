#include "tests/unit/actors/server/access/alice.h"

#define RBAC "/apis/rbac.authorization.k8s.io/v1"
#define ROLES RBAC "/namespaces/default/roles"
#define BINDINGS RBAC "/namespaces/default/rolebindings"
#define GROUP "'apiGroup':'rbac.authorization.k8s.io'"
#define PODS "{'apiGroups':[''],'resources':['pods'],'verbs':['get','list']}"
#define SECRETS "{'apiGroups':[''],'resources':['secrets'],'verbs':['get']}"
#define REFUSED(what, lines)                                                                    \
	what " is forbidden: user \"alice\" (groups=[\"system:authenticated\"]) is attempting " \
	     "to grant RBAC permissions not currently held:\n" lines
#define NO_SECRETS "{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\"]}"

static struct rig_answer alice(struct rig *rig, const char *method, const char *path,
			       const char *body)
{
	return rig_as(rig, "alice", method, path, body);
}

#define ROLE(name, rules) "{'metadata':{'name':'" name "'},'rules':[" rules "]}"
#define BINDING(name, kind, role, subject)                                                     \
	"{'metadata':{'name':'" name "'},'roleRef':{" GROUP ",'kind':'" kind "','name':'" role \
	"'},'subjects':[{" GROUP ",'kind':'User','name':'" subject "'}]}"

/* Alice may write all of RBAC's objects, and reads pods; cluster-wide she holds nothing else. */
static struct rig *open_with_alice(void)
{
	return alice_open("{'apiGroups':['rbac.authorization.k8s.io'],'resources':['roles',"
			  "'rolebindings','clusterroles','clusterrolebindings'],'verbs':["
			  "'get','list','create','update','patch','delete']}," PODS);
}

/* One more right for Alice, everywhere. */
static void let_alice(struct rig *rig, const char *name, const char *rule)
{
	CHECK_CODE(rig_as(rig, NULL, "POST", RBAC "/clusterroles",
			  rig_printf("{'metadata':{'name':'%s'},'rules':[%s]}", name, rule).at),
		   201);
	CHECK_CODE(
	    rig_as(rig, NULL, "POST", RBAC "/clusterrolebindings",
		   rig_printf(BINDING("alice-%s", "ClusterRole", "%s", "alice"), name, name).at),
	    201);
}

TEST(a_role_may_grant_what_its_writer_holds)
{
	struct rig *rig = open_with_alice();

	CHECK_CODE(alice(rig, "POST", ROLES, ROLE("a", PODS)), 201);
	CHECK_CODE(alice(rig, "POST", RBAC "/clusterroles", ROLE("a", PODS)), 201);
	CHECK_FAILURE(alice(rig, "POST", ROLES, ROLE("b", PODS "," SECRETS)), 403, "Forbidden",
		      REFUSED("roles.rbac.authorization.k8s.io \"b\"", NO_SECRETS));
	CHECK_FAILURE(alice(rig, "POST", RBAC "/clusterroles", ROLE("b", SECRETS)), 403, "Forbidden",
		      REFUSED("clusterroles.rbac.authorization.k8s.io \"b\"", NO_SECRETS));
	CHECK_CODE(rig_as(rig, NULL, "POST", ROLES, ROLE("b", SECRETS)), 201); /* a master may */
	rig_close(rig);
}

TEST(each_way_to_write_a_role_is_judged)
{
	struct rig *rig = open_with_alice();
	const char *refused = REFUSED("roles.rbac.authorization.k8s.io \"a\"", NO_SECRETS);

	/* PUT creates what is missing. */
	CHECK_FAILURE(alice(rig, "PUT", ROLES "/a", ROLE("a", SECRETS)), 403, "Forbidden", refused);
	CHECK_CODE(alice(rig, "PUT", ROLES "/a", ROLE("a", PODS)), 201);
	CHECK_FAILURE(alice(rig, "PUT", ROLES "/a", ROLE("a", SECRETS)), 403, "Forbidden", refused);
	CHECK_FAILURE(rig_ask_of(rig, .method = "PATCH", .path = ROLES "/a", .user = "alice",
				 .type = "application/merge-patch+json",
				 .body = rig_json("{'rules':[" SECRETS "]}")),
		      403, "Forbidden", refused);
	CHECK_FAILURE(alice(rig, "POST", ROLES "?dryRun=All", ROLE("a", SECRETS)), 403, "Forbidden",
		      refused);
	CHECK_CODE(alice(rig, "PUT", ROLES "/a", ROLE("a", "")), 200);
	rig_close(rig);
}

TEST(rights_in_a_namespace_may_be_given_there_only)
{
	struct rig *rig = open_with_alice();

	CHECK_CODE(rig_as(rig, NULL, "POST", "/api/v1/namespaces", "{'metadata':{'name':'other'}}"),
		   201);
	CHECK_CODE(rig_as(rig, NULL, "POST", ROLES, ROLE("secrets", SECRETS)), 201);
	CHECK_CODE(
	    rig_as(rig, NULL, "POST", BINDINGS, BINDING("alice", "Role", "secrets", "alice")), 201);
	CHECK_CODE(alice(rig, "POST", ROLES, ROLE("mine", SECRETS)), 201);
	CHECK_CODE(alice(rig, "POST", RBAC "/namespaces/other/roles", ROLE("mine", SECRETS)), 403);
	CHECK_CODE(alice(rig, "POST", RBAC "/clusterroles", ROLE("mine", SECRETS)), 403);
	rig_close(rig);
}

TEST(who_may_escalate_grants_anything)
{
	struct rig *rig = open_with_alice();

	let_alice(rig, "escalates",
		  "{'apiGroups':['rbac.authorization.k8s.io'],'resources':["
		  "'roles'],'verbs':['escalate'],'resourceNames':['one']}");
	CHECK_CODE(rig_as(rig, NULL, "POST", ROLES, ROLE("one", "")), 201);
	CHECK_CODE(rig_as(rig, NULL, "POST", ROLES, ROLE("two", "")), 201);
	CHECK_CODE(alice(rig, "PUT", ROLES "/one", ROLE("one", SECRETS)), 200);
	CHECK_CODE(alice(rig, "PUT", ROLES "/two", ROLE("two", SECRETS)), 403);
	/* A create has no name to be judged by: a right for one name is none for it. */
	CHECK_CODE(rig_as(rig, NULL, "DELETE", ROLES "/one", NULL), 200);
	CHECK_CODE(alice(rig, "POST", ROLES, ROLE("one", SECRETS)), 403);
	/* Of a role is not of a cluster role. */
	CHECK_CODE(alice(rig, "POST", RBAC "/clusterroles", ROLE("one", SECRETS)), 403);
	rig_close(rig);
}

#define AGGREGATED(rules)                                                                      \
	"{'metadata':{'name':'g'},'aggregationRule':{'clusterRoleSelectors':[{'matchLabels':{" \
	"'a':'b'}}]},'rules':[" rules "]}"

TEST(only_who_holds_everything_lets_a_role_gather_others)
{
	struct rig *rig = open_with_alice();
	const char *refused =
	    "clusterroles.rbac.authorization.k8s.io \"g\" is forbidden: must have "
	    "cluster-admin privileges to use the aggregationRule";

	CHECK_FAILURE(alice(rig, "POST", RBAC "/clusterroles", AGGREGATED("")), 403, "Forbidden",
		      refused);
	CHECK_CODE(rig_as(rig, NULL, "POST", RBAC "/clusterroles", AGGREGATED("")), 201);
	/* What gathered before is not hers to turn into one that does not. */
	CHECK_FAILURE(alice(rig, "PUT", RBAC "/clusterroles/g", ROLE("g", PODS)), 403, "Forbidden",
		      refused);
	let_alice(rig, "everything",
		  "{'apiGroups':['*'],'resources':['*'],'verbs':['*']},"
		  "{'nonResourceURLs':['*'],'verbs':['*']}");
	CHECK_CODE(alice(rig, "PUT", RBAC "/clusterroles/g", AGGREGATED(SECRETS)), 200);
	rig_close(rig);
}

TEST(the_controller_that_gathers_may)
{
	struct rig *rig = open_with_alice();
	const char *who = "system:serviceaccount:kube-system:clusterrole-aggregation-controller";

	CHECK_CODE(rig_as(rig, NULL, "POST", RBAC "/clusterroles", AGGREGATED("")), 201);
	CHECK_CODE(
	    rig_as(rig, NULL, "POST", RBAC "/clusterroles",
		   ROLE("aggregation", "{'apiGroups':['rbac.authorization.k8s.io'],'resources':["
				       "'clusterroles'],'verbs':['escalate','get','list','patch',"
				       "'update','watch']}")),
	    201);
	CHECK_CODE(rig_as(rig, NULL, "POST", RBAC "/clusterrolebindings",
			  "{'metadata':{'name':'aggregation'},'roleRef':{" GROUP
			  ",'kind':'ClusterRole',"
			  "'name':'aggregation'},'subjects':[{'kind':'ServiceAccount','namespace':"
			  "'kube-system','name':'clusterrole-aggregation-controller'}]}"),
		   201);
	CHECK_CODE(rig_as(rig, who, "PUT", RBAC "/clusterroles/g", AGGREGATED(SECRETS)), 200);
	rig_close(rig);
}

TEST(whoever_sees_to_owners_and_finalizers_need_not_hold_the_rights)
{
	struct rig *rig = open_with_alice();
	const char *type = "application/merge-patch+json";

	CHECK_CODE(rig_as(rig, NULL, "POST", ROLES, ROLE("a", SECRETS)), 201);
	CHECK_CODE(rig_as(rig, NULL, "POST", BINDINGS, BINDING("a", "Role", "a", "bob")), 201);
	CHECK_CODE(
	    rig_ask_of(rig, .method = "PATCH", .path = ROLES "/a", .user = "alice", .type = type,
		       .body = rig_json("{'metadata':{'finalizers':['x/y'],'ownerReferences':[{"
					"'apiVersion':'v1','kind':'Pod','name':'p','uid':'1'}]}}")),
	    200);
	CHECK_CODE(rig_ask_of(rig, .method = "PATCH", .path = BINDINGS "/a", .user = "alice",
			      .type = type, .body = rig_json("{'metadata':{'finalizers':['x/y']}}")),
		   200);
	CHECK_CODE(rig_ask_of(rig, .method = "PATCH", .path = ROLES "/a", .user = "alice",
			      .type = type, .body = rig_json("{'metadata':{'labels':{'x':'y'}}}")),
		   403);
	CHECK_CODE(rig_ask_of(rig, .method = "PATCH", .path = BINDINGS "/a", .user = "alice",
			      .type = type, .body = rig_json("{'metadata':{'labels':{'x':'y'}}}")),
		   403);
	rig_close(rig);
}

/* ---- bindings ---------------------------------------------------------------------------------------------- */

TEST(a_binding_may_name_a_role_that_grants_no_more_than_its_writer_holds)
{
	struct rig *rig = open_with_alice();

	CHECK_CODE(rig_as(rig, NULL, "POST", ROLES, ROLE("pods", PODS)), 201);
	CHECK_CODE(rig_as(rig, NULL, "POST", RBAC "/clusterroles", ROLE("secrets", SECRETS)), 201);
	CHECK_CODE(alice(rig, "POST", BINDINGS, BINDING("a", "Role", "pods", "bob")), 201);
	CHECK_FAILURE(alice(rig, "POST", BINDINGS, BINDING("b", "ClusterRole", "secrets", "alice")),
		      403, "Forbidden",
		      REFUSED("rolebindings.rbac.authorization.k8s.io \"b\"", NO_SECRETS));
	CHECK_FAILURE(alice(rig, "POST", RBAC "/clusterrolebindings",
			    BINDING("b", "ClusterRole", "secrets", "alice")),
		      403, "Forbidden",
		      REFUSED("clusterrolebindings.rbac.authorization.k8s.io \"b\"", NO_SECRETS));
	rig_close(rig);
}

TEST(a_subject_is_added_by_who_may_make_the_binding)
{
	struct rig *rig = open_with_alice();

	CHECK_CODE(rig_as(rig, NULL, "POST", ROLES, ROLE("secrets", SECRETS)), 201);
	CHECK_CODE(rig_as(rig, NULL, "POST", BINDINGS, BINDING("b", "Role", "secrets", "bob")), 201);
	CHECK_FAILURE(alice(rig, "PUT", BINDINGS "/b", BINDING("b", "Role", "secrets", "alice")),
		      403, "Forbidden",
		      REFUSED("rolebindings.rbac.authorization.k8s.io \"b\"", NO_SECRETS));
	rig_close(rig);
}

TEST(who_may_bind_binds_what_he_does_not_hold)
{
	struct rig *rig = open_with_alice();

	CHECK_CODE(rig_as(rig, NULL, "POST", RBAC "/clusterroles", ROLE("secrets", SECRETS)), 201);
	CHECK_CODE(rig_as(rig, NULL, "POST", RBAC "/clusterroles", ROLE("others", SECRETS)), 201);
	/* In one namespace, one role. */
	CHECK_CODE(
	    rig_as(rig, NULL, "POST", ROLES,
		   ROLE("binds", "{'apiGroups':['rbac.authorization.k8s.io'],'resources':["
				 "'clusterroles'],'verbs':['bind'],'resourceNames':['secrets']}")),
	    201);
	CHECK_CODE(rig_as(rig, NULL, "POST", BINDINGS, BINDING("binds", "Role", "binds", "alice")),
		   201);
	CHECK_CODE(alice(rig, "POST", BINDINGS, BINDING("b", "ClusterRole", "secrets", "bob")), 201);
	CHECK_CODE(alice(rig, "POST", BINDINGS, BINDING("c", "ClusterRole", "others", "bob")), 403);
	CHECK_CODE(alice(rig, "POST", RBAC "/clusterrolebindings",
			 BINDING("b", "ClusterRole", "secrets", "bob")),
		   403);
	rig_close(rig);
}

TEST(a_binding_to_no_role_is_for_those_who_may_bind_it)
{
	struct rig *rig = open_with_alice();

	CHECK_FAILURE(alice(rig, "POST", BINDINGS, BINDING("b", "Role", "none", "bob")), 404,
		      "NotFound", "roles.rbac.authorization.k8s.io \"none\" not found");
	CHECK_FAILURE(alice(rig, "POST", BINDINGS, BINDING("b", "ClusterRole", "none", "bob")), 404,
		      "NotFound", "clusterroles.rbac.authorization.k8s.io \"none\" not found");
	CHECK_FAILURE(alice(rig, "POST", BINDINGS, BINDING("b", "Cat", "none", "bob")), 500, "",
		      "unsupported role reference kind: \"Cat\"");
	CHECK_CODE(rig_as(rig, NULL, "POST", BINDINGS, BINDING("b", "Role", "none", "bob")), 201);
	CHECK_CODE(rig_as(rig, NULL, "POST", BINDINGS, BINDING("c", "Cat", "none", "bob")), 422);
	rig_close(rig);
}

TEST(the_role_of_a_binding_stays)
{
	struct rig *rig = open_with_alice();

	CHECK_CODE(rig_as(rig, NULL, "POST", BINDINGS, BINDING("b", "Role", "one", "bob")), 201);
	CHECK_FAILURE(
	    rig_as(rig, NULL, "PUT", BINDINGS "/b", BINDING("b", "Role", "two", "bob")), 422,
	    "Invalid",
	    "RoleBinding.rbac.authorization.k8s.io \"b\" is invalid: roleRef: Invalid value: "
	    "{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"Role\",\"name\":\"two\"}: "
	    "field is immutable");
	rig_close(rig);
}

TEST(what_cannot_be_compared_in_time_is_not_granted)
{
	struct rig *rig = open_with_alice();
	struct text words = text_in(test_arena(), MIB);
	struct str all;

	for (uint32_t i = 0; i < 30; i++)
		text_printf(&words, "%s'a%u'", i ? "," : "", i);
	all = text_str(&words);
	CHECK_FAILURE(
	    alice(rig, "POST", ROLES,
		  rig_printf("{'metadata':{'name':'a'},'rules':[{'apiGroups':[" STR_FMT
			     "],'resources':[" STR_FMT "],'verbs':[" STR_FMT "]}]}",
			     STR_ARG(all), STR_ARG(all), STR_ARG(all))
		      .at),
	    403, "Forbidden",
	    "roles.rbac.authorization.k8s.io \"a\" is forbidden: its rules have more than 16384 "
	    "combinations of group, resource, verb and name to be compared with those held");
	rig_close(rig);
}
