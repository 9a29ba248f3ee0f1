/*
 * Keys and values on three nodes, with fail-over. kv FOLDER: three processes; kv --sim SEED: the same actors, simulated, while nodes crash.
 *
 * The lowest node that is up and has everything is the first: it takes writes, and answers when the others have them too. Who starts again
 * asks for everything before it counts. Nothing is on disk and nobody votes, so a network that parts in two is beyond it.
 */
#include <act.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES 3U
#define KEYS_MAX 1000U
#define TICK_MS 50U
#define ASK_MS 200U

enum what { PUT, GET, COPY, EACH, HELLO };

struct entry {
	uint32_t what, index;
	uint64_t version;
	char key[16], value[16];
};

static enum act_status entry_encode(const void *body, struct act_text *out)
{
	const struct entry *entry = body;

	act_pack_begin(out, 5);
	act_pack_u64(out, entry->what);
	act_pack_u64(out, entry->index);
	act_pack_u64(out, entry->version);
	act_pack_str(out, act_str_from(entry->key));
	act_pack_str(out, act_str_from(entry->value));
	return ACT_STATUS_OK;
}

static enum act_status entry_decode(struct act_str bytes, struct act_arena *arena, void *body)
{
	struct act_unpack in = act_unpack_of(bytes);
	struct entry *entry = body;
	struct act_str key, value;

	(void)arena;
	act_unpack_begin(&in);
	entry->what = act_unpack_u32(&in);
	entry->index = act_unpack_u32(&in);
	entry->version = act_unpack_u64(&in);
	key = act_unpack_str(&in);
	value = act_unpack_str(&in);
	act_unpack_end(&in);
	snprintf(entry->key, sizeof entry->key, ACT_STR_FMT, ACT_STR_ARG(key));
	snprintf(entry->value, sizeof entry->value, ACT_STR_FMT, ACT_STR_ARG(value));
	return act_unpack_status(&in);
}

static const ACT_TYPE(entry, .id = 1, .encode = entry_encode, .decode = entry_decode);

struct tick {
	char nothing;
};
static const ACT_TYPE(tick);

/* ---- a node ----------------------------------------------------------------------------------------------- */

struct place {
	uint32_t index;
	const char *names[NODES]; /* "kv@n1", ... */
};

struct kv {
	struct place place;
	struct entry entries[KEYS_MAX];
	uint32_t count, ticks;
	uint64_t monitors[NODES]; /* 0: not known to be up */
	bool is_whole, is_looking;
};

static struct entry *find(struct kv *kv, const char *key)
{
	for (uint32_t i = 0; i < kv->count; i++)
		if (strcmp(kv->entries[i].key, key) == 0)
			return &kv->entries[i];
	return NULL;
}

static void keep(struct act *act, struct kv *kv, const struct entry *entry)
{
	struct entry *old = find(kv, entry->key);

	if (old == NULL) {
		ACT_ASSERT(act, kv->count < KEYS_MAX);
		kv->entries[kv->count++] = *entry;
	} else if (entry->version > old->version) {
		*old = *entry;
	}
}

static bool is_first(const struct kv *kv)
{
	for (uint32_t i = 0; i < kv->place.index; i++)
		if (kv->monitors[i] != 0)
			return false;
	return kv->is_whole;
}

struct write {
	struct act_ticket ticket;
	struct entry entry;
};

/* Answers when all that are up have it; who does not answer in time is down. */
static void replicate(struct act *act, void *state, void *arg)
{
	struct kv *kv = state;
	struct write *write = arg;
	struct act_all *all = act_all(act, NODES);
	enum act_status status;

	for (uint32_t i = 0; i < NODES; i++)
		if (i != kv->place.index)
			act_all_ask(all, act_named(act, kv->place.names[i]), &entry_type,
				    &write->entry, ASK_MS);
	status = act_all_wait(all);
	act_all_end(all);
	(void)status; /* those that failed are found out by their monitors, and ask for everything when they are back */
	act_answer(act, write->ticket, &entry_type, &write->entry);
}

static void put(struct act *act, struct kv *kv, const struct act_msg *msg)
{
	struct entry *old = find(kv, ACT_AS(msg, entry)->key);
	struct write *write;

	if (!is_first(kv)) {
		act_refuse(act, msg, ACT_STATUS_CONFLICT);
		return;
	}
	write = act_alloc(act, sizeof *write);
	write->ticket = act_ticket(msg);
	write->entry = *ACT_AS(msg, entry);
	write->entry.what = COPY;
	write->entry.version = old != NULL ? old->version + 1 : 1;
	keep(act, kv, &write->entry);
	if (act_task(act, replicate, write) != ACT_STATUS_OK)
		act_refuse(act, msg, ACT_STATUS_BUSY);
}

