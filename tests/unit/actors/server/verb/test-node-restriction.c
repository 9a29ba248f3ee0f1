#include "actors/authorization/mechanisms.h"
#include "tests/unit/actors/server/rig.h"

#define PODS "/api/v1/namespaces/default/pods"
#define NODES "/api/v1/nodes"
#define CLAIMS "/api/v1/namespaces/default/persistentvolumeclaims"
#define ACCOUNTS "/api/v1/namespaces/default/serviceaccounts"
#define LEASES "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
#define CSI_NODES "/apis/storage.k8s.io/v1/csinodes"
#define SLICES "/apis/resource.k8s.io/v1/resourceslices"

static struct rig_answer ask(struct rig *rig, const char *node, const char *method,
			     const char *path, const char *body)
{
	return rig_ask_of(rig, .method = method, .path = path, .body = body ? rig_json(body) : NULL,
			  .type =
			      strcmp(method, "PATCH") == 0 ? "application/merge-patch+json" : NULL,
			  .user = node ? rig_printf("system:node:%s", node).at : NULL,
			  .group = node ? "system:nodes" : NULL);
}

/* As the node n1, and as the administrator. */
static struct rig_answer n1(struct rig *rig, const char *method, const char *path, const char *body)
{
	return ask(rig, "n1", method, path, body);
}

static struct rig_answer admin(struct rig *rig, const char *method, const char *path,
			       const char *body)
{
	return ask(rig, NULL, method, path, body);
}

/* Everybody may do everything: what is refused is refused by admission. */
static struct rig *open_with_nodes(void)
{
	struct rig *rig = rig_open(NULL);

	CHECK_CODE(admin(rig, "POST", ACCOUNTS, "{'metadata':{'name':'default'}}"), 201);
	CHECK_CODE(admin(rig, "POST", NODES, "{'metadata':{'name':'n1'}}"), 201);
	CHECK_CODE(admin(rig, "POST", NODES, "{'metadata':{'name':'n2'}}"), 201);
	CHECK_CODE(
	    admin(rig, "POST", "/api/v1/namespaces", "{'metadata':{'name':'kube-node-lease'}}"),
	    201);
	return rig;
}

#define CHECK_REFUSED(answer, text) CHECK_FAILURE(answer, 403, "Forbidden", text)

/* ---- nodes ------------------------------------------------------------------------------------------------- */

TEST(a_node_makes_itself_without_labels_that_steer_pods)
{
	struct rig *rig = rig_open(NULL);

	CHECK_REFUSED(
	    n1(rig, "POST", NODES, "{'metadata':{'name':'n2'}}"),
	    "nodes \"n2\" is forbidden: node \"n1\" is not allowed to modify node \"n2\"");
	CHECK_REFUSED(
	    n1(rig, "POST", NODES,
	       "{'metadata':{'name':'n1','labels':{'node-role.kubernetes.io/x':'','a':'b',"
	       "'team.node-restriction.kubernetes.io/a':'b','some.k8s.io/c':'d'}}}"),
	    "nodes \"n1\" is forbidden: node \"n1\" is not allowed to set the following "
	    "labels: node-role.kubernetes.io/x, some.k8s.io/c, "
	    "team.node-restriction.kubernetes.io/a");
	CHECK_REFUSED(
	    n1(rig, "POST", NODES,
	       "{'metadata':{'name':'n1'},'spec':{'configSource':{'configMap':{'name':'a',"
	       "'namespace':'b','kubeletConfigKey':'c'}}}}"),
	    "nodes \"n1\" is forbidden: node \"n1\" is not allowed to create pods with a "
	    "non-nil configSource");
	CHECK_CODE(
	    n1(rig, "POST", NODES,
	       "{'metadata':{'name':'n1','labels':{'kubernetes.io/hostname':'n1','a':'b',"
	       "'kubernetes.io/arch':'x','x.node.kubernetes.io/y':'z','topology.kubernetes.io/"
	       "zone':'z','kubelet.kubernetes.io/v':'','notk8s.io/x':'','mykubernetes.io/x':''"
	       "}},'spec':{'taints':[{'key':'a','effect':'NoSchedule'}]}}"),
	    201);
	rig_close(rig);
}

