/*
 * etcd's door in a test: a client over HTTP/2 with TLS before it, and behind it a store that says what the test wants.
 */
#ifndef TESTS_UNIT_ACTORS_ETCD_DOOR_LAB_H
#define TESTS_UNIT_ACTORS_ETCD_DOOR_LAB_H

#include "actors/etcd/etcd.h"
#include "runtime/loop/loop.h"
#include "transport/http/client.h"
#include "transport/http/grpc.h"
#include "transport/http/server.h"

#define DOOR_LAB_WAIT_MS 8000U
#define DOOR_LAB_KV "/etcdserverpb.KV/"
/* The header of an answer as door_lab_fields prints it. */
#define DOOR_LAB_HEADER(revision) "1{1:77 2:7 3:" revision " 4:3}"

/* The store that does as it is told. */
struct door_lab_store {
	enum status says;     /* to every request */
	uint32_t unavailable; /* so many times before that */
	bool is_silent, is_refusing;
	uint32_t value_bytes; /* of the rows that it finds; 0: a few */
	uint32_t asked;
	uint64_t watch; /* the last one's number */
	uint32_t cancelled, credited;
	struct act_ref watcher;
};
extern struct door_lab_store *door_lab_store; /* the test's window into the actor of its one loop */

struct door_lab_asker {
	struct door_lab *lab;
	struct http_call *call;
	bool is_answered, is_readable, is_broken, is_listening;
};

struct door_lab {
	struct loop *loop;
	struct http_listener listener;
	struct http_server_config server;
	struct http_client_config client;
	struct etcd_config etcd;
	struct tls_context *server_tls, *client_tls;
	struct act_child children[4];
	struct act_supervisor root;
	struct act_ref asker_ref, client_ref;
	struct door_lab_asker *asker;
	uint16_t port;
	char url[64];
	struct grpc_reader reader;
	bool has_ended;
};

/* For clients of the masters' group, or of another. */
struct door_lab *door_lab_open(void);
struct door_lab *door_lab_open_as(const char *group);
void door_lab_close(struct door_lab *lab);

/* Runs fn as the actor that calls. */
void door_lab_enter(struct door_lab *lab, void (*fn)(struct act *, struct door_lab *, void *),
		    void *arg);
void door_lab_wait(struct door_lab *lab, bool (*claim)(void *arg)); /* with the lab as arg */

/* ---- calls ------------------------------------------------------------------------------------------------------ */

struct door_lab_wish {
	const char *path, *timeout;
	struct str body;
	bool is_stream;
};
/* For door_lab_enter; arg: the wish, or nothing. */
void door_lab_open_call(struct act *act, struct door_lab *lab, void *arg);
void door_lab_close_call(struct act *act, struct door_lab *lab, void *arg);

/* A message with its prefix. */
struct str door_lab_framed(struct str message);
/* A call with one request, answered when it returns; it is still to be closed. */
void door_lab_call(struct door_lab *lab, const char *path, struct str body, const char *timeout);
/* The call's status: "code words". */
const char *door_lab_status(struct door_lab *lab);
/* What a message's fields are: "1{1:77 2:7 3:11 4:3} 2:5", messages one level deep by `nested`'s bits. */
const char *door_lab_fields(struct str message, uint64_t nested);

#endif
