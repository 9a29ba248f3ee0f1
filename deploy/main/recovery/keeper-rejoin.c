/*
 * A node whose cluster was recovered elsewhere is told so, and joins that.
 *
 * It is told by who recovers, who has asked it before and found no majority; so it goes only if it follows nobody. What it had is kept.
 */
#include <stdio.h>

#include "deploy/main/admin/admin.h"
#include "deploy/main/recovery/keeper-private.h"

void keeper_rejoin_write(const struct keeper_rejoin *rejoin, struct text *out)
{
	text_printf(out, "from %s\nto %s\npeer %s\n", rejoin->from, rejoin->to, rejoin->peer);
}

static bool take(struct str value, char *out, size_t size)
{
	int len = snprintf(out, size, STR_FMT, STR_ARG(value));

	return len > 0 && (size_t)len < size;
}

static bool read_lines(struct str lines, struct keeper_rejoin *out)
{
	while (lines.at != NULL && lines.len > 0) {
		struct str value = str_cut(&lines, '\n'), key = str_cut(&value, ' ');

		if (value.at == NULL)
			return false;
		if ((str_is(key, "from") && !take(value, out->from, sizeof out->from)) ||
		    (str_is(key, "to") && !take(value, out->to, sizeof out->to)) ||
		    (str_is(key, "peer") && !take(value, out->peer, sizeof out->peer)))
			return false;
	}
	return out->from[0] != '\0' && out->to[0] != '\0' &&
	       str_find_char(str_from(out->peer), '@') > 0;
}

static enum status tell_admin(struct act *act, const struct keeper_rejoin *rejoin)
{
	struct admin_rejoin wish;
	struct act_all *all = act_all(act, 1);
	enum status status;

	snprintf(wish.cluster, sizeof wish.cluster, "%s", rejoin->to);
	snprintf(wish.peer, sizeof wish.peer, "%s", rejoin->peer);
	act_all_ask(all, act_named(act, "admin"), &admin_rejoin_type, &wish, KEEPER_ASK_MS);
	status = act_all_wait(all);
	if (status == OK)
		status = ((const struct admin_rejoined *)act_all_answer(all, 0)->body)->status;
	act_all_end(all);
	return status;
}

int keeper_rejoin(struct act *act, const struct keeper *keeper, struct str body, struct text *out)
{
	const struct node_identity *identity = &keeper->process->identity;
	struct keeper_rejoin rejoin = { .from = "" };
	enum status status;

	if (!read_lines(body, &rejoin)) {
		text_lit(out, "these are not the lines that say where to go\n");
		return 400;
	}
	if (strcmp(rejoin.to, identity->cluster) == 0) {
		text_lit(out, "it is of that cluster already\n");
		return 200;
	}
	if (strcmp(rejoin.from, identity->cluster) != 0) {
		text_printf(out, "it is of cluster %s\n", identity->cluster);
		return 409;
	}
	status = tell_admin(act, &rejoin);
	if (status == OK)
		text_printf(out, "it joins %s\n", rejoin.peer);
	else if (status == CONFLICT)
		text_lit(out, "it follows somebody: its cluster works\n");
	else
		text_printf(out, "what it has cannot be set aside: %s\n", status_text(status));
	return status == OK ? 200 : status_http(status);
}
