/*
 * A range of Services is ready when it was seen, and stays until nobody has an address of it.
 */
#include "actors/controllers/controllers.h"
#include "datastore/schema/networking.h"
#include "tests/unit/actors/controllers/scene.h"

#define KEPT "finalizers: [networking.k8s.io/service-cidr-finalizer]"
#define READY                                                                       \
	"status: {conditions: [{type: Ready, status: 'True', reason: '', message: " \
	"Kubernetes Service CIDR is ready, lastTransitionTime: '2026-01-01T00:00:00Z'}]}"
#define GOES "deletionTimestamp: '2026-01-02T03:03:00Z', "
#define GONE                                          \
	"update networking.k8s.io/v1 ServiceCIDR a\n" \
	"  metadata.finalizers[0]: networking.k8s.io/service-cidr-finalizer -> -\n"

static void add_range(struct scene *scene, const char *name, const char *metadata,
		      const char *ranges, const char *more)
{
	scene_add(scene,
		  "{apiVersion: networking.k8s.io/v1, kind: ServiceCIDR, metadata: {name: %s, %s}, "
		  "spec: {cidrs: [%s]}, %s}",
		  name, metadata, ranges, more);
}

static void add_address(struct scene *scene, const char *address, const char *who)
{
	scene_add(
	    scene,
	    "{apiVersion: networking.k8s.io/v1, kind: IPAddress, metadata: {name: '%s', labels: "
	    "{ipaddress.kubernetes.io/managed-by: %s}}, spec: {parentRef: {resource: services, "
	    "namespace: default, name: s}}}",
	    address, who);
}

TEST(a_new_range_is_kept_and_then_said_to_be_ready)
{
	struct scene scene = scene_open();

	add_range(&scene, "a", "", "10.0.0.0/24", "");
	CHECK_PLAN(&scene, &service_cidr_controller, "/a",
		   "update networking.k8s.io/v1 ServiceCIDR a\n  metadata.finalizers[0]: - -> "
		   "networking.k8s.io/service-cidr-finalizer\n");
	add_range(&scene, "a", KEPT, "10.0.0.0/24", "");
	scene_apply(&scene, scene_reconcile(&scene, &service_cidr_controller, "/a"));
	CHECK_STR(scene_get(&scene, "/a", networking_service_cidr)->status->conditions.at[0].status,
		  "True");
	CHECK_PLAN(&scene, &service_cidr_controller, "/a", "");
}

TEST(a_range_that_goes_waits_until_nobody_has_an_address_of_it_alone)
{
	static const struct {
		const char *ranges, *address, *who, *other;
		bool is_kept;
	} cases[] = {
		{ "10.0.0.0/24", "10.0.0.7", "ipallocator.k8s.io", "10.1.0.0/24", true },
		{ "10.0.0.0/24", "10.0.1.7", "ipallocator.k8s.io", "10.1.0.0/24", false },
		{ "10.0.0.0/24", "10.0.0.7", "somebody", "10.1.0.0/24", false },
		{ "10.0.0.0/24", "10.0.0.7", "ipallocator.k8s.io", "10.0.0.0/28", false },
		{ "10.0.0.0/24", "10.0.0.7", "ipallocator.k8s.io", "10.0.0.0/16", false },
		{ "10.0.0.0/24", "10.0.0.17", "ipallocator.k8s.io", "10.0.0.0/28", true },
		{ "10.0.0.0/24, 'fd00::/64'", "fd00::7", "ipallocator.k8s.io", "10.0.0.0/16", true },
		{ "10.0.0.0/24, 'fd00::/64'", "fd00::7", "ipallocator.k8s.io", "'fd00::/64'",
		  false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scene scene = scene_open();

		add_range(&scene, "a", GOES KEPT, cases[i].ranges, READY);
		add_range(&scene, "b", KEPT, cases[i].other, READY);
		add_address(&scene, cases[i].address, cases[i].who);
		if (!cases[i].is_kept) {
			CHECK_PLAN(&scene, &service_cidr_controller, "/a", GONE);
			continue;
		}
		scene_apply(&scene, scene_reconcile(&scene, &service_cidr_controller, "/a"));
		CHECK_STR(
		    scene_get(&scene, "/a", networking_service_cidr)->status->conditions.at[0].reason,
		    "Terminating");
	}
}

TEST(a_range_that_is_free_stays_until_every_server_knows_that_it_goes)
{
	struct scene scene = scene_open();

	add_range(&scene, "a", "deletionTimestamp: '2026-01-02T03:04:00Z', " KEPT, "10.0.0.0/24",
		  READY);
	CHECK_PLAN(&scene, &service_cidr_controller, "/a", "again 5001 ms\n");
	scene_pass(&scene, 6);
	CHECK_PLAN(&scene, &service_cidr_controller, "/a", GONE);
}

TEST(addresses_and_ranges_that_come_or_go_wake_those_that_wait_for_them)
{
	struct scene scene = scene_open();

	add_range(&scene, "a", GOES KEPT, "10.0.0.0/24", READY);
	add_range(&scene, "b", KEPT, "10.0.0.0/24", READY);
	add_address(&scene, "10.0.0.7", "ipallocator.k8s.io");
	CHECK_STR(
	    scene_wakes(&scene, &service_cidr_controller, &networking_ip_address_type, "/10.0.0.7"),
	    "/a ");
	CHECK_STR(scene_wakes(&scene, &service_cidr_controller, &networking_service_cidr_type, "/b"),
		  "/a ");
}
