/*
 * The Node authorizer: a node may read and report what concerns it, and nothing of other nodes (Kubernetes reference,
 * "Using Node Authorization").
 *
 * What its pods refer to (secrets, config maps, claims, service accounts) it may read while such a pod is bound to it.
 * Everything else that nodes need is granted by a fixed table, in place of the role system:node.
 */
#include "actors/authorization/mechanisms.h"
#include "actors/client/pod-reference.h"
#include "actors/client/user.h"
#include "datastore/schema/core.h"
#include "runtime/base/str.h"

/* What any node may do to these resources, whatever their name. */
static const struct {
	const char *group, *resource, *subresource, *verbs;
} grants[] = {
	{ "authentication.k8s.io", "tokenreviews", "", "create" },
	{ "authorization.k8s.io", "subjectaccessreviews", "", "create" },
	{ "authorization.k8s.io", "localsubjectaccessreviews", "", "create" },
	{ "", "services", "", "get,list,watch" },
	{ "", "nodes", "", "create,get,list,watch" },
	{ "", "nodes", "status", "patch,update" },
	{ "", "nodes", "", "patch,update" },
	{ "", "events", "", "create,patch,update" },
	{ "events.k8s.io", "events", "", "create,patch,update" },
	{ "", "pods", "", "get,list,watch,create,delete" },
	{ "", "pods", "status", "patch,update" },
	{ "", "pods", "eviction", "create" },
	{ "certificates.k8s.io", "certificatesigningrequests", "", "create,get,list,watch" },
	{ "coordination.k8s.io", "leases", "", "create,get,patch,update,delete" },
	{ "storage.k8s.io", "volumeattachments", "", "get" },
	{ "storage.k8s.io", "csidrivers", "", "get,list,watch" },
	{ "storage.k8s.io", "csinodes", "", "create,get,patch,update,delete" },
	{ "node.k8s.io", "runtimeclasses", "", "get,list,watch" },
	{ "discovery.k8s.io", "endpointslices", "", "get,list,watch" },
};

static bool has_word(const char *list, struct str word)
{
	struct str rest = str_from(list);

	while (rest.at != NULL)
		if (str_eq(str_cut(&rest, ','), word))
			return true;
	return false;
}

static bool is_granted(const struct attributes *a)
{
	for (size_t i = 0; i < sizeof grants / sizeof grants[0]; i++)
		if (str_is(a->group, grants[i].group) && str_is(a->resource, grants[i].resource) &&
		    str_is(a->subresource, grants[i].subresource) &&
		    has_word(grants[i].verbs, a->verb))
			return true;
	return false;
}

/* ---- what may only be done to a node's own --------------------------------------------------------------- */

static bool is_write(struct str verb)
{
	return !str_is(verb, "get") && !str_is(verb, "list") && !str_is(verb, "watch");
}

/* Whether a list or watch is held to one value of a field: metadata.name=n1, spec.nodeName==n1 among its terms. */
static bool selects(const struct attributes *a, const char *field, struct str value)
{
	struct str rest = a->field_selector;

	while (rest.at != NULL) {
		struct str term = str_cut(&rest, ','), name = str_cut(&term, '=');

		if (term.len > 0 && term.at[0] == '=')
			term = str_slice(term, 1, term.len);
		if (str_is(str_trim(name), field) && str_eq(str_trim(term), value))
			return true;
	}
	return false;
}

/* Objects that bear the node's name, and leases in kube-node-lease, are its own. A create names none yet; plug-ins judge it. */
static bool is_anothers(const struct attributes *a, struct str node)
{
	bool is_lease = str_is(a->resource, "leases") && str_is(a->group, "coordination.k8s.io");
	bool is_own_kind = is_lease || (str_is(a->resource, "nodes") && a->group.len == 0) ||
			   (str_is(a->resource, "csinodes") && str_is(a->group, "storage.k8s.io"));

	if (is_lease && !str_is(a->namespace, "kube-node-lease"))
		return true;
	if (!is_own_kind || str_is(a->verb, "create"))
		return false;
	return a->name.len > 0 ? !str_eq(a->name, node) : !selects(a, "metadata.name", node);
}

/* Of pods it reads those that are bound to it, by a selector that says so: others' have words in them that are not its to know. */
static bool reads_others_pods(const struct attributes *a, struct str node)
{
	return a->group.len == 0 && str_is(a->resource, "pods") && a->name.len == 0 &&
	       (str_is(a->verb, "list") || str_is(a->verb, "watch")) &&
	       !selects(a, "spec.nodeName", node);
}

