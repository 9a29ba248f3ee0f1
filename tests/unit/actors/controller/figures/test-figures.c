/*
 * What controllers of a host count.
 */
#include "actors/controller/figures/figures.h"

#include "tests/lib/test.h"

static struct mono at(int64_t ms)
{
	return (struct mono){ ms * TIME_MS };
}

static void free_figures(void *arg)
{
	figures_free(arg);
}

static struct figures *make_figures(void)
{
	struct figures *figures = figures_new();

	arena_on_free(test_arena(), free_figures, figures);
	return figures;
}

static struct str page_at(struct figures *figures, int64_t ms)
{
	struct text out = text_in(test_arena(), MIB);

	figures_write(figures, at(ms), &out);
	return text_str(&out);
}

#define CHECK_LINE(page, line) CHECK(str_find((page), STR(line "\n")) >= 0)

TEST(keys_are_counted_while_they_wait_and_while_they_are_worked_on)
{
	struct figures *figures = make_figures();
	struct figures_work *work = figures_work(figures, "job");
	struct str page;

	figures_queue(work, &(struct queue_stats){ .waiting = 3, .adds = 5, .retries = 1 });
	figures_took(work, 0, at(1000), at(1500));
	figures_took(work, 4, (struct mono){ 0 }, at(2500));
	page = page_at(figures, 4500);
	CHECK_LINE(page, "workqueue_depth{name=\"job\"} 3");
	CHECK_LINE(page, "workqueue_adds_total{name=\"job\"} 5");
	CHECK_LINE(page, "workqueue_retries_total{name=\"job\"} 1");
	CHECK_LINE(page, "workqueue_unfinished_work_seconds{name=\"job\"} 5");
	CHECK_LINE(page, "workqueue_longest_running_processor_seconds{name=\"job\"} 3");
	CHECK_LINE(page, "workqueue_queue_duration_seconds_sum{name=\"job\"} 0.5");
	CHECK_LINE(page, "workqueue_queue_duration_seconds_count{name=\"job\"} 2");
	figures_did(work, 0, at(2500));
	figures_did(work, 4, at(4500));
	page = page_at(figures, 9000);
	CHECK_LINE(page, "workqueue_unfinished_work_seconds{name=\"job\"} 0");
	CHECK_LINE(page, "workqueue_work_duration_seconds_sum{name=\"job\"} 3");
	CHECK(str_find(page, STR("troupe_metrics_dropped_series")) < 0);
}

TEST(a_controller_that_starts_again_goes_on_counting_and_has_nothing_under_way)
{
	struct figures *figures = make_figures();
	struct figures_work *work = figures_work(figures, "job");
	struct str page;

	figures_queue(work, &(struct queue_stats){ .adds = 5 });
	figures_took(work, 0, at(0), at(1000));
	CHECK(figures_work(figures, "job") == work);
	figures_queue(work, &(struct queue_stats){ .adds = 2 });
	page = page_at(figures, 5000);
	CHECK_LINE(page, "workqueue_adds_total{name=\"job\"} 7");
	CHECK_LINE(page, "workqueue_unfinished_work_seconds{name=\"job\"} 0");
}

TEST(who_leads_and_what_the_server_answered_is_told)
{
	struct figures *figures = make_figures();
	struct figures_work *work = figures_work(figures, "job");

	CHECK_LINE(page_at(figures, 0),
		   "leader_election_master_status{name=\"kube-controller-manager\"} 0");
	figures_lead(figures, true);
	figures_asked(work, &(struct figures_call){ "POST", 201, 30 * TIME_MS, 100, 1000 });
	figures_asked(work, &(struct figures_call){ "POST", 201, 3 * TIME_MS, 50, 60 });
	figures_asked(work, &(struct figures_call){ .method = "PATCH" });
	CHECK_LINE(page_at(figures, 0), "leader_election_master_status{name=\"kube-scheduler\"} 1");
	CHECK_LINE(page_at(figures, 0),
		   "rest_client_requests_total{code=\"201\",host=\"api\",method=\"POST\"} 2");
	CHECK_LINE(page_at(figures, 0),
		   "rest_client_requests_total{code=\"<error>\",host=\"api\",method=\"PATCH\"} 1");
	CHECK_LINE(page_at(figures, 0), "rest_client_request_duration_seconds_bucket{host=\"api\","
					"verb=\"POST\",le=\"0.005\"} 1");
	CHECK_LINE(page_at(figures, 0),
		   "rest_client_request_duration_seconds_count{host=\"api\",verb=\"POST\"} 2");
	CHECK_LINE(page_at(figures, 0),
		   "rest_client_request_size_bytes_sum{host=\"api\",verb=\"POST\"} 150");
	CHECK_LINE(page_at(figures, 0),
		   "rest_client_response_size_bytes_sum{host=\"api\",verb=\"POST\"} 1060");
}

TEST(without_figures_nothing_is_counted)
{
	struct figures_work *work = figures_work(NULL, "job");
	struct text out = text_in(test_arena(), KIB);

	CHECK(work == NULL && figures_metrics(NULL) == NULL);
	figures_lead(NULL, true);
	figures_took(work, 0, at(0), at(1));
	figures_did(work, 0, at(1));
	figures_queue(work, &(struct queue_stats){ .adds = 1 });
	figures_asked(work, &(struct figures_call){ "POST", 200, 0, 0, 0 });
	figures_write(NULL, at(1), &out);
	CHECK_EQ(out.len, 0);
}
