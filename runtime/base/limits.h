/*
 * Every limit of the system, each with its reason. Nothing grows without one of these.
 */
#ifndef RUNTIME_BASE_LIMITS_H
#define RUNTIME_BASE_LIMITS_H

#define KIB 1024U
#define MIB (1024U * 1024U)

/* Objects and requests (etcd's and the API server's own limits, so that nobody meets a smaller one here). */
#define LIMIT_OBJECT_BYTES (3U * MIB / 2U) /* etcd's --max-request-bytes */
#define LIMIT_BODY_BYTES (3U * MIB)        /* API server's MaxRequestBodyBytes */
#define LIMIT_NESTING 100U /* deeper JSON, YAML or protobuf is an attack on the stack */
#define LIMIT_RECORD_BYTES \
	(64U *             \
	 MIB) /* of one decoded object: three bytes of JSON can ask for a struct of a thousand */
#define LIMIT_ANNOTATIONS_BYTES (256U * KIB) /* apimachinery validation */
#define LIMIT_PATCH_OPERATIONS 10000U        /* API server's maxJSONPatchOperations */
#define LIMIT_FAULTS 64U /* a person reads the first few; a Status must stay small */
#define LIMIT_LIST_PAGE_BYTES \
	(2U * MIB) /* one page of a range from the store: bounds a reply's arena */
#define LIMIT_RESPONSE_BYTES (256U * MIB) /* a list of everything; larger asks for `limit` */

/* Actors. */
#define LIMIT_MAILBOX 4096U            /* a slower reader says BUSY to its senders */
#define LIMIT_MESSAGE_BYTES (4U * MIB) /* a body of 3 MiB and its header fit */
#define LIMIT_TASKS 10000U             /* two mappings each; vm.max_map_count is 65,530 */
/* Of a host. A million at rest are promised: 256 bytes each with 64 of state; as many again may be on their way out. */
#define LIMIT_ACTORS 2000000U
#define LIMIT_TIMERS 1000000U
#define LIMIT_TASK_STACK_BYTES \
	(64U * KIB)             /* reserved, not resident: a parked task touches one page */
#define LIMIT_SHUTDOWN_MS 5000U /* from asking an actor or a host to end to ending it */
#define LIMIT_RUN_MS 100U /* one activation; longer delays everybody on the loop and is reported */
#define LIMIT_STUCK_MS 30000U /* one activation; longer is taken for a hang and ends the host */
#define LIMIT_HOST_READY_MS 30000U /* a starting host that replays its log says ready within this */
#define LIMIT_QUEUE_KEYS 1000000U  /* objects of one kind that one controller may have to look at */
#define LIMIT_GROUP_MEMBERS 4096U  /* one publish is that many sends */
#define LIMIT_SERIES 20000U        /* metrics of a host: 2 MiB of text at one scrape */

/* Links. */
#define LIMIT_FRAME_BYTES (64U * KIB)       /* bigger frames cost latency and gain no throughput */
#define LIMIT_FRAME_ALONE (16U * KIB)       /* from here on a payload travels alone, uncopied */
#define LIMIT_LINK_CREDIT_BYTES (1U * MIB)  /* what a stopped peer may cost its sender */
#define LIMIT_LINK_OUTBOX_BYTES (16U * MIB) /* past that a send across the link says BUSY */
#define LIMIT_PEERS 1024U

/* HTTP. */
#define LIMIT_CONNECTIONS 10000U               /* half of the hard limit of open files here */
#define LIMIT_HEADER_BYTES (64U * KIB)         /* a service account token is about 1 KiB */
#define LIMIT_STREAMS 250U                     /* upstream's HTTP/2 max concurrent streams */
#define LIMIT_HTTP_IDLE_MS 180000U             /* a silent connection with no stream */
#define LIMIT_STREAM_BUFFER_BYTES (256U * KIB) /* what a response may be ahead of its reader */
#define LIMIT_HEADERS 512U /* lines of one head: groups of an impersonated user are one each */
#define LIMIT_BODIES_BYTES \
	(256U * MIB)              /* request bodies being collected, of all connections; then 503 */
