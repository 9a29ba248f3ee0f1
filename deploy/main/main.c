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

#define DATA_DIR                       \
	TEXT_OPTION("data-dir", "DIR", \
		    "the node's directory; else $TROUPE_DATA_DIR, else the default one")
#define OUTPUT CHOICE_OPTION("output", "text|json|yaml", "text", "the form to print", .letter = 'o')
#define NAMESPACE \
	TEXT_OPTION("namespace", "NS", "where the object is", .letter = 'n', .fallback = "default")
#define WATCH FLAG_OPTION("watch", "go on printing, each second", .letter = 'w')
#define PODS                                                                                  \
	CHOICE_OPTION("pods", "auto|hollow|none", "auto",                                     \
		      "what runs pods: hollow pretends, none makes no node of this machine; " \
		      "auto takes what there is")
#define LAYOUT                                                                             \
	CHOICE_OPTION("layout", "compact|isolated", "compact",                             \
		      "isolated: the API server in a process beside the store's, so that " \
		      "clients stay connected while either is started again")
#define CHAOS FLAG_OPTION("chaos", "faults of ChaosPlans may be done to this node")
#define ETCD_LISTEN                                                                      \
	TEXT_OPTION("etcd-listen", "IP:PORT",                                            \
		    "answers etcd's v3 API there, to clients with a certificate of the " \
		    "cluster in group system:masters")
#define PASSPHRASE                             \
	TEXT_OPTION("passphrase-file", "PATH", \
		    "its first line encrypts the backup, and opens an encrypted one")
#define MOVED TEXT_OPTION("without", "A,B", "not those"), TEXT_OPTION("only", "A", "that one")
#define HOST(host, start)                                                                         \
	{                                                                                         \
		.name = "host-" host, .arguments = "", .help = "", .run = start,                  \
		.is_internal = true,                                                              \
		.options =                                                                        \
		    OPTIONS(DATA_DIR, PODS, LAYOUT, CHAOS, ETCD_LISTEN, SCHEDULE_OPTIONS,         \
			    S3_OPTIONS, HISTORY_OPTIONS, WEAR_OPTION, CONTROLLERS_OPTION, MOVED), \
		.more = api_options,                                                              \
	}

#define SIM_OPTIONS                                                                               \
	NUMBER_OPTION("seed", "S", "1", "everything follows from it"),                            \
	    NUMBER_OPTION("nodes", "N", "5", "how many machines"),                                \
	    CHOICE_OPTION("layout", "compact|isolated", "compact",                                \
			  "isolated: the API server of each in a host of its own"),               \
	    DURATION_OPTION("time", "30s", "how long faults strike, in virtual time"),            \
	    TEXT_OPTION("faults", "LIST",                                                         \
			"all, or some of: crash,bury,process,power,pause,partition,one-way,"      \
			"isolate,break,delay,slow-disk,io-error,full-disk,skew,fail,kill,branch", \
			.fallback = "all"),                                                       \
	    TEXT_OPTION("only", "NUMBERS",                                                        \
			"of the faults that the seed draws only these strike: 3,17"),             \
	    TEXT_OPTION("forbid", "EVENT",                                                        \
			"that an actor logs this is a failure too: \"store: leads\""),            \
	    TEXT_OPTION("log", "FILE", "where to write what the actors say, with the virtual time")

