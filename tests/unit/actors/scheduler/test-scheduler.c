#include "actors/scheduler/writer.h"
#include "datastore/schema/storage.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/scheduler/stage.h"

TEST(a_pod_gets_the_node_that_has_room_for_it)
{
	struct stage *stage = stage_open(1);

	stage_node(stage, "small", "1", "1Gi");
	stage_node(stage, "big", "8", "16Gi");
	stage_pod(stage, "a", "2", "2Gi");
	stage_run(stage, 1000);
	CHECK_STR(stage_node_of(stage, "a"), "big");
	CHECK_EQ(stage_events(stage, "Scheduled", "Successfully assigned default/a to big"), 1);
	CHECK_EQ(stage_counts(stage).wrong_terms, 0);
	stage_close(stage);
}

TEST(a_pod_without_room_says_why_and_gets_the_node_that_comes)
{
	struct stage *stage = stage_open(2);

	stage_node(stage, "n1", "1", "1Gi");
	stage_node(stage, "n2", "4", "1Gi");
	stage_pod(stage, "a", "2", "2Gi");
	stage_run(stage, 1000);
	CHECK_STR(stage_node_of(stage, "a"), "");
	CHECK(stage_condition(stage, "a") != NULL);
	CHECK_STR(stage_condition(stage, "a")->status, "False");
	CHECK_STR(stage_condition(stage, "a")->reason, "Unschedulable");
	CHECK_STR(
	    stage_condition(stage, "a")->message,
	    "0/2 nodes are available: 1 Insufficient cpu, 2 Insufficient memory. preemption: 0/2 "
	    "nodes are available: 2 Preemption is not helpful for scheduling.");
	CHECK_EQ(stage_events(stage, "FailedScheduling", NULL), 1);
	CHECK_EQ(stage_counts(stage).patches, 1);
	stage_node(stage, "n3", "4", "4Gi");
	stage_run(stage, 3000);
	CHECK_STR(stage_node_of(stage, "a"), "n3");
	stage_close(stage);
}

TEST(room_that_a_pod_leaves_goes_to_the_one_that_waits)
{
	struct stage *stage = stage_open(3);

	stage_node(stage, "n1", "2", "4Gi");
	stage_pod(stage, "a", "2", "1Gi");
	stage_run(stage, 500);
	CHECK_STR(stage_node_of(stage, "a"), "n1");
	stage_pod(stage, "b", "1", "1Gi");
	stage_run(stage, 500);
	CHECK_STR(stage_node_of(stage, "b"), "");
	stage_delete(stage, &core_pod_type, "default", "a");
	stage_run(stage, 3000);
	CHECK_STR(stage_node_of(stage, "b"), "n1");
	stage_close(stage);
}

TEST(without_nodes_pods_wait_for_the_first)
{
	struct stage *stage = stage_open(4);

	stage_pod(stage, "a", "1", "1Gi");
	stage_run(stage, 1000);
	CHECK_STR(stage_condition(stage, "a")->message, "no nodes available to schedule pods");
	stage_node(stage, "n1", "2", "4Gi");
	stage_run(stage, 100);
	CHECK_STR(stage_node_of(stage, "a"), "n1");
	stage_close(stage);
}

TEST(a_refused_binding_is_tried_again_and_its_room_is_free_meanwhile)
{
	struct stage *stage = stage_open(5);

	stage_node(stage, "n1", "2", "4Gi");
	stage_run(stage, 100);
	stage_refuse(stage, "/binding", 500, 1);
	stage_pod(stage, "a", "2", "1Gi");
	stage_run(stage, 200);
	CHECK_STR(stage_node_of(stage, "a"), "");
	CHECK_STR(stage_condition(stage, "a")->reason, "SchedulerError");
	stage_pod(stage, "b", "2", "1Gi");
	stage_run(stage, 200);
	CHECK_STR(stage_node_of(stage, "b"), "n1");
	stage_delete(stage, &core_pod_type, "default", "b");
	stage_run(stage, 4000);
	CHECK_STR(stage_node_of(stage, "a"), "n1");
	stage_close(stage);
}

TEST(a_pod_that_goes_while_it_is_bound_leaves_nothing_behind)
{
	struct stage *stage = stage_open(6);

	stage_node(stage, "n1", "2", "4Gi");
	stage_run(stage, 100);
	stage_hold(stage, true);
	stage_pod(stage, "a", "2", "1Gi");
	stage_run(stage, 100);
	CHECK_EQ(stage_counts(stage).waiting, 1);
	stage_delete(stage, &core_pod_type, "default", "a");
	stage_run(stage, 100);
	stage_hold(stage, false);
	stage_pod(stage, "a", "2", "1Gi"); /* a successor of the same name */
	stage_run(stage, 3000);
	CHECK_STR(stage_node_of(stage, "a"), "n1");
	CHECK_EQ(stage_counts(stage).bindings, 2);
	stage_close(stage);
}

