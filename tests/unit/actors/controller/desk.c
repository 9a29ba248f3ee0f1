#include "tests/unit/actors/controller/desk-private.h"

#include "actors/controller/caches.h"
#include "datastore/object/record.h"

struct entering {
	struct desk *desk;
	void (*fn)(struct desk *desk, struct act *act, void *arg);
	void *arg;
};

static void entered(struct act *act, void *state, void *arg)
{
	struct entering *entering = arg;

	(void)state;
	entering->fn(entering->desk, act, entering->arg);
}

static void enter(struct desk *desk, void (*fn)(struct desk *desk, struct act *act, void *arg),
		  void *arg)
{
	struct entering entering = { desk, fn, arg };

	CHECK(act_host_enter(desk_host(desk), desk->self, entered, &entering));
}

static void put_from_outside(struct desk *desk, struct act *act, void *arg)
{
	desk_write(desk, act, arg);
}

uint64_t desk_put(struct desk *desk, const struct type *type, const char *json, ...)
{
	struct fault why = { 0 };
	struct object *object;
	struct str text;
	va_list args;

	va_start(args, json);
	text = arena_vprintf(test_arena(), json, args);
	va_end(args);
	if (object_decode(type, FORMAT_JSON, text, &object, &why) != OK)
		test_fail(__FILE__, __LINE__, "%s: " STR_FMT, why.text, STR_ARG(text));
	record_default(type, object->record, object_arena(object), (struct wall){ TIME_S });
	enter(desk, put_from_outside, object);
	return desk->revision;
}

static void remove_from_outside(struct desk *desk, struct act *act, void *arg)
{
	object_unref(desk_take_out(desk, act, *(uint32_t *)arg));
}

void desk_serve(struct desk *desk, const struct type *type)
{
	desk->own = type;
}

void desk_remove(struct desk *desk, const struct type *type, const char *namespace, const char *name)
{
	int64_t found = desk_find(desk, type, str_from(namespace), str_from(name));
	uint32_t at = (uint32_t)found;

	CHECK(found >= 0);
	enter(desk, remove_from_outside, &at);
}

const struct object *desk_get(struct desk *desk, const struct type *type, const char *namespace,
			      const char *name)
{
	int64_t at = desk_find(desk, type, str_from(namespace), str_from(name));

	return at < 0 ? NULL : desk->objects.at[at];
}

uint32_t desk_count(const struct desk *desk, const struct type *type)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < desk->objects.len; i++)
		count += desk->objects.at[i]->type == type;
	return count;
}

void desk_refuse(struct desk *desk, const char *call, int32_t code, uint32_t count)
{
	desk->refused = call;
	desk->refused_code = code;
	desk->refused_count = count;
}

static void let_answers_go(struct desk *desk, struct act *act, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < desk->answers.len; i++)
		desk_give(desk, act, desk->answers.at[i].ticket, desk->answers.at[i].answer);
	vec_clear(&desk->answers);
}

void desk_hold_answers(struct desk *desk, bool is_holding)
{
	desk->holds_answers = is_holding;
	if (!is_holding)
		enter(desk, let_answers_go, NULL);
}

static void let_events_go(struct desk *desk, struct act *act, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < desk->events.len; i++)
		desk_tell(desk, act, desk->events.at[i].type, desk->events.at[i].event);
	vec_clear(&desk->events);
}

void desk_hold_events(struct desk *desk, const struct type *type)
{
	desk->held_type = type;
	if (type == NULL)
		enter(desk, let_events_go, NULL);
}

static void end_watches(struct desk *desk, struct act *act, void *arg)
{
	int32_t code = *(int32_t *)arg;

	for (uint32_t i = 0; i < desk->watchers.len && code != 0; i++)
		if (!desk->watchers.at[i].is_over)
			act_cast(act, desk->watchers.at[i].who, &api_closed_type,
				 &(struct api_closed){ desk->watchers.at[i].watch, code });
	vec_clear(&desk->watchers);
	if (code == 0)
		act_kill(act, act_self(act));
}

void desk_end_watches(struct desk *desk, int32_t code)
{
	enter(desk, end_watches, &code);
}

void desk_forget(struct desk *desk)
{
	desk->oldest = ++desk->revision;
}

void desk_refuse_watches(struct desk *desk, int32_t code)
{
	desk->watch_code = code;
}

static void bookmark_all(struct desk *desk, struct act *act, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < desk->watchers.len; i++)
		desk_bookmark_one(desk, act, &desk->watchers.at[i]);
}

void desk_bookmark(struct desk *desk)
{
	enter(desk, bookmark_all, NULL);
}

static void send_nonsense(struct desk *desk, struct act *act, void *arg)
{
	desk_tell(desk, act, arg,
		  (struct api_event){ API_MODIFIED, ++desk->revision, false, STR("nonsense") });
}

void desk_send_nonsense(struct desk *desk, const struct type *type)
{
	enter(desk, send_nonsense, (void *)(uintptr_t)type);
}

struct desk *desk_open(uint64_t seed, const struct act_child *children, uint32_t count)
{
	struct desk *desk = arena_new_of(test_arena(), struct desk);

	CHECK(count < CHILDREN_MAX);
	desk->sim = act_sim_new(seed);
	desk->revision = 10;
	desk->children[0] =
	    (struct act_child){ .id = "api", .class = &desk_server_class, .args = desk };
	if (count > 0)
		memcpy(&desk->children[1], children, count * sizeof *children);
	desk->root = (struct act_supervisor){ .children = desk->children, .child_count = count + 1 };
	CHECK_STATUS(act_sim_host(desk->sim, 1,
				  &(struct act_host_config){
				      .name = "desk", .host = 1, .root = &desk->root }),
		     OK);
	return desk;
}

struct desk *desk_open_runner(const struct runner_args *runner)
{
	static const struct caches_args caches = { .api = "api",
						   .user = "system:kube-controller-manager" };
	const struct act_child children[] = {
		{ .id = "caches", .class = &caches_class, .args = &caches },
		{ .id = runner->controller->name,
		  .class = &controller_class,
		  .args = runner,
		  .restart = ACT_TRANSIENT },
	};

	return desk_open(1, children, 2);
}

void desk_close(struct desk *desk)
{
	act_sim_free(desk->sim);
	for (uint32_t i = 0; i < desk->objects.len; i++)
		object_unref(desk->objects.at[i]);
	for (uint32_t i = 0; i < desk->answers.len; i++)
		arena_free(desk->answers.at[i].answer.arena);
	vec_fini(&desk->objects);
	vec_fini(&desk->watchers);
	vec_fini(&desk->answers);
	vec_fini(&desk->events);
	map_fini(&desk->reasons);
}

void desk_run(struct desk *desk, uint64_t ms)
{
	act_sim_run_for(desk->sim, ms, NULL, NULL);
}

struct act_host *desk_host(struct desk *desk)
{
	return act_sim_host_of(desk->sim, 1, 1);
}

struct desk_counts desk_counts(const struct desk *desk)
{
	return desk->counts;
}

uint32_t desk_events(const struct desk *desk, const char *reason)
{
	return (uint32_t)(uintptr_t)map_get(&desk->reasons, str_from(reason));
}

struct str desk_last_event(const struct desk *desk)
{
	return desk->last_event;
}

uint64_t desk_revision(const struct desk *desk)
{
	return desk->revision;
}
