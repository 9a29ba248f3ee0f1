%% The benches of this folder for Erlang/OTP; prints one number, and of one copy what it would be by CPU time, where that makes sense.
%%   erl -noshell -pa FOLDER +S 2:2 -run bench_peer main BENCH COPIES COUNT WIDTH
%% COPIES of the bench run at once. Each is a process of its own, not the one that starts the system.
-module(bench_peer).
-behaviour(gen_server).
-export([main/1, begin_child/1, init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(SLICE_OF_RESTARTS, 100).

main([Bench | Numbers]) ->
    [Copies, Count, Width] = [list_to_integer(N) || N <- Numbers],
    logger:set_primary_config(level, none),
    spawn_opt(fun() -> [io:format("~.4f ", [N]) || N <- measure(Bench, Copies, Count, Width)], halt(0, [{flush, true}]) end,
              [{message_queue_data, off_heap}]).

%% Millions a second of what one of Count is, or what a bench gives as its value.
measure("idle", _, Count, _) -> [idle_bytes(Count)];
measure("restart", _, Count, _) -> [restart_us(Count)];
measure(Bench, Copies, Count, Width) ->
    Me = self(),
    [spawn_opt(fun() -> Me ! {took, bench(Bench, Count, Width)} end, [{message_queue_data, off_heap}])
     || _ <- lists:seq(1, Copies)],
    Times = [receive {took, Took} -> Took end || _ <- lists:seq(1, Copies)],
    Ns = lists:max([Ended || {_, {Ended, _}} <- Times]) - lists:min([Began || {{Began, _}, _} <- Times]),
    Done = operations(Bench, Count, Width) * Copies,
    [result(Bench, Done, Ns) | [result(Bench, Done, CpuEnded - CpuBegan) || {{_, CpuBegan}, {_, CpuEnded}} <- Times, Copies == 1]].

result(Bench, Done, Ns) when Bench == "ask"; Bench == "spawn" -> Ns / Done;
result(_, Done, Ns) -> Done * 1000 / Ns.

operations("ping-pong", Count, _) -> 2 * Count;
operations("fan-in", Count, Width) -> Count * Width;
operations("big", Count, Width) -> 2 * Count * Width;
operations(_, Count, _) -> Count.

now_ns() -> erlang:monotonic_time(nanosecond).

%% By the clock, and by the CPU time of all threads: with the kernel's share, which statistics(runtime) leaves out.
now_both() -> {now_ns(), cpu_ns()}.

cpu_ns() ->
    {ok, Threads} = file:list_dir("/proc/self/task"),
    lists:sum([on_cpu_ns(file:read_file(["/proc/self/task/", Thread, "/schedstat"])) || Thread <- Threads]).

on_cpu_ns({ok, Text}) -> binary_to_integer(hd(binary:split(Text, <<" ">>)));
on_cpu_ns({error, enoent}) -> 0.

times(0, _) -> ok;
times(N, Do) -> Do(), times(N - 1, Do).

%% ---- messages ------------------------------------------------------------------------------------

bench("ping-pong", Count, _) ->
    Began = now_both(),
    Ponger = spawn(fun pong/0),
    ping(Count, Ponger),
    {Began, now_both()};
bench("counting", Count, _) ->
    produced(Count, 1);
bench("fan-in", Count, Width) ->
    produced(Count, Width);
bench("ring", Count, Width) ->
    Me = self(),
    First = spawn(fun() -> receive {next, Next} -> run_ring(Next, Me) end end),
    Last = lists:foldl(fun(_, Next) -> spawn(fun() -> run_ring(Next, Me) end) end, First, lists:seq(2, Width)),
    First ! {next, Last},
    Began = now_both(),
    First ! Count,
    receive done -> {Began, now_both()} end;
bench("big", Count, Width) ->
    Me = self(),
    Members = [spawn(fun() -> receive {members, All} -> big_wait(Count, Me, All, Seed * 2654435761 band 16#ffffffff) end end)
               || Seed <- lists:seq(0, Width - 1)],
    [Member ! {members, list_to_tuple(Members)} || Member <- Members],
    Began = now_both(),
    [Member ! go || Member <- Members],
    times(Width, fun() -> receive done -> ok end end),
    Ended = now_both(),
    [Member ! stop || Member <- Members],
    {Began, Ended};
%% ---- lives ---------------------------------------------------------------------------------------
bench("fork-join", Count, _) ->
    Me = self(),
    Began = now_both(),
    times(Count, fun() -> spawn(fun() -> receive {go, From} -> From ! done end end) ! {go, Me} end),
    times(Count, fun() -> receive done -> ok end end),
    {Began, now_both()};
bench("spawn", Count, _) ->
    Began = now_both(),
    times(Count, fun() -> spawn(fun() -> idle({1, 2, 3, 4, 5, 6, 7}) end) end),
    {Began, now_both()};
%% ---- requests ------------------------------------------------------------------------------------
bench("ask", Count, _) ->
    {ok, Echo} = gen_server:start(?MODULE, echo, []),
    Began = now_both(),
    times(Count, fun() -> pong = gen_server:call(Echo, ping) end),
    {Began, now_both()}.

pong() -> receive {From, ping} -> From ! pong, pong() end.

ping(0, _) -> ok;
ping(N, Ponger) -> Ponger ! {self(), ping}, receive pong -> ping(N - 1, Ponger) end.

produced(Count, Producers) ->
    Me = self(),
    Began = now_both(),
    Counter = spawn_opt(fun() -> count(Count * Producers, Me) end, [{message_queue_data, off_heap}]),
    [spawn(fun() -> produce(Count, Counter) end) || _ <- lists:seq(1, Producers)],
    receive done -> {Began, now_both()} end.

produce(0, _) -> ok;
produce(N, Counter) -> Counter ! one, produce(N - 1, Counter).

count(0, Owner) -> Owner ! done;
count(N, Owner) -> receive one -> count(N - 1, Owner) end.

run_ring(Next, Owner) ->
    receive
        0 -> Owner ! done;
        N -> Next ! N - 1, run_ring(Next, Owner)
    end.

big_wait(N, Owner, All, Random) ->
    receive
        go -> big_ask(N, Owner, All, Random);
        {From, ping} -> From ! pong, big_wait(N, Owner, All, Random)
    end.

big_ask(0, Owner, _, _) ->
    Owner ! done,
    big_rest();
big_ask(N, Owner, All, Random) ->
    Next = (Random * 1664525 + 1013904223) band 16#ffffffff,
    element((Next bsr 8) rem tuple_size(All) + 1, All) ! {self(), ping},
    big_answer(N, Owner, All, Next).

big_answer(N, Owner, All, Random) ->
    receive
        pong -> big_ask(N - 1, Owner, All, Random);
        {From, ping} -> From ! pong, big_answer(N, Owner, All, Random)
    end.

big_rest() -> receive {From, ping} -> From ! pong, big_rest(); stop -> ok end.

%% A tuple of seven: 64 bytes with its head, on the process's own heap.
idle(State) -> receive {stop, From} -> From ! State end.

resident() ->
    {ok, Text} = file:read_file("/proc/self/statm"),
    binary_to_integer(lists:nth(2, binary:split(Text, <<" ">>, [global]))) * 4096.

idle_bytes(Count) ->
    erlang:garbage_collect(),
    Before = resident(),
    times(Count, fun() -> spawn(fun() -> idle({1, 2, 3, 4, 5, 6, 7}) end) end),
    (resident() - Before) / Count.

%% ---- restart: one child under a supervisor, from a crash until the new one has said that it is there.
%% OTP keeps the times of the last restarts in a list that it goes through at each: a new supervisor every so often, so that
%% restarting is measured and not that list.

restart_us(Count) ->
    process_flag(trap_exit, true),
    Took = lists:append([restarts() || _ <- lists:seq(1, Count div ?SLICE_OF_RESTARTS)]),
    lists:nth(length(Took) div 2, lists:sort(Took)) / 1000.

restarts() ->
    {ok, Supervisor} = supervisor:start_link(?MODULE, {supervisor, self()}),
    Child = receive {up, Pid} -> Pid end,
    Took = restarts(?SLICE_OF_RESTARTS, Child, []),
    unlink(Supervisor),
    exit(Supervisor, kill),
    Took.

restarts(0, _, Took) -> Took;
restarts(N, Child, Took) ->
    Crashed = now_ns(),
    Child ! crash,
    receive {up, Next} -> restarts(N - 1, Next, [now_ns() - Crashed | Took]) end.

begin_child(Owner) -> gen_server:start_link(?MODULE, {child, Owner}, []).

init(echo) -> {ok, none};
init({child, Owner}) ->
    Owner ! {up, self()},
    {ok, {1, 2, 3, 4, 5, 6, 7}};
init({supervisor, Owner}) ->
    {ok, {#{strategy => one_for_one, intensity => 10000, period => 1},
          [#{id => child, start => {?MODULE, begin_child, [Owner]}, restart => permanent, shutdown => brutal_kill}]}}.

handle_call(ping, _, State) -> {reply, pong, State}.
handle_cast(_, State) -> {noreply, State}.
handle_info(crash, State) -> erlang:error(told_to, [State]).
