#include "actors/node/facts.h"

#define FILE_MAX_BYTES (256U * KIB) /* /proc/cpuinfo of a big machine */

/* A file of /proc says its size is 0: it is read until nothing more comes. */
static struct str read_all(const struct seams_files *files, const char *path, struct arena *arena)
{
	struct seams_file *file = NULL;
	char *at;
	size_t len = 0, got = 0;

	if (files->open(files->self, path, SEAMS_READ, 0, &file) != OK)
		return STR("");
	at = arena_alloc(arena, FILE_MAX_BYTES);
	while (len < FILE_MAX_BYTES &&
	       files->read(files->self, file, at + len, FILE_MAX_BYTES - len, len, &got) == OK &&
	       got > 0)
		len += got;
	files->close(files->self, file);
	return str_of(at, len);
}

static const char *read_line(const struct seams_files *files, const char *path,
			     struct arena *scratch, struct arena *arena)
{
	struct str rest = read_all(files, path, scratch);

	return arena_cstr(arena, str_trim(str_cut(&rest, '\n')));
}

/* What follows `key` at the beginning of a line; absent if there is none. */
static struct str value_of(struct str text, struct str key)
{
	struct str rest = text;

	while (rest.at != NULL) {
		struct str line = str_cut(&rest, '\n');

		if (str_starts(line, key))
			return str_trim(str_slice(line, key.len, line.len));
	}
	return STR_NONE;
}

static uint32_t count_lines(struct str text, struct str prefix)
{
	struct str rest = text;
	uint32_t count = 0;

	while (rest.at != NULL)
		count += str_starts(str_cut(&rest, '\n'), prefix);
	return count;
}

/* "MemTotal:  16316412 kB" */
static uint64_t kib_of(struct str text, struct str key)
{
	struct str value = value_of(text, key);
	uint64_t kib = 0;

	if (value.at == NULL || str_to_u64(str_cut(&value, ' '), &kib) != OK)
		return 0;
	return kib * KIB;
}

static uint64_t huge_bytes(const struct seams_files *files, const char *path, uint64_t page_bytes,
			   struct arena *scratch)
{
	uint64_t pages;

	if (str_to_u64(str_trim(read_all(files, path, scratch)), &pages) != OK)
		return 0;
	return pages * page_bytes;
}

static const char *os_image(const struct seams_files *files, struct arena *scratch,
			    struct arena *arena)
{
	struct str name =
	    value_of(read_all(files, "/etc/os-release", scratch), STR("PRETTY_NAME="));

	if (name.len >= 2 && name.at[0] == '"')
		name = str_slice(name, 1, name.len - 1);
	return arena_cstr(arena, name.len > 0 ? name : STR("Linux"));
}

static const char *architecture(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#elif defined(__arm__)
	return "arm";
#elif defined(__riscv)
	return "riscv64";
#elif defined(__powerpc64__)
	return "ppc64le";
#elif defined(__s390x__)
	return "s390x";
#else
	return "386";
#endif
}

void facts_read(const struct seams_files *files, const char *folder, struct arena *arena,
		struct facts *out)
{
	static const char huge[] = "/sys/kernel/mm/hugepages/hugepages-";
	struct arena *scratch = arena_new(0);
	struct str memory = read_all(files, "/proc/meminfo", scratch);
	struct facts facts = { .architecture = architecture() };

	facts.cpus = count_lines(read_all(files, "/proc/cpuinfo", scratch), STR("processor"));
	if (facts.cpus == 0)
		facts.cpus = 1;
	facts.memory_bytes = kib_of(memory, STR("MemTotal:"));
	facts.swap_bytes = kib_of(memory, STR("SwapTotal:"));
	if (files->free_bytes(files->self, folder, &facts.storage_bytes) != OK)
		facts.storage_bytes = 0;
	facts.huge_2m_bytes = huge_bytes(
	    files, arena_printf(scratch, "%s2048kB/nr_hugepages", huge).at, 2 * MIB, scratch);
	facts.huge_1g_bytes = huge_bytes(
	    files, arena_printf(scratch, "%s1048576kB/nr_hugepages", huge).at, 1024 * MIB, scratch);
	facts.machine_id = read_line(files, "/etc/machine-id", scratch, arena);
	facts.system_uuid = read_line(files, "/sys/class/dmi/id/product_uuid", scratch, arena);
	facts.boot_id = read_line(files, "/proc/sys/kernel/random/boot_id", scratch, arena);
	facts.kernel = read_line(files, "/proc/sys/kernel/osrelease", scratch, arena);
	facts.os_image = os_image(files, scratch, arena);
	if (facts.system_uuid[0] == 0)
		facts.system_uuid = facts.machine_id;
	arena_free(scratch);
	*out = facts;
}
