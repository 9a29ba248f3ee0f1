#include "deploy/cluster/pki.h"

#include <stdio.h>

#include "deploy/cluster/secret-file.h"
#include "transport/peer/peer.h"
#include "transport/tls/certificate-key.h"

#define DAY_NS (86400 * TIME_S)
#define SERVICE_ADDRESS \
	"10.96.0.1" /* the first of the default service range: the service `kubernetes` */
#define NAMES_MAX (PKI_NAMES_MAX + 16U)

/* Under these a pod finds the API, whatever node serves it. */
static const char *const api_names[] = {
	"kubernetes",
	"kubernetes.default",
	"kubernetes.default.svc",
	"kubernetes.default.svc.cluster.local",
	"localhost",
	"127.0.0.1",
	"::1",
};

/* What lies where, in the order in which it is written: authorities before what they signed. */
static const struct {
	const char *name;
	size_t offset; /* of a struct str in struct pki */
} pki_files[] = {
	{ "ca.crt", offsetof(struct pki, ca.certificate_pem) },
	{ "ca.key", offsetof(struct pki, ca.key_pem) },
	{ "front-proxy-ca.crt", offsetof(struct pki, front_proxy_ca.certificate_pem) },
	{ "front-proxy-ca.key", offsetof(struct pki, front_proxy_ca.key_pem) },
	{ "sa.key", offsetof(struct pki, service_account_key_pem) },
	{ "apiserver.key", offsetof(struct pki, api_server.key_pem) },
	{ "apiserver.crt", offsetof(struct pki, api_server.certificate_pem) },
	{ "node.key", offsetof(struct pki, node.key_pem) },
	{ "node.crt", offsetof(struct pki, node.certificate_pem) },
	{ "front-proxy-client.key", offsetof(struct pki, front_proxy_client.key_pem) },
	{ "front-proxy-client.crt", offsetof(struct pki, front_proxy_client.certificate_pem) },
	{ "apiserver-kubelet-client.key", offsetof(struct pki, kubelet_client.key_pem) },
	{ "apiserver-kubelet-client.crt", offsetof(struct pki, kubelet_client.certificate_pem) },
	{ "admin.key", offsetof(struct pki, admin.key_pem) },
	{ "admin.crt", offsetof(struct pki, admin.certificate_pem) },
};

