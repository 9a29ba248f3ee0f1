#include "deploy/main/migration/dqlite/segment.h"

#include "runtime/base/bytes.h"
#include "runtime/base/mem.h"

#define FORMAT 1U
#define FORMAT_BYTES 8U
#define PREAMBLE_BYTES 16U /* both checksums, how many entries */
#define ENTRY_BYTES 16U

enum entry_kind { ENTRY_COMMAND = 1, ENTRY_BARRIER, ENTRY_CHANGE };

struct reading {
	const struct seams_files *files;
	struct seams_file *file;
	uint64_t at, size, index;
	struct segment *segment;
	segment_command *each;
	void *arg;
	struct fault *why;
	uint32_t table[256]; /* of checksums */
};

/* CRC-32 with the polynomial 04C11DB7, highest bit first, from 0 and as it comes: not the one of zlib. */
static void make_table(uint32_t table[256])
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t value = i << 24;

		for (int bit = 0; bit < 8; bit++)
			value = value << 1 ^ (value >> 31 ? 0x04C11DB7U : 0);
		table[i] = value;
	}
}

static uint32_t checksum(const struct reading *reading, struct str bytes)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < bytes.len; i++)
		sum = sum << 8 ^ reading->table[(sum >> 24 ^ (uint8_t)bytes.at[i]) & 255];
	return sum;
}

static enum status take(struct reading *reading, char *at, size_t len)
{
	size_t got = 0;
	enum status status =
	    reading->files->read(reading->files->self, reading->file, at, len, reading->at, &got);

	if (status == OK && got < len)
		status = CORRUPT;
	if (status != OK)
		return fault_set(reading->why, status, "", "byte %ju: %s", (uintmax_t)reading->at,
				 status == CORRUPT ? "it ends there" : status_text(status));
	reading->at += len;
	return OK;
}

static enum status broken(struct reading *reading, uint64_t at, const char *what)
{
	reading->segment->is_torn = reading->segment->is_open;
	return fault_set(reading->why, CORRUPT, "", "the batch at byte %ju: %s", (uintmax_t)at,
			 what);
}

/* ---- a batch ---- */

static enum status give_entries(struct reading *reading, struct str heads, struct str data)
{
	for (uint32_t i = 0; i < heads.len / ENTRY_BYTES; i++) {
		const char *head = heads.at + (size_t)i * ENTRY_BYTES;
		uint32_t len = (uint32_t)bytes_get(head + 12, 4);
		struct str command = str_slice(data, 0, len);

		if (head[8] == ENTRY_COMMAND)
			TRY(reading->each(reading->arg, reading->index, command, reading->why));
		data = str_slice(data, len, data.len);
		reading->index++;
	}
	return OK;
}

static bool are_known(struct str heads, uint64_t *out_bytes)
{
	*out_bytes = 0;
	for (uint32_t i = 0; i < heads.len / ENTRY_BYTES; i++) {
		const char *head = heads.at + (size_t)i * ENTRY_BYTES;

		if (head[8] < ENTRY_COMMAND || head[8] > ENTRY_CHANGE)
			return false;
		*out_bytes += bytes_get(head + 12, 4);
	}
	return true;
}

static enum status read_data(struct reading *reading, uint64_t begin, struct str heads,
			     uint64_t len, uint32_t sum)
{
	char *data;
	enum status status;

	if (len > SEGMENT_BATCH_MAX || len > reading->size - reading->at)
		return broken(reading, begin, "it is longer than what there is");
	data = mem_alloc(len + 1);
	status = take(reading, data, len);
	if (status == OK && checksum(reading, str_of(data, (uint32_t)len)) != sum)
		status = broken(reading, begin, "the checksum of its data does not fit");
	if (status == OK)
		status = give_entries(reading, heads, str_of(data, (uint32_t)len));
	mem_free(data);
	return status;
}

/* `preamble` is in front of the heads of `count` entries, which are read into the same room. */
static enum status read_heads(struct reading *reading, uint64_t begin, char *room, uint64_t count)
{
	uint32_t head_sum = (uint32_t)bytes_get(room, 4),
		 data_sum = (uint32_t)bytes_get(room + 4, 4);
	uint32_t len = (uint32_t)count * ENTRY_BYTES;
	struct str heads = str_of(room + PREAMBLE_BYTES, len);
	uint64_t data_len;

	TRY(take(reading, room + PREAMBLE_BYTES, len));
	/* The count is under the checksum, too. */
	if (checksum(reading, str_of(room + 8, 8 + len)) != head_sum)
		return broken(reading, begin, "the checksum of its head does not fit");
	if (!are_known(heads, &data_len))
		return broken(reading, begin, "it has an entry of no known kind");
	return read_data(reading, begin, heads, data_len, data_sum);
}

/* *is_end: of an open segment, nothing was written from here on. */
static enum status read_batch(struct reading *reading, bool *is_end)
{
	char preamble[PREAMBLE_BYTES];
	uint64_t begin = reading->at, count;
	enum status status;
	char *room;

	*is_end = reading->at + PREAMBLE_BYTES > reading->size;
	if (*is_end && reading->segment->is_open)
		return OK;
	TRY(take(reading, preamble, sizeof preamble));
	count = bytes_get(preamble + 8, 8);
	*is_end = reading->segment->is_open && count == 0 && bytes_get(preamble, 8) == 0;
	if (*is_end)
		return OK;
	if (count == 0 || count > SEGMENT_ENTRIES_MAX ||
	    count * ENTRY_BYTES > reading->size - reading->at)
		return broken(reading, begin, "it has no or too many entries");
	room = mem_alloc(PREAMBLE_BYTES + count * ENTRY_BYTES);
	memcpy(room, preamble, sizeof preamble);
	status = read_heads(reading, begin, room, count);
	mem_free(room);
	return status;
}

/* ---- the segment ---- */

static enum status read_all(struct reading *reading)
{
	char format[FORMAT_BYTES];
	bool is_end = false;

	if (reading->segment->is_open && reading->size < FORMAT_BYTES)
		return OK;
	TRY(take(reading, format, sizeof format));
	if (reading->segment->is_open && bytes_get(format, 8) == 0)
		return OK;
	if (bytes_get(format, 8) != FORMAT)
		return fault_set(reading->why, INVALID, "", "it has format %ju, known is 1",
				 (uintmax_t)bytes_get(format, 8));
	while (!is_end && reading->at < reading->size)
		TRY(read_batch(reading, &is_end));
	return OK;
}

enum status segment_read(const struct seams_files *files, const char *path, struct segment *segment,
			 segment_command *each, void *arg, uint64_t *next, struct fault *why)
{
	struct reading reading = { .files = files,
				   .index = segment->index,
				   .segment = segment,
				   .each = each,
				   .arg = arg,
				   .why = why };
	enum status status = files->open(files->self, path, SEAMS_READ, 0, &reading.file);

	make_table(reading.table);
	segment->is_torn = false;
	if (status != OK)
		return fault_set(why, status, "", "%s", status_text(status));
	status = files->size(files->self, reading.file, &reading.size);
	if (status == OK)
		status = read_all(&reading);
	files->close(files->self, reading.file);
	*next = reading.index;
	return segment->is_torn ? OK : status;
}