#define LIMIT_HTTP_HEAD_MS 32000U /* upstream's ReadHeaderTimeout: slow writers of heads */
#define LIMIT_HTTP_STALL_MS 60000U     /* a peer that neither takes nor sends what is due */
#define LIMIT_CLIENT_CONNECTIONS 32U   /* HTTP/1.1 calls at once to one place */
#define LIMIT_CLIENT_CALLS 4096U       /* open calls of one client, waiting ones included */
#define LIMIT_CONNECT_MS 10000U        /* TCP and TLS together */
#define LIMIT_ANSWER_BYTES (64U * MIB) /* a collected answer, unless the call says another */

/* Datastore. */
#define LIMIT_LOG_BATCH_BYTES (1U * MIB)    /* one raft entry: what waited during one fdatasync */
#define LIMIT_LOG_SEGMENT_BYTES (64U * MIB) /* preallocated; smaller ones in tests */
#define LIMIT_LOG_KEPT_BYTES \
	(16U * MIB) /* in memory, for a follower that was away; above that it gets a snapshot */
#define LIMIT_LOG_KEPT_ENTRIES 10000U
#define LIMIT_ENTRY_BYTES (LIMIT_MESSAGE_BYTES - 64U * KIB) /* travels alone in one message */
#define LIMIT_APPEND_BYTES (512U * KIB)                     /* one AppendEntries */
#define LIMIT_PROPOSALS 4096U                               /* writes waiting for the leader */
#define LIMIT_WATCH_EVENTS 1024U                            /* window of one slow watcher */
#define LIMIT_WATCH_BYTES (8U * MIB)
#define LIMIT_STORE_PAST 256U   /* changes of one key in an answer */
#define LIMIT_COMPACT_ROWS 200U /* one step of compaction: a few ms of SQLite */
#define LIMIT_STORE_READS 4096U /* reads waiting for a read index or for the database */
#define LIMIT_EXTERNAL_CALLS \
	2048U /* questions to an etcd under way: half of what a client has open */
#define LIMIT_EXTERNAL_ANSWER_BYTES \
	(64U * MIB) /* of an etcd; a page that is larger is asked for in parts */
#define LIMIT_STORE_WATCHES \
	10000U /* an API server has one per resource; the etcd facade has clients */
#define LIMIT_STORE_REQUESTS \
	8192U /* revisions within which a repeated write is known: > 1 s at full speed */
#define LIMIT_TXN_OPS 128U /* etcd's --max-txn-ops; also the sub-revisions of one revision */
#define LIMIT_KEY_BYTES (4U * KIB) /* upstream's longest key is below 1 KiB */
#define LIMIT_LEASES 100000U
#define LIMIT_MEMBERS 64U
#define LIMIT_LEASE_TTL_S \
	9000000U /* 104 days; fits 32 bits of milliseconds a thousand times over */
#define LIMIT_STORE_COMMAND_BYTES (2U * MIB) /* one object, its key and room for a transaction */
#define LIMIT_VALUE_CACHE_BYTES \
	(1U * MIB) /* latest values kept in memory; the API server has its own cache */
#define LIMIT_VALUE_READ_BYTES \
	(16U *                 \
	 MIB) /* more of them, for a while, where clients of etcd's door ask for the same again */
#define LIMIT_HISTORY_EVENTS \
	8192U /* recent changes kept in memory for watchers; older ones come from the table */
#define LIMIT_HISTORY_BYTES (1U * MIB)

