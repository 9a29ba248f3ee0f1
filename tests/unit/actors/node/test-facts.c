#include "actors/node/facts.h"

#include "runtime/sim/sim.h"
#include "tests/lib/test.h"

static void put_file(const struct seams_files *files, const char *path, const char *text)
{
	struct seams_file *file;

	CHECK_STATUS(files->open(files->self, path, SEAMS_WRITE | SEAMS_CREATE, 0644, &file), OK);
	CHECK_STATUS(files->write(files->self, file, text, strlen(text), 0), OK);
	files->close(files->self, file);
}

static void put_folder(const struct seams_files *files, const char *path)
{
	char part[256];

	for (size_t i = 1; i <= strlen(path); i++)
		if (path[i] == '/' || path[i] == 0) {
			memcpy(part, path, i);
			part[i] = 0;
			files->mkdir(files->self, part, 0755);
		}
}

TEST(facts_are_what_the_kernel_says)
{
	struct act_sim *sim = act_sim_new(1);
	const struct seams_files *files = act_sim_files(sim, 1);
	struct facts facts;

	put_folder(files, "/proc/sys/kernel/random");
	put_folder(files, "/etc");
	put_folder(files, "/sys/kernel/mm/hugepages/hugepages-2048kB");
	put_file(files, "/proc/cpuinfo",
		 "processor\t: 0\nmodel name\t: x\n\nprocessor\t: 1\nmodel name\t: x\n");
	put_file(files, "/proc/meminfo",
		 "MemTotal:       16316412 kB\nMemFree: 1 kB\nSwapTotal:  2048 kB\n");
	put_file(files, "/proc/sys/kernel/osrelease", "6.1.0-28-amd64\n");
	put_file(files, "/proc/sys/kernel/random/boot_id", "b-1\n");
	put_file(files, "/etc/machine-id", "m-1\n");
	put_file(files, "/etc/os-release",
		 "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n");
	put_file(files, "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "4\n");
	facts_read(files, "/", test_arena(), &facts);
	CHECK_EQ(facts.cpus, 2);
	CHECK_EQ(facts.memory_bytes, 16316412ULL * KIB);
	CHECK_EQ(facts.swap_bytes, 2048ULL * KIB);
	CHECK_EQ(facts.huge_2m_bytes, 8ULL * MIB);
	CHECK_EQ(facts.huge_1g_bytes, 0);
	CHECK_STR(str_from(facts.kernel), "6.1.0-28-amd64");
	CHECK_STR(str_from(facts.boot_id), "b-1");
	CHECK_STR(str_from(facts.machine_id), "m-1");
	CHECK_STR(str_from(facts.system_uuid), "m-1");
	CHECK_STR(str_from(facts.os_image), "Debian GNU/Linux 12 (bookworm)");
	act_sim_free(sim);
}

TEST(what_cannot_be_read_is_left_out)
{
	struct act_sim *sim = act_sim_new(1);
	struct facts facts;

	facts_read(act_sim_files(sim, 1), "/none", test_arena(), &facts);
	CHECK_EQ(facts.cpus, 1);
	CHECK_EQ(facts.memory_bytes, 0);
	CHECK_STR(str_from(facts.kernel), "");
	CHECK_STR(str_from(facts.os_image), "Linux");
	CHECK(strlen(facts.architecture) > 0);
	act_sim_free(sim);
}
