/*
 * A store behind etcd's door and nothing else: the etcd that tests/wire/etcd/test-external.py puts nodes on.
 *
 *     wire-etcd ADDRESS FOLDER      listens on ADDRESS:2379 until SIGTERM; clients show FOLDER/pki/admin.crt
 *
 * What the folder has is used again.
 */
#include <signal.h>

#include "actors/etcd/etcd.h"
#include "datastore/store/store.h"
#include "deploy/cluster/pki.h"
#include "runtime/base/base.h"
#include "runtime/loop/loop.h"
#include "tests/wire/serve.h"

static enum act_verdict receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)state;
	if (!ACT_IS(msg, loop_signal))
		return ACT_UNHANDLED;
	act_host_stop(act_host_of(act));
	return ACT_OK;
}

static enum status init(struct act *act, void *state, const void *args)
{
	(void)state;
	(void)args;
	return loop_on_signal(act, SIGTERM);
}

static const struct act_class ender_class = { .name = "ender", .init = init, .receive = receive };

static enum status make_keys(const char *folder, const char *address, struct arena *arena,
			     struct pki *pki, struct fault *why)
{
	struct wall now = loop_clock()->wall(loop_clock()->self);
	struct str names[] = { str_from(address) };
	struct pki_node node = { .name = STR("etcd"), .names = names, .names_count = 1 };
	const char *place = arena_printf(arena, "%s/pki", folder).at;
	enum status status = pki_load(loop_files(), place, arena, pki, why);
	bool changed;

	if (status == OK)
		return OK;
	TRY(pki_create(now, false, arena, pki, why));
	TRY(pki_refresh(pki, &node, now, arena, &changed, why));
	return pki_save(loop_files(), place, pki, why);
}

static enum status serve(const char *address, const char *folder, struct arena *arena,
			 struct fault *why)
{
	struct store_config store = { .folder = arena_printf(arena, "%s/store", folder).at,
				      .name = STR("etcd"),
				      .address = STR("127.0.0.1:1"),
				      .is_first = true };
	struct etcd_config etcd = { .store = "store",
				    .client_url = arena_printf(arena, "https://%s:2379", address),
				    .cluster = 1 };
	struct http_listener listener = { .address = arena_printf(arena, "%s:2379", address).at };
	const struct http_server_config http = { .listeners = &listener,
						 .listener_count = 1,
						 .handler = "etcd",
						 .body_max_bytes = 2 * LIMIT_ETCD_MESSAGE_BYTES,
						 .is_streamed = etcd_is_streamed };
	const struct act_child children[] = {
		{ .id = "ender", .class = &ender_class },
		{ .id = "store", .class = &store_class, .args = &store },
		{ .id = "etcd", .class = &etcd_class, .args = &etcd },
		{ .id = "http", .class = &http_server_class, .args = &http },
	};
	struct tls_config tls = { .is_server = true,
				  .clients = TLS_CLIENTS_MUST_SHOW,
				  .alpn = STR("h2"),
				  .now = loop_clock()->wall };
	struct pki pki;
	enum status status;

	TRY(make_keys(folder, address, arena, &pki, why));
	tls.certificate_pem = pki_chain(&pki, &pki.api_server, arena);
	tls.key_pem = pki.api_server.key_pem;
	tls.authorities_pem = pki.ca.certificate_pem;
	TRY(tls_context_new(&tls, &listener.tls, why));
	status = serve_actors(children, 4, why);
	tls_context_unref(listener.tls);
	return status;
}

int main(int argc, char **argv)
{
	return serve_main(argc, argv, "wire-etcd ADDRESS FOLDER", serve);
}
