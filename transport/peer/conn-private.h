/*
 * What carries connections, from the inside. Only for conn*.c.
 */
#ifndef TRANSPORT_PEER_CONN_PRIVATE_H
#define TRANSPORT_PEER_CONN_PRIVATE_H

#include "transport/peer/conn.h"

struct conn_kind {
	void (*start)(struct conn *conn);
	bool (*is_our_users)(const struct conn *conn);
	enum conn_wrote (*write)(struct conn *conn, struct str first, struct str second);
	void (*hurry)(struct conn *conn);
	void (*break_off)(struct conn *conn);
	void (*close)(struct conn *conn);
	void (*finish)(struct conn *conn);
	void (*free)(struct conn *conn);
};

struct conn {
	const struct conn_kind *kind;
	struct conn_user user;
};

struct conn_listener_kind {
	void (*start)(struct conn_listener *listener);
	void (*retry)(struct conn_listener *listener);
	void (*finish)(struct conn_listener *listener);
	void (*free)(struct conn_listener *listener);
};

struct conn_listener {
	const struct conn_listener_kind *kind;
	struct conn_listener_user user;
};

struct conn *conn_loop_dial(struct loop *loop, const struct conn_address *to, uint32_t timeout_ms);
MUST_USE enum status conn_loop_listen(struct loop *loop, const struct conn_address *at,
				      struct conn_listener **out, uint16_t *out_port,
				      struct fault *why);

struct conn *conn_nng_dial(struct operations *operations, const struct conn_address *to);
MUST_USE enum status conn_nng_listen(struct operations *operations, const struct conn_address *at,
				     struct conn_listener **out, uint16_t *out_port,
				     struct fault *why);

#endif
