/*
 * The configuration of encryption is read again when it changes; one that is wrong then changes nothing.
 */
#include <stdio.h>

#include "deploy/main/api/encryption-file.h"
#include "tests/unit/actors/server/rig.h"

static const char *path_of(void)
{
	return arena_printf(test_arena(), "%s/encryption.yaml", test_folder()).at;
}

static void write_file(const char *key)
{
	FILE *file = fopen(path_of(), "we");

	CHECK(file != NULL);
	fprintf(
	    file,
	    "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n"
	    "- resources: [secrets]\n  providers:\n  - aesgcm: {keys: [{name: %s, secret: "
	    "MDEyMzQ1Njc4OWFiY2RlZg==}]}\n  - identity: {}\n",
	    key);
	fclose(file);
}

TEST(a_configuration_of_encryption_that_changes_counts_and_a_wrong_one_does_not)
{
	static struct encryption_file file;
	static const struct act_child children[] = {
		{ .id = "encryption-file", .class = &reload_class, .args = &file.reload }
	};
	struct encryption *encryption = &file.encryption;
	const struct encryption_set *first;
	struct fault why = { 0 };
	struct rig *rig;

	write_file("one");
	CHECK_STATUS(encryption_file_load(&file, path_of(), test_arena(), &why), OK);
	file.reload.every_ms = 100;
	first = encryption->set;
	rig = rig_open_with(NULL, children, 1);
	rig_run(rig, 500);
	CHECK(encryption->set == first); /* the same words are no change */
	write_file("two");
	rig_run(rig, 500);
	CHECK(encryption->set != first);
	CHECK_STR(encryption->set->rules[0].providers[0].prefix, "k8s:enc:aesgcm:v1:two:");
	write_file("a:b");
	rig_run(rig, 500);
	CHECK_STR(encryption->set->rules[0].providers[0].prefix, "k8s:enc:aesgcm:v1:two:");
	rig_close(rig);
	arena_free(encryption->arena);
}
