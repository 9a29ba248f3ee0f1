#include "runtime/actor/act-host.h"
#include "runtime/base/mem.h"
#include "transport/peer/peer.h"

/* What a call of ours becomes on its way through the host, which has its own idea of who is called. */
struct call {
	void (*fn)(void *arg);
	void *arg;
};

static void run_call(struct act_host *host, void *arg)
{
	struct call call = *(struct call *)arg;

	(void)host;
	mem_free(arg);
	call.fn(call.arg);
}

static void owner_receive(void *self, struct seams_peer from, struct str bytes)
{
	act_host_receive(self, from, bytes);
}

static void owner_lost(void *self, struct seams_peer peer)
{
	act_host_lost(self, peer);
}

static void owner_call(void *self, void (*fn)(void *arg), void *arg)
{
	struct call call = { fn, arg };

	act_host_call(self, run_call, mem_copy(&call, sizeof call));
}

static void owner_call_at(void *self, struct mono at, void (*fn)(void *arg), void *arg)
{
	act_host_call_at(self, at, fn, arg);
}

struct peer_owner peer_owner_host(struct act_host *host)
{
	return (struct peer_owner){ host, owner_receive, owner_lost, owner_call, owner_call_at };
}