static void answer(struct act *act, const struct act_msg *msg, const struct entry *entry)
{
	if (entry != NULL)
		act_reply(act, msg, &entry_type, entry);
	else
		act_refuse(act, msg, ACT_STATUS_NOT_FOUND);
}

static void asked(struct act *act, struct kv *kv, const struct act_msg *msg)
{
	struct entry *entry = ACT_AS(msg, entry);

	switch ((enum what)entry->what) {
	case PUT: put(act, kv, msg); break;
	case GET:
		if (is_first(kv))
			answer(act, msg, find(kv, entry->key));
		else
			act_refuse(act, msg, ACT_STATUS_CONFLICT);
		break;
	case COPY:
		keep(act, kv, entry);
		act_reply(act, msg, &entry_type, entry);
		break;
	case EACH:
		answer(act, msg, entry->index < kv->count ? &kv->entries[entry->index] : NULL);
		break;
	case HELLO:
		if (kv->is_whole)
			act_reply(act, msg, &entry_type, entry);
		else
			act_refuse(act, msg, ACT_STATUS_UNAVAILABLE);
		break;
	}
}

static void take_all(struct act *act, struct kv *kv, uint32_t from)
{
	struct act_ref there = act_named(act, kv->place.names[from]);
	struct entry wish = { .what = EACH };
	const struct act_msg *msg;
	enum act_status status;

	while ((status = act_ask(act, there, &entry_type, &wish, ASK_MS, &msg)) == ACT_STATUS_OK) {
		keep(act, kv, ACT_AS(msg, entry));
		wish.index++;
	}
	kv->is_whole = kv->is_whole || status == ACT_STATUS_NOT_FOUND;
}

/* Who is up? And whoever has nothing yet takes everything from one that has. */
static void look(struct act *act, void *state, void *arg)
{
	struct kv *kv = state;
	const struct act_msg *msg;
	bool is_alone = true;

	(void)arg;
	for (uint32_t i = 0; i < NODES; i++) {
		struct act_ref there = act_named(act, kv->place.names[i]);

		if (i == kv->place.index || kv->monitors[i] != 0)
			continue;
		if (act_ask(act, there, &entry_type, &(struct entry){ .what = HELLO }, ASK_MS,
			    &msg) != ACT_STATUS_OK)
			continue;
		is_alone = false;
		if (!kv->is_whole)
			take_all(act, kv, i);
		kv->monitors[i] = act_monitor(act, there);
	}
	/* Nobody has anything: this is the beginning. */
	if (is_alone && kv->place.index == 0 && ++kv->ticks > 4)
		kv->is_whole = true;
	kv->is_looking = false;
}

static void look_again(struct act *act, struct kv *kv)
{
	if (kv->is_looking)
		return;
	kv->is_looking = true; /* until the task, which may end at once, says otherwise */
	if (act_task(act, look, NULL) != ACT_STATUS_OK)
		kv->is_looking = false;
}

static void down(struct kv *kv, const struct act_down *down)
{
	for (uint32_t i = 0; i < NODES; i++)
		if (kv->monitors[i] == down->monitor)
			kv->monitors[i] = 0;
}

static enum act_verdict kv_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct kv *kv = state;

	if (ACT_IS(msg, entry) && msg->kind == ACT_REQUEST)
		asked(act, kv, msg);
	else if (ACT_IS(msg, act_down))
		down(kv, ACT_AS(msg, act_down));
	else if (ACT_IS(msg, tick))
		look_again(act, kv);
	else
		return ACT_UNHANDLED;
	return ACT_OK;
}

static enum act_status kv_init(struct act *act, void *state, const void *args)
{
	((struct kv *)state)->place = *(const struct place *)args;
	act_every(act, TICK_MS, &tick_type, &(struct tick){ 0 });
	return ACT_STATUS_OK;
}

static const struct act_class kv_class = {
	.name = "kv", .state_size = sizeof(struct kv), .init = kv_init, .receive = kv_receive
};

/* ---- who uses it ---------------------------------------------------------------------------------------------- */

struct user {
	struct place place;
	uint32_t done, lost, pause_ms;
	bool is_stopping_host;
	bool *is_done;
};

/* Asks one node after the other until the first has answered. */
static enum act_status ask(struct act *act, const struct user *user, struct entry *entry)
{
	const struct act_msg *msg;
	enum act_status status;

	for (uint32_t i = 0;; i++) {
		status = act_ask(act, act_named(act, user->place.names[i % NODES]), &entry_type,
				 entry, 2 * ASK_MS, &msg);
		if (status == ACT_STATUS_OK)
			*entry = *ACT_AS(msg, entry);
		if (status == ACT_STATUS_OK || status == ACT_STATUS_NOT_FOUND)
			return status;
		if (i % NODES == NODES - 1)
			act_sleep(act, TICK_MS);
	}
}

