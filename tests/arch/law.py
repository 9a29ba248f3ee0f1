"""The law about the tree as data: who may include whom, which library belongs to which folder, what is banned.

check.py turns it into a program. A change here is a change of the design: say why in its commit.
"""

import re

BASE = ["runtime/base", "runtime/base/collection", "runtime/base/time"]
RUNTIME = BASE + ["runtime/actor", "runtime/actor/far", "runtime/loop", "runtime/sim", "runtime/faulty", "runtime/trace"]
HTTP = ["transport/http/engine", "transport/http"]
TRANSPORT = ["transport/wire", "transport/tls"] + HTTP + ["transport/http/upgrade", "transport/peer"]
# What else can be done with a record: each room stands on datastore/object alone.
WALKERS = ["datastore/object/apply", "datastore/object/columns", "datastore/object/defaults", "datastore/object/openapi",
           "datastore/object/patch", "datastore/object/validate"]
# Who votes and what is on disk stand below the replica; what the members agreed upon in memory below the store's actor.
LOG = ["datastore/log/role", "datastore/log/wal", "datastore/log"]
STORE = ["datastore/store/state", "datastore/store"]
# Expressions, each room standing on those before it.
CEL = ["datastore/cel/value", "datastore/cel/syntax", "datastore/cel/library", "datastore/cel/check", "datastore/cel/evaluate"]
RULES = ["datastore/custom"] + CEL + ["datastore/cel", "datastore/custom/rule", "datastore/custom/policy"]
DATASTORE = ["datastore/schema", "datastore/object"] + WALKERS + RULES + LOG + ["datastore/table"] + STORE + ["datastore/external"]
RECORDS = ["datastore/schema", "datastore/object"] + WALKERS
# What parts that several kinds have must be like.
KINDS = RECORDS + RULES + ["actors/client"]  # client holds what a rule is given to judge by
FIELDS = ["actors/kinds/field"]
AUDIT = ["actors/audit", "actors/encryption/kms", "actors/encryption"]
ADMISSION = ["actors/admission/object", "actors/admission/pod", "actors/admission/security"]
DOOR = ["actors/client", "actors/authentication", "actors/authorization", "actors/admission", "actors/admission/policy", "actors/kinds"]
# One module in rooms: they share server-private.h, and the table of steps joins them.
SERVER = ["actors/server", "actors/server/door", "actors/server/catalog", "actors/server/access", "actors/server/verb",
          "actors/server/subresource", "actors/server/answer", "actors/server/cache", "actors/server/live", "actors/server/outside", "actors/server/audit", "actors/server/aggregate",
          "actors/server/measure", "actors/server/flow", "actors/server/proxy"]
# What the controllers of one family stand on beside the framework.
FAMILIES = ["actors/controller/figures", "actors/controller/quota", "actors/controller/workload", "actors/controller/job", "actors/controller/scaling", "actors/controller/storage"]
CONTROLLERS = ["actors/controllers/" + room for room in ("access", "cluster", "device", "extension", "network", "storage", "workload")]
CONTROL = ["actors/client", "actors/controller"] + FAMILIES
ACTORS = DOOR + ADMISSION + AUDIT + ["actors/admission/webhook"] + SERVER + ["actors/controller"] + FAMILIES + ["actors/controllers"] + CONTROLLERS + ["actors/scheduler/snapshot", "actors/scheduler/queue", "actors/scheduler",
                          "actors/scheduler/criterion", "actors/node/pod", "actors/node",
                 "actors/proxy"]
# The rooms of the program, each standing on those before it; the demo's and the simulation's know each other not.
MAIN = ["deploy/main/command", "deploy/main/api/file", "deploy/main/api/serving", "deploy/main/api", "deploy/main/host", "deploy/main/backup", "deploy/main/wear", "deploy/main/admin", "deploy/main/history", "deploy/main/recovery", "deploy/main/migration/dqlite", "deploy/main/migration",
        "deploy/main/node", "deploy/main/simulation", "deploy/main/drill"]
