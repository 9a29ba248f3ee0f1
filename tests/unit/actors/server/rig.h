/*
 * A rig: a store and an API server in a host whose time the test moves, and an actor that asks by message.
 *
 * Everything is deterministic: the disk is in memory, time passes only while the rig runs. Answers and events live until the
 * test ends. The HTTP door needs a real loop: see http-rig.h. Only tests/ may include this.
 */
#ifndef TESTS_UNIT_ACTORS_SERVER_RIG_H
#define TESTS_UNIT_ACTORS_SERVER_RIG_H

#include "actors/client/api.h"
#include "actors/server/server.h"
#include "runtime/actor/act-host.h"
#include "tests/lib/test.h"

struct rig;

#define RIG_MAIN "admin" /* who asks unless a request says so: in system:masters */

/* A server that lets the masters do everything, with a namespace `default`; NULL: a config of nothing but the defaults. */
struct rig *rig_open(const struct server_config *config);
/* With children of the test's own after the server, each with its id as name. */
struct rig *rig_open_with(const struct server_config *config, const struct act_child *children,
			  uint32_t count);
void rig_close(struct rig *rig);
/* From now on the store keeps so much of what it compacts. */
void rig_keep_past(struct rig *rig, uint64_t bytes, uint32_t seconds);
void rig_run(struct rig *rig, uint64_t ms);
/* Nothing reaches the disk while it holds: writes of the store stay under way. */
void rig_hold_disk(struct rig *rig, bool is_holding);
/* Ends the store actor; its supervisor starts it again. */
void rig_kill_store(struct rig *rig);
/* Ends the server actor as a crash would; its supervisor starts it again. */
void rig_kill_server(struct rig *rig);
/* The same in good order. */
void rig_stop_server(struct rig *rig);
struct act_host *rig_host(struct rig *rig);
/* Runs fn as the asking actor. */
void rig_enter(struct rig *rig, void (*fn)(struct act *act, void *arg), void *arg);

/* ---- asking ---------------------------------------------------------------------------------------- */

struct rig_request {
	const char *method, *path;
	const char *body;          /* JSON unless `type` says so; NULL: none */
	const char *type, *accept; /* NULL: application/json */
	const char *user;          /* NULL: RIG_MAIN, a master */
	const char *group;         /* NULL: none but what the server adds */
	const char *agent;
	uint64_t term;
};

struct rig_answer {
	int32_t code; /* 0: the runtime's own failure */
	struct str type, body;
	uint32_t retry_after_s;
	const struct str *warnings;
	uint32_t warning_count;
};

struct rig_answer rig_ask(struct rig *rig, const struct rig_request *request);
#define rig_ask_of(rig, ...) rig_ask((rig), &(struct rig_request){ __VA_ARGS__ })
struct rig_answer rig_get(struct rig *rig, const char *path);
struct rig_answer rig_post(struct rig *rig, const char *path, const char *body);
struct rig_answer rig_put(struct rig *rig, const char *path, const char *body);
/* `form` is json, merge, strategic or apply. */
struct rig_answer rig_patch(struct rig *rig, const char *form, const char *path, const char *body);
struct rig_answer rig_delete(struct rig *rig, const char *path, const char *body);
/* As somebody else (NULL: a master), with ' for " in the body; a PATCH is a merge. */
struct rig_answer rig_as(struct rig *rig, const char *user, const char *method, const char *path,
			 const char *body);

/* Several at once: begin gives a number, finish waits for it. */
uint32_t rig_begin(struct rig *rig, const struct rig_request *request);
bool rig_is_answered(struct rig *rig, uint32_t number);
struct rig_answer rig_finish(struct rig *rig, uint32_t number);

/* ---- watching --------------------------------------------------------------------------------------- */

/* Its first answer; with a code of 200 events come under this number. */
struct rig_answer rig_watch(struct rig *rig, const char *path, uint64_t number);
struct rig_answer rig_watch_as(struct rig *rig, const char *path, const char *accept,
			       uint64_t number);
/* "ADDED a@5 MODIFIED a@6 BOOKMARK @9" since the last look, initial-events-end as "END @9"; "CLOSED 410" at its end. */
struct str rig_events(struct rig *rig, uint64_t number);
/* The object of the last event that came. */
struct str rig_last_object(struct rig *rig, uint64_t number);
/* Acknowledge batches by itself, the default, or not. */
void rig_acknowledge(struct rig *rig, bool is_acknowledging);
void rig_more(struct rig *rig, uint64_t number); /* acknowledges one batch by hand */
void rig_cancel(struct rig *rig, uint64_t number);

/* ---- looking at JSON ----------------------------------------------------------------------------------- */

/* The value at "items[0].metadata.name", a string without its quotes; absent when it is not there. */
struct str rig_at(struct str json, const char *path);
/* Elements of the array, or members of the object, there; 0 when it is not there. */
uint32_t rig_count(struct str json, const char *path);
/* Names of a list, "a b c". */
struct str rig_names(struct str list);
int64_t rig_number(struct str json, const char *path);
uint64_t rig_version(struct str object); /* metadata.resourceVersion */

/* JSON with ' for ". */
const char *rig_json(const char *text);
struct str rig_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define CHECK_CODE(answer, expected) rig_check_code(__FILE__, __LINE__, (answer), (expected))
void rig_check_code(const char *file, int line, struct rig_answer answer, int32_t expected);
/* A Status with this code, reason and message. */
#define CHECK_FAILURE(answer, code, reason, message) \
	rig_check_failure(__FILE__, __LINE__, (answer), (code), (reason), (message))
void rig_check_failure(const char *file, int line, struct rig_answer answer, int32_t code,
		       const char *reason, const char *message);
#define CHECK_AT(json, path, text) CHECK_STR(rig_at((json), (path)), (text))

#endif
