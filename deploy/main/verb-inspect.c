/*
 * `troupe inspect`: how the hosts of a node ended, from what its root wrote down. Asks nobody, so that it also works on a node that is down.
 */
#include <stdio.h>

#include "deploy/main/command/data-dir.h"
#include "deploy/main/command/document.h"
#include "deploy/main/symbols.h"
#include "deploy/main/verb.h"
#include "runtime/loop/ends.h"
#include "runtime/loop/loop.h"

#define PAGE_MAX (1U * MIB)

struct inspection {
	struct arena *arena;
	struct end *ends;
	uint32_t count;
	struct symbols *symbols;
};

/* How often the same has happened: this actor in this host, or without a name the host in this way. */
static uint32_t times(const struct inspection *inspection, const struct end *end)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < inspection->count; i++) {
		const struct end *other = &inspection->ends[i];

		count += strcmp(other->host, end->host) == 0 &&
			 other->has_words == end->has_words && other->signal == end->signal &&
			 other->code == end->code &&
			 (!end->has_words || strcmp(other->words.actor, end->words.actor) == 0);
	}
	return count;
}

static struct str when(const struct inspection *inspection, const struct end *end)
{
	return time_print_micro((struct wall){ end->when_ns },
				arena_alloc(inspection->arena, TIME_TEXT));
}

static struct str how(const struct inspection *inspection, const struct end *end)
{
	struct text text = text_in(inspection->arena, 64);

	if (end->signal != 0)
		text_printf(&text, "%s", blackbox_signal_text(end->signal));
	else
		text_printf(&text, "exit code %d", end->code);
	return text_str(&text);
}

static struct str place(const struct inspection *inspection, uint64_t frame)
{
	struct text text = text_in(inspection->arena, 256);

	symbols_print(inspection->symbols, frame, &text);
	return text_str(&text);
}

/* ---- for people and for programs ------------------------------------------------------------------------ */

static void print_text(const struct inspection *inspection, struct text *out)
{
	if (inspection->count == 0)
		text_lit(out, "no host of this node has ended by itself\n");
	for (uint32_t i = 0; i < inspection->count; i++) {
		const struct end *end = &inspection->ends[i];
		struct str at = when(inspection, end), by = how(inspection, end);

		text_printf(out, STR_FMT "  host %s, process %jd, epoch %u: " STR_FMT, STR_ARG(at),
			    end->host, (intmax_t)end->pid, end->epoch, STR_ARG(by));
		if (end->has_words && end->words.class[0] != '\0')
			text_printf(out, " at 0x%jx in actor %s (%s), message %s",
				    (uintmax_t)end->words.address, end->words.actor,
				    end->words.class, end->words.type);
		if (inspection->count > 1)
			text_printf(out, "; %u of the last %u ends are such",
				    times(inspection, end), inspection->count);
		text_add_char(out, '\n');
		for (uint32_t n = 0; n < end->words.frame_count; n++) {
			struct str frame = place(inspection, end->words.frames[n]);

			text_printf(out, "      " STR_FMT "\n", STR_ARG(frame));
		}
	}
}

static void print_document(const struct inspection *inspection, struct document *doc)
{
	document_list(doc, "ends");
	for (uint32_t i = 0; i < inspection->count; i++) {
		const struct end *end = &inspection->ends[i];
		const struct blackbox_words *words = &end->words;
		bool is_named = end->has_words && words->class[0] != '\0';

		document_object(doc, NULL);
		document_str(doc, "when", when(inspection, end));
		document_str(doc, "host", str_from(end->host));
		document_u64(doc, "pid", (uint64_t)end->pid);
		document_u64(doc, "epoch", end->epoch);
		document_str(doc, "how", how(inspection, end));
		document_str(doc, "actor", is_named ? str_from(words->actor) : STR_NONE);
		document_str(doc, "class", is_named ? str_from(words->class) : STR_NONE);
		document_str(doc, "message", is_named ? str_from(words->type) : STR_NONE);
		document_u64(doc, "times", times(inspection, end));
		document_list(doc, "stack");
		for (uint32_t n = 0; n < words->frame_count; n++)
			document_str(doc, NULL, place(inspection, words->frames[n]));
		document_close(doc);
		document_close(doc);
	}
	document_close(doc);
}

static void print(const struct inspection *inspection, const char *form, struct text *out)
{
	struct document doc;

	if (strcmp(form, "text") == 0) {
		print_text(inspection, out);
		return;
	}
	doc = document_in(out, strcmp(form, "json") == 0 ? DOCUMENT_JSON : DOCUMENT_YAML);
	print_document(inspection, &doc);
	document_end(&doc);
}

int verb_inspect(const struct command_line *line)
{
	struct inspection inspection = { .arena = arena_new(0) };
	struct text page = text_new(PAGE_MAX);
	struct fault why = { 0 };
	struct node_identity identity;
	struct data_dir dir;
	int code = EXIT_DONE;
	enum status status = data_dir_find(command_text(line, "data-dir"), &dir, &why);

	if (status == OK)
		status = data_dir_read_identity(loop_files(), &dir, &identity, &why);
	if (status == NOT_FOUND) {
		code = command_failed("inspect: %s is no node's directory", dir.path);
	} else if (status != OK) {
		code = command_failed("inspect: %s", why.text);
	} else {
		/* None yet is an empty list. */
		(void)!ends_read(loop_files(), dir.path, inspection.arena, &inspection.ends,
				 &inspection.count);
		inspection.symbols = symbols_open("/proc/self/exe");
		print(&inspection, command_text(line, "output"), &page);
		fwrite(page.at, 1, page.len, stdout);
		symbols_close(inspection.symbols);
	}
	text_fini(&page);
	arena_free(inspection.arena);
	return code;
}
