#include "runtime/base/log.h"

#include "tests/lib/test.h"

static struct wall fixed_time(void *arg)
{
	(void)arg;
	return (struct wall){ 1767323045123456000 };
}

static void keep_line(void *arg, struct str line)
{
	text_add(arg, line);
}

/* What is logged from here on gathers in the text. */
static struct text *make_log(enum log_level level)
{
	struct text *text = arena_new_of(test_arena(), struct text);

	*text = text_in(test_arena(), 1 * MIB);
	log_configure(&(struct log_config){ .level = level,
					    .prefix = "n1/core",
					    .write = keep_line,
					    .arg = text,
					    .now = fixed_time });
	return text;
}

TEST(a_line_has_time_level_actor_event_and_fields)
{
	struct text *text = make_log(LOG_INFO);
	struct fault why;

	CHECK_STATUS(fault_set(&why, IO, "", "no such \"file\""), IO);
	log_info("raft", "became leader", LOG_U64("term", UINT64_MAX), LOG_I64("lag", -1),
		 LOG_CSTR("node", "n1"));
	log_error("store", "cannot read", LOG_STATUS(why.status), LOG_FAULT(&why));
	log_warn("a", "no fields");
	CHECK_STR(text_str(text),
		  "2026-01-02T03:04:05.123456Z INFO n1/core/raft: became leader "
		  "term=18446744073709551615 lag=-1 node=n1\n"
		  "2026-01-02T03:04:05.123456Z ERROR n1/core/store: cannot read status=IO "
		  "why=\"no such \\\"file\\\"\"\n"
		  "2026-01-02T03:04:05.123456Z WARN n1/core/a: no fields\n");
}

TEST(levels_below_the_configured_one_are_not_written)
{
	struct text *text = make_log(LOG_WARN);

	log_debug("a", "x");
	log_info("a", "x");
	CHECK_EQ(text->len, 0);
}

TEST(a_line_stays_one_line_and_below_its_maximum)
{
	struct text *text = make_log(LOG_DEBUG);
	char longer[3 * LOG_LINE_MAX];

	log_debug("a", "x", LOG_CSTR("v", "two\nlines"), LOG_STR("w", STR_NONE));
	CHECK(str_ends(text_str(text), STR(" v=\"two\\x0alines\" w=\"\"\n")));
	text_clear(text);
	memset(longer, '"', sizeof longer);
	log_debug("a", "x", LOG_STR("v", str_of(longer, sizeof longer)));
	CHECK_EQ(text->len, LOG_LINE_MAX);
	CHECK(text->at[LOG_LINE_MAX - 1] == '\n');
}
