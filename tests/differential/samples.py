"""One valid object of every kind that both servers store: what the requests begin from.

Rows: path of the API, resource, kind, whether it lies in a namespace, what it says beside metadata, subresources to be read and changed.
Nothing of them is acted on: workloads have no replicas or are paused, selectors find nothing.
"""
CONTAINER = {"name": "c", "image": "nginx"}
LABELS = {"app": "x"}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": {"containers": [CONTAINER]}}
NEVER = {"spec": {"restartPolicy": "Never", "containers": [CONTAINER]}}
SELECTOR = {"matchLabels": LABELS}
RULES = {"resourceRules": [{"apiGroups": ["no.example.com"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["nothings"]}]}
WEBHOOK = [{"name": "x.example.com", "clientConfig": {"url": "https://127.0.0.1:1/"}, "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "rules": [{"apiGroups": ["no.example.com"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["nothings"], "scope": "*"}]}]
LEVEL = {"type": "Limited", "limited": {"nominalConcurrencyShares": 1, "limitResponse": {"type": "Queue", "queuing": {"queues": 8, "handSize": 2, "queueLengthLimit": 9}}}}
RBAC = "rbac.authorization.k8s.io"
USER = {"kind": "User", "name": "u", "apiGroup": RBAC}
SCHEMA = {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object", "properties": {"wheels": {"type": "integer", "minimum": 0}}}}}}
DEVICES = {"requests": [{"name": "r", "exactly": {"deviceClassName": "x.example.com"}}]}

CORE, APPS, BATCH, NET = "/api/v1", "/apis/apps/v1", "/apis/batch/v1", "/apis/networking.k8s.io/v1"
STORAGE, ADMISSION, RESOURCE = "/apis/storage.k8s.io/v1", "/apis/admissionregistration.k8s.io/v1", "/apis/resource.k8s.io/v1"
ROLES, FLOW = "/apis/rbac.authorization.k8s.io/v1", "/apis/flowcontrol.apiserver.k8s.io/v1"

STRICT_SPEC = {"type": "object", "required": ["wheels"], "x-kubernetes-validations": [{"rule": "self.wheels <= self.limit", "message": "too many wheels"}], "properties": {
    "wheels": {"type": "integer", "minimum": 1}, "limit": {"type": "integer", "default": 9}, "replicas": {"type": "integer", "format": "int32", "default": 0},
    "color": {"type": "string", "enum": ["red", "blue"], "maxLength": 9}, "plate": {"type": "string", "pattern": "^[A-Z]+$", "minLength": 2}, "built": {"type": "string", "format": "date-time"},
    "size": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}, "note": {"type": "string", "nullable": True},
    "extra": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}, "marks": {"type": "object", "additionalProperties": {"type": "string"}},
    "parts": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], "maxItems": 3, "items": {"type": "object", "required": ["name"], "properties": {
        "name": {"type": "string"}, "count": {"type": "integer", "multipleOf": 2}}}},
    "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}, "weight": {"type": "number", "maximum": 2.5, "exclusiveMaximum": True}}}
STRICT_SCHEMA = {"openAPIV3Schema": {"type": "object", "required": ["spec"], "properties": {"spec": STRICT_SPEC, "status": {"type": "object", "properties": {
    "replicas": {"type": "integer"}, "conditions": {"type": "array", "items": {"type": "object", "properties": {"type": {"type": "string"}, "status": {"type": "string"}}}}}}}}}
# A definition that both servers have before they are asked.
DEFINITION = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "wagons.custom.example.com"}, "spec": {
    "group": "custom.example.com", "scope": "Namespaced", "names": {"plural": "wagons", "singular": "wagon", "kind": "Wagon", "listKind": "WagonList"},
    "versions": [{"name": name, "served": True, "storage": name == "v1", "schema": STRICT_SCHEMA,
                  "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}},
                  "selectableFields": [{"jsonPath": ".spec.color"}],
                  "additionalPrinterColumns": [{"name": "Wheels", "type": "integer", "jsonPath": ".spec.wheels"}, {"name": "Built", "type": "date", "jsonPath": ".spec.built"}]} for name in ("v1", "v2")]}}

