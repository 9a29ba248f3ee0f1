#include "actors/audit/audit-cut.h"

#include "transport/wire/json.h"

#define MARK "\"audit.k8s.io/truncated\":\"true\""
#define MORE_MAX 256U

/* {"a":"b"} with one member more. */
static void add_annotations(struct text *out, struct str raw)
{
	struct str inner = raw.len > 2 ? str_slice(raw, 1, raw.len - 1) : STR("");

	text_lit(out, "{" MARK);
	if (str_trim(inner).len > 0)
		text_printf(out, "," STR_FMT, STR_ARG(inner));
	text_add_char(out, '}');
}

struct str audit_cut(struct str event, uint64_t bytes_max, struct arena *arena)
{
	struct text out = text_in(arena, event.len + MORE_MAX);
	struct json in = json_of(event);
	struct str name, raw;
	bool has_annotations = false, is_first = true;

	if (event.len <= bytes_max)
		return event;
	if (json_peek(&in) != JSON_OBJECT)
		return STR_NONE;
	text_add_char(&out, '{');
	for (json_enter(&in); json_member(&in, arena, &name);) {
		if (!json_skip(&in, &raw) || str_is(name, "requestObject") ||
		    str_is(name, "responseObject"))
			continue;
		json_write_name(&out, name, is_first);
		is_first = false;
		if (str_is(name, "annotations") && str_starts(raw, STR("{"))) {
			has_annotations = true;
			add_annotations(&out, raw);
		} else {
			text_add(&out, raw);
		}
	}
	if (!has_annotations) {
		json_write_name(&out, STR("annotations"), is_first);
		text_lit(&out, "{" MARK "}");
	}
	text_add_char(&out, '}');
	if (json_end(&in, NULL) != OK || out.is_cut || out.len > bytes_max)
		return STR_NONE;
	return text_str(&out);
}
