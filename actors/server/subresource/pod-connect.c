#include "actors/server/proxy/connect.h"
#include "actors/server/proxy/kubelet.h"
#include "actors/server/proxy/proxy.h"
#include "actors/server/server-private.h"
#include "datastore/schema/core.h"
#include "transport/http/url.h"

/*
 * pods/exec, attach and portforward: a line to what runs in a pod, through the kubelet of its node, in whatever protocol the asker and that
 * speak. In a simulated pod nothing runs: whoever asks is told that, after what else would be wrong with the request.
 */

struct pod_line {
	bool is_admitted, is_allowed;
};

/* ---- which container ---------------------------------------------------------------------------------------- */

/* All of them, in the order in which upstream names them. */
static struct str_list containers_of(const struct request *r, const struct core_pod_spec *spec)
{
	struct str_list all = {
		.at = arena_array(r->arena, struct str,
				  spec->init_containers.len + spec->containers.len +
				      spec->ephemeral_containers.len),
	};

	for (uint32_t i = 0; i < spec->init_containers.len; i++)
		all.at[all.len++] = spec->init_containers.at[i].name;
	for (uint32_t i = 0; i < spec->containers.len; i++)
		all.at[all.len++] = spec->containers.at[i].name;
	for (uint32_t i = 0; i < spec->ephemeral_containers.len; i++)
		all.at[all.len++] =
		    spec->ephemeral_containers.at[i].ephemeral_container_common->name;
	return all;
}

static struct str joined(const struct request *r, const struct str_list *names)
{
	struct text out = text_in(r->arena, LIMIT_OBJECT_BYTES);

	for (uint32_t i = 0; i < names->len; i++)
		text_printf(&out, "%s" STR_FMT, i ? " " : "", STR_ARG(names->at[i]));
	return text_str(&out);
}

enum next pod_connect_container(struct request *r, const struct core_pod *pod, struct str *name)
{
	const struct core_pod_spec *spec = pod->spec;
	struct str_list all = containers_of(r, spec);

	if (name->len > 0) {
		if (str_list_has(all, *name))
			return NEXT;
		return request_fail(r, failure_bad_request(r->arena,
							   "container " STR_FMT
							   " is not valid for pod " STR_FMT,
							   STR_ARG(*name), STR_ARG(r->route.name)));
	}
	if (spec->containers.len != 1) {
		struct str names = joined(r, &all);

		return request_fail(
		    r, failure_bad_request(r->arena,
					   "a container name must be specified for pod " STR_FMT
					   ", choose one of: [" STR_FMT "]",
					   STR_ARG(r->route.name), STR_ARG(names)));
	}
	*name = spec->containers.at[0].name;
	return NEXT;
}

/* ---- the lines ------------------------------------------------------------------------------------------------ */

static void put_command(struct request *r, struct core_pod_exec_options *exec, struct str word)
{
	struct str_list *list = &exec->command;

	list->at =
	    arena_grow(r->arena, list->at, list->len * sizeof word, (list->len + 1) * sizeof word);
	list->at[list->len++] = word;
}

/* What the query says, as admission is shown it. */
static void *options_of(struct request *r, const struct type **type)
{
	struct core_pod_exec_options *exec = arena_new_of(r->arena, struct core_pod_exec_options);
	struct core_pod_attach_options *attach =
	    arena_new_of(r->arena, struct core_pod_attach_options);
	struct url_walk walk = url_walk(r->arena, r->asked.query);
	struct str name, value;

	*type = NULL;
	if (str_is(r->route.subresource, "portforward")) {
		*type = &core_pod_port_forward_options_type;
		return arena_new_of(r->arena, struct core_pod_port_forward_options);
	}
	while (url_walk_next(&walk, &name, &value)) {
		if (str_is(name, "container"))
			exec->container = value;
		else if (str_is(name, "stdin"))
			SET(exec, stdin_, options_flag(value));
		else if (str_is(name, "stdout"))
			SET(exec, stdout_, options_flag(value));
		else if (str_is(name, "stderr"))
			SET(exec, stderr_, options_flag(value));
		else if (str_is(name, "tty"))
			SET(exec, tty, options_flag(value));
		else if (str_is(name, "command"))
			put_command(r, exec, value);
	}
	if (str_is(r->route.subresource, "exec")) {
		*type = &core_pod_exec_options_type;
		return exec;
	}
	*type = &core_pod_attach_options_type;
	memcpy(&attach->has, &exec->has, sizeof attach->has);
	attach->stdin_ = exec->stdin_;
	attach->stdout_ = exec->stdout_;
	attach->stderr_ = exec->stderr_;
	attach->tty = exec->tty;
	attach->container = exec->container;
	return attach;
}

/* ---- to the kubelet ---------------------------------------------------------------------------------------------- */

static void add_flag(struct text *out, const char *name, bool is_set)
{
	if (is_set)
		text_printf(out, "%s%s=1", out->len > 0 ? "&" : "", name);
}

