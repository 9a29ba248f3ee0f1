#include "actors/kinds/pod/pod-private.h"

/*
 * Probes and life cycle of a container: one handler each, and when it is asked.
 */

/* What probes and life cycle have in common, whichever type they come in. */
struct handler {
	const struct core_exec_action *exec;
	const struct core_http_get_action *http_get;
	const struct core_tcp_socket_action *tcp_socket;
	const struct core_grpc_action *grpc;
	const struct core_sleep_action *sleep;
};

static void check_http(const struct path *at, const struct core_http_get_action *http)
{
	const struct path *protocol = PATH(at, "protocol");

	rule_needed(PATH(at, "path"), http->path, "");
	rule_port_or_name(PATH(at, "port"), http->port);
	rule_one_of(PATH(at, "scheme"), http->scheme, &core_uri_scheme_values);
	for (uint32_t i = 0; i < http->http_headers.len; i++)
		rule_name(PATH(at, "httpHeaders"), NAME_HTTP_HEADER, http->http_headers.at[i].name);
	if (http->protocol.at == NULL ||
	    !rule_one_of(protocol, http->protocol, &core_http_protocol_values) ||
	    !str_is(http->protocol, "HTTP2"))
		return;
	if (!str_is(http->scheme, "HTTP"))
		path_invalid(protocol, http->protocol, "is only supported with HTTP (H2C)");
	else if (http->host.len > 0)
		path_invalid(PATH(at, "host"), http->host,
			     "must be empty when `protocol` is \"HTTP2\"");
}

static void check_grpc(const struct path *at, const struct core_grpc_action *grpc)
{
	rule_port(PATH(at, "port"), grpc->port);
	if (grpc->mode.at != NULL)
		rule_one_of(PATH(at, "mode"), grpc->mode, &core_grpc_probe_mode_values);
}

static void check_sleep(const struct path *at, const struct core_sleep_action *sleep,
			const struct core_pod_spec *spec)
{
	int64_t grace = spec->termination_grace_period_seconds;

	/* Without a grace there is a fault already. */
	if (!spec->has.termination_grace_period_seconds ||
	    (sleep->seconds >= 0 && sleep->seconds <= grace))
		return;
	path_fault(at, FAULT_INVALID, arena_printf(path_arena(at), "%jd", (intmax_t)sleep->seconds),
		   "must be non-negative and less than terminationGracePeriodSeconds (%jd)",
		   (intmax_t)grace);
}

/* True for the first one. */
static bool is_first(const struct path *at, uint32_t *count)
{
	return (*count)++ == 0 || path_forbidden(at, "may not specify more than 1 handler type");
}

static void check_handler(const struct path *at, const struct handler *handler,
			  const struct core_pod_spec *spec)
{
	const struct path *exec = PATH(at, "exec"), *http = PATH(at, "httpGet");
	const struct path *tcp = PATH(at, "tcpSocket"), *grpc = PATH(at, "grpc");
	const struct path *sleep = PATH(at, "sleep");
	uint32_t count = 0;

	if (handler->exec != NULL && is_first(exec, &count) && handler->exec->command.len == 0)
		path_required(PATH(exec, "command"), "");
	if (handler->http_get != NULL && is_first(http, &count))
		check_http(http, handler->http_get);
	if (handler->tcp_socket != NULL && is_first(tcp, &count))
		rule_port_or_name(PATH(tcp, "port"), handler->tcp_socket->port);
	if (handler->grpc != NULL && is_first(grpc, &count))
		check_grpc(grpc, handler->grpc);
	if (handler->sleep != NULL && is_first(sleep, &count))
		check_sleep(sleep, handler->sleep, spec);
	if (count == 0)
		path_required(at, "must specify a handler type");
}

/* ---- probes ---------------------------------------------------------------------------------------------------- */

static void check_probe(const struct path *at, const struct core_probe *probe,
			const struct core_pod_spec *spec)
{
	const struct core_probe_handler *sent = probe->handler;
	struct handler handler = { sent->exec, sent->http_get, sent->tcp_socket, sent->grpc, NULL };

	check_handler(at, &handler, spec);
	rule_not_negative(PATH(at, "initialDelaySeconds"), probe->initial_delay_seconds);
	rule_not_negative(PATH(at, "timeoutSeconds"), probe->timeout_seconds);
	rule_not_negative(PATH(at, "periodSeconds"), probe->period_seconds);
	rule_not_negative(PATH(at, "successThreshold"), probe->success_threshold);
	rule_not_negative(PATH(at, "failureThreshold"), probe->failure_threshold);
	if (probe->has.termination_grace_period_seconds &&
	    probe->termination_grace_period_seconds <= 0)
		path_invalid_number(PATH(at, "terminationGracePeriodSeconds"),
				    probe->termination_grace_period_seconds,
				    "must be greater than 0");
}

/* One success is all that can be asked of a probe whose failure ends the container. */
static void check_fatal_probe(const struct path *at, const struct core_probe *probe,
			      const struct core_pod_spec *spec)
{
	if (probe == NULL)
		return;
	check_probe(at, probe, spec);
	if (probe->success_threshold != 1)
		path_invalid_number(PATH(at, "successThreshold"), probe->success_threshold,
				    "must be 1");
}

static void check_readiness(const struct path *at, const struct core_probe *probe,
			    const struct core_pod_spec *spec)
{
	if (probe == NULL)
		return;
	check_probe(at, probe, spec);
	if (probe->has.termination_grace_period_seconds)
		path_invalid_number(PATH(at, "terminationGracePeriodSeconds"),
				    probe->termination_grace_period_seconds,
				    "must not be set for readinessProbes");
}

/* ---- life cycle ------------------------------------------------------------------------------------------------ */

static void check_event(const struct path *at, const struct core_lifecycle_handler *sent,
			const struct core_pod_spec *spec)
{
	struct handler handler = { sent->exec, sent->http_get, sent->tcp_socket, NULL, sent->sleep };

	check_handler(at, &handler, spec);
}

static void check_signal(const struct path *at, struct str signal, const struct core_pod_spec *spec)
{
	if (spec->os == NULL) {
		path_forbidden(at, "may not be set for containers with empty `spec.os.name`");
	} else if (str_is(spec->os->name, "windows")) {
		if (!str_is(signal, "SIGKILL") && !str_is(signal, "SIGTERM"))
			path_not_supported(at, signal, "\"SIGKILL\", \"SIGTERM\"");
	} else if (str_is(spec->os->name, "linux")) {
		rule_one_of(at, signal, &core_signal_values);
	}
}

static void check_lifecycle(const struct path *at, const struct core_lifecycle *lifecycle,
			    const struct core_pod_spec *spec)
{
	if (lifecycle == NULL)
		return;
	if (lifecycle->post_start != NULL)
		check_event(PATH(at, "postStart"), lifecycle->post_start, spec);
	if (lifecycle->pre_stop != NULL)
		check_event(PATH(at, "preStop"), lifecycle->pre_stop, spec);
	if (lifecycle->stop_signal.at != NULL)
		check_signal(PATH(at, "stopSignal"), lifecycle->stop_signal, spec);
}

void pod_check_probes(const struct path *at, const struct core_container *container,
		      const struct core_pod_spec *spec)
{
	check_lifecycle(PATH(at, "lifecycle"), container->lifecycle, spec);
	check_fatal_probe(PATH(at, "livenessProbe"), container->liveness_probe, spec);
	check_readiness(PATH(at, "readinessProbe"), container->readiness_probe, spec);
	check_fatal_probe(PATH(at, "startupProbe"), container->startup_probe, spec);
}