TEST(a_node_changes_neither_taints_nor_labels_that_steer_pods)
{
	struct rig *rig = open_with_nodes();
	const char *labels = "nodes \"n1\" is forbidden: is not allowed to modify labels: "
			     "node-restriction.kubernetes.io/a";

	CHECK_CODE(n1(rig, "PATCH", NODES "/n1", "{'metadata':{'labels':{'a':'b'}}}"), 200);
	CHECK_REFUSED(n1(rig, "PATCH", NODES "/n1",
			 "{'metadata':{'labels':{'node-restriction.kubernetes.io/a':'b'}}}"),
		      labels);
	CHECK_REFUSED(n1(rig, "PATCH", NODES "/n1/status",
			 "{'metadata':{'labels':{'node-restriction.kubernetes.io/a':'b'}}}"),
		      labels);
	CHECK_CODE(admin(rig, "PATCH", NODES "/n1",
			 "{'metadata':{'labels':{'node-restriction.kubernetes.io/a':'b'}},'spec':{"
			 "'taints':[{'key':'a','effect':'NoSchedule'}]}}"),
		   200);
	CHECK_REFUSED(n1(rig, "PATCH", NODES "/n1",
			 "{'metadata':{'labels':{'node-restriction.kubernetes.io/a':null}}}"),
		      labels);
	CHECK_REFUSED(n1(rig, "PATCH", NODES "/n1", "{'spec':{'taints':null}}"),
		      "nodes \"n1\" is forbidden: node \"n1\" is not allowed to modify taints");
	CHECK_REFUSED(
	    n1(rig, "PATCH", NODES "/n1",
	       "{'spec':{'configSource':{'configMap':{'name':'a','namespace':'b',"
	       "'kubeletConfigKey':'c'}}}}"),
	    "nodes \"n1\" is forbidden: node \"n1\" is not allowed to update configSource to "
	    "a new non-nil configSource");
	CHECK_CODE(n1(rig, "PATCH", NODES "/n1/status", "{'status':{'phase':'Running'}}"), 200);
	CHECK_REFUSED(
	    n1(rig, "PATCH", NODES "/n2/status", "{'status':{'phase':'Running'}}"),
	    "nodes \"n2\" is forbidden: node \"n1\" is not allowed to modify node \"n2\"");
	CHECK_REFUSED(
	    n1(rig, "DELETE", NODES "/n2", NULL),
	    "nodes \"n2\" is forbidden: node \"n1\" is not allowed to modify node \"n2\"");
	CHECK_CODE(n1(rig, "DELETE", NODES "/n1", NULL), 200);
	rig_close(rig);
}

TEST(a_node_without_a_name_changes_nothing)
{
	struct rig *rig = rig_open(NULL);

	CHECK_REFUSED(
	    ask(rig, "", "POST", NODES, "{'metadata':{'name':'n1'}}"),
	    "nodes \"n1\" is forbidden: could not determine node from user \"system:node:\"");
	/* The name alone makes no node. */
	CHECK_CODE(rig_ask_of(rig, .method = "POST", .path = NODES, .user = "system:node:n1",
			      .body = rig_json("{'metadata':{'name':'n2'}}")),
		   201);
	rig_close(rig);
}

/* ---- pods -------------------------------------------------------------------------------------------------- */

#define OWNER_OF(node, more) \
	"'ownerReferences':[{'apiVersion':'v1','kind':'Node','name':'" node "','uid':'%s'" more "}]"
#define CONTROLLER ",'controller':true"
#define OWNED OWNER_OF("n1", CONTROLLER)
#define ANNOTATED "'annotations':{'kubernetes.io/config.mirror':'x'}"
#define POD(metadata, spec)                                                                \
	"{'metadata':{'name':'p'," metadata "},'spec':{" spec "'containers':[{'name':'c'," \
	"'image':'i'}]}}"
#define ON_N1 "'nodeName':'n1','automountServiceAccountToken':false,"

