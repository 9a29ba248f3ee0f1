#include <stdio.h>

#include "runtime/actor/far/remote.h"
#include "runtime/actor/mail/mailbox-private.h"

ACT_TYPE(act_down);

static struct watch *watch_make(struct act_host *host, bool is_link)
{
	struct watch *watch = slots_take(&host->watches);
	if (!watch)
		return NULL;
	watch->host = host;
	watch->is_link = is_link;
	list_init(&watch->watcher_link);
	list_init(&watch->target_link);
	return watch;
}

static void watch_free(struct watch *watch)
{
	list_remove(&watch->watcher_link);
	list_remove(&watch->target_link);
	slots_give(&watch->host->watches, watch);
}

static struct seams_peer watch_target_peer(const struct watch *watch)
{
	return (struct seams_peer){ watch->target_ref.node, watch->target_ref.host,
				    watch->target_ref.epoch };
}

static void watch_send_down(struct watch *watch, enum act_reason why, struct str words)
{
	struct act_down down = { .monitor = slots_id(&watch->slot),
				 .who = watch->target_ref,
				 .why = why };

	snprintf(down.what, sizeof down.what, STR_FMT, STR_ARG(words));
	struct message *message = message_new(watch->host, &act_down_type, &down);
	message->msg.from = watch->target_ref;
	message->msg.kind = ACT_SIGNAL;
	message->msg.tag = down.monitor;
	mailbox_put_system(watch->watcher, message);
}

static void watch_send_exit(struct act *watcher, struct act_ref who, enum act_reason why,
			    struct str words)
{
	struct act_exit exit = { .who = who, .why = why };

	if (watcher->flags & ACTOR_ENDING)
		return;
	snprintf(exit.what, sizeof exit.what, STR_FMT, STR_ARG(words));
	life_control_send(watcher, CONTROL_EXIT, &exit);
}

/* Tells the watcher, wherever it is, and forgets the watch. */
static void watch_fire(struct watch *watch, enum act_reason why, struct str words)
{
	if (!watch->watcher) {
		struct envelope envelope = { .kind = watch->is_link ? ENVELOPE_EXIT : ENVELOPE_DOWN,
					     .type = (uint32_t)why,
					     .tag = watch->tag,
					     .from = watch->target_ref };
		(void)remote_signal(watch->host, watch->watcher_ref, &envelope, words);
	} else if (watch->is_link) {
		watch_send_exit(watch->watcher, watch->target_ref, why, words);
	} else if (!(watch->watcher->flags & ACTOR_ENDING)) {
		watch_send_down(watch, why, words);
	}
	watch_free(watch);
}

/* The watcher stops watching: an actor elsewhere need not remember it. */
static void watch_drop(struct watch *watch, enum act_reason why, struct str words)
{
	if (!watch->target && watch->watcher) {
		struct envelope envelope = { .kind = watch->is_link ? ENVELOPE_EXIT
								    : ENVELOPE_DEMONITOR,
					     .type = watch->is_link ? (uint32_t)why : 0,
					     .tag = slots_id(&watch->slot),
					     .from = actor_ref(watch->watcher) };
		(void)remote_signal(watch->host, watch->target_ref, &envelope, words);
	}
	watch_free(watch);
}

void watch_actor_ended(struct act *act)
{
	struct str words = str_from(act->ties->words);

	while (!list_is_empty(&act->ties->watchers))
		watch_fire(list_item(act->ties->watchers.next, struct watch, target_link),
			   act->reason, words);
	while (!list_is_empty(&act->ties->watching))
		watch_drop(list_item(act->ties->watching.next, struct watch, watcher_link),
			   act->reason, words);
}

/* Whom a reference means, on his way out too: his end is told when he is gone, with its reason. */
static struct act *watch_target(const struct act_host *host, struct act_ref ref)
{
	struct act *act = actor_host_find(host, ref);

	if (act || ref.slot == SLOT_BY_NAME || ref.epoch != host->config.epoch)
		return act;
	act = slots_get(&host->actors, ref.slot, ref.gen);
	return act && !(act->flags & ACTOR_DEAD) ? act : NULL;
}

/* Begins to watch; a target that cannot be watched counts as ended at once. Gives the watch's id. */
static uint64_t watch_begin(struct act *act, struct act_ref who, bool is_link)
{
	struct act_host *host = act->host;
	struct watch *watch = watch_make(host, is_link);

	if (!watch)
		act_fail(act, "too many monitors on this host");
	uint64_t id = slots_id(&watch->slot);
	watch->watcher = act;
	watch->watcher_ref = actor_ref(act);
	watch->target_ref = who;
	list_push(&actor_ties(act)->watching, &watch->watcher_link);
	if (actor_host_is_here(host, who)) {
		watch->target = watch_target(host, who);
		if (watch->target) {
			watch->target_ref = actor_ref(watch->target);
			list_push(&actor_ties(watch->target)->watchers, &watch->target_link);
		} else {
			watch_fire(watch, ACT_NO_ACTOR, STR("no such actor"));
		}
		return id;
	}
	struct envelope envelope = { .kind = is_link ? ENVELOPE_LINK : ENVELOPE_MONITOR,
				     .tag = id,
				     .from = actor_ref(act) };
	list_push(&remote_peer(host, who.node, who.host)->watched, &watch->target_link);
	enum status status = remote_signal(host, who, &envelope, STR_NONE);
	if (status != OK)
		watch_fire(watch, ACT_NO_CONNECTION, str_from(status_text(status)));
	return id;
}

