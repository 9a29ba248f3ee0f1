#include "deploy/main/migration/remote.h"

#include <stdlib.h>

#include "datastore/external/answer.h"
#include "datastore/external/external.h"
#include "deploy/main/backup/backup.h"
#include "deploy/main/migration/survey.h"
#include "runtime/loop/loop.h"
#include "transport/wire/proto.h"

#define PAGE_KEYS 500U /* what API servers ask for */
#define KINE_LEASE_MAX \
	UINT64_C(604800) /* kine's leases are seconds, etcd's are random numbers of 63 bits */
#define REQUEST_BYTES 4096U
#define END STR("/registry0") /* behind all that begins with /registry/ */
#define REVISION_MAX (UINT64_C(1) << (63 - TABLE_PLACE_BITS))

/* Where a row lies in the spool. */
struct spooled {
	uint64_t id, at;
	uint64_t create_revision, version, lease;
	uint32_t key_bytes, value_bytes;
};

struct remote {
	const struct seams_files *files;
	struct seams_file *spool;
	uint64_t spool_bytes;
	struct arena *arena;
	struct remote_place places[EXTERNAL_PLACES];
	uint32_t place_count, place; /* the one that answered last */
	struct tls_context *tls;
	uint64_t revision;
	VEC(struct spooled) rows;
	VEC(struct table_lease) leases;
};

/* ---- asking ------------------------------------------------------------------------------------------------------------ */

static enum status ask(struct remote *remote, const char *path, struct str message,
		       struct arena *arena, struct str *out, struct fault *why)
{
	struct fault inner = { 0 };
	enum status status = UNAVAILABLE;

	for (uint32_t i = 0; i < remote->place_count; i++) {
		uint32_t at = (remote->place + i) % remote->place_count;

		status = remote_call(&remote->places[at], path, message, arena, out, &inner);
		if (status != UNAVAILABLE && status != TIMEOUT) {
			remote->place = at;
			break;
		}
	}
	return status == OK ? OK
			    : fault_set(why, status, "", "%s: %s",
					remote->places[remote->place].url, inner.text);
}

/* ---- one page ------------------------------------------------------------------------------------------------------------ */

struct page {
	struct text last; /* key */
	uint32_t limit;
	bool has_more;
};

static enum status spool_row(struct remote *remote, struct str key, struct str value,
			     struct spooled row, struct fault *why)
{
	const struct seams_files *files = remote->files;
	enum status status;

	row.at = remote->spool_bytes;
	row.key_bytes = key.len;
	row.value_bytes = value.len;
	status = files->write(files->self, remote->spool, key.at, key.len, row.at);
	if (status == OK && value.len > 0)
		status =
		    files->write(files->self, remote->spool, value.at, value.len, row.at + key.len);
	if (status != OK)
		return fault_set(why, status, "", "what is read is kept in $TMPDIR: %s",
				 status_text(status));
	remote->spool_bytes += key.len + value.len;
	vec_push(&remote->rows, row);
	return OK;
}

/* KeyValue */
static enum status take_row(struct remote *remote, struct page *page, struct str bytes,
			    struct fault *why)
{
	struct proto in = proto_of(bytes);
	struct str key = STR(""), value = STR("");
	struct spooled row = { .id = 0 };
	enum proto_wire wire;
	uint64_t revision = 0;
	uint32_t number;

	while (proto_field(&in, &number, &wire)) {
		if (number == 1 && wire == PROTO_BYTES)
			key = proto_bytes(&in);
		else if (number == 2 && wire == PROTO_VARINT)
			row.create_revision = proto_varint(&in);
		else if (number == 3 && wire == PROTO_VARINT)
			revision = proto_varint(&in);
		else if (number == 4 && wire == PROTO_VARINT)
			row.version = proto_varint(&in);
		else if (number == 5 && wire == PROTO_BYTES)
			value = proto_bytes(&in);
		else if (number == 6 && wire == PROTO_VARINT)
			row.lease = proto_varint(&in);
		else
			proto_skip(&in, number, wire);
	}
	if (!in.is_bad && str_eq(key, SURVEY_TAKEN))
		return OK; /* where the range begins; nothing of Kubernetes has that name */
	if (in.is_bad || revision == 0 || revision >= REVISION_MAX ||
	    !str_starts(key, SURVEY_TAKEN) || /* the rest was not asked for */
	    str_cmp(key, text_str(&page->last)) <= 0)
		return fault_set(why, INVALID, "",
				 "its answer has a key that cannot be, after " STR_FMT,
				 STR_ARG(text_str(&page->last)));
	text_clear(&page->last);
	text_add(&page->last, key);
	row.id = revision << TABLE_PLACE_BITS;
	row.version += row.version == 0; /* kine counts none */
	return spool_row(remote, key, value, row, why);
}

