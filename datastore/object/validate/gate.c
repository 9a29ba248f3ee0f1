#include "datastore/object/validate/gate.h"

#include "datastore/object/record.h"

/* In order of the alphabet. Gates of other programs than the API server are not here. */
static const char *const gates_off[] = {
	"AllowOverwriteTerminationGracePeriodSeconds",
	"AtomicWriteVolumeUserFields",
	"CSIVolumeHealth",
	"CompositePodGroup",
	"ContainerStopSignals",
	"CoordinatedLeaderElection",
	"CrossNamespaceVolumeDataSource",
	"DRADerivedAttributes",
	"DRADeviceCompatibilityGroups",
	"DRAFractionalCapacityRange",
	"DRAListTypeAttributes",
	"DRANodeAllocatableResources",
	"DRAOptionalNodeOperations",
	"DRAPartitionableDevicesType",
	"DRAResourcePoolStatus",
	"DRAWorkloadResourceClaims",
	"EmptyDirVolumeMode",
	"EvictionRequestAPI",
	"GRPCContainerProbeTLS",
	"GenericWorkload",
	"GitRepoVolumeDriver",
	"H2CContainerProbe",
	"ImageVolumeWithDigest",
	"InPlacePodVerticalScalingMemoryBackedVolumes",
	"InPlacePodVerticalScalingSchedulerPreemption",
	"MutablePVNodeAffinity",
	"PodGroupPreemptionPolicy",
	"PodLogsQuerySplitStreams",
	"ShardedListAndWatch",
	"StatefulSetRecreateStrategy",
	"StorageVersionAPI",
	"TaintTolerationComparisonOperators",
	"TopologyAwareWorkloadScheduling",
	"UserNamespacesHostNetworkSupport",
	"VolumeBindMountOptions",
	"WorkloadWithJob",
};

bool gate_is_on(struct str name)
{
	uint32_t low = 0, high = sizeof gates_off / sizeof gates_off[0];

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		int order = str_cmp(name, str_from(gates_off[middle]));

		if (order == 0)
			return false;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return true;
}

/* A reference that lost its namespace alone would mean something else: the kind drops it as a whole. */
static bool is_left_to_kind(struct str gate)
{
	return str_is(gate, "CrossNamespaceVolumeDataSource");
}

static bool is_off(const struct field *field)
{
	for (uint32_t i = 0; field_rules(field) != NULL && i < field_rules(field)->gate_count; i++)
		if (!gate_is_on(rules_gate(field_rules(field), i)) &&
		    !is_left_to_kind(rules_gate(field_rules(field), i)))
			return true;
	return false;
}

static bool is_used(const struct type *type, const void *record, const struct field *wanted)
{
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type_fields(type)[i];
		struct record_walk walk;
		const void *below;

		if (field == wanted && field_is_set(field, record))
			return true;
		if (field->kind != KIND_MESSAGE || !field_is_set(field, record))
			continue;
		walk = record_walk_of(field, record);
		while ((below = record_walk_next(&walk)) != NULL)
			if (is_used(field_type(field), below, wanted))
				return true;
	}
	return false;
}

/* What is stored is walked only for a field that is off and was sent: hardly ever. */
static void drop(const struct type *type, void *record, const struct type *top, const void *old)
{
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct field *field = &type_fields(type)[i];
		struct record_walk walk;
		void *below;

		if (!field_is_set(field, record))
			continue;
		if (is_off(field) && (old == NULL || !is_used(top, old, field))) {
			field_clear(field, record);
			continue;
		}
		if (field->kind != KIND_MESSAGE)
			continue;
		walk = record_walk_of(field, record);
		while ((below = record_walk_next(&walk)) != NULL)
			drop(field_type(field), below, top, old);
	}
}

void gate_drop(const struct type *type, void *record, const void *old)
{
	/* Types made at run time have no gates. */
	if (type->set == NULL)
		drop(type, record, type, old);
}
