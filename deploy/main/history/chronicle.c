#include "deploy/main/history/chronicle.h"

#define FIELDS_SHOWN 3U
#define BY_MIN 8U
#define BY_MAX (4U * KIB)

static struct str printed_time(uint64_t at_s, char out[TIME_TEXT])
{
	return at_s > 0 ? time_print((struct wall){ (int64_t)at_s * TIME_S }, out) : STR("-");
}

static void field_text(const struct difference_field *field, struct text *out)
{
	if (field->was.at == NULL)
		text_printf(out, "+" STR_FMT ": " STR_FMT, STR_ARG(field->path), STR_ARG(field->is));
	else if (field->is.at == NULL)
		text_printf(out, "-" STR_FMT ": " STR_FMT, STR_ARG(field->path),
			    STR_ARG(field->was));
	else
		text_printf(out, STR_FMT ": " STR_FMT " -> " STR_FMT, STR_ARG(field->path),
			    STR_ARG(field->was), STR_ARG(field->is));
}

void chronicle_fields(const struct difference *difference, uint32_t most, const char *between,
		      struct text *out)
{
	uint32_t shown = difference->count < most ? difference->count : most;
	uint32_t left = difference->count - shown + difference->more;

	for (uint32_t i = 0; i < shown; i++) {
		if (i > 0)
			text_add(out, str_from(between));
		field_text(&difference->fields[i], out);
	}
	if (left > 0)
		text_printf(out, "%sand %u more", between, left);
}

static void change_text(const struct chronicle_version *version, struct text *out)
{
	if (version->is_delete)
		text_lit(out, "deleted");
	else if (version->is_first)
		text_lit(out, "made");
	else if (version->is_blind)
		text_lit(out, "(what was before is not here)");
	else if (version->difference.count == 0)
		text_lit(out, "nothing but bookkeeping");
	else
		chronicle_fields(&version->difference, FIELDS_SHOWN, "; ", out);
}

/* "alice, with kubectl-edit"; "-": nobody says so. */
static void by_text(const struct chronicle_version *version, struct text *out)
{
	text_clear(out);
	text_add(out, version->user);
	if (version->user.len > 0 && version->by.len > 0)
		text_lit(out, ", with ");
	text_add(out, version->by);
	if (out->len == 0)
		text_add_char(out, '-');
}

static uint32_t by_width(const struct chronicle *chronicle, struct text *by)
{
	uint32_t width = BY_MIN;

	for (uint32_t i = 0; i < chronicle->count; i++) {
		by_text(&chronicle->versions[i], by);
		if (by->len > width)
			width = by->len;
	}
	return width;
}

void chronicle_text(const struct chronicle *chronicle, struct text *out)
{
	char time[TIME_TEXT];
	struct text by = text_new(BY_MAX);
	uint32_t width = by_width(chronicle, &by);

	text_printf(out, "%-10s %-20s  %-*s  %s\n", "REVISION", "TIME", (int)width, "BY", "CHANGE");
	for (uint32_t i = 0; i < chronicle->count; i++) {
		const struct chronicle_version *version = &chronicle->versions[i];
		struct str at = printed_time(version->at_s, time);

		by_text(version, &by);
		text_printf(out, "%-10ju %-20.*s  %-*.*s  ", (uintmax_t)version->revision,
			    (int)at.len, at.at, (int)width, (int)by.len, text_str(&by).at);
		change_text(version, out);
		text_add_char(out, '\n');
	}
	text_fini(&by);
	if (chronicle->more)
		text_lit(out, "there are older ones: --limit N shows more\n");
	text_printf(out, "this node keeps what was since revision %ju",
		    (uintmax_t)chronicle->oldest);
	if (chronicle->since_s != 0)
		text_printf(out, " (" STR_FMT ")", STR_ARG(printed_time(chronicle->since_s, time)));
	text_add_char(out, '\n');
}

static void document_fields(const struct difference *difference, struct document *doc)
{
	document_list(doc, "fields");
	for (uint32_t i = 0; i < difference->count; i++) {
		document_object(doc, NULL);
		document_str(doc, "path", difference->fields[i].path);
		document_str(doc, "was", difference->fields[i].was);
		document_str(doc, "is", difference->fields[i].is);
		document_close(doc);
	}
	document_close(doc);
	document_u64(doc, "more", difference->more);
}

void chronicle_document(const struct chronicle *chronicle, struct document *doc)
{
	char time[TIME_TEXT];

	document_str(doc, "object", chronicle->what);
	document_u64(doc, "oldest", chronicle->oldest);
	document_str(doc, "since",
		     chronicle->since_s > 0 ? printed_time(chronicle->since_s, time) : STR_NONE);
	document_bool(doc, "more", chronicle->more);
	document_list(doc, "versions");
	for (uint32_t i = 0; i < chronicle->count; i++) {
		const struct chronicle_version *version = &chronicle->versions[i];

		document_object(doc, NULL);
		document_u64(doc, "revision", version->revision);
		document_str(doc, "time",
			     version->at_s > 0 ? printed_time(version->at_s, time) : STR_NONE);
		document_str(doc, "by", version->by);
		if (version->user.len > 0)
			document_str(doc, "user", version->user);
		document_str(doc, "change",
			     version->is_delete  ? STR("deleted")
			     : version->is_first ? STR("made")
			     : version->is_blind ? STR_NONE
						 : STR("changed"));
		if (!version->is_delete && !version->is_first && !version->is_blind)
			document_fields(&version->difference, doc);
		document_close(doc);
	}
	document_close(doc);
}
