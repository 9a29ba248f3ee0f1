#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/core.h"

static const char base[] =
    "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}]}}";

#define POD(members) "{'spec':{'securityContext':{" members "}}}"
#define CONTAINER(members) \
	"{'spec':{'containers':[{'name':'c','image':'i','securityContext':{" members "}}]}}"

static const struct kind_case pod_cases[] = {
	{ POD("'runAsUser':-1,'runAsGroup':2147483648,'fsGroup':-1,'supplementalGroups':[1,-1]"),
	  "spec.securityContext.fsGroup: Invalid value: -1: must be between 0 and 2147483647, "
	  "inclusive\n"
	  "spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, "
	  "inclusive\n"
	  "spec.securityContext.runAsGroup: Invalid value: 2147483648: must be between 0 and "
	  "2147483647, inclusive\n"
	  "spec.securityContext.supplementalGroups[1]: Invalid value: -1: must be between 0 and "
	  "2147483647, inclusive" },
	{ POD("'fsGroupChangePolicy':'x','supplementalGroupsPolicy':'y','seLinuxChangePolicy':'z'"),
	  "spec.securityContext.fsGroupChangePolicy: Unsupported value: \"x\": supported values: "
	  "\"Always\", \"OnRootMismatch\"\n"
	  "spec.securityContext.supplementalGroupsPolicy: Unsupported value: \"y\": supported "
	  "values: \"Merge\", \"Strict\"\n"
	  "spec.securityContext.seLinuxChangePolicy: Unsupported value: \"z\": supported values: "
	  "\"MountOption\", \"Recursive\"" },
	{ POD("'seccompProfile':{'type':''}"),
	  "spec.securityContext.seccompProfile.type: Required value: type is required when "
	  "seccompProfile is set" },
	{ POD("'seccompProfile':{'type':'x','localhostProfile':'y'}"),
	  "spec.securityContext.seccompProfile.type: Unsupported value: \"x\": supported values: "
	  "\"Localhost\", \"RuntimeDefault\", \"Unconfined\"\n"
	  "spec.securityContext.seccompProfile.localhostProfile: Invalid value: "
	  "{\"type\":\"x\",\"localhostProfile\":\"y\"}: can only be set when seccomp type is "
	  "Localhost" },
	{ POD("'seccompProfile':{'type':'Localhost'}"),
	  "spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when "
	  "seccomp type is Localhost" },
	{ POD("'seccompProfile':{'type':'Localhost','localhostProfile':'/a'}"),
	  "spec.securityContext.seccompProfile.localhostProfile: Invalid value: \"/a\": must be a "
	  "relative path" },
	{ POD("'appArmorProfile':{'type':'Localhost'}"),
	  "spec.securityContext.appArmorProfile.localhostProfile: Required value: must be set when "
	  "AppArmor type is Localhost" },
	{ POD("'appArmorProfile':{'type':'Localhost','localhostProfile':' a'}"),
	  "spec.securityContext.appArmorProfile.localhostProfile: Invalid value: \" a\": must not "
	  "be padded with whitespace" },
	{ POD("'appArmorProfile':{'type':'Unconfined','localhostProfile':'a'}"),
	  "spec.securityContext.appArmorProfile.localhostProfile: Invalid value: \"a\": can only "
	  "be set when AppArmor type is Localhost" },
	{ POD("'appArmorProfile':{'type':'x'}"),
	  "spec.securityContext.appArmorProfile.type: Unsupported value: \"x\": supported values: "
	  "\"Localhost\", \"RuntimeDefault\", \"Unconfined\"" },
	{ POD("'sysctls':[{'name':''},{'name':'Kernel.x'},{'name':'kernel.shm_rmid_forced','value':"
	      "'1'},{'name':'kernel.shm_rmid_forced'}]"),
	  "spec.securityContext.sysctls[0].name: Required value\n"
	  "spec.securityContext.sysctls[1].name: Invalid value: \"Kernel.x\": must have at most "
	  "253 characters and match regex "
	  "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$\n"
	  "spec.securityContext.sysctls[3].name: Duplicate value: \"kernel.shm_rmid_forced\"" },
	{ "{'spec':{'hostNetwork':true,'hostIPC':true,'securityContext':{'sysctls':[{'name':'net/"
	  "core/somaxconn'},{'name':'kernel.msgmax'},{'name':'kernel/sem'}]}}}",
	  "spec.securityContext.sysctls[0].name: Invalid value: \"net/core/somaxconn\": may not be "
	  "specified when 'hostNetwork' is true\n"
	  "spec.securityContext.sysctls[1].name: Invalid value: \"kernel.msgmax\": may not be "
	  "specified when 'hostIPC' is true\n"
	  "spec.securityContext.sysctls[2].name: Invalid value: \"kernel/sem\": may not be "
	  "specified when 'hostIPC' is true" },
};

