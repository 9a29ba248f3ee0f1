#include "actors/kinds/network/service-private.h"

/*
 * Node ports: what is in use is what the Services say; a key per port keeps two servers from giving the same one away at once.
 *
 * The keys are ours alone and stand outside /registry: a Service that came from elsewhere has none, and needs none.
 */

#define PORTS 65536U

struct ports {
	struct kind_change *change;
	uint8_t used[PORTS / 8];
};

static bool is_in_range(const struct kind_change *change, int32_t port)
{
	const struct service_setting *setting = service_setting_of(change);

	return port >= setting->port_min && port <= setting->port_max;
}

static bool is_used(const struct ports *ports, int32_t port)
{
	return ports->used[port / 8] >> (port % 8) & 1;
}

static void use(struct ports *ports, int32_t port)
{
	if (port > 0 && port < (int32_t)PORTS)
		ports->used[port / 8] |= (uint8_t)(1U << (port % 8));
}

/* Upstream's portallocator: a 32nd of the range, 16 to 128, is left to those who ask. */
static uint32_t lower_part(uint32_t count)
{
	if (count <= 16)
		return 0;
	return count / 32 < 16 ? 16 : count / 32 > 128 ? 128 : count / 32;
}

static bool visit_service(void *arg, const struct object *object)
{
	const struct core_service *service = object->record;
	const struct core_service_spec *spec = service->spec;
	struct ports *ports = arg;

	for (uint32_t i = 0; i < spec->ports.len; i++)
		use(ports, spec->ports.at[i].node_port);
	use(ports, spec->health_check_node_port);
	return true;
}

static struct ports *ports_of(struct kind_change *change)
{
	const struct reader *reader = change->check->reader;
	struct ports *ports = arena_new_of(change->arena, struct ports);

	ports->change = change;
	reader->each(reader->self, &core_service_type, STR_NONE, visit_service, ports);
	return ports;
}

/* ---- reservations ----------------------------------------------------------------------------------------- */

static struct str key_of(struct kind_change *change, int32_t port)
{
	return arena_printf(change->arena, "/troupe/nodeports/%d", port);
}

static void reserve(struct ports *ports, int32_t port)
{
	struct kind_change *change = ports->change;
	const struct meta_object_meta *owner = record_meta(change->type, change->object);

	use(ports, port);
	kind_also(change, (struct kind_write){
			      .key = key_of(change, port),
			      .value = arena_printf(change->arena, STR_FMT "/" STR_FMT,
						    STR_ARG(owner->namespace), STR_ARG(owner->name)),
			  });
}

/* Why the port cannot be had; NULL: it can. */
static const char *refusal(const struct ports *ports, int32_t port)
{
	const struct service_setting *setting = service_setting_of(ports->change);

	if (!is_in_range(ports->change, port))
		return arena_printf(ports->change->arena,
				    "provided port is not in the valid range. The range of valid "
				    "ports is %u-%u",
				    setting->port_min, setting->port_max)
		    .at;
	return is_used(ports, port) ? "provided port is already allocated" : NULL;
}

static int32_t walk(const struct ports *ports, uint32_t first, uint32_t count, uint64_t start)
{
	for (uint32_t i = 0; i < count; i++) {
		int32_t port = (int32_t)(first + (uint32_t)((start + i) % count));

		if (!is_used(ports, port))
			return port;
	}
	return 0;
}

/* Any free one, from the upper part if there is one; 0 when there is none, and the change is refused. */
static int32_t pick(struct ports *ports, const char *words)
{
	struct kind_change *change = ports->change;
	const struct meta_object_meta *meta = record_meta(change->type, change->object);
	uint64_t random =
	    hash_mix(hash_str(meta->uid), (uint64_t)change->check->now.ns + change->write_count);
	const struct service_setting *setting = service_setting_of(change);
	uint32_t count = setting->port_max - setting->port_min + 1U, lower = lower_part(count);
	int32_t port = walk(ports, setting->port_min + lower, count - lower, random);

	if (port == 0)
		port = walk(ports, setting->port_min, lower, random);
	if (port != 0)
		reserve(ports, port);
	else
		change->failure = failure_internal(change->arena, "%s: range is full", words);
	return port;
}

/* False: it cannot be had, and that was said. */
static bool take(struct ports *ports, uint32_t i, int32_t port)
{
	const struct path *at = PATH_AT(PATH(PATH_ROOT(ports->change->faults, "spec"), "ports"), i);
	const char *why = refusal(ports, port);

	if (why != NULL)
		return path_invalid_number(PATH(at, "nodePort"), port, why);
	reserve(ports, port);
	return true;
}

static void release(struct kind_change *change, int32_t port)
{
	if (is_in_range(change, port))
		kind_also(change, (struct kind_write){ .key = key_of(change, port),
						       .expected = KIND_ANY_REVISION });
}

/* ---- the ports of a Service --------------------------------------------------------------------------------- */

static bool picks_ports(const struct core_service_spec *spec)
{
	if (str_is(spec->type, "NodePort"))
		return true;
	return str_is(spec->type, "LoadBalancer") && spec->allocate_load_balancer_node_ports;
}

static bool has_node_port(const struct core_service_spec *spec, uint32_t len, int32_t node_port)
{
	for (uint32_t i = 0; i < len; i++)
		if (spec->ports.at[i].node_port == node_port)
			return true;
	return false;
}

