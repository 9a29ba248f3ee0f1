#include "actors/server/door/packing.h"

#include "actors/server/server-private.h"
#include "transport/wire/gzip.h"

#define PACKED_HERE_BYTES (512U * KIB) /* below that it takes less than a few ms */

/* Of one large body. In the exchange's arena, as all that it points to; only the worker touches it until it is done. */
struct packing {
	struct http_exchange *exchange;
	struct http_headers headers;
	struct http_parts body;
	int32_t code;
	struct arena *arena; /* of what comes out */
	struct str packed;   /* absent: it is no smaller */
};

static struct str pack(struct http_parts body, struct arena *arena)
{
	uint32_t max = (uint32_t)http_parts_bytes(body);
	struct text out = text_in(arena, max);
	struct gzip *gzip = gzip_new();
	enum status status = OK;

	text_reserve(&out, max / 4);
	for (uint32_t i = 0; i < body.count && status == OK; i++)
		status = gzip_add(gzip, &out, body.at[i], false);
	if (status == OK)
		status = gzip_end(gzip, &out);
	gzip_free(gzip);
	return status == OK ? text_str(&out) : STR_NONE;
}

static struct http_headers with_encoding(struct arena *arena, struct http_headers headers)
{
	struct http_header *all = arena_array(arena, struct http_header, headers.count + 2);

	memcpy(all, headers.at, headers.count * sizeof *all);
	all[headers.count] = (struct http_header){ STR("content-encoding"), STR("gzip") };
	all[headers.count + 1] = (struct http_header){ STR("vary"), STR("Accept-Encoding") };
	return (struct http_headers){ all, headers.count + 2 };
}

static bool is_wanted(const struct request *r, struct http_parts body)
{
	uint64_t bytes = http_parts_bytes(body);

	return r->answer.encoding.at == NULL && bytes > LIMIT_GZIP_BYTES && bytes <= UINT32_MAX &&
	       gzip_is_accepted(r->asked.accept_encoding);
}

static bool pack_here(struct request *r, struct http_exchange *exchange,
		      struct http_headers headers, struct http_parts body)
{
	struct str packed = pack(body, r->arena);
	struct str *part = arena_new_of(r->arena, struct str);

	if (packed.at == NULL)
		return false;
	*part = packed;
	http_respond_parts(exchange, r->answer.code, with_encoding(r->arena, headers),
			   (struct http_parts){ part, 1 });
	return true;
}

/* ---- beside the loop ------------------------------------------------------------------------------------------- */

static void run(void *arg)
{
	struct packing *packing = arg;

	packing->packed = pack(packing->body, packing->arena);
}

static void drop(void *arg)
{
	arena_free(((struct packing *)arg)->arena);
}

bool packing_take(struct request *r, struct http_exchange *exchange, struct http_headers headers,
		  struct http_parts body)
{
	struct packing *packing;

	if (!is_wanted(r, body))
		return false;
	if (http_parts_bytes(body) <= PACKED_HERE_BYTES)
		return pack_here(r, exchange, headers, body);
	if (r->server->packing_count == PACKING_MAX)
		return false;
	packing = arena_new_of(r->arena, struct packing);
	*packing = (struct packing){ .exchange = exchange,
				     .headers = with_encoding(r->arena, headers),
				     .body = body,
				     .code = r->answer.code,
				     .arena = arena_new(0) };
	r->is_packing = true;
	r->server->packing_count++;
	act_job(r->server->act, NULL, run, packing, drop, 0);
	return true;
}

static void free_packed(void *arg)
{
	arena_free(arg);
}

static void answer(const struct packing *packing)
{
	struct http_headers plain = packing->headers;

	if (packing->packed.at != NULL) {
		http_respond(packing->exchange, packing->code, packing->headers,
			     (struct http_bytes){ .data = packing->packed,
						  .release = free_packed,
						  .arg = packing->arena });
		return;
	}
	plain.count -= 2; /* it says nothing of an encoding */
	arena_free(packing->arena);
	http_respond_parts(packing->exchange, packing->code, plain, packing->body);
}

bool packing_receive(struct server *server, const struct act_msg *msg)
{
	struct packing *packing;

	if (msg->kind != ACT_JOB)
		return false;
	packing = ACT_AS(msg, act_job_done)->arg;
	server->packing_count--;
	answer(packing);
	http_done(packing->exchange); /* the arena goes with this, and what is in it */
	return true;
}
