// The benches of this folder for CAF 0.17; prints one number, and of one copy what it would be by CPU time, where that makes sense:
//   bench-peer BENCH THREADS COPIES COUNT WIDTH
// COPIES of the bench run at once. Actors are event-based, the cheapest kind.
#include <caf/all.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

using namespace caf;

namespace {

using ping_atom = atom_constant<atom("ping")>;
using pong_atom = atom_constant<atom("pong")>;
using go_atom = atom_constant<atom("go")>;
using done_atom = atom_constant<atom("done")>;
using crash_atom = atom_constant<atom("crash")>;

constexpr long slice = 1000;
constexpr size_t state_bytes = 64;

long count, width;

long now_ns()
{
	using namespace std::chrono;
	return duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
}

// By the clock, and by the CPU time of all threads.
struct moment {
	long ns, cpu_ns;
};

moment now_both()
{
	timespec cpu;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	return { now_ns(), cpu.tv_sec * 1000000000L + cpu.tv_nsec };
}

long resident_bytes()
{
	std::ifstream file("/proc/self/statm");
	long all = 0, resident = 0;
	file >> all >> resident;
	return resident * sysconf(_SC_PAGESIZE);
}

actor sender_of(scheduled_actor *self)
{
	return actor_cast<actor>(self->current_sender());
}

// ---- messages -------------------------------------------------------------------------------------

behavior ponger(event_based_actor *self)
{
	return { [=](ping_atom) { self->send(sender_of(self), pong_atom::value); } };
}

behavior pinger(stateful_actor<long> *self, actor other, actor owner)
{
	self->state = count;
	return { [=](go_atom) { self->send(other, ping_atom::value); },
		 [=](pong_atom) {
			 if (--self->state > 0)
				 self->send(other, ping_atom::value);
			 else
				 self->send(owner, done_atom::value);
		 } };
}

behavior counter(stateful_actor<long> *self, long all, actor owner)
{
	self->state = all;
	return { [=](ping_atom) {
		if (--self->state == 0)
			self->send(owner, done_atom::value);
	} };
}

behavior producer(stateful_actor<long> *self, actor sink)
{
	self->state = count;
	return { [=](go_atom) {
		for (long i = 0; i < slice && self->state > 0; i++, self->state--)
			self->send(sink, ping_atom::value);
		if (self->state > 0)
			self->send(self, go_atom::value);
	} };
}

struct runner_state {
	actor next;
};

behavior runner(stateful_actor<runner_state> *self, actor owner)
{
	return { [=](const actor &next) { self->state.next = next; },
		 [=](long left) {
			 if (left == 0)
				 self->send(owner, done_atom::value);
			 else
				 self->send(self->state.next, left - 1);
		 } };
}

using crowd = std::shared_ptr<std::vector<actor>>;

struct member_state {
	long left = 0;
	uint32_t random = 0;
};

behavior member(stateful_actor<member_state> *self, uint32_t seed, crowd all, actor owner)
{
	self->state.left = count;
	self->state.random = seed;
	auto ask = [=] {
		self->state.random = self->state.random * 1664525u + 1013904223u;
		self->send((*all)[(self->state.random >> 8) % all->size()], ping_atom::value);
	};
	return { [=](ping_atom) { self->send(sender_of(self), pong_atom::value); }, [=](go_atom) { ask(); },
		 [=](pong_atom) {
			 if (--self->state.left == 0)
				 self->send(owner, done_atom::value);
			 else
				 ask();
		 } };
}

// ---- requests -------------------------------------------------------------------------------------

behavior echo(event_based_actor *)
{
	return { [](ping_atom) { return pong_atom::value; } };
}

struct asker_state {
	long left = 0;
};

void ask(stateful_actor<asker_state> *self, actor other, actor owner)
{
	self->request(other, std::chrono::seconds(5), ping_atom::value).then([=](pong_atom) {
		if (--self->state.left > 0)
			ask(self, other, owner);
		else
			self->send(owner, done_atom::value);
	});
}

behavior asker(stateful_actor<asker_state> *self, actor other, actor owner)
{
	self->state.left = count;
	return { [=](go_atom) { ask(self, other, owner); } };
}

// ---- lives ----------------------------------------------------------------------------------------

behavior forked(event_based_actor *self)
{
	return { [=](go_atom) {
		self->send(sender_of(self), done_atom::value);
		self->quit();
	} };
}

behavior forker(stateful_actor<asker_state> *self, actor owner)
{
	self->state.left = count;
	return { [=](go_atom) {
			for (long i = 0; i < count; i++)
				self->send(self->spawn<lazy_init>(forked), go_atom::value);
		},
		 [=](done_atom) {
			 if (--self->state.left == 0)
				 self->send(owner, done_atom::value);
		 } };
}

struct idle_state {
	std::array<char, state_bytes> bytes{};
};

behavior idle(stateful_actor<idle_state> *)
{
	return { [](done_atom) {} };
}

behavior breaking(stateful_actor<idle_state> *self)
{
	return { [=](crash_atom) { self->quit(exit_reason::user_shutdown); } };
}

// CAF has no supervisor: a monitor, and a new child when it says down.
struct keeper_state {
	long crashed_ns = 0;
	std::vector<long> took_ns;
};

behavior keeper(stateful_actor<keeper_state> *self, actor owner)
{
	auto begin = [=] {
		actor child = self->spawn<monitored>(breaking);
		self->state.crashed_ns = now_ns();
		self->send(child, crash_atom::value);
	};
	self->set_down_handler([=](down_msg &) {
		self->state.took_ns.push_back(now_ns() - self->state.crashed_ns);
		if (self->state.took_ns.size() < size_t(count))
			return begin();
		std::sort(self->state.took_ns.begin(), self->state.took_ns.end());
		self->send(owner, double(self->state.took_ns[size_t(count) / 2]) / 1000);
	});
	return { [=](go_atom) { begin(); } };
}

// ---- running --------------------------------------------------------------------------------------

// Makes one copy of the bench; the actors that shall get `go` to begin, and how many will say done.
struct copy {
	std::vector<actor> first;
	long dones = 1;
};

copy make(actor_system &system, const std::string &bench, actor owner)
{
	copy made;

	if (bench == "ping-pong") {
		made.first = { system.spawn(pinger, system.spawn(ponger), owner) };
	} else if (bench == "counting" || bench == "fan-in") {
		long producers = bench == "fan-in" ? width : 1;
		actor sink = system.spawn(counter, count * producers, owner);
		for (long i = 0; i < producers; i++)
			made.first.push_back(system.spawn(producer, sink));
	} else if (bench == "big") {
		auto all = std::make_shared<std::vector<actor>>();
		for (long i = 0; i < width; i++)
			all->push_back(system.spawn(member, uint32_t(i * 2654435761u), all, owner));
		made.first = *all;
		made.dones = width;
	} else if (bench == "ask") {
		made.first = { system.spawn(asker, system.spawn(echo), owner) };
	} else if (bench == "fork-join") {
		made.first = { system.spawn(forker, owner) };
	}
	return made;
}

double operations(const std::string &bench)
{
	if (bench == "ping-pong")
		return 2.0 * double(count);
	if (bench == "fan-in")
		return double(count) * double(width);
	if (bench == "big")
		return 2.0 * double(count) * double(width);
	return double(count);
}

void print(const std::string &bench, long copies, moment began)
{
	const moment ended = now_both();
	const double done = operations(bench) * double(copies);
	const bool is_time = bench == "ask" || bench == "spawn";
	const double ns = double(ended.ns - began.ns), cpu_ns = double(ended.cpu_ns - began.cpu_ns);

	printf("%.4f ", is_time ? ns / done : done / ns * 1000);
	if (copies == 1)
		printf("%.4f ", is_time ? cpu_ns / done : done / cpu_ns * 1000);
}

void many(actor_system &system, const std::string &bench, long copies)
{
	scoped_actor me{ system };
	std::vector<copy> made;
	long dones = 0;

	for (long i = 0; i < copies; i++)
		made.push_back(make(system, bench, actor_cast<actor>(me)));
	const moment began = now_both();
	for (const copy &one : made) {
		dones += one.dones;
		for (const actor &first : one.first)
			anon_send(first, go_atom::value);
	}
	for (; dones > 0; dones--)
		me->receive([](done_atom) {});
	print(bench, copies, began);
}

void ring(actor_system &system, long copies)
{
	scoped_actor me{ system };
	std::vector<std::vector<actor>> rings;

	for (long i = 0; i < copies; i++) {
		std::vector<actor> one;
		for (long k = 0; k < width; k++)
			one.push_back(system.spawn(runner, actor_cast<actor>(me)));
		for (long k = 0; k < width; k++)
			anon_send(one[size_t(k)], one[size_t((k + 1) % width)]);
		rings.push_back(one);
	}
	const moment began = now_both();
	for (const auto &one : rings)
		anon_send(one[0], count);
	for (long i = 0; i < copies; i++)
		me->receive([](done_atom) {});
	print("ring", copies, began);
}

void lives(actor_system &system, const std::string &bench)
{
	std::vector<actor> all;
	all.reserve(size_t(count));
	const long before = resident_bytes();
	const moment began = now_both();

	for (long i = 0; i < count; i++)
		all.push_back(system.spawn<lazy_init>(idle));
	if (bench == "idle")
		printf("%.4f", double(resident_bytes() - before) / double(count));
	else
		print(bench, 1, began);
	fflush(stdout);
	_exit(0);
}

void restart(actor_system &system)
{
	scoped_actor me{ system };
	double median = 0;

	actor first = system.spawn(keeper, actor_cast<actor>(me)); // alive as long as somebody holds it
	anon_send(first, go_atom::value);
	me->receive([&](double us) { median = us; });
	printf("%.4f", median);
}

} // namespace

int main(int argc, char **argv)
{
	if (argc != 6) {
		fputs("usage: bench-peer BENCH THREADS COPIES COUNT WIDTH\n", stderr);
		return 2;
	}
	const std::string bench = argv[1];
	const long copies = std::stol(argv[3]);
	actor_system_config config;

	config.set("scheduler.max-threads", std::stoul(argv[2]));
	count = std::stol(argv[4]);
	width = std::stol(argv[5]);
	actor_system system{ config };
	if (bench == "ring")
		ring(system, copies);
	else if (bench == "idle" || bench == "spawn")
		lives(system, bench);
	else if (bench == "restart")
		restart(system);
	else
		many(system, bench, copies);
	fflush(stdout);
	// The actors are not ended one by one: the process does.
	_exit(0);
}