TEST(security_contexts_of_pods_have_rules)
{
	KIND_CREATES(&core_pod_type, base, pod_cases);
}

static const struct kind_case container_cases[] = {
	{ CONTAINER("'runAsUser':-1,'runAsGroup':-1"),
	  "spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and "
	  "2147483647, inclusive\n"
	  "spec.containers[0].securityContext.runAsGroup: Invalid value: -1: must be between 0 and "
	  "2147483647, inclusive" },
	{ CONTAINER("'procMount':'x'"),
	  "spec.containers[0].securityContext.procMount: Unsupported value: \"x\": supported "
	  "values: \"Default\", \"Unmasked\"" },
	{ CONTAINER("'procMount':'Unmasked'"),
	  "spec.containers[0].securityContext.procMount: Invalid value: \"Unmasked\": `hostUsers` "
	  "must be false to use `Unmasked`" },
	{ CONTAINER("'privileged':true,'allowPrivilegeEscalation':false"),
	  "spec.containers[0].securityContext: Invalid value: "
	  "{\"privileged\":true,\"allowPrivilegeEscalation\":false}: cannot set "
	  "`allowPrivilegeEscalation` to false and `privileged` to true" },
	{ CONTAINER("'capabilities':{'add':['CAP_SYS_ADMIN']},'allowPrivilegeEscalation':false"),
	  "spec.containers[0].securityContext: Invalid value: "
	  "{\"capabilities\":{\"add\":[\"CAP_SYS_ADMIN\"]},\"allowPrivilegeEscalation\":false}: "
	  "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN" },
	{ CONTAINER("'windowsOptions':{'gmsaCredentialSpecName':'A','gmsaCredentialSpec':'','"
		    "runAsUserName':''}"),
	  "spec.containers[0].securityContext.windowsOptions.gmsaCredentialSpecName: Invalid "
	  "value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
	  "characters, '-' or '.', and must start and end with an alphanumeric character (e.g. "
	  "'example.com', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
	  "spec.containers[0].securityContext.windowsOptions.gmsaCredentialSpec: Invalid value: "
	  "\"\": gmsaCredentialSpec cannot be an empty string\n"
	  "spec.containers[0].securityContext.windowsOptions.runAsUserName: Invalid value: \"\": "
	  "runAsUserName cannot be an empty string" },
	{ CONTAINER("'windowsOptions':{'runAsUserName':'a\\\\b\\\\c'}"),
	  "spec.containers[0].securityContext.windowsOptions.runAsUserName: Invalid value: "
	  "\"a\\\\b\\\\c\": runAsUserName cannot contain more than one backslash" },
	{ CONTAINER("'windowsOptions':{'runAsUserName':'a:b\\\\. .'}"),
	  "spec.containers[0].securityContext.windowsOptions.runAsUserName: Invalid value: "
	  "\"a:b\\\\. .\": runAsUserName's Domain doesn't match the NetBios nor the DNS format\n"
	  "spec.containers[0].securityContext.windowsOptions.runAsUserName: Invalid value: "
	  "\"a:b\\\\. .\": runAsUserName's User cannot contain only periods or spaces" },
	{ CONTAINER("'windowsOptions':{'runAsUserName':'example.com\\\\a@b'}"),
	  "spec.containers[0].securityContext.windowsOptions.runAsUserName: Invalid value: "
	  "\"example.com\\\\a@b\": runAsUserName's User cannot contain the following characters: "
	  "\"/\\:;|=,+*?<>@[]" },
	{ CONTAINER("'windowsOptions':{'runAsUserName':'NT AUTHORITY\\\\LocalService'}"), "" },
	{ CONTAINER("'windowsOptions':{'runAsUserName':'a\\u0001'}"),
	  "spec.containers[0].securityContext.windowsOptions.runAsUserName: Invalid value: "
	  "\"a\\x01\": runAsUserName cannot contain control characters" },
};

