#include "actors/etcd/etcd-private.h"

#define KV "/etcdserverpb.KV/"
#define WATCH "/etcdserverpb.Watch/"
#define LEASE "/etcdserverpb.Lease/"
#define CLUSTER "/etcdserverpb.Cluster/"
#define MAINTENANCE "/etcdserverpb.Maintenance/"
#define AUTH "/etcdserverpb.Auth/"

static void refuse_auth(struct etcd_call *call, struct str message)
{
	(void)message;
	etcd_call_fail(call, ETCD_AUTH);
}

static void refuse_password(struct etcd_call *call, struct str message)
{
	(void)message;
	etcd_call_fail(call, ETCD_AUTH_NOT_ENABLED);
}

static void refuse_member_add(struct etcd_call *call, struct str message)
{
	(void)message;
	etcd_call_fail(call, ETCD_MEMBER_ADD);
}

static void refuse_member_update(struct etcd_call *call, struct str message)
{
	(void)message;
	etcd_call_fail(call, ETCD_MEMBER_UPDATE);
}

static void refuse_downgrade(struct etcd_call *call, struct str message)
{
	(void)message;
	etcd_call_fail(call, ETCD_DOWNGRADE);
}

/* The busiest first. */
static const struct etcd_method methods[] = {
	{ KV "Txn", etcd_txn_begin, etcd_write_ask, etcd_write_answered, NULL, NULL },
	{ KV "Range", etcd_range_begin, etcd_range_ask, etcd_range_answered, NULL, NULL },
	{ KV "Put", etcd_put_begin, etcd_write_ask, etcd_write_answered, NULL, NULL },
	{ KV "DeleteRange", etcd_delete_begin, etcd_write_ask, etcd_write_answered, NULL, NULL },
	{ KV "Compact", etcd_compact_begin, etcd_compact_ask, etcd_compact_answered, NULL, NULL },
	{ WATCH "Watch", NULL, etcd_watch_ask, etcd_watch_answered, &etcd_watch_stream, NULL },
	{ LEASE "LeaseGrant", etcd_grant_begin, etcd_grant_ask, etcd_grant_answered, NULL, NULL },
	{ LEASE "LeaseRevoke", etcd_revoke_begin, etcd_revoke_ask, etcd_revoke_answered, NULL,
	  NULL },
	{ LEASE "LeaseKeepAlive", NULL, etcd_keep_ask, etcd_keep_answered, &etcd_keep_stream, NULL },
	{ LEASE "LeaseTimeToLive", etcd_live_begin, etcd_live_ask, etcd_live_answered, NULL, NULL },
	{ LEASE "LeaseLeases", etcd_leases_begin, etcd_live_ask, etcd_leases_answered, NULL, NULL },
	{ MAINTENANCE "Status", etcd_plain_begin, etcd_status_ask, etcd_status_answered, NULL,
	  NULL },
	{ MAINTENANCE "Alarm", etcd_alarm_begin, etcd_status_ask, etcd_alarm_answered, NULL, NULL },
	{ MAINTENANCE "Hash", etcd_plain_begin, etcd_hash_ask, etcd_hash_answered, NULL, NULL },
	{ MAINTENANCE "HashKV", etcd_hash_kv_begin, etcd_hash_ask, etcd_hash_kv_answered, NULL,
	  NULL },
	{ MAINTENANCE "Defragment", etcd_plain_begin, etcd_defragment_ask, etcd_defragment_answered,
	  NULL, NULL },
	{ MAINTENANCE "MoveLeader", etcd_move_begin, etcd_move_ask, etcd_move_answered, NULL, NULL },
	{ MAINTENANCE "Snapshot", etcd_snapshot_begin, etcd_snapshot_ask, etcd_snapshot_answered,
	  NULL, etcd_snapshot_writable },
	{ MAINTENANCE "Downgrade", refuse_downgrade, NULL, NULL, NULL, NULL },
	{ CLUSTER "MemberList", etcd_plain_begin, etcd_status_ask, etcd_members_answered, NULL,
	  NULL },
	{ CLUSTER "MemberRemove", etcd_remove_begin, etcd_member_ask, etcd_member_answered, NULL,
	  NULL },
	{ CLUSTER "MemberPromote", etcd_promote_begin, etcd_member_ask, etcd_member_answered, NULL,
	  NULL },
	{ CLUSTER "MemberAdd", refuse_member_add, NULL, NULL, NULL, NULL },
	{ CLUSTER "MemberUpdate", refuse_member_update, NULL, NULL, NULL, NULL },
	{ AUTH "AuthStatus", etcd_plain_begin, etcd_status_ask, etcd_auth_answered, NULL, NULL },
	{ AUTH "Authenticate", refuse_password, NULL, NULL, NULL, NULL },
	{ AUTH "AuthEnable", refuse_auth, NULL, NULL, NULL, NULL },
	{ AUTH "AuthDisable", refuse_auth, NULL, NULL, NULL, NULL },
	{ AUTH "UserAdd", refuse_auth, NULL, NULL, NULL, NULL },
	{ AUTH "UserGet", refuse_auth, NULL, NULL, NULL, NULL },
	{ AUTH "UserList", refuse_auth, NULL, NULL, NULL, NULL },
	{ AUTH "UserDelete", refuse_auth, NULL, NULL, NULL, NULL },
	{ AUTH "UserChangePassword", refuse_auth, NULL, NULL, NULL, NULL },
	{ AUTH "UserGrantRole", refuse_auth, NULL, NULL, NULL, NULL },
	{ AUTH "UserRevokeRole", refuse_auth, NULL, NULL, NULL, NULL },
	{ AUTH "RoleAdd", refuse_auth, NULL, NULL, NULL, NULL },
	{ AUTH "RoleGet", refuse_auth, NULL, NULL, NULL, NULL },
	{ AUTH "RoleList", refuse_auth, NULL, NULL, NULL, NULL },
	{ AUTH "RoleDelete", refuse_auth, NULL, NULL, NULL, NULL },
	{ AUTH "RoleGrantPermission", refuse_auth, NULL, NULL, NULL, NULL },
	{ AUTH "RoleRevokePermission", refuse_auth, NULL, NULL, NULL, NULL },
};
#define METHODS (sizeof methods / sizeof methods[0])

const struct etcd_method *etcd_method_find(struct str path)
{
	for (size_t i = 0; i < METHODS; i++)
		if (str_is(path, methods[i].path))
			return &methods[i];
	return NULL;
}

static struct grpc_fault unimplemented(struct str words)
{
	return (struct grpc_fault){ GRPC_UNIMPLEMENTED, words };
}

struct grpc_fault etcd_method_unknown(struct str path, struct arena *arena)
{
	int64_t slash = str_find_last(path, '/');

	if (slash <= 0)
		return unimplemented(
		    arena_printf(arena, "malformed method name: \"" STR_FMT "\"", STR_ARG(path)));
	struct str service = str_slice(path, 1, (uint32_t)slash);
	struct str method = str_slice(path, (uint32_t)slash + 1, path.len);

	for (size_t i = 0; i < METHODS; i++)
		if (str_starts(str_from(methods[i].path), str_slice(path, 0, (uint32_t)slash + 1)))
			return unimplemented(
			    arena_printf(arena, "unknown method " STR_FMT " for service " STR_FMT,
					 STR_ARG(method), STR_ARG(service)));
	return unimplemented(arena_printf(arena, "unknown service " STR_FMT, STR_ARG(service)));
}
