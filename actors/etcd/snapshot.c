#include <stdio.h>
#include <stdlib.h>

#include "actors/etcd/etcd-private.h"
#include "actors/etcd/file/database.h"
#include "transport/tls/crypto.h"

/*
 * Snapshot: all keys at one revision as a database file of etcd's, for `etcdutl snapshot restore` and a cluster of etcd's own.
 *
 *   rows (as Range reads them) ──> status ──> leases, one by one ──> pages, as the peer reads them ──> digest
 *
 * The file says that everything before its revision was compacted: the keys as they are then, with all their revisions
 * and versions, and nothing of their past. Keys of one revision are numbered within it in their order. Members are not in
 * it; etcd takes those from who restores. After the file comes its SHA-256, by which etcdctl knows that it is whole.
 */
#define PIECE_BYTES (32U * KIB)

enum step { STEP_ROWS, STEP_STATUS, STEP_LEASES, STEP_LEASE, STEP_SENDING };

struct snapshot {
	struct etcd_ranging ranging; /* first: range.c reads the rows */
	enum step step;
	uint64_t applied_index, term;
	struct database_kept_lease *leases;
	uint32_t lease_count, lease_at;
	struct database_contents contents;
	struct bolt *bolt;
	uint64_t left;
	struct crypto_sha256 *digest;
	struct text piece;
};

/* Rows are in the order of revisions; of one revision they have neighbours. */
static struct database_row row_at(void *arg, uint32_t at, bool wants_value)
{
	const struct store_row *rows = ((struct snapshot *)arg)->ranging.rows;
	const struct store_row *row = &rows[at];
	uint32_t place = 0;

	(void)wants_value;
	while (place < at && rows[at - place - 1].mod_revision == row->mod_revision)
		place++;
	return (struct database_row){ .key = row->key,
				      .value = row->value,
				      .revision = row->mod_revision,
				      .create_revision = row->create_revision,
				      .version = row->version,
				      .lease = row->lease,
				      .place = place };
}

static void plan(struct snapshot *snapshot, struct arena *arena)
{
	snapshot->contents = (struct database_contents){
		.arg = snapshot,
		.row = row_at,
		.row_count = snapshot->ranging.count,
		.leases = snapshot->leases,
		.lease_count = snapshot->lease_count,
		.revision = snapshot->ranging.revision,
		.applied_index = snapshot->applied_index,
		.term = snapshot->term,
	};
	snapshot->bolt = database_plan(&snapshot->contents, arena);
	snapshot->left = bolt_bytes(snapshot->bolt);
}

/* ---- asking ------------------------------------------------------------------------------------------------------------ */

static void take_rows(struct etcd_call *call);

void etcd_snapshot_begin(struct etcd_call *call, struct str message)
{
	struct snapshot *snapshot = arena_new_of(call->arena, struct snapshot);

	(void)message; /* nothing can be asked for */
	call->state = snapshot;
	snapshot->ranging.asked = (struct etcd_range){ .key = str_of("", 1), .end = STORE_NO_END };
	snapshot->ranging.done = take_rows;
	snapshot->ranging.too_large = ETCD_SNAPSHOT;
	etcd_snapshot_ask(call);
}

void etcd_snapshot_ask(struct etcd_call *call)
{
	struct snapshot *snapshot = call->state;
	struct store_lease_show show = { .id = 0 };

	call->until =
	    (struct mono){ act_now(call->etcd->act).ns + (int64_t)LIMIT_ETCD_ASK_MS * TIME_MS };
	switch (snapshot->step) {
	case STEP_ROWS: etcd_range_ask(call); break;
	case STEP_STATUS: etcd_status_ask(call); break;
	case STEP_LEASE: show.id = snapshot->leases[snapshot->lease_at].id; /* fall through */
	case STEP_LEASES: etcd_call_ask(call, &store_lease_show_type, &show, NULL); break;
	case STEP_SENDING: break;
	}
}

static int order(const void *left, const void *right)
{
	const struct store_row *a = left, *b = right;

	if (a->mod_revision != b->mod_revision)
		return a->mod_revision < b->mod_revision ? -1 : 1;
	return str_cmp(a->key, b->key);
}

static int order_leases(const void *left, const void *right)
{
	const struct database_kept_lease *a = left, *b = right;

	return a->id < b->id ? -1 : a->id > b->id;
}

static void take_rows(struct etcd_call *call)
{
	struct snapshot *snapshot = call->state;

	if (snapshot->ranging.count > 0)
		qsort(snapshot->ranging.rows, snapshot->ranging.count,
		      sizeof *snapshot->ranging.rows, order);
	snapshot->step = STEP_STATUS;
	etcd_snapshot_ask(call);
}