/* The leaves, with how a message calls them. */
static const struct {
	const char *name;
	size_t offset; /* of a struct pki_leaf */
} pki_leaves[] = {
	{ "ca", offsetof(struct pki, ca) },
	{ "front-proxy-ca", offsetof(struct pki, front_proxy_ca) },
	{ "apiserver", offsetof(struct pki, api_server) },
	{ "node", offsetof(struct pki, node) },
	{ "front-proxy-client", offsetof(struct pki, front_proxy_client) },
	{ "apiserver-kubelet-client", offsetof(struct pki, kubelet_client) },
	{ "admin", offsetof(struct pki, admin) },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct pki_leaf *leaf_at(const struct pki *pki, size_t i)
{
	return (const struct pki_leaf *)((const char *)pki + pki_leaves[i].offset);
}

static struct str *file_at(struct pki *pki, size_t i)
{
	return (struct str *)((char *)pki + pki_files[i].offset);
}

static struct wall after_days(struct wall now, int64_t days)
{
	return (struct wall){ now.ns + days * DAY_NS };
}

static struct wall backdated(struct wall now)
{
	return (struct wall){ now.ns - PKI_BACKDATE_S * TIME_S };
}

/* ---- making ---- */

static enum status make_authority(const char *name, struct wall now, struct arena *arena,
				  struct pki_leaf *out, struct fault *why)
{
	struct certificate_wish wish = {
		.common_name = str_from(name),
		.usage = CERTIFICATE_AUTHORITY,
		.not_before = backdated(now),
		.not_after = after_days(now, PKI_AUTHORITY_DAYS),
	};
	struct certificate_key *key = certificate_key_new();
	enum status status = certificate_self_signed(&wish, key, arena, &out->certificate_pem, why);

	out->key_pem = certificate_key_private_pem(key, arena);
	certificate_key_free(key);
	return status;
}

enum status pki_create(struct wall now, bool is_alone, struct arena *arena, struct pki *out,
		       struct fault *why)
{
	struct certificate_key *key;
	struct pki pki = { 0 };

	TRY(make_authority("kubernetes", now, arena, &pki.ca, why));
	if (!is_alone)
		TRY(make_authority("kubernetes-front-proxy", now, arena, &pki.front_proxy_ca, why));
	key = certificate_key_new();
	pki.service_account_key_pem = certificate_key_private_pem(key, arena);
	certificate_key_free(key);
	*out = pki;
	return OK;
}

/* An authority that signs: its key is read when it is first needed, and lives as long as the arena. */
struct signer {
	const struct pki_leaf *leaf;
	struct certificate_key *key;
};

static void free_key(void *key)
{
	certificate_key_free(key);
}

/* A worker has no key to sign with. */
static enum status ready_to_sign(struct signer *signer, struct certificate_wish *wish,
				 struct wall now, struct arena *arena, struct fault *why)
{
	if (signer->leaf->key_pem.len == 0)
		return fault_set(why, FORBIDDEN, "",
				 "the certificate of \"" STR_FMT
				 "\" is due and this node does not hold the cluster's keys: "
				 "join again with a new token",
				 STR_ARG(wish->common_name));
	if (signer->key == NULL) {
		TRY(certificate_key_from_pem(signer->leaf->key_pem, &signer->key, why));
		arena_on_free(arena, free_key, signer->key);
	}
	wish->not_before = backdated(now);
	wish->not_after = after_days(now, PKI_LEAF_DAYS);
	return OK;
}

static struct certificate_authority authority_of(const struct signer *signer)
{
	return (struct certificate_authority){ signer->leaf->certificate_pem, signer->key };
}

/* Signs `public_pem` as the wish says. */
static enum status sign(struct signer *signer, struct certificate_wish *wish, struct str public_pem,
			struct wall now, struct arena *arena, struct str *out_pem, struct fault *why)
{
	struct certificate_authority authority;

	TRY(ready_to_sign(signer, wish, now, arena, why));
	authority = authority_of(signer);
	return certificate_issue(&authority, wish, public_pem, arena, out_pem, why);
}

static enum status make_leaf(struct signer *signer, struct certificate_wish *wish, struct wall now,
			     struct arena *arena, struct pki_leaf *out, struct fault *why)
{
	struct certificate_authority authority;
	struct certificate_key *key;
	struct pki_leaf leaf;
	enum status status;

	TRY(ready_to_sign(signer, wish, now, arena, why));
	authority = authority_of(signer);
	key = certificate_key_new();
	leaf = (struct pki_leaf){ STR_NONE, certificate_key_private_pem(key, arena) };
	status = certificate_issue_own(&authority, wish, key, arena, &leaf.certificate_pem, why);
	certificate_key_free(key);
	if (status == OK)
		*out = leaf;
	return status;
}

/* ---- wishes ---- */

/* A wish and room for what it points to. */
struct leaf_wish {
	struct certificate_wish wish;
	struct str names[NAMES_MAX];
	struct str group;
};

static void add_name(struct leaf_wish *wish, struct str name)
{
	for (uint32_t i = 0; i < wish->wish.names_count; i++)
		if (str_eq(wish->names[i], name))
			return;
	assert(wish->wish.names_count < NAMES_MAX);
	wish->names[wish->wish.names_count++] = name;
	wish->wish.names = wish->names;
}

static void add_node_names(struct leaf_wish *wish, const struct pki_node *node)
{
	add_name(wish, node->name);
	for (uint32_t i = 0; i < node->names_count; i++)
		add_name(wish, node->names[i]);
}

static void wish_client(struct leaf_wish *out, struct str name, struct str group)
{
	*out = (struct leaf_wish){ .group = group };
	out->wish.common_name = name;
	out->wish.organizations = &out->group;
	out->wish.organizations_count = group.len > 0;
	out->wish.usage = CERTIFICATE_CLIENT;
}

static void wish_api_server(struct leaf_wish *out, const struct pki_node *node)
{
	*out = (struct leaf_wish){ .wish = { .common_name = STR("kube-apiserver"),
					     .usage = CERTIFICATE_SERVER } };
	for (size_t i = 0; i < COUNT(api_names); i++)
		add_name(out, str_from(api_names[i]));
	add_name(out, node->service_address.len > 0 ? node->service_address : STR(SERVICE_ADDRESS));
	add_node_names(out, node);
}

static void wish_node(struct leaf_wish *out, const struct pki_node *node, struct arena *arena)
{
	wish_client(out, arena_printf(arena, "system:node:" STR_FMT, STR_ARG(node->name)),
		    STR("system:nodes"));
	out->wish.usage = CERTIFICATE_CLIENT | CERTIFICATE_SERVER;
	add_name(out, arena_printf(arena, STR_FMT PEER_DOMAIN, STR_ARG(node->name)));
	add_node_names(out, node);
}

static enum status check_node(const struct pki_node *node, struct fault *why)
{
	if (node->name.len == 0 || node->name.len > 253 - (sizeof PEER_DOMAIN - 1))
		return fault_set(why, INVALID, "", "a node's name has 1 to %zu bytes",
				 253 - (sizeof PEER_DOMAIN - 1));
	if (node->names_count > PKI_NAMES_MAX)
		return fault_set(why, TOO_LARGE, "", "a node has at most %u names", PKI_NAMES_MAX);
	return OK;
}

/* ---- renewing ---- */

static struct wall due_of(const struct certificate_info *info)
{
	return (struct wall){ info->not_before.ns +
			      (info->not_after.ns - info->not_before.ns) / 3 * 2 };
}

/* 0: it cannot be read. */
static struct wall due_at(struct str certificate_pem)
{
	struct arena *arena = arena_new(0);
	struct certificate_info info;
	struct wall due = { 0 };

	if (certificate_read(certificate_pem, arena, &info, NULL) == OK)
		due = due_of(&info);
	arena_free(arena);
	return due;
}

bool pki_is_due(struct str certificate_pem, struct wall now)
{
	struct wall due = due_at(certificate_pem);

	return due.ns == 0 || now.ns >= due.ns;
}

static bool has_all_names(const struct certificate_info *info, const struct certificate_wish *wish)
{
	for (uint32_t i = 0; i < wish->names_count; i++)
		if (!certificate_has_name(info, wish->names[i]))
			return false;
	return str_eq(info->common_name, wish->common_name);
}

/* Good as it is: for this name, by this authority, with its key, and not due. */
static bool is_fresh(const struct pki_leaf *leaf, const struct pki_leaf *authority,
		     const struct certificate_wish *wish, struct wall now, struct arena *arena)
{
	unsigned usage = wish->usage & CERTIFICATE_CLIENT ? CERTIFICATE_CLIENT : CERTIFICATE_SERVER;
	struct certificate_info info;
	struct certificate_key *key;
	enum status status;

	if (leaf->certificate_pem.len == 0 ||
	    certificate_key_from_pem(leaf->key_pem, &key, NULL) != OK)
		return false;
	status = certificate_examine(leaf->certificate_pem, authority->certificate_pem, usage, key,
				     now, arena, &info, NULL);
	certificate_key_free(key);
	return status == OK && now.ns < due_of(&info).ns && has_all_names(&info, wish);
}

static enum status refresh(struct pki_leaf *leaf, struct signer *signer, struct leaf_wish *wish,
			   struct wall now, struct arena *arena, bool *changed, struct fault *why)
{
	if (is_fresh(leaf, signer->leaf, &wish->wish, now, arena))
		return OK;
	TRY(make_leaf(signer, &wish->wish, now, arena, leaf, why));
	*changed = true;
	return OK;
}

enum status pki_refresh(struct pki *pki, const struct pki_node *node, struct wall now,
			struct arena *arena, bool *changed, struct fault *why)
{
	struct leaf_wish *wish = arena_new_of(arena, struct leaf_wish);
	struct signer ca = { .leaf = &pki->ca }, front_proxy = { .leaf = &pki->front_proxy_ca };
	struct pki fresh = *pki;
	bool is_changed = false;

	TRY(check_node(node, why));
	wish_node(wish, node, arena);
	if (!node->is_alone)
		TRY(refresh(&fresh.node, &ca, wish, now, arena, &is_changed, why));
	if (pki->ca.key_pem.len > 0) { /* the rest is a control-plane node's */
		wish_api_server(wish, node);
		TRY(refresh(&fresh.api_server, &ca, wish, now, arena, &is_changed, why));
		wish_client(wish, STR("kubernetes-admin"), STR("system:masters"));
		TRY(refresh(&fresh.admin, &ca, wish, now, arena, &is_changed, why));
		wish_client(wish, STR("front-proxy-client"), STR_NONE);
		if (!node->is_alone)
			TRY(refresh(&fresh.front_proxy_client, &front_proxy, wish, now, arena,
				    &is_changed, why));
		wish_client(wish, STR("kube-apiserver-kubelet-client"), STR("system:masters"));
		if (!node->is_alone)
			TRY(refresh(&fresh.kubelet_client, &ca, wish, now, arena, &is_changed, why));
	}
	*pki = fresh;
	*changed = is_changed;
	return OK;
}

enum status pki_issue_node(const struct pki *pki, const struct pki_node *node,
			   struct str public_pem, struct wall now, struct arena *arena,
			   struct str *out_pem, struct fault *why)
{
	struct leaf_wish *wish = arena_new_of(arena, struct leaf_wish);

	TRY(check_node(node, why));
	wish_node(wish, node, arena);
	return sign(&(struct signer){ .leaf = &pki->ca }, &wish->wish, public_pem, now, arena,
		    out_pem, why);
}

enum status pki_issue_client(const struct pki *pki, struct str name, struct str group,
			     struct wall now, struct arena *arena, struct pki_leaf *out,
			     struct fault *why)
{
	struct leaf_wish wish;

	wish_client(&wish, name, group);
	return make_leaf(&(struct signer){ .leaf = &pki->ca }, &wish.wish, now, arena, out, why);
}

/* ---- looking at them ---- */

struct wall pki_next_due(const struct pki *pki)
{
	struct wall next = { 0 };

	for (size_t i = 0; i < COUNT(pki_leaves); i++) {
		struct str pem = leaf_at(pki, i)->certificate_pem;
		struct wall due = pem.len > 0 ? due_at(pem) : (struct wall){ 0 };

		if (due.ns != 0 && (next.ns == 0 || due.ns < next.ns))
			next = due;
	}
	return next;
}

struct str pki_chain(const struct pki *pki, const struct pki_leaf *leaf, struct arena *arena)
{
	return arena_printf(arena, STR_FMT STR_FMT, STR_ARG(leaf->certificate_pem),
			    STR_ARG(pki->ca.certificate_pem));
}

/* ---- files ---- */

static enum status check_leaf(const struct pki_leaf *leaf, const char *name, const char *folder,
			      struct fault *why)
{
	struct certificate_key *key;
	struct fault reason = { 0 };
	enum status status;

	if (leaf->certificate_pem.len == 0 || leaf->key_pem.len == 0)
		return OK;
	status = certificate_key_from_pem(leaf->key_pem, &key, &reason);
	if (status == OK) {
		status = certificate_fits_key(leaf->certificate_pem, key, &reason);
		certificate_key_free(key);
	}
	if (status == OK)
		return OK;
	return fault_set(why, INVALID, "", "%s/%s.crt and %s.key: %s", folder, name, name,
			 reason.text);
}

static enum status check_all(const struct pki *pki, const char *folder, struct fault *why)
{
	struct certificate_key *key;

	for (size_t i = 0; i < COUNT(pki_leaves); i++)
		TRY(check_leaf(leaf_at(pki, i), pki_leaves[i].name, folder, why));
	if (pki->service_account_key_pem.len > 0) {
		TRY(certificate_key_from_pem(pki->service_account_key_pem, &key, why));
		certificate_key_free(key);
	}
	return OK;
}

/*
 * A crash between the two renames of a renewal leaves a new key with the old certificate. A leaf is then taken for absent, so that
 * pki_refresh makes it anew or says that it cannot; an authority's pair is written once in its life.
 */
static void drop_torn(struct pki *pki)
{
	struct pki_leaf *renewed[] = { &pki->api_server, &pki->node, &pki->front_proxy_client,
				       &pki->kubelet_client, &pki->admin };

	for (size_t i = 0; i < COUNT(renewed); i++)
		if (check_leaf(renewed[i], "", "", NULL) != OK)
			*renewed[i] = (struct pki_leaf){ STR_NONE, STR_NONE };
}

static enum status path_of(const char *folder, const char *name, char out[SECRET_FILE_PATH_MAX],
			   struct fault *why)
{
	int len = snprintf(out, SECRET_FILE_PATH_MAX, "%s/%s", folder, name);

	if (len < 0 || len >= (int)SECRET_FILE_PATH_MAX)
		return fault_set(why, INVALID, "", "%s is too long a path", folder);
	return OK;
}

enum status pki_load(const struct seams_files *files, const char *folder, struct arena *arena,
		     struct pki *out, struct fault *why)
{
	struct pki pki = { 0 };

	for (size_t i = 0; i < COUNT(pki_files); i++) {
		char path[SECRET_FILE_PATH_MAX];
		enum status status;

		TRY(path_of(folder, pki_files[i].name, path, why));
		status = secret_file_read(files, path, arena, file_at(&pki, i), why);
		if (status != OK && status != NOT_FOUND)
			return status;
	}
	if (pki.ca.certificate_pem.len == 0)
		return fault_set(why, NOT_FOUND, "", "there is no %s/ca.crt", folder);
	drop_torn(&pki);
	TRY(check_all(&pki, folder, why));
	*out = pki;
	return OK;
}

static bool is_saved(const struct seams_files *files, const char *path, struct str contents)
{
	struct arena *arena = arena_new(0);
	struct str old = STR_NONE;
	bool is_same =
	    secret_file_read(files, path, arena, &old, NULL) == OK && str_eq(old, contents);

	arena_free(arena);
	return is_same;
}

bool pki_is_saved(const struct seams_files *files, const char *folder, const struct pki *pki)
{
	struct pki copy = *pki;

	for (size_t i = 0; i < COUNT(pki_files); i++) {
		struct str contents = *file_at(&copy, i);
		char path[SECRET_FILE_PATH_MAX];
		struct seams_stat stat;

		if (path_of(folder, pki_files[i].name, path, NULL) != OK)
			return false;
		if (contents.len > 0 ? !is_saved(files, path, contents)
				     : files->stat(files->self, path, &stat) != NOT_FOUND)
			return false;
	}
	return true;
}

/* What is to be written anew, each begun; *out_count also counts what was begun before one failed. */
static enum status begin_all(const struct seams_files *files, const char *folder, struct pki *pki,
			     struct secret_file out[COUNT(pki_files)], size_t *out_count,
			     struct fault *why)
{
	*out_count = 0;
	for (size_t i = 0; i < COUNT(pki_files); i++) {
		struct str contents = *file_at(pki, i);
		char path[SECRET_FILE_PATH_MAX];

		if (contents.len == 0)
			continue;
		TRY(path_of(folder, pki_files[i].name, path, why));
		if (is_saved(files, path, contents))
			continue;
		TRY(secret_file_begin(files, path, contents, &out[*out_count], why));
		++*out_count;
	}
	return OK;
}

enum status pki_save(const struct seams_files *files, const char *folder, const struct pki *pki,
		     struct fault *why)
{
	struct secret_file begun[COUNT(pki_files)];
	struct pki copy = *pki;
	size_t count = 0;
	enum status status = files->mkdir(files->self, folder, 0700);

	if (status != OK && status != EXISTS)
		return fault_set(why, status, "", "%s cannot be made: %s", folder,
				 status_text(status));
	status = begin_all(files, folder, &copy, begun, &count, why);
	for (size_t i = 0; i < count; i++) {
		if (status == OK)
			status = secret_file_finish(files, &begun[i], why);
		else
			secret_file_drop(files, &begun[i]);
	}
	return status == OK && count > 0 ? secret_file_settle(files, folder, why) : status;
}
