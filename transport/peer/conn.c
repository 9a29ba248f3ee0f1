#include "transport/peer/conn.h"

#include "transport/peer/conn-private.h"

struct conn *conn_dial(const struct conn_net *net, const struct conn_address *to,
		       uint32_t timeout_ms, const struct conn_user *user)
{
	struct conn *conn = net->loop != NULL ? conn_loop_dial(net->loop, to, timeout_ms)
					      : conn_nng_dial(net->operations, to);

	if (conn != NULL)
		conn->user = *user;
	return conn;
}

void conn_start(struct conn *conn)
{
	conn->kind->start(conn);
}

void conn_set_user(struct conn *conn, const struct conn_user *user)
{
	conn->user = *user;
}

bool conn_is_our_users(const struct conn *conn)
{
	return conn->kind->is_our_users(conn);
}

enum conn_wrote conn_write(struct conn *conn, struct str first, struct str second)
{
	assert(first.len > 0);
	return conn->kind->write(conn, first, second);
}

void conn_hurry(struct conn *conn)
{
	conn->kind->hurry(conn);
}

void conn_break(struct conn *conn)
{
	conn->kind->break_off(conn);
}

void conn_close(struct conn *conn)
{
	conn->kind->close(conn);
}

void conn_finish(struct conn *conn)
{
	conn->kind->finish(conn);
}

void conn_free(struct conn *conn)
{
	conn->kind->free(conn);
}

enum status conn_listen(const struct conn_net *net, const struct conn_address *at,
			const struct conn_listener_user *user, struct conn_listener **out,
			uint16_t *out_port, struct fault *why)
{
	if (net->loop != NULL)
		TRY(conn_loop_listen(net->loop, at, out, out_port, why));
	else
		TRY(conn_nng_listen(net->operations, at, out, out_port, why));
	(*out)->user = *user;
	return OK;
}

void conn_listener_start(struct conn_listener *listener)
{
	listener->kind->start(listener);
}

void conn_listener_retry(struct conn_listener *listener)
{
	listener->kind->retry(listener);
}

void conn_listener_finish(struct conn_listener *listener)
{
	if (listener != NULL)
		listener->kind->finish(listener);
}

void conn_listener_free(struct conn_listener *listener)
{
	if (listener != NULL)
		listener->kind->free(listener);
}
