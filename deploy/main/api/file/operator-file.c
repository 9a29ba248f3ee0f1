#include "deploy/main/api/file/operator-file.h"

#include <stdio.h>

#include "datastore/object/json.h"
#include "datastore/object/record.h"
#include "runtime/loop/loop.h"
#include "transport/wire/yaml.h"

#define FILE_BYTES_MAX (1U * MIB)
#define JSON_BYTES_MAX (4U * MIB) /* quotes and names that an alias repeats */

static enum status read_open(const struct seams_files *files, struct seams_file *file,
			     const char *path, struct arena *arena, struct str *out,
			     struct fault *why)
{
	uint64_t size;
	size_t len;
	char *at;
	enum status status = files->size(files->self, file, &size);

	if (status == OK && size > FILE_BYTES_MAX)
		return fault_set(why, TOO_LARGE, path, "%s is larger than 1 MiB", path);
	if (status != OK)
		return fault_set(why, status, path, "%s: %s", path, status_text(status));
	at = arena_alloc(arena, (size_t)size + 1);
	status = files->read(files->self, file, at, (size_t)size, 0, &len);
	if (status != OK)
		return fault_set(why, status, path, "%s: %s", path, status_text(status));
	at[len] = '\0';
	*out = str_of(at, len);
	return OK;
}

enum status operator_file_read(const char *path, struct arena *arena, struct str *out,
			       struct fault *why)
{
	const struct seams_files *files = loop_files();
	struct seams_file *file;
	enum status status = files->open(files->self, path, SEAMS_READ, 0, &file);

	if (status != OK)
		return fault_set(why, status, path, "%s: %s", path, status_text(status));
	status = read_open(files, file, path, arena, out, why);
	files->close(files->self, file);
	return status;
}

/* The words of the reader, with the name of the file before them. */
static enum status refuse(struct fault *why, enum status status, const char *where,
			  const char *words)
{
	struct fault copy = { 0 };

	snprintf(copy.text, sizeof copy.text, "%s", words);
	return fault_set(why, status, where, "%s: %.300s", where, copy.text);
}

static enum status check_kind(struct str json, const char *where, const struct type *type,
			      struct arena *arena, struct fault *why)
{
	struct fault said = { 0 };
	struct str group = type_group(type), of = type_version(type), name = type_kind(type);
	struct str version, kind, wanted;
	enum status status = json_kind(json, arena, &version, &kind, &said);

	/* What the API says there are the words of upstream's own language. */
	if (status != OK)
		return fault_set(why, status, where,
				 "%s: wants an object with apiVersion: " STR_FMT "/" STR_FMT
				 " and kind: " STR_FMT,
				 where, STR_ARG(group), STR_ARG(of), STR_ARG(name));
	wanted = arena_printf(arena, STR_FMT "/" STR_FMT, STR_ARG(group), STR_ARG(of));
	if (str_eq(version, wanted) && str_eq(kind, name))
		return OK;
	return fault_set(why, BAD_REQUEST, where,
			 "%s: wants apiVersion: " STR_FMT " and kind: " STR_FMT ", has \"" STR_FMT
			 "\" and \"" STR_FMT "\"",
			 where, STR_ARG(wanted), STR_ARG(name), STR_ARG(version), STR_ARG(kind));
}

enum status operator_file_parse(struct str text, const char *where, const struct type *type,
				struct arena *arena, void **out, struct fault *why)
{
	struct json_strict strict = { 0 };
	struct fault said = { 0 };
	struct text json = text_in(arena, JSON_BYTES_MAX);
	enum status status = yaml_to_json(text, &json, &said);

	if (status != OK)
		return refuse(why, status, where, said.text);
	if (type->flags & TYPE_KIND)
		TRY(check_kind(text_str(&json), where, type, arena, why));
	status = json_decode(type, text_str(&json), arena,
			     (struct json_options){ .strict = &strict }, out, &said);
	if (status != OK)
		return refuse(why, status, where, said.text);
	if (strict.len > 0)
		return refuse(why, BAD_REQUEST, where,
			      arena_cstr(arena, json_strict_text(&strict, arena)));
	record_default(type, *out, arena, (struct wall){ 0 });
	return OK;
}

enum status operator_file_load(const char *path, const struct type *type, struct arena *arena,
			       void **out, struct fault *why)
{
	struct str text;

	TRY(operator_file_read(path, arena, &text, why));
	return operator_file_parse(text, path, type, arena, out, why);
}