TEST(bindings_under_way_are_bounded_and_all_pods_get_their_node)
{
	struct stage *stage = stage_open(7);
	uint32_t pods = 3 * WRITER_SLOTS;

	for (int i = 0; i < 10; i++)
		stage_node(stage, arena_printf(test_arena(), "n%d", i).at, "8", "32Gi");
	stage_run(stage, 100);
	stage_hold(stage, true);
	for (uint32_t i = 0; i < pods; i++)
		stage_pod(stage, arena_printf(test_arena(), "p%u", i).at, "100m", "64Mi");
	stage_run(stage, 1000);
	CHECK_EQ(stage_counts(stage).waiting, WRITER_SLOTS);
	stage_hold(stage, false);
	stage_run(stage, 2000);
	for (uint32_t i = 0; i < pods; i++)
		CHECK(stage_node_of(stage, arena_printf(test_arena(), "p%u", i).at).len > 0);
	CHECK_EQ(stage_counts(stage).bindings, pods);
	stage_close(stage);
}

TEST(pods_of_other_schedulers_and_gated_pods_are_left_alone)
{
	struct stage *stage = stage_open(8);

	stage_node(stage, "n1", "8", "32Gi");
	stage_put(stage, &core_pod_type,
		  "{\"metadata\":{\"name\":\"other\",\"namespace\":\"default\"},\"spec\":{"
		  "\"schedulerName\":\"mine\",\"containers\":[{\"name\":\"c\"}]}}");
	stage_put(stage, &core_pod_type,
		  "{\"metadata\":{\"name\":\"gated\",\"namespace\":\"default\"},\"spec\":{"
		  "\"schedulingGates\":[{\"name\":\"g\"}],\"containers\":[{\"name\":\"c\"}]}}");
	stage_run(stage, 1000);
	CHECK_STR(stage_node_of(stage, "other"), "");
	CHECK_STR(stage_node_of(stage, "gated"), "");
	CHECK_EQ(stage_counts(stage).patches, 0);
	stage_put(stage, &core_pod_type,
		  "{\"metadata\":{\"name\":\"gated\",\"namespace\":\"default\"},\"spec\":{"
		  "\"containers\":[{\"name\":\"c\"}]}}");
	stage_run(stage, 1000);
	CHECK_STR(stage_node_of(stage, "gated"), "n1");
	stage_close(stage);
}

static void put_important(struct stage *stage, const char *name, const char *cpu, int priority)
{
	stage_put(stage, &core_pod_type,
		  "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"default\"},\"spec\":{"
		  "\"priority\":%d,\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{"
		  "\"cpu\":\"%s\"}}}]}}",
		  name, priority, cpu);
}

TEST(a_more_important_pod_takes_the_place_of_others)
{
	struct stage *stage = stage_open(9);
	const struct core_pod *pod;

	stage_node(stage, "n1", "2", "4Gi");
	put_important(stage, "small", "1", 0);
	put_important(stage, "smaller", "1", 0);
	stage_run(stage, 500);
	CHECK_STR(stage_node_of(stage, "small"), "n1");
	stage_hold(stage, true);
	put_important(stage, "urgent", "2", 100);
	stage_run(stage, 500);
	CHECK_EQ(stage_counts(stage).waiting, 3); /* two victims and the pod's own status */
	CHECK_EQ(stage_counts(stage).bindings, 2);
	stage_hold(stage, false);
	stage_run(stage, 3000);
	CHECK_STR(stage_node_of(stage, "urgent"), "n1");
	CHECK_STR(stage_node_of(stage, "small"), "(gone)");
	CHECK_STR(stage_node_of(stage, "smaller"), "(gone)");
	pod = stage_get(stage, &core_pod_type, "default", "urgent");
	CHECK_STR(
	    stage_condition(stage, "urgent")->message,
	    "0/1 nodes are available: 1 Insufficient cpu. preemption: found a potential placement "
	    "for pod on node n1, preempting 2 victims");
	CHECK_STR(pod->status->nominated_node_name, "n1");
	CHECK_EQ(stage_events(stage, "Preempted", NULL), 2);
	CHECK_EQ(stage_counts(stage).deletes, 2);
	CHECK_EQ(stage_counts(stage).wrong_terms, 0);
	stage_close(stage);
}

