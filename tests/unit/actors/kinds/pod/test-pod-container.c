#include "tests/unit/actors/kinds/kind-lab.h"

#include "datastore/schema/core.h"

static const char base[] =
    "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'i'}],'volumes':["
    "{'name':'v','emptyDir':{}},{'name':'w','persistentVolumeClaim':{'claimName':'w'}},{'name':'i',"
    "'image':{'reference':'r'}}]}}";

#define CONTAINERS(list) "{'spec':{'containers':[" list "]}}"
#define MEMBERS(members) CONTAINERS("{'name':'c','image':'i'," members "}")
#define INIT(members) "{'spec':{'initContainers':[{'name':'a','image':'i'" members "}]}}"

static const struct kind_case common_cases[] = {
	{ CONTAINERS(""), "spec.containers: Required value" },
	{ CONTAINERS("{}"), "spec.containers[0].name: Required value\n"
			    "spec.containers[0].image: Required value" },
	{ CONTAINERS("{'name':'A','image':' i'}"),
	  "spec.containers[0].name: Invalid value: \"A\": a lowercase RFC 1123 label must consist "
	  "of lower case alphanumeric characters or '-', and must start and end with an "
	  "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n"
	  "spec.containers[0].image: Invalid value: \" i\": must not have leading or trailing "
	  "whitespace" },
	{ CONTAINERS("{'name':'a','image':'i'},{'name':'a','image':'i'}"),
	  "spec.containers[1].name: Duplicate value: \"a\"" },
	{ "{'spec':{'initContainers':[{'name':'a','image':' '}]}}",
	  "spec.initContainers[0].image: Invalid value: \" \": must not have leading or trailing "
	  "whitespace" },
	{ "{'spec':{'initContainers':[{'name':'c','image':'i'}]}}",
	  "spec.initContainers[0].name: Duplicate value: \"c\"" },
	{ MEMBERS("'terminationMessagePolicy':'x','imagePullPolicy':'y'"),
	  "spec.containers[0].terminationMessagePolicy: Unsupported value: \"x\": supported "
	  "values: \"File\", \"FallbackToLogsOnError\"\n"
	  "spec.containers[0].imagePullPolicy: Unsupported value: \"y\": supported values: "
	  "\"Always\", \"IfNotPresent\", \"Never\"" },
	{ MEMBERS("'restartPolicyRules':[{'action':'Restart','exitCodes':{'operator':'In','values':"
		  "[1]}}]"),
	  "spec.containers[0].restartPolicy: Required value: must specify restartPolicy when "
	  "restart rules are used" },
	{ MEMBERS("'restartPolicy':'Never','restartPolicyRules':[{'action':'x'},{'action':'"
		  "RestartAllContainers','exitCodes':{'operator':'x'}}]"),
	  "spec.containers[0].restartPolicyRules[0].action: Unsupported value: \"x\": supported "
	  "values: \"Restart\", \"RestartAllContainers\"\n"
	  "spec.containers[0].restartPolicyRules[0].exitCodes: Required value: must be specified\n"
	  "spec.containers[0].restartPolicyRules[1].exitCodes.operator: Unsupported value: \"x\": "
	  "supported values: \"In\", \"NotIn\"" },
	{ MEMBERS("'restartPolicy':'Sometimes'"),
	  "spec.containers[0].restartPolicy: Unsupported value: \"Sometimes\": supported values: "
	  "\"Always\", \"Never\", \"OnFailure\"" },
	{ "{'spec':{'ephemeralContainers':[{'name':'e','image':'i'}]}}",
	  "spec.ephemeralContainers: Forbidden: cannot be set on create" },
};

TEST(containers_have_names_and_images)
{
	KIND_CREATES(&core_pod_type, base, common_cases);
}