static void take_status(struct etcd_call *call, const struct store_status *status)
{
	struct snapshot *snapshot = call->state;

	snapshot->applied_index = status->applied_index;
	snapshot->term = status->term;
	snapshot->step = STEP_LEASES;
	etcd_snapshot_ask(call);
}

static void begin_sending(struct etcd_call *call);

static void next_lease(struct etcd_call *call)
{
	struct snapshot *snapshot = call->state;

	if (snapshot->lease_at == snapshot->lease_count) {
		begin_sending(call);
		return;
	}
	snapshot->step = STEP_LEASE;
	etcd_snapshot_ask(call);
}

static void take_leases(struct etcd_call *call, const struct store_lease_answer *answer)
{
	struct snapshot *snapshot = call->state;

	snapshot->leases = arena_array(call->arena, struct database_kept_lease, answer->id_count);
	for (uint32_t i = 0; i < answer->id_count; i++)
		snapshot->leases[snapshot->lease_count++].id = answer->ids[i];
	if (snapshot->lease_count > 0)
		qsort(snapshot->leases, snapshot->lease_count, sizeof *snapshot->leases,
		      order_leases);
	next_lease(call);
}

/* One that has ended meanwhile is left out. */
static void take_lease(struct etcd_call *call, enum status status,
		       const struct store_lease_answer *answer)
{
	struct snapshot *snapshot = call->state;
	struct database_kept_lease *lease = &snapshot->leases[snapshot->lease_at];

	if (status == OK) {
		lease->ttl_s = answer->ttl_s;
		snapshot->lease_at++;
	} else {
		memmove(lease, lease + 1,
			(--snapshot->lease_count - snapshot->lease_at) * sizeof *lease);
	}
	next_lease(call);
}

void etcd_snapshot_answered(struct etcd_call *call, enum status status, const struct act_msg *msg)
{
	const struct snapshot *snapshot = call->state;
	bool is_gone = snapshot->step == STEP_LEASE && status == NOT_FOUND && msg->status == OK;

	if (status != OK && !is_gone) {
		etcd_call_fail_status(call, status);
		return;
	}
	switch (snapshot->step) {
	case STEP_ROWS: etcd_range_answered(call, status, msg); break;
	case STEP_STATUS: take_status(call, ACT_AS(msg, store_status)); break;
	case STEP_LEASES: take_leases(call, ACT_AS(msg, store_lease_answer)); break;
	case STEP_LEASE: take_lease(call, status, ACT_AS(msg, store_lease_answer)); break;
	case STEP_SENDING: break;
	}
}

/* ---- sending: {header, remaining bytes, blob, version} ------------------------------------------------------------------ */

static void free_digest(void *arg)
{
	struct snapshot *snapshot = arg;

	text_fini(&snapshot->piece);
	if (snapshot->digest != NULL)
		crypto_sha256_end(snapshot->digest, NULL);
}

static void begin_sending(struct etcd_call *call)
{
	struct snapshot *snapshot = call->state;

	plan(snapshot, call->arena);
	snapshot->step = STEP_SENDING;
	snapshot->digest = crypto_sha256_begin();
	snapshot->piece = text_new(LIMIT_OBJECT_BYTES + PIECE_BYTES + 2 * BOLT_PAGE_BYTES);
	arena_on_free(call->arena, free_digest, snapshot);
	etcd_snapshot_writable(call);
}

static void send_piece(struct etcd_call *call, struct str bytes)
{
	const struct snapshot *snapshot = call->state;
	struct etcd_header header = etcd_header(call->etcd, snapshot->ranging.revision);
	struct proto_out out = etcd_reply_new();

	etcd_reply_str(&out, 4, DATABASE_VERSION);
	etcd_reply_str(&out, 3, bytes);
	etcd_reply_int(&out, 2, snapshot->left);
	etcd_reply_header(&out, &header);
	etcd_call_send(call, &out);
}

void etcd_snapshot_writable(struct etcd_call *call)
{
	struct snapshot *snapshot = call->state;
	uint8_t digest[CRYPTO_SHA256_BYTES];

	if (snapshot == NULL || snapshot->step != STEP_SENDING)
		return;
	while (!call->is_full) {
		text_clear(&snapshot->piece);
		if (!bolt_write(snapshot->bolt, PIECE_BYTES, &snapshot->piece)) {
			crypto_sha256_end(snapshot->digest, digest);
			snapshot->digest = NULL;
			send_piece(call, str_of(digest, sizeof digest));
			etcd_call_end(call, (struct grpc_fault){ GRPC_OK, STR_NONE });
			return;
		}
		snapshot->left -= snapshot->piece.len;
		crypto_sha256_add(snapshot->digest, text_str(&snapshot->piece));
		send_piece(call, text_str(&snapshot->piece));
	}
}