TEST(a_promised_place_is_not_taken_by_less_important_pods)
{
	struct stage *stage = stage_open(10);

	stage_node(stage, "n1", "2", "4Gi");
	put_important(stage, "victim", "2", 0);
	stage_run(stage, 500);
	stage_hold(stage, true);
	put_important(stage, "urgent", "2", 100);
	stage_run(stage, 100);
	stage_delete(stage, &core_pod_type, "default",
		     "victim"); /* by itself, before it was asked */
	put_important(stage, "sneaky", "1", 50);
	stage_run(stage, 500);
	CHECK_STR(stage_node_of(stage, "sneaky"), "");
	CHECK_EQ(stage_counts(stage).bindings, 1);
	stage_hold(stage, false);
	stage_run(stage, 3000);
	CHECK_STR(stage_node_of(stage, "urgent"), "n1");
	CHECK_STR(stage_node_of(stage, "sneaky"), "");
	stage_close(stage);
}

TEST(a_victim_that_cannot_be_evicted_is_asked_again)
{
	struct stage *stage = stage_open(11);

	stage_node(stage, "n1", "2", "4Gi");
	put_important(stage, "victim", "2", 0);
	stage_run(stage, 500);
	stage_refuse(stage, "/pods/victim", 500, 1);
	put_important(stage, "urgent", "2", 100);
	stage_run(stage, 6000);
	CHECK_STR(stage_node_of(stage, "urgent"), "n1");
	CHECK_EQ(stage_counts(stage).deletes, 2);
	stage_close(stage);
}

TEST(a_pod_that_never_preempts_waits)
{
	struct stage *stage = stage_open(12);

	stage_node(stage, "n1", "2", "4Gi");
	put_important(stage, "small", "2", 0);
	stage_run(stage, 500);
	stage_put(stage, &core_pod_type,
		  "{\"metadata\":{\"name\":\"polite\",\"namespace\":\"default\"},\"spec\":{"
		  "\"priority\":9,\"preemptionPolicy\":\"Never\",\"containers\":[{\"name\":\"c\","
		  "\"resources\":{\"requests\":{\"cpu\":\"1\"}}}]}}");
	stage_run(stage, 1000);
	CHECK_STR(stage_condition(stage, "polite")->message,
		  "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to "
		  "preemptionPolicy=Never.");
	CHECK_EQ(stage_counts(stage).deletes, 0);
	stage_close(stage);
}

TEST(a_caches_restart_loses_nothing)
{
	struct stage *stage = stage_open(13);

	stage_node(stage, "n1", "2", "4Gi");
	stage_pod(stage, "a", "1", "1Gi");
	stage_run(stage, 500);
	stage_kill(stage, "caches");
	stage_pod(stage, "b", "1", "1Gi");
	stage_pod(stage, "c", "1", "1Gi");
	stage_run(stage, 10000);
	CHECK_STR(stage_node_of(stage, "b"), "n1");
	CHECK_STR(stage_node_of(stage, "c"), "");
	stage_close(stage);
}

/* ---- claims that wait for their first consumer -------------------------------------------------------------- */

static void put_class(struct stage *stage, const char *provisioner)
{
	stage_put(stage, &storage_storage_class_type,
		  "{\"metadata\":{\"name\":\"late\"},\"provisioner\":\"%s\","
		  "\"volumeBindingMode\":\"WaitForFirstConsumer\"}",
		  provisioner);
}

/* `state` is what the claim says beyond its name and class. */
static void put_claim(struct stage *stage, const char *annotations, const char *volume)
{
	stage_put(
	    stage, &core_persistent_volume_claim_type,
	    "{\"metadata\":{\"name\":\"data\",\"namespace\":\"default\",\"annotations\":{%s}},"
	    "\"spec\":{\"storageClassName\":\"late\",\"volumeName\":\"%s\"}}",
	    annotations, volume);
}

static void put_pod_with_claim(struct stage *stage, const char *name)
{
	stage_put(
	    stage, &core_pod_type,
	    "{\"metadata\":{\"name\":\"%s\",\"namespace\":\"default\"},\"spec\":{\"volumes\":[{"
	    "\"name\":\"v\",\"persistentVolumeClaim\":{\"claimName\":\"data\"}}],\"containers\":[{"
	    "\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"1\"}}}]}}",
	    name);
}

static struct str claim_says(struct stage *stage, const char *annotation)
{
	const struct core_persistent_volume_claim *claim =
	    stage_get(stage, &core_persistent_volume_claim_type, "default", "data");

