#include "deploy/main/recovery/verb-recover.h"

#include <stdio.h>
#include <stdlib.h>

#include "datastore/store/store-recover.h"
#include "deploy/cluster/pki.h"
#include "deploy/main/backup/backup.h"
#include "deploy/main/command/ask.h"
#include "deploy/main/recovery/keeper.h"
#include "deploy/main/recovery/restore-folder.h"
#include "deploy/main/recovery/survivor.h"
#include "runtime/loop/loop.h"

#define OWN_MS 5000U
#define OTHER_MS 3000U /* one that is alive answers in milliseconds */

struct recovery {
	struct data_dir dir;
	struct node_identity identity;
	struct arena *arena;
	struct tls_context *tls; /* shows the administrator's certificate */
	bool is_held;            /* the directory's locks are ours: no node runs on it */
	struct survivor *all;    /* this node's own first */
	uint32_t count;
};

static struct store_place place_of(const struct recovery *recovery)
{
	return (struct store_place){
		.files = loop_files(),
		.random = backup_random(),
		.folder = arena_printf(recovery->arena, "%s/store", recovery->dir.path).at
	};
}

/* ---- this node ------------------------------------------------------------------------------------------------ */

static enum status ask_own(struct recovery *recovery, struct survivor *out, struct fault *why)
{
	struct answered answer;

	TRY(ask_node(&recovery->dir, "GET", KEEPER_PLACE "survivor", STR_NONE, OWN_MS,
		     recovery->arena, &answer, why));
	TRY(ask_judge(&answer, why));
	if (survivor_read(answer.body, out) != OK)
		return fault_set(why, CORRUPT, "", "the node's answer cannot be understood");
	return OK;
}

/* Nobody runs it: its files say it. */
static enum status examine_own(struct recovery *recovery, struct survivor *out, struct fault *why)
{
	struct store_place place = place_of(recovery);
	struct store_remains remains;

	TRY(data_dir_open(&recovery->dir, why));
	recovery->is_held = true;
	TRY(store_examine(&place, recovery->arena, &remains, why));
	*out = (struct survivor){ .is_stopped = true,
				  .id = remains.id,
				  .term = remains.term,
				  .last_index = remains.last_index,
				  .last_term = remains.last_term,
				  .applied_index = remains.applied_index,
				  .revision = remains.revision,
				  .keys = remains.keys };
	snprintf(out->name, sizeof out->name, "%s", recovery->identity.name);
	snprintf(out->cluster, sizeof out->cluster, "%s", recovery->identity.cluster);
	for (uint32_t i = 0; i < remains.member_count; i++)
		survivor_add_member(out, remains.members[i].id, remains.members[i].role,
				    remains.members[i].name, remains.members[i].address)
		    ->is_witness = remains.witnesses[i];
	return OK;
}

static enum status look_at_own(struct recovery *recovery, struct fault *why)
{
	struct survivor *own = &recovery->all[recovery->count];
	enum status status = ask_own(recovery, own, why);

	if (status == NOT_FOUND)
		status = examine_own(recovery, own, why);
	recovery->count += status == OK;
	return status;
}

/* ---- the others --------------------------------------------------------------------------------------------------- */

static enum status make_tls(struct recovery *recovery, struct fault *why)
{
	struct pki pki;
	struct tls_config config = { .alpn = STR("http/1.1"), .now = loop_clock()->wall };

	TRY(pki_load(loop_files(), arena_printf(recovery->arena, "%s/pki", recovery->dir.path).at,
		     recovery->arena, &pki, why));
	if (pki.admin.certificate_pem.at == NULL)
		return fault_set(why, FORBIDDEN, "",
				 "this node is a worker and has no part in the datastore");
	config.certificate_pem = pki.admin.certificate_pem;
	config.key_pem = pki.admin.key_pem;
	config.authorities_pem = pki.ca.certificate_pem;
	return tls_context_new(&config, &recovery->tls, why);
}

/* A member is known by where its links are; its API is one port below (data-dir.h). */
static bool url_of(const struct survivor_member *member, struct arena *arena, const char **out)
{
	struct str address = str_from(member->address);
	int64_t colon = str_find_last(address, ':');
	uint64_t port = 0;

	if (colon <= 0 ||
	    str_to_u64(str_slice(address, (uint32_t)colon + 1, address.len), &port) != OK ||
	    port < 2)
		return false;
	*out =
	    arena_printf(arena, "https://%.*s:%ju", (int)colon, address.at, (uintmax_t)(port - 1)).at;
	return true;
}

static bool ask_other(struct recovery *recovery, const struct survivor_member *member,
		      struct survivor *out)
{
	struct ask ask = { .tls = recovery->tls,
			   .method = "GET",
			   .path = KEEPER_PLACE "survivor",
			   .timeout_ms = OTHER_MS };
	struct answered answer;
	struct fault why;

	return url_of(member, recovery->arena, &ask.url) &&
	       ask_place(&ask, recovery->arena, &answer, &why) == OK && answer.code == 200 &&
	       survivor_read(answer.body, out) == OK && out->id == member->id;
}

