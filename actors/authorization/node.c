/*
 * The Node authorizer: a node may read and report what concerns it, and nothing of other nodes (Kubernetes reference,
 * "Using Node Authorization").
 *
 * What its pods refer to (secrets, config maps, claims, service accounts) it may read while such a pod is bound to it.
 * Everything else that nodes need is granted by a fixed table, in place of the role system:node.
 */
#include "actors/authorization/mechanisms.h"
#include "actors/client/user.h"
#include "datastore/schema/core.h"
#include "runtime/base/str.h"

#define NODE_PREFIX "system:node:"

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

/* Objects that bear the node's name, and leases in kube-node-lease, are its own. A create names none yet. */
static bool is_anothers(const struct attributes *a, struct str node)
{
	bool is_own_kind = (str_is(a->resource, "nodes") && a->group.len == 0) ||
			   str_is(a->resource, "csinodes") || str_is(a->resource, "leases");

	if (str_is(a->resource, "leases") && !str_is(a->namespace, "kube-node-lease"))
		return true;
	return is_own_kind && is_write(a->verb) && a->name.len > 0 && !str_eq(a->name, node);
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
	struct str node, resource, name;
	bool is_found;
};

static bool env_refers(const struct core_container *c, bool is_secret, struct str name)
{
	for (uint32_t i = 0; i < c->env_from.len; i++) {
		const struct core_env_from_source *from = &c->env_from.at[i];

		if (is_secret ? from->secret_ref &&
				    str_eq(from->secret_ref->local_object_reference->name, name)
			      : from->config_map_ref &&
				    str_eq(from->config_map_ref->local_object_reference->name, name))
			return true;
	}
	for (uint32_t i = 0; i < c->env.len; i++) {
		const struct core_env_var_source *from = c->env.at[i].value_from;

		if (from == NULL)
			continue;
		if (is_secret
			? from->secret_key_ref &&
			      str_eq(from->secret_key_ref->local_object_reference->name, name)
			: from->config_map_key_ref &&
			      str_eq(from->config_map_key_ref->local_object_reference->name, name))
			return true;
	}
	return false;
}

static bool projection_refers(const struct core_projected_volume_source *projected, bool is_secret,
			      struct str name)
{
	for (uint32_t i = 0; projected != NULL && i < projected->sources.len; i++) {
		const struct core_volume_projection *p = &projected->sources.at[i];

		if (is_secret ? p->secret && str_eq(p->secret->local_object_reference->name, name)
			      : p->config_map &&
				    str_eq(p->config_map->local_object_reference->name, name))
			return true;
	}
	return false;
}

static bool volume_refers(const struct core_volume *volume, const struct search *search)
{
	const struct core_volume_source *source = volume->volume_source;

	if (source == NULL)
		return false;
	if (str_is(search->resource, "secrets"))
		return (source->secret && str_eq(source->secret->secret_name, search->name)) ||
		       projection_refers(source->projected, true, search->name);
	if (str_is(search->resource, "configmaps"))
		return (source->config_map &&
			str_eq(source->config_map->local_object_reference->name, search->name)) ||
		       projection_refers(source->projected, false, search->name);
	return source->persistent_volume_claim &&
	       str_eq(source->persistent_volume_claim->claim_name, search->name);
}

static bool pod_refers(const struct core_pod_spec *spec, const struct search *search)
{
	bool is_secret = str_is(search->resource, "secrets");
	const struct core_container_list lists[] = { spec->containers, spec->init_containers };

	if (str_is(search->resource, "serviceaccounts"))
		return str_eq(spec->service_account_name, search->name);
	for (uint32_t i = 0; i < spec->volumes.len; i++)
		if (volume_refers(&spec->volumes.at[i], search))
			return true;
	for (size_t l = 0; l < 2 && (is_secret || str_is(search->resource, "configmaps")); l++)
		for (uint32_t i = 0; i < lists[l].len; i++)
			if (env_refers(&lists[l].at[i], is_secret, search->name))
				return true;
	for (uint32_t i = 0; is_secret && i < spec->image_pull_secrets.len; i++)
		if (str_eq(spec->image_pull_secrets.at[i].name, search->name))
			return true;
	return false;
}

static bool visit_pod(void *arg, const struct object *object)
{
	struct search *search = arg;
	const struct core_pod *pod = object->record;

	search->is_found =
	    str_eq(pod->spec->node_name, search->node) && pod_refers(pod->spec, search);
	return !search->is_found;
}

/* Reading by name only: a list or watch must name the one object by its field selector, which the server makes `name`. */
static bool is_referred(const struct check_context *check, const struct attributes *a,
			struct str node)
{
	struct search search = { node, a->resource, a->name, false };
	bool is_token = str_is(a->resource, "serviceaccounts") && str_is(a->subresource, "token") &&
			str_is(a->verb, "create");
	bool is_known = str_is(a->resource, "secrets") || str_is(a->resource, "configmaps") ||
			str_is(a->resource, "persistentvolumeclaims") ||
			str_is(a->resource, "serviceaccounts");

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
	struct str node;

	(void)authorizer;
	if (!user_is_in(a->user, STR("system:nodes")) ||
	    !str_starts(a->user->name, STR(NODE_PREFIX)) || !a->is_resource)
		return CHECK_PASS;
	node = str_slice(a->user->name, sizeof NODE_PREFIX - 1, a->user->name.len);
	if (is_anothers(a, node)) {
		authorization->reason = STR("node may only change its own objects");
		return CHECK_PASS;
	}
	if (str_is(a->resource, "pods") && a->group.len == 0 && is_write(a->verb) &&
	    a->name.len > 0 && !is_own_pod(&authorization->check, a, node))
		return retry(authorization, STR("node may only change pods that are bound to it"));
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
	if (!user_is_in(user, STR("system:nodes")) || !str_starts(user->name, STR(NODE_PREFIX)))
		return;
	out->is_incomplete = true;
	out->why_incomplete = STR("node authorizer does not support user rule resolution");
}

struct authorizer authorization_node(void)
{
	return (struct authorizer){ .name = "Node", .check = check, .rules = list_rules };
}
