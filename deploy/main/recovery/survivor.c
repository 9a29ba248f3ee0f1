#include "deploy/main/recovery/survivor.h"

#include <stdio.h>

#define FORMAT "troupe-survivor 1"

static const char *const role_names[] = { "none", "spare", "standby", "voter" };
#define WITNESS "witness" /* in place of the role: it votes */

/* ---- as lines ---- */

static void write_number(struct text *out, const char *key, uint64_t value)
{
	text_printf(out, "%s %ju\n", key, (uintmax_t)value);
}

void survivor_write(const struct survivor *survivor, struct text *out)
{
	text_printf(out, FORMAT "\nname %s\ncluster %s\nleader %s\n", survivor->name,
		    survivor->cluster, survivor->leader);
	write_number(out, "id", survivor->id);
	write_number(out, "term", survivor->term);
	write_number(out, "last-index", survivor->last_index);
	write_number(out, "last-term", survivor->last_term);
	write_number(out, "applied", survivor->applied_index);
	write_number(out, "revision", survivor->revision);
	write_number(out, "keys", survivor->keys);
	for (uint32_t i = 0; i < survivor->member_count; i++) {
		const struct survivor_member *member = &survivor->members[i];

		text_printf(out, "member %ju %s %s %s\n", (uintmax_t)member->id,
			    member->is_witness ? WITNESS : role_names[member->role], member->name,
			    member->address);
	}
}

static enum status read_role(struct str word, enum store_role *out)
{
	for (size_t i = 0; i < sizeof role_names / sizeof role_names[0]; i++) {
		if (!str_is(word, role_names[i]))
			continue;
		*out = (enum store_role)i;
		return OK;
	}
	return CORRUPT;
}

static enum status read_member(struct survivor *survivor, struct str value)
{
	struct str id_word = str_cut(&value, ' '), role_word = str_cut(&value, ' ');
	struct str name = str_cut(&value, ' ');
	enum store_role role;
	uint64_t id;

	if (value.at == NULL || str_to_u64(id_word, &id) != OK ||
	    survivor->member_count == LIMIT_MEMBERS)
		return CORRUPT;
	if (str_is(role_word, WITNESS)) {
		survivor_add_member(survivor, id, STORE_VOTER, name, value)->is_witness = true;
		return OK;
	}
	TRY(read_role(role_word, &role));
	survivor_add_member(survivor, id, role, name, value);
	return OK;
}

static void read_text(char out[SURVIVOR_TEXT], struct str value)
{
	snprintf(out, SURVIVOR_TEXT, STR_FMT, STR_ARG(value));
}

static enum status read_line(struct survivor *survivor, struct str key, struct str value)
{
	const struct {
		const char *key;
		uint64_t *number;
		char *text;
	} fields[] = {
		{ "name", NULL, survivor->name },
		{ "cluster", NULL, survivor->cluster },
		{ "leader", NULL, survivor->leader },
		{ "id", &survivor->id, NULL },
		{ "term", &survivor->term, NULL },
		{ "last-index", &survivor->last_index, NULL },
		{ "last-term", &survivor->last_term, NULL },
		{ "applied", &survivor->applied_index, NULL },
		{ "revision", &survivor->revision, NULL },
		{ "keys", &survivor->keys, NULL },
	};

	if (str_is(key, "member"))
		return read_member(survivor, value);
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		if (!str_is(key, fields[i].key))
			continue;
		if (fields[i].number != NULL)
			return str_to_u64(value, fields[i].number) == OK ? OK : CORRUPT;
		read_text(fields[i].text, value);
		return OK;
	}
	return OK;
}

enum status survivor_read(struct str lines, struct survivor *out)
{
	struct survivor survivor = { .id = 0 };

	if (!str_is(str_cut(&lines, '\n'), FORMAT))
		return CORRUPT;
	while (lines.at != NULL && lines.len > 0) {
		struct str value = str_cut(&lines, '\n'), key = str_cut(&value, ' ');

		TRY(read_line(&survivor, key, value.at != NULL ? value : STR("")));
	}
	if (survivor.name[0] == '\0' || survivor.id == 0)
		return CORRUPT;
	*out = survivor;
	return OK;
}

