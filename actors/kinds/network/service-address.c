#include "actors/kinds/field/ip.h"
#include "actors/kinds/network/service-private.h"
#include "datastore/object/proto-envelope.h"
#include "datastore/schema/networking.h"

/*
 * Cluster addresses: picked from the ranges of the ServiceCIDR objects, reserved by IPAddress objects that name the Service.
 *
 * A pick begins at a random place of a range's upper part and walks round it, then the lower part: its first addresses are left to
 * those who ask for one (KEP-3070).
 */

#define RANGES_MAX 64U   /* per family; nobody is known to have more than a few */
#define PICK_MAX 131072U /* addresses looked at in one range: all of a /15 */
#define LOWER_MIN 16U    /* upstream's calculateRangeOffset */
#define LOWER_MAX 256U
#define LOWER_STEP 16U
#define NONE STR("None")

const struct service_setting *service_setting_of(const struct kind_change *change)
{
	static const struct service_setting usual = SERVICE_SETTING_USUAL;

	return change->check->services != NULL ? change->check->services : &usual;
}

struct ranges {
	struct ip_range at[RANGES_MAX];
	bool is_ready[RANGES_MAX];
	uint32_t len;
	bool has_v4, has_v6;
	bool is_first_v6; /* the family of the range that every cluster has */
	struct arena *arena;
};

/* ---- ranges ----------------------------------------------------------------------------------------------- */

/* Without a condition it is ready: nobody has looked at it yet. */
static bool is_ready(const struct networking_service_cidr *cidr)
{
	const struct networking_service_cidr_status *status = cidr->status;

	if (cidr->metadata->has.deletion_timestamp)
		return false;
	for (uint32_t i = 0; status != NULL && i < status->conditions.len; i++)
		if (str_is(status->conditions.at[i].type, "Ready"))
			return str_is(status->conditions.at[i].status, "True");
	return true;
}

static void add_range(struct ranges *ranges, struct str text, bool ready)
{
	struct ip_range range;

	if (ranges->len == RANGES_MAX || !ip_range_parse(text, &range))
		return;
	ranges->has_v4 |= !range.base.is_v6;
	ranges->has_v6 |= range.base.is_v6;
	ranges->at[ranges->len] = range;
	ranges->is_ready[ranges->len++] = ready;
}

static bool visit_cidr(void *arg, const struct object *object)
{
	const struct networking_service_cidr *cidr = object->record;
	struct ranges *ranges = arg;
	bool is_first = str_is(cidr->metadata->name, "kubernetes");

	for (uint32_t i = 0; i < cidr->spec->cidrs.len; i++) {
		add_range(ranges, cidr->spec->cidrs.at[i], is_ready(cidr));
		if (is_first && i == 0 && ranges->len > 0)
			ranges->is_first_v6 = ranges->at[ranges->len - 1].base.is_v6;
	}
	return true;
}

static void add_usual(struct ranges *ranges, const struct service_setting *setting)
{
	for (uint32_t i = 0; i < setting->cidr_count; i++)
		add_range(ranges, setting->cidrs[i], true);
	ranges->is_first_v6 = ranges->at[0].base.is_v6;
}

static struct ranges *ranges_of(const struct kind_change *change)
{
	const struct reader *reader = change->check->reader;
	struct ranges *ranges = arena_new_of(change->arena, struct ranges);

	reader->each(reader->self, &networking_service_cidr_type, STR_NONE, visit_cidr, ranges);
	if (ranges->len == 0)
		add_usual(ranges, service_setting_of(change));
	/* Ranges of one family only, and none of them the first one: that is the family there is. */
	if (ranges->has_v6 && !ranges->has_v4)
		ranges->is_first_v6 = true;
	return ranges;
}

uint32_t service_cluster_families(const struct kind_change *change, struct str out[2])
{
	struct ranges *ranges = ranges_of(change);

	out[0] = ranges->is_first_v6 ? STR("IPv6") : STR("IPv4");
	out[1] = ranges->is_first_v6 ? STR("IPv4") : STR("IPv6");
	return ranges->has_v4 && ranges->has_v6 ? 2 : 1;
}

/* ---- addresses of a range ---------------------------------------------------------------------------------- */

/* How many addresses can be had: all but the network's own and, of IPv4, the broadcast address. */
static uint64_t size_of(const struct ip_range *range)
{
	uint32_t free_bits = (range->base.is_v6 ? 128 : 32) - range->bits;
	uint64_t size;

	if (free_bits >= 63)
		return INT64_MAX;
	size = (1ULL << free_bits) - 1;
	if (!range->base.is_v6 && size > 0)
		size--;
	return size;
}

