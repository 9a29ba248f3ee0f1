/*
 * Checks: what a level forbids a pod, each one a row of a table and a function that looks at a pod and says what is wrong.
 *
 * For PodSecurity. Pure. Rows stand in the order in which what they say is told: baseline by name, then restricted by name. A row
 * counts from a version on until the next row of its name does; one of restricted may stand in for one of baseline.
 */
#ifndef ACTORS_ADMISSION_SECURITY_SECURITY_CHECK_H
#define ACTORS_ADMISSION_SECURITY_SECURITY_CHECK_H

#include "actors/admission/security/security-names.h"
#include "actors/admission/security/security-policy.h"
#include "datastore/schema/core.h"
#include "datastore/schema/meta.h"

struct security_pod {
	struct arena *arena;
	uint32_t minor; /* in whose wording it is judged; never above SECURITY_MINOR_MAX */
	const struct meta_object_meta *meta; /* NULL: it has none */
	const struct core_pod_spec *spec;
	const struct core_container *const *containers; /* init, regular, ephemeral */
	uint32_t container_count;
};

/* `reason` is absent where nothing is wrong; `detail` may be. */
struct security_offence {
	struct str reason, detail;
};

typedef struct security_offence security_check_fn(const struct security_pod *pod);

struct security_check {
	const char *name;
	enum security_level level;
	uint32_t since; /* v1.<since> */
	security_check_fn *look;
	const char *replaces; /* of baseline; NULL: none */
};

extern const struct security_check security_checks[];
extern const uint32_t security_check_count;

#define SECURITY_MINOR_MAX \
	37U /* the last version in which a check changed: later ones, and the latest, are judged by it */

struct security_verdict {
	bool is_allowed;
	struct str reasons; /* hostPort, privileged */
	struct str details; /* hostPort (container "c" uses hostPort 80), privileged (...) */
};

struct security_verdict security_check_pod(struct security_bar bar, struct arena *arena,
					   const struct meta_object_meta *meta,
					   const struct core_pod_spec *spec);

/* Of baseline. */
security_check_fn security_check_app_armor, security_check_capabilities,
    security_check_host_namespaces, security_check_host_paths, security_check_host_ports,
    security_check_probe_hosts, security_check_privileged, security_check_proc_mount,
    security_check_selinux, security_check_seccomp_annotations, security_check_seccomp,
    security_check_sysctls, security_check_host_process;
/* Of restricted. */
security_check_fn security_check_escalation, security_check_dropped_capabilities,
    security_check_proc_mount_always, security_check_volume_types, security_check_non_root,
    security_check_user, security_check_seccomp_set;

/* ---- for checks ------------------------------------------------------------------------------------------------- */

#define SECURITY_FINE ((struct security_offence){ STR_NONE, STR_NONE })

/* `containers "a", "b"` */
struct str security_check_containers(const struct security_names *names);
/* `pod`, `container "a"` or `pod and containers "a", "b"` */
struct str security_check_setters(const struct security_pod *pod, bool is_pod,
				  const struct security_names *containers);
bool security_check_seccomp_is_good(struct str type);
bool security_check_has_own_users(const struct security_pod *pod); /* hostUsers: false */
bool security_check_is_windows(const struct security_pod *pod);

#endif
