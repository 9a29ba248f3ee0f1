#include "tests/fuzz/deploy/sheet.h"

#include <string.h>

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

struct seams_files sheet_files(struct str *input)
{
	return (struct seams_files){ .self = input,
				     .open = open_input,
				     .close = close_input,
				     .read = read_input,
				     .write = forget,
				     .size = input_size };
}