/* RangeResponse */
static enum status take_page(struct remote *remote, struct page *page, struct str answer,
			     struct fault *why)
{
	struct proto in = proto_of(answer);
	enum proto_wire wire;
	uint32_t number, before = remote->rows.len;

	page->has_more = false;
	if (remote->revision == 0)
		remote->revision = answer_revision(answer);
	while (proto_field(&in, &number, &wire)) {
		if (number == 2 && wire == PROTO_BYTES) {
			TRY(take_row(remote, page, proto_bytes(&in), why));
		} else if (number == 3 && wire == PROTO_VARINT) {
			page->has_more = proto_varint(&in) != 0;
		} else {
			proto_skip(&in, number, wire);
		}
	}
	if (in.is_bad || remote->revision == 0 || remote->revision >= REVISION_MAX ||
	    (page->has_more && remote->rows.len == before))
		return fault_set(why, INVALID, "", "its answer to a range cannot be read");
	return OK;
}

/* RangeRequest: from behind the last key on, at the revision of the first page. */
static enum status ask_page(struct remote *remote, struct page *page, struct arena *arena,
			    struct str *out, struct fault *why)
{
	struct proto_out wire = proto_out_new(page->last.len + REQUEST_BYTES);
	struct text from = text_in(arena, page->last.len + 1);
	enum status status;

	text_add(&from, text_str(&page->last));
	if (remote->revision != 0) {
		text_add_char(&from, '\0');
		proto_out_varint_field(&wire, 4, remote->revision);
	}
	proto_out_varint_field(&wire, 3, page->limit);
	proto_out_bytes_field(&wire, 2, END);
	proto_out_bytes_field(&wire, 1, text_str(&from));
	status = ask(remote, "/etcdserverpb.KV/Range", proto_out_str(&wire), arena, out, why);
	proto_out_fini(&wire);
	return status;
}

static enum status copy_page(struct remote *remote, struct page *page, struct fault *why)
{
	struct arena *arena = arena_new(0);
	struct fault inner = { 0 };
	struct str answer;
	enum status status;

	do
		status = ask_page(remote, page, arena, &answer, &inner);
	while (status == TOO_LARGE && (page->limit /= 8) > 0);
	if (status == EXPIRED)
		status = fault_set(&inner, EXPIRED, "",
				   "it was compacted while it was read: try again, or import a "
				   "snapshot");
	status = status == OK ? take_page(remote, page, answer, &inner) : status;
	arena_free(arena);
	return status == OK ? OK : fault_set(why, status, "", "%s", inner.text);
}

static enum status copy_all(struct remote *remote, struct fault *why)
{
	struct page page = { .last = text_new(KIB * KIB), .limit = PAGE_KEYS };
	enum status status;

	text_add(&page.last, SURVEY_TAKEN);
	do
		status = copy_page(remote, &page, why);
	while (status == OK && page.has_more);
	text_fini(&page.last);
	return status;
}

/* ---- leases -------------------------------------------------------------------------------------------------------------- */

/* One that cannot be asked for has ended, or is kine's. */
static uint32_t ask_lease(struct remote *remote, uint64_t id)
{
	struct arena *arena = arena_new(0);
	struct proto_out wire = proto_out_new(REQUEST_BYTES);
	struct answer_lease lease = { 0 };
	struct str answer;
	uint32_t ttl_s = 0;

	proto_out_varint_field(&wire, 1, id);
	if (ask(remote, "/etcdserverpb.Lease/LeaseTimeToLive", proto_out_str(&wire), arena, &answer,
		NULL) == OK)
		ttl_s =
		    answer_one_lease(answer, arena, &lease) == OK && lease.granted_s <= UINT32_MAX
			? (uint32_t)lease.granted_s
			: 0;
	else if (id <= KINE_LEASE_MAX)
		ttl_s = (uint32_t)id;
	proto_out_fini(&wire);
	arena_free(arena);
	return ttl_s;
}

uint32_t remote_lease_ttl_s(const struct remote *remote, uint64_t lease)
{
	for (uint32_t i = 0; i < remote->leases.len; i++)
		if (remote->leases.at[i].id == lease)
			return remote->leases.at[i].ttl_s;
	return 0;
}

static void copy_leases(struct remote *remote)
{
	struct map seen = { 0 };

	for (uint32_t i = 0; i < remote->rows.len; i++) {
		uint64_t id = remote->rows.at[i].lease;
		struct str name = str_of(&id, sizeof id);

		if (id == 0 || map_has(&seen, name))
			continue;
		map_put(&seen, name, remote);
		vec_push(&remote->leases, (struct table_lease){ id, ask_lease(remote, id) });
	}
	map_fini(&seen);
}

