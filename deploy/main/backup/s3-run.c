#include "deploy/main/backup/s3-run.h"

#include "deploy/main/backup/s3-options.h"
#include "deploy/main/backup/s3.h"
#include "deploy/main/command/ask.h"

enum status s3_object(const struct command_line *line, const char *url, struct arena *arena,
		      struct s3_place *out, const char **out_name, struct fault *why)
{
	struct str whole = str_from(url);
	int64_t slash = str_find_last(whole, '/');
	struct s3_words words;

	*out_name = arena_printf(arena, "%s", url + slash + 1).at;
	if (slash < (int64_t)strlen("s3://") || (*out_name)[0] == '\0')
		return fault_set(why, BAD_REQUEST, "", "%s names no file: s3://BUCKET/NAME", url);
	TRY(s3_options(line, url, arena, &words, why));
	words.url = arena_printf(arena, "%.*s", (int)slash, url).at;
	return s3_place_read(&words, arena, out, why);
}

struct errand {
	const struct s3_place *place;
	const char *name, *path;
	bool is_put;
	bool is_done;
	enum status status;
	struct fault *why;
};

static void errand_task(struct act *act, void *state, void *arg)
{
	struct errand *errand = *(struct errand **)arg;
	struct s3 s3;

	(void)state;
	errand->status = s3_open(act, errand->place, &s3, errand->why);
	if (errand->status == OK)
		errand->status = errand->is_put
				     ? s3_put_file(&s3, errand->name, errand->path, errand->why)
				     : s3_get_file(&s3, errand->name, errand->path, errand->why);
	errand->is_done = true;
}

static enum status errand_init(struct act *act, void *state, const void *args)
{
	struct errand *errand = *(struct errand *const *)args;

	(void)state;
	return act_task(act, errand_task, &errand);
}

static enum act_verdict errand_receive(struct act *act, void *state, const struct act_msg *msg)
{
	(void)act;
	(void)state;
	(void)msg;
	return ACT_UNHANDLED;
}

static const struct act_class errand_class = { .name = "errand",
					       .state_size = sizeof(uint64_t),
					       .init = errand_init,
					       .receive = errand_receive };

static enum status run(struct errand *errand)
{
	enum status status = ask_run(&errand_class, &errand, &errand->is_done, 0);

	return status == OK ? errand->status
			    : fault_set(errand->why, status, "", "%s", status_text(status));
}

enum status s3_run_put(const struct s3_place *place, const char *name, const char *path,
		       struct fault *why)
{
	struct errand errand = {
		.place = place, .name = name, .path = path, .is_put = true, .why = why
	};

	return run(&errand);
}

enum status s3_run_get(const struct s3_place *place, const char *name, const char *path,
		       struct fault *why)
{
	struct errand errand = { .place = place, .name = name, .path = path, .why = why };

	return run(&errand);
}