static const struct command commands[] = {
	{ .name = "up",
	  .group = "Run it, see how it is",
	  .arguments = "",
	  .help = "runs this machine as a node, in the foreground: a new cluster, or --join",
	  .run = up_run,
	  .more = api_options,
	  .options = OPTIONS(
	      TEXT_OPTION("name", "N", "the node's name; else the machine's"),
	      TEXT_OPTION("listen", "IP[:PORT]",
			  "where the API is served (6443), and links to other nodes on the next "
			  "port; else the address that leads out of this machine"),
	      DATA_DIR,
	      TEXT_OPTION("join", "TOKEN",
			  "become part of a cluster: what `troupe token create` printed there"),
	      CHOICE_OPTION("role", "auto|witness", "auto",
			    "auto: voter or standby, as the cluster needs; witness: a "
			    "vote for two nodes, without data, API or pods"),
	      PODS, LAYOUT, CHAOS, CONTROLLERS_OPTION,
	      NUMBER_OPTION("spares", "N", "0",
			    "warm processes, 3 MB each, that take over the work of one that "
			    "ended"),
	      ETCD_LISTEN, HISTORY_OPTIONS, WEAR_OPTION, DATASTORE_OPTIONS, SCHEDULE_OPTIONS,
	      S3_OPTIONS) },
	{ .name = "demo",
	  .arguments = "",
	  .help = "nodes on loopback addresses of this machine: deploy, kill, watch it heal",
	  .run = demo_run,
	  .options = OPTIONS(
	      NUMBER_OPTION("nodes", "N", "3", "how many; from four on one stands by"),
	      FLAG_OPTION("json", "the figures as one JSON object on standard output"),
	      FLAG_OPTION("keep", "go on running at the end, to play with"),
	      TEXT_OPTION("manifest", "FILE",
			  "what to apply, with a Deployment web; else ten objects of its own"),
	      TEXT_OPTION("data-dir", "DIR", "a new folder for the nodes; else one in $TMPDIR")) },
	{ .name = "status",
	  .arguments = "",
	  .help = "how the cluster is; 0 when reads and writes work",
	  .run = verb_status,
	  .options =
	      OPTIONS(OUTPUT, WATCH, DATA_DIR, FLAG_OPTION("wait-ready", "wait until it is ready"),
		      DURATION_OPTION("timeout", "60s", "how long to wait")) },
	{ .name = "tree",
	  .arguments = "",
	  .help = "every actor of every node, under its supervisor",
	  .run = verb_tree,
	  .options = OPTIONS(OUTPUT, WATCH, DATA_DIR) },
	{ .name = "members",
	  .arguments = "",
	  .help = "who keeps the data, and in which role",
	  .run = verb_members,
	  .options = OPTIONS(OUTPUT, WATCH, DATA_DIR) },
	{ .name = "trace",
	  .arguments = "ACTOR",
	  .arguments_min = 1,
	  .arguments_max = 1,
	  .help = "what messages NODE/HOST/ACTOR gets and sends for a while, what each came of, "
		  "and how long it took",
	  .run = verb_trace,
	  .options = OPTIONS(OUTPUT, DATA_DIR,
			     DURATION_OPTION("for", "2s", "how long to look; at most 10s")) },
	{ .name = "inspect",
	  .arguments = "",
	  .help = "how hosts of this node ended: when, in which actor, at which message, with the "
		  "stack",
	  .run = verb_inspect,
	  .options = OPTIONS(OUTPUT, DATA_DIR) },
	{ .name = "kill",
	  .group = "Hurt it, see it heal",
	  .arguments = "ACTOR",
	  .arguments_min = 1,
	  .arguments_max = 1,
	  .help = "ends NODE/HOST/ACTOR, or the process NODE/HOST, to see it come back",
	  .run = verb_kill,
	  .options =
	      OPTIONS(DATA_DIR,
		      CHOICE_OPTION(
			  "level", "actor|host|stop", NULL,
			  "actor: as if it had crashed; host: its process (SIGKILL); stop: its "
			  "process stands still (SIGSTOP) until somebody notices; else what ACTOR "
			  "names, actor or process")) },
	{ .name = "drill",
	  .arguments = "leader|voter|controllers",
	  .arguments_min = 1,
	  .arguments_max = 1,
	  .help =
	      "proves high availability: kills or hurts that part of a working cluster, measures "
	      "how long writes, reads and controllers were away",
	  .run = drill_run,
	  .options =
	      OPTIONS(OUTPUT, DATA_DIR,
		      CHOICE_OPTION("fault", DRILL_FAULTS, "kill",
				    "what is done; all but kill need nodes that were started with "
				    "--chaos"),
		      DURATION_OPTION("for", "5s",
				      "how long it lasts; of kill and corrupt-segment it means "
				      "nothing")) },
	{ .name = "token",
	  .group = "Its members",
	  .arguments = "create|list|delete [ID]",
	  .arguments_min = 1,
	  .arguments_max = 2,
	  .help = "the words that let machines in: makes one and prints it, lists them, or takes "
		  "one back",
	  .run = verb_token,
	  .options =
	      OPTIONS(DATA_DIR, CHOICE_OPTION("role", "auto|witness", NULL, "as what it lets in"),
		      DURATION_OPTION("ttl", NULL, "how long it is good (default 24h)"),
		      FLAG_OPTION("single-use", "for one machine"),
		      TEXT_OPTION("description", "TEXT", "for the list")) },
	{ .name = "leave",
	  .arguments = "",
	  .help = "hands everything over and takes this node out of the cluster",
	  .run = verb_leave,
	  .options = OPTIONS(DATA_DIR) },
	{ .name = "remove",
	  .arguments = "NODE",
	  .arguments_min = 1,
	  .arguments_max = 1,
	  .help = "takes a dead node out of the cluster",
	  .run = verb_remove,
	  .options = OPTIONS(DATA_DIR,
			     FLAG_OPTION("force", "even if it is alive, or its vote is needed")) },
	{ .name = "backup",
	  .group = "Its data",
	  .arguments = "[FILE|s3://BUCKET/NAME]",
	  .arguments_min = 0,
	  .arguments_max = 1,
	  .help = "keeps the state and the keys of the cluster in a file, tries it, and says what "
		  "is in it",
	  .run = verb_backup,
	  .options = OPTIONS(
	      DATA_DIR, PASSPHRASE,
	      TEXT_OPTION("at", "REVISION|TIME",
			  "the state of that moment, out of the past that this node keeps"),
	      FLAG_OPTION("check", "makes none: tries the one that FILE is"),
	      FLAG_OPTION("list", "makes none: those that are made by the clock"),
	      FLAG_OPTION("stale", "what this node has, though no majority can say whether that is "
				   "the latest"),
	      S3_OPTIONS) },
	{ .name = "history",
	  .arguments = "KIND/NAME",
	  .arguments_min = 1,
	  .arguments_max = 1,
	  .help = "the versions of an object, also of one that was deleted: when, by whom, what "
		  "changed; or, with --at, the object as it was",
	  .run = verb_history,
	  .options = OPTIONS(NAMESPACE, OUTPUT, DATA_DIR,
			     NUMBER_OPTION("limit", "N", "20", "so many of the latest"),
			     NUMBER_OPTION("at", "REVISION", NULL, "prints it as it was then")) },
	{ .name = "undo",
	  .arguments = "KIND/NAME",
	  .arguments_min = 1,
	  .arguments_max = 1,
	  .help = "says what would change if an object were again what it was before, and with "
		  "--yes makes it so",
	  .run = verb_undo,
	  .options =
	      OPTIONS(NAMESPACE, DATA_DIR,
		      NUMBER_OPTION("to", "REVISION", NULL,
				    "what it was then; else the latest version that differs from "
				    "now"),
		      FLAG_OPTION("yes", "do it")) },
	{ .name = "recover",
	  .arguments = "",
	  .help =
	      "when most voters are gone for good: what the others have, what would be lost, and "
	      "with --yes this node goes on alone",
	  .run = verb_recover,
	  .options = OPTIONS(
	      DATA_DIR, FLAG_OPTION("yes", "do it; the node must be stopped"),
	      FLAG_OPTION("witness-gone", "a witness is gone for good, too: it cannot be asked")) },
	{ .name = "restore",
	  .arguments = "FILE|s3://BUCKET/NAME",
	  .arguments_min = 1,
	  .arguments_max = 1,
	  .help = "fills an empty data directory from a backup: `troupe up` on it begins a new "
		  "cluster with that state",
	  .run = verb_restore,
	  .options =
	      OPTIONS(DATA_DIR, PASSPHRASE,
		      TEXT_OPTION("at", "REVISION|TIME",
				  "the state of that moment, as far back as the backup's node kept "
				  "its past; a time to some seconds"),
		      S3_OPTIONS) },
	{ .name = "export",
	  .arguments = "FILE",
	  .arguments_min = 1,
	  .arguments_max = 1,
	  .help = "writes the cluster's keys as a snapshot of etcd's, for `etcdutl snapshot "
		  "restore`; from the node that runs on the directory, or from one that is "
		  "stopped",
	  .run = verb_export,
	  .options = OPTIONS(
	      DATA_DIR,
	      FLAG_OPTION("stale", "what this node has, though no majority can say whether that is "
				   "the latest")) },
	{ .name = "import",
	  .arguments = "FILE|FOLDER|etcd://HOST:PORT,...",
	  .arguments_min = 1,
	  .arguments_max = 1,
	  .help = "fills an empty data directory from another cluster's datastore, a file of "
		  "etcd's or kine's (k3s), a folder of dqlite's (MicroK8s), or an etcd that runs: "
		  "`troupe up` on it begins a new cluster with that state",
	  .run = verb_import,
	  .options =
	      OPTIONS(DATA_DIR,
		      TEXT_OPTION("ca", "FILE", "of an etcd that runs: who signed its certificate"),
		      TEXT_OPTION("cert", "FILE", "the certificate to show it"),
		      TEXT_OPTION("key", "FILE", "the key of that"),
		      FLAG_OPTION("dry-run", "only says what is in it"),
		      TEXT_OPTION("service-account-key", "FILE",
				  "the old cluster's (sa.key), so that its tokens stay good"),
		      TEXT_OPTION("ca-dir", "DIR",
				  "where the old cluster's authorities are as kubeadm names them "
				  "(/etc/kubernetes/pki), so that its certificates stay good")) },
	{ .name = "kubeconfig",
	  .group = "More",
	  .arguments = "",
	  .help = "prints the administrator's kubeconfig",
	  .run = verb_kubeconfig,
	  .options = OPTIONS(DATA_DIR) },
	{ .name = "kubectl",
	  .arguments = "[ARGS...]",
	  .arguments_max = -1,
	  .help = "runs kubectl as the administrator of the node whose directory TROUPE_DATA_DIR "
		  "names, else of the default one",
	  .run = verb_kubectl },
	{ .name = "sim",
	  .arguments = "",
	  .help = "a whole cluster in simulation under load and faults, from a seed; a failure is "
		  "shrunk to the faults that matter",
	  .run = sim_run,
	  .options =
	      OPTIONS(SIM_OPTIONS,
		      NUMBER_OPTION("seeds", "N", "1",
				    "so many, one after another; stops at the first that fails"),
		      FLAG_OPTION("no-shrink", "name the seed that fails, and that is all")) },
	{ .name = "sim-once",
	  .arguments = "",
	  .help = "",
	  .run = sim_once,
	  .is_internal = true,
	  .options = OPTIONS(SIM_OPTIONS) },
	{ .name = "version", .arguments = "", .help = "which release this is", .run = verb_version },
	HOST("core", hosts_core),
	HOST("api", hosts_api),
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
