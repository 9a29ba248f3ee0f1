/*
 * Logging: one event, one line, one place. Only actors log; libraries below return outcomes.
 *
 *     log_info("raft", "became leader", LOG_U64("term", term), LOG_STR("node", name));
 *
 * The event's words are fixed and values are fields, so that lines can be counted and searched. Any
 * thread may log. Lines go to stderr as `TIME LEVEL actor: event key=value ...`; longer than LOG_LINE_MAX is cut.
 */
#ifndef RUNTIME_BASE_LOG_H
#define RUNTIME_BASE_LOG_H

#include <stdint.h>

#include "runtime/base/fault.h"
#include "runtime/base/str.h"
#include "runtime/base/time/time.h"

#pragma GCC visibility push(default)

#define LOG_LINE_MAX 2048

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
	const char *name;
	enum { LOG_FIELD_I64, LOG_FIELD_U64, LOG_FIELD_STR, LOG_FIELD_STATUS } kind;
	int64_t number;
	struct str text;
};

#define LOG_I64(name, value) ((struct log_field){ name, LOG_FIELD_I64, (int64_t)(value), STR_NONE })
#define LOG_U64(name, value) ((struct log_field){ name, LOG_FIELD_U64, (int64_t)(value), STR_NONE })
#define LOG_STR(name, value) ((struct log_field){ name, LOG_FIELD_STR, 0, (value) })
#define LOG_CSTR(name, value) LOG_STR(name, str_from(value))
#define LOG_STATUS(value) \
	((struct log_field){ "status", LOG_FIELD_STATUS, (int64_t)(value), STR_NONE })
#define LOG_FAULT(why) LOG_CSTR("why", (why)->text)

void log_write(enum log_level level, const char *who, const char *event,
	       const struct log_field *fields, uint32_t count);

#define LOG_FIELDS_(...) ((const struct log_field[]){ { 0 }, ##__VA_ARGS__ })
#define log_at(level, who, event, ...)                             \
	log_write(level, who, event, LOG_FIELDS_(__VA_ARGS__) + 1, \
		  (uint32_t)(sizeof LOG_FIELDS_(__VA_ARGS__) / sizeof(struct log_field)) - 1)
#define log_debug(who, event, ...) log_at(LOG_DEBUG, who, event, ##__VA_ARGS__)
#define log_info(who, event, ...) log_at(LOG_INFO, who, event, ##__VA_ARGS__)
#define log_warn(who, event, ...) log_at(LOG_WARN, who, event, ##__VA_ARGS__)
#define log_error(who, event, ...) log_at(LOG_ERROR, who, event, ##__VA_ARGS__)

/* Set once at start, before there are threads: lowest level written, what lines begin with (node/host), where they go. */
struct log_config {
	enum log_level level;
	const char *prefix;
	void (*write)(void *arg, struct str line); /* NULL: stderr */
	void *arg;
	struct wall (*now)(void *arg); /* NULL: the machine's clock; the simulator gives its own */
};
void log_configure(const struct log_config *config);

#pragma GCC visibility pop

#endif