struct survivor_member *survivor_add_member(struct survivor *survivor, uint64_t id,
					    enum store_role role, struct str name,
					    struct str address)
{
	struct survivor_member *member;

	assert(survivor->member_count < LIMIT_MEMBERS);
	member = &survivor->members[survivor->member_count++];
	*member = (struct survivor_member){ .id = id, .role = role };
	read_text(member->name, name);
	read_text(member->address, address);
	return member;
}

void survivor_from(const struct store_status *status, struct str cluster, struct survivor *out)
{
	*out = (struct survivor){ .id = status->id,
				  .term = status->term,
				  .last_index = status->last_index,
				  .last_term = status->last_term,
				  .applied_index = status->applied_index,
				  .revision = status->revision,
				  .keys = status->keys };
	read_text(out->name, status->name);
	read_text(out->cluster, cluster);
	if (status->leader != 0)
		snprintf(out->leader, sizeof out->leader, STR_FMT,
			 STR_ARG(status->leader_name.len > 0 ? status->leader_name : STR("?")));
	for (uint32_t i = 0; i < status->member_count && i < LIMIT_MEMBERS; i++) {
		struct survivor_member *member =
		    survivor_add_member(out, status->members[i].id, status->members[i].role,
					status->members[i].name, status->members[i].address);

		member->is_witness = i < status->standing_count && status->standings[i].is_witness;
	}
}

/* ---- judging ---- */

static enum store_role role_in(const struct survivor *survivor, uint64_t id)
{
	for (uint32_t i = 0; i < survivor->member_count; i++)
		if (survivor->members[i].id == id)
			return survivor->members[i].role;
	return STORE_NOT_MEMBER;
}

/* Raft's own order of logs. */
static bool has_more(const struct survivor *a, const struct survivor *b)
{
	return a->last_term != b->last_term ? a->last_term > b->last_term
					    : a->last_index > b->last_index;
}

/* Those that answer hold data; witnesses are counted beside them. */
static void count_voters(const struct survivor *by, const struct survivor *all, uint32_t count,
			 struct survivor_judgement *out, uint32_t *out_witnesses)
{
	out->voters = out->answered = *out_witnesses = 0;
	for (uint32_t i = 0; i < by->member_count; i++) {
		out->voters += by->members[i].role == STORE_VOTER;
		*out_witnesses += by->members[i].is_witness;
	}
	for (uint32_t i = 0; i < count; i++)
		out->answered += role_in(by, all[i].id) == STORE_VOTER;
}

static bool is_majority(const struct survivor_judgement *judgement)
{
	return judgement->voters > 0 && judgement->answered > judgement->voters / 2;
}

struct survivor_judgement survivor_judge(const struct survivor *self, const struct survivor *all,
					 uint32_t count, bool are_witnesses_gone)
{
	struct survivor_judgement out = { .verdict = SURVIVOR_MAY };
	uint32_t witnesses;

	for (uint32_t i = 0; i < count; i++) {
		out.about = &all[i];
		count_voters(&all[i], all, count, &out, &witnesses);
		out.answered += are_witnesses_gone ? 0 : witnesses;
		out.verdict = all[i].leader[0] != '\0' ? SURVIVOR_LED : SURVIVOR_MAJORITY;
		if (out.verdict == SURVIVOR_LED || is_majority(&out))
			return out;
	}
	count_voters(self, all, count, &out, &witnesses);
	out.may_lose = out.voters - out.answered > out.voters / 2;
	for (uint32_t i = 0; i < count; i++) {
		out.about = &all[i];
		out.verdict = SURVIVOR_BEHIND;
		if (has_more(&all[i], self) && role_in(&all[i], all[i].id) >= STORE_STANDBY)
			return out;
	}
	out.about = self;
	out.verdict = role_in(self, self->id) >= STORE_STANDBY ? SURVIVOR_MAY : SURVIVOR_EMPTY;
	return out;
}
