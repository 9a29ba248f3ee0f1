#include "runtime/loop/calm/calm.h"

#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/base/mem.h"
#include "runtime/base/str.h"

#define PAGEMAP "/proc/self/pagemap"
#define STATM "/proc/self/statm"
#define PAGES_AT_ONCE 256U
#define STATM_BYTES 128U
/* The heap's free pages are searched for; of a large one for longer than a loop may stand still. */
#define HEAP_MAX_BYTES (128U * MIB)
#define HEAP_KEPT_BYTES (4U * MIB)

/* The kernel's Documentation/admin-guide/mm/pagemap.rst. */
#define PAGE_IS_OF_FILE (1ULL << 61)
#define PAGE_IS_SWAPPED (1ULL << 62)
#define PAGE_IS_PRESENT (1ULL << 63)

static uint64_t page_bytes(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t calm_resident_bytes(void)
{
	char words[STATM_BYTES];
	uint64_t pages;
	int fd = open(STATM, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, words, sizeof words);
	struct str rest;

	if (fd >= 0)
		close(fd);
	if (len <= 0)
		return 0;
	rest = str_of(words, (size_t)len);
	(void)str_cut(&rest, ' '); /* the first is how large it is, there or not */
	return str_to_u64(str_cut(&rest, ' '), &pages) == OK ? pages * page_bytes() : 0;
}

/* Every page of it that is there is the file's own. */
static bool is_unchanged(int pagemap, uint64_t first, uint64_t end)
{
	uint64_t pages[PAGES_AT_ONCE];

	while (first < end) {
		uint64_t count = end - first < PAGES_AT_ONCE ? end - first : PAGES_AT_ONCE;

		if (pread(pagemap, pages, count * sizeof pages[0],
			  (off_t)(first * sizeof pages[0])) != (ssize_t)(count * sizeof pages[0]))
			return false;
		for (uint64_t i = 0; i < count; i++)
			if ((pages[i] & (PAGE_IS_PRESENT | PAGE_IS_SWAPPED)) != 0 &&
			    (pages[i] & PAGE_IS_OF_FILE) == 0)
				return false;
		first += count;
	}
	return true;
}

/* What is never written, code and constants, is the file's; what the loader wrote to before it forbade it is not. */
static int give_back_object(struct dl_phdr_info *object, size_t size_bytes, void *arg)
{
	int pagemap = *(const int *)arg;
	uint64_t page = page_bytes();

	(void)size_bytes;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];
		uint64_t first = (object->dlpi_addr + part->p_vaddr) / page;
		uint64_t end = (object->dlpi_addr + part->p_vaddr + part->p_memsz + page - 1) / page;

		if (part->p_type != PT_LOAD || (part->p_flags & PF_W) != 0 ||
		    !is_unchanged(pagemap, first, end))
			continue;
		/* A kernel that does not want to is as good: nothing depends on it. */
		(void)madvise((void *)(uintptr_t)(first * page), (end - first) * page,
			      MADV_DONTNEED);
	}
	return 0;
}

void calm_give_back(void)
{
	int pagemap = open(PAGEMAP, O_RDONLY | O_CLOEXEC);

	if (calm_resident_bytes() < HEAP_MAX_BYTES)
		malloc_trim(0);
	if (pagemap < 0)
		return;
	dl_iterate_phdr(give_back_object, &pagemap);
	close(pagemap);
}

/* Larger than what the heap has free, so a mapping of its own, whose end sets the thresholds: of such mappings, and twice that of giving back. */
void calm_keep_heap(void)
{
	void *volatile never_touched =
	    mem_alloc(HEAP_KEPT_BYTES / 2); /* a compiler leaves out what is not used */

	mem_free(never_touched);
}

/* What the heap has to give away. */
static uint64_t free_bytes(void)
{
	return mallinfo2().fordblks;
}

/* Of a large heap nothing is searched for. */
static bool has_freed(const struct calm *calm, uint64_t bytes)
{
	return bytes < HEAP_MAX_BYTES && free_bytes() >= calm->free + CALM_GROWN_BYTES;
}

uint32_t calm_look(struct calm *calm)
{
	bool is_busy = calm->turns >= CALM_BUSY_TURNS;
	uint64_t bytes;

	calm->turns = 0;
	calm->is_asked = is_busy;
	if (is_busy)
		return CALM_LOOK_MS;
	bytes = calm_resident_bytes();
	if (calm->bytes != 0 && bytes < calm->bytes + CALM_GROWN_BYTES && !has_freed(calm, bytes))
		return 0;
	calm_give_back();
	calm->bytes = calm_resident_bytes();
	calm->free = calm->bytes < HEAP_MAX_BYTES ? free_bytes() : 0;
	return 0;
}
