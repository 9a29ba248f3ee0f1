#include "actors/controller/workload/pod.h"
#include "runtime/base/time/wall.h"

const struct core_pod_condition *pod_condition(const struct core_pod *pod, const char *type)
{
	for (uint32_t i = 0; pod->status != NULL && i < pod->status->conditions.len; i++)
		if (str_is(pod->status->conditions.at[i].type, type))
			return &pod->status->conditions.at[i];
	return NULL;
}

bool pod_is_ready(const struct core_pod *pod)
{
	const struct core_pod_condition *ready = pod_condition(pod, "Ready");

	return ready != NULL && str_is(ready->status, "True");
}

bool pod_is_finished(const struct core_pod *pod)
{
	return pod->status != NULL &&
	       (str_is(pod->status->phase, "Succeeded") || str_is(pod->status->phase, "Failed"));
}

bool pod_is_active(const struct core_pod *pod)
{
	return !pod_is_finished(pod) && !pod->metadata->has.deletion_timestamp;
}

bool pod_is_available(const struct core_pod *pod, int32_t min_ready_seconds, struct wall now,
		      int64_t *wait_ms)
{
	const struct core_pod_condition *ready = pod_condition(pod, "Ready");
	int64_t since;

	if (wait_ms != NULL)
		*wait_ms = -1;
	if (!pod_is_ready(pod))
		return false;
	if (min_ready_seconds == 0)
		return true;
	since = wall_since(now, ready->last_transition_time);
	if (ready->last_transition_time.ns != 0 && since >= min_ready_seconds * TIME_S)
		return true;
	if (wait_ms != NULL)
		*wait_ms = (min_ready_seconds * TIME_S - since) / TIME_MS + 1;
	return false;
}

static int32_t named_port(const struct core_pod *pod, const struct core_container_list *list,
			  struct str name, struct str protocol)
{
	(void)pod;
	for (uint32_t i = 0; i < list->len; i++)
		for (uint32_t p = 0; p < list->at[i].ports.len; p++) {
			const struct core_container_port *port = &list->at[i].ports.at[p];

			if (str_eq(port->name, name) && str_eq(port->protocol, protocol))
				return port->container_port;
		}
	return 0;
}

int32_t pod_port(const struct core_pod *pod, const struct core_service_port *port)
{
	if (port->target_port.is_string)
		return named_port(pod, &pod->spec->containers, port->target_port.string,
				  port->protocol);
	return port->target_port.number != 0 ? port->target_port.number : port->port;
}
