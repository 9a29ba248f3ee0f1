#include "deploy/main/history/difference.h"

#define PATH_MAX_BYTES 512U
#define DEPTH_MAX 32U /* deeper things are told as one value */

struct finding {
	struct arena *arena;
	struct difference *out;
	bool hides;
};

static const char *const bookkeeping[] = { "metadata.managedFields", "metadata.resourceVersion",
					   "metadata.generation", "metadata.uid",
					   "metadata.creationTimestamp" };

static bool is_bookkeeping(struct str path)
{
	for (size_t i = 0; i < sizeof bookkeeping / sizeof bookkeeping[0]; i++)
		if (str_is(path, bookkeeping[i]))
			return true;
	return false;
}

static bool is_secret(struct str path)
{
	return str_starts(path, STR("data")) || str_starts(path, STR("stringData")) ||
	       str_is(path, "metadata.annotations") ||
	       str_starts(path, STR("metadata.annotations."));
}

static struct str shown(const struct finding *finding, struct str path, const struct value *value)
{
	struct text out = text_in(finding->arena, 4 * DIFFERENCE_SHOWN_MAX);
	struct str text;

	if (value == NULL)
		return STR_NONE;
	if (finding->hides && is_secret(path))
		return STR("(hidden)");
	value_write(value, &out);
	text = text_str(&out);
	if (!out.is_cut && text.len <= DIFFERENCE_SHOWN_MAX)
		return text;
	text.len = DIFFERENCE_SHOWN_MAX;
	while (text.len > 0 && ((unsigned char)text.at[text.len] & 0xc0) == 0x80)
		text.len--; /* not within a character */
	return arena_printf(finding->arena, STR_FMT "...", STR_ARG(text));
}

static void tell(struct finding *finding, struct str path, const struct value *was,
		 const struct value *is)
{
	struct difference *out = finding->out;

	if (out->count == DIFFERENCE_FIELDS_MAX) {
		out->more++;
		return;
	}
	out->fields[out->count++] = (struct difference_field){ .path = path,
							       .was = shown(finding, path, was),
							       .is = shown(finding, path, is) };
}

static void compare(struct finding *finding, struct str path, const struct value *was,
		    const struct value *is, uint32_t depth);

static bool is_plain_name(struct str name)
{
	return str_find_char(name, '.') < 0 && str_find_char(name, '/') < 0;
}

static struct str below(struct finding *finding, struct str path, struct str name)
{
	if (path.len == 0)
		return name;
	return is_plain_name(name)
		   ? arena_printf(finding->arena, STR_FMT "." STR_FMT, STR_ARG(path), STR_ARG(name))
		   : arena_printf(finding->arena, STR_FMT "[" STR_FMT "]", STR_ARG(path),
				  STR_ARG(name));
}

/* Both are in order of names. */
static void compare_maps(struct finding *finding, struct str path, const struct value *was,
			 const struct value *is, uint32_t depth)
{
	uint32_t a = 0, b = 0;

	while (a < was->len || b < is->len) {
		const struct value_member *old = a < was->len ? &was->members[a] : NULL;
		const struct value_member *new = b < is->len ? &is->members[b] : NULL;
		int order = old == NULL ? 1 : new == NULL ? -1 : str_cmp(old->name, new->name);
		struct str name = order <= 0 ? old->name : new->name;

		compare(finding, below(finding, path, name), order <= 0 ? &old->value : NULL,
			order >= 0 ? &new->value : NULL, depth + 1);
		a += order <= 0;
		b += order >= 0;
	}
}

static struct str name_of(const struct value *item)
{
	const struct value *name = value_member(item, STR("name"));

	return name != NULL && name->kind == VALUE_STRING ? name->text : STR_NONE;
}

static bool have_names(const struct value *list)
{
	for (uint32_t i = 0; i < list->len; i++)
		if (name_of(&list->items[i]).at == NULL)
			return false;
	return list->len > 0;
}

