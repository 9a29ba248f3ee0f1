/*
 * The program: one table of verbs. The same file runs as the root of a node, as each of its hosts, and as every verb.
 */
#include <stdio.h>

#include "deploy/main/api/api-options.h"
#include "deploy/main/backup/schedule-options.h"
#include "deploy/main/command/command.h"
#include "deploy/main/drill/demo.h"
#include "deploy/main/drill/drill-fault.h"
#include "deploy/main/drill/drill.h"
#include "deploy/main/history/history-options.h"
#include "deploy/main/migration/verb-export.h"
#include "deploy/main/migration/verb-import.h"
#include "deploy/main/node/controller-list.h"
#include "deploy/main/node/datastore.h"
#include "deploy/main/node/hosts.h"
#include "deploy/main/node/up.h"
#include "deploy/main/recovery/verb-backup.h"
#include "deploy/main/recovery/verb-recover.h"
#include "deploy/main/recovery/verb-restore.h"
#include "deploy/main/simulation/sim.h"
#include "deploy/main/verb.h"
#include "deploy/main/wear/wear.h"

#define DATA_DIR                                                                             \
	{                                                                                    \
		.name = "data-dir", .kind = OPTION_TEXT, .value = "DIR",                     \
		.help = "the node's directory; else $TROUPE_DATA_DIR, else the default one", \
	}
#define OUTPUT                                                                                \
	{                                                                                     \
		.name = "output", .letter = 'o', .kind = OPTION_CHOICE,                       \
		.choices = "text|json|yaml", .fallback = "text", .help = "the form to print", \
	}
#define NAMESPACE                                                                       \
	{                                                                               \
		.name = "namespace", .letter = 'n', .kind = OPTION_TEXT, .value = "NS", \
		.fallback = "default", .help = "where the object is"                    \
	}
#define WATCH                                                                          \
	{                                                                              \
		.name = "watch", .letter = 'w', .help = "go on printing, each second", \
	}
#define PODS                                                                                    \
	{                                                                                       \
		.name = "pods", .kind = OPTION_CHOICE, .choices = "auto|hollow|none",           \
		.fallback = "auto",                                                             \
		.help = "what runs pods: hollow pretends, none makes no node of this machine; " \
			"auto takes what there is"                                              \
	}
#define CHAOS                                                                            \
	{                                                                                \
		.name = "chaos", .help = "faults of ChaosPlans may be done to this node" \
	}
#define ETCD_LISTEN                                                                          \
	{                                                                                    \
		.name = "etcd-listen", .kind = OPTION_TEXT, .value = "IP:PORT",              \
		.help = "answers etcd's v3 API there, to clients with a certificate of the " \
			"cluster in group system:masters"                                    \
	}
#define PASSPHRASE                                                                       \
	{                                                                                \
		.name = "passphrase-file", .kind = OPTION_TEXT, .value = "PATH",         \
		.help = "its first line encrypts the backup, and opens an encrypted one" \
	}
#define MOVED                                                                          \
	{                                                                              \
		.name = "without",                                                     \
		.kind = OPTION_TEXT,                                                   \
		.value = "A,B",                                                        \
		.help = "not those",                                                   \
	},                                                                             \
	{                                                                              \
		.name = "only", .kind = OPTION_TEXT, .value = "A", .help = "that one", \
	}
#define HOST(host, start)                                                                  \
	{                                                                                  \
		.name = "host-" host, .arguments = "", .help = "", .run = start,           \
		.is_internal = true,                                                       \
		.options = { DATA_DIR,           PODS,       CHAOS,           ETCD_LISTEN, \
			     SCHEDULE_OPTIONS,   S3_OPTIONS, HISTORY_OPTIONS, WEAR_OPTION, \
			     CONTROLLERS_OPTION, MOVED },                                  \
		.more = api_options,                                                       \
	}

