#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/core.h"

static const char base[] =
    "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}]}}";

#define VOLUMES(list) "{'spec':{'volumes':[" list "]}}"
#define SOURCE(source) VOLUMES("{'name':'v'," source "}")
#define PROJECTED(list) SOURCE("'projected':{'sources':[" list "]}")

static const struct kind_case name_cases[] = {
	{ SOURCE("'emptyDir':{}"), "" },
	{ VOLUMES("{'name':'v'}"), "" },
	{ VOLUMES("{'emptyDir':{}}"), "spec.volumes[0].name: Required value" },
	{ VOLUMES("{'name':'A','emptyDir':{}}"),
	  "spec.volumes[0].name: Invalid value: \"A\": a lowercase RFC 1123 label must consist of "
	  "lower case alphanumeric characters or '-', and must start and end with an alphanumeric "
	  "character (e.g. 'my-name',  or '123-abc', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')" },
	{ VOLUMES("{'name':'v','emptyDir':{}},{'name':'v','emptyDir':{}}"),
	  "spec.volumes[1].name: Duplicate value: \"v\"" },
	{ SOURCE("'emptyDir':{},'hostPath':{'path':'/'}"),
	  "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type" },
	{ SOURCE("'cephfs':{'monitors':['a']},'downwardAPI':{},'emptyDir':{}"),
	  "spec.volumes[0].cephFS: Forbidden: may not specify more than 1 volume type\n"
	  "spec.volumes[0].downwarAPI: Forbidden: may not specify more than 1 volume type" },
};

TEST(volumes_have_a_name_and_one_source)
{
	KIND_CREATES(&core_pod_type, base, name_cases);
}

