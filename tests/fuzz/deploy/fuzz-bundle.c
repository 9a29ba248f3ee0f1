/*
 * Backups and what survivors say of themselves. A bundle is read to its end or refused; what a survivor's lines say is written and read
 * again, and says the same.
 */
#include "deploy/main/backup/bundle.h"
#include "deploy/main/recovery/survivor.h"
#include "tests/fuzz/deploy/sheet.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void fuzz_bundle(struct str input)
{
	const struct seams_files files = sheet_files(&input);
	struct bundle_reader *reader;
	struct fault why = { 0 };
	char name[BUNDLE_NAME_MAX + 1], part[4096];
	uint64_t size, got;
	bool is_encrypted;
	enum status status;

	if (bundle_open(&files, "input", STR_NONE, &reader, &why) != OK) {
		assert(why.text[0] != '\0');
		return;
	}
	while ((status = bundle_next(reader, name, &size, &why)) == OK) {
		size_t some = 1;

		for (got = 0; status == OK && some > 0; got += some)
			status = bundle_read(reader, part, sizeof part, &some, &why);
		if (status != OK)
			break;
		assert(got == size);
	}
	assert(status == NOT_FOUND || why.text[0] != '\0');
	bundle_close(reader);
	/* Read to its end, its checksum holds. */
	assert(status != NOT_FOUND || bundle_check(&files, "input", &is_encrypted, NULL) == OK);
}

static void fuzz_survivor(struct str input)
{
	static struct survivor once, twice; /* large */
	struct text out = text_new(SURVIVOR_LINES_MAX), again = text_new(SURVIVOR_LINES_MAX);

	if (survivor_read(input, &once) == OK) {
		survivor_write(&once, &out);
		if (!out.is_cut && survivor_read(text_str(&out), &twice) == OK) {
			survivor_write(&twice, &again);
			assert(str_eq(text_str(&out), text_str(&again)));
		}
	}
	text_fini(&out);
	text_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct str input = str_of(at, len);

	fuzz_bundle(input);
	fuzz_survivor(input);
	return 0;
}
