#include <stdio.h>

#include "deploy/main/admin/overview.h"

/*
 * The tree of all actors, drawn:
 *
 *     n1                        running
 *     ├─ core                   running   0   0/12   4711   12.3   -   14.2M   pid 17
 *     │  └─ store               idle      ...
 *     └─ control                silent
 *     n2                        DOES NOT ANSWER
 *
 * Names are padded to the width of the longest, so that the figures stand in columns.
 */

#define DEPTH_MAX 24U
#define WIDTH_MIN 24U
#define WIDTH_MAX 100U

static uint32_t depth_of(struct str path)
{
	uint32_t depth = 0;

	for (uint32_t i = 0; i < path.len; i++)
		depth += path.at[i] == '/';
	return depth < DEPTH_MAX ? depth : DEPTH_MAX - 1;
}

static struct str last_of(struct str path)
{
	int64_t slash = str_find_last(path, '/');

	return str_slice(path, (uint32_t)(slash + 1), path.len);
}

/* Each level takes three columns, whatever bytes it takes. */
static uint32_t width_of(const struct inspect_row *row)
{
	return 3 * (depth_of(row->path) + 1) + last_of(row->path).len;
}

/* That of the longest name, and a blank. */
static uint32_t name_width(const struct overview *overview)
{
	uint32_t most = WIDTH_MIN;

	for (uint32_t i = 0; i < overview->node_count; i++) {
		const struct overview_node *node = &overview->nodes[i];

		most = most < node->name.len ? node->name.len : most;
		for (uint32_t j = 0; j < node->row_count; j++)
			if (most < width_of(&node->rows[j]))
				most = width_of(&node->rows[j]);
	}
	return (most < WIDTH_MAX ? most : WIDTH_MAX) + 1;
}

/* For each row, whether no brother follows it: seen from the end. */
static bool *last_rows(const struct overview_node *node, struct arena *arena)
{
	bool *is_last = arena_array(arena, bool, node->row_count + 1);
	bool follows[DEPTH_MAX + 1] = { false };

	for (uint32_t i = node->row_count; i-- > 0;) {
		uint32_t depth = depth_of(node->rows[i].path);

		is_last[i] = !follows[depth];
		follows[depth] = true;
		for (uint32_t below = depth + 1; below < DEPTH_MAX; below++)
			follows[below] = false;
	}
	return is_last;
}

static void draw_branch(struct text *out, const struct inspect_row *row, const bool *is_open,
			bool is_last, uint32_t name_width)
{
	uint32_t width = width_of(row);

	for (uint32_t above = 0; above < depth_of(row->path); above++)
		text_add(out, is_open[above] ? STR("│  ") : STR("   "));
	text_add(out, is_last ? STR("└─ ") : STR("├─ "));
	text_add(out, last_of(row->path));
	do
		text_add_char(out, ' ');
	while (++width < name_width);
}

static void draw_amount(struct text *out, uint64_t bytes)
{
	char amount[32];

	if (bytes < 1024)
		snprintf(amount, sizeof amount, "%ju", (uintmax_t)bytes);
	else if (bytes < 1024 * 1024)
		snprintf(amount, sizeof amount, "%juK", (uintmax_t)(bytes / 1024));
	else
		snprintf(amount, sizeof amount, "%.1fM", (double)bytes / 1024 / 1024);
	text_printf(out, "%8s", amount);
}

static void draw_figures(struct text *out, const struct inspect_row *row)
{
	char mailbox[48], p99[32] = "-";

	if (row->run_p99_ns > 0)
		snprintf(p99, sizeof p99, row->run_p99_ns < 10000000 ? "%.2f" : "%.0f",
			 (double)row->run_p99_ns / 1e6);
	snprintf(mailbox, sizeof mailbox, "%ju/%ju", (uintmax_t)row->mailbox,
		 (uintmax_t)row->mailbox_high);
	text_printf(out, "%-8.*s %8ju %9s %9ju %7.1f %7s ", STR_ARG(row->state),
		    (uintmax_t)row->restarts, mailbox, (uintmax_t)row->messages, row->rate, p99);
	draw_amount(out, row->memory_bytes);
	if (row->last_reason.len > 0)
		text_printf(out, "  " STR_FMT, STR_ARG(row->last_reason));
	if (row->pid != 0)
		text_printf(out, "%s", row->last_reason.len > 0 ? ", now " : "  ");
	if (row->pid != 0)
		text_printf(out, "pid %ju", (uintmax_t)row->pid);
	text_add_char(out, '\n');
}

static void draw_node(struct text *out, const struct overview_node *node, const bool *is_last,
		      uint32_t name_width)
{
	bool is_open[DEPTH_MAX] = { false };

	text_printf(out, "%-*.*s%s\n", (int)name_width, STR_ARG(node->name),
		    node->has_answered ? "running" : "DOES NOT ANSWER");
	for (uint32_t i = 0; i < node->row_count; i++) {
		const struct inspect_row *row = &node->rows[i];

		is_open[depth_of(row->path)] = !is_last[i];
		draw_branch(out, row, is_open, is_last[i], name_width);
		if (str_is(row->state, "silent"))
			text_lit(out, "DOES NOT ANSWER\n");
		else
			draw_figures(out, row);
	}
}

void overview_tree_text(const struct overview *overview, struct text *out)
{
	uint32_t width = name_width(overview);

	text_printf(out, "%-*s%-8s %8s %9s %9s %7s %7s %8s  %s\n", (int)width, "ACTOR", "STATE",
		    "RESTARTS", "MAILBOX", "MESSAGES", "MSG/S", "P99/MS", "MEMORY", "LAST REASON");
	for (uint32_t i = 0; i < overview->node_count; i++)
		draw_node(out, &overview->nodes[i], last_rows(&overview->nodes[i], overview->arena),
			  width);
}

static void row_document(const struct inspect_row *row, struct document *doc)
{
	document_object(doc, NULL);
	document_str(doc, "path", row->path);
	document_str(doc, "class", row->class_name);
	document_str(doc, "state", row->state);
	document_u64(doc, "restarts", row->restarts);
	document_str(doc, "last_reason", row->last_reason);
	document_u64(doc, "mailbox", row->mailbox);
	document_u64(doc, "mailbox_high", row->mailbox_high);
	document_u64(doc, "messages", row->messages);
	document_tenths(doc, "messages_per_second", row->rate);
	document_u64(doc, "run_us", row->run_us);
	document_u64(doc, "run_p99_ns", row->run_p99_ns);
	document_u64(doc, "memory_bytes", row->memory_bytes);
	document_u64(doc, "age_ms", row->age_ms);
	if (row->pid != 0)
		document_u64(doc, "pid", row->pid);
	document_close(doc);
}

void overview_tree_document(const struct overview *overview, struct document *doc)
{
	document_list(doc, "nodes");
	for (uint32_t i = 0; i < overview->node_count; i++) {
		const struct overview_node *node = &overview->nodes[i];

		document_object(doc, NULL);
		document_str(doc, "name", node->name);
		document_bool(doc, "answers", node->has_answered);
		document_list(doc, "actors");
		for (uint32_t j = 0; j < node->row_count; j++)
			row_document(&node->rows[j], doc);
		document_close(doc);
		document_close(doc);
	}
	document_close(doc);
}
