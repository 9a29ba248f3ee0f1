#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/core.h"

#define VOLUME (&core_persistent_volume_type)
#define CLAIM (&core_persistent_volume_claim_type)
#define SPEC(members) "{'spec':{" members "}}"
#define SOURCE(source) SPEC("'hostPath':null," source)
#define STATUS(members) "{'status':{" members "}}"

static const char volume[] = "{'metadata':{'name':'v'},'spec':{'capacity':{'storage':'1Gi'},'"
			     "accessModes':['ReadWriteOnce'],'hostPath':{'path':'/a'}}}";

static const struct kind_case volume_cases[] = {
	{ NULL, "" },
	{ SPEC("'capacity':null,'accessModes':null"),
	  "spec.accessModes: Required value\n"
	  "spec.capacity: Required value\n"
	  "spec.capacity: Unsupported value: null: supported values: \"storage\"" },
	{ SPEC("'capacity':{'storage':'-1','cpu':'0'}"),
	  "spec.capacity: Unsupported value: {\"cpu\":\"0\",\"storage\":\"-1\"}: supported values: "
	  "\"storage\"\n"
	  "spec.capacity[cpu]: Invalid value: \"0\": must be greater than zero\n"
	  "spec.capacity[storage]: Invalid value: -1: must be a valid resource quantity\n"
	  "spec.capacity[storage]: Invalid value: \"-1\": must be greater than zero" },
	{ SPEC("'accessModes':['x','ReadWriteOncePod','ReadOnlyMany']"),
	  "spec.accessModes: Unsupported value: \"x\": supported values: \"ReadOnlyMany\", "
	  "\"ReadWriteMany\", \"ReadWriteOnce\", \"ReadWriteOncePod\"\n"
	  "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes" },
	{ SPEC("'persistentVolumeReclaimPolicy':'x','volumeMode':'y','storageClassName':'Z'"),
	  "spec.persistentVolumeReclaimPolicy: Unsupported value: \"x\": supported values: "
	  "\"Delete\", \"Recycle\", \"Retain\"\n"
	  "spec.storageClassName: Invalid value: \"Z\": a lowercase RFC 1123 subdomain must "
	  "consist of lower case alphanumeric characters, '-' or '.', and must start and end with "
	  "an alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
	  "spec.volumeMode: Unsupported value: \"y\": supported values: \"Block\", "
	  "\"Filesystem\"" },
	{ SPEC("'persistentVolumeReclaimPolicy':'Recycle','hostPath':{'path':'/a/../'}"),
	  "spec.hostPath.path: Invalid value: \"/a/../\": must not contain '..'\n"
	  "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath "
	  "mount of '/'" },
	{ SPEC("'persistentVolumeReclaimPolicy':'Recycle','hostPath':{'path':'//.'}"),
	  "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath "
	  "mount of '/'" },
	{ SPEC("'volumeAttributesClassName':''"),
	  "spec.volumeAttributesClassName: Required value: an empty string is disallowed\n"
	  "spec.csi: Required value: has to be specified when using volumeAttributesClassName" },
	{ SPEC("'nodeAffinity':{}"),
	  "spec.nodeAffinity.required: Required value: must specify required node constraints" },
	{ SPEC("'nodeAffinity':{'required':{'nodeSelectorTerms':[{'matchExpressions':[{'key':'a','"
	       "operator':'In','values':['/']}]}]}}"),
	  "spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values[0]: Invalid "
	  "value: \"/\": a valid label must be an empty string or consist of alphanumeric "
	  "characters, '-', '_' or '.', and must start and end with an alphanumeric character "
	  "(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
	  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')" },
	{ "{'metadata':{'annotations':{'volume.beta.kubernetes.io/mount-options':'x'}}}",
	  "metadata.annotations.volume.beta.kubernetes.io/mount-options: Forbidden: may not "
	  "specify mount options for this volume type" },
};

TEST(volumes_are_judged)
{
	KIND_CREATES(VOLUME, volume, volume_cases);
}

static const struct kind_case source_cases[] = {
	{ SPEC("'hostPath':null"), "spec: Required value: must specify a volume type" },
	{ SPEC("'nfs':{'server':'s','path':'/'},'cephfs':{'monitors':['m']}"),
	  "spec.nfs: Forbidden: may not specify more than 1 volume type\n"
	  "spec.cephFS: Forbidden: may not specify more than 1 volume type" },
	{ SPEC("'flexVolume':{'driver':''}"), "spec.flexVolume.driver: Required value" },
	{ SOURCE("'gcePersistentDisk':{'pdName':'','partition':256}"),
	  "spec.persistentDisk.pdName: Required value\n"
	  "spec.persistentDisk.partition: Invalid value: 256: must be between 1 and 255, "
	  "inclusive" },
	{ SOURCE("'glusterfs':{'endpoints':'','path':'','endpointsNamespace':''}"),
	  "spec.glusterfs.endpoints: Required value\n"
	  "spec.glusterfs.path: Required value\n"
	  "spec.glusterfs.endpointsNamespace: Invalid value: \"\": if the endpointnamespace is "
	  "set, it must be a valid namespace name" },
	{ SOURCE("'glusterfs':{'endpoints':'e','path':'p','endpointsNamespace':'A'}"),
	  "spec.glusterfs.endpointsNamespace: Invalid value: \"A\": a lowercase RFC 1123 label "
	  "must consist of lower case alphanumeric characters or '-', and must start and end with "
	  "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')" },
	{ SOURCE("'flocker':{}"),
	  "spec.flocker: Required value: one of datasetName and datasetUUID is required" },
	{ SOURCE("'nfs':{'server':'','path':'a'}"),
	  "spec.nfs.server: Required value\n"
	  "spec.nfs.path: Invalid value: \"a\": must be an absolute path" },
	{ SOURCE("'rbd':{'monitors':[],'image':''}"), "spec.rbd.monitors: Required value\n"
						      "spec.rbd.image: Required value" },
	{ SOURCE("'quobyte':{'registry':'x','volume':''}"),
	  "spec.quobyte.registry: Invalid value: \"x\": must be a host:port pair or multiple pairs "
	  "separated by commas\n"
	  "spec.quobyte.volume: Required value" },
	{ SOURCE(
	      "'iscsi':{'targetPortal':'a-portal-with-a-name-that-is-much-too-long-to-be-good-for-"
	      "anything-here','iqn':'x','lun':-1,'chapAuthSession':true,'initiatorName':'iqn.x'}"),
	  "spec.iscsi.lun: Invalid value: -1: must be between 0 and 255, inclusive\n"
	  "spec.iscsi.targetportal: Invalid value: "
	  "\"a-portal-with-a-name-that-is-much-too-long-to-be-good-for-anything-here\": Total "
	  "length of <volume name>:<iscsi.targetPortal> must be under 64 characters if "
	  "iscsi.initiatorName is specified.\n"
	  "spec.iscsi.iqn: Invalid value: \"x\": must be valid format\n"
	  "spec.iscsi.secretRef: Required value\n"
	  "spec.iscsi.initiatorname: Invalid value: \"iqn.x\": must be valid format" },
	{ SOURCE("'iscsi':{'targetPortal':'1.2.3.4','iqn':'','lun':0,'secretRef':{}}"),
	  "spec.iscsi.iqn: Required value\n"
	  "spec.iscsi.secretRef.name: Required value" },
	{ SOURCE("'cinder':{'volumeID':'','secretRef':{}}"),
	  "spec.cinder.volumeID: Required value\n"
	  "spec.cinder.secretRef.name: Required value\n"
	  "spec.cinder.secretRef.namespace: Required value" },
	{ SOURCE("'fc':{}"), "spec.fc.targetWWNs: Required value: must specify either targetWWNs "
			     "or wwids, but not both" },
	{ SOURCE("'azureFile':{'secretName':'','shareName':'','secretNamespace':''}"),
	  "spec.azureFile.secretName: Required value\n"
	  "spec.azureFile.shareName: Required value\n"
	  "spec.azureFile.secretNamespace: Required value" },
	{ SOURCE("'azureDisk':{'diskName':'a','diskURI':'b'}"),
	  "spec.azureDisk.diskURI: Unsupported value: \"b\": supported values: "
	  "\"https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd\"" },
	{ SOURCE("'local':{'path':'/a/../b'}"),
	  "spec.local.path: Invalid value: \"/a/../b\": must not contain '..'\n"
	  "spec.nodeAffinity: Required value: Local volume requires node affinity" },
	{ SOURCE("'storageos':{'volumeName':'A','volumeNamespace':'B','secretRef':{}}"),
	  "spec.storageos.volumeName: Invalid value: \"A\": a lowercase RFC 1123 label must "
	  "consist of lower case alphanumeric characters or '-', and must start and end with an "
	  "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n"
	  "spec.storageos.volumeNamespace: Invalid value: \"B\": a lowercase RFC 1123 label must "
	  "consist of lower case alphanumeric characters or '-', and must start and end with an "
	  "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n"
	  "spec.storageos.secretRef.name: Required value\n"
	  "spec.storageos.secretRef.namespace: Required value" },
	{ SOURCE("'csi':{'driver':'','volumeHandle':'','nodePublishSecretRef':{'name':'A'},'"
		 "controllerExpandSecretRef':{'name':'a','namespace':'B'}}"),
	  "spec.csi.driver: Required value\n"
	  "spec.csi.volumeHandle: Required value\n"
	  "spec.csi.controllerExpandSecretRef.namespace: Invalid value: \"B\": a lowercase RFC "
	  "1123 label must consist of lower case alphanumeric characters or '-', and must start "
	  "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for "
	  "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n"
	  "spec.csi.nodePublishSecretRef.name: Invalid value: \"A\": a lowercase RFC 1123 "
	  "subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
	  "start and end with an alphanumeric character (e.g. 'example.com', regex used for "
	  "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
	  "spec.csi.nodePublishSecretRef.namespace: Required value" },
};

TEST(sources_of_persistent_volumes_have_rules)
{
	KIND_CREATES(VOLUME, volume, source_cases);
}

TEST(a_new_volume_is_pending)
{
	struct kind_lab *lab = kind_lab(VOLUME);

	CHECK_STR(kind_lab_create(lab, volume, "{'status':{'phase':'Bound'}}"), "");
	CHECK_STR(kind_lab_value(lab, "status.phase"), "Pending");
	CHECK_STR(kind_lab_value(lab, "status.lastPhaseTransitionTime"), "2026-01-01T00:00:00Z");
}

static const struct kind_case warning_cases[] = {
	{ "{'metadata':{'annotations':{'volume.beta.kubernetes.io/"
	  "storage-class':'x'}},'spec':{'persistentVolumeReclaimPolicy':'Recycle','nodeAffinity':{'"
	  "required':{'nodeSelectorTerms':[{'matchExpressions':[{'key':'beta.kubernetes.io/"
	  "os','operator':'Exists'}]}]}}}}",
	  "metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; "
	  "use \"storageClassName\" attribute instead\n"
	  "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, "
	  "the recommended approach is to use dynamic provisioning.\n"
	  "spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: "
	  "beta.kubernetes.io/os is deprecated since v1.14; use \"kubernetes.io/os\" instead" },
	{ SOURCE("'rbd':{'monitors':['m'],'image':'i'}"),
	  "spec.rbd: deprecated in v1.28, non-functional in v1.31+" },
};

TEST(old_sources_of_volumes_are_warned_of)
{
	KIND_WARNS(VOLUME, volume, warning_cases);
}

static const char stored[] =
    "{'metadata':{'name':'v'},'spec':{'capacity':{'storage':'1Gi'},'accessModes':['ReadWriteOnce'],"
    "'csi':{'driver':'d','volumeHandle':'h'},'volumeAttributesClassName':'a',"
    "'nodeAffinity':{'required':{'nodeSelectorTerms':[{'matchExpressions':[{'key':'failure-domain."
    "beta.kubernetes.io/zone','operator':'In','values':['/"
    "']}]}]}}},'status':{'phase':'Available','lastPhaseTransitionTime':'2025-01-01T00:00:00Z'}}";

#define ZONES(key)                                                                                \
	SPEC("'nodeAffinity':{'required':{'nodeSelectorTerms':[{'matchExpressions':[{'key':'" key \
	     "','operator':'In','values':['/']}]}]}}")

static const struct kind_case update_cases[] = {
	{ NULL, "" },
	{ SPEC("'capacity':{'storage':'2Gi'},'claimRef':{'name':'c'}"), "" },
	{ SPEC("'csi':{'controllerExpandSecretRef':{'name':'a','namespace':'b'}}"), "" },
	{ SPEC("'csi':{'volumeHandle':'i'}"),
	  "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after "
	  "creation" },
	{ SPEC("'volumeMode':'Block'"),
	  "volumeMode: Invalid value: \"Block\": field is immutable" },
	{ ZONES("topology.kubernetes.io/zone"), "" },
	{ ZONES("topology.kubernetes.io/region"),
	  "nodeAffinity: Invalid value: "
	  "{\"required\":{\"nodeSelectorTerms\":[{\"matchExpressions\":[{\"key\":\"topology."
	  "kubernetes.io/region\",\"operator\":\"In\",\"values\":[\"/\"]}]}]}}: field is "
	  "immutable, except for updating from beta label to GA" },
	{ SPEC("'nodeAffinity':null"), "nodeAffinity: Invalid value: null: field is immutable, "
				       "except for updating from beta label to GA" },
	{ SPEC("'volumeAttributesClassName':null"),
	  "spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is "
	  "forbidden" },
	{ SPEC("'volumeAttributesClassName':'b'"), "" },
};

TEST(what_a_volume_is_made_of_stays)
{
	KIND_UPDATES(VOLUME, "", stored, update_cases);
}

static const struct {
	const char *patch, *time;
} transitions[] = {
	{ STATUS("'message':'x'"), "2025-01-01T00:00:00Z" },
	{ STATUS("'lastPhaseTransitionTime':null"), "2025-01-01T00:00:00Z" },
	{ STATUS("'phase':'Bound'"), "2026-01-01T00:00:00Z" },
	{ STATUS("'phase':'Bound','lastPhaseTransitionTime':null"), "2026-01-01T00:00:00Z" },
	{ STATUS("'phase':'Bound','lastPhaseTransitionTime':'2025-05-05T00:00:00Z'"),
	  "2025-05-05T00:00:00Z" },
};

TEST(a_change_of_phase_has_its_time)
{
	for (size_t i = 0; i < sizeof transitions / sizeof transitions[0]; i++) {
		struct kind_lab *lab = kind_lab(VOLUME);

		CHECK_STR(kind_lab_update(lab, "status", stored, transitions[i].patch), "");
		CHECK_STR(kind_lab_value(lab, "status.lastPhaseTransitionTime"),
			  transitions[i].time);
	}
}

/* ---- claims --------------------------------------------------------------------------------------------------------------- */

static const char claim[] = "{'metadata':{'name':'c'},'spec':{'accessModes':['ReadWriteOnce'],'"
			    "resources':{'requests':{'storage':'1Gi'}}}}";

static const struct kind_case claim_cases[] = {
	{ NULL, "" },
	{ SPEC("'accessModes':null,'resources':null"),
	  "spec.accessModes: Required value: at least 1 access mode is required\n"
	  "spec.resources[storage]: Required value" },
	{ SPEC("'dataSource':{'kind':'VolumeSnapshot','name':'','apiGroup':'snapshot.storage.k8s."
	       "io'}"),
	  "spec.dataSource.name: Required value\n"
	  "spec.dataSourceRef.name: Required value" },
	{ SPEC("'dataSourceRef':{'kind':'X','name':'x','apiGroup':'-'}"),
	  "spec.dataSource.apiGroup: Invalid value: \"-\": a lowercase RFC 1123 subdomain must "
	  "consist of lower case alphanumeric characters, '-' or '.', and must start and end with "
	  "an alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
	  "spec.dataSourceRef.apiGroup: Invalid value: \"-\": a lowercase RFC 1123 subdomain must "
	  "consist of lower case alphanumeric characters, '-' or '.', and must start and end with "
	  "an alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
	{ SPEC("'volumeAttributesClassName':'A'"),
	  "spec.volumeAttributesClassName: Invalid value: \"A\": a lowercase RFC 1123 subdomain "
	  "must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
	  "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
};

TEST(claims_are_judged)
{
	KIND_CREATES(CLAIM, claim, claim_cases);
}

TEST(sources_of_data_are_filled_from_each_other)
{
	struct kind_lab *lab = kind_lab(CLAIM);

	CHECK_STR(kind_lab_create(lab, claim,
				  SPEC("'dataSource':{'kind':'PersistentVolumeClaim','name':'x'}")),
		  "");
	CHECK_STR(kind_lab_value(lab, "spec.dataSourceRef.name"), "x");
	CHECK_STR(kind_lab_create(lab, claim,
				  SPEC("'dataSourceRef':{'apiGroup':'a.b','kind':'X','name':'x'}")),
		  "");
	CHECK_STR(kind_lab_value(lab, "spec.dataSource.apiGroup"), "a.b");
	CHECK_STR(kind_lab_create(lab, claim, SPEC("'dataSource':{'kind':'Secret','name':'x'}")),
		  "");
	CHECK_STR(kind_lab_value(lab, "spec.dataSource.name"), "");
	CHECK_STR(
	    kind_lab_create(
		lab, claim,
		SPEC(
		    "'dataSourceRef':{'kind':'PersistentVolumeClaim','name':'x','namespace':'n'}")),
	    "");
	CHECK_STR(kind_lab_value(lab, "spec.dataSourceRef.name"), "");
	CHECK_STR(kind_lab_update(
		      lab, "",
		      "{'metadata':{'name':'c'},'spec':{'accessModes':['ReadWriteOnce'],'resources'"
		      ":{'requests':{'storage':'1Gi'}},'dataSource':{'kind':'Odd','name':'x'}}}",
		      NULL),
		  "spec.dataSource: Invalid value: \"Odd\": must be 'PersistentVolumeClaim' when "
		  "referencing the default apiGroup\nspec.dataSourceRef: Invalid value: \"Odd\": "
		  "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
}

static const char bound[] =
    "{'metadata':{'name':'c'},'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'"
    "storage':'2Gi'}},'volumeName':'v','volumeAttributesClassName':'a'},'status':{'phase':'Bound','"
    "capacity':{'storage':'1Gi'},'currentVolumeAttributesClassName':'a'}}";

#define SIZE(size) SPEC("'resources':{'requests':{'storage':'" size "'}}")

static const struct kind_case bound_cases[] = {
	{ NULL, "" },
	{ SIZE("3Gi"), "" },
	{ SIZE("1500Mi"), "" },
	{ SIZE("1Gi"), "spec.resources.requests.storage: Forbidden: field can not be less than "
		       "status.capacity" },
	{ SPEC("'volumeAttributesClassName':'b'"), "" },
	{ SPEC("'volumeAttributesClassName':null"),
	  "spec.volumeAttributesClassName: Forbidden: update to nil is forbidden when "
	  "status.currentVolumeAttributesClassName is not nil" },
	{ SPEC("'volumeAttributesClassName':''"),
	  "spec.volumeAttributesClassName: Forbidden: update to empty string is forbidden when "
	  "status.currentVolumeAttributesClassName is not nil" },
	{ SPEC("'volumeName':'w'"),
	  "spec: Forbidden: spec is immutable after creation except resources.requests and "
	  "volumeAttributesClassName for bound claims" },
	{ SPEC("'storageClassName':'s'"), "" },
	{ SPEC("'accessModes':['ReadOnlyMany']"),
	  "spec: Forbidden: spec is immutable after creation except resources.requests and "
	  "volumeAttributesClassName for bound claims" },
	{ SPEC("'volumeMode':'Block'"),
	  "spec: Forbidden: spec is immutable after creation except resources.requests and "
	  "volumeAttributesClassName for bound claims\n"
	  "volumeMode: Invalid value: \"Block\": field is immutable" },
	{ "{'metadata':{'annotations':{'volume.beta.kubernetes.io/storage-class':'x'}}}",
	  "metadata.annotations.volume.beta.kubernetes.io/storage-class: Invalid value: \"x\": "
	  "field is immutable" },
};

static const struct kind_case pending_cases[] = {
	{ SPEC("'volumeName':'v'"), "" },
	{ SIZE("3Gi"), "spec: Forbidden: spec is immutable after creation except "
		       "resources.requests and volumeAttributesClassName for bound claims" },
	{ SPEC("'storageClassName':'old'"), "" },
	{ SPEC("'storageClassName':'new'"),
	  "spec: Forbidden: spec is immutable after creation except resources.requests and "
	  "volumeAttributesClassName for bound claims" },
	{ "{'metadata':{'annotations':{'volume.beta.kubernetes.io/"
	  "storage-class':null}},'spec':{'storageClassName':'old'}}",
	  "" },
	{ "{'metadata':{'annotations':{'volume.beta.kubernetes.io/storage-class':null}}}",
	  "metadata.annotations.volume.beta.kubernetes.io/storage-class: Invalid value: \"\": "
	  "field is immutable" },
};

TEST(a_bound_claim_may_grow)
{
	KIND_UPDATES(CLAIM, "", bound, bound_cases);
	KIND_UPDATES(CLAIM, "",
		     "{'metadata':{'name':'c','annotations':{'volume.beta.kubernetes.io/"
		     "storage-class':'old'}},'spec':{'accessModes':['ReadWriteOnce'],'resources':{'"
		     "requests':{'storage':'2Gi'}}},'status':{'phase':'Pending'}}",
		     pending_cases);
}

static const struct kind_case claim_status_cases[] = {
	{ STATUS("'capacity':{'storage':'-1'}"),
	  "status.capacity[storage]: Invalid value: -1: must be a valid resource quantity" },
	{ STATUS("'allocatedResources':{'-':'1','cpu':'1','storage':'-1','example.com/x':'1'}"),
	  "status.allocatedResources: Invalid value: \"-\": name part must consist of alphanumeric "
	  "characters, '-', '_' or '.', and must start and end with an alphanumeric character "
	  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')\n"
	  "status.allocatedResources: Unsupported value: \"cpu\": supported values: \"storage\"\n"
	  "status.allocatedResources[storage]: Invalid value: -1: must be a valid resource "
	  "quantity" },
	{ STATUS("'allocatedResourceStatuses':{'storage':'x','cpu':'NodeResizePending'}"),
	  "status.allocatedResourceStatuses: Unsupported value: \"cpu\": supported values: "
	  "\"storage\"\n"
	  "status.allocatedResourceStatuses: Unsupported value: \"storage\": supported values: "
	  "\"ControllerResizeInProgress\", \"ControllerResizeInfeasible\", "
	  "\"NodeResizeInProgress\", \"NodeResizeInfeasible\", \"NodeResizePending\"" },
	{ STATUS("'allocatedResourceStatuses':{'storage':'NodeResizePending'}"), "" },
};

TEST(statuses_of_claims_are_judged)
{
	KIND_UPDATES(CLAIM, "status", bound, claim_status_cases);
}

static const struct kind_case claim_warning_cases[] = {
	{ "{'metadata':{'annotations':{'volume.beta.kubernetes.io/"
	  "storage-class':'x'}},'spec':{'resources':{'requests':{'storage':'1500m'}}}}",
	  "metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; "
	  "use \"storageClassName\" attribute instead\n"
	  "spec.resources.requests[storage]: fractional byte value \"1500m\" is invalid, must be "
	  "an integer" },
};

TEST(odd_claims_are_warned_of)
{
	KIND_WARNS(CLAIM, claim, claim_warning_cases);
}
