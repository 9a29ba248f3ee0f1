#include "deploy/main/api/file/text-file.h"

#include "transport/tls/certificate.h"

static enum status read_text(void *arg, struct str text, struct arena *arena, void **out,
			     struct fault *why)
{
	const struct text_file *file = arg;
	struct str *copy = arena_new_of(arena, struct str);
	struct certificate_info info;
	struct fault said = { 0 };

	*copy = arena_str(arena, text);
	if (file->is_certificate && certificate_read(*copy, arena, &info, &said) != OK)
		return fault_set(why, BAD_REQUEST, file->reload.path, "%.120s: %.250s",
				 file->reload.path, said.text);
	*out = copy;
	return OK;
}

static bool use_text(void *arg, struct reload_read now, struct reload_read *before)
{
	struct text_file *file = arg;
	const struct str *text = now.at;

	if (str_eq(file->text, *text))
		return false;
	before->arena = file->arena;
	file->text = *text;
	file->arena = now.arena;
	if (file->changed != NULL)
		file->changed(file->arg);
	return true;
}

enum status text_file_load(struct text_file *file, const char *path, const char *what,
			   bool is_certificate, struct arena *arena, struct fault *why)
{
	void *text;

	*file = (struct text_file){ .is_certificate = is_certificate };
	if (path == NULL)
		return OK;
	file->reload = (struct reload_args){
		.path = path, .what = what, .arg = file, .read = read_text, .use = use_text
	};
	TRY(reload_begin(&file->reload, arena, &text, why));
	file->text = *(struct str *)text;
	return OK;
}
