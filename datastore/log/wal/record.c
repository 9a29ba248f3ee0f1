#include "datastore/log/wal/record.h"

#include "runtime/base/bytes.h"

/*
 * Record: crc u32 of all that follows, length u32, segment u64, index u64, term u64, write_at u32, kind u8, zero u8 x3,
 * committed u64; then the payload, padded with zeros to 8. The sequence of the segment keeps what a recycled file held before
 * from being taken for new; the salt keeps a value that somebody stored from looking like a record.
 */
#define SEGMENT_MAGIC 0x474f4c4550555254ULL /* "TRUPELOG" */
#define META_MAGIC 0x4154454d50555254ULL    /* "TRUPMETA" */
#define META_FIXED 96U
#define BLOCK 4096U

uint64_t record_size(uint64_t payload_len)
{
	return RECORD_HEADER + ((payload_len + 7) & ~UINT64_C(7));
}

void record_encode(const struct record *record, uint32_t salt, char *out)
{
	uint64_t size = record_size(record->payload.len);
	memset(out + size - 8, 0, 8); /* the padding; overwritten below where it is none */
	char *at = bytes_put_u32(out + 4, record->payload.len);
	at = bytes_put_u64(at, record->segment);
	at = bytes_put_u64(at, record->index);
	at = bytes_put_u64(at, record->term);
	at = bytes_put_u32(at, record->write_at);
	at = bytes_put_u32(at, (uint8_t)record->kind);
	at = bytes_put_u64(at, record->committed);
	assert(at == out + RECORD_HEADER);
	if (record->payload.len > 0)
		memcpy(at, record->payload.at, record->payload.len);
	bytes_put_u32(out, hash_crc32c(salt, out + 4, size - 4));
}

bool record_decode(struct str bytes, uint32_t salt, struct record *out)
{
	if (bytes.len < RECORD_HEADER)
		return false;
	uint32_t len = (uint32_t)bytes_get(bytes.at + 4, 4);
	if (len > LIMIT_ENTRY_BYTES || record_size(len) > bytes.len)
		return false;
	uint64_t kind = bytes_get(bytes.at + 36, 4);
	if (kind < ENTRY_COMMAND || kind > ENTRY_MEMBERS)
		return false;
	if (bytes_get(bytes.at, 4) != hash_crc32c(salt, bytes.at + 4, record_size(len) - 4))
		return false;
	*out = (struct record){ .segment = bytes_get(bytes.at + 8, 8),
				.index = bytes_get(bytes.at + 16, 8),
				.term = bytes_get(bytes.at + 24, 8),
				.write_at = (uint32_t)bytes_get(bytes.at + 32, 4),
				.kind = (enum entry_kind)kind,
				.committed = bytes_get(bytes.at + 40, 8),
				.payload = { bytes.at + RECORD_HEADER, len } };
	return out->index > 0 && out->term > 0;
}

/* ---- segments ---- */

void segment_header_encode(const struct segment_header *header, uint32_t salt,
			   char out[SEGMENT_HEADER])
{
	memset(out, 0, SEGMENT_HEADER);
	char *at = bytes_put_u64(out, SEGMENT_MAGIC);
	at = bytes_put_u64(at, WAL_VERSION);
	at = bytes_put_u64(at, header->segment);
	bytes_put_u64(at, header->size_bytes);
	bytes_put_u32(out + SEGMENT_HEADER - 4, hash_crc32c(salt, out, SEGMENT_HEADER - 4));
}

bool segment_header_decode(const char in[SEGMENT_HEADER], uint32_t salt, struct segment_header *out)
{
	if (bytes_get(in, 8) != SEGMENT_MAGIC || bytes_get(in + 8, 8) != WAL_VERSION ||
	    bytes_get(in + SEGMENT_HEADER - 4, 4) != hash_crc32c(salt, in, SEGMENT_HEADER - 4))
		return false;
	*out = (struct segment_header){ .segment = bytes_get(in + 16, 8),
					.size_bytes = bytes_get(in + 24, 8) };
	return true;
}

static bool record_of(struct str bytes, uint64_t at, uint64_t segment, uint32_t salt,
		      struct record *out)
{
	struct str rest = { bytes.at + at, (uint32_t)(bytes.len - at) };
	/* Looked at first: most places that are tried hold none, and a checksum costs more. */
	return rest.len >= RECORD_HEADER && bytes_get(rest.at + 8, 8) == segment &&
	       record_decode(rest, salt, out) && out->write_at >= SEGMENT_HEADER;
}

/* Most of what is behind the end was never written: no segment has the number 0. */
static bool is_unwritten(const char *at, size_t len)
{
	return at[0] == 0 && memcmp(at, at + 1, len - 1) == 0;
}

