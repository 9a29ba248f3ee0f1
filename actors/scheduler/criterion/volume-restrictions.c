#include "actors/scheduler/criterion.h"
#include "actors/scheduler/snapshot/pod-info.h"
#include "datastore/object/object.h"

/* Claims that only one pod of the cluster may use at a time (access mode ReadWriteOncePod). */

struct restrictions {
	struct str *claims; /* names, in the pod's namespace */
	uint32_t claim_count;
	int64_t users; /* how often pods on nodes use them */
};

static struct str claim_name(const struct core_volume *volume)
{
	const struct core_volume_source *source = volume->volume_source;

	return source != NULL && source->persistent_volume_claim != NULL
		   ? source->persistent_volume_claim->claim_name
		   : STR_NONE;
}

static bool is_for_one(struct cycle *cycle, struct str name)
{
	struct key key = { cycle->pod->pod->metadata->namespace, name };
	const struct core_persistent_volume_claim *claim =
	    cycle->world ? world_get(cycle->world, key, core_persistent_volume_claim) : NULL;

	for (uint32_t i = 0; claim != NULL && i < claim->spec->access_modes.len; i++)
		if (str_is(claim->spec->access_modes.at[i], "ReadWriteOncePod"))
			return true;
	return false;
}

static int64_t uses_of(const struct cycle *cycle, const struct restrictions *restrictions,
		       const struct pod_info *pod)
{
	const struct core_volume_list *list = &pod->pod->spec->volumes;
	int64_t count = 0;

	if (!str_eq(pod_info_meta(pod)->namespace, pod_info_meta(cycle->pod)->namespace))
		return 0;
	for (uint32_t i = 0; i < list->len; i++)
		for (uint32_t j = 0; j < restrictions->claim_count; j++)
			count += str_eq(claim_name(&list->at[i]), restrictions->claims[j]);
	return count;
}

static void count_pod(struct cycle *cycle, const struct node_info *node, const struct pod_info *pod,
		      int32_t sign)
{
	struct restrictions *restrictions = cycle->state[CRITERION_VOLUME_RESTRICTIONS];

	(void)node;
	restrictions->users += sign * uses_of(cycle, restrictions, pod);
}

static void count_all(struct cycle *cycle)
{
	for (uint32_t i = 0; i < cycle->nodes.len; i++) {
		const struct node_pods *pods = node_info_pods(cycle->nodes.at[i]);

		for (uint32_t j = 0; j < pods->len; j++)
			count_pod(cycle, cycle->nodes.at[i], pods->at[j], 1);
	}
}

static enum fit pre_filter(struct cycle *cycle)
{
	const struct core_volume_list *list = &cycle->pod->pod->spec->volumes;
	struct restrictions *restrictions = NULL;

	for (uint32_t i = 0; i < list->len; i++) {
		struct str name = claim_name(&list->at[i]);

		if (name.at == NULL || !is_for_one(cycle, name))
			continue;
		if (restrictions == NULL) {
			restrictions = arena_new_of(cycle->arena, struct restrictions);
			restrictions->claims = arena_array(cycle->arena, struct str, list->len);
		}
		restrictions->claims[restrictions->claim_count++] = name;
	}
	cycle->state[CRITERION_VOLUME_RESTRICTIONS] = restrictions;
	if (restrictions == NULL)
		return FIT_SKIP;
	count_all(cycle);
	return FIT_YES;
}

static enum fit filter(struct cycle *cycle, const struct node_info *node)
{
	const struct restrictions *restrictions = cycle->state[CRITERION_VOLUME_RESTRICTIONS];

	(void)node;
	if (restrictions->users == 0)
		return FIT_YES;
	cycle_because(cycle, STR("node(s) unavailable due to PersistentVolumeClaim with "
				 "ReadWriteOncePod access mode already in-use by another pod"));
	return FIT_NO;
}

static bool shares_claim(const struct pod_info *a, const struct pod_info *b)
{
	const struct core_volume_list *x = &a->pod->spec->volumes, *y = &b->pod->spec->volumes;

	if (!str_eq(pod_info_meta(a)->namespace, pod_info_meta(b)->namespace))
		return false;
	for (uint32_t i = 0; i < x->len; i++)
		for (uint32_t j = 0; j < y->len; j++)
			if (claim_name(&x->at[i]).len > 0 &&
			    str_eq(claim_name(&x->at[i]), claim_name(&y->at[j])))
				return true;
	return false;
}

static bool helps(const struct pod_info *pod, const struct news *news)
{
	if (news->kinds & NEWS_POD_GONE)
		return shares_claim(pod, news->pod);
	return str_eq(object_namespace(news->object), pod_info_meta(pod)->namespace);
}

const struct criterion criterion_volume_restrictions = {
	.name = "VolumeRestrictions",
	.pre_filter = pre_filter,
	.filter = filter,
	.count_pod = count_pod,
	.wakes = NEWS_POD_GONE | NEWS_VOLUMES,
	.helps = helps,
};
