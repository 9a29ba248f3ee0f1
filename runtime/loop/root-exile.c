/*
 * Exiles: actors that took their host down twice and live in a host of their own since.
 *
 * The black box says who ran when a host died. Whoever did twice within BLAME_MS, and may be moved (root_host.movable), is left out
 * when its host starts again, and gets a host NAME+ACTOR that runs nothing else. That one may die as often as it likes: it comes
 * back with the longest back-off and takes nobody with it. It lasts until the root ends: a new release may have mended it.
 */
#include <stdio.h>

#include "runtime/base/log.h"
#include "runtime/loop/root-private.h"

#define BLAME_MS 3600000
#define BLAMES_TO_MOVE 2U

void root_exile_plan(struct hosted *host)
{
	uint32_t n = 0;

	for (; host->spec->argv[n] != NULL; n++) {
		assert(n + ROOT_WORDS_ADDED + 1 < ROOT_WORDS_MAX);
		host->words[n] = host->spec->argv[n];
	}
	if (host->without[0] != '\0') {
		host->words[n++] = host->spec->without_option;
		host->words[n++] = host->without;
	}
	host->words[n] = NULL;
}

static bool is_movable(const struct hosted *host, const char *actor)
{
	if (host->is_exile || host->spec->movable == NULL || actor[0] == '\0')
		return false;
	for (uint32_t i = 0; host->spec->movable[i] != NULL; i++)
		if (strcmp(host->spec->movable[i], actor) == 0)
			return true;
	return false;
}

/* How often within the window, this time included. */
static uint32_t blame(struct root *root, const struct hosted *host, const char *actor)
{
	struct blame *now = &root->blames[root->blame_at++ % ROOT_BLAMES_MAX];
	uint32_t count = 0;

	*now = (struct blame){ .host = host, .at = act_now(root->act) };
	snprintf(now->actor, sizeof now->actor, "%s", actor);
	for (uint32_t i = 0; i < ROOT_BLAMES_MAX; i++)
		count += root->blames[i].host == host &&
			 strcmp(root->blames[i].actor, actor) == 0 &&
			 now->at.ns - root->blames[i].at.ns < BLAME_MS * TIME_MS;
	return count;
}

/* The word behind the option that leaves actors out: a,b. False: no room for one more. */
static bool leave_out(struct hosted *host, const char *actor)
{
	size_t len = strlen(host->without);

	if (len + strlen(actor) + 2 > sizeof host->without)
		return false;
	snprintf(host->without + len, sizeof host->without - len, "%s%s", len > 0 ? "," : "", actor);
	root_exile_plan(host);
	return true;
}

static void settle(struct root *root, const struct hosted *host, const char *actor)
{
	struct exile *exile = &root->exiles[root->exile_count];
	struct hosted *made = &root->hosts[root->host_count++];
	uint32_t n = 0;

	snprintf(exile->actor, sizeof exile->actor, "%s", actor);
	snprintf(exile->name, sizeof exile->name, "%.15s+%.15s", host->spec->name, actor);
	exile->spec = *host->spec;
	exile->spec.name = exile->name;
	exile->spec.host = (uint16_t)(root->spec->exile_first + root->exile_count);
	exile->spec.argv = exile->words;
	exile->spec.restart = ACT_PERMANENT;
	for (; host->spec->argv[n] != NULL; n++)
		exile->words[n] = host->spec->argv[n];
	exile->words[n++] = host->spec->only_option;
	exile->words[n++] = exile->actor;
	exile->words[n] = NULL;
	*made = (struct hosted){ .spec = &exile->spec, .root = root, .is_exile = true };
	root_exile_plan(made);
	root->exile_count++;
}

void root_exile_judge(struct hosted *host, const char *actor)
{
	struct root *root = host->root;

	if (!is_movable(host, actor) || blame(root, host, actor) < BLAMES_TO_MOVE)
		return;
	if (root->exile_count == ROOT_EXILES_MAX || root->host_count == ROOT_HOSTS_MAX ||
	    !leave_out(host, actor)) {
		log_error("root", "no host left for an actor of its own", LOG_CSTR("actor", actor));
		return;
	}
	settle(root, host, actor);
	log_warn("root", "an actor took its host down again and gets a host of its own",
		 LOG_CSTR("actor", actor), LOG_CSTR("host", host->spec->name));
}
