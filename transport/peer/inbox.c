#include "transport/peer/inbox.h"

#include <nng/nng.h>

#include <nng/protocol/pipeline0/pull.h>
#include <nng/supplemental/tls/tls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/base.h"
#include "transport/peer/peer-private.h"
#include "transport/peer/processors.h"
#include "transport/tls/link-engine.h"

static enum status nng_fault(struct fault *why, int result, const char *what)
{
	enum status status = result == NNG_EADDRINUSE   ? BUSY
			     : result == NNG_EADDRINVAL ? INVALID
			     : result == NNG_EPERM      ? FORBIDDEN
							: IO;

	return fault_set(why, status, "", "%s: %s", what, nng_strerror(result));
}

/* ---- the queue ---- */

void inbox_event_free(struct inbox_event *event)
{
	if (event->msg != NULL)
		nng_msg_free(event->msg);
	mem_free(event->names);
	mem_free(event);
}

static size_t bytes_of(const struct inbox_event *event)
{
	return event->msg != NULL ? nng_msg_len(event->msg) : 0;
}

void inbox_post(struct peer *hub, struct inbox_event *event)
{
	bool must_call;

	pthread_mutex_lock(&hub->lock);
	if (hub->is_stopped) {
		pthread_mutex_unlock(&hub->lock);
		inbox_event_free(event);
		return;
	}
	event->next = NULL;
	if (hub->last != NULL)
		hub->last->next = event;
	else
		hub->first = event;
	hub->last = event;
	hub->queued_bytes += bytes_of(event);
	must_call = !hub->is_called;
	hub->is_called = true;
	pthread_mutex_unlock(&hub->lock);
	if (must_call)
		hub->owner.call(hub->owner.self, peer_drain, hub);
}

struct inbox_event *inbox_take(struct peer *hub)
{
	struct inbox_event *first;
	bool must_receive;

	pthread_mutex_lock(&hub->lock);
	first = hub->first;
	hub->first = hub->last = NULL;
	hub->queued_bytes = 0;
	hub->is_called = false;
	must_receive = hub->is_paused && !hub->is_stopped;
	hub->is_paused = false;
	pthread_mutex_unlock(&hub->lock);
	if (must_receive)
		nng_recv_aio(hub->pull, hub->receive);
	return first;
}

/* ---- frames ---- */

/* One receive at a time: several would get out of order. */
static void received(void *arg)
{
	struct peer *hub = arg;
	struct inbox_event *event;
	bool may_go_on;

	if (nng_aio_result(hub->receive) == 0) {
		event = mem_new(struct inbox_event);
		event->kind = INBOX_FRAME;
		event->msg = nng_aio_get_msg(hub->receive);
		nng_aio_set_msg(hub->receive, NULL);
		event->pipe = (uint32_t)nng_pipe_id(nng_msg_get_pipe(event->msg));
		inbox_post(hub, event);
	}
	pthread_mutex_lock(&hub->lock);
	hub->is_paused = hub->queued_bytes > LIMIT_LINK_INBOX_BYTES;
	may_go_on = !hub->is_stopped && !hub->is_paused;
	pthread_mutex_unlock(&hub->lock);
	if (may_go_on)
		nng_recv_aio(hub->pull, hub->receive);
}

/* ---- who connects ---- */

static bool is_our_user(nng_pipe pipe)
{
	uint64_t user;

	return nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_UID, &user) == 0 && user == geteuid();
}

/* What the engine left behind on this very thread. NULL: it showed no certificate that we believe. */
static char *certificate_names(nng_pipe pipe)
{
	bool is_verified;
	struct str names;
	char *copy;

	if (nng_pipe_get_bool(pipe, NNG_OPT_TLS_VERIFIED, &is_verified) != 0 || !is_verified)
		return NULL;
	names = link_engine_peer_names();
	copy = mem_alloc(names.len + 1);
	if (names.len > 0)
		memcpy(copy, names.at, names.len);
	copy[names.len] = 0;
	return copy;
}

void inbox_spoil(uint32_t pipe)
{
	bool is_verified;

	link_engine_spoil(true);
	nng_pipe_get_bool((nng_pipe){ pipe }, NNG_OPT_TLS_VERIFIED, &is_verified);
	link_engine_spoil(false);
}

/* Before anything of the pipe is read, so that the host's thread knows it when its first frame comes. */
static void in_judged(nng_pipe pipe, nng_pipe_ev what, void *arg)
{
	struct peer *hub = arg;
	struct inbox_event *event = mem_new(struct inbox_event);
	uint32_t listener = (uint32_t)nng_listener_id(nng_pipe_listener(pipe));

	(void)what;
	event->kind = INBOX_IN_UP;
	event->pipe = (uint32_t)nng_pipe_id(pipe);
	event->is_local = listener == hub->local_listener;
	if (event->is_local)
		event->is_refused = !is_our_user(pipe);
	else
		event->is_refused = (event->names = certificate_names(pipe)) == NULL;
	if (event->is_refused)
		nng_pipe_close(pipe);
	inbox_post(hub, event);
}