	return str_map_get(claim->metadata->annotations, str_from(annotation));
}

TEST(a_volume_is_provisioned_near_the_chosen_node_before_the_pod_is_bound)
{
	struct stage *stage = stage_open(14);

	put_class(stage, "provisioner");
	put_claim(stage, "", "");
	stage_node(stage, "n1", "1", "4Gi");
	put_pod_with_claim(stage, "a");
	stage_run(stage, 500);
	CHECK_STR(claim_says(stage, "volume.kubernetes.io/selected-node"), "n1");
	CHECK_STR(stage_node_of(stage, "a"), "");
	stage_pod(stage, "b", "1", "1Gi"); /* the room is kept meanwhile */
	stage_run(stage, 500);
	CHECK_STR(stage_node_of(stage, "b"), "");
	stage_put(stage, &core_persistent_volume_type, "{\"metadata\":{\"name\":\"pv1\"}}");
	put_claim(
	    stage,
	    "\"volume.kubernetes.io/selected-node\":\"n1\",\"pv.kubernetes.io/bind-completed\":"
	    "\"yes\"",
	    "pv1");
	stage_run(stage, 500);
	CHECK_STR(stage_node_of(stage, "a"), "n1");
	CHECK_EQ(stage_counts(stage).wrong_terms, 0);
	stage_close(stage);
}

TEST(a_provisioner_that_gives_up_sends_the_pod_back)
{
	struct stage *stage = stage_open(15);

	put_class(stage, "provisioner");
	put_claim(stage, "", "");
	stage_node(stage, "n1", "1", "4Gi");
	put_pod_with_claim(stage, "a");
	stage_run(stage, 500);
	put_claim(stage, "", ""); /* the selected node is taken back */
	stage_run(stage, 500);
	CHECK_STR(stage_condition(stage, "a")->reason, "SchedulerError");
	stage_run(stage, 5000); /* and it is tried again */
	CHECK_STR(claim_says(stage, "volume.kubernetes.io/selected-node"), "n1");
	stage_close(stage);
}

TEST(a_pod_does_not_wait_for_its_volumes_for_ever)
{
	struct stage *stage = stage_open(16);

	put_class(stage, "provisioner");
	put_claim(stage, "", "");
	stage_node(stage, "n1", "1", "4Gi");
	put_pod_with_claim(stage, "a");
	stage_run(stage, 599000);
	CHECK(stage_condition(stage, "a") == NULL);
	stage_run(stage, 2000);
	CHECK_STR(
	    stage_condition(stage, "a")->message,
	    "running PreBind plugin \"VolumeBinding\": binding volumes: timed out waiting for "
	    "the condition");
	stage_close(stage);
}

TEST(a_free_volume_is_bound_to_the_claim_once)
{
	struct stage *stage = stage_open(17);
	const struct core_persistent_volume *volume;

	put_class(stage, "kubernetes.io/no-provisioner");
	put_claim(stage, "", "");
	stage_put(
	    stage, &core_persistent_volume_type,
	    "{\"metadata\":{\"name\":\"pv1\"},\"spec\":{\"storageClassName\":\"late\"},\"status\":{"
	    "\"phase\":\"Available\"}}");
	stage_node(stage, "n1", "4", "4Gi");
	stage_refuse(stage, "/pv1", 409, 1); /* somebody else's write came between */
	put_pod_with_claim(stage, "a");
	stage_run(stage, 6000);
	volume = stage_get(stage, &core_persistent_volume_type, "", "pv1");
	CHECK_STR(volume->spec->claim_ref->name, "data");
	CHECK_STR(
	    str_map_get(volume->metadata->annotations, STR("pv.kubernetes.io/bound-by-controller")),
	    "yes");
	put_claim(stage, "\"pv.kubernetes.io/bind-completed\":\"yes\"", "pv1");
	stage_run(stage, 500);
	CHECK_STR(stage_node_of(stage, "a"), "n1");
	stage_close(stage);
}

TEST(a_pod_that_goes_while_it_waits_for_volumes_leaves_its_room)
{
	struct stage *stage = stage_open(18);

	put_class(stage, "provisioner");
	put_claim(stage, "", "");
	stage_node(stage, "n1", "1", "4Gi");
	put_pod_with_claim(stage, "a");
	stage_run(stage, 500);
	stage_pod(stage, "b", "1", "1Gi");
	stage_run(stage, 500);
	stage_delete(stage, &core_pod_type, "default", "a");
	stage_run(stage, 3000);
	CHECK_STR(stage_node_of(stage, "b"), "n1");
	stage_close(stage);
}
