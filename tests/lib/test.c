#include "tests/lib/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TEST_JOBS_MAX 64U
#define TEST_OUTPUT_MAX (64U * KIB) /* the end of what a failed test printed */
#define TEST_REPORT_MAX 1024U       /* below a pipe's capacity: the child never waits */
#define TEST_STARVED_MAX 20         /* times its limit that a test may wait for a processor */
#define TEST_EXIT_FAILED 1
#define TEST_EXIT_SKIPPED 77

/* Sanitizers make everything slower, so the same limits would accuse the innocent. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TEST_PATIENCE 5U
#else
#define TEST_PATIENCE 1U
#endif

struct job {
	const struct test *test; /* NULL: free */
	pid_t pid;
	int output; /* a memory file that takes stdout and stderr */
	int report; /* the pipe on which the test says why it failed or skipped */
	int64_t begin_ns, deadline_ns;
	char *folder;
};

struct run {
	struct test **tests;
	uint32_t count;
	uint32_t passed, failed, skipped;
	struct job jobs[TEST_JOBS_MAX];
	uint32_t job_count;
};

static struct test *test_first;
/* Of the one test that this process runs. */
static struct {
	struct arena *arena;
	const char *folder;
	int report;
} test_own;

void test_register(struct test *test)
{
	test->next = test_first;
	test_first = test;
}

struct arena *test_arena(void)
{
	if (test_own.arena == NULL)
		test_own.arena = arena_new(0);
	return test_own.arena;
}

const char *test_folder(void)
{
	return test_own.folder;
}

/* Says the one line on the report pipe and ends the process at once: no library's exit code may hang it. */
_Noreturn static void test_end(int exit_code, const char *where, const char *format, va_list args)
{
	char line[TEST_REPORT_MAX];
	int len = snprintf(line, sizeof line, "%s", where);

	vsnprintf(line + len, sizeof line - (size_t)len, format, args);
	if (write(test_own.report, line, strlen(line)) < 0)
		fprintf(stderr, "%s\n", line);
	fflush(NULL);
	_exit(exit_code);
}

void test_fail(const char *file, int line, const char *format, ...)
{
	char where[256];
	va_list args;

	snprintf(where, sizeof where, "%s:%d: ", file, line);
	va_start(args, format);
	test_end(TEST_EXIT_FAILED, where, format, args);
}

void test_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	test_end(TEST_EXIT_SKIPPED, "", format, args);
}

void test_check_eq(const char *file, int line, const char *a_text, const char *b_text,
		   bool is_signed, uint64_t a, uint64_t b)
{
	if (a == b)
		return;
	if (is_signed || ((int64_t)a < 0) != ((int64_t)b < 0))
		test_fail(file, line, "CHECK_EQ(%s, %s): %lld is not %lld", a_text, b_text,
			  (long long)a, (long long)b);
	test_fail(file, line, "CHECK_EQ(%s, %s): %llu is not %llu", a_text, b_text,
		  (unsigned long long)a, (unsigned long long)b);
}

void test_check_str(const char *file, int line, const char *s_text, struct str s, const char *text)
{
	if (!str_is(s, text))
		test_fail(file, line, "CHECK_STR(%s): \"" STR_FMT "\" is not \"%s\"", s_text,
			  STR_ARG(s), text);
}

void test_check_status(const char *file, int line, const char *call, enum status status,
		       enum status expected)
{
	if (status != expected)
		test_fail(file, line, "CHECK_STATUS(%s): %s is not %s", call, status_name(status),
			  status_name(expected));
}

static int64_t test_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * TIME_S + now.tv_nsec;
}

_Noreturn static void test_die(const char *what)
{
	perror(what);
	exit(2);
}

/* In the child: everything that the test prints goes to the memory file. Should the program be killed, its tests go with it. */
_Noreturn static void test_child(const struct test *test, const struct job *job, int report)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(job->output, STDOUT_FILENO) < 0 || dup2(job->output, STDERR_FILENO) < 0)
		test_die("dup2");
	test_own.folder = job->folder;
	test_own.report = report;
	test->run();
	arena_free(test_own.arena);
	exit(0); /* not _exit: the leak checker runs at exit */
}