static uint64_t lower_part(const struct ip_range *range)
{
	uint32_t free_bits = (range->base.is_v6 ? 128 : 32) - range->bits;
	uint64_t size = free_bits >= 63 ? INT64_MAX : 1ULL << free_bits;
	uint64_t part = size / LOWER_STEP;

	if (size <= LOWER_MIN)
		return 0;
	return part < LOWER_MIN ? LOWER_MIN : part > LOWER_MAX ? LOWER_MAX : part;
}

static bool can_be_had(const struct ip_range *range, const struct ip *ip)
{
	struct ip last = ip_range_last(range);

	return ip_range_has(range, ip) && ip_cmp(ip, &range->base) != 0 &&
	       (ip->is_v6 || ip_cmp(ip, &last) != 0);
}

static const struct networking_ip_address *reservation(const struct kind_change *change,
						       struct str address)
{
	const struct object *object =
	    check_get(change->check, &networking_ip_address_type, STR_NONE, address);

	return object ? object->record : NULL;
}

/* Whether this request has asked for it already, or gives it back. */
static bool is_in_writes(const struct kind_change *change, struct str key)
{
	for (uint32_t i = 0; i < change->write_count; i++)
		if (str_eq(change->writes[i].key, key))
			return true;
	return false;
}

static struct str key_of(const struct kind_change *change, struct str address)
{
	return arena_printf(change->arena, "/registry/ipaddresses/" STR_FMT, STR_ARG(address));
}

static bool is_free(const struct kind_change *change, struct str address)
{
	return reservation(change, address) == NULL &&
	       !is_in_writes(change, key_of(change, address));
}

/* Walks `count` addresses from `first` on, beginning at `start` of them. */
static struct str walk(const struct kind_change *change, const struct ip_range *range,
		       uint64_t first, uint64_t count, uint64_t start)
{
	uint64_t tries = count < PICK_MAX ? count : PICK_MAX;

	for (uint64_t i = 0; i < tries; i++) {
		struct ip ip = ip_add(&range->base, 1 + first + (start + i) % count);
		struct str text = ip_print(&ip, change->arena);

		if (is_free(change, text))
			return text;
	}
	return STR_NONE;
}

/* An object's uid is random, and another one for each try to create it. */
static uint64_t random_of(const struct kind_change *change, uint64_t salt)
{
	const struct core_service *service = change->object;

	return hash_mix(hash_str(service->metadata->uid) ^ salt, (uint64_t)change->check->now.ns);
}

static struct str pick(const struct kind_change *change, bool is_v6)
{
	struct ranges *ranges = ranges_of(change);

	for (uint32_t i = 0; i < ranges->len; i++) {
		const struct ip_range *range = &ranges->at[i];
		uint64_t size = size_of(range), lower = lower_part(range);
		struct str text = STR_NONE;

		if (!ranges->is_ready[i] || range->base.is_v6 != is_v6)
			continue;
		if (size > lower)
			text = walk(change, range, lower, size - lower,
				    random_of(change, i) % (size - lower));
		if (text.at == NULL && lower > 0)
			text = walk(change, range, 0, lower, random_of(change, i) % lower);
		if (text.at != NULL)
			return text;
	}
	return STR_NONE;
}

/* ---- reservations ----------------------------------------------------------------------------------------- */

/* A version 8 UUID (RFC 9562: of one's own making) out of the owner's random one and the address. */
static struct str uid_of(const struct kind_change *change, struct str owner, struct str address)
{
	uint64_t high = hash_mix(hash_str(owner), hash_str(address));
	uint64_t low = hash_mix(high, hash_str(owner));

	high = (high & ~0xf000ULL) | 0x8000;
	low = (low & ~(3ULL << 62)) | 2ULL << 62;
	return arena_printf(change->arena, "%08x-%04x-%04x-%04x-%012jx", (uint32_t)(high >> 32),
			    (uint32_t)(high >> 16 & 0xffff), (uint32_t)(high & 0xffff),
			    (uint32_t)(low >> 48), (uintmax_t)(low & 0xffffffffffffULL));
}

static struct str reservation_bytes(struct kind_change *change, struct str address)
{
	const struct meta_object_meta *owner = record_meta(change->type, change->object);
	struct networking_parent_reference parent = {
		.resource = STR("services"),
		.namespace = owner->namespace,
		.name = owner->name,
	};
	struct networking_ip_address_spec spec = { .parent_ref = &parent };
	struct str_entry labels[] = {
		{ STR("ipaddress.kubernetes.io/ip-family"),
		  ip_is_v6(address) ? STR("IPv6") : STR("IPv4") },
		{ STR("ipaddress.kubernetes.io/managed-by"), STR("ipallocator.k8s.io") },
	};
	struct meta_object_meta meta = {
		.name = address,
		.uid = uid_of(change, owner->uid, address),
		.labels = { labels, 2 },
	};
	struct networking_ip_address record = { &meta, &spec };
	struct text out = text_in(change->arena, 16 * KIB);