static void use(struct act *act, void *state, void *arg)
{
	struct user *user = state;
	uint32_t count = (uint32_t)(uintptr_t)arg;

	for (uint32_t i = 0; i < count; i++) {
		struct entry entry = { .what = PUT };

		snprintf(entry.key, sizeof entry.key, "key-%u", i);
		snprintf(entry.value, sizeof entry.value, "%u", i * i);
		if (ask(act, user, &entry) == ACT_STATUS_OK)
			user->done++;
		if (user->pause_ms > 0)
			act_sleep(act, user->pause_ms);
	}
	for (uint32_t i = 0; i < count; i++) {
		struct entry entry = { .what = GET };

		snprintf(entry.key, sizeof entry.key, "key-%u", i);
		if (ask(act, user, &entry) != ACT_STATUS_OK || (uint32_t)atoi(entry.value) != i * i)
			user->lost++;
	}
	printf("%u written, %u lost\n", user->done, user->lost);
	*user->is_done = true;
	if (user->is_stopping_host)
		act_host_stop(act_host_of(act));
}

static enum act_verdict ignore(struct act *act, void *state, const struct act_msg *msg)
{
	(void)act, (void)state, (void)msg;
	return ACT_UNHANDLED;
}

static enum act_status user_init(struct act *act, void *state, const void *args)
{
	*(struct user *)state = *(const struct user *)args;
	return act_task(act, use, (void *)(uintptr_t)500);
}

static const struct act_class user_class = {
	.name = "user", .state_size = sizeof(struct user), .init = user_init, .receive = ignore
};

static const struct act_type *const types[] = { &entry_type };

/* ---- three simulated nodes, which crash in turn ---------------------------------------------------------------- */

static bool is_done(void *arg)
{
	return *(bool *)arg;
}

static int simulate(uint64_t seed)
{
	struct act_sim *sim = act_sim_new(seed);
	struct place places[NODES + 1];
	bool done = false;
	struct user user = { .pause_ms = 50, .is_done = &done };
	struct act_child children[NODES + 1];
	struct act_supervisor roots[NODES + 1];

	for (uint32_t i = 0; i <= NODES; i++) {
		struct act_host_config config = { .name = "kv", .types = types, .type_count = 1 };

		places[i] = (struct place){ i, { "kv@n1", "kv@n2", "kv@n3" } };
		user.place = places[i];
		children[i] =
		    (struct act_child){ .id = "kv", .class = &kv_class, .args = &places[i] };
		if (i == NODES)
			children[i] =
			    (struct act_child){ .id = "user", .class = &user_class, .args = &user };
		roots[i] = (struct act_supervisor){ .children = &children[i], .child_count = 1 };
		config.root = &roots[i];
		if (act_sim_host(sim, i + 1, &config) != ACT_STATUS_OK)
			return 1;
	}
	for (uint32_t i = 0; !done && i < 1000; i++) {
		act_sim_run_for(sim, 500 + act_sim_random(sim) % 1000, is_done, &done);
		act_sim_crash(sim, 1 + i % NODES);
		act_sim_run_for(sim, 500 + act_sim_random(sim) % 1000, is_done, &done);
		act_sim_restart(sim, 1 + i % NODES);
		act_sim_run_for(sim, 1500, is_done, &done);
	}
	printf("seed %llu: %llu ms of virtual time, hash %016llx\n", (unsigned long long)seed,
	       (unsigned long long)act_sim_now_ms(sim), (unsigned long long)act_sim_hash(sim));
	act_sim_free(sim);
	return done ? 0 : 1;
}

/* ---- three processes and one that uses them ----------------------------------------------------------------------- */

int main(int argc, char **argv)
{
	static struct place places[NODES + 1];
	static struct act_child children[NODES + 1];
	static struct act_program_host hosts[NODES + 1];
	static const char *const names[] = { "user", "a", "b", "c" };
	static bool done;
	static struct user user = { .is_stopping_host = true, .is_done = &done };
	struct act_program all = { argc > 1 ? argv[1] : "/tmp/kv", hosts, NODES + 1, types, 1 };

	if (argc > 2 && strcmp(argv[1], "--sim") == 0)
		return simulate(strtoull(argv[2], NULL, 10));
	for (uint32_t i = 0; i <= NODES; i++) {
		places[i] = (struct place){ i - 1, { "kv@local/a", "kv@local/b", "kv@local/c" } };
		children[i] =
		    (struct act_child){ .id = "kv", .class = &kv_class, .args = &places[i] };
		hosts[i] = (struct act_program_host){ names[i], &children[i], 1 };
	}
	user.place = places[0];
	children[0] = (struct act_child){
		.id = "user", .class = &user_class, .args = &user, .restart = ACT_TRANSIENT
	};
	return act_program_run(&all, argc, argv);
}
