/*
 * bench-actors BENCH HOSTS COUNT [WIDTH]: prints one number, of the whole or of the slowest of the hosts; where it is a rate or a
 * time for each, also what it would be had the host's thread had a core to itself (by the CPU time it took).
 */
#include "tests/bench/actors/bench.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/log.h"

#define MOST_HOSTS 8U

static const struct bench benches[] = {
	{ "ping-pong", BENCH_MILLIONS, 2, false, bench_ping_pong },
	{ "counting", BENCH_MILLIONS, 1, false, bench_counting },
	{ "fan-in", BENCH_MILLIONS, 1, true, bench_fan_in },
	{ "keyed", BENCH_MILLIONS, 1, false, bench_keyed },
	{ "ring", BENCH_MILLIONS, 1, false, bench_ring },
	{ "big", BENCH_MILLIONS, 2, true, bench_big },
	{ "fork-join", BENCH_MILLIONS, 1, false, bench_fork_join },
	{ "ask", BENCH_NS, 1, false, bench_ask },
	{ "task", BENCH_NS, 1, false, bench_task },
	{ "spawn", BENCH_NS, 1, false, bench_spawn },
	{ "idle", BENCH_VALUE, 0, false, bench_idle },
	{ "million", BENCH_VALUE, 0, false, bench_million },
	{ "parked", BENCH_VALUE, 0, false, bench_parked },
	{ "restart", BENCH_VALUE, 0, false, bench_restart },
};

struct host_thread {
	const struct bench *bench;
	struct bench_run run;
	uint16_t number;
	pthread_barrier_t *barrier;
	pthread_t thread;
};

struct mono bench_now(void)
{
	const struct seams_clock *clock = loop_clock();
	return clock->mono(clock->self);
}

static int64_t cpu_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * TIME_S + now.tv_nsec;
}

void bench_begin(struct bench_run *run)
{
	run->cpu_ns = cpu_now_ns();
	run->began = bench_now();
}

void bench_done(struct bench_run *run)
{
	run->ended = bench_now();
	run->cpu_ns = cpu_now_ns() - run->cpu_ns;
	loop_quit(run->loop);
}

uint64_t bench_resident_bytes(void)
{
	char text[128];
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t len = read(fd, text, sizeof text);
	uint64_t pages = 0;

	close(fd);
	struct str rest = str_of(text, len > 0 ? (uint32_t)len : 0);
	(void)str_cut(&rest, ' ');
	bench_must(str_to_u64(str_cut(&rest, ' '), &pages));
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void bench_must(enum status status)
{
	if (status == OK)
		return;
	fprintf(stderr, "bench-actors: %s\n", status_text(status));
	exit(1);
}

struct act_ref bench_spawn_of(struct act *act, const struct act_class *class, const void *args)
{
	struct act_ref made;

	bench_must(act_spawn(act, class, args, NULL, &made));
	return made;
}

static void *host_main(void *arg)
{
	struct host_thread *thread = arg;
	struct bench_run *run = &thread->run;
	const struct loop_config config = {
		.host = { .name = "bench", .node = 1, .host = thread->number, .epoch = 1 }
	};

	bench_must(loop_open(&config, &run->loop));
	struct act_host *host = loop_host(run->loop);
	pthread_barrier_wait(thread->barrier);
	bench_begin(run);
	if (!act_host_enter(host, act_host_root(host), thread->bench->start, run))
		exit(1);
	loop_run(run->loop);
	/* The actors are not ended one by one: the process does. */
	return NULL;
}

static double result(const struct bench *bench, double operations, double ns)
{
	return bench->unit == BENCH_NS ? ns / operations : operations * bench->each / ns * 1000;
}

static void print(const struct bench *bench, const struct host_thread *threads, uint32_t hosts)
{
	int64_t began = threads[0].run.began.ns, ended = threads[0].run.ended.ns, cpu_ns = 0;
	double value = 0, operations = 0;

	for (uint32_t i = 0; i < hosts; i++) {
		const struct bench_run *run = &threads[i].run;
		began = run->began.ns < began ? run->began.ns : began;
		ended = run->ended.ns > ended ? run->ended.ns : ended;
		cpu_ns = run->cpu_ns > cpu_ns ? run->cpu_ns : cpu_ns;
		value = run->value > value ? run->value : value;
		operations += (double)(run->count * (bench->is_each_of_width ? run->width : 1));
	}
	if (bench->unit == BENCH_VALUE)
		printf("%.4f\n", value);
	else
		printf("%.4f %.4f\n", result(bench, operations, (double)(ended - began)),
		       result(bench, operations, (double)cpu_ns));
}

static const struct bench *find(const char *name)
{
	for (size_t i = 0; i < sizeof benches / sizeof *benches; i++)
		if (str_eq(str_from(benches[i].name), str_from(name)))
			return &benches[i];
	return NULL;
}

static uint64_t number(const char *text)
{
	uint64_t value = 0;

	bench_must(str_to_u64(str_from(text), &value));
	return value;
}

int main(int argc, char **argv)
{
	static const struct log_config quiet = { .level = LOG_ERROR };
	struct host_thread threads[MOST_HOSTS] = { 0 };
	const struct bench *bench = argc >= 4 ? find(argv[1]) : NULL;
	pthread_barrier_t barrier;

	if (!bench || argc > 5) {
		fputs("usage: bench-actors BENCH HOSTS COUNT [WIDTH]\nbenches:", stderr);
		for (size_t i = 0; i < sizeof benches / sizeof *benches; i++)
			fprintf(stderr, " %s", benches[i].name);
		fputs("\n", stderr);
		return 2;
	}
	uint32_t hosts = (uint32_t)number(argv[2]);
	if (hosts < 1 || hosts > MOST_HOSTS)
		return 2;
	log_configure(&quiet);
	pthread_barrier_init(&barrier, NULL, hosts);
	for (uint32_t i = 0; i < hosts; i++) {
		threads[i] =
		    (struct host_thread){ .bench = bench,
					  .run = { .count = number(argv[3]),
						   .width = argc == 5 ? number(argv[4]) : 1 },
					  .number = (uint16_t)(i + 1),
					  .barrier = &barrier };
		if (pthread_create(&threads[i].thread, NULL, host_main, &threads[i]) != 0)
			return 1;
	}
	for (uint32_t i = 0; i < hosts; i++)
		pthread_join(threads[i].thread, NULL);
	print(bench, threads, hosts);
	return 0;
}
