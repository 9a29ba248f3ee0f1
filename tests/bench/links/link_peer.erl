%% link_peer rtt|rate BYTES COUNT: two nodes of Erlang, their distribution over TCP on loopback addresses, plain or by TLS. Prints one number.
%% rtt: the median of COUNT times there and back, in us. rate: millions of messages a second one way.
%%
%% Without epmd: both nodes use the same port, each on an address of its own. Run by
%%     erl -noshell -pa DIR -name a@127.0.0.1 -start_epmd false -erl_epmd_port PORT -kernel inet_dist_use_interface '{127,0,0,1}'
%%         -run link_peer main rtt 64 2000
%% and by TLS, where nodes are known by name, with -name a@a.node.troupe.internal -kernel inetrc '"FOLDER/hosts"'
%%         -proto_dist inet_tls -ssl_dist_optfile FOLDER/a.options, beside which lies the other node's b.options.
-module(link_peer).
-export([main/1, echo/0, count/2]).

main([What, Bytes, Count]) ->
    %% A process of its own, whose mailbox is not part of its heap.
    spawn_opt(fun() -> io:format("~w~n", [run(What, list_to_integer(Bytes), list_to_integer(Count))]), halt() end,
              [{message_queue_data, off_heap}]).

run("rtt", Bytes, Count) ->
    There = spawn(other(), ?MODULE, echo, []),
    Load = binary:copy(<<7>>, Bytes),
    round_trips(200, There, Load, []),
    lists:nth(Count div 2 + 1, lists:sort(round_trips(Count, There, Load, []))) / 1000;
run("rate", Bytes, Count) ->
    There = spawn_opt(other(), ?MODULE, count, [Count, self()], [{message_queue_data, off_heap}]),
    Load = binary:copy(<<7>>, Bytes),
    Began = now_ns(),
    send(Count, There, Load),
    receive all -> Count / (now_ns() - Began) * 1000 end.

other() ->
    {ok, [[Port]]} = init:get_argument(erl_epmd_port),
    {ok, _, Node} = peer:start_link(#{name => b, host => there(), longnames => true, connection => standard_io,
                                      args => ["-pa", filename:dirname(code:which(?MODULE)), "-start_epmd", "false", "-erl_epmd_port", Port,
                                               "-kernel", "inet_dist_use_interface", "{127,0,0,2}",
                                               "-setcookie", atom_to_list(erlang:get_cookie()) | tls()]}),
    pong = net_adm:ping(Node),
    Node.

there() ->
    case atom_to_list(node()) of
        "a@127.0.0.1" -> "127.0.0.2";
        "a@a" ++ Domain -> "b" ++ Domain
    end.

%% What makes the other node speak as we do.
tls() ->
    case init:get_argument(ssl_dist_optfile) of
        {ok, [[Ours]]} ->
            Folder = filename:dirname(Ours),
            ["-kernel", "inetrc", "\"" ++ filename:join(Folder, "hosts") ++ "\"",
             "-proto_dist", "inet_tls", "-ssl_dist_optfile", filename:join(Folder, "b.options")];
        error -> []
    end.

echo() -> receive {From, Load} -> From ! Load, echo() end.

count(0, Whom) -> Whom ! all;
count(Left, Whom) -> receive _ -> count(Left - 1, Whom) end.

round_trips(0, _, _, Took) -> Took;
round_trips(Left, There, Load, Took) ->
    Began = now_ns(),
    There ! {self(), Load},
    receive _ -> round_trips(Left - 1, There, Load, [now_ns() - Began | Took]) end.

send(0, _, _) -> ok;
send(Left, There, Load) -> There ! Load, send(Left - 1, There, Load).

now_ns() -> erlang:monotonic_time(nanosecond).
