#include "actors/kinds/access/pem.h"

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"

static struct str from(struct str s, int64_t at)
{
	return str_slice(s, (uint32_t)at, s.len);
}

/* A block begins at the beginning of a line. */
static int64_t find_begin(struct str text)
{
	int64_t at;

	if (str_starts(text, STR(BEGIN)))
		return 0;
	at = str_find(text, STR("\n" BEGIN));
	return at < 0 ? -1 : at + 1;
}

bool pem_next(struct str *rest, struct pem_block *out)
{
	int64_t begin, label_end, end, line_end;
	struct str text, end_line, body;

	while ((begin = find_begin(*rest)) >= 0) {
		text = from(*rest, begin);
		*rest = from(text, sizeof BEGIN - 1);
		label_end = str_find(*rest, STR(DASHES));
		line_end = str_find_char(*rest, '\n');
		if (label_end < 0 || line_end < label_end)
			continue;
		out->label = str_slice(*rest, 0, (uint32_t)label_end);
		body = from(*rest, line_end + 1);
		end = str_find(body, STR(END));
		end_line = end < 0 ? STR_NONE : from(body, end + (int64_t)sizeof END - 1);
		if (end < 0 || !str_starts(end_line, out->label) ||
		    !str_starts(from(end_line, out->label.len), STR(DASHES)))
			continue;
		out->has_headers = str_find_char(str_slice(body, 0, (uint32_t)end), ':') >= 0;
		*rest = from(end_line, out->label.len + sizeof DASHES - 1);
		out->text = str_slice(text, 0, (uint32_t)(rest->at - text.at));
		return true;
	}
	return false;
}