static void add_value(struct text *out, const char *name, struct str value)
{
	text_printf(out, "%s%s=", out->len > 0 ? "&" : "", name);
	url_encode(out, value, false);
}

/* In the kubelet's words, which are others than those of the API. */
static struct str kubelet_query(struct request *r)
{
	struct text out = text_in(r->arena, LIMIT_BODY_BYTES);
	const struct core_pod_exec_options *exec = r->shown.object;
	struct core_pod_exec_options attached;
	struct url_walk walk = url_walk(r->arena, r->asked.query);
	struct str name, value;

	if (str_is(r->route.subresource, "portforward")) {
		while (url_walk_next(&walk, &name, &value))
			if (str_is(name, "ports")) {
				text_printf(&out, "%s", out.len > 0 ? "%2C" : "port=");
				url_encode(&out, value, false);
			}
		return text_str(&out);
	}
	if (str_is(r->route.subresource, "attach")) {
		const struct core_pod_attach_options *attach = r->shown.object;

		attached = (struct core_pod_exec_options){ .stdin_ = attach->stdin_,
							   .stdout_ = attach->stdout_,
							   .stderr_ = attach->stderr_,
							   .tty = attach->tty };
		exec = &attached;
	}
	for (uint32_t i = 0; i < exec->command.len; i++)
		add_value(&out, "command", exec->command.at[i]);
	add_flag(&out, "error", exec->stderr_);
	add_flag(&out, "input", exec->stdin_);
	add_flag(&out, "output", exec->stdout_);
	add_flag(&out, "tty", exec->tty);
	return text_str(&out);
}

static enum next hand_on(struct request *r, const struct core_pod *pod, struct str container)
{
	bool is_forward = str_is(r->route.subresource, "portforward");
	struct str query = kubelet_query(r);

	return kubelet_send(r, pod->spec->node_name,
			    request_printf(r, "/%s/" STR_FMT "/" STR_FMT "%s" STR_FMT "%s" STR_FMT,
					   is_forward                             ? "portForward"
					   : str_is(r->route.subresource, "exec") ? "exec"
										  : "attach",
					   STR_ARG(r->route.namespace), STR_ARG(r->route.name),
					   is_forward ? "" : "/",
					   STR_ARG(is_forward ? STR("") : container),
					   query.len > 0 ? "?" : "", STR_ARG(query)));
}

static enum next simulated(struct request *r, const struct core_pod *pod)
{
	return request_fail(
	    r, failure_not_implemented(
		   r->arena,
		   arena_cstr(r->arena,
			      request_printf(
				  r,
				  "pod " STR_FMT " is simulated: the hollow runtime of "
				  "node " STR_FMT " runs nothing that one could %s",
				  STR_ARG(r->route.name), STR_ARG(pod->spec->node_name),
				  str_is(r->route.subresource, "portforward") ? "forward a port to"
				  : str_is(r->route.subresource, "exec") ? "execute a command in"
									 : "attach to"))));
}

/* ---- the steps ------------------------------------------------------------------------------------------------------ */

/* Once for each request, each after the other: a GET, which browsers need, gets no further than a POST. */
static enum next judge(struct request *r, struct pod_line *line)
{
	enum next next;

	if (!line->is_admitted) {
		next = connect_admit(r);
		if (next != NEXT)
			return next;
		line->is_admitted = true;
		access_reset(r);
	}
	if (!line->is_allowed && r->route.verb != VERB_CREATE) {
		next = access_authorize_create(r);
		if (next != NEXT)
			return next;
	}
	line->is_allowed = true;
	return NEXT;
}

static enum next connect_read(struct request *r)
{
	bool is_forward = str_is(r->route.subresource, "portforward");
	struct str container = url_query_get(r->arena, r->asked.query, STR("container"));
	const struct core_pod *pod;
	enum next next;

	if (r->proxied != NULL)
		return proxy_go_on(r);
	if (r->work == NULL)
		r->work = arena_new_of(r->arena, struct pod_line);
	if (r->shown.type == NULL)
		r->shown.object = options_of(r, &r->shown.type);
	next = judge(r, r->work);
	if (next != NEXT)
		return next;
	if (!r->is_fresh)
		return request_refresh(r);
	r->live = request_live(r);
	if (r->live == NULL)
		return request_not_found(r);
	pod = r->live->record;
	next = is_forward ? NEXT : pod_connect_container(r, pod, &container);
	if (next != NEXT)
		return next;
	if (pod->spec->node_name.len == 0)
		return request_fail(
		    r, failure_bad_request(r->arena, "pod " STR_FMT " does not have a host assigned",
					   STR_ARG(r->route.name)));
	if (kubelet_is_hollow(r->server, pod->spec->node_name))
		return simulated(r, pod);
	if (proxy_upgrade(r).at == NULL)
		return request_fail(r, failure_bad_request(r->arena, "Upgrade request required"));
	return hand_on(r, pod, container);
}

const struct verb_steps pod_connect_steps = { .name = "connect", .read = connect_read };
