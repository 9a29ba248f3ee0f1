#include <stdio.h>

#include "deploy/main/admin/overview.h"

static const char *role_name(const struct overview *overview, const struct store_member *member)
{
	static const char *const names[] = { [STORE_NOT_MEMBER] = "none",
					     [STORE_SPARE] = "spare",
					     [STORE_STANDBY] = "standby",
					     [STORE_VOTER] = "voter" };

	if (overview_standing(overview, (uint32_t)(member - overview->store.members)).is_witness)
		return "witness";
	return overview->store.leader == member->id ? "leader" : names[member->role];
}

/* What the datastore's rules call it: a leader is a voter. */
static const char *datastore_role(const struct store_member *member)
{
	return member->role == STORE_VOTER     ? "voter"
	       : member->role == STORE_STANDBY ? "standby"
					       : "spare";
}

static const char *yes_no(bool is_so)
{
	return is_so ? "yes" : "no";
}

/* ---- status -------------------------------------------------------------------------------------------- */

static void tolerance_words(const struct overview *overview, struct text *out)
{
	if (overview->tolerance == 0)
		text_lit(out, "no node may be lost");
	else
		text_printf(out, "tolerates the loss of %u more", overview->tolerance);
}

/* People look for a name; the list itself is by id. */
static const uint32_t *order_by_name(const struct overview *overview)
{
	const struct store_member *members = overview->store.members;
	uint32_t *order = arena_array(overview->arena, uint32_t, overview->store.member_count);

	for (uint32_t i = 0; i < overview->store.member_count; i++) {
		uint32_t at = i;

		for (; at > 0 && str_cmp(members[i].name, members[order[at - 1]].name) < 0; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	return order;
}

/* Whether this alive member may not stop, and its words for it are these (absent: any). */
static bool is_kept(const struct overview *overview, uint32_t i, struct str words)
{
	const struct store_standing standing = overview_standing(overview, i);

	return overview->store.members[i].is_alive && !standing.may_stop &&
	       (words.at == NULL || str_eq(words, standing.forecast));
}

/* Those from `from` on for whom the words are the same: "n1, n2 or n4". */
static void kept_names(const struct overview *overview, const uint32_t *order, uint32_t from,
		       struct text *out)
{
	struct str words = overview_standing(overview, order[from]).forecast;
	uint32_t count = overview->store.member_count, left = 0, named = 0;

	for (uint32_t i = from; i < count; i++)
		left += is_kept(overview, order[i], words);
	for (uint32_t i = from; i < count; i++) {
		if (!is_kept(overview, order[i], words))
			continue;
		left--;
		text_printf(out, "%s" STR_FMT,
			    named++ == 0 ? ""
			    : left == 0  ? " or "
					 : ", ",
			    STR_ARG(overview->store.members[order[i]].name));
	}
}

static bool is_said(const struct overview *overview, const uint32_t *order, uint32_t at)
{
	for (uint32_t i = 0; i < at; i++)
		if (is_kept(overview, order[i], overview_standing(overview, order[at]).forecast))
			return true;
	return false;
}

/* "may stop  n2, n3 (hands over first), n4; not n1 or n5, because ..." */
static void forecast_words(const struct overview *overview, const uint32_t *order, struct text *out)
{
	bool is_any = false;

	if (overview->store.leader == 0 || overview->store.standing_count == 0)
		return;
	text_lit(out, "may stop  ");
	for (uint32_t i = 0; i < overview->store.member_count; i++) {
		const struct store_member *member = &overview->store.members[order[i]];

		if (!member->is_alive || !overview_standing(overview, order[i]).may_stop)
			continue;
		text_printf(out, "%s" STR_FMT "%s", is_any ? ", " : "", STR_ARG(member->name),
			    overview->store.leader == member->id ? " (hands over first)" : "");
		is_any = true;
	}
	if (!is_any)
		text_lit(out, "none");
	for (uint32_t i = 0; i < overview->store.member_count; i++) {
		struct str words = overview_standing(overview, order[i]).forecast;

		if (!is_kept(overview, order[i], STR_NONE) || is_said(overview, order, i))
			continue;
		text_lit(out, "; not ");
		kept_names(overview, order, i, out);
		text_printf(out, ", because " STR_FMT, STR_ARG(words));
	}
	text_add_char(out, '\n');
}

/* "n1 leader in east", "n2 voter in west (DOWN)", "n3 standby lag 7" */
static void member_words(const struct overview *overview, uint32_t i, struct text *out)
{
	const struct store_member *member = &overview->store.members[i];
	const struct store_standing standing = overview_standing(overview, i);

	text_printf(out, STR_FMT " %s", STR_ARG(member->name), role_name(overview, member));
	if (standing.domain.len > 0)
		text_printf(out, " in " STR_FMT, STR_ARG(standing.domain));
	if (!member->is_alive) {
		text_lit(out, " (DOWN)");
		return;
	}
	if (member->lag_entries > 0)
		text_printf(out, " lag %ju", (uintmax_t)member->lag_entries);
	if (standing.is_suspect)
		text_lit(out, " (was silent, not trusted yet)");
	if (standing.is_pressed)
		text_lit(out, " (short of disk or memory)");
}

static void backup_words(const struct overview *overview, struct text *out)
{
	const struct backup_list *backups = &overview->backups;
	char age[TIME_TEXT];

	text_lit(out, "backup    ");
	if (backups->count > 0)
		text_printf(
		    out, "the newest is " STR_FMT " old: " STR_FMT " in " STR_FMT ", one of %u",
		    STR_ARG(time_print_age(
			(overview->now_s - (int64_t)backups->rows[0].made_s) * TIME_S, age)),
		    STR_ARG(backups->rows[0].name), STR_ARG(backups->rows[0].place), backups->count);
	else
		text_add(out, backups->is_scheduled
				  ? STR("none yet")
				  : STR("none is made by the clock (troupe up --backup-dir)"));
	if (backups->failure.len > 0)
		text_printf(out, "; the latest try FAILED: " STR_FMT, STR_ARG(backups->failure));
	text_add_char(out, '\n');
}

/* "written   n1 12 MiB in 3h (98 MiB a day), n2 ..." */
static void wear_words(const struct overview *overview, const uint32_t *order, struct text *out)
{
	bool is_any = false;
	char age[TIME_TEXT];

	for (uint32_t i = 0; i < overview->store.member_count; i++) {
		const struct wear_told *told = &overview->wears[order[i]];

		if (told->covers_s == 0)
			continue;
		text_printf(out, "%s" STR_FMT " %ju MiB in " STR_FMT, is_any ? ", " : "written   ",
			    STR_ARG(overview->store.members[order[i]].name),
			    (uintmax_t)(told->day_bytes / MIB),
			    STR_ARG(time_print_age((int64_t)told->covers_s * TIME_S, age)));
		if (told->covers_s >= 3600 && told->covers_s < 86400)
			text_printf(out, " (%ju MiB a day)", (uintmax_t)(told->rate_bytes / MIB));
		if (told->budget_bytes > 0)
			text_printf(out, "%s of %ju MiB a day",
				    wear_is_over(told) ? " OVER its budget" : ", its budget is",
				    (uintmax_t)(told->budget_bytes / MIB));
		is_any = true;
	}
	if (is_any)
		text_add_char(out, '\n');
}

static void wear_document(const struct overview *overview, struct document *doc)
{
	document_list(doc, "written");
	for (uint32_t i = 0; i < overview->store.member_count; i++) {
		const struct wear_told *told = &overview->wears[i];

		if (told->covers_s == 0)
			continue;
		document_object(doc, NULL);
		document_str(doc, "name", overview->store.members[i].name);
		document_u64(doc, "day_bytes", told->day_bytes);
		document_u64(doc, "rate_bytes", told->rate_bytes);
		document_u64(doc, "covers_seconds", told->covers_s);
		document_u64(doc, "budget_bytes", told->budget_bytes);
		document_bool(doc, "over", wear_is_over(told));
		document_close(doc);
	}
	document_close(doc);
}

static void backup_document(const struct overview *overview, struct document *doc)
{
	const struct backup_list *backups = &overview->backups;
	bool is_any = backups->count > 0;
	char made[TIME_TEXT];

	document_object(doc, "backup");
	document_bool(doc, "scheduled", backups->is_scheduled);
	document_u64(doc, "count", backups->count);
	document_str(doc, "newest", is_any ? backups->rows[0].name : STR_NONE);
	document_str(doc, "place", is_any ? backups->rows[0].place : STR_NONE);
	document_str(
	    doc, "made",
	    is_any ? time_print((struct wall){ (int64_t)backups->rows[0].made_s * TIME_S }, made)
		   : STR_NONE);
	document_str(doc, "failure", backups->failure.len > 0 ? backups->failure : STR_NONE);
	document_close(doc);
}

void overview_status_text(const struct overview *overview, struct text *out)
{
	const uint32_t *order = order_by_name(overview);

	text_printf(out, "cluster   " STR_FMT "   reads %s, writes %s   highly available: %s, ",
		    STR_ARG(overview->cluster), overview->is_readable ? "ok" : "NOT READY",
		    overview->is_writable ? "ok" : "REFUSED", yes_no(overview->tolerance > 0));
	tolerance_words(overview, out);
	text_printf(out, "   revision %ju\n", (uintmax_t)overview->store.revision);
	if (overview->store.leader != 0)
		text_printf(out, "leader    " STR_FMT "   term %ju\n",
			    STR_ARG(overview->store.leader_name), (uintmax_t)overview->store.term);
	else if (overview->store.alarms & STORE_ALARM_DAMAGED)
		text_lit(out, "leader    not known: this node's store is damaged; it returns from "
			      "the others once they do without it (its log says more)\n");
	else
		text_lit(out, "leader    none: fewer than half of the voters answer\n");
	text_lit(out, "members   ");
	for (uint32_t i = 0; i < overview->store.member_count; i++) {
		text_add(out, i ? STR("   ") : STR(""));
		member_words(overview, order[i], out);
	}
	text_add_char(out, '\n');
	forecast_words(overview, order, out);
	text_printf(out, "actors    %ju running, %ju failed, %ju restarts\n",
		    (uintmax_t)overview->running, (uintmax_t)overview->failed,
		    (uintmax_t)overview->restarts);
	if (overview->has_backups) {
		backup_words(overview, out);
		wear_words(overview, order, out);
	}
}

static void members_document(const struct overview *overview, struct document *doc)
{
	document_list(doc, "members");
	for (uint32_t i = 0; i < overview->store.member_count; i++) {
		const struct store_member *member = &overview->store.members[i];
		const struct store_standing standing = overview_standing(overview, i);

		document_object(doc, NULL);
		document_str(doc, "name", member->name);
		document_str(doc, "role",
			     str_from(standing.is_witness ? "witness" : datastore_role(member)));
		document_str(doc, "address", member->address);
		if (overview->apis != NULL)
			document_str(doc, "api", overview->apis[i]);
		document_bool(doc, "alive", member->is_alive);
		document_u64(doc, "lag_entries", member->lag_entries);
		document_bool(doc, "may_stop", standing.may_stop);
		document_str(doc, "forecast", standing.forecast);
		document_str(doc, "domain", standing.domain);
		document_str(doc, "reason", standing.reason);
		document_bool(doc, "suspect", standing.is_suspect);
		document_bool(doc, "pressed", standing.is_pressed);
		document_close(doc);
	}
	document_close(doc);
}

void overview_status_document(const struct overview *overview, struct document *doc)
{
	document_str(doc, "cluster", overview->cluster);
	document_object(doc, "ready");
	document_bool(doc, "reads", overview->is_readable);
	document_bool(doc, "writes", overview->is_writable);
	document_close(doc);
	document_bool(doc, "ha", overview->tolerance > 0);
	document_u64(doc, "tolerance", overview->tolerance);
	document_str(doc, "leader", overview->store.leader ? overview->store.leader_name : STR_NONE);
	document_u64(doc, "term", overview->store.term);
	document_u64(doc, "revision", overview->store.revision);
	members_document(overview, doc);
	document_object(doc, "actors");
	document_u64(doc, "running", overview->running);
	document_u64(doc, "failed", overview->failed);
	document_u64(doc, "restarts", overview->restarts);
	document_close(doc);
	if (overview->has_backups) {
		backup_document(overview, doc);
		wear_document(overview, doc);
	}
}

/* ---- members --------------------------------------------------------------------------------------------- */

void overview_members_text(const struct overview *overview, struct text *out)
{
	const uint32_t *order = order_by_name(overview);

	text_printf(out, "%-16s %-8s %-24s %-6s %-6s %s\n", "NAME", "ROLE", "ADDRESS", "ALIVE",
		    "LAG", "REASON");
	for (uint32_t i = 0; i < overview->store.member_count; i++) {
		const struct store_member *member = &overview->store.members[order[i]];
		struct str reason = overview_standing(overview, order[i]).reason;

		if (reason.len == 0)
			reason = STR("-");
		text_printf(out, "%-16.*s %-8s %-24.*s %-6s %-6ju " STR_FMT "\n",
			    STR_ARG(member->name), role_name(overview, member),
			    STR_ARG(member->address), yes_no(member->is_alive),
			    (uintmax_t)member->lag_entries, STR_ARG(reason));
	}
}

void overview_members_document(const struct overview *overview, struct document *doc)
{
	members_document(overview, doc);
}