DEPLOY = ["deploy/main", "deploy/sim", "deploy/ui", "deploy/cluster", "deploy/addons", "deploy/embed"]

ACTORS.append("actors/etcd")  # a door of its own: deploy puts it together, nobody stands on it
ACTORS.append("actors/etcd/file")  # etcd's files: the door writes them, deploy moves clusters by them

# Folder: what it may include beside itself and BASE.
USES = {
    **{room: [] for room in BASE},
    "runtime/actor/part": [],  # knows nothing of actors
    # What becomes of a message and what crosses to other hosts are one module with the rest.
    "runtime/actor": ["runtime/actor/part", "runtime/actor/mail", "runtime/actor/far"],
    "runtime/actor/mail": ["runtime/actor", "runtime/actor/part", "runtime/actor/far"],
    "runtime/actor/far": ["runtime/actor", "runtime/actor/part", "runtime/actor/mail"],
    "runtime/loop/calm": [],
    "runtime/loop/spin": [],
    "runtime/loop": ["runtime/actor", "runtime/loop/calm", "runtime/loop/spin"],
    "runtime/sim": ["runtime/actor"],
    "runtime/faulty": ["runtime/actor"],
    "runtime/trace": ["runtime/actor"],
    "transport/wire": [],
    "transport/tls": RUNTIME,
    "transport/http/engine": [],  # bytes in, bytes out: it runs the same in a fuzzer
    "transport/http": RUNTIME + ["transport/tls", "transport/http/engine"],
    "transport/http/upgrade": HTTP + ["transport/tls", "transport/wire"],
    "transport/peer": RUNTIME + ["transport/wire", "transport/tls"],
    "datastore/schema": [],
    "datastore/object": ["datastore/schema", "transport/wire"],
    **{room: ["datastore/schema", "datastore/object", "transport/wire"] for room in WALKERS},
    "datastore/custom": RECORDS + ["transport/wire"],  # schemas of definitions over JSON
    **{room: RECORDS + ["datastore/custom", "transport/wire"] + CEL[:at] for at, room in enumerate(CEL)},  # formats of schemas, UTF-8
    "datastore/cel": RECORDS + CEL,
    "datastore/custom/policy": RECORDS + ["transport/wire"] + RULES[:-1],
    "datastore/custom/rule": RECORDS + ["transport/wire", "datastore/custom"] + CEL + ["datastore/cel"],
    "datastore/log/role": RUNTIME,
    "datastore/log/wal": RUNTIME + ["datastore/log/role"],  # the meta file holds the list of members
    "datastore/log": RUNTIME + LOG[:2] + ["transport/peer"],
    "datastore/table": ["runtime/actor"], # the file seam only: a simulated disk is below the database too
    "datastore/store/state": RUNTIME + LOG + ["datastore/store"],  # store.h says what a change and a command are
    "datastore/store": RUNTIME + TRANSPORT + LOG + ["datastore/table", "datastore/store/state"],
    "datastore/external": RUNTIME + HTTP + ["transport/wire", "transport/tls"] + STORE,  # the same messages, asked of an etcd
    "actors/client/shelf": RUNTIME + RECORDS,
    "actors/client": RUNTIME + TRANSPORT + RECORDS + ["actors/client/shelf"],
    "actors/authentication": RUNTIME + RECORDS + RULES + ["actors/client", "transport/tls", "transport/wire", "transport/http/engine"], # tokens, certificates and headers are its matter
    "actors/authorization": RUNTIME + RECORDS + RULES + ["actors/client"],  # conditions of webhooks
    "actors/admission": RUNTIME + RECORDS + RULES + ["actors/client", "transport/tls"],  # so are they here: for whom they ask
    "actors/admission/policy": RUNTIME + RECORDS + RULES + ["actors/client", "actors/admission", "transport/wire"],  # what they found, as JSON for the audit log
    **{room: RUNTIME + RECORDS + ["actors/client", "actors/admission"] for room in ADMISSION},
    "actors/admission/webhook": RUNTIME + RECORDS + RULES + ["actors/client", "actors/admission", "actors/admission/policy", "transport/wire"],  # their match conditions are compiled once
    "actors/encryption": ["datastore/schema", "transport/tls", "runtime/trace", "actors/encryption/kms"],
    # What is known of plug-ins stands below; the actor that asks them says to who closes and opens that there are other keys.
    "actors/encryption/kms": ["datastore/object", "datastore/schema", "transport/tls", "transport/wire", "transport/http/engine", "transport/http",
                              "runtime/actor", "runtime/trace", "actors/encryption"],
    "actors/audit": RUNTIME + RECORDS + HTTP + ["actors/client", "actors/authorization", "transport/tls", "transport/wire"],  # events for another program
    "actors/kinds/field": KINDS + ["actors/kinds"],
    "actors/kinds": KINDS,
    "actors/kinds/access": KINDS + FIELDS + ["actors/kinds", "transport/tls"],  # requests for certificates are read to be judged
    "actors/kinds/cluster": KINDS + FIELDS + ["actors/kinds"],
    "actors/kinds/device": KINDS + FIELDS + ["actors/kinds"],
    "actors/kinds/extension": KINDS + FIELDS + ["actors/kinds"],
    "actors/kinds/network": KINDS + FIELDS + ["actors/kinds"],
    "actors/kinds/pod": KINDS + FIELDS + ["actors/kinds"],
    "actors/kinds/storage": KINDS + FIELDS + ["actors/kinds"],
    "actors/kinds/workload": KINDS + FIELDS + ["actors/kinds", "actors/kinds/pod"],  # they make pods from templates
    # etcd's API is about keys and revisions: it knows the store and nothing of records, so the API server's rooms are not its.
    "actors/etcd": RUNTIME + HTTP + ["transport/wire", "transport/tls", "datastore/store", "actors/etcd/file"],
    "actors/etcd/file": ["transport/wire"],  # bytes of a form that others read and write; knows no store
    **{room: RUNTIME + DATASTORE + DOOR + ADMISSION + AUDIT + SERVER + HTTP + ["transport/http/upgrade", "transport/tls", "transport/wire"] for room in SERVER},  # signs tokens, writes documents
    "actors/server/proxy": RUNTIME + DATASTORE + DOOR + ADMISSION + AUDIT + SERVER + HTTP + FIELDS + ["transport/tls", "transport/wire"],  # judges addresses before it calls them
    "actors/controller/figures": RUNTIME + ["actors/client"],
    "actors/controller": RUNTIME + RECORDS + ["actors/client", "actors/controller/figures"],
    "actors/controller/workload": RUNTIME + RECORDS + ["actors/client", "actors/controller"],
    "actors/controller/job": RUNTIME + RECORDS + ["actors/client", "actors/controller", "actors/controller/workload"],
    "actors/controller/quota": RUNTIME + RECORDS + ["actors/client", "actors/controller"],
    "actors/controller/scaling": RUNTIME + RECORDS + ["actors/client", "actors/controller", "actors/controller/workload", "transport/http"],
    "actors/controller/storage": RUNTIME + RECORDS + ["actors/client", "actors/controller"],
    "actors/controllers": ["actors/controller"],
    **{room: ["actors/controller", "actors/controllers"] + FAMILIES + ["datastore/schema"] for room in CONTROLLERS},
    "actors/controllers/access": ["actors/controller", "actors/controllers"] + FAMILIES + ["datastore/schema", "transport/tls"],  # signs certificates
    "actors/controllers/extension": ["actors/controller", "actors/controllers"] + FAMILIES + ["datastore/schema", "datastore/custom/policy"],  # types of expressions
    # An actor of its own: messages, timers; amounts and patches from records.
    "actors/scheduler/snapshot": CONTROL + RUNTIME + RECORDS,
    "actors/scheduler/queue": CONTROL + RUNTIME + RECORDS + ["actors/scheduler/snapshot"],
    "actors/scheduler": CONTROL + RUNTIME + RECORDS + ["actors/scheduler/snapshot", "actors/scheduler/queue"],
    "actors/scheduler/criterion": CONTROL + RUNTIME + RECORDS + ["actors/scheduler/snapshot", "actors/scheduler/queue", "actors/scheduler"],
    "actors/node/pod": CONTROL + RUNTIME + TRANSPORT + RECORDS,
    "actors/node": ["actors/node/pod"] + CONTROL + RUNTIME + TRANSPORT + RECORDS,  # makes and compares the statuses of pods and nodes
    "actors/proxy": CONTROL + RUNTIME,
    "deploy/embed": RUNTIME + TRANSPORT + DATASTORE + ACTORS + ["deploy/cluster"],
    "deploy/cluster": RUNTIME + TRANSPORT + DATASTORE + ACTORS,
    "deploy/addons": RUNTIME + TRANSPORT + DATASTORE + ACTORS + ["deploy/cluster"],
    "deploy/static": [],
    "deploy/ui": ["actors/server", "transport/tls", "transport/wire", "deploy/cluster"],  # a file that is part of the program, and its policy
    "deploy/sim": RUNTIME + RECORDS + ["transport/wire", "datastore/store", "actors/client"],  # what a cluster is measured by: as users and stores see it
    "deploy/main": RUNTIME + TRANSPORT + DATASTORE + ACTORS + DEPLOY + MAIN,
    **{room: RUNTIME + TRANSPORT + DATASTORE + ACTORS + DEPLOY[1:] + MAIN[:at] for at, room in enumerate(MAIN)},
}

