#include "actors/server/proxy/rewrite.h"

#include "runtime/base/base.h"
#include "transport/wire/gzip.h"

#define NAME_MAX_BYTES 16U /* longer than any element or attribute that matters */

enum html {
	HTML_TEXT,
	HTML_LESS,     /* behind `<` */
	HTML_END,      /* behind `</` */
	HTML_BANG,     /* behind `<!`, and as many dashes */
	HTML_COMMENT,  /* until `-->` */
	HTML_MARKUP,   /* until `>` */
	HTML_TAG,      /* in the element's name */
	HTML_BEFORE,   /* before an attribute's name */
	HTML_NAME,     /* in it */
	HTML_AFTER,    /* behind it, before `=` */
	HTML_EQUALS,   /* behind that */
	HTML_VALUE,    /* in a value */
	HTML_RAW,      /* in what is no HTML: a script */
	HTML_RAW_LESS, /* behind `<` there */
	HTML_RAW_END,  /* behind `</` there, and as much of the element's name */
	HTML_PLAIN,    /* no HTML any more */
};

struct rewrite {
	struct arena *arena;
	struct str prefix, host, target;
	bool is_packed, is_given_up;
	struct text packed;

	enum html state;
	char element[NAME_MAX_BYTES], attribute[NAME_MAX_BYTES];
	uint32_t element_len, attribute_len;
	uint32_t count; /* dashes, or letters that are met */
	char quote;     /* of the value; 0: it has none */
	bool is_end_tag, is_link;
	uint32_t link_len;
	char link[REWRITE_LINK_MAX];
};

struct rewrite *rewrite_new(struct arena *arena, struct str prefix, struct str host,
			    struct str target)
{
	struct rewrite *rewrite = arena_new_of(arena, struct rewrite);

	rewrite->arena = arena;
	rewrite->prefix = prefix;
	rewrite->host = host;
	rewrite->target = target;
	return rewrite;
}

/* ---- one link ----------------------------------------------------------------------------------------------------- */

struct str rewrite_clean(struct arena *arena, struct str path)
{
	struct text out = text_in(arena, path.len + 2);
	struct str rest = path, all;

	while (rest.at != NULL) {
		struct str part = str_cut(&rest, '/');

		if (part.len == 0 || str_is(part, "."))
			continue;
		if (str_is(part, "..")) {
			all = text_str(&out);
			out.len = (uint32_t)(all.len > 0 ? str_find_last(all, '/') : 0);
			continue;
		}
		text_add_char(&out, '/');
		text_add(&out, part);
	}
	if (out.len == 0 || str_ends(path, STR("/")))
		text_add_char(&out, '/');
	return text_str(&out);
}

struct link {
	struct str before; /* scheme and host, as they are written */
	struct str host, path, after;
};

