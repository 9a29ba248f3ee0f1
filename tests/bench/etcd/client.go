// client puts one kind of load on what answers etcd's v3 API, and prints one line of JSON about it.
//
//	client -endpoints A,B -ca F -cert F -key F -pids P,Q -seconds S -clients K write|get|range|watch|load|revision
//
// write: each of K clients puts 1 KiB to its key if the key is as it left it. get: one key, linearizable. range: all of -keys keys.
// watch: K watches of one prefix, which is written to 200 times a second; what is counted are events, times are from a write's answer
// to its event. load: -keys keys are written, nothing is measured. revision: count is the
// latest. All go to the member that leads, over 16 connections.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
)

const (
	connections = 16
	warm        = 300 * time.Millisecond
	writeEvery  = 5 * time.Millisecond // beside watches
	tick        = 10000                // microseconds in which the kernel counts a process's time
)

var (
	endpoints = flag.String("endpoints", "", "HOST:PORT,...")
	ca        = flag.String("ca", "", "the authority's certificate")
	cert      = flag.String("cert", "", "our certificate")
	key       = flag.String("key", "", "its key")
	pids      = flag.String("pids", "", "the servers' processes: their CPU time is counted")
	seconds   = flag.Float64("seconds", 1, "of measurement")
	clients   = flag.Int("clients", 1, "at once")
	keys      = flag.Int("keys", 10000, "for range and load")
	value     = strings.Repeat("v", 1024)
	ctx       = context.Background()
)

// What is printed.
type figures struct {
	PerS   float64 `json:"per_s"`
	P50    float64 `json:"p50_ms"`
	P99    float64 `json:"p99_ms"`
	CPU    float64 `json:"cpu_us"` // of the servers, for one
	Count  int     `json:"count"`
	Errors int64   `json:"errors"`
}

func must[T any](got T, err error) T {
	if err != nil {
		log.Fatal("client: ", err)
	}
	return got
}

// cpu is what the servers have used until now, in microseconds.
func cpu() (us float64) {
	for _, pid := range strings.Split(*pids, ",") {
		text, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil {
			continue
		}
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		var user, system float64
		fmt.Sscan(fields[11], &user)
		fmt.Sscan(fields[12], &system)
		us += (user + system) * tick
	}
	return us
}

func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(q*float64(len(sorted)-1))].Seconds() * 1000
}

func show(found figures) {
	must(0, json.NewEncoder(os.Stdout).Encode(found))
}

func tell(took []time.Duration, errors int64, span time.Duration, us float64) {
	slices.Sort(took)
	count := len(took)
	show(figures{float64(count) / span.Seconds(), quantile(took, .5), quantile(took, .99), us / float64(max(count, 1)), count, errors})
}

// connect gives clients of the member that leads, or of whoever answers.
func connect() []*clientv3.Client {
	config := clientv3.Config{Endpoints: strings.Split(*endpoints, ","), DialTimeout: 5 * time.Second}
	config.TLS = must(transport.TLSInfo{CertFile: *cert, KeyFile: *key, TrustedCAFile: *ca}.ClientConfig())
	all := must(clientv3.New(config))
	for _, endpoint := range config.Endpoints {
		if status, err := all.Status(ctx, endpoint); err == nil && status.Leader == status.Header.MemberId {
			config.Endpoints = []string{endpoint}
		}
	}
	all.Close()
	pool := make([]*clientv3.Client, connections)
	for i := range pool {
		pool[i] = must(clientv3.New(config))
	}
	return pool
}

// closed lets each of the clients do one after another, and tells of those that ended within the time.
func closed(do func(client int) error) {
	var phase atomic.Int32
	var errors atomic.Int64
	took := make([][]time.Duration, *clients)
	var all sync.WaitGroup
	for client := range took {
		all.Add(1)
		go func() {
			defer all.Done()
			for phase.Load() < 2 {
				begin := time.Now()
				if err := do(client); err != nil {
					errors.Add(1)
				} else if phase.Load() == 1 {
					took[client] = append(took[client], time.Since(begin))
				}
			}
		}()
	}
	time.Sleep(warm)
	begin, used := time.Now(), cpu()
	phase.Store(1)
	time.Sleep(time.Duration(*seconds * float64(time.Second)))
	phase.Store(2)
	span, us := time.Since(begin), cpu()-used
	all.Wait()
	tell(slices.Concat(took...), errors.Load(), span, us)
}

