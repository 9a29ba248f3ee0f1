#include "transport/tls/tls-private.h"

#include <malloc.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* The library has one state per process whatever we do; this is our part of it, written once. */
static struct tls_library library;
static pthread_once_t library_once = PTHREAD_ONCE_INIT;

/*
 * A session that is idle holds no record buffers, so it takes one for each record and gives it back: 17 KB, which the heap cuts off and joins
 * again each time. A few of that size stay here for whoever is next, which finds them in the processor's cache as well.
 */
#define SPARE_MIN (16U * KIB)

static _Thread_local struct tls_loan *loan;

void tls_lend(struct tls_loan *next)
{
	loan = next;
}

char *tls_block_take(void)
{
	void *found = NULL;

	for (size_t i = 0; found == NULL && i < TLS_SPARE_BUFFERS; i++)
		found = atomic_exchange(&library.spare[i], NULL);
	if (found != NULL && malloc_usable_size(found) >= TLS_BLOCK_BYTES)
		return found;
	mem_free(found);
	return mem_alloc(TLS_BLOCK_BYTES);
}

void tls_block_give(char *block)
{
	void *at = block;

	for (size_t i = 0; at != NULL && i < TLS_SPARE_BUFFERS; i++)
		at = atomic_exchange(&library.spare[i], at);
	mem_free(at);
}

static void *take_bytes(size_t bytes, const char *file, int line)
{
	(void)file, (void)line;
	if (bytes < SPARE_MIN || bytes > TLS_BLOCK_BYTES)
		return mem_alloc(bytes);
	if (loan == NULL || loan->is_taken)
		return tls_block_take();
	loan->is_taken = loan->is_out = true;
	return loan->at;
}

static void give_bytes(void *at, const char *file, int line)
{
	size_t bytes = malloc_usable_size(at);

	(void)file, (void)line;
	if (loan != NULL && loan->is_out && loan->at == at)
		loan->is_out = false;
	else if (bytes >= TLS_BLOCK_BYTES && bytes < TLS_BLOCK_BYTES + KIB)
		tls_block_give(at);
	else
		mem_free(at);
}

static void *resize_bytes(void *at, size_t bytes, const char *file, int line)
{
	if (bytes > 0)
		return mem_resize(at, bytes);
	give_bytes(at, file, line);
	return NULL;
}

static void library_start(void)
{
	uint64_t options = OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT;

	/* Refused where somebody else in the process was first: then it is the heap's. */
	(void)CRYPTO_set_mem_functions(take_bytes, resize_bytes, give_bytes);
	if (OPENSSL_init_ssl(options, NULL) != 1)
		abort();
	library.sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	library.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	library.aes_256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	library.session_bio = tls_session_bio_make();
	if (!library.session_bio || !library.sha1 || !library.sha256 || !library.aes_256_gcm)
		abort();
	ERR_clear_error();
}

const struct tls_library *tls_library(void)
{
	pthread_once(&library_once, library_start);
	return &library;
}

enum status tls_fault(struct fault *why, enum status status, const char *format, ...)
{
	char text[256];
	unsigned long code = ERR_peek_last_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
	va_list args;

	ERR_clear_error();
	if (why == NULL)
		return status;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return fault_set(why, status, "", reason != NULL ? "%s (%s)" : "%s", text, reason);
}

struct str tls_bio_to_arena(BIO *bio, struct arena *arena)
{
	char *at = NULL;
	long len = BIO_get_mem_data(bio, &at);
	struct str out = arena_str(arena, str_of(at, (size_t)len));

	OPENSSL_cleanse(at, (size_t)len);
	BIO_free(bio);
	return out;
}

time_t tls_seconds(struct wall at)
{
	return (time_t)(at.ns / TIME_S);
}
