/*
 * One end of HTTP/1: an engine with an owner that writes down what it hears.
 */
#ifndef TESTS_UNIT_TRANSPORT_HTTP_ENGINE_END_H
#define TESTS_UNIT_TRANSPORT_HTTP_ENGINE_END_H

#include "transport/http/engine/engine.h"

struct end {
	struct http_engine *engine;
	struct http_stream stream;
	struct text heard;
	struct text sent;
	bool is_busy, answers_at_once, takes_nothing, refuses;
};

/* In the test's arena. */
struct end *end_new(bool is_server);
void end_fini(struct end *end);
/* A whole answer to the stream that is open. */
void end_answer(struct end *end, int code, const char *body);
/* Feeds in steps of `step` bytes; what the engine leaves is fed again as an owner would. Gives what was left at the end. */
struct str end_feed(struct end *end, struct str bytes, uint32_t step);
/* All that it has to send goes to `sent`. */
void end_drain(struct end *end);

#endif
