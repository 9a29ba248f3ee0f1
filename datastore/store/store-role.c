/*
 * Why members have their roles, and what each member says of itself to the leader.
 *
 * The leader notes why it gave a role and tells all others, who remember it: so whoever leads next can still say. Nothing of it is
 * written; it is for people. A member tells the leader how fast its log's disk is and whether room is short: when it
 * changed enough to matter, when another one leads, and never otherwise.
 */
#include <stdio.h>

#include "datastore/store/store-private.h"

#define SYNC_STEP_US 1000U /* below that a difference says nothing */

/* ---- notes ---- */

static struct store_note *find_note(struct store *store, uint64_t id)
{
	for (uint32_t i = 0; i < store->note_count; i++)
		if (store->notes[i].id == id)
			return &store->notes[i];
	return NULL;
}

/* Those of members that are gone make room. */
static void drop_old_notes(struct store *store)
{
	const struct members *members = replica_members(store->replica);
	for (uint32_t i = 0; i < store->note_count;)
		if (members_find(members, store->notes[i].id))
			i++;
		else
			store->notes[i] = store->notes[--store->note_count];
}

static void keep_note(struct store *store, const struct store_role_note *from)
{
	struct store_note *note = find_note(store, from->id);
	if (!note && store->note_count == LIMIT_MEMBERS)
		drop_old_notes(store);
	if (!note && store->note_count == LIMIT_MEMBERS)
		return;
	if (!note)
		note = &store->notes[store->note_count++];
	*note =
	    (struct store_note){ .id = from->id, .role = from->role, .changed_s = from->changed_s };
	snprintf(note->reason, sizeof note->reason, STR_FMT, STR_ARG(from->reason));
}

static void tell_note(struct store *store, uint64_t to, const struct store_role_note *note)
{
	struct act_ref peer = store_peer(store, to);
	if (act_ref_is_nil(peer))
		return;
	struct store_role_note copy = *note;
	copy.arena = arena_new(0);
	copy.reason = arena_str(copy.arena, note->reason);
	act_cast(store->act, peer, &store_role_note_type, &copy);
}

static void tell_all(struct store *store, const struct store_role_note *note)
{
	const struct members *members = replica_members(store->replica);
	for (uint32_t i = 0; i < members->len; i++)
		if (members->at[i].id != replica_id(store->replica))
			tell_note(store, members->at[i].id, note);
}

void store_note_role(struct store *store, uint64_t id, enum store_role role, const char *reason)
{
	struct store_role_note note = {
		.id = id,
		.role = role,
		.reason = str_from(reason),
		.changed_s = (uint64_t)(act_wall(store->act).ns / TIME_S),
	};
	keep_note(store, &note);
	tell_all(store, &note);
}

void store_note_leave(struct store *store, uint64_t id, bool is_for_a_while)
{
	struct store_role_note note = { .id = id,
					.reason = STR(""),
					.is_stopping = is_for_a_while,
					.is_leaving = !is_for_a_while };
	tell_all(store, &note);
}

void store_on_role_note(struct store *store, const struct act_msg *msg)
{
	const struct store_role_note *note = ACT_AS(msg, store_role_note);
	struct act_ref leader = store_peer(store, store->seen.leader);
	/* Nobody else decides; what a deposed leader says is not true any more. */
	if (leader.node != msg->from.node || store_is_leader(store))
		return;
	if (note->is_stopping || note->is_leaving)
		replica_expect_leave(store->replica, note->id, note->is_leaving,
				     act_now(store->act));
	else
		keep_note(store, note);
}

const struct store_note *store_note_of(const struct store *store, uint64_t id, enum store_role role)
{
	for (uint32_t i = 0; i < store->note_count; i++)
		if (store->notes[i].id == id && store->notes[i].role == role)
			return &store->notes[i];
	return NULL;
}

/* ---- reports ---- */

void store_on_report(struct store *store, const struct act_msg *msg)
{
	const struct store_report *report = ACT_AS(msg, store_report);
	if (!store_is_leader(store) || store_peer(store, report->id).node != msg->from.node)
		return;
	replica_report(store->replica, report->id, report->is_pressed, report->sync_us,
		       act_now(store->act));
	store_settle(store);
}

