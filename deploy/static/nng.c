/*
 * nng without the transports of its sockets, TLS, WebSocket and HTTP.
 *
 * Links are streams over ipc:// and tcp://, ciphered by transport/tls if at all. The names are those between nng's own files.
 */
#include <stddef.h>

#define NNG_ENOTSUP 9

int nni_sp_tran_sys_init(void);
void nni_sp_tran_sys_fini(void);
const void *nni_sp_tran_find(const void *url);
int nni_tls_sys_init(void);
void nni_tls_sys_fini(void);
int nni_tls_dialer_alloc(void *out, const void *url);
int nni_tls_listener_alloc(void *out, const void *url);
int nni_ws_dialer_alloc(void *out, const void *url);
int nni_ws_listener_alloc(void *out, const void *url);

/* At the start and the end of the whole library. */
int nni_sp_tran_sys_init(void)
{
	return 0;
}

void nni_sp_tran_sys_fini(void)
{
}

int nni_tls_sys_init(void)
{
	return 0;
}

void nni_tls_sys_fini(void)
{
}

/* When a socket dials or listens: there is none for any address. */
const void *nni_sp_tran_find(const void *url)
{
	(void)url;
	return NULL;
}

/* When a stream is opened to an address that begins with tls+tcp://, ws:// or wss://. */
static int refuse(const void *url)
{
	(void)url;
	return NNG_ENOTSUP;
}

int nni_tls_dialer_alloc(void *out, const void *url)
{
	(void)out;
	return refuse(url);
}

int nni_tls_listener_alloc(void *out, const void *url)
{
	(void)out;
	return refuse(url);
}

int nni_ws_dialer_alloc(void *out, const void *url)
{
	(void)out;
	return refuse(url);
}

int nni_ws_listener_alloc(void *out, const void *url)
{
	(void)out;
	return refuse(url);
}
