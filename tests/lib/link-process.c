#include "tests/lib/link-process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/link-side.h"
#include "tests/lib/test.h"

/* What crosses the two pipes. */
struct order {
	char listen[64], node_name[32], address[64];
	uint32_t node;
	uint16_t host;
	enum link_manner manner;
};

struct report {
	int64_t listens_ns;
	char address[64];
};

static int64_t now_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * TIME_S + at.tv_nsec;
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static void answer(struct link_side *side, struct seams_peer from, struct str body)
{
	if (link_side_send(side, from, str_slice(body, 0, LINK_ANSWER_BYTES)) != OK)
		_exit(1);
}

static _Noreturn void live(struct link_side *side, const struct order *order)
{
	static const char body[10000];
	struct link_side *sides[] = { side };
	struct seams_peer friend = { order->node, order->host, 0 };
	bool is_flooding = order->manner == LINK_FLOODS;

	if (order->manner == LINK_ANSWERS)
		side->received = answer;
	for (;;) {
		while (is_flooding && link_side_send(side, friend, str_of(body, sizeof body)) == OK)
			;
		link_side_run(sides, 1, never, NULL, is_flooding ? 1 : 1000);
	}
}

static _Noreturn void obey(struct peer_config config, int orders, int reports)
{
	struct order order;
	struct report report = { 0 };
	struct link_side side;

	if (read(orders, &order, sizeof order) != sizeof order)
		_exit(0);
	if (order.listen[0] != 0)
		config.listen = str_from(order.listen);
	if (link_side_open(&side, config, NULL) != OK)
		_exit(1);
	report.listens_ns = now_ns();
	side.is_counting = true;
	struct seams_place entry = { .node = order.node,
				     .node_name = str_from(order.node_name),
				     .host = order.host,
				     .address = str_from(order.address) };
	if (peer_learn(side.peer, &entry) != OK)
		_exit(1);
	snprintf(report.address, sizeof report.address, STR_FMT, STR_ARG(peer_address(side.peer)));
	if (write(reports, &report, sizeof report) != sizeof report)
		_exit(1);
	live(&side, &order);
}

struct link_process link_process_new(const struct peer_config *config)
{
	struct link_process process = { 0 };
	int orders[2], reports[2];

	CHECK(pipe(orders) == 0 && pipe(reports) == 0);
	process.pid = fork();
	CHECK(process.pid >= 0);
	if (process.pid == 0) {
		close(orders[1]);
		close(reports[0]);
		obey(*config, orders[0], reports[1]);
	}
	close(orders[0]);
	close(reports[1]);
	process.orders = orders[1];
	process.reports = reports[0];
	return process;
}

void link_process_start(struct link_process *process, const char *listen,
			const struct seams_place *friend, enum link_manner manner)
{
	struct order order = { .node = friend->node, .host = friend->host, .manner = manner };
	struct report report;

	snprintf(order.listen, sizeof order.listen, "%s", listen != NULL ? listen : "");
	snprintf(order.node_name, sizeof order.node_name, STR_FMT, STR_ARG(friend->node_name));
	snprintf(order.address, sizeof order.address, STR_FMT, STR_ARG(friend->address));
	CHECK_EQ(write(process->orders, &order, sizeof order), sizeof order);
	CHECK_EQ(read(process->reports, &report, sizeof report), sizeof report);
	process->listens_at.ns = report.listens_ns;
	memcpy(process->address, report.address, sizeof process->address);
}

void link_process_kill(struct link_process *process)
{
	kill(process->pid, SIGKILL);
	CHECK_EQ(waitpid(process->pid, NULL, 0), process->pid);
	close(process->orders);
	close(process->reports);
}