	SET(&meta, creation_timestamp, change->check->now);
	meta.creation_timestamp.ns -= meta.creation_timestamp.ns % TIME_S;
	proto_envelope_encode(&networking_ip_address_type, &record, &out);
	return text_str(&out);
}

static void reserve(struct kind_change *change, struct str address)
{
	kind_also(change, (struct kind_write){ .key = key_of(change, address),
					       .value = reservation_bytes(change, address) });
}

/* Why the address cannot be had, in the allocator's words; NULL: it can. */
static const char *refusal(const struct kind_change *change, struct str address)
{
	struct ranges *ranges = ranges_of(change);
	struct ip ip;

	if (!ip_parse(address, &ip))
		return "failed to parse";
	for (uint32_t i = 0; i < ranges->len; i++) {
		if (!ranges->is_ready[i] || !can_be_had(&ranges->at[i], &ip))
			continue;
		return is_free(change, ip_print(&ip, change->arena))
			   ? NULL
			   : "provided IP is already allocated";
	}
	return "the provided network does not match the current range";
}

/* The address at `i`: as asked for, or any of the family. */
static void reserve_one(struct kind_change *change, struct core_service_spec *spec, uint32_t i)
{
	const struct path *at = PATH(PATH_ROOT(change->faults, "spec"), "clusterIPs");
	struct str *address = &spec->cluster_ips.at[i];
	struct ip ip;

	if (address->len == 0) {
		*address = pick(change, str_is(spec->ip_families.at[i], "IPv6"));
		if (address->at == NULL) {
			const struct meta_object_meta *meta =
			    record_meta(change->type, change->object);

			change->failure =
			    failure_internal(change->arena,
					     "failed to allocate a serviceIP for Service \"" STR_FMT
					     "\": range is full",
					     STR_ARG(meta->name));
			return;
		}
	} else {
		const char *why = refusal(change, *address);

		if (why != NULL) {
			path_fault(at, FAULT_INVALID, path_shown_list(at, spec->cluster_ips),
				   "failed to allocate IP " STR_FMT ": %s", STR_ARG(*address), why);
			return;
		}
	}
	if (ip_parse(*address, &ip))
		reserve(change, ip_print(&ip, change->arena));
	if (i == 0)
		spec->cluster_ip = *address;
}

static bool is_headless(const struct core_service_spec *spec)
{
	return spec->cluster_ips.len > 0 && str_eq(spec->cluster_ips.at[0], NONE);
}

/* From the place `first` on, one for each family. */
static void reserve_from(struct kind_change *change, struct core_service_spec *spec, uint32_t first)
{
	while (spec->cluster_ips.len < spec->ip_families.len)
		service_list_add(change, &spec->cluster_ips, STR(""));
	for (uint32_t i = first; i < spec->ip_families.len && change->failure == NULL; i++)
		reserve_one(change, spec, i);
}

static void release(struct kind_change *change, struct str address)
{
	const struct meta_object_meta *owner = record_meta(change->type, change->object);
	const struct networking_ip_address *kept;
	struct str name;
	struct ip ip;

	if (!ip_parse(address, &ip))
		return;
	name = ip_print(&ip, change->arena);
	kept = reservation(change, name);
	/* Somebody else's: a stored Service that never had it. */
	if (kept != NULL && kept->spec->parent_ref != NULL &&
	    (!str_eq(kept->spec->parent_ref->name, owner->name) ||
	     !str_eq(kept->spec->parent_ref->namespace, owner->namespace)))
		return;
	kind_also(change, (struct kind_write){ .key = key_of(change, name),
					       .expected = KIND_ANY_REVISION });
}

void service_release_addresses(struct kind_change *change, const struct core_service_spec *old)
{
	if (!service_needs_address(old) || is_headless(old))
		return;
	for (uint32_t i = 0; i < old->cluster_ips.len; i++)
		release(change, old->cluster_ips.at[i]);
}

void service_reserve_addresses(struct kind_change *change, struct core_service_spec *spec,
			       const struct core_service_spec *old)
{
	uint32_t had = old != NULL ? old->ip_families.len : 0;

	if (old != NULL && service_keeps_families(spec, old))
		return;
	if (old == NULL || !service_needs_address(old)) {
		if (service_needs_address(spec) && !is_headless(spec))
			reserve_from(change, spec, 0);
		return;
	}
	if (is_headless(old))
		return;
	if (!service_needs_address(spec))
		service_release_addresses(change, old);
	else if (had == 1 && spec->ip_families.len == 2)
		reserve_from(change, spec, 1);
	else if (had == 2 && spec->ip_families.len == 1 && old->cluster_ips.len == 2)
		release(change, old->cluster_ips.at[1]);
}