/* Whether anything stands behind `end` that a later writer could take for its own. */
static enum status look_behind(struct str bytes, uint64_t end, uint64_t segment, uint32_t salt,
			       bool *out_dirty)
{
	bool is_dirty =
	    bytes.len - end >= RECORD_HEADER && bytes_get(bytes.at + end + 8, 8) == segment;
	for (uint64_t at = end + 8; at + RECORD_HEADER <= bytes.len; at += 8) {
		struct record record;
		while (at + BLOCK + RECORD_HEADER <= bytes.len && is_unwritten(bytes.at + at, BLOCK))
			at += BLOCK - RECORD_HEADER;
		if (!record_of(bytes, at, segment, salt, &record))
			continue;
		/* Its write began behind `end`, so all before it was durable then. */
		if (record.write_at > end)
			return CORRUPT;
		is_dirty = true;
	}
	*out_dirty = is_dirty;
	return OK;
}

uint64_t segment_reach(struct str bytes, uint64_t segment)
{
	uint64_t at = SEGMENT_HEADER;
	while (at + RECORD_HEADER <= bytes.len && bytes_get(bytes.at + at + 8, 8) == segment)
		at += record_size(bytes_get(bytes.at + at + 4, 4));
	return at;
}

enum status segment_walk(struct str bytes, uint64_t segment, uint32_t salt,
			 enum status (*each)(void *arg, const struct record *record), void *arg,
			 uint64_t *out_end, bool *out_dirty)
{
	uint64_t at = SEGMENT_HEADER;
	uint64_t write_at = 0;
	struct record record;
	if (bytes.len < SEGMENT_HEADER)
		return CORRUPT;
	while (at < bytes.len && record_of(bytes, at, segment, salt, &record)) {
		/* It continues the write of the record before it, or begins one here. */
		if (record.write_at != at && record.write_at != write_at)
			break;
		write_at = record.write_at;
		TRY(each(arg, &record));
		at += record_size(record.payload.len);
	}
	*out_end = at;
	return look_behind(bytes, at, segment, salt, out_dirty);
}

/* ---- meta ---- */

uint32_t meta_encode(const struct meta *meta, char out[META_SLOT])
{
	assert(meta->base.members.len <= WAL_MEMBERS_BYTES);
	uint32_t len = (META_FIXED + meta->base.members.len + 511) & ~511U;
	memset(out, 0, len);
	char *at = bytes_put_u64(out, META_MAGIC);
	at = bytes_put_u32(at, WAL_VERSION);
	at = bytes_put_u32(at, 0); /* the checksum, below */
	at = bytes_put_u64(at, meta->sequence);
	at = bytes_put_u64(at, meta->id);
	at = bytes_put_u64(at, meta->term);
	at = bytes_put_u64(at, meta->vote);
	at = bytes_put_u64(at, meta->first_segment);
	at = bytes_put_u64(at, meta->base.index);
	at = bytes_put_u64(at, meta->base.term);
	at = bytes_put_u64(at, meta->base.members_index);
	at = bytes_put_u32(at, meta->base.members.len);
	at = bytes_put_u32(at, meta->salt);
	assert(at <= out + META_FIXED);
	if (meta->base.members.len > 0)
		memcpy(out + META_FIXED, meta->base.members.at, meta->base.members.len);
	bytes_put_u32(out + 12, hash_crc32c(0, out, META_FIXED + meta->base.members.len));
	return len;
}

static uint32_t meta_checksum(const char in[META_SLOT], uint32_t members_len)
{
	static const char zero[4];
	uint32_t crc = hash_crc32c(0, in, 12);
	crc = hash_crc32c(crc, zero, sizeof zero);
	return hash_crc32c(crc, in + 16, META_FIXED + members_len - 16);
}

enum status meta_decode(const char in[META_SLOT], struct meta *out)
{
	if (bytes_get(in, 8) != META_MAGIC)
		return CORRUPT;
	uint32_t members_len = (uint32_t)bytes_get(in + 80, 4);
	if (members_len > WAL_MEMBERS_BYTES ||
	    bytes_get(in + 12, 4) != meta_checksum(in, members_len))
		return CORRUPT;
	if (bytes_get(in + 8, 4) != WAL_VERSION)
		return NOT_IMPLEMENTED;
	*out = (struct meta){
		.sequence = bytes_get(in + 16, 8),
		.id = bytes_get(in + 24, 8),
		.term = bytes_get(in + 32, 8),
		.vote = bytes_get(in + 40, 8),
		.first_segment = bytes_get(in + 48, 8),
		.base = { .index = bytes_get(in + 56, 8),
			  .term = bytes_get(in + 64, 8),
			  .members_index = bytes_get(in + 72, 8),
			  .members = { in + META_FIXED, members_len } },
		.salt = (uint32_t)bytes_get(in + 84, 4),
	};
	return OK;
}