static void job_start(struct job *job, const struct test *test)
{
	char folder[] = "/tmp/troupe-test-XXXXXX";
	int pipes[2];

	if (pipe2(pipes, O_CLOEXEC) < 0 || mkdtemp(folder) == NULL)
		test_die("a test's pipe and folder");
	job->test = test;
	job->folder = mem_copy(folder, sizeof folder);
	job->output = memfd_create("output", MFD_CLOEXEC);
	job->report = pipes[0];
	job->begin_ns = test_now_ns();
	job->deadline_ns = job->begin_ns + (int64_t)test->limit_seconds * TEST_PATIENCE * TIME_S;
	fflush(NULL);
	job->pid = fork();
	if (job->output < 0 || job->pid < 0)
		test_die("a test's process");
	if (job->pid == 0)
		test_child(test, job, pipes[1]);
	setpgid(job->pid, job->pid); /* both sides do it, so that neither can be late */
	close(pipes[1]);
}

static int job_remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
	(void)info, (void)kind, (void)walk;
	return remove(path);
}

static void job_print_output(const struct job *job)
{
	char *all = mem_alloc(TEST_OUTPUT_MAX);
	off_t size = lseek(job->output, 0, SEEK_END);
	off_t from = size > TEST_OUTPUT_MAX ? size - (off_t)TEST_OUTPUT_MAX : 0;
	ssize_t len = pread(job->output, all, TEST_OUTPUT_MAX, from);

	if (len > 0) {
		fwrite(all, 1, (size_t)len, stdout);
		if (all[len - 1] != '\n')
			putchar('\n');
	}
	mem_free(all);
}

static void job_judge(const struct job *job, struct run *run, int status, bool is_late)
{
	char report[TEST_REPORT_MAX];
	ssize_t len = read(job->report, report, sizeof report - 1);
	const struct test *test = job->test;

	report[len > 0 ? len : 0] = '\0';
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		run->passed++;
		return;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == TEST_EXIT_SKIPPED) {
		run->skipped++;
		printf("SKIP %s: %s\n", test->name, report);
		return;
	}
	run->failed++;
	if (len > 0)
		printf("FAIL %s: %s\n", test->name, report);
	else if (is_late)
		printf("FAIL %s: %s: not done after %u s\n", test->name, test->file,
		       test->limit_seconds * TEST_PATIENCE);
	else if (WIFSIGNALED(status))
		printf("FAIL %s: %s: ended by SIG%s\n", test->name, test->file,
		       sigabbrev_np(WTERMSIG(status)));
	else
		printf("FAIL %s: %s: exit code %d\n", test->name, test->file, WEXITSTATUS(status));
	job_print_output(job);
	fflush(stdout);
}