#define SIM_OPTIONS                                                                               \
	{ .name = "seed",                                                                         \
	  .kind = OPTION_NUMBER,                                                                  \
	  .value = "S",                                                                           \
	  .fallback = "1",                                                                        \
	  .help = "everything follows from it" },                                                 \
	    { .name = "nodes",                                                                    \
	      .kind = OPTION_NUMBER,                                                              \
	      .value = "N",                                                                       \
	      .fallback = "5",                                                                    \
	      .help = "how many machines" },                                                      \
	    { .name = "time",                                                                     \
	      .kind = OPTION_DURATION,                                                            \
	      .value = "D",                                                                       \
	      .fallback = "30s",                                                                  \
	      .help = "how long faults strike, in virtual time" },                                \
	    { .name = "faults",                                                                   \
	      .kind = OPTION_TEXT,                                                                \
	      .value = "LIST",                                                                    \
	      .fallback = "all",                                                                  \
	      .help = "all, or some of: crash,bury,process,power,pause,partition,one-way,"        \
		      "isolate,break,delay,slow-disk,io-error,full-disk,skew,fail,kill,branch" }, \
	    { .name = "only",                                                                     \
	      .kind = OPTION_TEXT,                                                                \
	      .value = "NUMBERS",                                                                 \
	      .help = "of the faults that the seed draws only these strike: 3,17" },              \
	    { .name = "forbid",                                                                   \
	      .kind = OPTION_TEXT,                                                                \
	      .value = "EVENT",                                                                   \
	      .help = "that an actor logs this is a failure too: \"store: leads\"" },             \
	{                                                                                         \
		.name = "log", .kind = OPTION_TEXT, .value = "FILE",                              \
		.help = "where to write what the actors say, with the virtual time"               \
	}