static const struct {
	const char *pod, *why;
} pods[] = {
	{ POD("'labels':{}", ON_N1),
	  "pod does not have \"kubernetes.io/config.mirror\" annotation, "
	  "node \"n1\" can only create mirror pods" },
	{ POD(ANNOTATED, "'nodeName':'n2',"),
	  "node \"n1\" can only create pods with spec.nodeName set to itself" },
	{ POD(ANNOTATED, ON_N1),
	  "node \"n1\" can only create pods with an owner reference set to itself" },
	{ POD(ANNOTATED
	      ",'ownerReferences':[{'apiVersion':'v1','kind':'Node','name':'n1','uid':'1'}"
	      ",{'apiVersion':'v1','kind':'Node','name':'n1','uid':'2'}]",
	      ON_N1),
	  "node \"n1\" can only create pods with a single owner reference set to itself" },
	{ POD(ANNOTATED "," OWNER_OF("n2", CONTROLLER), ON_N1),
	  "node \"n1\" can only create pods with an owner reference set to itself" },
	{ POD(ANNOTATED "," OWNER_OF("n1", ""), ON_N1),
	  "node \"n1\" can only create pods with a controller owner reference set to itself" },
	{ POD(ANNOTATED "," OWNER_OF("n1", CONTROLLER ",'blockOwnerDeletion':true"), ON_N1),
	  "node \"n1\" must not set blockOwnerDeletion on an owner reference" },
	{ POD(ANNOTATED "," OWNED, ON_N1 "'volumes':[{'name':'v','configMap':{'name':'x'}}],"),
	  "node \"n1\" can not create pods that reference configmaps" },
	{ POD(ANNOTATED "," OWNED, ON_N1 "'imagePullSecrets':[{'name':'x'}],"),
	  "a mirror pod may not reference secrets" }, /* ServiceAccount is asked before */
	{ POD(ANNOTATED "," OWNED, ON_N1 "'volumes':[{'name':'v','csi':{'driver':'x','"
					 "nodePublishSecretRef':{'name':'x'}}}],"),
	  "a mirror pod may not reference secrets" },
	{ POD(ANNOTATED "," OWNED, ON_N1 "'volumes':[{'name':'v','persistentVolumeClaim':{"
					 "'claimName':'x'}}],"),
	  "node \"n1\" can not create pods that reference persistentvolumeclaims" },
	{ POD(ANNOTATED "," OWNED,
	      ON_N1 "'volumes':[{'name':'v','projected':{'sources':[{'clusterTrustBundle':{'name':"
		    "'x','path':'y'}}]}}],"),
	  "node \"n1\" can not create pods that reference clustertrustbundles" },
	{ POD(ANNOTATED "," OWNED,
	      ON_N1 "'resourceClaims':[{'name':'x','resourceClaimName':'y'}],"),
	  "node \"n1\" can not create pods that reference resourceclaims" },
	{ POD(ANNOTATED "," OWNED, ON_N1), NULL },
};

TEST(a_node_makes_mirror_pods_of_its_own_that_refer_to_nothing)
{
	struct rig *rig = open_with_nodes();
	struct str node = rig_get(rig, NODES "/n1").body;
	const char *uid = arena_cstr(test_arena(), rig_at(node, "metadata.uid"));

	for (size_t i = 0; i < sizeof pods / sizeof pods[0]; i++) {
		struct str pod = str_from(pods[i].pod);
		int64_t at = str_find(pod, STR("%s"));
		struct rig_answer answer;

		if (at >= 0)
			pod = rig_printf("%.*s%s%s", (int)at, pod.at, uid, pod.at + at + 2);
		answer = n1(rig, "POST", PODS, pod.at);
		if (pods[i].why == NULL)
			CHECK_CODE(answer, 201);
		else
			CHECK_REFUSED(answer,
				      rig_printf("pods \"p\" is forbidden: %s", pods[i].why).at);
	}
	CHECK_CODE(n1(rig, "DELETE", PODS "/p", NULL), 200);
	CHECK_REFUSED(
	    n1(rig, "POST", PODS,
	       "{'metadata':{'name':'q'," ANNOTATED ",'ownerReferences':[{'apiVersion':'v1','kind':"
	       "'Node','name':'n1','uid':'old','controller':true}]},'spec':{'nodeName':'n1',"
	       "'containers':[{'name':'c','image':'i'}]}}"),
	    rig_printf("pods \"q\" is forbidden: node n1 UID mismatch: expected old got %s", uid).at);
	rig_close(rig);
}

