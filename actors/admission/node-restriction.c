/*
 * NodeRestriction: a node changes its own objects, and of these only what a node may say of itself.
 *
 * The Node authorizer judges by names, before it is known what is written; this judges what is written (upstream:
 * plugin/pkg/admission/noderestriction). Else a node that was taken over could label itself so that the pods it wants come to it, or
 * run mirror pods that show it other people's secrets.
 */
#include "actors/admission/node-restriction-private.h"
#include "actors/admission/plugins.h"
#include "datastore/object/name.h"
#include "datastore/object/record.h"
#include "datastore/schema/certificates.h"
#include "datastore/schema/core.h"
#include "datastore/schema/resource.h"
#include "transport/tls/certificate.h"

struct str node_restriction_quoted(const struct admission *a, struct str value)
{
	return name_quoted(a->check.arena, value);
}

enum check node_restriction_deny(struct admission *a, struct str node, const char *what)
{
	struct str name = node_restriction_quoted(a, node);

	return admission_deny(a, "node " STR_FMT " %s", STR_ARG(name), what);
}

const char *node_restriction_operation(enum admission_operation operation)
{
	return operation == ADMISSION_CREATE   ? "CREATE"
	       : operation == ADMISSION_UPDATE ? "UPDATE"
	       : operation == ADMISSION_DELETE ? "DELETE"
					       : "CONNECT";
}

enum check node_restriction_deny_operation(struct admission *a)
{
	return admission_deny(a, "unexpected operation \"%s\"",
			      node_restriction_operation(a->operation));
}

const struct object *node_restriction_find(struct admission *a, const struct type *type,
					   const char *resource, struct str namespace,
					   struct str name, enum check *check)
{
	const struct object *object = check_get(&a->check, type, namespace, name);

	if (object != NULL)
		return object_hold(a->check.arena, object);
	if (!a->check.is_fresh) {
		*check = check_refresh(&a->check);
		return NULL;
	}
	a->failure = failure_not_found(a->check.arena, STR(""), str_from(resource), name);
	*check = CHECK_DENY;
	return NULL;
}

bool node_restriction_is_same(const struct type *type, const char *member, const void *a,
			      const void *b)
{
	return record_equal_field(type_field(type, str_from(member)), a, b);
}

/* ---- nodes --------------------------------------------------------------------------------------------- */

static bool is_in(struct str domain, const char *suffix)
{
	uint32_t len = (uint32_t)strlen(suffix);

	return str_is(domain, suffix) ||
	       (domain.len > len && domain.at[domain.len - len - 1] == '.' &&
		str_ends(domain, str_of(suffix, len)));
}