static const struct value *find_named(const struct value *list, struct str name)
{
	for (uint32_t i = 0; i < list->len; i++)
		if (str_eq(name_of(&list->items[i]), name))
			return &list->items[i];
	return NULL;
}

static void compare_named(struct finding *finding, struct str path, const struct value *was,
			  const struct value *is, uint32_t depth)
{
	for (uint32_t i = 0; i < was->len; i++) {
		struct str name = name_of(&was->items[i]);

		compare(finding,
			arena_printf(finding->arena, STR_FMT "[" STR_FMT "]", STR_ARG(path),
				     STR_ARG(name)),
			&was->items[i], find_named(is, name), depth + 1);
	}
	for (uint32_t i = 0; i < is->len; i++) {
		struct str name = name_of(&is->items[i]);

		if (find_named(was, name) == NULL)
			tell(finding,
			     arena_printf(finding->arena, STR_FMT "[" STR_FMT "]", STR_ARG(path),
					  STR_ARG(name)),
			     NULL, &is->items[i]);
	}
}

static void compare_lists(struct finding *finding, struct str path, const struct value *was,
			  const struct value *is, uint32_t depth)
{
	uint32_t len = was->len > is->len ? was->len : is->len;

	if (have_names(was) && have_names(is)) {
		compare_named(finding, path, was, is, depth);
		return;
	}
	for (uint32_t i = 0; i < len; i++)
		compare(finding,
			arena_printf(finding->arena, STR_FMT "[%u]", STR_ARG(path), (unsigned)i),
			i < was->len ? &was->items[i] : NULL, i < is->len ? &is->items[i] : NULL,
			depth + 1);
}

static void compare(struct finding *finding, struct str path, const struct value *was,
		    const struct value *is, uint32_t depth)
{
	if (is_bookkeeping(path) || (was != NULL && is != NULL && value_equal(was, is)))
		return;
	if (was == NULL || is == NULL || was->kind != is->kind || depth > DEPTH_MAX ||
	    path.len > PATH_MAX_BYTES)
		tell(finding, path, was, is);
	else if (was->kind == VALUE_MAP)
		compare_maps(finding, path, was, is, depth);
	else if (was->kind == VALUE_LIST)
		compare_lists(finding, path, was, is, depth);
	else
		tell(finding, path, was, is);
}

void difference_find(const struct value *was, const struct value *is, bool hides,
		     struct arena *arena, struct difference *out)
{
	static const struct value nothing = { .kind = VALUE_MAP };
	struct finding finding = { .arena = arena, .out = out, .hides = hides };

	out->count = out->more = 0;
	compare(&finding, STR(""), was != NULL ? was : &nothing, is != NULL ? is : &nothing, 0);
}

/* ---- who ---------------------------------------------------------------------------------------------------------- */

static const struct value *managers_of(const struct value *object)
{
	const struct value *list =
	    object != NULL ? value_at(object, STR("metadata.managedFields")) : NULL;

	return list != NULL && list->kind == VALUE_LIST ? list : NULL;
}

static bool has_entry(const struct value *list, const struct value *entry)
{
	for (uint32_t i = 0; list != NULL && i < list->len; i++)
		if (value_equal(&list->items[i], entry))
			return true;
	return false;
}

struct str difference_by(const struct value *was, const struct value *is, struct arena *arena)
{
	const struct value *before = managers_of(was), *after = managers_of(is);
	struct text out = text_in(arena, PATH_MAX_BYTES);

	for (uint32_t i = 0; after != NULL && i < after->len; i++) {
		const struct value *entry = &after->items[i];
		const struct value *manager = value_member(entry, STR("manager"));
		const struct value *part = value_member(entry, STR("subresource"));

		if (has_entry(before, entry) || manager == NULL || manager->kind != VALUE_STRING)
			continue;
		if (out.len > 0)
			text_lit(&out, ", ");
		text_add(&out, manager->text);
		if (part != NULL && part->kind == VALUE_STRING && part->text.len > 0)
			text_printf(&out, " (" STR_FMT ")", STR_ARG(part->text));
	}
	return text_str(&out);
}