/* What a process's threads have waited for a processor so far; 0 where the kernel does not say. */
static int64_t process_starved_ns(pid_t pid)
{
	char path[64];
	DIR *tasks;
	struct dirent *task;
	int64_t sum = 0;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	while (tasks != NULL && (task = readdir(tasks)) != NULL) {
		long long waited = 0;
		FILE *file;

		if (task->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", (int)pid, task->d_name);
		file = fopen(path, "re");
		if (file != NULL && fscanf(file, "%*u %lld", &waited) == 1)
			sum += waited;
		if (file != NULL)
			fclose(file);
	}
	if (tasks != NULL)
		closedir(tasks);
	return sum;
}

/* What all processes of a test have. */
static int64_t job_starved_ns(const struct job *job)
{
	DIR *all = opendir("/proc");
	struct dirent *entry;
	int64_t sum = 0;
	uint64_t pid;

	while (all != NULL && (entry = readdir(all)) != NULL)
		if (str_to_u64(str_from(entry->d_name), &pid) == OK &&
		    getpgid((pid_t)pid) == job->pid)
			sum += process_starved_ns((pid_t)pid);
	if (all != NULL)
		closedir(all);
	return sum;
}

/* A test has its time for itself: what it waited for a processor on a machine with other things to do is added, up to a point. */
static bool job_is_late(struct job *job)
{
	int64_t limit_ns = (int64_t)job->test->limit_seconds * TEST_PATIENCE * TIME_S;
	int64_t now = test_now_ns(), more;

	if (now < job->deadline_ns)
		return false;
	more = job_starved_ns(job);
	if (more > limit_ns * TEST_STARVED_MAX)
		more = limit_ns * TEST_STARVED_MAX;
	job->deadline_ns = job->begin_ns + limit_ns + more;
	return now >= job->deadline_ns;
}

/* Reaps the job if it has ended or is late; kills its group before, while the pid is still its own. */
static bool job_finish(struct job *job, struct run *run)
{
	bool is_late = job_is_late(job);
	siginfo_t info = { .si_pid = 0 };
	int status;

	if (waitid(P_PID, (id_t)job->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		test_die("waitid");
	if (info.si_pid == 0 && !is_late)
		return false;
	kill(-job->pid, SIGKILL);
	if (waitpid(job->pid, &status, 0) < 0)
		test_die("waitpid");
	job_judge(job, run, status, info.si_pid == 0);
	nftw(job->folder, job_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	mem_free(job->folder);
	close(job->output);
	close(job->report);
	job->test = NULL;
	return true;
}

/* Sleeps until a child ends or the earliest deadline comes. */
static void run_wait(const struct run *run)
{
	int64_t now = test_now_ns(), until = now + TIME_S;
	struct timespec left;
	sigset_t set;

	for (uint32_t i = 0; i < run->job_count; i++)
		if (run->jobs[i].test != NULL && run->jobs[i].deadline_ns < until)
			until = run->jobs[i].deadline_ns;
	if (until <= now)
		return;
	left = (struct timespec){ (until - now) / TIME_S, (until - now) % TIME_S };
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigtimedwait(&set, NULL, &left);
}

static void run_all(struct run *run)
{
	uint32_t next = 0, running = 0;

	while (next < run->count || running > 0) {
		bool has_finished = false;

		for (uint32_t i = 0; i < run->job_count; i++) {
			struct job *job = &run->jobs[i];

			if (job->test != NULL && job_finish(job, run)) {
				running--;
				has_finished = true;
			}
			if (job->test == NULL && next < run->count) {
				job_start(job, run->tests[next++]);
				running++;
			}
		}
		if (!has_finished && running > 0)
			run_wait(run);
	}
}

static int test_compare(const void *a, const void *b)
{
	const struct test *left = *(struct test *const *)a, *right = *(struct test *const *)b;
	int order = strcmp(left->name, right->name);

	return order != 0 ? order : strcmp(left->file, right->file);
}

static bool test_matches(const struct test *test, char **filters, int count)
{
	for (int i = 0; i < count; i++)
		if (strstr(test->name, filters[i]) != NULL || strstr(test->file, filters[i]) != NULL)
			return true;
	return count == 0;
}

static void run_collect(struct run *run, char **filters, int count)
{
	uint32_t total = 0;

	for (struct test *test = test_first; test != NULL; test = test->next)
		total++;
	run->tests = mem_alloc(total * sizeof *run->tests);
	for (struct test *test = test_first; test != NULL; test = test->next)
		if (test_matches(test, filters, count))
			run->tests[run->count++] = test;
	qsort(run->tests, run->count, sizeof *run->tests, test_compare);
}

_Noreturn static void test_usage(const char *program)
{
	fprintf(stderr,
		"usage: %s [--list] [-j JOBS] [FILTER ...]\n"
		"runs the tests whose name or file contains one of the filters; all without\n",
		program);
	exit(2);
}

int main(int argc, char **argv)
{
	struct run run = { .job_count = 2 };
	bool is_list = false;
	sigset_t child;
	int at = 1;

	for (; at < argc && argv[at][0] == '-'; at++) {
		uint64_t jobs;

		if (strcmp(argv[at], "--list") == 0) {
			is_list = true;
		} else if (strcmp(argv[at], "-j") == 0 && at + 1 < argc &&
			   str_to_u64(str_from(argv[at + 1]), &jobs) == OK && jobs > 0 &&
			   jobs <= TEST_JOBS_MAX) {
			run.job_count = (uint32_t)jobs;
			at++;
		} else {
			test_usage(argv[0]);
		}
	}
	run_collect(&run, argv + at, argc - at);
	if (is_list) {
		for (uint32_t i = 0; i < run.count; i++)
			printf("%s\n", run.tests[i]->name);
		mem_free(run.tests);
		return 0;
	}
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	run_all(&run);
	mem_free(run.tests);
	printf("%u passed, %u failed, %u skipped\n", run.passed, run.failed, run.skipped);
	return run.failed > 0;
}
