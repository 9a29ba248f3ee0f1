#include "deploy/main/symbols.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The whole file, mapped; nothing in it is believed to lie within it before it was looked at. */
struct symbols {
	const char *bytes;
	size_t size;
	const Elf64_Sym *table;
	uint64_t count;
	const char *names;
	uint64_t names_bytes;
};

static const void *part(const struct symbols *symbols, uint64_t offset, uint64_t bytes)
{
	return offset <= symbols->size && bytes <= symbols->size - offset ? symbols->bytes + offset
									  : NULL;
}

static bool find_table(struct symbols *symbols)
{
	const Elf64_Ehdr *head = part(symbols, 0, sizeof *head);
	const Elf64_Shdr *sections;

	if (head == NULL || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
	    head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_shentsize != sizeof *sections)
		return false;
	sections = part(symbols, head->e_shoff, (uint64_t)head->e_shnum * sizeof *sections);
	for (uint32_t i = 0; sections != NULL && i < head->e_shnum; i++) {
		const Elf64_Shdr *at = &sections[i];

		if (at->sh_type != SHT_SYMTAB || at->sh_link >= head->e_shnum)
			continue;
		symbols->table = part(symbols, at->sh_offset, at->sh_size);
		symbols->count = at->sh_size / sizeof *symbols->table;
		symbols->names_bytes = sections[at->sh_link].sh_size;
		symbols->names =
		    part(symbols, sections[at->sh_link].sh_offset, symbols->names_bytes);
		return symbols->table != NULL && symbols->names != NULL &&
		       symbols->names_bytes > 0 && symbols->names[symbols->names_bytes - 1] == '\0';
	}
	return false;
}

struct symbols *symbols_open(const char *program)
{
	struct symbols *symbols;
	struct stat stat;
	void *bytes = MAP_FAILED;
	int fd = open(program, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	if (fstat(fd, &stat) == 0 && stat.st_size > 0)
		bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (bytes == MAP_FAILED)
		return NULL;
	symbols = mem_new(struct symbols);
	symbols->bytes = bytes;
	symbols->size = (size_t)stat.st_size;
	if (find_table(symbols))
		return symbols;
	symbols_close(symbols);
	return NULL;
}

void symbols_close(struct symbols *symbols)
{
	if (symbols == NULL)
		return;
	munmap((void *)(uintptr_t)symbols->bytes, symbols->size);
	mem_free(symbols);
}

void symbols_print(const struct symbols *symbols, uint64_t place, struct text *out)
{
	for (uint64_t i = 0; symbols != NULL && i < symbols->count; i++) {
		const Elf64_Sym *at = &symbols->table[i];

		if (ELF64_ST_TYPE(at->st_info) != STT_FUNC || place < at->st_value ||
		    place - at->st_value >= at->st_size || at->st_name >= symbols->names_bytes)
			continue;
		text_printf(out, "%s+0x%jx", symbols->names + at->st_name,
			    (uintmax_t)(place - at->st_value));
		return;
	}
	text_printf(out, "0x%jx", (uintmax_t)place);
}