static const struct command commands[] = {
	{ .name = "up",
	  .group = "Run it, see how it is",
	  .arguments = "",
	  .help = "runs this machine as a node, in the foreground: a new cluster, or --join",
	  .run = up_run,
	  .more = api_options,
	  .options = { { .name = "name",
			 .kind = OPTION_TEXT,
			 .value = "N",
			 .help = "the node's name; else the machine's" },
		       { .name = "listen",
			 .kind = OPTION_TEXT,
			 .value = "IP[:PORT]",
			 .help = "where the API is served, with links to other nodes on the next "
				 "port (6443)" },
		       DATA_DIR,
		       { .name = "join",
			 .kind = OPTION_TEXT,
			 .value = "TOKEN",
			 .help =
			     "become part of a cluster: what `troupe token create` printed there" },
		       { .name = "role",
			 .kind = OPTION_CHOICE,
			 .choices = "auto|witness",
			 .fallback = "auto",
			 .help = "auto: voter or standby, as the cluster needs; witness: a vote "
				 "for two "
				 "nodes, without data, API or pods" },
		       PODS,
		       CHAOS,
		       CONTROLLERS_OPTION,
		       { .name = "spares",
			 .kind = OPTION_NUMBER,
			 .value = "N",
			 .fallback = "0",
			 .help = "warm processes, 3 MB each, that take over the work of one that "
				 "ended" },
		       ETCD_LISTEN,
		       HISTORY_OPTIONS,
		       WEAR_OPTION,
		       DATASTORE_OPTIONS,
		       SCHEDULE_OPTIONS,
		       S3_OPTIONS } },
	{ .name = "demo",
	  .arguments = "",
	  .help = "nodes on loopback addresses of this machine: deploy, kill, watch it heal",
	  .run = demo_run,
	  .options = { { .name = "nodes",
			 .kind = OPTION_NUMBER,
			 .value = "N",
			 .fallback = "3",
			 .help = "how many; from four on one stands by" },
		       { .name = "json",
			 .help = "the figures as one JSON object on standard output" },
		       { .name = "keep", .help = "go on running at the end, to play with" },
		       { .name = "manifest",
			 .kind = OPTION_TEXT,
			 .value = "FILE",
			 .help =
			     "what to apply, with a Deployment web; else ten objects of its own" },
		       { .name = "data-dir",
			 .kind = OPTION_TEXT,
			 .value = "DIR",
			 .help = "a new folder for the nodes; else one in $TMPDIR" } } },
	{ .name = "status",
	  .arguments = "",
	  .help = "how the cluster is; 0 when reads and writes work",
	  .run = verb_status,
	  .options = { OUTPUT,
		       WATCH,
		       DATA_DIR,
		       { .name = "wait-ready", .help = "wait until it is ready" },
		       { .name = "timeout",
			 .kind = OPTION_DURATION,
			 .value = "D",
			 .fallback = "60s",
			 .help = "how long to wait" } } },
	{ .name = "tree",
	  .arguments = "",
	  .help = "every actor of every node, under its supervisor",
	  .run = verb_tree,
	  .options = { OUTPUT, WATCH, DATA_DIR } },
	{ .name = "members",
	  .arguments = "",
	  .help = "who keeps the data, and in which role",
	  .run = verb_members,
	  .options = { OUTPUT, WATCH, DATA_DIR } },
	{ .name = "trace",
	  .arguments = "ACTOR",
	  .arguments_min = 1,
	  .arguments_max = 1,
	  .help = "what messages NODE/HOST/ACTOR gets and sends for a while, what each came of, "
		  "and how "
		  "long it took",
	  .run = verb_trace,
	  .options = { OUTPUT,
		       DATA_DIR,
		       { .name = "for",
			 .kind = OPTION_DURATION,
			 .value = "D",
			 .fallback = "2s",
			 .help = "how long to look; at most 10s" } } },
	{ .name = "inspect",
	  .arguments = "",
	  .help = "how hosts of this node ended: when, in which actor, at which message, with the "
		  "stack",
	  .run = verb_inspect,
	  .options = { OUTPUT, DATA_DIR } },
	{ .name = "kill",
	  .group = "Hurt it, see it heal",
	  .arguments = "ACTOR",
	  .arguments_min = 1,
	  .arguments_max = 1,
	  .help = "ends NODE/HOST/ACTOR, or the process NODE/HOST, to see it come back",
	  .run = verb_kill,
	  .options = { DATA_DIR,
		       { .name = "level",
			 .kind = OPTION_CHOICE,
			 .choices = "actor|host|stop",
			 .help =
			     "actor: as if it had crashed; host: its process (SIGKILL); stop: its "
			     "process stands still (SIGSTOP) until somebody notices" } } },
	{ .name = "drill",
	  .arguments = "leader|voter|controllers",
	  .arguments_min = 1,
	  .arguments_max = 1,
	  .help =
	      "proves high availability: kills or hurts that part of a working cluster, measures "
	      "how long writes, reads and controllers were away",
	  .run = drill_run,
	  .options = { OUTPUT,
		       DATA_DIR,
		       { .name = "fault",
			 .kind = OPTION_CHOICE,
			 .choices = DRILL_FAULTS,
			 .fallback = "kill",
			 .help = "what is done; all but kill need nodes that were started with "
				 "--chaos" },
		       { .name = "for",
			 .kind = OPTION_DURATION,
			 .value = "D",
			 .fallback = "5s",
			 .help = "how long it lasts; of kill and corrupt-segment it means "
				 "nothing" } } },
	{ .name = "token",
	  .group = "Its members",
	  .arguments = "create|list|delete [ID]",
	  .arguments_min = 1,
	  .arguments_max = 2,
	  .help = "the words that let machines in",
	  .run = verb_token,
	  .options = { DATA_DIR,
		       { .name = "role",
			 .kind = OPTION_CHOICE,
			 .choices = "auto|witness",
			 .help = "as what it lets in" },
		       { .name = "ttl",
			 .kind = OPTION_DURATION,
			 .value = "D",
			 .help = "how long it is good (24h)" },
		       { .name = "single-use", .help = "for one machine" },
		       { .name = "description",
			 .kind = OPTION_TEXT,
			 .value = "TEXT",
			 .help = "for the list" } } },
	{ .name = "leave",
	  .arguments = "",
	  .help = "hands everything over and takes this node out of the cluster",
	  .run = verb_leave,
	  .options = { DATA_DIR } },
	{ .name = "remove",
	  .arguments = "NODE",
	  .arguments_min = 1,
	  .arguments_max = 1,
	  .help = "takes a dead node out of the cluster",
	  .run = verb_remove,
	  .options = { DATA_DIR,
		       { .name = "force", .help = "even if it is alive, or its vote is needed" } } },
	{ .name = "backup",
	  .group = "Its data",
	  .arguments = "[FILE|s3://BUCKET/NAME]",
	  .arguments_min = 0,
	  .arguments_max = 1,
	  .help = "keeps the state and the keys of the cluster in a file, tries it, and says what "
		  "is in it",
	  .run = verb_backup,
	  .options = { DATA_DIR,
		       PASSPHRASE,
		       { .name = "at",
			 .kind = OPTION_TEXT,
			 .value = "REVISION|TIME",
			 .help = "the state of that moment, out of the past that this node keeps" },
		       { .name = "check", .help = "makes none: tries the one that FILE is" },
		       { .name = "list", .help = "makes none: those that are made by the clock" },
		       { .name = "stale",
			 .help = "what this node has, though no majority can say whether that is "
				 "the latest" },
		       S3_OPTIONS } },
	{ .name = "history",
	  .arguments = "KIND/NAME",
	  .arguments_min = 1,
	  .arguments_max = 1,
	  .help = "the versions of an object, also of one that was deleted: when, by whom, what "
		  "changed; or, with --at, the object as it was",
	  .run = verb_history,
	  .options = { NAMESPACE,
		       OUTPUT,
		       DATA_DIR,
		       { .name = "limit",
			 .kind = OPTION_NUMBER,
			 .value = "N",
			 .fallback = "20",
			 .help = "so many of the latest" },
		       { .name = "at",
			 .kind = OPTION_NUMBER,
			 .value = "REVISION",
			 .help = "prints it as it was then" } } },
	{ .name = "undo",
	  .arguments = "KIND/NAME",
	  .arguments_min = 1,
	  .arguments_max = 1,
	  .help = "says what would change if an object were again what it was before, and with "
		  "--yes makes it so",
	  .run = verb_undo,
	  .options = { NAMESPACE,
		       DATA_DIR,
		       { .name = "to",
			 .kind = OPTION_NUMBER,
			 .value = "REVISION",
			 .help = "what it was then; else the latest version that differs from "
				 "now" },
		       { .name = "yes", .help = "do it" } } },
	{ .name = "recover",
	  .arguments = "",
	  .help =
	      "when most voters are gone for good: what the others have, what would be lost, and "
	      "with --yes this node goes on alone",
	  .run = verb_recover,
	  .options = { DATA_DIR,
		       { .name = "yes", .help = "do it; the node must be stopped" },
		       { .name = "witness-gone",
			 .help = "a witness is gone for good, too: it cannot be asked" } } },
	{ .name = "restore",
	  .arguments = "FILE|s3://BUCKET/NAME",
	  .arguments_min = 1,
	  .arguments_max = 1,
	  .help = "fills an empty data directory from a backup: `troupe up` on it begins a new "
		  "cluster with that state",
	  .run = verb_restore,
	  .options = { DATA_DIR,
		       PASSPHRASE,
		       { .name = "at",
			 .kind = OPTION_TEXT,
			 .value = "REVISION|TIME",
			 .help = "the state of that moment, as far back as the backup's node kept "
				 "its past; a time to some seconds" },
		       S3_OPTIONS } },
	{ .name = "export",
	  .arguments = "FILE",
	  .arguments_min = 1,
	  .arguments_max = 1,
	  .help = "writes the cluster's keys as a snapshot of etcd's, for `etcdutl snapshot "
		  "restore`; from the node that runs on the directory, or from one that is "
		  "stopped",
	  .run = verb_export,
	  .options = { DATA_DIR,
		       { .name = "stale",
			 .help = "what this node has, though no majority can say whether that is "
				 "the latest" } } },
	{ .name = "import",
	  .arguments = "FILE|etcd://HOST:PORT,...",
	  .arguments_min = 1,
	  .arguments_max = 1,
	  .help = "fills an empty data directory from another cluster's datastore, a file of "
		  "etcd's or kine's (k3s), or an etcd that runs: `troupe up` on it begins a new "
		  "cluster with that state",
	  .run = verb_import,
	  .options = { DATA_DIR,
		       { .name = "ca",
			 .kind = OPTION_TEXT,
			 .value = "FILE",
			 .help = "of an etcd that runs: who signed its certificate" },
		       { .name = "cert",
			 .kind = OPTION_TEXT,
			 .value = "FILE",
			 .help = "the certificate to show it" },
		       { .name = "key",
			 .kind = OPTION_TEXT,
			 .value = "FILE",
			 .help = "the key of that" },
		       { .name = "dry-run", .help = "only says what is in it" },
		       { .name = "service-account-key",
			 .kind = OPTION_TEXT,
			 .value = "FILE",
			 .help = "the old cluster's (sa.key), so that its tokens stay good" },
		       { .name = "ca-dir",
			 .kind = OPTION_TEXT,
			 .value = "DIR",
			 .help = "where the old cluster's authorities are as kubeadm names them "
				 "(/etc/kubernetes/pki), so that its certificates stay good" } } },
	{ .name = "kubeconfig",
	  .group = "More",
	  .arguments = "",
	  .help = "prints the administrator's kubeconfig",
	  .run = verb_kubeconfig,
	  .options = { DATA_DIR } },
	{ .name = "kubectl",
	  .arguments = "[ARGS...]",
	  .arguments_max = -1,
	  .help = "runs kubectl as the administrator",
	  .run = verb_kubectl },
	{ .name = "sim",
	  .arguments = "",
	  .help = "a whole cluster in simulation under load and faults, from a seed; a failure is "
		  "shrunk to the faults that matter",
	  .run = sim_run,
	  .options = { SIM_OPTIONS,
		       { .name = "seeds",
			 .kind = OPTION_NUMBER,
			 .value = "N",
			 .fallback = "1",
			 .help = "so many, one after another; stops at the first that fails" },
		       { .name = "no-shrink",
			 .help = "name the seed that fails, and that is all" } } },
	{ .name = "sim-once",
	  .arguments = "",
	  .help = "",
	  .run = sim_once,
	  .is_internal = true,
	  .options = { SIM_OPTIONS } },
	{ .name = "version", .arguments = "", .help = "which release this is", .run = verb_version },
	HOST("core", hosts_core),
	HOST("control", hosts_control),
	HOST("node", hosts_node),
	{ .name = NULL },
};

static int run(int argc, char **argv)
{
	struct command_line line = { 0 };
	struct fault why = { 0 };
	struct text help = text_new(64 * KIB);
	enum status status;

	status = command_parse(commands, argc, argv, &line, &why);
	if (status == OK) {
		text_fini(&help);
		return line.command->run(&line);
	}
	if (status != NOT_FOUND) {
		command_failed("%s", why.text);
		return EXIT_USAGE;
	}
	command_help(commands, line.command, &help);
	fwrite(help.at, 1, help.len, stdout);
	text_fini(&help);
	return EXIT_DONE;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], HOSTS_SPARE) == 0)
		return hosts_spare(argv, run);
	return run(argc, argv);
}