TEST(security_contexts_of_containers_have_rules)
{
	KIND_CREATES(&core_pod_type, base, container_cases);
}

static const struct kind_case system_cases[] = {
	{ "{'spec':{'os':{}}}", "spec.os.name: Required value" },
	{ "{'spec':{'os':{'name':'plan9'}}}",
	  "spec.os: Unsupported value: \"plan9\": supported values: \"linux\", \"windows\"" },
	{ "{'spec':{'os':{'name':'linux'},'securityContext':{'windowsOptions':{}},'containers':[{'"
	  "name':'c','image':'i','securityContext':{'windowsOptions':{}}}]}}",
	  "spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a "
	  "linux pod\n"
	  "spec.containers[0].securityContext.windowsOptions: Forbidden: windows options cannot be "
	  "set for a linux pod" },
	{ "{'spec':{'os':{'name':'windows'},'hostPID':true,'shareProcessNamespace':false,'"
	  "securityContext':{'runAsUser':1,'seLinuxOptions':{}},'containers':[{'name':'c','image':'"
	  "i','securityContext':{'capabilities':{},'privileged':false}}]}}",
	  "spec.securityContext.seLinuxOptions: Forbidden: cannot be set for a windows pod\n"
	  "spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod\n"
	  "spec.hostPID: Forbidden: cannot be set for a windows pod\n"
	  "spec.shareProcessNamespace: Forbidden: cannot be set for a windows pod\n"
	  "spec.containers[0].securityContext.capabilities: Forbidden: cannot be set for a windows "
	  "pod\n"
	  "spec.containers[0].securityContext.privileged: Forbidden: cannot be set for a windows "
	  "pod" },
	{ "{'spec':{'securityContext':{'windowsOptions':{'hostProcess':true}},'containers':[{'name'"
	  ":'c','image':'i','securityContext':{'windowsOptions':{'hostProcess':false}}},{'name':'d'"
	  ",'image':'i'}]}}",
	  "spec.containers[0].securityContext.windowsOptions.hostProcess: Invalid value: false: "
	  "pod hostProcess value must be identical if both are specified, was true\n"
	  "spec: Invalid value: \"\": If pod contains any hostProcess containers then all "
	  "containers must be HostProcess containers\n"
	  "spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any "
	  "hostProcess containers" },
};

TEST(operating_systems_have_what_is_theirs)
{
	KIND_CREATES(&core_pod_type, base, system_cases);
}

static const struct kind_case host_cases[] = {
	{ "{'spec':{'hostUsers':false,'hostNetwork':true,'hostPID':true,'hostIPC':true}}",
	  "spec.hostNetwork: Forbidden: when `hostUsers` is false\n"
	  "spec.HostPID: Forbidden: when `hostUsers` is false\n"
	  "spec.HostIPC: Forbidden: when `hostUsers` is false" },
	{ "{'spec':{'hostPID':true,'shareProcessNamespace':true}}",
	  "spec.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID "
	  "cannot both be enabled" },
	{ "{'spec':{'hostUsers':false,'volumes':[{'name':'w','persistentVolumeClaim':{'claimName':'"
	  "w'}}],'containers':[{'name':'c','image':'i','volumeDevices':[{'name':'w','devicePath':'/"
	  "a'}]}]}}",
	  "spec.containers[0].volumeDevices: Forbidden: when `hostUsers` is false" },
};

TEST(a_pod_with_users_of_its_own_has_nothing_of_the_host)
{
	KIND_CREATES(&core_pod_type, base, host_cases);
}
