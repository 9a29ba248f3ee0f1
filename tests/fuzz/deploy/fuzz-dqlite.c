/*
 * What a folder of dqlite's has in it: the first byte says what the rest is. A segment, a command of one, a snapshot or a frame of LZ4 is read to its end
 * or refused; what is made of it goes nowhere.
 */
#include <assert.h>

#include "deploy/main/migration/dqlite/image.h"
#include "deploy/main/migration/dqlite/lz4.h"
#include "deploy/main/migration/dqlite/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

/* A disk with one file on it; what is written to it is forgotten. */
static enum status open_input(void *self, const char *path, uint32_t flags, uint32_t mode,
			      struct seams_file **out)
{
	(void)path;
	(void)flags;
	(void)mode;
	*out = self;
	return OK;
}

static void close_input(void *self, struct seams_file *file)
{
	(void)self;
	(void)file;
}

static enum status read_input(void *self, struct seams_file *file, void *at, size_t len,
			      uint64_t offset, size_t *out_len)
{
	const struct str *input = self;
	size_t left = offset < input->len ? input->len - (size_t)offset : 0;

	(void)file;
	*out_len = left < len ? left : len;
	if (*out_len > 0)
		memcpy(at, input->at + offset, *out_len);
	return OK;
}

static enum status forget(void *self, struct seams_file *file, const void *at, size_t len,
			  uint64_t offset)
{
	(void)self;
	(void)file;
	(void)at;
	(void)len;
	(void)offset;
	return OK;
}

static enum status input_size(void *self, struct seams_file *file, uint64_t *out_bytes)
{
	(void)file;
	*out_bytes = ((const struct str *)self)->len;
	return OK;
}

static enum status apply(void *arg, uint64_t index, struct str command, struct fault *why)
{
	(void)index;
	return image_apply(arg, command, why);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct str input = str_of((const char *)at, (uint32_t)len);
	struct seams_files files = { .self = &input,
				     .open = open_input,
				     .close = close_input,
				     .read = read_input,
				     .write = forget,
				     .size = input_size };
	struct seams_file *file = (struct seams_file *)&input;
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
