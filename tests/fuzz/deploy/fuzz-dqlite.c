/*
 * What a folder of dqlite's has in it: the first byte says what the rest is. A segment, a command of one, a snapshot or a frame of LZ4 is read to its end
 * or refused; what is made of it goes nowhere.
 */
#include <assert.h>

#include "deploy/main/migration/dqlite/image.h"
#include "deploy/main/migration/dqlite/lz4.h"
#include "deploy/main/migration/dqlite/segment.h"
#include "tests/fuzz/deploy/sheet.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static enum status apply(void *arg, uint64_t index, struct str command, struct fault *why)
{
	(void)index;
	return image_apply(arg, command, why);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct str input = str_of((const char *)at, (uint32_t)len);
	const struct seams_files files = sheet_files(&input);
	struct seams_file *file = SHEET_FILE(&input);
	struct image image = { .files = &files, .file = file };
	struct segment segment = { .index = 1, .is_open = len > 1 && at[1] & 1 };
	struct fault why = { 0 };
	uint64_t out;
	enum status status = OK;

	if (len == 0)
		return 0;
	input = str_slice(input, 1, input.len);
	switch (at[0] & 3) {
	case 0: status = segment_read(&files, "", &segment, apply, &image, &out, &why); break;
	case 1: status = image_apply(&image, input, &why); break;
	case 2: status = image_restore(&image, file, input.len, &why); break;
	default: status = lz4_decode(&files, file, file, &out, &why); break;
	}
	assert(status == OK || why.text[0]);
	return 0;
}