LAYERS = ["runtime", "transport", "datastore", "actors", "deploy", "tests"]
# deploy/host has unit files, not C; the folders of tests/ may include everything.
TEST_FOLDERS = ["tests/lib", "tests/unit", "tests/sim", "tests/wire", "tests/fuzz", "tests/bench", "tests/conformance",
                "tests/fixtures", "tests/arch"]

# A library's header (how its name begins) and the one folder that includes it.
LIBRARIES = {
    "uv.h": "runtime/loop",
    "openssl/": "transport/tls",
    "nghttp2/": "transport/http/engine",
    "http_parser.h": "transport/http/engine",
    "zlib.h": "transport/wire",
    "nng/": "transport/peer",
    "msgpack": "transport/wire",
    "yaml.h": "transport/wire",
    "pcre2.h": "datastore/schema",
    "raft": "datastore/log",
    "sqlite3.h": "datastore/table",
    "protobuf-c/": "actors/node",
}

# A file that needs a second folder's library because it joins the two.
LIBRARIES_ALSO = {}

# The C library, the kernel's headers and the compiler's own.
SYSTEM = set("""
assert.h complex.h ctype.h dirent.h dlfcn.h elf.h endian.h errno.h execinfo.h fcntl.h fenv.h float.h fnmatch.h ftw.h getopt.h
glob.h grp.h ifaddrs.h inttypes.h limits.h link.h locale.h malloc.h math.h memory.h netdb.h nmmintrin.h poll.h pthread.h pwd.h
sched.h semaphore.h setjmp.h signal.h spawn.h stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h
stdlib.h stdnoreturn.h string.h strings.h syslog.h termios.h threads.h time.h ucontext.h unistd.h utime.h wchar.h
""".split())
SYSTEM_FOLDERS = ("sys/", "linux/", "netinet/", "arpa/", "net/", "asm/", "bits/", "sanitizer/")

