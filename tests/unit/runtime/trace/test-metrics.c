#include <pthread.h>
#include <stdio.h>

#include "runtime/trace/host-metrics.h"
#include "runtime/trace/metrics.h"
#include "tests/lib/test.h"
#include "tests/unit/runtime/actor/manual.h"

static struct str written(struct metrics *metrics)
{
	struct text out = text_in(test_arena(), 8U * MIB);

	metrics_write(metrics, &out);
	CHECK(!out.is_cut);
	return text_str(&out);
}

#define HAS(metrics, line) CHECK(str_find(written(metrics), STR(line)) >= 0)

TEST(series_of_one_name_stand_under_one_head_in_the_order_they_were_made)
{
	struct metrics *metrics = metrics_new();
	struct metrics_counter *gets =
	    metrics_counter(metrics, "asked_total", "Requests.", "verb=\"get\"");
	struct metrics_gauge *open = metrics_gauge(metrics, "open", "Open ones.", NULL);

	metrics_add(gets, 2);
	metrics_add(metrics_counter(metrics, "asked_total", "Requests.", "verb=\"list\""), 1);
	metrics_set(open, 7);
	metrics_move(open, -9);
	CHECK_STR(written(metrics),
		  "# HELP asked_total Requests.\n# TYPE asked_total counter\n"
		  "asked_total{verb=\"get\"} 2\nasked_total{verb=\"list\"} 1\n"
		  "# HELP open Open ones.\n# TYPE open gauge\nopen -2\n"
		  "# HELP troupe_metrics_dropped_series Requests for a series past the limit.\n"
		  "# TYPE troupe_metrics_dropped_series counter\n"
		  "troupe_metrics_dropped_series 0\n");
	metrics_free(metrics);
}

TEST(the_same_name_and_labels_are_one_series)
{
	struct metrics *metrics = metrics_new();

	CHECK(metrics_counter(metrics, "a", "A.", "x=\"1\"") ==
	      metrics_counter(metrics, "a", "A.", "x=\"1\""));
	CHECK(metrics_counter(metrics, "a", "A.", "x=\"1\"") !=
	      metrics_counter(metrics, "a", "A.", NULL));
	metrics_free(metrics);
}

TEST(buckets_of_a_histogram_count_what_is_at_most_their_bound)
{
	static const double bounds[] = { 0.5, 1, 2.5 };
	struct metrics *metrics = metrics_new();
	struct metrics_histogram *h =
	    metrics_histogram(metrics, "took_seconds", "Time.", "verb=\"get\"", bounds, 3);

	metrics_observe(h, 0.5);
	metrics_observe(h, 0.75);
	metrics_observe(h, 2.5);
	metrics_observe(h, 100);
	HAS(metrics, "# TYPE took_seconds histogram\n"
		     "took_seconds_bucket{verb=\"get\",le=\"0.5\"} 1\n"
		     "took_seconds_bucket{verb=\"get\",le=\"1\"} 2\n"
		     "took_seconds_bucket{verb=\"get\",le=\"2.5\"} 3\n"
		     "took_seconds_bucket{verb=\"get\",le=\"+Inf\"} 4\n"
		     "took_seconds_sum{verb=\"get\"} 103.75\n"
		     "took_seconds_count{verb=\"get\"} 4\n");
	metrics_observe(metrics_histogram(metrics, "bare", "Bare.", NULL, bounds, 1), 1);
	HAS(metrics, "bare_bucket{le=\"0.5\"} 0\nbare_bucket{le=\"+Inf\"} 1\nbare_sum 1\n"
		     "bare_count 1\n");
	metrics_free(metrics);
}

TEST(values_of_labels_and_helps_are_escaped)
{
	struct text out = text_in(test_arena(), 1024);

	metrics_escape(&out, STR("a\"b\\c\nd"));
	CHECK_STR(text_str(&out), "a\\\"b\\\\c\\nd");
	text_clear(&out);
	metrics_head(&out, "x", "gauge", "one\ntwo\\");
	CHECK_STR(text_str(&out), "# HELP x one\\ntwo\\\\\n# TYPE x gauge\n");
}

TEST(numbers_are_the_shortest_that_read_back_the_same)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = { { 0, "n 0\n" },
		      { 12345678, "n 12345678\n" },
		      { 0.1, "n 0.1\n" },
		      { 1.0 / 3, "n 0.3333333333333333\n" } };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct text out = text_in(test_arena(), 64);

		metrics_line(&out, "n", NULL, cases[i].value);
		CHECK_STR(text_str(&out), cases[i].text);
	}
}

TEST(past_the_limit_of_series_callers_share_one_that_is_not_shown)
{
	struct metrics *metrics = metrics_new();
	char labels[32];

	for (unsigned i = 0; i < LIMIT_SERIES; i++) {
		snprintf(labels, sizeof labels, "i=\"%u\"", i);
		metrics_counter(metrics, "many", "Many.", labels);
	}
	metrics_add(metrics_counter(metrics, "many", "Many.", "i=\"more\""), 1);
	metrics_set(metrics_gauge(metrics, "other", "Other.", NULL), 1);
	metrics_observe(metrics_histogram(metrics, "times", "Times.", NULL, metrics_bounds_seconds,
					  metrics_bounds_seconds_count),
			1);
	CHECK(str_find(written(metrics), STR("i=\"more\"")) < 0);
	HAS(metrics, "\ntroupe_metrics_dropped_series 3\n");
	metrics_free(metrics);
}

static void *observe_much(void *arg)
{
	for (int i = 0; i < 50000; i++)
		metrics_observe(arg, 1);
	return NULL;
}

TEST(threads_lose_nothing)
{
	static const double bounds[] = { 1 };
	struct metrics *metrics = metrics_new();
	struct metrics_histogram *h = metrics_histogram(metrics, "h", "H.", NULL, bounds, 1);
	pthread_t other;

	CHECK_EQ(pthread_create(&other, NULL, observe_much, h), 0);
	observe_much(h);
	pthread_join(other, NULL);
	HAS(metrics, "h_bucket{le=\"1\"} 100000\n");
	HAS(metrics, "h_sum 100000\n");
	metrics_free(metrics);
}

/* ---- what a host counts ---------------------------------------------------------------------------- */

struct note {
	int n;
};
static const ACT_TYPE(note, .id = 0);

static enum act_verdict take_note(struct act *act, void *state, const struct act_msg *msg)
{
	(void)act;
	(void)state;
	return ACT_AS(msg, note)->n == 0 ? ACT_UNHANDLED : ACT_OK;
}

static const struct act_class reader_class = { .name = "reader", .receive = take_note };

TEST(a_hosts_own_counts_are_read_while_the_text_is_written)
{
	struct manual manual = { 0 };
	struct metrics *metrics = metrics_new();
	struct act_ref reader;

	manual_open(&manual, NULL);
	host_metrics_add(metrics, manual.host);
	reader = manual_spawn(&manual, &reader_class, NULL);
	manual_tell(&manual, reader, note, 0);
	manual_tell(&manual, reader, note, 1);
	manual_run(&manual, 1);
	CHECK(str_find(written(metrics), STR("reason=\"unhandled\"} 1\n")) >= 0);
	CHECK(str_find(written(metrics), STR("reason=\"stale\"} 0\n")) >= 0);
	CHECK(str_find(written(metrics), STR("# TYPE troupe_actors gauge\n")) >= 0);
	CHECK(str_find(written(metrics), STR("troupe_messages_total{host=\"")) >= 0);
	CHECK(str_find(written(metrics), STR("class=\"reader\"} 1\n")) >= 0);
	manual_close(&manual);
	metrics_free(metrics);
}
