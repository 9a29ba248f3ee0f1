#include "actors/client/quota.h"

#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "datastore/schema/apps.h"
#include "tests/lib/test.h"

static void *record_of(const struct type *type, const char *text)
{
	char *json = arena_cstr(test_arena(), str_from(text));
	void *record;

	for (char *at = json; *at; at++)
		if (*at == '\'')
			*at = '"';
	CHECK_STATUS(json_decode(type, str_from(json), test_arena(), (struct json_options){ 0 },
				 &record, NULL),
		     OK);
	record_fill(type, record, test_arena());
	return record;
}

/* "pods=1 cpu=500m", in the order found. */
static struct str uses_of(const struct type *type, const char *json)
{
	const struct wall now = { 1000 * TIME_S };
	struct quota_uses uses = quota_uses_of(type, record_of(type, json), now, test_arena());
	struct text out = text_in(test_arena(), 4 * KIB);

	for (uint32_t i = 0; i < uses.len; i++) {
		struct str amount = quantity_text(uses.at[i].amount, test_arena());

		CHECK(quota_is_of(type, uses.at[i].name));
		text_printf(&out, "%s" STR_FMT "=" STR_FMT, i ? " " : "", STR_ARG(uses.at[i].name),
			    STR_ARG(amount));
	}
	return text_str(&out);
}

#define POD (&core_pod_type)
#define SPEC(members) "{'spec':{" members "}}"
#define REQUESTS(list) "'resources':{'requests':{" list "}}"

static const struct {
	const struct type *type;
	const char *json, *uses;
} cases[] = {
	{ &apps_deployment_type, "{}", "count/deployments.apps=1" },
	{ &core_config_map_type, "{}", "count/configmaps=1 configmaps=1" },
	{ POD, SPEC("'containers':[{'name':'a'}]"), "count/pods=1 pods=1" },
	{ POD, "{'status':{'phase':'Failed'}}", "count/pods=1" },
	{ POD, "{'metadata':{'deletionTimestamp':'1970-01-01T00:16:00Z','deletionGracePeriodSeconds':30}}",
	  "count/pods=1" },
	{ POD, "{'metadata':{'deletionTimestamp':'1970-01-01T00:16:00Z','deletionGracePeriodSeconds':50}}",
	  "count/pods=1 pods=1" },
	{ POD,
	  SPEC("'containers':[{'resources':{'requests':{'cpu':'100m'},'limits':{'cpu':'1',"
	       "'nvidia.com/gpu':'1'}}},{" REQUESTS("'cpu':'200m','memory':'1Gi'") "}]"),
	  "count/pods=1 pods=1 cpu=300m requests.cpu=300m memory=1Gi requests.memory=1Gi "
	  "limits.cpu=1" },
	/* One after another, the largest counts; a sidecar stays beside what comes later. */
	{ POD,
	  SPEC("'initContainers':[{" REQUESTS("'cpu':'2'") "},{" REQUESTS(
	      "'cpu':'100m'") ",'restartPolicy':'Always'},{" REQUESTS("'cpu':'3'") "}],'containers'"
										   ":[{" REQUESTS(
										       "'cpu':'1'") "}]"),
	  "count/pods=1 pods=1 cpu=3100m requests.cpu=3100m" },
	{ POD,
	  SPEC("'containers':[{" REQUESTS(
	      "'cpu':'1','hugepages-2Mi':'4Mi','x.io/y':'2'") "}],'overhead':{"
							      "'cpu':'10m'}," REQUESTS(
								  "'cpu':'5'")),
	  "count/pods=1 pods=1 cpu=5010m requests.cpu=5010m hugepages-2Mi=4Mi "
	  "requests.hugepages-2Mi=4Mi requests.x.io/y=2" },
	{ &core_service_type, SPEC("'type':'ClusterIP','ports':[{'port':1}]"),
	  "count/services=1 services=1" },
	{ &core_service_type, SPEC("'type':'NodePort','ports':[{'port':1},{'port':2}]"),
	  "count/services=1 services=1 services.nodeports=2" },
	{ &core_service_type,
	  SPEC("'type':'LoadBalancer','allocateLoadBalancerNodePorts':false,'ports':[{'port':1},{'"
	       "port':"
	       "2,'nodePort':30000}]"),
	  "count/services=1 services=1 services.loadbalancers=1 services.nodeports=1" },
	{ &core_persistent_volume_claim_type,
	  SPEC("'storageClassName':'fast','resources':{'requests':{'storage':'1Gi'}}"),
	  "count/persistentvolumeclaims=1 persistentvolumeclaims=1 requests.storage=1Gi "
	  "fast.storageclass.storage.k8s.io/persistentvolumeclaims=1 "
	  "fast.storageclass.storage.k8s.io/requests.storage=1Gi" },
	/* What is being given to it counts before it asks for less. */
	{ &core_persistent_volume_claim_type,
	  "{'spec':{'resources':{'requests':{'storage':'1Gi'}}},'status':{'allocatedResources':{"
	  "'storage':'2Gi'}}}",
	  "count/persistentvolumeclaims=1 persistentvolumeclaims=1 requests.storage=2Gi" },
};