static const struct kind_case source_cases[] = {
	{ SOURCE("'emptyDir':{'sizeLimit':'-1'}"),
	  "spec.volumes[0].emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource "
	  "quantity" },
	{ SOURCE("'hostPath':{'path':''}"), "spec.volumes[0].hostPath.path: Required value" },
	{ SOURCE("'hostPath':{'path':'/a/../b','type':'Pipe'}"),
	  "spec.volumes[0].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'\n"
	  "spec.volumes[0].hostPath.type: Unsupported value: \"Pipe\": supported values: \"\", "
	  "\"BlockDevice\", \"CharDevice\", \"Directory\", \"DirectoryOrCreate\", \"File\", "
	  "\"FileOrCreate\", \"Socket\"" },
	{ SOURCE("'hostPath':{'path':'/a..b','type':'File'}"), "" },
	{ SOURCE("'gitRepo':{'repository':'','directory':'../a'}"),
	  "spec.volumes[0].gitRepo.repository: Required value\n"
	  "spec.volumes[0].gitRepo.directory: Invalid value: \"../a\": must not contain '..'" },
	{ SOURCE("'gitRepo':{'repository':'r','directory':'/a'}"),
	  "spec.volumes[0].gitRepo.directory: Invalid value: \"/a\": must be a relative path" },
	{ SOURCE("'gcePersistentDisk':{'pdName':'','partition':256}"),
	  "spec.volumes[0].persistentDisk.pdName: Required value\n"
	  "spec.volumes[0].persistentDisk.partition: Invalid value: 256: must be between 1 and "
	  "255, inclusive" },
	{ SOURCE("'awsElasticBlockStore':{'volumeID':'','partition':-1}"),
	  "spec.volumes[0].awsElasticBlockStore.volumeID: Required value\n"
	  "spec.volumes[0].awsElasticBlockStore.partition: Invalid value: -1: must be between 1 "
	  "and 255, inclusive" },
	{ SOURCE("'secret':{'secretName':''}"),
	  "spec.volumes[0].secret.secretName: Required value" },
	{ SOURCE("'secret':{'secretName':'s','defaultMode':512,'items':[{'key':'','path':'..a','"
		 "mode':-1}]}"),
	  "spec.volumes[0].secret.defaultMode: Invalid value: 512: must be a number between 0 and "
	  "0777 (octal), both inclusive\n"
	  "spec.volumes[0].secret.items[0].key: Required value\n"
	  "spec.volumes[0].secret.items[0].path: Invalid value: \"..a\": must not start with '..'\n"
	  "spec.volumes[0].secret.items[0].mode: Invalid value: -1: must be a number between 0 and "
	  "0777 (octal), both inclusive" },
	{ SOURCE("'secret':{'secretName':'s','items':[{'key':'k','path':'../"
		 "a'},{'key':'k','path':'/a'},{'key':'k','path':''}]}"),
	  "spec.volumes[0].secret.items[0].path: Invalid value: \"../a\": must not contain '..'\n"
	  "spec.volumes[0].secret.items[1].path: Invalid value: \"/a\": must be a relative path\n"
	  "spec.volumes[0].secret.items[2].path: Required value" },
	{ SOURCE("'configMap':{'items':[{'key':'k','path':'a/../b'}]}"),
	  "spec.volumes[0].configMap.name: Required value\n"
	  "spec.volumes[0].configMap.items[0].path: Invalid value: \"a/../b\": must not contain "
	  "'..'" },
	{ SOURCE("'configMap':{'name':'m','defaultMode':0}"), "" },
	{ SOURCE("'nfs':{'server':'','path':'a'}"),
	  "spec.volumes[0].nfs.server: Required value\n"
	  "spec.volumes[0].nfs.path: Invalid value: \"a\": must be an absolute path" },
	{ SOURCE("'nfs':{'server':'s','path':''}"),
	  "spec.volumes[0].nfs.path: Required value\n"
	  "spec.volumes[0].nfs.path: Invalid value: \"\": must be an absolute path" },
	{ SOURCE("'iscsi':{'targetPortal':'','iqn':'','lun':256}"),
	  "spec.volumes[0].iscsi.targetPortal: Required value\n"
	  "spec.volumes[0].iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive\n"
	  "spec.volumes[0].iscsi.iqn: Required value" },
	{ SOURCE("'iscsi':{'targetPortal':'1.2.3.4','iqn':'iqn.2026-01.com.a:b c','lun':0}"),
	  "spec.volumes[0].iscsi.iqn: Invalid value: \"iqn.2026-01.com.a:b c\": must be valid "
	  "format" },
	{ SOURCE("'iscsi':{'targetPortal':'1.2.3.4','iqn':'a','lun':0,'chapAuthSession':true}"),
	  "spec.volumes[0].iscsi.iqn: Invalid value: \"a\": must be valid format starting with "
	  "iqn, eui, or naa\n"
	  "spec.volumes[0].iscsi.secretRef: Required value" },
	{ SOURCE("'iscsi':{'targetPortal':'1.2.3.4','iqn':'eui.0123456789abcdef','lun':0,'"
		 "initiatorName':'naa.1'}"),
	  "spec.volumes[0].iscsi.initiatorname: Invalid value: \"naa.1\": must be valid format" },
	{ SOURCE("'iscsi':{'targetPortal':'a-very-long-name-of-a-portal.example.com:3260-and-still-"
		 "much-longer','iqn':'naa.0123456789abcdef0123456789abcdef','lun':0,'initiatorName'"
		 ":'iqn.2026-01.com.a:b'}"),
	  "spec.volumes[0].name: Invalid value: \"v\": Total length of <volume "
	  "name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is "
	  "specified." },
	{ SOURCE("'glusterfs':{'endpoints':'','path':''}"),
	  "spec.volumes[0].glusterfs.endpoints: Required value\n"
	  "spec.volumes[0].glusterfs.path: Required value" },
	{ SOURCE("'flocker':{}"), "spec.volumes[0].flocker: Required value: one of datasetName and "
				  "datasetUUID is required" },
	{ SOURCE("'flocker':{'datasetName':'a/b','datasetUUID':'u'}"),
	  "spec.volumes[0].flocker: Invalid value: \"resource\": datasetName and datasetUUID can "
	  "not be specified simultaneously\n"
	  "spec.volumes[0].flocker.datasetName: Invalid value: \"a/b\": must not contain '/'" },
	{ SOURCE("'persistentVolumeClaim':{'claimName':''}"),
	  "spec.volumes[0].persistentVolumeClaim.claimName: Required value" },
	{ SOURCE("'rbd':{'monitors':[],'image':''}"),
	  "spec.volumes[0].rbd.monitors: Required value\n"
	  "spec.volumes[0].rbd.image: Required value" },
	{ SOURCE("'cinder':{'volumeID':'','secretRef':{}}"),
	  "spec.volumes[0].cinder.volumeID: Required value\n"
	  "spec.volumes[0].cinder.secretRef.name: Required value" },
	{ SOURCE("'cephfs':{'monitors':[]}"), "spec.volumes[0].cephfs.monitors: Required value" },
	{ SOURCE("'quobyte':{'registry':'','volume':''}"),
	  "spec.volumes[0].quobyte.registry: Required value: must be a host:port pair or multiple "
	  "pairs separated by commas\n"
	  "spec.volumes[0].quobyte.volume: Required value" },
	{ SOURCE("'quobyte':{'registry':'a:1,b','volume':'v'}"),
	  "spec.volumes[0].quobyte.registry: Invalid value: \"a:1,b\": must be a host:port pair or "
	  "multiple pairs separated by commas" },
	{ SOURCE("'quobyte':{'registry':'a:1','volume':'v','tenant':'"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'}"),
	  "spec.volumes[0].quobyte.tenant: Required value: must be a UUID and may not exceed a "
	  "length of 64 characters" },
	{ SOURCE("'quobyte':{'registry':'[::1]:1,a:2','volume':'v'}"), "" },
	{ SOURCE("'fc':{}"), "spec.volumes[0].fc.targetWWNs: Required value: must specify either "
			     "targetWWNs or wwids, but not both" },
	{ SOURCE("'fc':{'targetWWNs':['a'],'wwids':['b'],'lun':-1}"),
	  "spec.volumes[0].fc.targetWWNs: Invalid value: [\"a\"]: targetWWNs and wwids can not be "
	  "specified simultaneously\n"
	  "spec.volumes[0].fc.lun: Invalid value: -1: must be between 0 and 255, inclusive" },
	{ SOURCE("'fc':{'targetWWNs':['a']}"),
	  "spec.volumes[0].fc.lun: Required value: lun is required if targetWWNs is specified" },
	{ SOURCE("'flexVolume':{'driver':'','options':{'a.k8s.io/b':'','K8S.io/a':'','ak8s.io/"
		 "x':''}}"),
	  "spec.volumes[0].flexVolume.driver: Required value\n"
	  "spec.volumes[0].flexVolume.options[K8S.io/a]: Invalid value: \"K8S.io/a\": "
	  "kubernetes.io and k8s.io namespaces are reserved\n"
	  "spec.volumes[0].flexVolume.options[a.k8s.io/b]: Invalid value: \"a.k8s.io/b\": "
	  "kubernetes.io and k8s.io namespaces are reserved" },
	{ SOURCE("'azureFile':{'secretName':'','shareName':''}"),
	  "spec.volumes[0].azureFile.secretName: Required value\n"
	  "spec.volumes[0].azureFile.shareName: Required value" },
	{ SOURCE("'vsphereVolume':{'volumePath':''}"),
	  "spec.volumes[0].vsphereVolume.volumePath: Required value" },
	{ SOURCE("'photonPersistentDisk':{'pdID':''}"),
	  "spec.volumes[0].photonPersistentDisk.pdID: Required value" },
	{ SOURCE("'portworxVolume':{'volumeID':''}"),
	  "spec.volumes[0].portworxVolume.volumeID: Required value" },
	{ SOURCE("'azureDisk':{'diskName':'','diskURI':'','cachingMode':'x','kind':'y'}"),
	  "spec.volumes[0].azureDisk.diskName: Required value\n"
	  "spec.volumes[0].azureDisk.diskURI: Required value\n"
	  "spec.volumes[0].azureDisk.cachingMode: Unsupported value: \"x\": supported values: "
	  "\"None\", \"ReadOnly\", \"ReadWrite\"\n"
	  "spec.volumes[0].azureDisk.kind: Unsupported value: \"y\": supported values: "
	  "\"Dedicated\", \"Managed\", \"Shared\"\n"
	  "spec.volumes[0].azureDisk.diskURI: Unsupported value: \"\": supported values: "
	  "\"https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd\"" },
	{ SOURCE("'azureDisk':{'diskName':'a','diskURI':'b','kind':'Managed'}"),
	  "spec.volumes[0].azureDisk.diskURI: Unsupported value: \"b\": supported values: "
	  "\"/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/"
	  "{disk-id}\"" },
	{ SOURCE("'azureDisk':{'diskName':'a','diskURI':'b','kind':'Shared'}"),
	  "spec.volumes[0].azureDisk.diskURI: Unsupported value: \"b\": supported values: "
	  "\"https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd\"" },
	{ SOURCE("'azureDisk':{'diskName':'a','diskURI':'https://b'}"), "" },
	{ SOURCE("'storageos':{'volumeName':'A','volumeNamespace':'B','secretRef':{}}"),
	  "spec.volumes[0].storageos.volumeName: Invalid value: \"A\": a lowercase RFC 1123 label "
	  "must consist of lower case alphanumeric characters or '-', and must start and end with "
	  "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n"
	  "spec.volumes[0].storageos.volumeNamespace: Invalid value: \"B\": a lowercase RFC 1123 "
	  "label must consist of lower case alphanumeric characters or '-', and must start and end "
	  "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for "
	  "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n"
	  "spec.volumes[0].storageos.secretRef.name: Required value" },
	{ SOURCE("'scaleIO':{'gateway':'','system':'','volumeName':'','secretRef':{}}"),
	  "spec.volumes[0].scaleIO.gateway: Required value\n"
	  "spec.volumes[0].scaleIO.system: Required value\n"
	  "spec.volumes[0].scaleIO.volumeName: Required value" },
	{ SOURCE("'csi':{'driver':''}"), "spec.volumes[0].csi.driver: Required value" },
	{ SOURCE("'csi':{'driver':'A_b','nodePublishSecretRef':{'name':'A'}}"),
	  "spec.volumes[0].csi.driver: Invalid value: \"A_b\": a lowercase RFC 1123 subdomain must "
	  "consist of lower case alphanumeric characters, '-' or '.', and must start and end with "
	  "an alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
	  "spec.volumes[0].csi.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must "
	  "consist of lower case alphanumeric characters, '-' or '.', and must start and end with "
	  "an alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
	{ SOURCE("'csi':{'driver':'A.b','nodePublishSecretRef':{}}"),
	  "spec.volumes[0].csi.nodePublishSecretRef.name: Required value" },
	{ SOURCE("'image':{'pullPolicy':'Often'}"),
	  "spec.volumes[0].image.reference: Required value\n"
	  "spec.volumes[0].image.pullPolicy: Unsupported value: \"Often\": supported values: "
	  "\"Always\", \"IfNotPresent\", \"Never\"" },
	{ SOURCE("'image':{'reference':'r'}"), "" },
};

TEST(sources_of_volumes_have_rules)
{
	KIND_CREATES(&core_pod_type, base, source_cases);
}

static const struct kind_case downward_cases[] = {
	{ SOURCE("'downwardAPI':{'defaultMode':512,'items':[{'path':''}]}"),
	  "spec.volumes[0].downwardAPI.defaultMode: Invalid value: 512: must be a number between 0 "
	  "and 0777 (octal), both inclusive\n"
	  "spec.volumes[0].downwardAPI.path: Required value\n"
	  "spec.volumes[0].downwardAPI: Required value: one of fieldRef and resourceFieldRef is "
	  "required" },
	{ SOURCE("'downwardAPI':{'items':[{'path':'a','fieldRef':{'fieldPath':'metadata.name'},'"
		 "resourceFieldRef':{'resource':'limits.cpu'}}]}"),
	  "spec.volumes[0].downwardAPI: Invalid value: \"resource\": fieldRef and resourceFieldRef "
	  "can not be specified simultaneously" },
	{ SOURCE("'downwardAPI':{'items':[{'path':'a','fieldRef':{'fieldPath':'spec.nodeName'}}]}"),
	  "spec.volumes[0].downwardAPI.fieldRef.fieldPath: Unsupported value: \"spec.nodeName\": "
	  "supported values: \"metadata.annotations\", \"metadata.labels\", \"metadata.name\", "
	  "\"metadata.namespace\", \"metadata.uid\"" },
	{ SOURCE("'downwardAPI':{'items':[{'path':'a','fieldRef':{'fieldPath':'metadata.labels["
		 "\\u0027a_\\u0027]'}}]}"),
	  "spec.volumes[0].downwardAPI.fieldRef: Invalid value: \"a_\": name part must consist of "
	  "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
	  "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
	  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')" },
	{ SOURCE("'downwardAPI':{'items':[{'path':'a','resourceFieldRef':{'resource':'limits.cpu'}}"
		 "]}"),
	  "spec.volumes[0].downwardAPI.resourceFieldRef.containerName: Required value" },
	{ SOURCE("'downwardAPI':{'items':[{'path':'a','resourceFieldRef':{'containerName':'c','"
		 "resource':'limits.gpu'}}]}"),
	  "spec.volumes[0].downwardAPI.resourceFieldRef.resource: Unsupported value: "
	  "\"limits.gpu\": supported values: \"limits.cpu\", \"limits.ephemeral-storage\", "
	  "\"limits.memory\", \"requests.cpu\", \"requests.ephemeral-storage\", "
	  "\"requests.memory\"" },
	{ SOURCE("'downwardAPI':{'items':[{'path':'a','resourceFieldRef':{'containerName':'c','"
		 "resource':'limits.cpu','divisor':'1k'}}]}"),
	  "spec.volumes[0].downwardAPI.resourceFieldRef.divisor: Invalid value: \"limits.cpu\": "
	  "only divisor's values 1m and 1 are supported with the cpu resource" },
	{ SOURCE("'downwardAPI':{'items':[{'path':'a','resourceFieldRef':{'containerName':'c','"
		 "resource':'limits.memory','divisor':'1m'}}]}"),
	  "spec.volumes[0].downwardAPI.resourceFieldRef.divisor: Invalid value: \"limits.memory\": "
	  "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are "
	  "supported with the memory resource" },
};

TEST(files_of_the_downward_api_refer_to_what_there_is)
{
	KIND_CREATES(&core_pod_type, base, downward_cases);
}

static const struct kind_case projected_cases[] = {
	{ PROJECTED(""), "" },
	{ PROJECTED("{}"), "" },
	{ SOURCE("'projected':{'defaultMode':-1}"),
	  "spec.volumes[0].projected.defaultMode: Invalid value: -1: must be a number between 0 "
	  "and 0777 (octal), both inclusive" },
	{ PROJECTED("{'secret':{},'configMap':{'name':'m'}}"),
	  "spec.volumes[0].projected.sources[0].secret.name: Required value\n"
	  "spec.volumes[0].projected.sources[0]: Forbidden: may not specify more than 1 volume "
	  "type per source" },
	{ PROJECTED("{'secret':{'name':'s','items':[{'key':'a','path':'p'}]}},{'configMap':{'name':"
		    "'m','items':[{'key':'a','path':'p'}]}}"),
	  "spec.volumes[0].projected: Invalid value: \"m\": conflicting duplicate paths" },
	{ PROJECTED("{'downwardAPI':{'items':[{'path':'a'}]}}"),
	  "spec.volumes[0].projected.sources[0].downwardAPI: Required value: one of fieldRef and "
	  "resourceFieldRef is required" },
	{ PROJECTED("{'serviceAccountToken':{'expirationSeconds':599,'path':''}}"),
	  "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid "
	  "value: 599: may not specify a duration less than 10 minutes\n"
	  "spec.volumes[0].projected.path: Required value\n"
	  "spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be "
	  "specified when serviceAccountName is not set" },
	{ PROJECTED("{'serviceAccountToken':{'expirationSeconds':4294967297,'path':'../a'}}"),
	  "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid "
	  "value: 4294967297: may not specify a duration larger than 2^32 seconds\n"
	  "spec.volumes[0].projected.path: Invalid value: \"../a\": must not contain '..'\n"
	  "spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be "
	  "specified when serviceAccountName is not set" },
	{ PROJECTED("{'clusterTrustBundle':{'path':'a'}}"),
	  "spec.volumes[0].projected.sources[0].clusterTrustBundle: Required value: either name or "
	  "signerName must be specified" },
	{ PROJECTED("{'clusterTrustBundle':{'path':'a','name':'n','signerName':'a.b/c'}}"),
	  "spec.volumes[0].projected.sources[0].clusterTrustBundle: Invalid value: "
	  "{\"name\":\"n\",\"signerName\":\"a.b/c\",\"path\":\"a\"}: only one of name and "
	  "signerName may be used" },
	{ PROJECTED("{'clusterTrustBundle':{'path':'','name':'a.b:c:d','labelSelector':{}}}"),
	  "spec.volumes[0].projected.sources[0].clusterTrustBundle.labelSelector: Invalid value: "
	  "{}: labelSelector must be unset if name is specified\n"
	  "spec.volumes[0].projected.sources[0].clusterTrustBundle.path: Required value" },
	{ PROJECTED("{'clusterTrustBundle':{'path':'a','name':'a.b:A'}}"),
	  "spec.volumes[0].projected.sources[0].clusterTrustBundle.name: Invalid value: \"a.b:A\": "
	  "not a valid clustertrustbundlename: a lowercase RFC 1123 subdomain must consist of "
	  "lower case alphanumeric characters, '-' or '.', and must start and end with an "
	  "alphanumeric character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
	{ PROJECTED("{'clusterTrustBundle':{'path':'a','signerName':'c'}}"),
	  "spec.volumes[0].projected.sources[0].clusterTrustBundle.signerName: Invalid value: "
	  "\"c\": must be a fully qualified domain and path of the form "
	  "'example.com/signer-name'" },
	{ PROJECTED("{'clusterTrustBundle':{'path':'a','signerName':'a/B'}}"),
	  "spec.volumes[0].projected.sources[0].clusterTrustBundle.signerName: Invalid value: "
	  "\"a\": should be a domain with at least two segments separated by dots\n"
	  "spec.volumes[0].projected.sources[0].clusterTrustBundle.signerName: Invalid value: "
	  "\"B\": validating label \"B\": a lowercase RFC 1123 subdomain must consist of lower "
	  "case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
	  "character (e.g. 'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
	{ PROJECTED("{'podCertificate':{'signerName':'','keyType':'RSA'}}"),
	  "spec.volumes[0].projected.sources[0].podCertificate.signerName: Required value\n"
	  "spec.volumes[0].projected.sources[0].podCertificate.keyType: Unsupported value: "
	  "\"RSA\": supported values: \"RSA3072\", \"RSA4096\", \"ECDSAP256\", \"ECDSAP384\", "
	  "\"ECDSAP521\", \"ED25519\"\n"
	  "spec.volumes[0].projected.sources[0].podCertificate: Required value: specify at least "
	  "one of credentialBundlePath, keyPath, and certificateChainPath" },
	{ PROJECTED("{'podCertificate':{'signerName':'a.b/"
		    "c','keyType':'ED25519','maxExpirationSeconds':3599,'keyPath':'k','"
		    "certificateChainPath':'k'}}"),
	  "spec.volumes[0].projected.sources[0].podCertificate.maxExpirationSeconds: Invalid "
	  "value: 3599: if provided, maxExpirationSeconds must be >= 3600\n"
	  "spec.volumes[0].projected: Invalid value: \"k\": conflicting duplicate paths" },
	{ PROJECTED("{'podCertificate':{'signerName':'kubernetes.io/"
		    "c','keyType':'ED25519','maxExpirationSeconds':86401,'keyPath':'k','"
		    "userAnnotations':{'a':'b'}}}"),
	  "spec.volumes[0].projected.sources[0].podCertificate.userAnnotations: Invalid value: "
	  "\"a\": must be a domain-prefixed key (such as \"acme.io/foo\")\n"
	  "spec.volumes[0].projected.sources[0].podCertificate.maxExpirationSeconds: Invalid "
	  "value: 86401: if provided, maxExpirationSeconds must be <= 86400" },
};

TEST(projected_sources_do_not_meet_at_one_path)
{
	KIND_CREATES(&core_pod_type, base, projected_cases);
}

#define CLAIM(template) SOURCE("'ephemeral':{'volumeClaimTemplate':{" template "}}")

static const struct kind_case ephemeral_cases[] = {
	{ SOURCE("'ephemeral':{}"),
	  "spec.volumes[0].ephemeral.volumeClaimTemplate: Required value" },
	{ CLAIM("'spec':{}"),
	  "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at "
	  "least 1 access mode is required\n"
	  "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value" },
	{ CLAIM("'metadata':{'name':'a','finalizers':['a/"
		"b'],'labels':{'-':''}},'spec':{'accessModes':['ReadWriteOnce','ReadWriteOncePod'],"
		"'resources':{'requests':{'storage':'0'}}}"),
	  "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.labels: Invalid value: \"-\": "
	  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and "
	  "end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex "
	  "used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')\n"
	  "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set\n"
	  "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.finalizers: Forbidden: cannot be "
	  "set\n"
	  "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: Forbidden: may not use "
	  "ReadWriteOncePod with other access modes\n"
	  "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]: Invalid value: "
	  "\"0\": must be greater than zero" },
	{ CLAIM("'spec':{'accessModes':['Any'],'resources':{'requests':{'storage':'1'}},'"
		"storageClassName':'A','volumeMode':'x'}"),
	  "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: Unsupported value: "
	  "\"Any\": supported values: \"ReadOnlyMany\", \"ReadWriteMany\", \"ReadWriteOnce\", "
	  "\"ReadWriteOncePod\"\n"
	  "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.storageClassName: Invalid value: "
	  "\"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
	  "characters, '-' or '.', and must start and end with an alphanumeric character (e.g. "
	  "'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
	  "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.volumeMode: Unsupported value: "
	  "\"x\": supported values: \"Block\", \"Filesystem\"" },
	{ CLAIM("'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1'}},'"
		"dataSource':{'kind':'Volume','name':''}}"),
	  "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.dataSource.name: Required value\n"
	  "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.dataSource: Invalid value: "
	  "\"Volume\": must be 'PersistentVolumeClaim' when referencing the default apiGroup" },
	{ CLAIM("'spec':{'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1'}},'"
		"dataSource':{'kind':'PersistentVolumeClaim','name':'a'},'dataSourceRef':{'kind':'"
		"PersistentVolumeClaim','name':'b'}}"),
	  "spec.volumes[0].ephemeral.volumeClaimTemplate.spec: Invalid value: {}: must match "
	  "dataSourceRef" },
	{ VOLUMES("{'name':'a','ephemeral':{'volumeClaimTemplate':{'spec':{'accessModes':['"
		  "ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}}}}}},{'name':'b','"
		  "persistentVolumeClaim':{'claimName':'p-a'}}"),
	  "spec.volumes[1].persistentVolumeClaim.claimName: Invalid value: \"p-a\": must not "
	  "reference a PVC that gets created for an ephemeral volume" },
};

TEST(templates_of_claims_are_judged_as_claims_are)
{
	KIND_CREATES(&core_pod_type, base, ephemeral_cases);
}