static bool is_own_pod(const struct check_context *check, const struct attributes *a,
		       struct str node)
{
	const struct object *object = check_get(check, &core_pod_type, a->namespace, a->name);

	return object != NULL &&
	       str_eq(((const struct core_pod *)object->record)->spec->node_name, node);
}

/* ---- what pods refer to -------------------------------------------------------------------------------------- */

struct search {
	struct arena *arena;
	struct str node, name;
	enum pod_reference kind;
	bool is_found;
};

static bool visit_reference(void *arg, enum pod_reference kind, struct str name)
{
	const struct search *search = arg;

	return kind != search->kind || !str_eq(name, search->name);
}

static bool visit_pod(void *arg, const struct object *object)
{
	struct search *search = arg;
	const struct core_pod *pod = object->record;

	search->is_found = str_eq(pod->spec->node_name, search->node) &&
			   !pod_reference_each(pod, search->arena, visit_reference, search);
	return !search->is_found;
}

static const struct {
	const char *resource;
	enum pod_reference kind;
} referred[] = {
	{ "secrets", POD_REFERENCE_SECRET },
	{ "configmaps", POD_REFERENCE_CONFIG_MAP },
	{ "persistentvolumeclaims", POD_REFERENCE_CLAIM },
	{ "serviceaccounts", POD_REFERENCE_ACCOUNT },
};

/* Reading by name only: a list or watch must name the one object by its field selector, which the server makes `name`. */
static bool is_referred(const struct check_context *check, const struct attributes *a,
			struct str node)
{
	struct search search = { .arena = check->arena, .node = node, .name = a->name };
	bool is_token = str_is(a->resource, "serviceaccounts") && str_is(a->subresource, "token") &&
			str_is(a->verb, "create");
	bool is_known = false;

	for (size_t i = 0; i < sizeof referred / sizeof referred[0] && !is_known; i++) {
		is_known = str_is(a->resource, referred[i].resource);
		search.kind = referred[i].kind;
	}
	if (a->group.len > 0 || !is_known || a->name.len == 0 || (is_write(a->verb) && !is_token))
		return false;
	check->reader->each(check->reader->self, &core_pod_type, a->namespace, visit_pod, &search);
	return search.is_found;
}

/* ---- the authorizer ------------------------------------------------------------------------------------------- */

static enum check retry(struct authorization *authorization, struct str reason)
{
	authorization->reason = reason;
	return authorization->check.is_fresh ? CHECK_PASS : check_refresh(&authorization->check);
}

static enum check check(const struct authorizer *authorizer, struct authorization *authorization)
{
	const struct attributes *a = &authorization->attributes;
	struct str node = user_node(a->user);

	(void)authorizer;
	if (node.at == NULL || !a->is_resource)
		return CHECK_PASS;
	if (is_anothers(a, node)) {
		authorization->reason = STR("a node reads and changes its own objects only");
		return CHECK_PASS;
	}
	if (reads_others_pods(a, node)) {
		authorization->reason =
		    STR("can only list/watch pods with spec.nodeName field selector");
		return CHECK_PASS;
	}
	if (str_is(a->resource, "pods") && a->group.len == 0 && a->name.len > 0 &&
	    !str_is(a->verb, "create") && !is_own_pod(&authorization->check, a, node))
		return retry(authorization,
			     STR("a node reads and changes pods that are bound to it only"));
	if (is_granted(a) || is_referred(&authorization->check, a, node))
		return CHECK_ALLOW;
	return retry(authorization, arena_printf(authorization->check.arena,
						 "no relationship found between node '" STR_FMT
						 "' and this object",
						 STR_ARG(node)));
}

/* What a node may do hangs on its pods: it cannot be said as rules. Of all others it knows nothing. */
static void list_rules(const struct authorizer *authorizer, struct check_context *context,
		       const struct user *user, struct str namespace, struct authorizer_rules *out)
{
	(void)authorizer;
	(void)context;
	(void)namespace;
	if (user_node(user).at == NULL)
		return;
	out->is_incomplete = true;
	out->why_incomplete = STR("node authorizer does not support user rule resolution");
}

struct authorizer authorization_node(void)
{
	return (struct authorizer){ .name = "Node", .check = check, .rules = list_rules };
}