# Headers whose public functions carry another prefix than the file's name.
PREFIXES = {
    "runtime/actor/act.h": ["act"],
    "runtime/actor/act-host.h": ["act"],
    "runtime/sim/sim.h": ["act_sim"],
    "deploy/embed/troupe": ["troupe"],
    "deploy/embed/version.h": ["act"],
    "deploy/embed/program.h": ["act_program"],
}
# Called from outside the tree, so nobody in it needs to.
PUBLIC_API = ("act_", "troupe_")

# Functions that nothing calls but their own test, because what they look at shows only in a program that runs. Rule 4 knows them; one that
# it has nothing against fails the check, so the list can only get shorter.
SELF_TESTS = {
    "registry_bits_hold": "how the compiler lays out the bit-fields of generated structs, which tables and structs must agree upon",
}

ARENA = "an arena, or mem.h where it must live longer"
SEAM = "the seams of runtime/actor/seams.h"
# Call: (folders that may, what to do instead). tests/ may use what its second column does not name.
BANNED = {
    "strcpy": ([], "arena_str, or text.h"),
    "strcat": ([], "text_add"),
    "strncpy": ([], "arena_str, or text.h"),
    "strncat": ([], "text_add"),
    "sprintf": ([], "snprintf, arena_printf or text_printf"),
    "vsprintf": ([], "vsnprintf, arena_vprintf or text_printf"),
    "gets": ([], "text.h and read"),
    "strtok": ([], "str_cut"),
    "strtok_r": ([], "str_cut"),
    "atoi": ([], "str_to_i64"),
    "atol": ([], "str_to_i64"),
    "atoll": ([], "str_to_i64"),
    "atof": ([], "str_to_double"),
    "strtol": ([], "str_to_i64"),
    "strtoll": ([], "str_to_i64"),
    "strtoul": ([], "str_to_u64"),
    "strtoull": ([], "str_to_u64"),
    "strtod": (["runtime/base", "transport/wire"], "str_to_double"),
    "sscanf": ([], "str_cut and str_to_i64"),
    "alloca": ([], ARENA),
    "malloc": (["runtime/base", "tests"], ARENA),
    "calloc": (["runtime/base", "tests"], ARENA),
    "realloc": (["runtime/base", "tests"], ARENA),
    "free": (["runtime/base", "tests"], "mem_free for what mem.h gave; a library's memory by its own call"),
    "strdup": (["tests"], "arena_str, or mem_copy"),
    "strndup": (["tests"], "arena_str, or mem_copy"),
    "asprintf": ([], "arena_printf"),
    "vasprintf": ([], "arena_vprintf"),
    "sleep": ([], "a timer (act_after), or a deadline on what is waited for"),
    "usleep": ([], "a timer (act_after), or a deadline on what is waited for"),
    "nanosleep": (["runtime/loop", "tests/bench", "tests/wire"], "a timer (act_after), or a deadline on what is waited for"),
    "time": ([], SEAM),
    "gettimeofday": ([], SEAM),
    "clock_gettime": (["runtime/base", "runtime/actor", "runtime/loop", "deploy/main", "tests"], SEAM),
    "localtime": ([], "time_print: everything is in UTC"),
    "gmtime": ([], "time_print"),
    "strftime": ([], "time_print"),
    "rand": ([], SEAM),
    "srand": ([], SEAM),
    "random": ([], SEAM),
    "drand48": ([], SEAM),
    "getrandom": (["runtime/loop", "runtime/actor", "deploy/main", "tests"], SEAM),
    "fork": (["tests/lib", "tests/bench"], "loop_spawn: nng panics after a bare fork"),
    "vfork": (["runtime/loop"], "loop_spawn"),
    "system": ([], "loop_spawn"),
    "popen": (["tests"], "loop_spawn"),
    "getenv": (["deploy/main", "tests"], "a field of the configuration that deploy/main fills"),
    "secure_getenv": (["deploy/main"], "a field of the configuration that deploy/main fills"),
    "setlocale": ([], "nothing: text is bytes and UTF-8 here"),
    "signal": ([], "sigaction, in runtime/loop"),
}
# Where decisions are written memory belongs to arenas; the caches and connections around them live longer.
ARENAS_ONLY = ["actors/authentication", "actors/authorization", "actors/admission", "actors/kinds", "actors/controllers"]
BANNED_THERE = {"mem_free": ARENA, "mem_alloc": ARENA, "mem_zalloc": ARENA, "mem_resize": ARENA}

README_LINES = 40
FILE_BYTES = 256 * 1024
IGNORED = re.compile(r"core(\.\d+)?|\.sconsign\.dblite|compile_commands\.json")  # as .gitignore has it
LONG_FUNCTION, LONG_FILE, MANY_FILES = 60, 600, 25