static void make_pods(struct rig *rig)
{
	CHECK_CODE(
	    admin(rig, "POST", PODS,
		  "{'metadata':{'name':'mine'},'spec':{'nodeName':'n1','containers':[{'name':'c"
		  "','image':'i'}],'volumes':[{'name':'v','projected':{'sources':[{"
		  "'serviceAccountToken':{'path':'t','audience':'vault'}}]}}]}}"),
	    201);
	CHECK_CODE(
	    admin(rig, "POST", PODS,
		  "{'metadata':{'name':'other'},'spec':{'nodeName':'n2','containers':[{'name':"
		  "'c','image':'i'}]}}"),
	    201);
}

TEST(a_node_tells_the_status_of_its_pods_and_no_more)
{
	struct rig *rig = open_with_nodes();

	make_pods(rig);
	CHECK_CODE(n1(rig, "PATCH", PODS "/mine/status", "{'status':{'phase':'Running'}}"), 200);
	CHECK_REFUSED(n1(rig, "PATCH", PODS "/mine/status", "{'metadata':{'labels':{'a':'b'}}}"),
		      "pods \"mine\" is forbidden: node \"n1\" cannot update labels through pod "
		      "status");
	CHECK_REFUSED(
	    n1(rig, "PATCH", PODS "/mine/status",
	       "{'status':{'resourceClaimStatuses':[{'name':'a'}]}}"),
	    "pods \"mine\" is forbidden: node \"n1\" cannot update resource claim statues");
	CHECK_REFUSED(
	    n1(rig, "PATCH", PODS "/other/status", "{'status':{'phase':'Running'}}"),
	    "pods \"other\" is forbidden: node \"n1\" can only update pod status for pods "
	    "with spec.nodeName set to itself");
	CHECK_REFUSED(
	    n1(rig, "PATCH", PODS "/mine", "{'metadata':{'labels':{'a':'b'}}}"),
	    "pods \"mine\" is forbidden: unexpected operation \"UPDATE\", node \"n1\" can "
	    "only create and delete mirror pods");
	CHECK_REFUSED(n1(rig, "PATCH", PODS "/mine/resize", "{'metadata':{}}"),
		      "pods \"mine\" is forbidden: unexpected pod subresource \"resize\", only "
		      "'status' and 'eviction' are allowed");
	CHECK_REFUSED(n1(rig, "DELETE", PODS "/other", NULL),
		      "pods \"other\" is forbidden: node \"n1\" can only delete pods with "
		      "spec.nodeName set to itself");
	rig_close(rig);
}

#define EVICTION(pod) "{'apiVersion':'policy/v1','kind':'Eviction','metadata':{'name':'" pod "'}}"
#define BINDING(pod) "{'metadata':{'name':'" pod "'},'target':{'kind':'Node','name':'n1'}}"

TEST(a_node_evicts_its_own_pods_and_takes_none)
{
	struct rig *rig = open_with_nodes();

	make_pods(rig);
	CHECK_CODE(
	    admin(rig, "POST", PODS,
		  "{'metadata':{'name':'free'},'spec':{'containers':[{'name':'c','image':'i'}]}"
		  "}"),
	    201);
	CHECK_CODE(n1(rig, "POST", PODS "/mine/eviction", EVICTION("mine")), 201);
	CHECK_REFUSED(
	    n1(rig, "POST", PODS "/other/eviction", EVICTION("other")),
	    "pods \"other\" is forbidden: node n1 can only evict pods with spec.nodeName set "
	    "to itself");
	CHECK_REFUSED(n1(rig, "POST", PODS "/free/binding", BINDING("free")),
		      "pods \"free\" is forbidden: unexpected pod subresource \"binding\", only "
		      "'status' and 'eviction' are allowed");
	CHECK_REFUSED(n1(rig, "POST", "/api/v1/namespaces/default/bindings", BINDING("free")),
		      "pods \"free\" is forbidden: unexpected pod subresource \"binding\", only "
		      "'status' and 'eviction' are allowed");
	CHECK_CODE(admin(rig, "POST", PODS "/free/binding", BINDING("free")), 201);
	rig_close(rig);
}

/* ---- tokens ------------------------------------------------------------------------------------------------ */

#define TOKEN(spec) "{'spec':{" spec "}}"
#define BOUND(pod) "'boundObjectRef':{'apiVersion':'v1','kind':'Pod','name':'" pod "','uid':'%s'}"

static struct rig_answer ask_token(struct rig *rig, const char *spec, struct str uid)
{
	struct str text = str_from(spec);
	int64_t at = str_find(text, STR("%s"));