/* ---- opening --------------------------------------------------------------------------------------------------------------- */

static enum status read_places(struct remote *remote, struct str text, struct fault *why)
{
	struct external_places places;

	TRY(external_places_read(text, remote->tls != NULL, remote->arena, &places, why));
	for (uint32_t i = 0; i < places.count; i++)
		remote->places[i] = (struct remote_place){ places.urls[i], remote->tls };
	remote->place_count = places.count;
	return OK;
}

/* Without a name from its first moment on: it ends with this process. */
static enum status open_spool(struct remote *remote, struct fault *why)
{
	const struct seams_files *files = remote->files;
	const char *folder = getenv("TMPDIR");
	const char *path;
	uint64_t number;
	enum status status;

	backup_random()->fill(NULL, &number, sizeof number);
	path = arena_printf(remote->arena, "%s/troupe-import-%016jx",
			    folder != NULL && folder[0] == '/' ? folder : "/tmp", (uintmax_t)number)
		   .at;
	status = files->open(files->self, path,
			     SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE | SEAMS_EXCLUSIVE, 0600,
			     &remote->spool);
	if (status == OK)
		status = files->unlink(files->self, path);
	return status == OK ? OK : fault_set(why, status, "", "%s: %s", path, status_text(status));
}

static int order(const void *left, const void *right)
{
	const struct spooled *a = left, *b = right;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

/* Keys of one transaction have one revision: they are numbered within it in their order, as etcd's snapshots do. */
static void number_rows(struct remote *remote)
{
	if (remote->rows.len > 0)
		qsort(remote->rows.at, remote->rows.len, sizeof *remote->rows.at, order);
	for (uint32_t i = 1; i < remote->rows.len; i++)
		if (remote->rows.at[i].id <= remote->rows.at[i - 1].id)
			remote->rows.at[i].id = remote->rows.at[i - 1].id + 1;
}

static enum status copy(struct remote *remote, struct str places, const struct remote_keys *keys,
			struct fault *why)
{
	if (keys->authority != NULL || keys->certificate != NULL || keys->key != NULL)
		TRY(remote_tls(remote->files, keys, "--", remote->arena, &remote->tls, why));
	TRY(read_places(remote, places, why));
	TRY(open_spool(remote, why));
	TRY(copy_all(remote, why));
	copy_leases(remote);
	number_rows(remote);
	return OK;
}

enum status remote_open(const struct seams_files *files, struct str places,
			const struct remote_keys *keys, struct remote **out, struct fault *why)
{
	struct remote *remote = mem_new(struct remote);
	enum status status;

	remote->files = files;
	remote->arena = arena_new(0);
	status = copy(remote, places, keys, why);
	if (status == OK)
		*out = remote;
	else
		remote_close(remote);
	return status;
}

void remote_close(struct remote *remote)
{
	if (remote == NULL)
		return;
	if (remote->spool != NULL)
		remote->files->close(remote->files->self, remote->spool);
	tls_context_unref(remote->tls);
	vec_fini(&remote->rows);
	vec_fini(&remote->leases);
	arena_free(remote->arena);
	mem_free(remote);
}

/* ---- what came ---------------------------------------------------------------------------------------------------------------- */

uint64_t remote_revision(const struct remote *remote)
{
	return remote->revision;
}

static enum status give_row(struct remote *remote, const struct spooled *spooled, char *at,
			    remote_row *each, void *arg, struct fault *why)
{
	size_t len = (size_t)spooled->key_bytes + spooled->value_bytes, got = 0;
	struct table_row row = { .id = spooled->id,
				 .key = str_of(at, spooled->key_bytes),
				 .value = str_of(at + spooled->key_bytes, spooled->value_bytes),
				 .create_revision = spooled->create_revision,
				 .version = spooled->version,
				 .lease = spooled->lease,
				 .value_len = spooled->value_bytes };
	enum status status =
	    remote->files->read(remote->files->self, remote->spool, at, len, spooled->at, &got);

	if (status == OK && got < len)
		status = IO;
	if (status != OK)
		return fault_set(why, status, "", "what was kept in $TMPDIR: %s",
				 status_text(status));
	return each(arg, &row, why);
}

enum status remote_each(struct remote *remote, remote_row *each, void *arg, struct fault *why)
{
	char *at = mem_alloc(REMOTE_CALL_BYTES);
	enum status status = OK;

	for (uint32_t i = 0; status == OK && i < remote->rows.len; i++)
		status = give_row(remote, &remote->rows.at[i], at, each, arg, why);
	mem_free(at);
	return status;
}