/* False: it says something else than where. */
static bool link_parse(struct str text, struct link *out)
{
	uint32_t at = 0, begin, end;
	char c;

	*out = (struct link){ .before = str_slice(text, 0, 0) };
	while (at < text.len &&
	       (c = text.at[at],
		(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (at > 0 && ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'))))
		at++;
	at = at > 0 && at < text.len && text.at[at] == ':' ? at + 1 : 0;
	if (str_starts(str_slice(text, at, text.len), STR("//"))) {
		begin = at += 2;
		while (at < text.len && strchr("/?#", text.at[at]) == NULL)
			at++;
		out->host = str_slice(text, begin, at);
		out->before = str_slice(text, 0, at);
		if (str_find_last(out->host, '@') >= 0)
			out->host = str_slice(
			    out->host, (uint32_t)str_find_last(out->host, '@') + 1, out->host.len);
	} else {
		out->before = str_slice(text, 0, at);
	}
	for (end = at; end < text.len && strchr("?#", text.at[end]) == NULL;)
		end++;
	out->path = str_slice(text, at, end);
	out->after = str_slice(text, end, text.len);
	return str_starts(out->path, STR("/"));
}

/* As it is, or in the arena. */
static struct str rewritten(const struct rewrite *rewrite, struct arena *arena, struct str text)
{
	struct link link;
	struct str path;

	if (!link_parse(text, &link))
		return text;
	if (link.host.len > 0 && !str_eq(link.host, rewrite->target) &&
	    !str_eq(link.host, rewrite->host))
		return text;
	if (link.host.len == 0 || !str_eq(link.host, rewrite->host))
		link.before = STR("");
	path = link.path;
	if (!str_starts(path, rewrite->prefix))
		path = rewrite_clean(arena, arena_printf(arena, STR_FMT STR_FMT,
							 STR_ARG(rewrite->prefix), STR_ARG(path)));
	return arena_printf(arena, STR_FMT STR_FMT STR_FMT, STR_ARG(link.before), STR_ARG(path),
			    STR_ARG(link.after));
}

/* ---- headers --------------------------------------------------------------------------------------------------------- */

static bool is_html(struct str type)
{
	return str_is(str_trim(str_cut(&type, ';')), "text/html");
}

bool rewrite_begin(struct rewrite *rewrite, struct http_headers *headers)
{
	static const char *const opens[] = { "access-control-allow-credentials",
					     "access-control-allow-headers",
					     "access-control-allow-methods",
					     "access-control-allow-origin" };
	struct http_header *at = arena_array(rewrite->arena, struct http_header, headers->count + 1);
	struct str encoding = http_header_get(*headers, STR("content-encoding"));
	bool has_links = is_html(http_header_get(*headers, STR("content-type")));
	uint32_t count = 0;

	for (uint32_t i = 0; i < headers->count; i++) {
		at[count] = headers->at[i];
		if (STR_IS_ONE_OF(at[count].name, opens))
			continue;
		if (str_is(at[count].name, "location")) {
			at[count].value = rewritten(rewrite, rewrite->arena, at[count].value);
			has_links = false;
		}
		count++;
	}
	*headers = (struct http_headers){ at, count };
	rewrite->is_packed = str_is(encoding, "gzip");
	if (rewrite->is_packed)
		rewrite->packed = text_in(rewrite->arena, LIMIT_REWRITTEN_BYTES);
	return has_links && (encoding.len == 0 || rewrite->is_packed);
}

/* ---- HTML ------------------------------------------------------------------------------------------------------------- */

/* Which attributes of which elements hold links: upstream's table. */
static bool is_linking(struct str element, struct str attribute)
{
	static const struct {
		const char *attribute, *elements;
	} rows[] = {
		{ "href", "a|area|base|link" },
		{ "src", "audio|embed|frame|iframe|img|input|script|source|video" },
		{ "cite", "blockquote|del|ins|q" },
		{ "action", "form" },
		{ "formaction", "button|input" },
		{ "codebase", "applet|object" },
		{ "background", "body" },
		{ "icon", "command" },
		{ "longdesc", "frame|iframe|img" },
		{ "profile", "head" },
		{ "manifest", "html" },
		{ "usemap", "img|input|object" },
		{ "classid", "object" },
		{ "data", "object" },
		{ "poster", "video" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (str_is(attribute, rows[i].attribute))
			return str_is_among(element, rows[i].elements, '|');
	return false;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter(char c)
{
	return lower(c) >= 'a' && lower(c) <= 'z';
}

/* One that is too long is none that is known. */
static void collect(char *name, uint32_t *len, char c)
{
	if (*len < NAME_MAX_BYTES)
		name[(*len)++] = lower(c);
}

static enum html begin_tag(struct rewrite *rewrite, char c, bool is_end)
{
	rewrite->is_end_tag = is_end;
	rewrite->element_len = 0;
	collect(rewrite->element, &rewrite->element_len, c);
	return HTML_TAG;
}

static enum html begin_name(struct rewrite *rewrite, char c)
{
	rewrite->attribute_len = 0;
	collect(rewrite->attribute, &rewrite->attribute_len, c);
	return HTML_NAME;
}

static enum html end_tag(const struct rewrite *rewrite)
{
	struct str element = str_of(rewrite->element, rewrite->element_len);

	if (rewrite->is_end_tag)
		return HTML_TEXT;
	if (str_is(element, "plaintext"))
		return HTML_PLAIN;
	return str_is_among(element, "iframe|noembed|noframes|script|style|textarea|title|xmp", '|')
		   ? HTML_RAW
		   : HTML_TEXT;
}

/* A tag between its parts. */
static enum html in_tag(struct rewrite *rewrite, char c)
{
	if (c == '>')
		return end_tag(rewrite);
	if (is_space(c))
		return rewrite->state == HTML_NAME || rewrite->state == HTML_AFTER ? HTML_AFTER
										   : HTML_BEFORE;
	if (c == '/')
		return HTML_BEFORE;
	switch (rewrite->state) {
	case HTML_TAG: collect(rewrite->element, &rewrite->element_len, c); return HTML_TAG;
	case HTML_BEFORE: return begin_name(rewrite, c);
	default: break;
	}
	if (c == '=')
		return HTML_EQUALS;
	if (rewrite->state == HTML_AFTER)
		return begin_name(rewrite, c);
	collect(rewrite->attribute, &rewrite->attribute_len, c);
	return HTML_NAME;
}

static void begin_value(struct rewrite *rewrite, char quote)
{
	struct str element = str_of(rewrite->element, rewrite->element_len);
	struct str attribute = str_of(rewrite->attribute, rewrite->attribute_len);

	rewrite->quote = quote;
	rewrite->is_link = !rewrite->is_end_tag && is_linking(element, attribute);
	rewrite->link_len = 0;
}

/* What was held back of it. */
static void give_value(struct rewrite *rewrite, bool is_whole, struct text *out)
{
	struct str link = str_of(rewrite->link, rewrite->link_len);
	struct arena *arena;

	if (!rewrite->is_link)
		return;
	rewrite->is_link = false;
	if (!is_whole) {
		text_add(out, link);
		return;
	}
	arena = arena_new(0);
	text_add(out, rewritten(rewrite, arena, link));
	arena_free(arena);
}

static enum html in_value(struct rewrite *rewrite, char c, struct text *out)
{
	bool is_over = rewrite->quote ? c == rewrite->quote : is_space(c) || c == '>';

	if (is_over) {
		give_value(rewrite, true, out);
		text_add_char(out, c);
		return c == '>' && !rewrite->quote ? end_tag(rewrite) : HTML_BEFORE;
	}
	if (rewrite->is_link && rewrite->link_len == REWRITE_LINK_MAX)
		give_value(rewrite, false, out);
	if (rewrite->is_link)
		rewrite->link[rewrite->link_len++] = c;
	else
		text_add_char(out, c);
	return HTML_VALUE;
}

static enum html in_comment(struct rewrite *rewrite, char c)
{
	if (c == '>' && rewrite->count >= 2)
		return HTML_TEXT;
	rewrite->count = c == '-' ? rewrite->count + 1 : 0;
	return HTML_COMMENT;
}

static enum html in_bang(struct rewrite *rewrite, char c)
{
	if (c == '>')
		return HTML_TEXT;
	if (c != '-')
		return HTML_MARKUP;
	return ++rewrite->count == 2 ? HTML_COMMENT : HTML_BANG;
}

static enum html in_raw_end(struct rewrite *rewrite, char c)
{
	if (rewrite->count < rewrite->element_len && lower(c) == rewrite->element[rewrite->count]) {
		rewrite->count++;
		return HTML_RAW_END;
	}
	if (rewrite->count == rewrite->element_len && (is_space(c) || c == '/' || c == '>')) {
		rewrite->is_end_tag = true;
		return c == '>' ? HTML_TEXT : HTML_BEFORE;
	}
	return c == '<' ? HTML_RAW_LESS : HTML_RAW;
}

static enum html after_less(struct rewrite *rewrite, char c)
{
	rewrite->count = 0;
	if (is_letter(c))
		return begin_tag(rewrite, c, false);
	switch (c) {
	case '/': return HTML_END;
	case '!': return HTML_BANG;
	case '?': return HTML_MARKUP;
	case '<': return HTML_LESS;
	default: return HTML_TEXT;
	}
}

static enum html after_end(struct rewrite *rewrite, char c)
{
	if (is_letter(c))
		return begin_tag(rewrite, c, true);
	return c == '>' ? HTML_TEXT : HTML_MARKUP;
}

static enum html after_equals(struct rewrite *rewrite, char c, struct text *out)
{
	bool is_quote = c == '"' || c == '\'';

	if (is_space(c) || c == '>' || is_quote)
		text_add_char(out, c);
	if (is_space(c))
		return HTML_EQUALS;
	if (c == '>')
		return end_tag(rewrite);
	begin_value(rewrite, is_quote ? c : 0);
	return is_quote ? HTML_VALUE : in_value(rewrite, c, out);
}

/* What follows the byte; it has been passed on, but before and in values. */
static enum html next_state(struct rewrite *rewrite, char c, struct text *out)
{
	switch (rewrite->state) {
	case HTML_EQUALS: return after_equals(rewrite, c, out);
	case HTML_VALUE: return in_value(rewrite, c, out);
	default: text_add_char(out, c);
	}
	switch (rewrite->state) {
	case HTML_TEXT: return c == '<' ? HTML_LESS : HTML_TEXT;
	case HTML_LESS: return after_less(rewrite, c);
	case HTML_END: return after_end(rewrite, c);
	case HTML_BANG: return in_bang(rewrite, c);
	case HTML_COMMENT: return in_comment(rewrite, c);
	case HTML_MARKUP: return c == '>' ? HTML_TEXT : HTML_MARKUP;
	case HTML_RAW: return c == '<' ? HTML_RAW_LESS : HTML_RAW;
	case HTML_RAW_LESS:
		rewrite->count = 0;
		return c == '/' ? HTML_RAW_END : c == '<' ? HTML_RAW_LESS : HTML_RAW;
	case HTML_RAW_END: return in_raw_end(rewrite, c);
	case HTML_PLAIN: return HTML_PLAIN;
	default: return in_tag(rewrite, c);
	}
}

static void add_html(struct rewrite *rewrite, struct str piece, bool is_last, struct text *out)
{
	for (uint32_t i = 0; i < piece.len; i++)
		rewrite->state = next_state(rewrite, piece.at[i], out);
	if (is_last)
		give_value(rewrite, false, out);
}

/* What cannot be unpacked, or is too large, goes as it came. */
static enum status add_packed(struct rewrite *rewrite, struct text *out)
{
	struct text page = text_new(LIMIT_REWRITTEN_BYTES), made = text_new(2 * page.max);
	enum status status = gzip_unpack(&page, text_str(&rewrite->packed));

	if (status == OK) {
		add_html(rewrite, text_str(&page), true, &made);
		status = made.is_cut ? TOO_LARGE : gzip_pack(out, text_str(&made));
	} else {
		text_add(out, text_str(&rewrite->packed));
		status = OK;
	}
	text_fini(&page);
	text_fini(&made);
	return status;
}

enum status rewrite_add(struct rewrite *rewrite, struct str piece, bool is_last, struct text *out)
{
	if (!rewrite->is_packed) {
		add_html(rewrite, piece, is_last, out);
	} else if (rewrite->is_given_up) {
		text_add(out, piece);
	} else if (rewrite->packed.len + piece.len > LIMIT_REWRITTEN_BYTES) {
		text_add(out, text_str(&rewrite->packed));
		text_add(out, piece);
		rewrite->is_given_up = true;
	} else {
		text_add(&rewrite->packed, piece);
		if (is_last)
			return add_packed(rewrite, out);
	}
	return out->is_cut ? TOO_LARGE : OK;
}