	if (at >= 0)
		text = rig_printf("%.*s" STR_FMT "%s", (int)at, text.at, STR_ARG(uid),
				  text.at + at + 2);
	return n1(rig, "POST", ACCOUNTS "/default/token", text.at);
}

#define TOKEN_REFUSED(words) "serviceaccounts \"default\" is forbidden: " words

TEST(a_node_gets_tokens_of_its_pods_for_whom_they_want_them)
{
	struct rig *rig = open_with_nodes();
	struct str mine, other;

	make_pods(rig);
	mine = rig_at(rig_get(rig, PODS "/mine").body, "metadata.uid");
	other = rig_at(rig_get(rig, PODS "/other").body, "metadata.uid");
	CHECK_REFUSED(ask_token(rig, TOKEN(""), mine),
		      TOKEN_REFUSED("node requested token not bound to a pod"));
	CHECK_REFUSED(ask_token(rig, TOKEN(BOUND("mine")), STR("")),
		      TOKEN_REFUSED("node requested token with a pod binding without a uid"));
	CHECK_FAILURE(ask_token(rig, TOKEN(BOUND("none")), mine), 404, "NotFound",
		      "pods \"none\" not found");
	CHECK_REFUSED(
	    ask_token(rig, TOKEN(BOUND("mine")), STR("old")),
	    TOKEN_REFUSED("the UID in the bound object reference (old) does not match the "
			  "UID in record. The object might have been deleted and then "
			  "recreated"));
	CHECK_REFUSED(ask_token(rig, TOKEN(BOUND("other")), other),
		      TOKEN_REFUSED("node requested token bound to a pod scheduled on a different "
				    "node"));
	CHECK_REFUSED(ask_token(rig, TOKEN("'audiences':['a','b']," BOUND("mine")), mine),
		      TOKEN_REFUSED("node may only request 0 or 1 audiences"));
	CHECK_REFUSED(
	    ask_token(rig, TOKEN("'audiences':['bank']," BOUND("mine")), mine),
	    TOKEN_REFUSED("audience \"bank\" not found in pod spec volume, system:node:n1 is "
			  "not authorized to request tokens for this audience"));
	/* Who may: this server has no key to sign with. */
	CHECK_CODE(ask_token(rig, TOKEN("'audiences':['vault']," BOUND("mine")), mine), 501);
	CHECK_CODE(ask_token(rig, TOKEN(BOUND("mine")), mine), 501);
	rig_close(rig);
}

TEST(a_driver_of_a_pods_volume_may_want_a_token)
{
	struct rig *rig = open_with_nodes();
	struct str uid;

	CHECK_CODE(
	    admin(rig, "POST", "/apis/storage.k8s.io/v1/csidrivers",
		  "{'metadata':{'name':'d.io'},'spec':{'tokenRequests':[{'audience':'disk'}]}}"),
	    201);
	CHECK_CODE(
	    admin(rig, "POST", "/api/v1/persistentvolumes",
		  "{'metadata':{'name':'pv'},'spec':{'capacity':{'storage':'1Gi'},'accessModes':["
		  "'ReadWriteOnce'],'csi':{'driver':'d.io','volumeHandle':'h'}}}"),
	    201);
	CHECK_CODE(admin(rig, "POST", CLAIMS,
			 "{'metadata':{'name':'c'},'spec':{'volumeName':'pv','accessModes':["
			 "'ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}}}}"),
		   201);
	CHECK_CODE(
	    admin(rig, "POST", PODS,
		  "{'metadata':{'name':'p'},'spec':{'nodeName':'n1','containers':[{'name':'c','"
		  "image':'i'}],'volumes':[{'name':'v','persistentVolumeClaim':{'claimName':'c'}"
		  "}]}}"),
	    201);
	uid = rig_at(rig_get(rig, PODS "/p").body, "metadata.uid");
	CHECK_CODE(ask_token(rig, TOKEN("'audiences':['disk']," BOUND("p")), uid), 501);
	CHECK_CODE(ask_token(rig, TOKEN("'audiences':['bank']," BOUND("p")), uid), 403);
	CHECK_CODE(
	    admin(rig, "POST", PODS,
		  "{'metadata':{'name':'q'},'spec':{'nodeName':'n1','containers':[{'name':'c','"
		  "image':'i'}],'volumes':[{'name':'v','csi':{'driver':'d.io'}}]}}"),
	    201);
	uid = rig_at(rig_get(rig, PODS "/q").body, "metadata.uid");
	CHECK_CODE(ask_token(rig, TOKEN("'audiences':['disk']," BOUND("q")), uid), 501);
	rig_close(rig);
}