/* Of those in Kubernetes' own domains the ones that tell what kind of machine it is. */
static bool is_of_kubelets(struct str key, struct str domain)
{
	static const char *const known[] = {
		"kubernetes.io/hostname",
		"topology.kubernetes.io/zone",
		"topology.kubernetes.io/region",
		"failure-domain.beta.kubernetes.io/zone",
		"failure-domain.beta.kubernetes.io/region",
		"beta.kubernetes.io/instance-type",
		"node.kubernetes.io/instance-type",
		"kubernetes.io/os",
		"kubernetes.io/arch",
		"beta.kubernetes.io/os",
		"beta.kubernetes.io/arch",
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (str_is(key, known[i]))
			return true;
	return is_in(domain, "kubelet.kubernetes.io") || is_in(domain, "node.kubernetes.io");
}

static bool is_forbidden(struct str key)
{
	int64_t slash = str_find_char(key, '/');
	struct str domain = str_slice(key, 0, slash > 0 ? (uint32_t)slash : 0);

	if (is_in(domain, "node-restriction.kubernetes.io"))
		return true;
	return (is_in(domain, "kubernetes.io") || is_in(domain, "k8s.io")) &&
	       !is_of_kubelets(key, domain);
}

#define SHOWN_MAX 32U /* labels; a person reads the first few */

static bool has_equal(struct str_map map, const struct str_entry *entry)
{
	struct str value = str_map_get(map, entry->key);

	return value.at != NULL && str_eq(value, entry->value);
}

static void note_changed(struct str_map now, struct str_map before, struct str_map *out,
			 struct arena *arena)
{
	for (uint32_t i = 0; i < now.len && out->len < SHOWN_MAX; i++)
		if (!has_equal(before, &now.at[i]) && is_forbidden(now.at[i].key))
			str_map_put(out, arena, now.at[i].key, STR(""));
}

/* Labels that differ and are not a node's to change, sorted: "a/b, a/c"; absent: none. */
static struct str changed_labels(struct admission *a, struct str_map now, struct str_map before)
{
	struct arena *arena = a->check.arena;
	struct str_map keys = { 0 };
	struct text out = text_in(arena, 4U * KIB);

	note_changed(now, before, &keys, arena);
	note_changed(before, now, &keys, arena);
	for (uint32_t i = 0; i < keys.len; i++)
		text_printf(&out, "%s" STR_FMT, i ? ", " : "", STR_ARG(keys.at[i].key));
	return keys.len > 0 ? text_str(&out) : STR_NONE;
}

static enum check judge_new_node(struct admission *a, struct str node)
{
	const struct core_node *object = a->object;
	struct str labels = changed_labels(a, object->metadata->labels, (struct str_map){ 0 });
	struct str name = node_restriction_quoted(a, node);

	if (object->spec->config_source != NULL)
		return node_restriction_deny(
		    a, node, "is not allowed to create pods with a non-nil configSource");
	if (labels.at != NULL)
		return admission_deny(
		    a, "node " STR_FMT " is not allowed to set the following labels: " STR_FMT,
		    STR_ARG(name), STR_ARG(labels));
	return CHECK_PASS;
}

static enum check judge_changed_node(struct admission *a, struct str node)
{
	const struct core_node *object = a->object, *old = a->old;
	const struct type *type = &core_node_spec_type;
	struct str labels = changed_labels(a, object->metadata->labels, old->metadata->labels);

	if (object->spec->config_source != NULL &&
	    !node_restriction_is_same(type, "configSource", object->spec, old->spec))
		return node_restriction_deny(
		    a, node, "is not allowed to update configSource to a new non-nil configSource");
	if (!node_restriction_is_same(type, "taints", object->spec, old->spec))
		return node_restriction_deny(a, node, "is not allowed to modify taints");
	if (labels.at != NULL)
		return admission_deny(a, "is not allowed to modify labels: " STR_FMT,
				      STR_ARG(labels));
	return CHECK_PASS;
}

static enum check judge_node(struct admission *a, struct str node)
{
	struct str name = node_restriction_quoted(a, node),
		   other = node_restriction_quoted(a, a->name);

	if (!str_eq(a->name, node))
		return admission_deny(a, "node " STR_FMT " is not allowed to modify node " STR_FMT,
				      STR_ARG(name), STR_ARG(other));
	if (a->operation == ADMISSION_CREATE)
		return judge_new_node(a, node);
	return a->operation == ADMISSION_UPDATE ? judge_changed_node(a, node) : CHECK_PASS;
}

/* ---- claims -------------------------------------------------------------------------------------------- */

/* What a node may not have changed, the rest made equal. */
static void *unchanging(const struct core_persistent_volume_claim *claim, struct arena *arena)
{
	struct core_persistent_volume_claim *copy =
	    record_clone_shallow(&core_persistent_volume_claim_type, claim, arena);

	copy->metadata->resource_version = STR_NONE;
	copy->metadata->managed_fields.len = 0;
	if (copy->status == NULL)
		return copy;
	copy->status->capacity.len = 0;
	copy->status->conditions.len = 0;
	copy->status->allocated_resource_statuses.len = 0;
	copy->status->allocated_resources.len = 0;
	return copy;
}

static enum check judge_claim(struct admission *a, struct str node)
{
	if (!str_is(a->subresource, "status"))
		return admission_deny(a, "may only update PVC status");
	if (a->operation != ADMISSION_UPDATE)
		return node_restriction_deny_operation(a);
	if (record_equal(a->type, unchanging(a->object, a->check.arena),
			 unchanging(a->old, a->check.arena)))
		return CHECK_PASS;
	return node_restriction_deny(
	    a, node,
	    "is not allowed to update fields other than status.capacity and status.conditions");
}

/* ---- the rest ------------------------------------------------------------------------------------------ */

static enum check judge_lease(struct admission *a, struct str node)
{
	if (!str_is(a->namespace, "kube-node-lease"))
		return admission_deny(
		    a, "can only access leases in the \"kube-node-lease\" system namespace");
	if (!str_eq(a->name, node))
		return admission_deny(
		    a, "can only access node lease with the same name as the requesting node");
	return CHECK_PASS;
}

static enum check judge_csi_node(struct admission *a, struct str node)
{
	if (!str_eq(a->name, node))
		return admission_deny(
		    a, "can only access CSINode with the same name as the requesting node");
	return CHECK_PASS;
}

/* The node of a slice never changes: an update needs no look. */
static enum check judge_slice(struct admission *a, struct str node)
{
	const struct resource_resource_slice *slice =
	    a->operation == ADMISSION_CREATE ? a->object : a->old;

	if (a->operation == ADMISSION_UPDATE || str_eq(slice->spec->node_name, node))
		return CHECK_PASS;
	return admission_deny(
	    a, "can only %s ResourceSlice with the same NodeName as the requesting node",
	    a->operation == ADMISSION_CREATE ? "create" : "delete");
}

/* A certificate for a node is asked for by that node only. */
static enum check judge_request(struct admission *a, struct str node)
{
	const struct certificates_certificate_signing_request *csr = a->object;
	struct certificate_info info;
	struct fault why = { 0 };

	(void)node;
	if (a->operation != ADMISSION_CREATE ||
	    (!str_is(csr->spec->signer_name, "kubernetes.io/kubelet-serving") &&
	     !str_is(csr->spec->signer_name, "kubernetes.io/kube-apiserver-client-kubelet")))
		return CHECK_PASS;
	if (certificate_request_read(csr->spec->request, a->check.arena, &info, &why) != OK)
		return admission_deny(a, "unable to parse csr: %s", why.text);
	if (!str_eq(info.common_name, a->user->name))
		return admission_deny(a, "can only create a node CSR with CN=" STR_FMT,
				      STR_ARG(a->user->name));
	return CHECK_PASS;
}

static const struct {
	const char *group, *resource;
	enum check (*judge)(struct admission *a, struct str node);
} judges[] = {
	{ "", "pods", node_restriction_pods },
	{ "", "nodes", judge_node },
	{ "", "persistentvolumeclaims", judge_claim },
	{ "", "serviceaccounts", node_restriction_token },
	{ "coordination.k8s.io", "leases", judge_lease },
	{ "storage.k8s.io", "csinodes", judge_csi_node },
	{ "resource.k8s.io", "resourceslices", judge_slice },
	{ "certificates.k8s.io", "certificatesigningrequests", judge_request },
};

static enum check mutate(struct admission *a)
{
	struct str node = user_node(a->user), user;

	if (node.at == NULL)
		return CHECK_PASS;
	if (node.len == 0) {
		user = node_restriction_quoted(a, a->user->name);
		return admission_deny(a, "could not determine node from user " STR_FMT,
				      STR_ARG(user));
	}
	for (size_t i = 0; i < sizeof judges / sizeof judges[0]; i++)
		if (str_is(a->group, judges[i].group) && str_is(a->resource, judges[i].resource))
			return judges[i].judge(a, node);
	return CHECK_PASS;
}

const struct plugin admission_node_restriction = {
	.name = "NodeRestriction",
	.operations = ADMISSION_CREATE | ADMISSION_UPDATE | ADMISSION_DELETE,
	.mutate = mutate,
};