TEST(objects_use_what_quotas_limit)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		CHECK_STR(uses_of(cases[i].type, cases[i].json), cases[i].uses);
}

static const struct {
	const struct type *type;
	const char *name;
	bool is_of;
} names[] = {
	{ POD, "limits.memory", true },
	{ POD, "limits.x.io/y", false },
	{ POD, "requests.storage", false },
	{ POD, "services", false },
	{ POD, "count/pods", true },
	{ POD, "count/pod", false },
	{ POD, "count/pods.apps", false },
	{ &apps_deployment_type, "count/deployments.apps", true },
	{ &apps_deployment_type, "count/deployments", false },
	{ &apps_deployment_type, "count/deployments.xapps", false },
	{ &core_persistent_volume_claim_type, "a.storageclass.storage.k8s.io/requests.storage",
	  true },
	{ &core_persistent_volume_claim_type, "cpu", false },
	{ &core_service_type, "services.nodeports", true },
	{ &core_secret_type, "secrets", true },
};

TEST(each_name_of_a_quota_is_of_some_kind)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		CHECK_EQ(quota_is_of(names[i].type, str_from(names[i].name)), names[i].is_of);
}

#define SCOPE(list) SPEC("'scopes':[" list "]")
#define CLASS(operator, values)                                                               \
	SPEC("'scopeSelector':{'matchExpressions':[{'scopeName':'PriorityClass','operator':'" \
	     operator"','values':[" values "]}]}")
#define PLAIN SPEC("'containers':[{'name':'a'}]")
#define BUSY SPEC("'containers':[{" REQUESTS("'cpu':'1'") "}],'activeDeadlineSeconds':5")
#define HIGH SPEC("'priorityClassName':'high'")
#define FAR                                                                                        \
	SPEC("'affinity':{'podAntiAffinity':{'preferredDuringSchedulingIgnoredDuringExecution':[{" \
	     "'weight':1,'podAffinityTerm':{'topologyKey':'a','namespaces':['b']}}]}}")

static const struct {
	const char *quota, *pod;
	bool takes;
} scopes[] = {
	{ "{}", PLAIN, true },
	{ SCOPE("'Terminating'"), BUSY, true },
	{ SCOPE("'Terminating'"), PLAIN, false },
	{ SCOPE("'NotTerminating'"), PLAIN, true },
	{ SCOPE("'NotTerminating'"), BUSY, false },
	{ SCOPE("'BestEffort'"), PLAIN, true },
	{ SCOPE("'BestEffort'"), BUSY, false },
	{ SCOPE("'NotBestEffort'"), BUSY, true },
	{ SCOPE("'NotBestEffort','NotTerminating'"), BUSY, false },
	{ SCOPE("'PriorityClass'"), HIGH, true },
	{ SCOPE("'PriorityClass'"), PLAIN, false },
	{ CLASS("In", "'low','high'"), HIGH, true },
	{ CLASS("In", "'low'"), HIGH, false },
	{ CLASS("NotIn", "'low'"), HIGH, true },
	{ CLASS("DoesNotExist", ""), PLAIN, true },
	{ CLASS("DoesNotExist", ""), HIGH, false },
	{ SCOPE("'CrossNamespacePodAffinity'"), FAR, true },
	{ SCOPE("'CrossNamespacePodAffinity'"), PLAIN, false },
	{ SCOPE("'VolumeAttributesClass'"), PLAIN, false },
};

TEST(a_quota_takes_pods_of_its_scopes)
{
	const struct type *quota = &core_resource_quota_type;

	for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++)
		CHECK_EQ(quota_takes(record_of(quota, scopes[i].quota), POD,
				     record_of(POD, scopes[i].pod)),
			 scopes[i].takes);
	/* A scope of pods takes nothing else. */
	CHECK(!quota_takes(record_of(quota, SCOPE("'NotTerminating'")), &core_service_type,
			   record_of(&core_service_type, "{}")));
	CHECK(quota_takes(record_of(quota, SCOPE("'VolumeAttributesClass'")),
			  &core_persistent_volume_claim_type,
			  record_of(&core_persistent_volume_claim_type,
				    SPEC("'volumeAttributesClassName':'gold'"))));
}
