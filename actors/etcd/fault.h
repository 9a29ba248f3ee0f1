/*
 * How calls end that are not OK: etcd's errors by their codes and words, which clients compare byte by byte, and our own.
 *
 * Pure. The words that begin with "etcdserver: " are etcd's (its package rpctypes); those with "troupe: " say what this door
 * does not do, and what to do instead.
 */
#ifndef ACTORS_ETCD_FAULT_H
#define ACTORS_ETCD_FAULT_H

#include "transport/http/grpc.h"

/* name, gRPC's code, words */
#define ETCD_FAULTS(X)                                                                              \
	X(EMPTY_KEY, INVALID_ARGUMENT, "etcdserver: key is not provided")                           \
	X(KEY_NOT_FOUND, INVALID_ARGUMENT, "etcdserver: key not found")                             \
	X(VALUE_PROVIDED, INVALID_ARGUMENT, "etcdserver: value is provided")                        \
	X(LEASE_PROVIDED, INVALID_ARGUMENT, "etcdserver: lease is provided")                        \
	X(TOO_MANY_OPS, INVALID_ARGUMENT, "etcdserver: too many operations in txn request")         \
	X(DUPLICATE_KEY, INVALID_ARGUMENT, "etcdserver: duplicate key given in txn request")        \
	X(SORT_OPTION, INVALID_ARGUMENT, "etcdserver: invalid sort option")                         \
	X(COMPACTED, OUT_OF_RANGE, "etcdserver: mvcc: required revision has been compacted")        \
	X(FUTURE_REVISION, OUT_OF_RANGE,                                                            \
	  "etcdserver: mvcc: required revision is a future revision")                               \
	X(NO_SPACE, RESOURCE_EXHAUSTED, "etcdserver: mvcc: database space exceeded")                \
	X(LEASE_NOT_FOUND, NOT_FOUND, "etcdserver: requested lease not found")                      \
	X(LEASE_EXISTS, FAILED_PRECONDITION, "etcdserver: lease already exists")                    \
	X(LEASE_TTL, OUT_OF_RANGE, "etcdserver: too large lease TTL")                               \
	X(MEMBER_NOT_FOUND, NOT_FOUND, "etcdserver: member not found")                              \
	X(MEMBER_NOT_LEARNER, FAILED_PRECONDITION, "etcdserver: can only promote a learner member") \
	X(LEARNER_NOT_READY, FAILED_PRECONDITION,                                                   \
	  "etcdserver: can only promote a learner member which is in sync with leader")             \
	X(NOT_ENOUGH_STARTED, FAILED_PRECONDITION,                                                  \
	  "etcdserver: re-configuration failed due to not enough started members")                  \
	X(REQUEST_TOO_LARGE, INVALID_ARGUMENT, "etcdserver: request is too large")                  \
	X(TOO_MANY_REQUESTS, RESOURCE_EXHAUSTED, "etcdserver: too many requests")                   \
	X(PERMISSION_DENIED, PERMISSION_DENIED, "etcdserver: permission denied")                    \
	X(AUTH_NOT_ENABLED, FAILED_PRECONDITION, "etcdserver: authentication is not enabled")       \
	X(NO_LEADER, UNAVAILABLE, "etcdserver: no leader")                                          \
	X(NOT_LEADER, FAILED_PRECONDITION, "etcdserver: not leader")                                \
	X(STOPPED, UNAVAILABLE, "etcdserver: server stopped")                                       \
	X(TIMED_OUT, UNAVAILABLE, "etcdserver: request timed out")                                  \
	X(CORRUPT_CLUSTER, DATA_LOSS, "etcdserver: corrupt cluster")                                \
	X(BAD_TRANSFEREE, FAILED_PRECONDITION, "etcdserver: bad leader transferee")                 \
	X(DEADLINE, DEADLINE_EXCEEDED, "context deadline exceeded")                                 \
	X(MALFORMED, INTERNAL, "grpc: the request's message cannot be read")                        \
	X(KEY_TOO_LONG, INVALID_ARGUMENT, "troupe: a key has at most 4096 bytes")                   \
	X(COMPARISON, INVALID_ARGUMENT, "troupe: a comparison that is not known here")              \
	X(ANSWER_TOO_LARGE, RESOURCE_EXHAUSTED,                                                     \
	  "troupe: the answer would be larger than 256 MiB: ask with a limit")                      \
	X(TXN_RANGE_TOO_LARGE, RESOURCE_EXHAUSTED,                                                  \
	  "troupe: a range within a transaction gave more than 2 MiB; its writes have happened")    \
	X(TXN_RANGE_REVISION, UNIMPLEMENTED,                                                        \
	  "troupe: a range within a transaction reads the latest revision only")                    \
	X(TOO_SLOW, UNAVAILABLE, "troupe: the watches' events are not read")                        \
	X(BROKEN, INTERNAL, "troupe: the store refused the request")                                \
	X(AUTH, UNIMPLEMENTED,                                                                      \
	  "troupe: there are no users and roles here: who has a client certificate of the "         \
	  "cluster in group system:masters may do everything")                                      \
	X(MEMBER_ADD, UNIMPLEMENTED,                                                                \
	  "troupe: a member joins by `troupe up --join TOKEN` on its node")                         \
	X(MEMBER_UPDATE, UNIMPLEMENTED,                                                             \
	  "troupe: a member's address is what its node was started with")                           \
	X(MEMBER_ALIVE, FAILED_PRECONDITION,                                                        \
	  "troupe: the member is alive: run `troupe leave` on its node")                            \
	X(ALARM_RAISED, UNIMPLEMENTED, "troupe: alarms are raised by what causes them")             \
	X(DOWNGRADE, UNIMPLEMENTED, "troupe: its releases are not etcd's")                          \
	X(OLD_HASH, UNIMPLEMENTED, "troupe: there is a hash of the latest revision only")           \
	X(DEFRAGMENT, RESOURCE_EXHAUSTED,                                                           \
	  "troupe: the database is larger than 256 MiB: its free pages are used again")             \
	X(SNAPSHOT, RESOURCE_EXHAUSTED,                                                             \
	  "troupe: the keys are more than a snapshot of 256 MiB holds: copy them by "               \
	  "`etcdctl make-mirror`")

enum etcd_fault {
#define X(name, code, words) ETCD_##name,
	ETCD_FAULTS(X)
#undef X
};

struct grpc_fault etcd_fault(enum etcd_fault fault);
/* What an outcome of the store means to a client, where the call knows nothing better. */
enum etcd_fault etcd_fault_of(enum status status);

#endif
