#include "actors/etcd/fault.h"

static const struct grpc_fault faults[] = {
#define X(name, code, words) [ETCD_##name] = { GRPC_##code, { words, sizeof(words) - 1 } },
	ETCD_FAULTS(X)
#undef X
};

struct grpc_fault etcd_fault(enum etcd_fault fault)
{
	return faults[fault];
}

enum etcd_fault etcd_fault_of(enum status status)
{
	switch (status) {
	case EXPIRED: return ETCD_COMPACTED;
	case BUSY: return ETCD_TOO_MANY_REQUESTS;
	case FULL: return ETCD_NO_SPACE;
	case TOO_LARGE: return ETCD_REQUEST_TOO_LARGE;
	case UNAVAILABLE: return ETCD_NO_LEADER;
	case TIMEOUT: return ETCD_TIMED_OUT;
	case GONE:
	case NOT_FOUND: return ETCD_STOPPED; /* there is no store: it is starting again */
	case CORRUPT: return ETCD_CORRUPT_CLUSTER;
	default: return ETCD_BROKEN;
	}
}
