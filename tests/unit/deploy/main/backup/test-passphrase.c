#include "deploy/main/backup/passphrase.h"

#include <stdio.h>
#include <sys/stat.h>

#include "tests/lib/test.h"

static const char *file_of(const char *text, unsigned mode)
{
	const char *path = arena_printf(test_arena(), "%s/word", test_folder()).at;
	FILE *file = fopen(path, "w");

	CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
	CHECK_EQ(chmod(path, mode), 0);
	return path;
}

TEST(a_passphrase_is_the_first_line_of_a_file_that_nobody_else_reads)
{
	struct fault why = { 0 };
	struct str word;

	CHECK_STATUS(passphrase_read(NULL, test_arena(), &word, &why), OK);
	CHECK(word.at == NULL);
	CHECK_STATUS(
	    passphrase_read(file_of("open sesame\nmore\n", 0600), test_arena(), &word, &why), OK);
	CHECK_STR(word, "open sesame");
	CHECK_STATUS(passphrase_read(file_of("x", 0640), test_arena(), &word, &why), INVALID);
	CHECK(str_find(str_from(why.text), STR("chmod 600")) >= 0);
	CHECK_STATUS(passphrase_read(file_of("\nsecond", 0600), test_arena(), &word, &why), INVALID);
	CHECK(str_find(str_from(why.text), STR("is empty")) >= 0);
	CHECK_STATUS(passphrase_read("/nowhere", test_arena(), &word, &why), NOT_FOUND);
	CHECK_STR(str_from(why.field), "--passphrase-file");
}
