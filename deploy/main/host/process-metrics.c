#include "deploy/main/host/process-metrics.h"

#include <unistd.h>

#include "runtime/base/base.h"

#define STAT_PATH "/proc/self/stat"
#define MACHINE_PATH "/proc/stat" /* its head is long on machines of many cores */
#define LIMITS_PATH "/proc/self/limits"
#define OPEN_PATH "/proc/self/fd"
#define TEXT_MAX (64U * KIB)

/* Of the fields behind the name, which stands in brackets: proc(5), from the third on. */
enum {
	FIELD_USER = 11,
	FIELD_SYSTEM = 12,
	FIELD_BEGAN = 19,
	FIELD_VIRTUAL = 20,
	FIELD_RESIDENT = 21
};
#define FIELDS 22

struct process_facts {
	double cpu_s, began_s, virtual_bytes, resident_bytes;
};

static struct str read_file(const struct seams_files *files, const char *path, struct arena *arena)
{
	char *text = arena_alloc(arena, TEXT_MAX);
	struct seams_file *file;
	size_t len = 0;

	if (files->open(files->self, path, SEAMS_READ, 0, &file) != OK)
		return STR_NONE;
	if (files->read(files->self, file, text, TEXT_MAX, 0, &len) != OK)
		len = 0;
	files->close(files->self, file);
	return str_of(text, len);
}

/* When the machine was started, in seconds of the world's clock. */
static bool read_boot(struct str text, uint64_t *out)
{
	static const struct str mark = { "btime ", sizeof "btime " - 1 };

	while (text.at != NULL) {
		struct str line = str_cut(&text, '\n');

		if (str_starts(line, mark))
			return str_to_u64(str_slice(line, mark.len, line.len), out) == OK;
	}
	return false;
}

static bool read_numbers(struct str text, uint64_t numbers[FIELDS])
{
	int64_t bracket = str_find_last(text, ')');

	if (bracket < 0 || (uint64_t)bracket + 2 > text.len)
		return false;
	text = str_slice(text, (uint32_t)bracket + 2, text.len);
	for (uint32_t i = 0; i < FIELDS; i++) {
		struct str word = str_cut(&text, ' ');

		if (str_to_u64(word, &numbers[i]) != OK)
			numbers[i] = 0; /* the state is a letter, some are below zero */
	}
	return text.at != NULL;
}

static bool look(const struct seams_files *files, struct process_facts *out)
{
	struct arena *arena = arena_new(0);
	uint64_t numbers[FIELDS], boot_s = 0;
	double ticks = (double)sysconf(_SC_CLK_TCK);
	bool is_read = read_numbers(read_file(files, STAT_PATH, arena), numbers) &&
		       read_boot(read_file(files, MACHINE_PATH, arena), &boot_s);

	arena_free(arena);
	if (!is_read)
		return false;
	*out = (struct process_facts){
		.cpu_s = (double)(numbers[FIELD_USER] + numbers[FIELD_SYSTEM]) / ticks,
		.began_s = (double)boot_s + (double)numbers[FIELD_BEGAN] / ticks,
		.virtual_bytes = (double)numbers[FIELD_VIRTUAL],
		.resident_bytes = (double)numbers[FIELD_RESIDENT] * (double)sysconf(_SC_PAGESIZE),
	};
	return true;
}

static void add(struct text *out, const char *name, const char *kind, const char *help,
		double value, const char *labels)
{
	metrics_head(out, name, kind, help);
	metrics_line(out, name, labels, value);
}

static void count_one(void *arg, struct str name)
{
	(void)name;
	++*(uint32_t *)arg;
}

/* A line of words and columns: "Max open files            1024                 4096                 files". */
static bool read_most_open(struct str text, uint64_t *out)
{
	static const struct str mark = { "Max open files", sizeof "Max open files" - 1 };

	while (text.at != NULL) {
		struct str line = str_cut(&text, '\n');

		if (str_starts(line, mark)) {
			line = str_trim(str_slice(line, mark.len, line.len));
			return str_to_u64(str_cut(&line, ' '), out) == OK;
		}
	}
	return false;
}

/* Files and connections: what a process runs out of when somebody does not close them. */
static void add_open(const struct seams_files *files, const char *labels, struct text *out)
{
	struct arena *arena = arena_new(0);
	uint32_t open = 0;
	uint64_t most;

	if (files->list(files->self, OPEN_PATH, count_one, &open) == OK && open > 0)
		add(out, "process_open_fds", "gauge", "Files and connections that it has open.",
		    open, labels);
	if (read_most_open(read_file(files, LIMITS_PATH, arena), &most))
		add(out, "process_max_fds", "gauge", "How many it may have.", (double)most, labels);
	arena_free(arena);
}

struct source {
	const struct seams_files *files;
	const char *labels;
};

static void collect(void *arg, struct metrics *metrics, struct text *out)
{
	const struct source *source = arg;
	const char *labels = source->labels;
	struct process_facts facts;

	(void)metrics;
	add_open(source->files, labels, out);
	if (!look(source->files, &facts))
		return;
	add(out, "process_cpu_seconds_total", "counter",
	    "Processor time that this process has used, of users and system.", facts.cpu_s, labels);
	add(out, "process_resident_memory_bytes", "gauge", "Memory that it has in use.",
	    facts.resident_bytes, labels);
	add(out, "process_virtual_memory_bytes", "gauge", "Memory that it may address.",
	    facts.virtual_bytes, labels);
	add(out, "process_start_time_seconds", "gauge", "When it began, since 1970.", facts.began_s,
	    labels);
}

void process_metrics_add(struct metrics *metrics, const struct seams_files *files,
			 const char *labels, struct arena *arena)
{
	struct source *source = arena_new_of(arena, struct source);

	*source = (struct source){ files, labels };
	metrics_on_write(metrics, collect, source);
}