/* ---- the rest ---------------------------------------------------------------------------------------------- */

TEST(a_node_changes_the_status_of_claims_only)
{
	struct rig *rig = open_with_nodes();

	CHECK_CODE(
	    admin(rig, "POST", CLAIMS,
		  "{'metadata':{'name':'c'},'spec':{'accessModes':['ReadWriteOnce'],'resources':{"
		  "'requests':{'storage':'1Gi'}}}}"),
	    201);
	CHECK_CODE(
	    n1(rig, "PATCH", CLAIMS "/c/status", "{'status':{'capacity':{'storage':'2Gi'}}}"), 200);
	CHECK_REFUSED(
	    n1(rig, "PATCH", CLAIMS "/c/status", "{'metadata':{'labels':{'a':'b'}}}"),
	    "persistentvolumeclaims \"c\" is forbidden: node \"n1\" is not allowed to update "
	    "fields other than status.capacity and status.conditions");
	CHECK_REFUSED(n1(rig, "PATCH", CLAIMS "/c", "{'metadata':{'labels':{'a':'b'}}}"),
		      "persistentvolumeclaims \"c\" is forbidden: may only update PVC status");
	rig_close(rig);
}

TEST(a_node_has_one_lease_one_csi_node_and_slices_of_its_own)
{
	struct rig *rig = open_with_nodes();
	const char *lease = "{'metadata':{'name':'n1'},'spec':{'holderIdentity':'n1'}}";
	const char *others = "leases.coordination.k8s.io \"n2\" is forbidden: can only access node "
			     "lease with the same name as the requesting node";

	CHECK_CODE(n1(rig, "POST", LEASES, lease), 201);
	CHECK_CODE(n1(rig, "PATCH", LEASES "/n1", "{'spec':{'leaseDurationSeconds':40}}"), 200);
	CHECK_REFUSED(n1(rig, "POST", LEASES, "{'metadata':{'name':'n2'}}"), others);
	CHECK_CODE(admin(rig, "POST", LEASES, "{'metadata':{'name':'n2'}}"), 201);
	CHECK_REFUSED(n1(rig, "PATCH", LEASES "/n2", "{'spec':{'leaseDurationSeconds':40}}"),
		      others);
	CHECK_REFUSED(
	    n1(rig, "POST", "/apis/coordination.k8s.io/v1/namespaces/default/leases", lease),
	    "leases.coordination.k8s.io \"n1\" is forbidden: can only access leases in the "
	    "\"kube-node-lease\" system namespace");

	CHECK_CODE(n1(rig, "POST", CSI_NODES, "{'metadata':{'name':'n1'},'spec':{'drivers':[]}}"),
		   201);
	CHECK_REFUSED(
	    n1(rig, "POST", CSI_NODES, "{'metadata':{'name':'n2'},'spec':{'drivers':[]}}"),
	    "csinodes.storage.k8s.io \"n2\" is forbidden: can only access CSINode with the "
	    "same name as the requesting node");

	CHECK_REFUSED(n1(rig, "POST", SLICES,
			 "{'metadata':{'name':'s'},'spec':{'driver':'d.io','nodeName':'n2','pool':{"
			 "'name':'p','generation':1,'resourceSliceCount':1}}}"),
		      "resourceslices.resource.k8s.io \"s\" is forbidden: can only create "
		      "ResourceSlice with the same NodeName as the requesting node");
	CHECK_CODE(admin(rig, "POST", SLICES,
			 "{'metadata':{'name':'s'},'spec':{'driver':'d.io','nodeName':'n2','pool':{"
			 "'name':'p','generation':1,'resourceSliceCount':1}}}"),
		   201);
	CHECK_REFUSED(n1(rig, "DELETE", SLICES "/s", NULL),
		      "resourceslices.resource.k8s.io \"s\" is forbidden: can only delete "
		      "ResourceSlice with the same NodeName as the requesting node");
	rig_close(rig);
}
