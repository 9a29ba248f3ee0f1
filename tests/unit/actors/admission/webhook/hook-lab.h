/*
 * A lab for webhooks: the two plug-ins, configurations and namespaces that the test names, and a way out that leads to the test.
 *
 * JSON with ' for ". Lives in the arena of the running test. Only tests/ may include this.
 */
#ifndef TESTS_UNIT_ACTORS_ADMISSION_WEBHOOK_HOOK_LAB_H
#define TESTS_UNIT_ACTORS_ADMISSION_WEBHOOK_HOOK_LAB_H

#include "actors/admission/plugin.h"
#include "actors/admission/policy/policy-cache.h"
#include "actors/client/outside.h"
#include "tests/unit/actors/kinds/kind-lab.h"
#include "tests/unit/actors/server/rig.h"

#define HOOK_POSTS 16U

struct hook_post {
	struct str url, body;
	uint32_t timeout_ms;
	struct outside_call call;
	void (*done)(void *arg);
	void *arg;
	bool is_dropped;
};

struct hook_lab {
	struct kind_lab *kinds;
	struct rig *rig;
	struct outside outside;
	struct hook_post posts[HOOK_POSTS];
	uint32_t post_count;
	uint32_t resumed; /* how often the request was to go on */
	struct user user;
	struct policy_cache policies;
	struct metrics *metrics;
	struct admission admission;
	const struct plugin *plugin;
	enum check check; /* of the last question */
};

struct hook_lab *hook_lab(void);
void hook_lab_close(struct hook_lab *lab);
/* A configuration `name` with one webhook `name.example.com` at https://name/ about config maps, and `more` members: also of others, behind "},{". */
void hook_lab_mutating(struct hook_lab *lab, const char *name, const char *more);
void hook_lab_validating(struct hook_lab *lab, const char *name, const char *more);

/* The create of a config map: what the plug-in says at first. */
enum check hook_lab_ask(struct hook_lab *lab, const struct plugin *plugin, const char *object);
/* The plug-in goes on, as the server lets it when its waiter was resumed. */
enum check hook_lab_resume(struct hook_lab *lab);
/* The second round of those that mutate. */
enum check hook_lab_again(struct hook_lab *lab);
/* What post `at` is answered: the members of `response` beside its uid. */
void hook_lab_answer(struct hook_lab *lab, uint32_t at, const char *response);
void hook_lab_fail(struct hook_lab *lab, uint32_t at, enum status status, const char *words);
/* An answer that allows with a JSON Patch. */
void hook_lab_patch(struct hook_lab *lab, uint32_t at, const char *patch);
/* "a b": the hosts that were asked, in order. */
struct str hook_lab_asked(const struct hook_lab *lab);
struct str hook_lab_object(const struct hook_lab *lab); /* as JSON */
struct str hook_lab_words(const struct hook_lab *lab);  /* `code message` of the denial */

#endif