func write(pool []*clientv3.Client) {
	revisions := make([]int64, *clients)
	name := func(client int) string { return fmt.Sprintf("/bench/write/%d", client) }
	for client := range revisions {
		revisions[client] = must(pool[client%connections].Put(ctx, name(client), value)).Header.Revision
	}
	closed(func(client int) error {
		answer, err := pool[client%connections].Txn(ctx).
			If(clientv3.Compare(clientv3.ModRevision(name(client)), "=", revisions[client])).
			Then(clientv3.OpPut(name(client), value)).Else(clientv3.OpGet(name(client))).Commit()
		if err != nil {
			return err
		}
		if !answer.Succeeded { // an earlier one of ours whose answer was lost
			revisions[client] = answer.Responses[0].GetResponseRange().Kvs[0].ModRevision
			return fmt.Errorf("was changed")
		}
		revisions[client] = answer.Header.Revision
		return nil
	})
}

func get(pool []*clientv3.Client) {
	must(pool[0].Put(ctx, "/bench/get", value))
	closed(func(client int) error {
		_, err := pool[client%connections].Get(ctx, "/bench/get")
		return err
	})
}

func load(pool []*clientv3.Client) {
	var all sync.WaitGroup
	for client := 0; client < *clients; client++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := client; i < *keys; i += *clients {
				must(pool[client%connections].Put(ctx, fmt.Sprintf("/bench/load/%08d", i), value))
			}
		}()
	}
	all.Wait()
}

func revision(pool []*clientv3.Client) {
	show(figures{Count: int(must(pool[0].Get(ctx, "/bench/none")).Header.Revision)})
}

func readAll(pool []*clientv3.Client) {
	closed(func(client int) error {
		answer, err := pool[client%connections].Get(ctx, "/bench/load/", clientv3.WithPrefix())
		if err == nil && len(answer.Kvs) != *keys {
			log.Fatalf("client: %d keys of %d", len(answer.Kvs), *keys)
		}
		return err
	})
}

// follow takes the events of one watch until it ends: when they came, by the revision that they are of.
func follow(events clientv3.WatchChan, made *sync.WaitGroup) map[int64]time.Time {
	came := map[int64]time.Time{}
	for answer := range events {
		if answer.Created {
			made.Done()
		}
		now := time.Now()
		for _, event := range answer.Events {
			came[event.Kv.ModRevision] = now
		}
	}
	return came
}

func watch(pool []*clientv3.Client) {
	until, end := context.WithCancel(ctx)
	came := make([]map[int64]time.Time, *clients)
	var made, all sync.WaitGroup
	for client := range came {
		made.Add(1)
		all.Add(1)
		events := pool[client%connections].Watch(until, "/bench/watch/", clientv3.WithPrefix(), clientv3.WithCreatedNotify())
		go func() {
			defer all.Done()
			came[client] = follow(events, &made)
		}()
	}
	made.Wait()
	begin, used := time.Now(), cpu()
	answered := map[int64]time.Time{}
	for i := 0; time.Since(begin).Seconds() < *seconds; i++ {
		answer := must(pool[i%connections].Put(ctx, fmt.Sprintf("/bench/watch/%d", i%100), value))
		answered[answer.Header.Revision] = time.Now()
		time.Sleep(time.Duration(i+1)*writeEvery - time.Since(begin))
	}
	span := time.Since(begin)
	time.Sleep(warm) // for the last ones to come
	us := cpu() - used
	end()
	all.Wait()
	var took []time.Duration
	for _, each := range came {
		for revision, at := range each {
			took = append(took, max(0, at.Sub(answered[revision])))
		}
	}
	tell(took, int64(len(answered)*(*clients)-len(took)), span, us)
}

func main() {
	flag.Parse()
	kinds := map[string]func([]*clientv3.Client){"write": write, "get": get, "range": readAll, "watch": watch, "load": load, "revision": revision}
	kind := kinds[flag.Arg(0)]
	if kind == nil || flag.NArg() != 1 {
		log.Fatal("usage: client [options] write|get|range|watch|load|revision")
	}
	kind(connect())
}
