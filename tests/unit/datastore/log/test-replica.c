/* One replica alone, call by call: what the owner is told when its disk fails. */
#include "datastore/log/replica.h"
#include "tests/lib/test.h"
#include "tests/unit/datastore/log/disk.h"

/* The only voter of a log on a disk in memory. */
struct sole {
	struct disk *disk;
	struct seams_files files;
	struct dice dice;
	struct seams_random random;
	struct replica *replica;
	struct replica_output out;
	struct mono now;
};

static void run_job(struct sole *sole, struct replica_job *job)
{
	if (job == NULL)
		return;
	job->run(job);
	replica_job_done(sole->replica, job, sole->now, &sole->out);
}

/* Until the disk has nothing to do. */
static void settle(struct sole *sole)
{
	struct replica_job *log, *background;

	do {
		log = sole->out.log_job;
		background = sole->out.background_job;
		replica_output_clear(&sole->out);
		run_job(sole, log);
		run_job(sole, background);
	} while (sole->out.log_job != NULL || sole->out.background_job != NULL);
}

static struct sole *make_leader(void)
{
	struct sole *sole = arena_new_of(test_arena(), struct sole);
	struct replica_config config = { .folder = "log", .segment_bytes = 64 * KIB };
	const struct member self = { .name = STR("n1"), .address = STR("a1") };
	struct replica_status status;

	sole->disk = disk_new(1);
	sole->files = disk_files(sole->disk);
	sole->dice.state = 1;
	sole->random = dice_seam(&sole->dice);
	config.files = &sole->files;
	config.random = &sole->random;
	replica_output_init(&sole->out);
	CHECK_STATUS(replica_open(&config, &(struct replica_state){ 0 }, &sole->replica, NULL), OK);
	CHECK_STATUS(replica_bootstrap(sole->replica, &self, NULL), OK);
	replica_start(sole->replica, sole->now, &sole->out);
	settle(sole);
	do {
		sole->now = replica_wake_at(sole->replica);
		replica_tick(sole->replica, sole->now, &sole->out);
		settle(sole);
		replica_status(sole->replica, &status);
	} while (status.role != CORE_LEADER || !status.is_established);
	return sole;
}

static void end(struct sole *sole)
{
	replica_output_fini(&sole->out);
	replica_close(sole->replica);
	disk_free(sole->disk);
}

static enum status submit(struct sole *sole)
{
	uint64_t index, term;

	return replica_submit(sole->replica, STR("command"), sole->now, &sole->out, &index, &term);
}

/* What it could not take another one can: its owner has to say so to those who wait, and not that something is broken. */
TEST(a_replica_whose_disk_failed_takes_nothing_more_and_sends_askers_to_another)
{
	struct sole *sole = make_leader();
	struct replica_status before, after;
	struct replica_job *job;

	replica_status(sole->replica, &before);
	CHECK_STATUS(submit(sole), OK);
	job = sole->out.log_job;
	CHECK(job != NULL);
	replica_output_clear(&sole->out);
	disk_fail_after(sole->disk, 1, IO);
	run_job(sole, job);
	CHECK(sole->out.is_failed);
	CHECK_EQ(sole->out.committed.len, 0);
	CHECK_EQ(sole->out.messages.len, 0);
	CHECK_STATUS(submit(sole), UNAVAILABLE);
	CHECK_STATUS(replica_read_index(sole->replica, 1, sole->now, &sole->out), UNAVAILABLE);
	CHECK_STATUS(replica_add(sole->replica, &(struct member){ .id = 7, .name = STR("n2") },
				 sole->now, &sole->out),
		     UNAVAILABLE);
	CHECK(sole->out.log_job == NULL);
	CHECK(sole->out.is_failed);
	replica_status(sole->replica, &after);
	CHECK_EQ(after.given, before.given);
	end(sole);
}