uint64_t act_monitor(struct act *act, struct act_ref who)
{
	return watch_begin(act, who, false);
}

void act_demonitor(struct act *act, uint64_t monitor)
{
	struct watch *watch = slots_find(&act->host->watches, monitor);
	if (watch && watch->watcher == act && !watch->is_link)
		watch_drop(watch, ACT_NORMAL, STR_NONE);
	mailbox_purge(act, ACT_SIGNAL, monitor);
}

static struct watch *watch_find_link(struct act *act, struct act_ref who)
{
	list_each (&act->ties->watching, link) {
		struct watch *watch = list_item(link, struct watch, watcher_link);
		if (watch->is_link && act_ref_eq(watch->target_ref, who))
			return watch;
	}
	return NULL;
}

void act_link(struct act *act, struct act_ref who)
{
	struct act_host *host = act->host;

	struct act *other = actor_host_is_here(host, who) ? actor_host_find(host, who) : NULL;

	if (other == act || watch_find_link(act, who))
		return;
	watch_begin(act, who, true);
	if (other)
		watch_begin(other, actor_ref(act), true);
}

void act_unlink(struct act *act, struct act_ref who)
{
	struct watch *watch = watch_find_link(act, who);
	if (!watch)
		return;
	if (watch->target) {
		struct watch *back = watch_find_link(watch->target, actor_ref(act));
		if (back)
			watch_free(back);
	} else {
		struct envelope envelope = { .kind = ENVELOPE_UNLINK, .from = actor_ref(act) };
		(void)remote_signal(act->host, who, &envelope, STR_NONE);
	}
	watch_free(watch);
}

/* ---- from links ------------------------------------------------------------------------------------ */

void watch_from_peer(struct act_host *host, const struct envelope *envelope, struct act *target)
{
	struct watch *watch = NULL;
	bool is_link = envelope->kind == ENVELOPE_LINK;

	if (!target)
		target = watch_target(host, (struct act_ref){ host->config.node, host->config.host,
							      host->config.epoch, envelope->slot,
							      envelope->gen });
	if (target && is_link && watch_find_link(target, envelope->from))
		return;
	if (target)
		watch = watch_make(host, is_link);
	if (!watch) {
		struct envelope down = { .kind = is_link ? ENVELOPE_EXIT : ENVELOPE_DOWN,
					 .type = ACT_NO_ACTOR,
					 .tag = envelope->tag,
					 .from = { .node = host->config.node,
						   .host = host->config.host,
						   .epoch = host->config.epoch,
						   .slot = envelope->slot,
						   .gen = envelope->gen } };
		(void)remote_signal(host, envelope->from, &down, STR("no such actor"));
		return;
	}
	struct peer *peer = remote_peer(host, envelope->from.node, envelope->from.host);
	watch->tag = envelope->tag;
	if (is_link) {
		watch->watcher = target;
		watch->watcher_ref = actor_ref(target);
		watch->target_ref = envelope->from;
		list_push(&actor_ties(target)->watching, &watch->watcher_link);
		list_push(&peer->watched, &watch->target_link);
	} else {
		watch->target = target;
		watch->target_ref = actor_ref(target);
		watch->watcher_ref = envelope->from;
		list_push(&actor_ties(target)->watchers, &watch->target_link);
		list_push(&peer->watching, &watch->watcher_link);
	}
}

void watch_unwatch_from_peer(struct act_host *host, const struct envelope *envelope)
{
	struct peer *peer = remote_peer(host, envelope->from.node, envelope->from.host);
	bool is_link = envelope->kind == ENVELOPE_UNLINK;

	list_each (is_link ? &peer->watched : &peer->watching, link) {
		struct watch *watch = is_link ? list_item(link, struct watch, target_link)
					      : list_item(link, struct watch, watcher_link);
		bool is_it = is_link ? watch->is_link && watch->watcher &&
					   watch->watcher->slot.index == envelope->slot &&
					   act_ref_eq(watch->target_ref, envelope->from)
				     : watch->tag == envelope->tag &&
					   act_ref_eq(watch->watcher_ref, envelope->from);
		if (is_it) {
			watch_free(watch);
			return;
		}
	}
}

void watch_down_from_peer(struct act_host *host, struct seams_peer from, uint64_t id,
			  enum act_reason why, struct str words)
{
	struct watch *watch = slots_find(&host->watches, id);

	if (!watch || !watch->watcher || watch->is_link)
		return;
	struct seams_peer target = watch_target_peer(watch);
	if (target.node == from.node && target.host == from.host)
		watch_fire(watch, why, words);
}

void watch_exit_from_peer(struct act_host *host, struct act *act, struct act_ref who,
			  enum act_reason why, struct str words)
{
	(void)host;
	struct watch *watch = watch_find_link(act, who);
	if (watch)
		watch_fire(watch, why, words);
}

void watch_peer_lost(struct list *watched, struct list *watching, uint16_t epoch)
{
	list_each (watched, link) {
		struct watch *watch = list_item(link, struct watch, target_link);
		if (!epoch || !watch->target_ref.epoch || watch->target_ref.epoch == epoch)
			watch_fire(watch, ACT_NO_CONNECTION, STR("the link was lost"));
	}
	list_each (watching, link) {
		struct watch *watch = list_item(link, struct watch, watcher_link);
		if (!epoch || watch->watcher_ref.epoch == epoch)
			watch_free(watch);
	}
}