static const struct kind_case port_cases[] = {
	{ MEMBERS(
	      "'ports':[{'name':'http','containerPort':80},{'name':'http','containerPort':81}]"),
	  "spec.containers[0].ports[1].name: Duplicate value: \"http\"" },
	{ MEMBERS("'ports':[{'containerPort':0,'hostPort':65536,'protocol':'x'},{'containerPort':"
		  "65536,'name':'A-'}]"),
	  "spec.containers[0].ports[0].containerPort: Required value\n"
	  "spec.containers[0].ports[0].hostPort: Invalid value: 65536: must be between 1 and "
	  "65535, inclusive\n"
	  "spec.containers[0].ports[0].protocol: Unsupported value: \"x\": supported values: "
	  "\"SCTP\", \"TCP\", \"UDP\"\n"
	  "spec.containers[0].ports[1].name: Invalid value: \"A-\": must contain only "
	  "alpha-numeric characters (a-z, 0-9), and hyphens (-)\n"
	  "spec.containers[0].ports[1].name: Invalid value: \"A-\": must contain at least one "
	  "letter (a-z)\n"
	  "spec.containers[0].ports[1].name: Invalid value: \"A-\": must not begin or end with a "
	  "hyphen\n"
	  "spec.containers[0].ports[1].containerPort: Invalid value: 65536: must be between 1 and "
	  "65535, inclusive" },
	{ CONTAINERS("{'name':'a','image':'i','ports':[{'containerPort':80,'hostPort':80}]},{'name'"
		     ":'b','image':'i','ports':[{'containerPort':81,'hostPort':80},{'containerPort'"
		     ":81,'hostPort':80,'protocol':'UDP'}]}"),
	  "spec.containers[1].ports[0].hostPort: Duplicate value: \"TCP//80\"" },
	{ "{'spec':{'hostNetwork':true,'containers':[{'name':'a','image':'i','ports':[{'"
	  "containerPort':80}]}]}}",
	  "" },
	{ "{'spec':{'hostNetwork':true,'containers':[{'name':'a','image':'i','ports':[{'"
	  "containerPort':80,'hostPort':81}]}]}}",
	  "spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` "
	  "when `hostNetwork` is true" },
};

TEST(ports_of_a_pod_have_numbers_and_names_of_their_own)
{
	KIND_CREATES(&core_pod_type, base, port_cases);
}

