#include "deploy/main/node/identity.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deploy/cluster/join.h"
#include "deploy/cluster/kubeconfig.h"
#include "deploy/main/command/ask.h"
#include "deploy/main/host/directory.h"
#include "deploy/main/host/process.h"
#include "deploy/main/node/datastore.h"
#include "deploy/main/recovery/restore.h"
#include "runtime/loop/loop.h"
#include "transport/tls/certificate-key.h"
#include "transport/tls/context.h"

#define API_PORT 6443U
#define JOIN_MS 15000U
#define PORT_WAIT_MS 3000U
#define TWIN_MS \
	1000U /* an address that was left answers nobody, and a move is not to wait for that for long */

/* ---- what the command line says ---------------------------------------------------------------------------- */

static bool is_address(const char *text)
{
	uint8_t bytes[16];

	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* The first address of an interface that is up and no loopback; else the loopback address, which serves this machine alone. */
static void own_address(char *out, size_t size)
{
	struct ifaddrs *all = NULL;

	snprintf(out, size, "127.0.0.1");
	if (getifaddrs(&all) != 0)
		return;
	for (const struct ifaddrs *at = all; at != NULL; at = at->ifa_next) {
		char text[INET_ADDRSTRLEN];

		if (at->ifa_addr == NULL || at->ifa_addr->sa_family != AF_INET ||
		    (at->ifa_flags & (IFF_UP | IFF_LOOPBACK)) != IFF_UP)
			continue;
		inet_ntop(AF_INET,
			  &((const struct sockaddr_in *)(const void *)at->ifa_addr)->sin_addr, text,
			  sizeof text);
		snprintf(out, size, "%s", text);
		break;
	}
	freeifaddrs(all);
}

/* "IP", "IP:PORT", "[IP6]:PORT" as the value of an option; the links' port is the next one. */
static enum status read_listen(const char *option, const char *listen, struct node_identity *id,
			       struct fault *why)
{
	struct str text = str_from(listen), port = STR_NONE;
	bool is_bracketed = text.len > 0 && text.at[0] == '[';
	int64_t colon = str_find_last(text, ':'), close = str_find_char(text, ']');
	uint64_t number = API_PORT;

	if (is_bracketed && close > 0) {
		port = str_slice(text, (uint32_t)close + 1, text.len);
		text = str_slice(text, 1, (uint32_t)close);
		if (port.len > 0)
			port = str_slice(port, 1, port.len);
	} else if (colon >= 0 && str_find_char(text, ':') == colon) {
		port = str_slice(text, (uint32_t)colon + 1, text.len);
		text = str_slice(text, 0, (uint32_t)colon);
	}
	snprintf(id->address, sizeof id->address, STR_FMT, STR_ARG(text));
	if (!is_address(id->address) ||
	    (port.len > 0 && (str_to_u64(port, &number) != OK || number == 0 || number > 65534)))
		return fault_set(why, BAD_REQUEST, option, "%s wants IP or IP:PORT, not \"%s\"",
				 option, listen);
	id->api_port = (uint16_t)number;
	id->link_port = (uint16_t)(number + 1);
	return OK;
}

/* The machine's name as a node's: in lower case, up to the first dot, anything else a dash. */
static void own_name(char *out, size_t size)
{
	size_t len = 0;

	if (gethostname(out, size) != 0)
		snprintf(out, size, "node");
	out[size - 1] = '\0';
	for (; out[len] != '\0' && out[len] != '.' && len < 63; len++) {
		char c = out[len];

		if (c >= 'A' && c <= 'Z')
			out[len] = (char)(c - 'A' + 'a');
		else if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
			out[len] = '-';
	}
	out[len] = '\0';
	if (len == 0 || out[0] == '-' || out[len - 1] == '-')
		snprintf(out, size, "node");
}

static bool is_label(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > 63 || name[0] == '-' || name[len - 1] == '-')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static enum status read_wishes(const struct command_line *line, struct node_identity *id,
			       struct fault *why)
{
	const char *name = command_text(line, "name"), *listen = command_text(line, "listen");

	if (name != NULL && !is_label(name))
		return fault_set(why, BAD_REQUEST, "--name",
				 "--name wants lower-case letters, digits and '-', at most 63, not "
				 "\"%s\"",
				 name);
	if (name != NULL)
		snprintf(id->name, sizeof id->name, "%s", name);
	else
		own_name(id->name, sizeof id->name);
	snprintf(id->role, sizeof id->role, "%s", command_text(line, "role"));
	/* Beside an etcd it is none at all, which is said with what else cannot be there. */
	if (data_dir_is_witness(id) && command_text(line, "join") == NULL &&
	    command_text(line, "datastore") == NULL)
		return fault_set(why, INVALID, "--role",
				 "a witness begins no cluster, it has a vote in one: say --join "
				 "and what `troupe token create --role witness` prints there");
	id->node = process_node_number(str_from(id->name));
	id->api_port = API_PORT;
	id->link_port = API_PORT + 1;
	if (listen != NULL)
		return read_listen("--listen", listen, id, why);
	own_address(id->address, sizeof id->address);
	return OK;
}

/* A node is what it was made to be, but for its address: other wishes are not silently forgotten. */
static enum status check_wishes(const struct command_line *line, struct node_identity *id,
				bool *out_is_moved, struct fault *why)
{
	const char *name = command_text(line, "name"), *listen = command_text(line, "listen");
	struct node_identity wish = *id;

	if (name != NULL && strcmp(name, id->name) != 0)
		return fault_set(why, INVALID, "--name",
				 "this data directory belongs to node %s; say another --data-dir",
				 id->name);
	if (listen != NULL)
		TRY(read_listen("--listen", listen, &wish, why));
	if (data_dir_is_witness(id) && strcmp(wish.address, id->address) != 0)
		return fault_set(
		    why, INVALID, "--listen",
		    "witness %s is known to the others at %s:%u; let it leave and join "
		    "again to change that",
		    id->name, id->address, id->api_port);
	*out_is_moved = strcmp(wish.address, id->address) != 0 || wish.api_port != id->api_port;
	*id = wish;
	return OK;
}

/* Binds and lets go: whoever has the port already is the commonest reason for a node not to start. */
static enum status prove_port(const char *option, const struct node_identity *id, uint16_t port,
			      struct fault *why)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	bool is_v4 = inet_pton(AF_INET, id->address, &v4.sin_addr) == 1;
	const struct sockaddr *at = is_v4 ? (const void *)&v4 : (const void *)&v6;
	int yes = 1, fd, error;

	if (!is_v4 && inet_pton(AF_INET6, id->address, &v6.sin6_addr) != 1)
		return fault_set(why, CORRUPT, option, "\"%s\" is no IP address", id->address);
	fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fault_set(why, IO, "", "cannot make a socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	error = bind(fd, at, is_v4 ? sizeof v4 : sizeof v6) == 0 && listen(fd, 1) == 0 ? 0 : errno;
	close(fd);
	if (error == EADDRINUSE)
		return fault_set(why, BUSY, option,
				 "%s:%u is taken by another program; stop it or say another %s",
				 id->address, port, option);
	if (error == EADDRNOTAVAIL)
		return fault_set(why, INVALID, option,
				 "%s is no address of this machine; say %s with one that it has",
				 id->address, option);
	if (error != 0)
		return fault_set(why, IO, option, "cannot listen on %s:%u: %s", id->address, port,
				 strerror(error));
	return OK;
}

struct port_look {
	const char *option;
	const struct node_identity *id;
	uint16_t port;
	enum status status;
	struct fault *why;
};

static bool is_port_settled(void *arg)
{
	struct port_look *look = arg;

	look->status = prove_port(look->option, look->id, look->port, look->why);
	return look->status != BUSY;
}

/* The kernel may close the sockets of a node's earlier life a moment after its processes have ended. */
static enum status await_port(const char *option, const struct node_identity *id, uint16_t port,
			      uint32_t wait_ms, struct fault *why)
{
	struct port_look look = { .option = option, .id = id, .port = port, .why = why };

	(void)loop_await(is_port_settled, &look, wait_ms);
	return look.status;
}

/* etcd's door shows the API's certificate, so it stands at an address that is in there. */
static enum status prove_etcd_port(const char *listen, const struct node_identity *id,
				   uint32_t wait_ms, struct fault *why)
{
	struct node_identity door = { 0 };

	TRY(read_listen("--etcd-listen", listen, &door, why));
	if (strcmp(door.address, id->address) != 0 && strcmp(door.address, "127.0.0.1") != 0)
		return fault_set(why, INVALID, "--etcd-listen",
				 "the node's certificate is for %s and 127.0.0.1, not for %s; say "
				 "--etcd-listen %s:2379",
				 id->address, door.address, id->address);
	return await_port("--etcd-listen", &door, door.api_port, wait_ms, why);
}

/* One more door of the API's may stand at any address of this machine. */
static enum status prove_door_port(const char *listen, uint32_t wait_ms, struct fault *why)
{
	struct node_identity door = { 0 };

	TRY(read_listen("--door-listen", listen, &door, why));
	return await_port("--door-listen", &door, door.api_port, wait_ms, why);
}

static enum status prove_ports(const struct command_line *line, const struct node_identity *id,
			       bool is_new, struct fault *why)
{
	uint32_t wait_ms = is_new ? 0 : PORT_WAIT_MS;
	const char *etcd = command_text(line, "etcd-listen");
	const char *door = command_text(line, "door-listen");

	TRY(await_port("--listen", id, id->api_port, wait_ms, why));
	TRY(await_port("--listen", id, id->link_port, wait_ms, why));
	if (door != NULL)
		TRY(prove_door_port(door, wait_ms, why));
	return etcd != NULL ? prove_etcd_port(etcd, id, wait_ms, why) : OK;
}

/* ---- the store's folder --------------------------------------------------------------------------------------- */

/*
 * A node that made its cluster would make it again, empty and under the same name, if its store were gone: so the folder is made with
 * the identity, and only then.
 */
static enum status settle_store(const struct data_dir *dir, const struct node_identity *id,
				bool is_new, struct fault *why)
{
	char path[DATA_PATH_MAX + 16];

	snprintf(path, sizeof path, "%s/store", dir->path);
	if (is_new && !datastore_is_external(id) && mkdir(path, 0700) != 0 && errno != EEXIST)
		return fault_set(why, errno == ENOSPC ? FULL : IO, "--data-dir",
				 "cannot make %s: %s", path, strerror(errno));
	if (is_new || !id->is_first || datastore_is_external(id) || access(path, F_OK) == 0)
		return OK;
	return fault_set(
	    why, NOT_FOUND, "--data-dir",
	    "%s is gone, and with it what this node knew of its cluster: put it back, or "
	    "remove %s and --join the other nodes",
	    path, dir->path);
}

/* ---- a new cluster ------------------------------------------------------------------------------------------ */

static enum status found(struct arena *arena, struct wall now, struct node_identity *id,
			 struct pki *pki, struct fault *why)
{
	struct certificate_info authority;

	TRY(pki_create(now, false, arena, pki, why));
	TRY(certificate_read(pki->ca.certificate_pem, arena, &authority, why));
	snprintf(id->cluster, sizeof id->cluster, "%.16s",
		 certificate_fingerprint_text(authority.fingerprint, arena).at);
	id->is_first = true;
	return OK;
}

/* The same in a directory that `troupe restore` filled: authorities and state are there, and wait for a node. */
static enum status found_restored(const struct data_dir *dir, struct arena *arena,
				  struct node_identity *id, struct pki *pki, struct fault *why)
{
	id->is_first = true;
	return pki_load(loop_files(), arena_printf(arena, "%s/pki", dir->path).at, arena, pki, why);
}

static enum status find_restored(const struct data_dir *dir, const char *word,
				 struct node_identity *id, bool *out, struct fault *why)
{
	enum status status = restore_read(loop_files(), dir->path, id->cluster, why);

	*out = status == OK;
	if (status == OK && word != NULL)
		return fault_set(why, CONFLICT, "--join",
				 "%s was restored from a backup and begins a cluster of its own: "
				 "start it without --join",
				 dir->path);
	return status == NOT_FOUND ? OK : status;
}

/* ---- joining ------------------------------------------------------------------------------------------------- */

static void free_key(void *key)
{
	certificate_key_free(key);
}

static enum status make_request(const struct node_identity *id, const struct token *token,
				const struct certificate_key *key, struct arena *arena,
				struct str *out, struct fault *why)
{
	struct certificate_wish wish = { .common_name = str_from(id->name),
					 .usage = CERTIFICATE_CLIENT | CERTIFICATE_SERVER };
	struct join join = { .node_name = str_from(id->name),
			     .role = str_from(id->role),
			     .address = str_from(id->address),
			     .api_port = id->api_port,
			     .link_port = id->link_port };

	TRY(certificate_request(&wish, key, arena, &join.certificate_request_pem, why));
	return join_request(&join, token, arena, out, why);
}

/* Any node that the token names will do; the words are those of the last that was asked. */
static enum status post(const struct token *token, struct str body, struct arena *arena,
			struct answered *out, struct fault *why)
{
	struct tls_config config = { .authority_fingerprint = token->authority_fingerprint,
				     .alpn = STR("http/1.1"),
				     .now = loop_clock()->wall };
	struct ask ask = { .method = "POST",
			   .path = JOIN_PATH,
			   .content_type = STR("application/octet-stream"),
			   .body = body,
			   .timeout_ms = JOIN_MS };
	enum status status = UNAVAILABLE;
	struct fault last = { 0 };

	TRY(tls_context_new(&config, &ask.tls, why));
	for (uint32_t i = 0; i < token->addresses_count && status != OK; i++) {
		struct str url =
		    arena_printf(arena, "https://" STR_FMT, STR_ARG(token->addresses[i]));

		ask.url = url.at;
		status = ask_place(&ask, arena, out, &last);
		if (status == UNAUTHORIZED) /* the token is all that says whom to trust */
			(void)fault_set(why, status, "--join",
					"cannot join by " STR_FMT
					": it is no node of the cluster that the token is for, or "
					"a letter of the token is wrong",
					STR_ARG(token->addresses[i]));
		else if (status != OK)
			(void)fault_set(why, status, "--join", "cannot join by " STR_FMT ": %s",
					STR_ARG(token->addresses[i]), last.text);
	}
	tls_context_unref(ask.tls);
	return status;
}

static enum status take_members(const struct join_answer *answer, struct node_identity *id,
				struct fault *why)
{
	struct text peers = text_new(sizeof id->peers - 1);
	struct arena *arena = arena_new(0);

	for (uint32_t i = 0; i < answer->members_count; i++) {
		const struct join_member *member = &answer->members[i];
		bool is_v6 = str_find_char(member->address, ':') >= 0;

		text_printf(&peers,
			    is_v6 ? "%s" STR_FMT "@[" STR_FMT "]:%u"
				  : "%s" STR_FMT "@" STR_FMT ":%u",
			    i ? "," : "", STR_ARG(member->name), STR_ARG(member->address),
			    member->link_port);
	}
	snprintf(id->peers, sizeof id->peers, STR_FMT, STR_ARG(text_str(&peers)));
	text_fini(&peers);
	arena_free(arena);
	if (answer->members_count == 0)
		return fault_set(why, INVALID, "--join", "the cluster named none of its members");
	return OK;
}

static enum status join(const char *word, struct arena *arena, struct wall now,
			struct node_identity *id, struct pki *pki, struct fault *why)
{
	struct certificate_key *key = certificate_key_new();
	struct answered answered = { 0 };
	struct join_answer answer;
	struct token token;
	struct str body;

	arena_on_free(arena, free_key, key);
	TRY(token_parse(str_from(word), &token, why));
	TRY(make_request(id, &token, key, arena, &body, why));
	TRY(post(&token, body, arena, &answered, why));
	TRY(ask_judge(&answered, why));
	TRY(join_accept(answered.body, &token, key, now, arena, &answer, why));
	*pki = answer.pki;
	snprintf(id->cluster, sizeof id->cluster, STR_FMT, STR_ARG(answer.cluster_id));
	return take_members(&answer, id, why);
}

/* ---- keys, certificates, kubeconfig --------------------------------------------------------------------------- */

static enum status check_clock(const struct pki *pki, struct wall now, struct arena *arena,
			       struct fault *why)
{
	struct certificate_info info;
	char from[TIME_TEXT], to[TIME_TEXT], clock[TIME_TEXT];

	TRY(certificate_read(pki->ca.certificate_pem, arena, &info, why));
	if (now.ns >= info.not_before.ns && now.ns < info.not_after.ns)
		return OK;
	return fault_set(why, INVALID, "",
			 "this machine's clock says " STR_FMT ", but the cluster's authority is "
			 "good from " STR_FMT " to " STR_FMT "; set the clock",
			 STR_ARG(time_print(now, clock)), STR_ARG(time_print(info.not_before, from)),
			 STR_ARG(time_print(info.not_after, to)));
}

enum status identity_refresh(const struct data_dir *dir, const struct node_identity *id,
			     struct wall now, struct arena *arena, struct pki *pki, bool is_new,
			     struct fault *why)
{
	const struct str names[] = { str_from(id->address), STR("localhost"), STR("127.0.0.1") };
	struct pki_node node = { .name = str_from(id->name),
				 .names = names,
				 .names_count = 3,
				 .service_address = str_from(id->service_address) };
	bool changed = false;

	TRY(check_clock(pki, now, arena, why));
	if (pki->ca.key_pem.at != NULL)
		TRY(pki_refresh(pki, &node, now, arena, &changed, why));
	if (!changed && !is_new)
		return OK;
	return pki_save(loop_files(), arena_printf(arena, "%s/pki", dir->path).at, pki, why);
}

static enum status write_kubeconfig(const struct data_dir *dir, const struct node_identity *id,
				    const struct pki *pki, struct arena *arena, struct fault *why)
{
	struct process process = { .identity = *id, .arena = arena };
	struct str server = process_address(&process, id->api_port);
	struct kubeconfig config = { .servers = &server,
				     .servers_count = 1,
				     .ca_pem = pki->ca.certificate_pem,
				     .client = pki->admin };

	if (pki->admin.certificate_pem.at == NULL)
		return OK; /* a worker has no administrator's key */
	return kubeconfig_write(loop_files(),
				arena_printf(arena, "%s/admin.kubeconfig", dir->path).at, &config,
				arena, why);
}

/*
 * Whoever has our name where we were is not another node but this one, and ours is a copy of its directory: two of one member would take each
 * other's place again and again, and each acknowledge what the other does not have.
 */
static enum status refuse_twin(const struct node_identity *was, const struct pki *pki,
			       struct arena *arena, struct fault *why)
{
	struct process process = { .identity = *was, .arena = arena };
	struct str place = process_address(&process, was->api_port);
	struct tls_config config = { .authorities_pem = pki->ca.certificate_pem,
				     .alpn = STR("http/1.1"),
				     .now = loop_clock()->wall };
	struct ask ask = { .url = arena_printf(arena, "https://" STR_FMT, STR_ARG(place)).at,
			   .server_name = str_from(was->name),
			   .method = "GET",
			   .path = "/livez",
			   .timeout_ms = TWIN_MS };
	struct answered answered;
	enum status status;

	TRY(tls_context_new(&config, &ask.tls, why));
	status = ask_place(&ask, arena, &answered, NULL);
	tls_context_unref(ask.tls);
	if (status != OK)
		return OK;
	return fault_set(why, CONFLICT, "--listen",
			 "node %s runs at " STR_FMT
			 ", and this directory is a copy of its: stop it "
			 "there first; or remove this one and --join a node with another name",
			 was->name, STR_ARG(place));
}

enum status identity_settle(const struct data_dir *dir, const struct command_line *line,
			    struct arena *arena, struct node_identity *out, struct fault *why)
{
	const char *word = command_text(line, "join");
	struct wall now = loop_clock()->wall(loop_clock()->self);
	struct node_identity id = { 0 }, was;
	struct pki pki = { 0 };
	enum status status = data_dir_read_identity(loop_files(), dir, &id, why);
	bool is_new = status == NOT_FOUND, is_restored = false, is_moved = false,
	     is_datastore_changed = false;

	if (status != OK && !is_new)
		return status;
	was = id;
	if (is_new)
		TRY(find_restored(dir, word, &id, &is_restored, why));
	if (is_new)
		TRY(read_wishes(line, &id, why));
	else
		TRY(check_wishes(line, &id, &is_moved, why));
	TRY(datastore_wish(line, is_new, &id, &is_datastore_changed, why));
	TRY(prove_ports(line, &id, is_new, why));
	if (is_restored)
		TRY(found_restored(dir, arena, &id, &pki, why));
	else if (is_new && word != NULL)
		TRY(join(word, arena, now, &id, &pki, why));
	else if (is_new)
		TRY(found(arena, now, &id, &pki, why));
	else
		TRY(pki_load(loop_files(), arena_printf(arena, "%s/pki", dir->path).at, arena, &pki,
			     why));
	memcpy(id.service_address, out->service_address, sizeof id.service_address);
	if (is_moved)
		TRY(refuse_twin(&was, &pki, arena, why));
	if (is_new || is_datastore_changed)
		TRY(datastore_prove(&id, is_new && word != NULL, arena, why));
	TRY(identity_refresh(dir, &id, now, arena, &pki, is_new, why));
	TRY(write_kubeconfig(dir, &id, &pki, arena, why));
	TRY(settle_store(dir, &id, is_new, why));
	/* The others learn of a new address from our links, and then from the list of members (place.h). */
	if (is_new || is_moved || is_datastore_changed)
		TRY(data_dir_write_identity(loop_files(), dir, &id, why));
	*out = id;
	return OK;
}
