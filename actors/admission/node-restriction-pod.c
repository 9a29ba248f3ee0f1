#include "actors/admission/node-restriction-private.h"
#include "actors/client/pod-reference.h"

/*
 * NodeRestriction of pods: a node makes mirror pods of its own, which refer to nothing, and tells the status of those bound to it.
 */

#define MIRROR "kubernetes.io/config.mirror"

static enum check judge_owner(struct admission *a, struct str node, const struct core_pod *pod)
{
	const struct meta_owner_reference *owner = pod->metadata->owner_references.at;
	enum check check = CHECK_PASS;
	const struct object *object;
	struct str uid;

	if (pod->metadata->owner_references.len > 1)
		return node_restriction_deny(
		    a, node, "can only create pods with a single owner reference set to itself");
	if (owner == NULL || !str_is(owner->api_version, "v1") || !str_is(owner->kind, "Node") ||
	    !str_eq(owner->name, node))
		return node_restriction_deny(
		    a, node, "can only create pods with an owner reference set to itself");
	if (!owner->controller)
		return node_restriction_deny(
		    a, node, "can only create pods with a controller owner reference set to itself");
	if (owner->block_owner_deletion)
		return node_restriction_deny(
		    a, node, "must not set blockOwnerDeletion on an owner reference");
	object = node_restriction_find(a, &core_node_type, "nodes", STR_NONE, node, &check);
	if (object == NULL)
		return check;
	uid = object_uid(object);
	if (str_eq(owner->uid, uid))
		return CHECK_PASS;
	return admission_deny(a, "node " STR_FMT " UID mismatch: expected " STR_FMT " got " STR_FMT,
			      STR_ARG(node), STR_ARG(owner->uid), STR_ARG(uid));
}

struct found {
	uint32_t kinds; /* a bit for each of enum pod_reference */
};

static bool note_reference(void *arg, enum pod_reference kind, struct str name)
{
	(void)name;
	((struct found *)arg)->kinds |= 1U << kind;
	return true;
}

/* A node sees what its pods refer to: it must not choose that itself. */
static enum check judge_references(struct admission *a, struct str node, const struct core_pod *pod)
{
	static const struct {
		enum pod_reference kind;
		const char *words;
	} known[] = {
		{ POD_REFERENCE_ACCOUNT, "can not create pods that reference a service account" },
		{ POD_REFERENCE_SECRET, "can not create pods that reference secrets" },
		{ POD_REFERENCE_CONFIG_MAP, "can not create pods that reference configmaps" },
		{ POD_REFERENCE_TRUST_BUNDLE,
		  "can not create pods that reference clustertrustbundles" },
		{ POD_REFERENCE_CLAIM,
		  "can not create pods that reference persistentvolumeclaims" },
		{ POD_REFERENCE_RESOURCE_CLAIM,
		  "can not create pods that reference resourceclaims" },
	};
	struct found found = { 0 };

	pod_reference_each(pod, a->check.arena, note_reference, &found);
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (found.kinds & 1U << known[i].kind)
			return node_restriction_deny(a, node, known[i].words);
	return CHECK_PASS;
}

static enum check judge_new_pod(struct admission *a, struct str node)
{
	const struct core_pod *pod = a->object;
	struct str name = node_restriction_quoted(a, node);
	enum check check;

	if (str_map_get(pod->metadata->annotations, STR(MIRROR)).at == NULL)
		return admission_deny(a,
				      "pod does not have \"" MIRROR "\" annotation, node " STR_FMT
				      " can only create mirror pods",
				      STR_ARG(name));
	if (!str_eq(pod->spec->node_name, node))
		return node_restriction_deny(
		    a, node, "can only create pods with spec.nodeName set to itself");
	check = judge_owner(a, node, pod);
	return check == CHECK_PASS ? judge_references(a, node, pod) : check;
}

static enum check judge_pod(struct admission *a, struct str node)
{
	const struct core_pod *old = a->old;
	struct str name = node_restriction_quoted(a, node);

	if (a->operation == ADMISSION_CREATE)
		return judge_new_pod(a, node);
	if (a->operation != ADMISSION_DELETE)
		return admission_deny(a,
				      "unexpected operation \"%s\", node " STR_FMT
				      " can only create and delete mirror pods",
				      node_restriction_operation(a->operation), STR_ARG(name));
	if (!str_eq(old->spec->node_name, node))
		return node_restriction_deny(
		    a, node, "can only delete pods with spec.nodeName set to itself");
	return CHECK_PASS;
}

static enum check judge_pod_status(struct admission *a, struct str node)
{
	const struct core_pod *old = a->old, *pod = a->object;
	const struct type *type = &core_pod_status_type;

	if (a->operation != ADMISSION_UPDATE)
		return node_restriction_deny_operation(a);
	if (!str_eq(old->spec->node_name, node))
		return node_restriction_deny(
		    a, node, "can only update pod status for pods with spec.nodeName set to itself");
	if (!node_restriction_is_same(&meta_object_meta_type, "labels", old->metadata,
				      pod->metadata))
		return node_restriction_deny(a, node, "cannot update labels through pod status");
	if (!node_restriction_is_same(type, "resourceClaimStatuses", old->status, pod->status))
		return node_restriction_deny(a, node, "cannot update resource claim statues");
	if (!node_restriction_is_same(type, "extendedResourceClaimStatus", old->status, pod->status))
		return node_restriction_deny(a, node,
					     "cannot update extended resource claim statuses");
	return CHECK_PASS;
}

static enum check judge_eviction(struct admission *a, struct str node)
{
	enum check check = CHECK_PASS;
	const struct object *object;

	if (a->operation != ADMISSION_CREATE)
		return node_restriction_deny_operation(a);
	object = node_restriction_find(a, &core_pod_type, "pods", a->namespace, a->name, &check);
	if (object == NULL)
		return check;
	if (!str_eq(((const struct core_pod *)object->record)->spec->node_name, node))
		return admission_deny(
		    a, "node " STR_FMT " can only evict pods with spec.nodeName set to itself",
		    STR_ARG(node));
	return CHECK_PASS;
}

enum check node_restriction_pods(struct admission *a, struct str node)
{
	struct str subresource = node_restriction_quoted(a, a->subresource);

	if (a->subresource.len == 0)
		return judge_pod(a, node);
	if (str_is(a->subresource, "status"))
		return judge_pod_status(a, node);
	if (str_is(a->subresource, "eviction"))
		return judge_eviction(a, node);
	return admission_deny(
	    a, "unexpected pod subresource " STR_FMT ", only 'status' and 'eviction' are allowed",
	    STR_ARG(subresource));
}