static void in_gone(nng_pipe pipe, nng_pipe_ev what, void *arg)
{
	struct inbox_event *event = mem_new(struct inbox_event);

	(void)what;
	event->kind = INBOX_IN_DOWN;
	event->pipe = (uint32_t)nng_pipe_id(pipe);
	inbox_post(arg, event);
}

/* ---- ticks ---- */

static void ticked(void *arg)
{
	struct peer *hub = arg;
	struct inbox_event *event;

	if (nng_aio_result(hub->tick) != 0)
		return;
	event = mem_new(struct inbox_event);
	event->kind = INBOX_TICK;
	inbox_post(hub, event);
}

/* ---- opening ---- */

static int listen_local(struct peer *hub)
{
	nng_listener listener;
	char url[256];
	int result;

	snprintf(url, sizeof url, "ipc://" STR_FMT "/%u.ipc", STR_ARG(hub->run_folder),
		 hub->self.host);
	result = nng_listener_create(&listener, hub->pull, url);
	if (result != 0)
		return result;
	nng_listener_set_int(listener, NNG_OPT_IPC_PERMISSIONS, 0600);
	hub->local_listener = (uint32_t)nng_listener_id(listener);
	return nng_listener_start(listener, 0);
}

static int listen_remote(struct peer *hub, struct str address, nng_listener *out)
{
	nng_tls_config *config;
	char url[256];
	int result;

	snprintf(url, sizeof url, "tls+tcp://" STR_FMT, STR_ARG(address));
	result = nng_listener_create(out, hub->pull, url);
	if (result != 0)
		return result;
	link_engine_next(hub->server);
	result = nng_tls_config_alloc(&config, NNG_TLS_MODE_SERVER);
	if (result != 0)
		return result;
	result = nng_listener_set_ptr(*out, NNG_OPT_TLS_CONFIG, config);
	nng_tls_config_free(config);
	return result != 0 ? result : nng_listener_start(*out, 0);
}

/* What we tell others; a listener on port 0 knows its port only now. */
static void set_address(struct peer *hub, const struct peer_config *config, nng_listener listener)
{
	struct str address = config->advertise.len > 0 ? config->advertise : config->listen;
	int64_t colon = str_find_last(address, ':');
	char text[256];
	int port = 0;

	if (str_ends(address, STR(":0")) &&
	    nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port) == 0) {
		snprintf(text, sizeof text, STR_FMT ":%d",
			 STR_ARG(str_slice(address, 0, (uint32_t)colon)), port);
		address = str_from(text);
	}
	hub->address = str_of(mem_copy(address.at, address.len), address.len);
}

static pthread_once_t start_once = PTHREAD_ONCE_INIT;
static enum status start_result;

/* nng starts with its first socket; its own TLS engine comes first, so ours must come after. */
static void start_nng(void)
{
	nng_socket first;

	processors_hide(true);
	start_result = nng_pull0_open(&first) == 0 ? OK : INTERNAL;
	processors_hide(false);
	if (start_result != OK)
		return;
	nng_close(first);
	start_result = link_engine_register();
}

static void stop_receiving(struct peer *hub)
{
	pthread_mutex_lock(&hub->lock);
	hub->is_stopped = true;
	pthread_mutex_unlock(&hub->lock);
	nng_aio_stop(hub->receive);
	nng_aio_stop(hub->tick);
}

enum status inbox_open(struct peer *hub, const struct peer_config *config, struct fault *why)
{
	nng_listener remote;
	char what[256];
	int result;

	pthread_once(&start_once, start_nng);
	if (start_result != OK)
		return fault_set(why, INTERNAL, "", "nng does not start");
	result = nng_pull0_open(&hub->pull);
	if (result != 0)
		return nng_fault(why, result, "a socket for links");
	if (nng_aio_alloc(&hub->receive, received, hub) != 0 ||
	    nng_aio_alloc(&hub->tick, ticked, hub) != 0)
		abort();
	nng_socket_set_size(hub->pull, NNG_OPT_RECVMAXSZ, FRAME_MAX);
	nng_pipe_notify(hub->pull, NNG_PIPE_EV_ADD_PRE, in_judged, hub);
	nng_pipe_notify(hub->pull, NNG_PIPE_EV_REM_POST, in_gone, hub);
	nng_recv_aio(hub->pull, hub->receive);
	result = listen_local(hub);
	if (result != 0) {
		inbox_close(hub);
		return nng_fault(why, result, "the node's own links");
	}
	if (config->listen.len == 0)
		return OK;
	result = listen_remote(hub, config->listen, &remote);
	if (result == 0) {
		set_address(hub, config, remote);
		return OK;
	}
	inbox_close(hub);
	snprintf(what, sizeof what, "links from other nodes on " STR_FMT, STR_ARG(config->listen));
	return nng_fault(why, result, what);
}

void inbox_close(struct peer *hub)
{
	struct inbox_event *event, *next;

	stop_receiving(hub);
	nng_close(hub->pull);
	nng_aio_free(hub->receive);
	nng_aio_free(hub->tick);
	for (event = hub->first; event != NULL; event = next) {
		next = event->next;
		inbox_event_free(event);
	}
	hub->first = hub->last = NULL;
}
