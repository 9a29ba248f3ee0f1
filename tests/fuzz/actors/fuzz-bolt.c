/*
 * A file of etcd's, as somebody else wrote or damaged it. What is read lies within it, keys come once and in order of their changes, and
 * reading ends. Checksums of the two states are put right first, or nearly no input would get past them.
 */
#include <endian.h>
#include <stdlib.h>

#include "actors/etcd/file/bolt-private.h"
#include "actors/etcd/file/database-reader.h"
#include "runtime/base/collection/map.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

struct file {
	char *at;
	size_t len;
};

static enum status read_file(void *arg, void *at, size_t len, uint64_t offset, struct fault *why)
{
	const struct file *file = arg;

	(void)why;
	assert(offset <= file->len && len <= file->len - offset);
	memcpy(at, file->at + offset, len);
	return OK;
}

static void put_right(struct file *file, size_t offset)
{
	char *meta = file->at + offset + BOLT_HEADER_BYTES;
	uint32_t magic;
	uint64_t sum;

	if (file->len < offset + BOLT_HEADER_BYTES + BOLT_META_BYTES)
		return;
	memcpy(&magic, meta, sizeof magic);
	sum = htole64(bolt_checksum(meta, BOLT_META_BYTES - sizeof sum));
	if (le32toh(magic) == BOLT_MAGIC)
		memcpy(meta + BOLT_META_BYTES - sizeof sum, &sum, sizeof sum);
}

struct seen {
	struct map keys;
	uint64_t before;
};

static enum status see_row(void *arg, const struct database_row *row, struct fault *why)
{
	struct seen *seen = arg;
	uint64_t id = row->revision * DATABASE_PLACES + row->place;

	(void)why;
	assert(row->key.len > 0 && id > seen->before);
	assert(map_put(&seen->keys, row->key, seen) == NULL);
	seen->before = id;
	return OK;
}

static enum status see_lease(void *arg, uint64_t id, uint64_t ttl_s, struct fault *why)
{
	(void)arg;
	(void)ttl_s;
	(void)why;
	assert(id != 0);
	return OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct file file = { .at = malloc(len + 1), .len = len };
	struct bolt_bytes bytes = { &file, len, read_file };
	struct database_reader *reader = NULL;
	struct seen seen = { .before = 0 };
	struct fault why = { 0 };
	enum status status;

	if (len > 0)
		memcpy(file.at, at, len);
	put_right(&file, 0);
	for (size_t page = 512; page <= 64 * KIB; page *= 2)
		put_right(&file, page);
	status = database_reader_open(&bytes, &reader, &why);
	if (status == OK)
		status = database_reader_each(reader, see_row, &seen, &why);
	if (status == OK)
		status = database_reader_leases(reader, see_lease, NULL, &why);
	assert(status == OK || why.text[0] != '\0');
	database_reader_close(reader);
	map_fini(&seen.keys);
	free(file.at);
	return 0;
}
