#include "runtime/loop/ends.h"

#include <stdio.h>

#include "runtime/base/base.h"

#define LINE_MAX_BYTES 1024U
#define FILE_MAX_BYTES (ENDS_MAX * LINE_MAX_BYTES)
#define PATH_MAX_BYTES 1200U
#define SEPARATOR '\t'

/* ---- one line --------------------------------------------------------------------------------------------- */

/* Fields in this order; the last one is a list of hexadecimal numbers. Names have no tabs, since those are cut out. */
enum field { HOST, WHEN, PID, EPOCH, CODE, SIGNAL, ACTOR, CLASS, TYPE, ADDRESS, FRAMES, FIELDS };

static void add_name(struct text *out, const char *name)
{
	text_add_char(out, SEPARATOR);
	for (; *name != '\0'; name++)
		text_add_char(out, (unsigned char)*name < ' ' ? '?' : *name);
}

static void write_line(const struct end *end, struct text *out)
{
	const struct blackbox_words *words = &end->words;

	text_printf(out, "%s\t%jd\t%jd\t%u\t%d\t%d", end->host, (intmax_t)end->when_ns,
		    (intmax_t)end->pid, end->epoch, end->code, end->signal);
	add_name(out, end->has_words ? words->actor : "");
	add_name(out, end->has_words ? words->class : "");
	add_name(out, end->has_words ? words->type : "");
	text_printf(out, "\t%jx\t", (uintmax_t)words->address);
	for (uint32_t i = 0; end->has_words && i < words->frame_count; i++)
		text_printf(out, "%s%jx", i > 0 ? " " : "", (uintmax_t)words->frames[i]);
	text_add_char(out, '\n');
}

static void take_name(char *out, size_t size, struct str field)
{
	snprintf(out, size, STR_FMT, STR_ARG(field));
}

static bool read_number(struct str field, int64_t *out)
{
	return str_to_i64(field, out) == OK;
}

static bool read_hex(struct str field, uint64_t *out)
{
	*out = 0;
	for (uint32_t i = 0; i < field.len; i++) {
		char c = field.at[i];
		uint64_t digit = c >= '0' && c <= '9'   ? (uint64_t)(c - '0')
				 : c >= 'a' && c <= 'f' ? (uint64_t)(c - 'a' + 10)
							: 16;

		if (digit == 16 || i == 16)
			return false;
		*out = *out << 4 | digit;
	}
	return field.len > 0;
}

static bool read_frames(struct str field, struct blackbox_words *out)
{
	while (field.at != NULL && field.len > 0) {
		if (out->frame_count == BLACKBOX_FRAMES ||
		    !read_hex(str_cut(&field, ' '), &out->frames[out->frame_count++]))
			return false;
	}
	return true;
}

static bool read_line(struct str line, struct end *out)
{
	struct str fields[FIELDS] = { 0 };
	int64_t numbers[SIGNAL + 1] = { 0 };

	*out = (struct end){ .when_ns = 0 };
	for (int i = 0; i < FIELDS; i++)
		fields[i] = str_cut(&line, SEPARATOR);
	for (int i = WHEN; i <= SIGNAL; i++)
		if (fields[i].at == NULL || !read_number(fields[i], &numbers[i]))
			return false;
	take_name(out->host, sizeof out->host, fields[HOST]);
	out->when_ns = numbers[WHEN];
	out->pid = numbers[PID];
	out->epoch = (uint16_t)numbers[EPOCH];
	out->code = (int32_t)numbers[CODE];
	out->signal = (int32_t)numbers[SIGNAL];
	take_name(out->words.actor, sizeof out->words.actor, fields[ACTOR]);
	take_name(out->words.class, sizeof out->words.class, fields[CLASS]);
	take_name(out->words.type, sizeof out->words.type, fields[TYPE]);
	out->words.signal = out->signal;
	out->words.when_ns = out->when_ns;
	out->has_words = fields[TYPE].len > 0;
	return read_hex(fields[ADDRESS], &out->words.address) &&
	       read_frames(fields[FRAMES], &out->words);
}

/* ---- the file ----------------------------------------------------------------------------------------------- */

static void path_of(const char *folder, const char *name, char out[PATH_MAX_BYTES])
{
	snprintf(out, PATH_MAX_BYTES, "%s/%s", folder, name);
}

/* What is in the file; empty if there is none. */
static enum status read_file(const struct seams_files *files, const char *folder, struct text *out)
{
	struct seams_file *file;
	char path[PATH_MAX_BYTES];
	char *bytes;
	size_t len = 0;

	path_of(folder, "ends", path);
	TRY(files->open(files->self, path, SEAMS_READ, 0, &file));
	bytes = mem_alloc(FILE_MAX_BYTES);
	if (files->read(files->self, file, bytes, FILE_MAX_BYTES, 0, &len) == OK)
		text_add(out, str_of(bytes, len));
	mem_free(bytes);
	files->close(files->self, file);
	return OK;
}

static uint32_t count_lines(struct str text)
{
	uint32_t lines = 0;

	for (uint32_t i = 0; i < text.len; i++)
		lines += text.at[i] == '\n';
	return lines;
}

void ends_add(const struct seams_files *files, const char *folder, const struct end *end)
{
	struct text text = text_new(FILE_MAX_BYTES + LINE_MAX_BYTES);
	char path[PATH_MAX_BYTES], next[PATH_MAX_BYTES];
	struct seams_file *file;
	struct str rest;
	bool is_written;

	path_of(folder, "ends", path);
	path_of(folder, "ends.new", next);
	(void)!read_file(files, folder, &text);
	write_line(end, &text);
	rest = text_str(&text);
	while (count_lines(rest) > ENDS_MAX || rest.len > FILE_MAX_BYTES)
		(void)str_cut(&rest, '\n');
	if (files->open(files->self, next, SEAMS_WRITE | SEAMS_CREATE | SEAMS_TRUNCATE, 0600,
			&file) == OK) {
		is_written = files->write(files->self, file, rest.at, rest.len, 0) == OK;
		files->close(files->self, file);
		/* In one step: whoever reads sees the one or the other. */
		if (is_written)
			(void)!files->rename(files->self, next, path);
	}
	text_fini(&text);
}

enum status ends_read(const struct seams_files *files, const char *folder, struct arena *arena,
		      struct end **out, uint32_t *out_count)
{
	struct text text = text_new(FILE_MAX_BYTES);
	enum status status = read_file(files, folder, &text);
	struct str rest = text_str(&text);

	if (status == OK) {
		*out = arena_array(arena, struct end, ENDS_MAX);
		*out_count = 0;
		while (rest.at != NULL && rest.len > 0 && *out_count < ENDS_MAX)
			*out_count += read_line(str_cut(&rest, '\n'), &(*out)[*out_count]);
	}
	text_fini(&text);
	return status;
}

/* ---- for people ---------------------------------------------------------------------------------------------- */

void end_print(const struct end *end, struct text *out)
{
	if (end->has_words)
		blackbox_print(&end->words, out);
	else if (end->signal != 0)
		text_printf(out, "signal %d", end->signal);
	else
		text_printf(out, "exit code %d", end->code);
}