static bool differs(uint32_t a, uint32_t b)
{
	uint32_t more = a > b ? a : b, less = a > b ? b : a;
	return more - less > SYNC_STEP_US && more / 4 > less / 5;
}

static void report(struct store *store)
{
	struct store_reported now = { .leader = store->seen.leader,
				      .term = store->seen.term,
				      .is_pressed = store->is_pressed || store->is_memory_pressed ||
						    store->seen.is_full,
				      .sync_us = store->seen.sync_p95_us };
	const struct store_reported *last = &store->reported;
	if (now.leader == last->leader && now.term == last->term &&
	    now.is_pressed == last->is_pressed && !differs(now.sync_us, last->sync_us))
		return;
	struct store_report said = { .id = replica_id(store->replica),
				     .is_pressed = now.is_pressed,
				     .sync_us = now.sync_us };
	store->reported = now;
	if (store_is_leader(store))
		replica_report(store->replica, said.id, said.is_pressed, said.sync_us,
			       act_now(store->act));
	else
		act_cast(store->act, store_peer(store, now.leader), &store_report_type, &said);
}

/* ---- room on the disk, and in memory ---- */

#define MEMORY_FILE "/proc/meminfo"
#define MEMORY_FILE_BYTES 4096U

/* A line of it: "MemAvailable:   16316412 kB". */
static enum status available_bytes(struct str text, uint64_t *out)
{
	static const struct str key = { "MemAvailable:", 13 };
	while (text.at != NULL && text.len > 0) {
		struct str line = str_cut(&text, '\n');
		if (!str_starts(line, key))
			continue;
		struct str value = str_trim(str_slice(line, key.len, line.len));
		uint64_t kib;
		TRY(str_to_u64(str_cut(&value, ' '), &kib));
		*out = kib * KIB;
		return OK;
	}
	return NOT_FOUND;
}

/* NOT_FOUND: this machine does not say. */
static enum status look_at_memory(const struct seams_files *files, uint64_t *out)
{
	struct seams_file *file;
	char text[MEMORY_FILE_BYTES];
	size_t len = 0, got = 0;
	TRY(files->open(files->self, MEMORY_FILE, SEAMS_READ, 0, &file));
	/* A file of /proc says that its size is 0: it is read until nothing more comes. */
	while (len < sizeof text &&
	       files->read(files->self, file, text + len, sizeof text - len, len, &got) == OK &&
	       got > 0)
		len += got;
	files->close(files->self, file);
	return available_bytes(str_of(text, (uint32_t)len), out);
}

static void run_look(void *arg)
{
	struct store_room *room = arg;
	const struct seams_files *files = &room->store->seams->files;
	room->status =
	    files->free_bytes(files->self, room->store->config->folder, &room->free_bytes);
	room->memory_status = look_at_memory(files, &room->memory_bytes);
}

static void look_at_room(struct store *store)
{
	struct store_room *room = mem_new(struct store_room);
	room->store = store;
	store->is_looking = true;
	store_job(store, NULL, run_look, room, mem_free, TAG_ROOM_SEEN);
}

void store_on_room_seen(struct store *store, struct store_room *room)
{
	uint64_t enough = store->is_pressed ? STORE_RELIEVED_BYTES : STORE_PRESSED_BYTES;
	uint64_t memory =
	    store->is_memory_pressed ? STORE_MEMORY_RELIEVED_BYTES : STORE_MEMORY_PRESSED_BYTES;
	store->is_looking = false;
	if (room->status == OK)
		store->is_pressed = room->free_bytes < enough;
	if (room->memory_status == OK)
		store->is_memory_pressed = room->memory_bytes < memory;
	mem_free(room);
}

/* Alone there is nobody to prefer. */
void store_role_second(struct store *store)
{
	if (replica_members(store->replica)->len < 2 || !store->seen.leader)
		return;
	report(store);
	if (store->seconds++ % STORE_REPORT_S == 0 && !store->is_looking)
		look_at_room(store);
}
