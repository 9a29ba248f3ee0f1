/*
 * Service CIDRs: a range that Services get addresses from is ready when it has been seen, and stays until none of its addresses is in use.
 *
 * An address is kept in place by the last range that has it. After the last one has gone there are ten more seconds, so that every API
 * server knows by then that the range is given up and picks no address of it.
 */
#include <arpa/inet.h>

#include "actors/controller/controller.h"
#include "actors/controller/workload/condition.h"
#include "actors/controller/workload/protection.h"
#include "actors/controllers/controllers.h"
#include "datastore/schema/networking.h"
#include "datastore/schema/type.h"
#include "runtime/base/arena.h"
#include "runtime/base/str.h"

#define FINALIZER STR("networking.k8s.io/service-cidr-finalizer")
#define GRACE_NS (10 * TIME_S) /* upstream's deletionGracePeriod */
#define MANAGED_BY STR("ipaddress.kubernetes.io/managed-by")
#define ALLOCATOR "ipallocator.k8s.io"

typedef const struct networking_service_cidr service_cidr;
typedef const struct networking_ip_address ip_address;

/* ---- addresses and ranges: the former have all their bits --------------------------------------------------------- */

struct network {
	uint8_t bytes[16];
	uint64_t bits;
	bool is_v6;
};

static bool parse(struct arena *arena, struct str text, struct network *out)
{
	struct str bits = text, address = str_cut(&bits, '/');

	*out = (struct network){ .is_v6 = str_find_char(address, ':') >= 0 };
	out->bits = out->is_v6 ? 128 : 32;
	return inet_pton(out->is_v6 ? AF_INET6 : AF_INET, arena_cstr(arena, address), out->bytes) ==
		   1 &&
	       (bits.at == NULL || str_to_u64(bits, &out->bits) == OK);
}

static bool covers(const struct network *wide, const struct network *narrow)
{
	if (wide->is_v6 != narrow->is_v6 || wide->bits > narrow->bits)
		return false;
	for (uint64_t bit = 0; bit < wide->bits; bit++) {
		unsigned mask = 0x80U >> bit % 8;

		if ((wide->bytes[bit / 8] & mask) != (narrow->bytes[bit / 8] & mask))
			return false;
	}
	return true;
}

static bool has(const struct world *world, service_cidr *cidr, struct str text)
{
	struct network wide, narrow;

	if (!parse(world_arena(world), text, &narrow))
		return false;
	for (uint32_t i = 0; i < cidr->spec->cidrs.len; i++)
		if (parse(world_arena(world), cidr->spec->cidrs.at[i], &wide) &&
		    covers(&wide, &narrow))
			return true;
	return false;
}

/* ---- is it in use ------------------------------------------------------------------------------------------------- */

/* Another one, also one that goes, has the address, or the whole range. */
static bool is_elsewhere(const struct world *world, service_cidr *cidr, struct str text)
{
	struct records all = world_list(world, STR_NONE, networking_service_cidr);

	for (uint32_t i = 0; i < all.len; i++) {
		service_cidr *other = record_at(all, i, networking_service_cidr);

		if (!str_eq(other->metadata->name, cidr->metadata->name) && has(world, other, text))
			return true;
	}
	return false;
}

static bool are_all_elsewhere(const struct world *world, service_cidr *cidr)
{
	for (uint32_t i = 0; i < cidr->spec->cidrs.len; i++)
		if (!is_elsewhere(world, cidr, cidr->spec->cidrs.at[i]))
			return false;
	return true;
}

static bool is_in_use(const struct world *world, service_cidr *cidr)
{
	struct records addresses = world_list(world, STR_NONE, networking_ip_address);

	if (are_all_elsewhere(world, cidr))
		return false;
	for (uint32_t i = 0; i < addresses.len; i++) {
		ip_address *address = record_at(addresses, i, networking_ip_address);

		if (str_is(str_map_get(address->metadata->labels, MANAGED_BY), ALLOCATOR) &&
		    has(world, cidr, address->metadata->name) &&
		    !is_elsewhere(world, cidr, address->metadata->name))
			return true;
	}
	return false;
}

/* ---- what is to be done --------------------------------------------------------------------------------------------- */

static void say(const struct world *world, struct plan *plan, service_cidr *cidr, bool is_ready)
{
	struct networking_service_cidr *edit = plan_status(plan, cidr, networking_service_cidr);

	if (edit->status == NULL)
		edit->status = arena_new_of(plan_arena(plan), struct networking_service_cidr_status);
	condition_set(plan_arena(plan), &edit->status->conditions, world_now(world), meta_condition,
		      "Ready", is_ready ? "True" : "False", is_ready ? "" : "Terminating",
		      is_ready ? STR("Kubernetes Service CIDR is ready")
			       : STR("There are still IPAddresses referencing the ServiceCIDR, "
				     "please remove them or create a new ServiceCIDR"));
}

static void let_go(const struct world *world, struct plan *plan, service_cidr *cidr)
{
	int64_t left_ns = cidr->metadata->deletion_timestamp.ns + GRACE_NS - world_now(world).ns;

	if (!protection_is_asked(cidr->metadata, FINALIZER))
		return;
	if (is_in_use(world, cidr))
		say(world, plan, cidr, false);
	else if (left_ns > 0)
		plan_again(plan, left_ns / TIME_MS + 1);
	else
		protection_remove(plan, plan_edit(plan, cidr, networking_service_cidr)->metadata,
				  FINALIZER);
}

static enum status reconcile(const struct world *world, struct key key, struct plan *plan)
{
	service_cidr *cidr = world_get(world, key, networking_service_cidr);

	if (cidr == NULL)
		return OK;
	if (cidr->metadata->has.deletion_timestamp)
		let_go(world, plan, cidr);
	else if (protection_is_missing(cidr->metadata, FINALIZER))
		protection_add(plan, plan_edit(plan, cidr, networking_service_cidr)->metadata,
			       FINALIZER);
	else
		say(world, plan, cidr, true);
	return OK;
}

/* Whatever comes or goes may free those that wait for it; all others stay as they are. */
static void wake_those_that_go(const struct world *world, const struct object *object,
			       const struct object *old, struct wake *to)
{
	struct records all = world_list(world, STR_NONE, networking_service_cidr);

	(void)object;
	(void)old;
	for (uint32_t i = 0; i < all.len; i++) {
		service_cidr *cidr = record_at(all, i, networking_service_cidr);

		if (cidr->metadata->has.deletion_timestamp)
			wake_key(to, STR(""), cidr->metadata->name);
	}
}

const struct controller service_cidr_controller = {
	.name = "service-cidr",
	.account = "service-cidrs-controller",
	.reconciles = &networking_service_cidr_type,
	.triggers = { { &networking_ip_address_type, wake_those_that_go },
		      { &networking_service_cidr_type, wake_those_that_go } },
	.reconcile = reconcile,
};