static const struct kind_case env_cases[] = {
	{ MEMBERS("'env':[{'name':''},{'name':'a=b'},{'name':'1 2','value':'x'}]"),
	  "spec.containers[0].env[0].name: Required value\n"
	  "spec.containers[0].env[1].name: Invalid value: \"a=b\": a valid environment variable "
	  "name must consist only of printable ASCII characters other than '='" },
	{ MEMBERS("'env':[{'name':'a','valueFrom':{}}]"),
	  "spec.containers[0].env[0].valueFrom: Invalid value: \"\": must specify one of: "
	  "`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`" },
	{ MEMBERS("'env':[{'name':'a','value':'b','valueFrom':{'secretKeyRef':{'name':'s','key':'k'"
		  "}}}]"),
	  "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified when "
	  "`value` is not empty" },
	{ MEMBERS("'env':[{'name':'a','valueFrom':{'secretKeyRef':{'name':'A','key':'k/"
		  "l'},'configMapKeyRef':{'key':''}}}]"),
	  "spec.containers[0].env[0].valueFrom.configMapKeyRef.name: Invalid value: \"\": a "
	  "lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
	  "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex "
	  "used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
	  "spec.containers[0].env[0].valueFrom.configMapKeyRef.key: Required value\n"
	  "spec.containers[0].env[0].valueFrom.secretKeyRef.name: Invalid value: \"A\": a "
	  "lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
	  "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex "
	  "used for validation is "
	  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
	  "spec.containers[0].env[0].valueFrom.secretKeyRef.key: Invalid value: \"k/l\": a valid "
	  "config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  "
	  "or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')\n"
	  "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not have more than one "
	  "field specified at a time" },
	{ MEMBERS("'env':[{'name':'a','valueFrom':{'fieldRef':{'fieldPath':''}}},{'name':'b','"
		  "valueFrom':{'fieldRef':{'fieldPath':'status.phase'}}},{'name':'c','valueFrom':{'"
		  "fieldRef':{'fieldPath':'spec.x'}}},{'name':'d','valueFrom':{'fieldRef':{'"
		  "fieldPath':'metadata.name','apiVersion':'v2'}}}]"),
	  "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Required value\n"
	  "spec.containers[0].env[1].valueFrom.fieldRef.fieldPath: Unsupported value: "
	  "\"status.phase\": supported values: \"metadata.name\", \"metadata.namespace\", "
	  "\"metadata.uid\", \"spec.nodeName\", \"spec.serviceAccountName\", \"status.hostIP\", "
	  "\"status.hostIPs\", \"status.podIP\", \"status.podIPs\"\n"
	  "spec.containers[0].env[2].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.x\": "
	  "error converting fieldPath: field label not supported: spec.x\n"
	  "spec.containers[0].env[3].valueFrom.fieldRef.fieldPath: Invalid value: "
	  "\"metadata.name\": error converting fieldPath: unsupported pod version: v2" },
	{ MEMBERS("'env':[{'name':'a','valueFrom':{'fieldRef':{'fieldPath':'metadata.annotations["
		  "\\u0027A.b/"
		  "C\\u0027]'}}},{'name':'b','valueFrom':{'fieldRef':{'fieldPath':'spec.nodeName["
		  "\\u0027a\\u0027]'}}}]"),
	  "spec.containers[0].env[1].valueFrom.fieldRef.fieldPath: Invalid value: "
	  "\"spec.nodeName['a']\": error converting fieldPath: field label does not support "
	  "subscript: spec.nodeName['a']" },
	{ MEMBERS("'env':[{'name':'a','valueFrom':{'resourceFieldRef':{'resource':'limits."
		  "hugepages-2Mi','divisor':'1m'}}},{'name':'b','valueFrom':{'resourceFieldRef':{'"
		  "resource':''}}}]"),
	  "spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "
	  "\"limits.hugepages-2Mi\": only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, "
	  "1Gi, 1Ti, 1Pi, 1Ei are supported with the hugepages resource\n"
	  "spec.containers[0].env[1].valueFrom.resourceFieldRef.resource: Required value" },
	{ MEMBERS("'env':[{'name':'a','valueFrom':{'fileKeyRef':{'key':'','volumeName':'V','path':'"
		  "../a'}}}]"),
	  "spec.containers[0].env[0].valueFrom.fileKeyRef.key: Required value\n"
	  "spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Invalid value: \"V\": a "
	  "lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
	  "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex "
	  "used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')\n"
	  "spec.containers[0].env[0].valueFrom.fileKeyRef.path: Invalid value: \"../a\": must not "
	  "contain '..'\n"
	  "spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Not found: \"V\"" },
	{ MEMBERS("'envFrom':[{},{'prefix':'a=','configMapRef':{'name':'a'},'secretRef':{'name':''}"
		  "},{'secretRef':{'name':'-a'}}]"),
	  "spec.containers[0].envFrom: Invalid value: \"\": must specify one of: `configMapRef` or "
	  "`secretRef`\n"
	  "spec.containers[0].envFrom[1].prefix: Invalid value: \"a=\": a valid environment "
	  "variable name must consist only of printable ASCII characters other than '='\n"
	  "spec.containers[0].envFrom[1].secretRef.name: Required value\n"
	  "spec.containers[0].envFrom: Invalid value: \"\": may not have more than one field "
	  "specified at a time\n"
	  "spec.containers[0].envFrom[2].secretRef.name: Invalid value: \"-a\": a lowercase RFC "
	  "1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
	  "start and end with an alphanumeric character (e.g. 'example.com', regex used for "
	  "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
};

TEST(variables_come_from_one_source)
{
	KIND_CREATES(&core_pod_type, base, env_cases);
}

static const struct kind_case mount_cases[] = {
	{ MEMBERS("'volumeMounts':[{'name':'v','mountPath':'/a'},{'name':'v','mountPath':'/a'}]"),
	  "spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/a\": must be unique" },
	{ MEMBERS("'volumeMounts':[{'name':'','mountPath':''},{'name':'x','mountPath':'/"
		  "b','subPath':'/a'}]"),
	  "spec.containers[0].volumeMounts[0].name: Required value\n"
	  "spec.containers[0].volumeMounts[0].name: Not found: \"\"\n"
	  "spec.containers[0].volumeMounts[0].mountPath: Required value\n"
	  "spec.containers[0].volumeMounts[1].name: Not found: \"x\"\n"
	  "spec.containers[0].volumeMounts.subPath: Invalid value: \"/a\": must be a relative "
	  "path" },
	{ MEMBERS("'volumeMounts':[{'name':'v','mountPath':'/a','subPath':'a','subPathExpr':'../"
		  "$(A)'}]"),
	  "spec.containers[0].volumeMounts[0].subPathExpr: Invalid value: \"../$(A)\": subPathExpr "
	  "and subPath are mutually exclusive\n"
	  "spec.containers[0].volumeMounts.subPathExpr: Invalid value: \"../$(A)\": must not "
	  "contain '..'" },
	{ MEMBERS("'volumeMounts':[{'name':'v','mountPath':'/"
		  "a','mountPropagation':'Bidirectional'},{'name':'v','mountPath':'/"
		  "b','mountPropagation':'x'}]"),
	  "spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount "
	  "propagation is available only to privileged containers\n"
	  "spec.containers[0].volumeMounts.mountPropagation: Unsupported value: \"x\": supported "
	  "values: \"Bidirectional\", \"HostToContainer\", \"None\"" },
	{ MEMBERS("'securityContext':{'privileged':true},'volumeMounts':[{'name':'v','mountPath':'/"
		  "a','mountPropagation':'Bidirectional'}]"),
	  "" },
	{ MEMBERS("'volumeMounts':[{'name':'v','mountPath':'/"
		  "a','recursiveReadOnly':'Enabled','mountPropagation':'HostToContainer'},{'name':'"
		  "v','mountPath':'/b','recursiveReadOnly':'x'}]"),
	  "spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified "
	  "when readOnly is true\n"
	  "spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified "
	  "when mountPropagation is None or not specified\n"
	  "spec.containers[0].volumeMounts.recursiveReadOnly: Unsupported value: \"x\": supported "
	  "values: \"Disabled\", \"Enabled\", \"IfPossible\"" },
	{ MEMBERS("'volumeMounts':[{'name':'w','mountPath':'/"
		  "a'}],'volumeDevices':[{'name':'w','devicePath':'/"
		  "a'},{'name':'v','devicePath':'../b'},{'name':'x','devicePath':''}]"),
	  "spec.containers[0].volumeMounts[0].name: Invalid value: \"w\": must not already exist "
	  "in volumeDevices\n"
	  "spec.containers[0].volumeMounts[0].mountPath: Invalid value: \"/a\": must not already "
	  "exist as a path in volumeDevices\n"
	  "spec.containers[0].volumeDevices[0].name: Invalid value: \"w\": must not already exist "
	  "in volumeMounts\n"
	  "spec.containers[0].volumeDevices[0].devicePath: Invalid value: \"/a\": must not already "
	  "exist as a path in volumeMounts\n"
	  "spec.containers[0].volumeDevices[1].name: Invalid value: \"v\": can only use volume "
	  "source type of PersistentVolumeClaim or Ephemeral for block mode\n"
	  "spec.containers[0].volumeDevices[1].devicePath: Invalid value: \"../b\": can not "
	  "contain backsteps ('..')\n"
	  "spec.containers[0].volumeDevices[2].name: Not found: \"x\"\n"
	  "spec.containers[0].volumeDevices[2].devicePath: Required value" },
	{ MEMBERS(
	      "'volumeDevices':[{'name':'w','devicePath':'/a'},{'name':'w','devicePath':'/a'}]"),
	  "spec.containers[0].volumeDevices[1].name: Invalid value: \"w\": must be unique\n"
	  "spec.containers[0].volumeDevices[1].devicePath: Invalid value: \"/a\": must be unique" },
};

TEST(volumes_are_mounted_once_at_a_path)
{
	KIND_CREATES(&core_pod_type, base, mount_cases);
}

static const struct kind_case probe_cases[] = {
	{ MEMBERS("'livenessProbe':{}"),
	  "spec.containers[0].livenessProbe: Required value: must specify a handler type" },
	{ MEMBERS("'livenessProbe':{'exec':{},'httpGet':{'port':80}}"),
	  "spec.containers[0].livenessProbe.exec.command: Required value\n"
	  "spec.containers[0].livenessProbe.httpGet: Forbidden: may not specify more than 1 "
	  "handler type" },
	{ MEMBERS("'livenessProbe':{'httpGet':{'path':'a','port':0,'scheme':'FTP','httpHeaders':[{'"
		  "name':'a b','value':''}]},'successThreshold':2}"),
	  "spec.containers[0].livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and "
	  "65535, inclusive\n"
	  "spec.containers[0].livenessProbe.httpGet.scheme: Unsupported value: \"FTP\": supported "
	  "values: \"HTTP\", \"HTTPS\"\n"
	  "spec.containers[0].livenessProbe.httpGet.httpHeaders: Invalid value: \"a b\": a valid "
	  "HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex "
	  "used for validation is '[-A-Za-z0-9]+')\n"
	  "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1" },
	{ MEMBERS("'livenessProbe':{'tcpSocket':{'port':'a_b'},'initialDelaySeconds':-1,'"
		  "timeoutSeconds':-1,'periodSeconds':-1,'failureThreshold':-1,'"
		  "terminationGracePeriodSeconds':0}"),
	  "spec.containers[0].livenessProbe.tcpSocket.port: Invalid value: \"a_b\": must contain "
	  "only alpha-numeric characters (a-z, 0-9), and hyphens (-)\n"
	  "spec.containers[0].livenessProbe.initialDelaySeconds: Invalid value: -1: must be "
	  "greater than or equal to 0\n"
	  "spec.containers[0].livenessProbe.timeoutSeconds: Invalid value: -1: must be greater "
	  "than or equal to 0\n"
	  "spec.containers[0].livenessProbe.periodSeconds: Invalid value: -1: must be greater than "
	  "or equal to 0\n"
	  "spec.containers[0].livenessProbe.failureThreshold: Invalid value: -1: must be greater "
	  "than or equal to 0\n"
	  "spec.containers[0].livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must "
	  "be greater than 0" },
	{ MEMBERS("'readinessProbe':{'grpc':{'port':0},'successThreshold':2,'"
		  "terminationGracePeriodSeconds':1}"),
	  "spec.containers[0].readinessProbe.grpc.port: Invalid value: 0: must be between 1 and "
	  "65535, inclusive\n"
	  "spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 1: must "
	  "not be set for readinessProbes" },
	{ MEMBERS("'startupProbe':{'grpc':{'port':1},'successThreshold':2}"),
	  "spec.containers[0].startupProbe.successThreshold: Invalid value: 2: must be 1" },
	{ MEMBERS("'lifecycle':{'postStart':{},'preStop':{'sleep':{'seconds':31}}}"),
	  "spec.containers[0].lifecycle.postStart: Required value: must specify a handler type\n"
	  "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and "
	  "less than terminationGracePeriodSeconds (30)" },
	{ MEMBERS("'lifecycle':{'preStop':{'sleep':{'seconds':0}},'postStart':{'tcpSocket':{'port':"
		  "1}}}"),
	  "" },
	{ MEMBERS("'lifecycle':{'stopSignal':'SIGTERM'}"),
	  "spec.containers[0].lifecycle.stopSignal: Forbidden: may not be set for containers with "
	  "empty `spec.os.name`" },
	{ "{'spec':{'os':{'name':'linux'},'containers':[{'name':'c','image':'i','lifecycle':{'"
	  "stopSignal':'SIGFOO'}}]}}",
	  "spec.containers[0].lifecycle.stopSignal: Unsupported value: \"SIGFOO\": supported "
	  "values: \"SIGABRT\", \"SIGALRM\", \"SIGBUS\", \"SIGCHLD\", \"SIGCLD\", \"SIGCONT\", "
	  "\"SIGFPE\", \"SIGHUP\", \"SIGILL\", \"SIGINT\", \"SIGIO\", \"SIGIOT\", \"SIGKILL\", "
	  "\"SIGPIPE\", \"SIGPOLL\", \"SIGPROF\", \"SIGPWR\", \"SIGQUIT\", \"SIGRTMAX\", "
	  "\"SIGRTMAX-1\", \"SIGRTMAX-10\", \"SIGRTMAX-11\", \"SIGRTMAX-12\", \"SIGRTMAX-13\", "
	  "\"SIGRTMAX-14\", \"SIGRTMAX-2\", \"SIGRTMAX-3\", \"SIGRTMAX-4\", \"SIGRTMAX-5\", "
	  "\"SIGRTMAX-6\", \"SIGRTMAX-7\", \"SIGRTMAX-8\", \"SIGRTMAX-9\", \"SIGRTMIN\", "
	  "\"SIGRTMIN+1\", \"SIGRTMIN+10\", \"SIGRTMIN+11\", \"SIGRTMIN+12\", \"SIGRTMIN+13\", "
	  "\"SIGRTMIN+14\", \"SIGRTMIN+15\", \"SIGRTMIN+2\", \"SIGRTMIN+3\", \"SIGRTMIN+4\", "
	  "\"SIGRTMIN+5\", \"SIGRTMIN+6\", \"SIGRTMIN+7\", \"SIGRTMIN+8\", \"SIGRTMIN+9\", "
	  "\"SIGSEGV\", \"SIGSTKFLT\", \"SIGSTOP\", \"SIGSYS\", \"SIGTERM\", \"SIGTRAP\", "
	  "\"SIGTSTP\", \"SIGTTIN\", \"SIGTTOU\", \"SIGURG\", \"SIGUSR1\", \"SIGUSR2\", "
	  "\"SIGVTALRM\", \"SIGWINCH\", \"SIGXCPU\", \"SIGXFSZ\"" },
	{ INIT(",'livenessProbe':{'tcpSocket':{'port':1}},'readinessProbe':{'tcpSocket':{'port':1}}"
	       ",'startupProbe':{'tcpSocket':{'port':1}},'lifecycle':{}"),
	  "spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers without "
	  "restartPolicy=Always\n"
	  "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers "
	  "without restartPolicy=Always\n"
	  "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers "
	  "without restartPolicy=Always\n"
	  "spec.initContainers[0].startupProbe: Forbidden: may not be set for init containers "
	  "without restartPolicy=Always" },
	{ INIT(",'restartPolicy':'Always','livenessProbe':{'tcpSocket':{'port':0}}"),
	  "spec.initContainers[0].livenessProbe.tcpSocket.port: Invalid value: 0: must be between "
	  "1 and 65535, inclusive" },
	{ INIT(",'restartPolicy':'Never'"), "" },
};

TEST(probes_have_one_handler)
{
	KIND_CREATES(&core_pod_type, base, probe_cases);
}

static const struct kind_case amount_cases[] = {
	{ MEMBERS("'resources':{'requests':{'cpu':'2'},'limits':{'cpu':'1'}}"),
	  "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal "
	  "to cpu limit of 1" },
	{ MEMBERS("'resources':{'requests':{'cpu':'-1','storage':'1','a/b':'1','funny':'1'}}"),
	  "spec.containers[0].resources.limits: Required value: Limit must be set for non "
	  "overcommitable resources\n"
	  "spec.containers[0].resources.requests[cpu]: Invalid value: \"-1\": must be greater than "
	  "or equal to 0\n"
	  "spec.containers[0].resources.requests[funny]: Invalid value: \"funny\": must be a "
	  "standard resource type or fully qualified\n"
	  "spec.containers[0].resources.requests[funny]: Invalid value: \"funny\": must be a "
	  "standard resource for containers\n"
	  "spec.containers[0].resources.requests[storage]: Invalid value: \"storage\": must be a "
	  "standard resource for containers" },
	{ MEMBERS("'resources':{'requests':{'memory':'1','example.com/"
		  "gpu':'1.5'},'limits':{'example.com/gpu':'2'}}"),
	  "spec.containers[0].resources.requests[example.com/gpu]: Invalid value: \"1500m\": must "
	  "be an integer\n"
	  "spec.containers[0].resources.requests: Invalid value: \"1500m\": must be equal to "
	  "example.com/gpu limit of 2" },
	{ MEMBERS("'resources':{'limits':{'hugepages-2Mi':'2Mi'}}"),
	  "spec.containers[0].resources: Forbidden: HugePages require cpu or memory" },
	{ MEMBERS("'resources':{'limits':{'cpu':'1','hugepages-2Mi':'3Mi'},'requests':{'hugepages-"
		  "2Mi':'3Mi'}}"),
	  "spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not "
	  "positive integer multiple of hugepages-2Mi\n"
	  "spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is "
	  "not positive integer multiple of hugepages-2Mi" },
	{ MEMBERS("'resources':{'requests':{'requests.example.com/gpu':'1'}}"),
	  "spec.containers[0].resources.requests[requests.example.com/gpu]: Invalid value: "
	  "\"requests.example.com/gpu\": doesn't follow extended resource name standard\n"
	  "spec.containers[0].resources.limits: Required value: Limit must be set for non "
	  "overcommitable resources" },
	{ MEMBERS("'resources':{'claims':[{'name':'a'},{'name':''}]}"),
	  "spec.containers[0].resources.claims[0]: Not found: \"a\": must be one of the names in "
	  "pod.spec.resourceClaims which is empty\n"
	  "spec.containers[0].resources.claims[1]: Required value" },
	{ "{'spec':{'resourceClaims':[{'name':'a','resourceClaimName':'x'}],'containers':[{'name':'"
	  "c','image':'i','resources':{'claims':[{'name':'a'},{'name':'a','request':'r'},{'name':'"
	  "b'}]}}]}}",
	  "spec.containers[0].resources.claims[1]: Duplicate value: \"a\"\n"
	  "spec.containers[0].resources.claims[2]: Not found: \"b\": must be one of the names in "
	  "pod.spec.resourceClaims: a" },
	{ MEMBERS("'resizePolicy':[{'resourceName':'cpu','restartPolicy':'x'},{'resourceName':'cpu'"
		  ",'restartPolicy':'NotRequired'},{'resourceName':'gpu','restartPolicy':'"
		  "NotRequired'}]"),
	  "spec.containers[0].resizePolicy: Unsupported value: \"x\": supported values: "
	  "\"NotRequired\", \"RestartContainer\"\n"
	  "spec.containers[0].resizePolicy[1]: Duplicate value: \"cpu\"\n"
	  "spec.containers[0].resizePolicy: Unsupported value: \"gpu\": supported values: \"cpu\", "
	  "\"memory\"" },
	{ "{'spec':{'restartPolicy':'Never','containers':[{'name':'c','image':'i','resizePolicy':[{"
	  "'resourceName':'cpu','restartPolicy':'RestartContainer'}]}]}}",
	  "spec.containers[0].resizePolicy: Invalid value: \"RestartContainer\": must be "
	  "'NotRequired' when pod `restartPolicy` is 'Never'" },
	{ INIT(",'resizePolicy':[{'resourceName':'cpu','restartPolicy':'NotRequired'}]"), "" },
	{ "{'spec':{'resources':{'requests':{'cpu':'1','ephemeral-storage':'1'},'limits':{'cpu':'1'"
	  ",'memory':'1'}},'containers':[{'name':'c','image':'i','resources':{'requests':{'cpu':'2'"
	  "},'limits':{'memory':'2'}}}]}}",
	  "spec.resources.requests[ephemeral-storage]: Unsupported value: \"ephemeral-storage\": "
	  "supported values: \"cpu\", \"hugepages-\", \"memory\"\n"
	  "spec.resources.requests: Invalid value: \"2\": must be less than or equal to memory "
	  "limit of 1\n"
	  "spec.resources.requests[cpu]: Invalid value: \"1\": must be greater than or equal to "
	  "aggregate container requests of 2\n"
	  "spec.resources.containers[0][memory].limits: Invalid value: \"2\": must be less than or "
	  "equal to pod limits of 1" },
};

TEST(requests_stay_below_limits)
{
	KIND_CREATES(&core_pod_type, base, amount_cases);
}
