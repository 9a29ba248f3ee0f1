"""A thousand who watch, twenty objects that change, one watcher more that looks at the clock.

The thousand are connections of h2load, a client that costs little, so what is left of the machine is ours; upstream was measured with a client
of its own that costs as much as the server. The figure that can be compared is the CPU of an event.
"""
import http.client
import json
import re
import subprocess
import threading
import time

from cluster import until

OBJECTS = 20
WRITERS = 20  # as many as there are objects, as upstream was measured
ENDS_S = 300  # of a watch that nobody ends before


class Watchers:
    def __init__(self, load, count, rate, seconds):
        self.load, self.count, self.rate, self.updates = load, count, rate, rate * seconds
        self.acknowledged = [None] * self.updates  # when, by number of the update
        self.came = [None] * self.updates  # to the one that looks at the clock
        self.lock, self.next = threading.Lock(), 0

    def connect(self):
        return http.client.HTTPSConnection(self.load.node.address, self.load.node.port, context=self.load.node.context(), timeout=60)

    def path(self, name=""):
        return self.load.GROUP + "/configmaps" + name

    def version(self):
        code, found = self.load.node.request("GET", self.path("?limit=1"))
        assert code == 200, found
        return found["metadata"]["resourceVersion"]

    def look(self, version, is_open):
        connection = self.connect()
        connection.request("GET", self.path("?watch=1&timeoutSeconds=%d&resourceVersion=%s" % (ENDS_S, version)))
        answer = connection.getresponse()
        is_open.set()
        left = self.updates
        while left:
            number = int(re.search(rb'"seq":"(\d+)"', answer.readline()).group(1))
            self.came[number] = time.monotonic()
            left -= 1
        connection.close()

    def write(self, begin):
        connection = self.connect()
        while True:
            with self.lock:
                number, self.next = self.next, self.next + 1
            if number >= self.updates:
                break
            time.sleep(max(0, begin + number / self.rate - time.monotonic()))
            name = "w-%d" % (number % OBJECTS)
            connection.request("PUT", self.path("/" + name), json.dumps({"metadata": {"name": name}, "data": {"seq": str(number)}}),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, body
            self.acknowledged[number] = time.monotonic()
        connection.close()

    def received(self, process):
        with open("/proc/%d/io" % process.pid) as file:
            return int(re.search(r"^rchar: (\d+)", file.read(), re.M).group(1))

    def is_watched(self):
        metrics = self.load.node.request("GET", "/metrics")[1]
        counts = re.findall(r'^apiserver_longrunning_requests\{\S*resource="configmaps"\S* (\d+)', metrics, re.M)
        return max(map(int, counts), default=0) >= self.count

    def run(self, cpu_us):
        """(updates a second, p99 in ms from an update's acknowledgement to the event, our CPU for one event in us)"""
        for i in range(OBJECTS):
            self.load.make(self.path(), {"metadata": {"name": "w-%d" % i}, "data": {"seq": "none"}})
        version = self.version()
        crowd = subprocess.Popen(
            ["h2load", "-t", "1", "-n", str(self.count), "-c", str(self.count), "-m", "1", "-H", "Authorization: Bearer " + self.load.token,
             "https://%s:%d%s" % (self.load.node.address, self.load.node.port,
                                  self.path("?watch=1&timeoutSeconds=%d&resourceVersion=%s" % (ENDS_S, version)))],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until(self.is_watched, 60, "all are watching")
            is_open = threading.Event()
            looker = threading.Thread(target=self.look, args=(version, is_open))
            looker.start()
            is_open.wait()
            return self.measure(cpu_us, crowd, looker)
        finally:
            crowd.kill()
            crowd.wait()

    def measure(self, cpu_us, crowd, looker):
        before, had = cpu_us(), self.received(crowd)
        begin = time.monotonic()
        writers = [threading.Thread(target=self.write, args=(begin,)) for _ in range(WRITERS)]
        for thread in writers:
            thread.start()
        for thread in writers:
            thread.join()
        seconds = time.monotonic() - begin
        looker.join(60)
        # Each event is an object with its metadata: whoever was told of less than all of them has missed some.
        least = self.updates * self.count * 200
        until(lambda: self.received(crowd) - had >= least, 60, "all have heard of all updates")
        late = sorted(max(0, came - said) * 1000 for came, said in zip(self.came, self.acknowledged))
        return self.updates / seconds, late[len(late) * 99 // 100], (cpu_us() - before) / (self.updates * self.count)
