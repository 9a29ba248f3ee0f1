#include "tests/unit/actors/server/access/alice.h"

#include "actors/authorization/mechanisms.h"

#define RBAC "/apis/rbac.authorization.k8s.io/v1"

static struct authorizer authorizers[1];

struct rig *alice_open(const char *rules)
{
	static struct server_config config;
	struct rig *rig;

	authorizers[0] = authorization_rbac();
	config = (struct server_config){ .authorizers = authorizers, .authorizer_count = 1 };
	rig = rig_open(&config);
	CHECK_CODE(rig_as(rig, NULL, "POST", RBAC "/clusterroles",
			  rig_printf("{'metadata':{'name':'alice'},'rules':[%s]}", rules).at),
		   201);
	CHECK_CODE(rig_as(rig, NULL, "POST", RBAC "/clusterrolebindings",
			  "{'metadata':{'name':'alice'},'roleRef':{'apiGroup':"
			  "'rbac.authorization.k8s.io','kind':'ClusterRole','name':'alice'},"
			  "'subjects':[{'apiGroup':'rbac.authorization.k8s.io','kind':'User',"
			  "'name':'alice'}]}"),
		   201);
	return rig;
}