/* etcd's door. */
#define LIMIT_ETCD_CALLS 4096U /* at once; an API server has a few streams and some hundred calls */
#define LIMIT_ETCD_MESSAGE_BYTES (2U * MIB) /* etcd's: a request of 1.5 MiB and 512 KiB around it */
#define LIMIT_ETCD_ASK_MS 7000U /* etcd's own limit of a request: 5 s and two elections */
#define LIMIT_ETCD_ITEMS 2048U  /* of one message's lists: ops of a transaction and all within it */
#define LIMIT_ETCD_STREAM_WATCHES 10000U
#define LIMIT_ETCD_STREAM_BYTES \
	(64U * MIB) /* events that a stream of watches did not take: then it ends alone */

/* API server. */
#define LIMIT_IN_FLIGHT 400U /* upstream's --max-requests-inflight */
#define LIMIT_IN_FLIGHT_MUTATING 200U
#define LIMIT_REQUEST_MS 60000U /* upstream's --request-timeout */
#define LIMIT_STORAGE_MS 34000U /* upstream's inner deadline of a write */
#define LIMIT_WATCHERS 20000U   /* 5,000 kubelets with a handful each, as upstream is tested */
#define LIMIT_CACHE_EVENTS \
	8192U /* per resource; what a watcher may fall behind before it lists again */
#define LIMIT_CACHE_EVENT_AGE_MS 75000U /* upstream's eventFreshDuration */
#define LIMIT_KEPT_BYTES \
	(32ULL *         \
	 MIB) /* encodings that a server keeps unless it is told otherwise: 10,000 pods in one format */
#define LIMIT_FRESH_MS 3000U /* how long a read waits for a revision still to come */
#define LIMIT_WRITE_TRIES \
	256U /* from fresh state so often: of the writers in flight one wins each round */
#define LIMIT_NAME_TRIES 8U           /* upstream's, for generateName */
#define LIMIT_GZIP_BYTES (128U * KIB) /* upstream's: smaller answers are not compressed */
#define LIMIT_OPENAPI_BYTES \
	(1U * MIB) /* packed documents: those of all built-in groups in both forms take half */
#define LIMIT_LIVE_OBJECTS 20000U   /* of one live resource: a person looks at them */
#define LIMIT_LIVE_LOOK_MS 1000U    /* people watch these */
#define LIMIT_LIVE_FIGURES_MS 5000U /* what changes all the time is told to them so often */
#define LIMIT_LIVE_ASK_MS 10000U    /* every node is asked, and one that is gone is waited for */
#define LIMIT_LIVE_KEEP_MS 60000U
#define LIMIT_LOG_FOLLOWERS 256U /* each is looked after twice a second */

/* Calls of the API server to webhooks and to servers of other groups. */
#define LIMIT_OUTSIDE_PLACES 256U     /* kept at once: a cluster full of operators has some tens */
#define LIMIT_OUTSIDE_CONNECTIONS 16U /* to one of them: calls beyond wait within their own time */
#define LIMIT_OUTSIDE_IDLE_MS 300000U
#define LIMIT_OUTSIDE_CALLS 4096U        /* every write in flight may ask twenty at once */
#define LIMIT_AGGREGATES 256U            /* APIServices of other servers; each is looked after */
#define LIMIT_AGGREGATE_BYTES (4U * MIB) /* of what one of them says of itself */
#define LIMIT_PROXIED 4096U              /* watches of other servers and open lines to them */
#define LIMIT_PROXIED_HEAD_MS 3600000U   /* until one of them begins to answer */
#define LIMIT_PROXIED_CONNECTIONS \
	256U /* to one pod or node: a shell takes one as long as it is open */
#define LIMIT_REWRITTEN_BYTES (4U * MIB) /* of a packed page whose links are made ours */
#define LIMIT_CONVERTED \
	4096U /* custom resources that are remembered as a webhook has converted them */
#define LIMIT_CONVERTED_MS 10000U
#define LIMIT_CONVERSION_BYTES (64U * MIB) /* an answer about as many objects as one call takes */
#define LIMIT_HOOK_ANSWER_BYTES \
	(8U * MIB) /* a patch of the largest object, in base64 and escaped */

#endif