/* What the entries before `i` of the same port got: other protocols share its node port. 0: nothing yet. */
static int32_t shared_with(const struct core_service_spec *spec, uint32_t i)
{
	for (uint32_t j = 0; j < i; j++)
		if (spec->ports.at[j].port == spec->ports.at[i].port)
			return spec->ports.at[j].node_port;
	return 0;
}

static int32_t asked_for(const struct core_service_spec *spec, uint32_t i)
{
	for (uint32_t j = i; j < spec->ports.len; j++)
		if (spec->ports.at[j].port == spec->ports.at[i].port &&
		    spec->ports.at[j].node_port != 0)
			return spec->ports.at[j].node_port;
	return 0;
}

/* False: there is nothing more to be done with this request. */
static bool create_one(struct ports *ports, struct core_service_spec *spec, uint32_t i)
{
	struct core_service_port *port = &spec->ports.at[i];
	int32_t shared = shared_with(spec, i);

	if (port->node_port == 0 && !picks_ports(spec))
		return true;
	if (shared == 0) {
		int32_t asked = asked_for(spec, i);

		if (asked != 0 && !take(ports, i, asked))
			return false;
		SET(port, node_port,
		    asked != 0 ? asked : pick(ports, "failed to allocate a nodePort"));
		return port->node_port != 0;
	}
	if (port->node_port != 0 && port->node_port != shared)
		return take(ports, i, port->node_port);
	SET(port, node_port, shared);
	return true;
}

static bool is_doubled(const struct core_service_spec *spec, uint32_t i)
{
	const struct core_service_port *port = &spec->ports.at[i];

	for (uint32_t j = 0; j < i; j++)
		if (spec->ports.at[j].node_port == port->node_port &&
		    str_eq(spec->ports.at[j].protocol, port->protocol))
			return true;
	return false;
}

static bool update_one(struct ports *ports, struct core_service_spec *spec,
		       const struct core_service_spec *old, uint32_t i)
{
	struct core_service_port *port = &spec->ports.at[i];

	if (port->node_port == 0 && !picks_ports(spec))
		return true;
	if (port->node_port == 0) {
		SET(port, node_port, pick(ports, "failed to allocate a nodePort"));
		return port->node_port != 0;
	}
	if (!has_node_port(old, old->ports.len, port->node_port) &&
	    !has_node_port(spec, i, port->node_port) && !take(ports, i, port->node_port))
		return false;
	if (is_doubled(spec, i)) {
		ports->change->failure = failure_plain(
		    ports->change->arena, 500,
		    arena_printf(ports->change->arena, "duplicate nodePort: {" STR_FMT " %d}",
				 STR_ARG(port->protocol), port->node_port));
		return false;
	}
	return true;
}

static void take_health_port(struct ports *ports, struct core_service_spec *spec)
{
	struct arena *arena = ports->change->arena;
	const char *why;

	if (spec->health_check_node_port == 0) {
		SET(spec, health_check_node_port,
		    pick(ports, "failed to allocate a HealthCheck NodePort 0"));
		return;
	}
	why = refusal(ports, spec->health_check_node_port);
	if (why == NULL)
		reserve(ports, spec->health_check_node_port);
	else
		ports->change->failure = failure_internal(
		    arena, "failed to allocate requested HealthCheck NodePort %d: %s",
		    spec->health_check_node_port, why);
}

/* Those that the old one had and the new one has not. */
static void release_left(struct kind_change *change, const struct core_service_spec *spec,
			 const struct core_service_spec *old)
{
	for (uint32_t i = 0; i < old->ports.len; i++) {
		int32_t port = old->ports.at[i].node_port;

		if (port != 0 && !has_node_port(old, i, port) &&
		    (spec == NULL || !has_node_port(spec, spec->ports.len, port)))
			release(change, port);
	}
}

static bool wants_any(const struct core_service_spec *spec, const struct core_service_spec *old)
{
	return service_needs_node_ports(spec) || (old != NULL && service_needs_node_ports(old));
}

static void reserve_node_ports(struct ports *ports, struct core_service_spec *spec,
			       const struct core_service_spec *old)
{
	bool goes_on = true;

	for (uint32_t i = 0; i < spec->ports.len && goes_on && ports->change->failure == NULL; i++)
		goes_on = old == NULL ? create_one(ports, spec, i) : update_one(ports, spec, old, i);
}

void service_reserve_ports(struct kind_change *change, struct core_service_spec *spec,
			   const struct core_service_spec *old)
{
	bool needs_health = service_needs_health_port(spec);
	bool had_health = old != NULL && service_needs_health_port(old);
	struct ports *ports;

	if (!wants_any(spec, old))
		return;
	ports = ports_of(change);
	if (service_needs_node_ports(spec))
		reserve_node_ports(ports, spec, old);
	if (change->failure != NULL || change->faults->len > 0)
		return;
	if (needs_health && !had_health)
		take_health_port(ports, spec);
	if (had_health && !needs_health)
		release(change, old->health_check_node_port);
	if (old != NULL && service_needs_node_ports(old))
		release_left(change, service_needs_node_ports(spec) ? spec : NULL, old);
}

void service_release_ports(struct kind_change *change, const struct core_service_spec *old)
{
	release_left(change, NULL, old);
	if (service_needs_health_port(old) &&
	    !has_node_port(old, old->ports.len, old->health_check_node_port))
		release(change, old->health_check_node_port);
}
