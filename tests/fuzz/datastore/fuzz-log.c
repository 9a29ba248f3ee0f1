/*
 * What stands on disk: log records, segments, the meta file, and the commands in an entry.
 */
#include "datastore/log/wal/record.h"
#include "datastore/store/state/command.h"
#include "runtime/base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

#define FUZZ_SALT 7U

static enum status fuzz_each(void *arg, const struct record *record)
{
	uint64_t *sum = arg;

	/* Each byte is looked at, so that a length that lies is seen by the sanitizer. */
	*sum += hash_crc32c(0, record->payload.at, record->payload.len);
	return OK;
}

static void fuzz_segment(struct str input)
{
	uint64_t sum = 0, end = 0;
	struct record record;
	bool is_dirty;

	if (record_decode(input, FUZZ_SALT, &record))
		assert(record_size(record.payload.len) <= input.len);
	if (segment_walk(input, 1, FUZZ_SALT, fuzz_each, &sum, &end, &is_dirty) == OK)
		assert(end <= input.len || input.len < SEGMENT_HEADER);
}

static void fuzz_meta(struct str input)
{
	char *slot = mem_zalloc(META_SLOT);
	struct meta meta;

	memcpy(slot, input.at, input.len < META_SLOT ? input.len : META_SLOT);
	if (meta_decode(slot, &meta) == OK)
		assert(meta.base.members.len <= META_SLOT);
	mem_free(slot);
}

static void fuzz_commands(struct str input)
{
	struct arena *arena = arena_new(0);
	struct text out = text_new(16 * MIB);
	struct command command;
	struct fixed in;
	bool is_good;

	if (command_open(input, &in) == OK) {
		command_begin(&out);
		is_good = true;
		while (is_good && fixed_left(&in) > 0) {
			is_good = command_next(&in, arena, &command) == OK;
			if (is_good)
				command_pack(&out, &command);
		}
		assert(!is_good || str_eq(text_str(&out), input));
	}
	text_fini(&out);
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct str input = str_of(at, len);

	fuzz_segment(input);
	fuzz_meta(input);
	fuzz_commands(input);
	return 0;
}