ALL = [
    (CORE, "configmaps", "ConfigMap", True, {"data": {"a": "1", "b-c": "2"}, "binaryData": {"d": "AAECAw=="}}, ()),
    (CORE, "secrets", "Secret", True, {"type": "Opaque", "data": {"password": "eA=="}, "stringData": {"user": "u"}}, ()),
    (CORE, "serviceaccounts", "ServiceAccount", True, {"automountServiceAccountToken": False, "imagePullSecrets": [{"name": "s"}]}, ()),
    (CORE, "services", "Service", True, {"spec": {"clusterIP": "None", "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
                                                   "selector": {"app": "none"}, "sessionAffinity": "None"}}, ("status",)),
    (CORE, "endpoints", "Endpoints", True, {"subsets": [{"addresses": [{"ip": "10.1.2.3"}], "ports": [{"port": 80, "name": "http"}]}]}, ()),
    (CORE, "events", "Event", True, {"involvedObject": {"kind": "Pod", "namespace": "differ", "name": "p"}, "reason": "Tested", "message": "m", "type": "Normal",
                                     "firstTimestamp": "2026-01-02T03:04:05Z", "lastTimestamp": "2026-01-02T03:04:05Z", "count": 1,
                                     "source": {"component": "c"}}, ()),
    (CORE, "limitranges", "LimitRange", True, {"spec": {"limits": [{"type": "PersistentVolumeClaim", "max": {"storage": "1500Gi"}, "min": {"storage": "1"}}]}}, ()),
    (CORE, "resourcequotas", "ResourceQuota", True, {"spec": {"hard": {"count/nothings.no.example.com": "9", "pods": "1k"}}}, ("status",)),
    (CORE, "persistentvolumeclaims", "PersistentVolumeClaim", True, {"spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "no",
                                                                              "resources": {"requests": {"storage": "1Gi"}}}}, ("status",)),
    (CORE, "persistentvolumes", "PersistentVolume", False, {"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
                                                                     "hostPath": {"path": "/x"}, "storageClassName": "no"}}, ("status",)),
    (CORE, "pods", "Pod", True, {"spec": {"containers": [{"name": "c", "image": "nginx", "ports": [{"containerPort": 80}],
                                                          "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "1Gi"}},
                                                          "env": [{"name": "A", "value": "b"}]}],
                                           "nodeSelector": {"no": "where"}, "automountServiceAccountToken": False}}, ("status", "ephemeralcontainers", "resize")),
    (CORE, "podtemplates", "PodTemplate", True, {"template": TEMPLATE}, ()),
    (CORE, "replicationcontrollers", "ReplicationController", True, {"spec": {"replicas": 0, "selector": LABELS, "template": TEMPLATE}}, ("status", "scale")),
    (CORE, "namespaces", "Namespace", False, {}, ("status",)),
    (CORE, "nodes", "Node", False, {"spec": {"unschedulable": True, "taints": [{"key": "a", "value": "b", "effect": "NoSchedule"}]}}, ("status",)),
    (APPS, "deployments", "Deployment", True, {"spec": {"paused": True, "replicas": 0, "selector": SELECTOR, "template": TEMPLATE,
                                                        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": "25%"}}}}, ("status", "scale")),
    (APPS, "replicasets", "ReplicaSet", True, {"spec": {"replicas": 0, "selector": SELECTOR, "template": TEMPLATE}}, ("status", "scale")),
    (APPS, "statefulsets", "StatefulSet", True, {"spec": {"replicas": 0, "serviceName": "x", "selector": SELECTOR, "template": TEMPLATE}}, ("status", "scale")),
    (APPS, "daemonsets", "DaemonSet", True, {"spec": {"selector": SELECTOR, "template": {**TEMPLATE, "spec": {"containers": [CONTAINER],
                                                                                                             "nodeSelector": {"no": "where"}}}}}, ("status",)),
    (APPS, "controllerrevisions", "ControllerRevision", True, {"revision": 1, "data": {"a": [1, 2.5, "x"]}}, ()),
    (BATCH, "jobs", "Job", True, {"spec": {"suspend": True, "completions": 3, "parallelism": 1, "backoffLimit": 2, "template": NEVER}}, ("status",)),
    (BATCH, "cronjobs", "CronJob", True, {"spec": {"schedule": "0 0 1 1 *", "suspend": True, "timeZone": "Etc/UTC", "concurrencyPolicy": "Forbid",
                                                   "jobTemplate": {"spec": {"template": NEVER}}}}, ("status",)),
    (NET, "ingresses", "Ingress", True, {"spec": {"ingressClassName": "x", "tls": [{"hosts": ["a.example.com"], "secretName": "t"}],
                                                  "rules": [{"host": "a.example.com", "http": {"paths": [
        {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "x", "port": {"number": 80}}}}]}}]}}, ("status",)),
    (NET, "ingressclasses", "IngressClass", False, {"spec": {"controller": "example.com/x", "parameters": {"apiGroup": "a.io", "kind": "K", "name": "n", "scope": "Cluster"}}}, ()),
    (NET, "networkpolicies", "NetworkPolicy", True, {"spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [
        {"ports": [{"port": 80, "protocol": "TCP", "endPort": 90}], "from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}]}]}}, ()),
    (NET, "ipaddresses", "IPAddress", False, {"spec": {"parentRef": {"group": "", "resource": "services", "namespace": "differ", "name": "x"}}}, ()),
    (NET, "servicecidrs", "ServiceCIDR", False, {"spec": {"cidrs": ["10.97.0.0/24"]}}, ("status",)),
    ("/apis/policy/v1", "poddisruptionbudgets", "PodDisruptionBudget", True, {"spec": {"minAvailable": "50%", "selector": SELECTOR,
                                                                                       "unhealthyPodEvictionPolicy": "AlwaysAllow"}}, ("status",)),
    (ROLES, "roles", "Role", True, {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}, ()),
    (ROLES, "rolebindings", "RoleBinding", True, {"roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "x"}, "subjects": [USER]}, ()),
    (ROLES, "clusterroles", "ClusterRole", False, {"rules": [{"nonResourceURLs": ["/x"], "verbs": ["get"]}]}, ()),
    (ROLES, "clusterrolebindings", "ClusterRoleBinding", False, {"roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "x"},
                                                                 "subjects": [{"kind": "ServiceAccount", "name": "u", "namespace": "default"}]}, ()),
    ("/apis/scheduling.k8s.io/v1", "priorityclasses", "PriorityClass", False, {"value": 7, "description": "x", "preemptionPolicy": "Never"}, ()),
    (STORAGE, "storageclasses", "StorageClass", False, {"provisioner": "example.com/x", "parameters": {"a": "b"}, "reclaimPolicy": "Retain", "volumeBindingMode": "Immediate",
                                                        "allowedTopologies": [{"matchLabelExpressions": [{"key": "z", "values": ["a"]}]}]}, ()),
    (STORAGE, "csidrivers", "CSIDriver", False, {"spec": {"attachRequired": False, "fsGroupPolicy": "File", "volumeLifecycleModes": ["Persistent"],
                                                          "tokenRequests": [{"audience": "a", "expirationSeconds": 3600}]}}, ()),
    (STORAGE, "csinodes", "CSINode", False, {"spec": {"drivers": [{"name": "x.example.com", "nodeID": "n", "topologyKeys": ["z"], "allocatable": {"count": 3}}]}}, ()),
    (STORAGE, "csistoragecapacities", "CSIStorageCapacity", True, {"storageClassName": "no", "capacity": "1Gi", "maximumVolumeSize": "1G",
                                                                   "nodeTopology": {"matchLabels": {"a": "b"}}}, ()),
    (STORAGE, "volumeattachments", "VolumeAttachment", False, {"spec": {"attacher": "x", "nodeName": "n", "source": {"persistentVolumeName": "v"}}}, ("status",)),
    (STORAGE, "volumeattributesclasses", "VolumeAttributesClass", False, {"driverName": "x.example.com", "parameters": {"a": "b"}}, ()),
    ("/apis/node.k8s.io/v1", "runtimeclasses", "RuntimeClass", False, {"handler": "x", "overhead": {"podFixed": {"cpu": "1m"}},
                                                                       "scheduling": {"nodeSelector": {"a": "b"}, "tolerations": [{"key": "k", "operator": "Exists"}]}}, ()),
    ("/apis/coordination.k8s.io/v1", "leases", "Lease", True, {"spec": {"holderIdentity": "x", "leaseDurationSeconds": 5, "leaseTransitions": 0,
                                                                        "renewTime": "2026-01-02T03:04:05.678900Z"}}, ()),
    ("/apis/autoscaling/v1", "horizontalpodautoscalers", "HorizontalPodAutoscaler", True, {"spec": {"maxReplicas": 3, "targetCPUUtilizationPercentage": 50,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "no"}}}, ("status",)),
    ("/apis/autoscaling/v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", True, {"spec": {"maxReplicas": 3, "minReplicas": 1,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}],
        "behavior": {"scaleDown": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}},
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "no"}}}, ("status",)),
    ("/apis/discovery.k8s.io/v1", "endpointslices", "EndpointSlice", True, {"addressType": "IPv4", "endpoints": [{"addresses": ["10.1.2.3"], "conditions": {"ready": True}, "zone": "z"}],
                                                                            "ports": [{"port": 80, "name": "http", "protocol": "TCP"}]}, ()),
    ("/apis/events.k8s.io/v1", "events", "Event", True, {"eventTime": "2026-01-02T03:04:05.678900Z", "reportingController": "a.io/c", "reportingInstance": "i", "action": "A", "reason": "R",
                                                         "regarding": {"kind": "Pod", "namespace": "differ", "name": "p"}, "note": "n", "type": "Normal"}, ()),
    (FLOW, "prioritylevelconfigurations", "PriorityLevelConfiguration", False, {"spec": LEVEL}, ("status",)),
    (FLOW, "flowschemas", "FlowSchema", False, {"spec": {"priorityLevelConfiguration": {"name": "exempt"}, "matchingPrecedence": 9999, "distinguisherMethod": {"type": "ByUser"}, "rules": [
        {"subjects": [{"kind": "User", "user": {"name": "nobody"}}], "resourceRules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "namespaces": ["*"]}]}]}}, ("status",)),
    (ADMISSION, "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", False, {"webhooks": WEBHOOK}, ()),
    (ADMISSION, "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", False, {"webhooks": WEBHOOK}, ()),
    (ADMISSION, "validatingadmissionpolicies", "ValidatingAdmissionPolicy", False, {"spec": {"matchConstraints": RULES, "variables": [{"name": "v", "expression": "object.spec"}], "validations": [
        {"expression": "variables.v.x > 1", "message": "m", "messageExpression": "'m' + string(variables.v.x)", "reason": "Forbidden"}],
        "matchConditions": [{"name": "c", "expression": "request.operation == 'CREATE'"}], "auditAnnotations": [{"key": "k", "valueExpression": "'v'"}]}}, ("status",)),
    (ADMISSION, "validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding", False, {"spec": {"policyName": "x", "validationActions": ["Deny"], "matchResources": RULES}}, ()),
    (ADMISSION, "mutatingadmissionpolicies", "MutatingAdmissionPolicy", False, {"spec": {"matchConstraints": RULES, "reinvocationPolicy": "Never", "failurePolicy": "Ignore",
        "variables": [{"name": "v", "expression": "object.spec"}], "matchConditions": [{"name": "c", "expression": "request.operation == 'CREATE'"}], "mutations": [
        {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{spec: Object.spec{x: variables.v.y}}"}},
        {"patchType": "JSONPatch", "jsonPatch": {"expression": "[JSONPatch{op: 'add', path: '/x', value: 1}]"}}]}}, ()),
    (ADMISSION, "mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding", False, {"spec": {"policyName": "x", "matchResources": RULES}}, ()),
    ("/apis/certificates.k8s.io/v1", "clustertrustbundles", "ClusterTrustBundle", False, None, ()),
    ("/apis/certificates.k8s.io/v1", "certificatesigningrequests", "CertificateSigningRequest", False, None, ("status", "approval")),
    ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions", "CustomResourceDefinition", False, {"spec": {"group": "differ.example.com", "scope": "Namespaced",
        "names": {"plural": "cars", "singular": "car", "kind": "Car", "listKind": "CarList"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": SCHEMA, "subresources": {"status": {}}}]}}, ()),
    ("/apis/custom.example.com/v1", "wagons", "Wagon", True, {"spec": {"wheels": 4, "color": "red", "plate": "AB", "built": "2026-01-02T03:04:05Z", "size": "1", "note": None, "extra": {"a": [1]},
        "marks": {"a": "b"}, "parts": [{"name": "p", "count": 2}], "tags": ["a", "b"], "weight": 1.5}}, ("status", "scale")),
    ("/apis/apiregistration.k8s.io/v1", "apiservices", "APIService", False, {"spec": {"group": "differ2.example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10,
        "service": {"namespace": "differ", "name": "none", "port": 443}, "insecureSkipTLSVerify": True}}, ()),
    (RESOURCE, "deviceclasses", "DeviceClass", False, {"spec": {"selectors": [{"cel": {"expression": "device.driver == 'x.example.com'"}}]}}, ()),
    (RESOURCE, "resourceclaims", "ResourceClaim", True, {"spec": {"devices": DEVICES}}, ("status",)),
    (RESOURCE, "resourceclaimtemplates", "ResourceClaimTemplate", True, {"spec": {"spec": {"devices": DEVICES}}}, ()),
    (RESOURCE, "resourceslices", "ResourceSlice", False, {"spec": {"driver": "x.example.com", "nodeName": "n", "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
        "devices": [{"name": "d", "attributes": {"a": {"string": "v"}}, "capacity": {"m": {"value": "1Gi"}}}]}}, ()),
    (RESOURCE, "devicetaintrules", "DeviceTaintRule", False, {"spec": {"deviceSelector": {"driver": "x.example.com", "pool": "p", "device": "d"},
                                                                       "taint": {"key": "k", "value": "v", "effect": "NoSchedule", "timeAdded": "2026-01-02T03:04:05Z"}}}, ("status",)),
    ("/apis/storagemigration.k8s.io/v1", "storageversionmigrations", "StorageVersionMigration", False, {"spec": {"resource": {"group": "", "resource": "nothings"}}}, ("status",)),
]
# Names that say something, where the usual one would not do.
NAMES = {"customresourcedefinitions": "cars.differ.example.com", "apiservices": "v1.differ2.example.com", "ipaddresses": "10.96.200.7",
         "csidrivers": "x.example.com", "deviceclasses": "x.example.com"}
