/*
 * What the files of the kit share: a control plane from the inside. Only for deploy/embed.
 */
#ifndef DEPLOY_EMBED_TROUPE_PRIVATE_H
#define DEPLOY_EMBED_TROUPE_PRIVATE_H

#include "actors/authentication/mechanisms.h"
#include "actors/authorization/authorizer.h"
#include "actors/authorization/mechanisms.h"
#include "actors/controller/caches.h"
#include "actors/controller/controller.h"
#include "actors/server/catalog/custom.h"
#include "actors/server/server.h"
#include "datastore/store/store.h"
#include "deploy/cluster/pki.h"
#include "deploy/embed/troupe.h"
#include "runtime/base/base.h"
#include "transport/http/server.h"
#include "transport/tls/context.h"

#define TROUPE_BASE_CHILDREN 6U /* store, keys, api, http, caches, boot */
/* The service account of everything that acts for a control plane: nobody gets a token for it who may not do everything already. */
#define TROUPE_ACCOUNT "troupe-control-plane"
#define TROUPE_USER "system:serviceaccount:kube-system:" TROUPE_ACCOUNT

/* What of a control plane a process runs; all of it unless it has hosts. */
enum troupe_parts {
	TROUPE_STORE = 1,
	TROUPE_API = 2,
	TROUPE_CONTROL = 4, /* the reconcile functions, and the program's own actors */
	TROUPE_ALL = 7
};

/* What every control plane has to do for all kinds: collect what nobody owns any more, empty namespaces that are deleted. */
#define TROUPE_KEEPERS 2U

/* A kind of the program's, with what was made of its definition. */
struct troupe_bound {
	struct troupe *troupe;
	const struct troupe_kind *kind;
	const struct type *type;
	struct controller controller;
	struct runner_args runner;
};

struct troupe {
	struct troupe_config config;
	struct arena *arena;
	const char *kubeconfig;
	char url[128];
	struct str address; /* the IP that we listen on */
	struct seams_file *lock;
	struct troupe *self; /* what the boot actor's args point to */
	bool was_ready;
	enum troupe_parts parts;

	struct fault keys_fault; /* why there are no keys */
	struct pki pki;
	struct tls_context *tls;
	struct certificate_key *key;
	const struct certificate_key *keys[1];
	struct service_account_tokens tokens;
	struct authenticator authenticators[2];
	struct authorizer authorizers[2];

	struct custom_resource *customs; /* as many as kinds, those of a group and version side by side */
	struct troupe_bound *bound; /* in the order of the configuration */
	const struct type **types;  /* of these kinds */
	struct controller keepers[TROUPE_KEEPERS];
	struct runner_args keeper_args[TROUPE_KEEPERS];

	struct store_config store;
	struct server_config server;
	struct http_listener listener;
	struct http_server_config http;
	struct caches_args caches;
	struct act_child *children;
	struct act_supervisor root;
	struct loop *loop;
};

/* ---- troupe.c ------------------------------------------------------------------------------------------ */

/* Judges the configuration; nothing is opened. `out` is set in any case, for troupe_close. */
MUST_USE enum status troupe_prepare(const struct troupe_config *config, GIVE struct troupe **out,
				    struct fault *why);
/* The same configuration, but that it also says on stdout when it is ready; borrows it. */
struct troupe_config troupe_announcing(const struct troupe_config *config);
/* Makes the folder if it is missing and takes the lock of that name in it: BUSY, another process has it. */
MUST_USE enum status troupe_take_folder(struct troupe *troupe, const char *lock, struct fault *why);
/* Fills children with the actors of these parts. */
void troupe_plan(struct troupe *troupe, enum troupe_parts parts);
/* The program hears that kubectl may come: once. */
void troupe_tell_ready(struct troupe *troupe);

/* ---- hosts.c --------------------------------------------------------------------------------------------- */

/* From the API server's host to the first, whose actor `ready` answers with the same: kubectl may come. */
struct troupe_ready {
	char url[128];
};
ACT_TYPE_DECLARE(troupe_ready);
/* Where the port is kept that a listener had who may have any: to be had again when its host was started again. 0: none yet. */
uint16_t troupe_last_port(const struct troupe *troupe);
MUST_USE enum status troupe_keep_port(struct troupe *troupe, uint16_t port, struct fault *why);
/* The actor `ready` of the first host, to others. */
#define TROUPE_READY_NAME "ready@local/main"

/* ---- definition.c ------------------------------------------------------------------------------------- */

/* Fills customs and bound of the configuration's kinds. What was made before one failed is the caller's to free. */
MUST_USE enum status troupe_define(struct troupe *troupe, struct fault *why);
/* A kind of the program's or one that is served beside; NULL: neither. */
const struct type *troupe_type_named(const struct troupe *troupe, const char *kind);
/* Which of the built-in resources a control plane serves. */
bool troupe_is_served(const struct resource_row *row);

/* ---- turn.c --------------------------------------------------------------------------------------------- */

/* The framework's reconcile function of every kind: makes a turn of the world and the plan and calls the program's. */
MUST_USE enum status troupe_reconcile(const struct world *world, struct key key, struct plan *plan);

/* An object in a turn. */
struct troupe_object {
	const struct type *type;
	const void *record;
	void *wanted; /* the record again, of the plan's; NULL: only to be looked at */
	struct arena *arena;
};

/* ---- keys.c ---------------------------------------------------------------------------------------------- */

/* The actor before all that need keys: its init loads the folder's, made if there are none or renewed. Args: the struct troupe. */
extern const struct act_class troupe_keys_class;
MUST_USE enum status troupe_write_kubeconfig(struct troupe *troupe, uint16_t port,
					     struct fault *why);

/* ---- boot.c ------------------------------------------------------------------------------------------------ */

/* The actor that brings a control plane up to ready and takes signals; args: the struct troupe. */
extern const struct act_class troupe_boot_class;
/* Allows everything to TROUPE_USER, discovery to whoever is known, health to all. */
struct authorizer troupe_authorizer(void);

#endif
