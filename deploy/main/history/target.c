#include "deploy/main/history/target.h"

#include "datastore/object/name.h"
#include "datastore/schema/resource-row.h"

/* `deploy.apps/web` in its parts; the group is absent where none was said. */
struct wish {
	struct str kind, group, name;
};

static enum status split(struct str what, struct wish *out, struct fault *why)
{
	struct wish wish = { .name = what };

	wish.kind = str_cut(&wish.name, '/');
	if (wish.name.at == NULL || wish.name.len == 0 || wish.kind.len == 0 ||
	    str_find_char(wish.name, '/') >= 0)
		return fault_set(why, BAD_REQUEST, "",
				 "\"" STR_FMT "\" is not KIND/NAME, as in deployment/web",
				 STR_ARG(what));
	wish.group = wish.kind;
	wish.kind = str_cut(&wish.group, '.');
	*out = wish;
	return OK;
}

static bool is_group(const struct wish *wish, struct str group)
{
	return wish->group.at == NULL || str_eq_nocase(wish->group, group);
}

static void place(struct target *target, struct str prefix, bool is_namespaced,
		  struct str namespace, struct arena *arena)
{
	struct str api = target->group.len == 0
			     ? arena_printf(arena, "/api/" STR_FMT, STR_ARG(target->version))
			     : arena_printf(arena, "/apis/" STR_FMT "/" STR_FMT,
					    STR_ARG(target->group), STR_ARG(target->version));

	target->namespace = is_namespaced ? namespace : STR_NONE;
	if (is_namespaced) {
		target->key = arena_printf(arena, STR_FMT STR_FMT "/" STR_FMT, STR_ARG(prefix),
					   STR_ARG(namespace), STR_ARG(target->name));
		target->collection =
		    arena_printf(arena, STR_FMT "/namespaces/" STR_FMT "/" STR_FMT, STR_ARG(api),
				 STR_ARG(namespace), STR_ARG(target->plural));
		return;
	}
	target->key = arena_printf(arena, STR_FMT STR_FMT, STR_ARG(prefix), STR_ARG(target->name));
	target->collection =
	    arena_printf(arena, STR_FMT "/" STR_FMT, STR_ARG(api), STR_ARG(target->plural));
}

/* ---- kinds of the table ------------------------------------------------------------------------------------------- */

static bool is_called(const struct resource_row *row, struct str kind)
{
	if (str_eq_nocase(row->name, kind) || str_eq_nocase(row->singular, kind) ||
	    str_eq_nocase(row->kind, kind))
		return true;
	for (uint32_t i = 0; i < row->short_name_count; i++)
		if (str_eq_nocase(row->short_names[i], kind))
			return true;
	return false;
}

enum status target_find(struct str what, struct str namespace, struct arena *arena,
			struct target *out, struct fault *why)
{
	struct wish wish;

	TRY(split(what, &wish, why));
	for (uint32_t i = 0; i < resource_row_count; i++) {
		const struct resource_row *row = &resource_rows[i];

		if (!is_group(&wish, row->group) || !is_called(row, wish.kind))
			continue;
		if (row->prefix.len == 0)
			return fault_set(why, BAD_REQUEST, "",
					 STR_FMT " are not kept: they show what is now",
					 STR_ARG(row->name));
		*out = (struct target){ .group = row->group,
					.version = row->version,
					.plural = row->name,
					.kind = row->kind,
					.name = wish.name,
					.is_secret =
					    row->group.len == 0 && str_is(row->name, "secrets") };
		place(out, row->prefix, row->is_namespaced, namespace, arena);
		return OK;
	}
	return NOT_FOUND;
}

/* ---- kinds of definitions ----------------------------------------------------------------------------------------- */

static struct str text_at(const struct value *from, const char *path)
{
	const struct value *value = from != NULL ? value_at(from, str_from(path)) : NULL;

	return value != NULL && value->kind == VALUE_STRING ? value->text : STR_NONE;
}

static bool is_one_of(const struct value *list, struct str text)
{
	for (uint32_t i = 0; list != NULL && list->kind == VALUE_LIST && i < list->len; i++)
		if (list->items[i].kind == VALUE_STRING && str_eq_nocase(list->items[i].text, text))
			return true;
	return false;
}

static bool is_defined(const struct value *definition, const struct wish *wish)
{
	const struct value *names = value_at(definition, STR("spec.names"));

	return is_group(wish, text_at(definition, "spec.group")) &&
	       (str_eq_nocase(text_at(names, "plural"), wish->kind) ||
		str_eq_nocase(text_at(names, "singular"), wish->kind) ||
		str_eq_nocase(text_at(names, "kind"), wish->kind) ||
		is_one_of(names != NULL ? value_at(names, STR("shortNames")) : NULL, wish->kind));
}

/* The first that is served: any of them shows all objects. */
static struct str served_version(const struct value *definition)
{
	const struct value *versions = value_at(definition, STR("spec.versions"));

	for (uint32_t i = 0; versions != NULL && versions->kind == VALUE_LIST && i < versions->len;
	     i++) {
		const struct value *served = value_at(&versions->items[i], STR("served"));

		if (served != NULL && served->kind == VALUE_BOOL && served->is_true)
			return text_at(&versions->items[i], "name");
	}
	return STR_NONE;
}

enum status target_find_custom(struct str what, struct str namespace,
			       const struct value *definitions, struct arena *arena,
			       struct target *out, struct fault *why)
{
	const struct value *items = value_at(definitions, STR("items"));
	struct wish wish;

	TRY(split(what, &wish, why));
	for (uint32_t i = 0; items != NULL && items->kind == VALUE_LIST && i < items->len; i++) {
		const struct value *one = &items->items[i];
		struct target target = { .group = text_at(one, "spec.group"),
					 .version = served_version(one),
					 .plural = text_at(one, "spec.names.plural"),
					 .kind = text_at(one, "spec.names.kind"),
					 .name = wish.name };

		if (!is_defined(one, &wish) || target.version.at == NULL)
			continue;
		place(&target,
		      arena_printf(arena, "/registry/" STR_FMT "/" STR_FMT "/",
				   STR_ARG(target.group), STR_ARG(target.plural)),
		      str_is(text_at(one, "spec.scope"), "Namespaced"), namespace, arena);
		*out = target;
		return OK;
	}
	return fault_set(why, NOT_FOUND, "", "there is no kind \"" STR_FMT "\" here",
			 STR_ARG(wish.kind));
}