static void ask_others(struct recovery *recovery)
{
	const struct survivor *own = &recovery->all[0];

	for (uint32_t i = 0; i < own->member_count; i++)
		if (own->members[i].id != own->id)
			recovery->count +=
			    ask_other(recovery, &own->members[i], &recovery->all[recovery->count]);
}

static enum status gather(struct recovery *recovery, struct fault *why)
{
	TRY(data_dir_read_identity(loop_files(), &recovery->dir, &recovery->identity, why));
	if (data_dir_is_witness(&recovery->identity))
		return fault_set(
		    why, INVALID, "",
		    "this node is a witness and holds no data: run `troupe recover` on "
		    "one that does");
	TRY(make_tls(recovery, why));
	TRY(look_at_own(recovery, why));
	ask_others(recovery);
	return OK;
}

/* ---- saying ------------------------------------------------------------------------------------------------------- */

static const struct survivor *answered_of(const struct recovery *recovery, uint64_t id)
{
	for (uint32_t i = 0; i < recovery->count; i++)
		if (recovery->all[i].id == id)
			return &recovery->all[i];
	return NULL;
}

static const char *state_of(const struct survivor *survivor)
{
	return survivor->is_stopped ? "stopped" : "answers";
}

/* People look for a name; the list itself is by id. */
static int by_name(const void *a, const void *b)
{
	const struct survivor_member *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

static void print_members(const struct recovery *recovery)
{
	static const char *const roles[] = { "-", "spare", "standby", "voter" };
	const struct survivor *own = &recovery->all[0];
	const struct survivor_member *order[LIMIT_MEMBERS];

	printf("%-12s %-8s %-8s %6s %12s %10s %12s %8s\n", "MEMBER", "ROLE", "STATE", "TERM",
	       "LAST ENTRY", "OF TERM", "REVISION", "KEYS");
	for (uint32_t i = 0; i < own->member_count; i++)
		order[i] = &own->members[i];
	qsort(order, own->member_count, sizeof *order, by_name);
	for (uint32_t i = 0; i < own->member_count; i++) {
		const struct survivor_member *member = order[i];
		const struct survivor *survivor = answered_of(recovery, member->id);

		printf("%-12s %-8s ", member->name,
		       member->is_witness ? "witness" : roles[member->role]);
		if (survivor == NULL && member->is_witness)
			printf("cannot be asked\n");
		else if (survivor == NULL)
			printf("silent\n");
		else
			printf("%-8s %6ju %12ju %10ju %12ju %8ju\n", state_of(survivor),
			       (uintmax_t)survivor->term, (uintmax_t)survivor->last_index,
			       (uintmax_t)survivor->last_term, (uintmax_t)survivor->revision,
			       (uintmax_t)survivor->keys);
	}
}

static enum status refuse(const struct recovery *recovery,
			  const struct survivor_judgement *judgement, struct fault *why)
{
	const struct survivor *about = judgement->about;

	switch (judgement->verdict) {
	case SURVIVOR_LED:
		return fault_set(why, CONFLICT, "",
				 "%s says that %s leads: the cluster works, and recovering would "
				 "make a second one",
				 about->name, about->leader);
	case SURVIVOR_MAJORITY:
		return fault_set(
		    why, CONFLICT, "",
		    "%u of %u voters are there (%s; a witness is taken to be, unless "
		    "--witness-gone): that is a majority, which goes on by itself once all "
		    "of it runs",
		    judgement->answered, judgement->voters, about->name);
	case SURVIVOR_BEHIND:
		return fault_set(
		    why, CONFLICT, "",
		    "%s has more than %s (entry %ju of term %ju): run `troupe recover` "
		    "there",
		    about->name, recovery->identity.name, (uintmax_t)about->last_index,
		    (uintmax_t)about->last_term);
	case SURVIVOR_EMPTY:
		return fault_set(why, CONFLICT, "",
				 "%s holds no data of the cluster: run `troupe recover` on a node "
				 "that does",
				 recovery->identity.name);
	case SURVIVOR_MAY: break;
	}
	return OK;
}

static void print_loss(const struct recovery *recovery, const struct survivor_judgement *judgement)
{
	const struct survivor *own = &recovery->all[0];

	printf(
	    "\n%s has more than any other that can be asked; %u of %u voters are there, which is "
	    "no majority.\n",
	    own->name, judgement->answered, judgement->voters);
	if (judgement->may_lose)
		printf("LOST would be what the silent ones acknowledged without it after entry %ju "
		       "(at or after revision %ju): nobody here can say how much that is.\n",
		       (uintmax_t)own->last_index, (uintmax_t)own->revision);
	else
		printf(
		    "Nothing that was acknowledged would be lost: the silent ones are too few to "
		    "have acknowledged anything without those that are there.\n");
	printf("KEPT is all that is in its log, also what was never acknowledged. It becomes a "
	       "cluster "
	       "of one with a new id: members of the old one are not heard any more. Those that "
	       "answer "
	       "now join it by themselves, what they have is set aside; each silent one returns by "
	       "`troupe up --join` with an empty directory.\n");
}

/* ---- telling the others ---------------------------------------------------------------------------------------------- */

static const struct survivor_member *member_of(const struct survivor *survivor, uint64_t id)
{
	for (uint32_t i = 0; i < survivor->member_count; i++)
		if (survivor->members[i].id == id)
			return &survivor->members[i];
	return NULL;
}

static enum status tell(struct recovery *recovery, const struct survivor_member *member,
			const struct keeper_rejoin *rejoin, struct fault *why)
{
	struct text body = text_in(recovery->arena, KIB);
	struct ask ask = { .tls = recovery->tls,
			   .method = "POST",
			   .path = KEEPER_PLACE "rejoin",
			   .content_type = STR("text/plain"),
			   .timeout_ms = OWN_MS };
	struct answered answer;

	keeper_rejoin_write(rejoin, &body);
	ask.body = text_str(&body);
	if (!url_of(member, recovery->arena, &ask.url))
		return fault_set(why, INVALID, "", "its address is not known");
	TRY(ask_place(&ask, recovery->arena, &answer, why));
	return ask_judge(&answer, why);
}

/* Whoever answered has no majority without us, and none with us any more. */
static void tell_others(struct recovery *recovery, const char *cluster)
{
	const struct survivor *own = &recovery->all[0];
	const struct survivor_member *self = member_of(own, own->id), *other;
	struct keeper_rejoin rejoin;

	snprintf(rejoin.from, sizeof rejoin.from, "%s", recovery->identity.cluster);
	snprintf(rejoin.to, sizeof rejoin.to, "%s", cluster);
	for (uint32_t i = 1; self != NULL && i < recovery->count; i++) {
		struct fault why = { 0 };

		snprintf(rejoin.peer, sizeof rejoin.peer, "%s@%s", self->name, self->address);
		other = member_of(own, recovery->all[i].id);
		if (other == NULL || other->is_witness)
			continue;
		if (tell(recovery, other, &rejoin, &why) == OK)
			printf("%s was told, and joins it by itself; what it had is kept in its "
			       "directory.\n",
			       other->name);
		else
			printf("%s could not be told (%s): it returns by `troupe up --join` with "
			       "an empty directory.\n",
			       other->name, why.text);
	}
}

/* ---- acting --------------------------------------------------------------------------------------------------------- */

/* The name first: a log that has one member under the old name might still be voted on by the others. */
static enum status act_now_alone(struct recovery *recovery, struct fault *why)
{
	struct store_place place = place_of(recovery);
	struct node_identity identity = recovery->identity;
	const struct seams_files *files = loop_files();

	restore_folder_cluster(identity.cluster);
	identity.is_first = true;
	identity.peers[0] = '\0';
	TRY(data_dir_write_identity(files, &recovery->dir, &identity, why));
	(void)files->unlink(files->self,
			    arena_printf(recovery->arena, "%s/members", recovery->dir.path).at);
	if (files->sync_folder(files->self, recovery->dir.path) != OK)
		return fault_set(why, IO, "", "%s cannot be synced", recovery->dir.path);
	TRY(store_recover(&place, RESTORE_REVISIONS, why));
	printf("\n%s is a cluster of one, %s. Start it, then let others join: `troupe token "
	       "create`.\n",
	       identity.name, identity.cluster);
	tell_others(recovery, identity.cluster);
	return OK;
}

static enum status recover(struct recovery *recovery, bool is_meant, bool are_witnesses_gone,
			   struct fault *why)
{
	struct survivor_judgement judgement;

	TRY(gather(recovery, why));
	print_members(recovery);
	judgement =
	    survivor_judge(&recovery->all[0], recovery->all, recovery->count, are_witnesses_gone);
	TRY(refuse(recovery, &judgement, why));
	print_loss(recovery, &judgement);
	fflush(stdout);
	if (!is_meant) {
		printf("\nNothing was changed. To do it, stop this node and run: troupe recover "
		       "--yes --data-dir %s\n",
		       recovery->dir.path);
		return OK;
	}
	if (!recovery->is_held)
		return fault_set(why, BUSY, "",
				 "stop %s first: its log cannot be changed while it runs",
				 recovery->identity.name);
	return act_now_alone(recovery, why);
}

int verb_recover(const struct command_line *line)
{
	struct recovery recovery = { .arena = arena_new(0) };
	struct fault why = { 0 };
	enum status status = data_dir_find(command_text(line, "data-dir"), &recovery.dir, &why);

	recovery.all = arena_array(recovery.arena, struct survivor, LIMIT_MEMBERS + 1);
	if (status == OK)
		status = recover(&recovery, command_flag(line, "yes"),
				 command_flag(line, "witness-gone"), &why);
	if (recovery.is_held)
		data_dir_close(&recovery.dir);
	if (status == NOT_FOUND && why.text[0] == '\0')
		(void)fault_set(&why, status, "", "%s is no node's directory", recovery.dir.path);
	tls_context_unref(recovery.tls);
	arena_free(recovery.arena);
	fflush(stdout);
	return status == OK ? EXIT_DONE : command_failed("recover: %s", why.text);
}
