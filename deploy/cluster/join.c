#include "deploy/cluster/join.h"

#include <arpa/inet.h>

#include "transport/tls/certificate-key.h"
#include "transport/wire/msgpack.h"

#define NODE_NAME_MAX 63U /* the name is a label of the node's DNS names */

/* ---- the request ---- */

/*
 * The proof stands behind the packed fields, outside of them: what it is over is then simply everything before it.
 */
enum status join_request(const struct join *join, const struct token *token, struct arena *arena,
			 struct str *out_body, struct fault *why)
{
	struct text text = text_in(arena, JOIN_MAX);
	uint8_t key[CRYPTO_SHA256_BYTES], proof[CRYPTO_SHA256_BYTES];

	pack_begin(&text, 9);
	pack_u64(&text, JOIN_VERSION);
	pack_str(&text, token->id);
	pack_str(&text, join->node_name);
	pack_str(&text, join->role);
	pack_str(&text, join->address);
	pack_u64(&text, join->api_port);
	pack_u64(&text, join->link_port);
	pack_list(&text, join->names_count);
	for (uint32_t i = 0; i < join->names_count; i++)
		pack_str(&text, join->names[i]);
	pack_str(&text, join->certificate_request_pem);
	if (text.is_cut || text.len + sizeof proof > JOIN_MAX)
		return fault_set(why, TOO_LARGE, "", "the request to join exceeds %u bytes",
				 JOIN_MAX);
	token_key(token->secret, key);
	crypto_hmac_sha256(str_of(key, sizeof key), text_str(&text), proof);
	crypto_wipe(key, sizeof key);
	text_add_bytes(&text, proof, sizeof proof);
	*out_body = text_str(&text);
	return OK;
}

static bool is_label(struct str name)
{
	if (name.len == 0 || name.len > NODE_NAME_MAX || name.at[0] == '-' ||
	    name.at[name.len - 1] == '-')
		return false;
	for (uint32_t i = 0; i < name.len; i++) {
		char c = name.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return true;
}

static bool is_address(struct str address)
{
	char text[INET6_ADDRSTRLEN] = "";
	uint8_t bytes[16];

	if (address.len == 0 || address.len >= sizeof text)
		return false;
	memcpy(text, address.at, address.len);
	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/*
 * Its own name, that name in a domain, or an address. Anything else (`kubernetes.default`, another node) would be somebody else's, and
 * its certificate may serve.
 */
static bool is_own_name(const struct join *join, struct str name)
{
	if (is_address(name) || str_eq(name, join->node_name))
		return true;
	return str_starts(name, join->node_name) && name.len > join->node_name.len &&
	       name.at[join->node_name.len] == '.' && !str_ends(name, STR(".internal"));
}

static bool is_role(struct str role)
{
	return str_is(role, "auto") || str_is(role, "worker") || str_is(role, "witness");
}

static enum status check(const struct join *join, struct fault *why)
{
	if (!is_label(join->node_name))
		return fault_set(why, INVALID, "nodeName",
				 "\"" STR_FMT
				 "\" is no name for a node: lower-case letters, digits "
				 "and '-', at most %u",
				 STR_ARG(join->node_name), NODE_NAME_MAX);
	if (!is_role(join->role))
		return fault_set(why, INVALID, "role",
				 "\"" STR_FMT "\" is no role: auto, worker or witness",
				 STR_ARG(join->role));
	if (!is_address(join->address))
		return fault_set(why, INVALID, "address", "\"" STR_FMT "\" is no IP address",
				 STR_ARG(join->address));
	for (uint32_t i = 0; i < join->names_count; i++)
		if (!is_own_name(join, join->names[i]))
			return fault_set(why, INVALID, "names",
					 "\"" STR_FMT
					 "\" is neither an address nor a name of this node",
					 STR_ARG(join->names[i]));
	if (join->certificate_request_pem.len == 0)
		return fault_set(why, INVALID, "certificateRequest", "is missing");
	return OK;
}

static void read_names(struct unpack *in, struct join *join)
{
	uint32_t count = unpack_list(in);

	if (count > PKI_NAMES_MAX - 1) { /* the address is one more */
		in->is_bad = true;
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		join->names[i] = unpack_str(in);
	join->names_count = count;
	unpack_end(in);
}

enum status join_read(struct str body, struct join *out, struct fault *why)
{
	struct join join = { 0 };
	struct unpack in;
	uint64_t api_port, link_port;

	if (body.len > JOIN_MAX || body.len < CRYPTO_SHA256_BYTES)
		return fault_set(why, INVALID, "", "%u bytes are no request to join", body.len);
	join.proven = str_slice(body, 0, body.len - CRYPTO_SHA256_BYTES);
	memcpy(join.proof, body.at + join.proven.len, sizeof join.proof);
	in = unpack_of(join.proven);
	unpack_begin(&in);
	join.version = unpack_u32(&in);
	join.token_id = unpack_str(&in);
	join.node_name = unpack_str(&in);
	join.role = unpack_str(&in);
	join.address = unpack_str(&in);
	api_port = unpack_u64(&in);
	link_port = unpack_u64(&in);
	read_names(&in, &join);
	join.certificate_request_pem = unpack_str(&in);
	unpack_end(&in);
	if (unpack_status(&in) != OK || api_port > 65535 || link_port > 65535)
		return fault_set(why, INVALID, "", "this is no request to join");
	if (join.version != JOIN_VERSION)
		return fault_set(why, INVALID, "",
				 "the node asks in version %u of joining and this one speaks %u: "
				 "use the same release on both",
				 join.version, JOIN_VERSION);
	join.api_port = (uint16_t)api_port;
	join.link_port = (uint16_t)link_port;
	TRY(check(&join, why));
	*out = join;
	return OK;
}

enum status join_admit(const struct join *join, struct token_record *record, struct wall now,
		       struct fault *why)
{
	static const uint8_t no_key[CRYPTO_SHA256_BYTES];
	uint8_t expected[CRYPTO_SHA256_BYTES];
	bool is_proven;

	/* The same work and the same words for an id that does not exist: nobody may find out which ones do. */
	crypto_hmac_sha256(str_of(record != NULL ? record->key : no_key, CRYPTO_SHA256_BYTES),
			   join->proven, expected);
	is_proven = crypto_equal(str_of(expected, sizeof expected),
				 str_of(join->proof, sizeof join->proof));
	if (record == NULL || !is_proven || !str_eq(record->id, join->token_id))
		return fault_set(why, UNAUTHORIZED, "",
				 "the token is not known here: is a letter of it wrong, was it "
				 "deleted, or is it for another cluster?");
	TRY(token_admits(record, join->node_name, now, why));
	if (!str_is(record->role, "auto") && !str_eq(record->role, join->role))
		return fault_set(why, FORBIDDEN, "",
				 "the token lets in a " STR_FMT
				 " and the node wants to be " STR_FMT,
				 STR_ARG(record->role), STR_ARG(join->role));
	if (record->is_single_use)
		token_use(record, join->node_name, now);
	return OK;
}

/* ---- the answer ---- */

/* Those that may sign and lead; a worker or witness is trusted with less. */
static bool gets_keys(struct str role)
{
	return str_is(role, "auto");
}

static void pack_member(struct text *text, const struct join_member *member)
{
	pack_begin(text, 6);
	pack_u64(text, member->node);
	pack_str(text, member->name);
	pack_str(text, member->address);
	pack_u64(text, member->api_port);
	pack_u64(text, member->link_port);
	pack_str(text, member->role);
}

static void pack_secret(struct text *text, struct str secret, bool is_given)
{
	pack_str(text, is_given ? secret : STR_NONE);
}

static enum status issue(const struct join *join, const struct pki *pki, struct wall now,
			 struct arena *arena, struct str *out_pem, struct fault *why)
{
	struct str *names = arena_array(arena, struct str, join->names_count + 1);
	struct pki_node node = { .name = join->node_name,
				 .names = names,
				 .names_count = join->names_count + 1 };

	names[0] = join->address;
	for (uint32_t i = 0; i < join->names_count; i++)
		names[i + 1] = join->names[i];
	return pki_issue_node(pki, &node, join->certificate_request_pem, now, arena, out_pem, why);
}

enum status join_answer(const struct join *join, const struct pki *pki,
			const struct join_cluster *cluster, struct wall now, struct arena *arena,
			struct str *out_body, struct fault *why)
{
	struct text text = text_in(arena, JOIN_MAX);
	bool is_given = gets_keys(join->role);
	struct str certificate;

	assert(cluster->members_count <= LIMIT_MEMBERS);
	TRY(issue(join, pki, now, arena, &certificate, why));
	pack_begin(&text, 10);
	pack_u64(&text, JOIN_VERSION);
	pack_str(&text, cluster->id);
	pack_u64(&text, cluster->node);
	pack_str(&text, certificate);
	pack_str(&text, pki->ca.certificate_pem);
	pack_str(&text, pki->front_proxy_ca.certificate_pem);
	pack_secret(&text, pki->ca.key_pem, is_given);
	pack_secret(&text, pki->front_proxy_ca.key_pem, is_given);
	pack_secret(&text, pki->service_account_key_pem, is_given);
	pack_list(&text, cluster->members_count);
	for (uint32_t i = 0; i < cluster->members_count; i++)
		pack_member(&text, &cluster->members[i]);
	if (text.is_cut)
		return fault_set(why, TOO_LARGE, "", "the answer exceeds %u bytes", JOIN_MAX);
	*out_body = text_str(&text);
	return OK;
}

static struct join_member unpack_member(struct unpack *in)
{
	struct join_member member = { 0 };

	unpack_begin(in);
	member.node = unpack_u32(in);
	member.name = unpack_str(in);
	member.address = unpack_str(in);
	member.api_port = (uint16_t)unpack_u32(in);
	member.link_port = (uint16_t)unpack_u32(in);
	member.role = unpack_str(in);
	unpack_end(in);
	return member;
}

static void unpack_members(struct unpack *in, struct arena *arena, struct join_answer *answer)
{
	uint32_t count = unpack_list(in);

	if (count > LIMIT_MEMBERS) {
		in->is_bad = true;
		return;
	}
	answer->members = arena_array(arena, struct join_member, count);
	answer->members_count = count;
	for (uint32_t i = 0; i < count; i++)
		answer->members[i] = unpack_member(in);
	unpack_end(in);
}

static enum status unpack_answer(struct str body, struct arena *arena, struct join_answer *out,
				 struct fault *why)
{
	struct unpack in = unpack_of(body);
	struct join_answer answer = { 0 };
	uint32_t version;

	unpack_begin(&in);
	version = unpack_u32(&in);
	answer.cluster_id = unpack_str(&in);
	answer.node = unpack_u32(&in);
	answer.pki.node.certificate_pem = unpack_str(&in);
	answer.pki.ca.certificate_pem = unpack_str(&in);
	answer.pki.front_proxy_ca.certificate_pem = unpack_str(&in);
	answer.pki.ca.key_pem = unpack_str(&in);
	answer.pki.front_proxy_ca.key_pem = unpack_str(&in);
	answer.pki.service_account_key_pem = unpack_str(&in);
	unpack_members(&in, arena, &answer);
	unpack_end(&in);
	if (body.len > JOIN_MAX || unpack_status(&in) != OK || version != JOIN_VERSION ||
	    answer.node == 0)
		return fault_set(why, INVALID, "", "the cluster's answer cannot be understood");
	*out = answer;
	return OK;
}

/* The borrowed texts of the body become the arena's. */
static void own(struct join_answer *answer, struct arena *arena)
{
	struct str *texts[] = { &answer->cluster_id,
				&answer->pki.node.certificate_pem,
				&answer->pki.ca.certificate_pem,
				&answer->pki.ca.key_pem,
				&answer->pki.front_proxy_ca.certificate_pem,
				&answer->pki.front_proxy_ca.key_pem,
				&answer->pki.service_account_key_pem };

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		*texts[i] = arena_str(arena, *texts[i]);
	for (uint32_t i = 0; i < answer->members_count; i++) {
		struct join_member *member = &answer->members[i];

		member->name = arena_str(arena, member->name);
		member->address = arena_str(arena, member->address);
		member->role = arena_str(arena, member->role);
	}
}

enum status join_accept(struct str body, const struct token *token,
			const struct certificate_key *key, struct wall now, struct arena *arena,
			struct join_answer *out, struct fault *why)
{
	struct certificate_info info;
	struct join_answer answer;

	TRY(unpack_answer(body, arena, &answer, why));
	TRY(certificate_read(answer.pki.ca.certificate_pem, arena, &info, why));
	if (memcmp(info.fingerprint, token->authority_fingerprint, sizeof info.fingerprint) != 0)
		return fault_set(why, INVALID, "",
				 "the cluster that answered is not the one that made the token");
	TRY(certificate_verify(answer.pki.node.certificate_pem, answer.pki.ca.certificate_pem,
			       CERTIFICATE_CLIENT, now, why));
	TRY(certificate_fits_key(answer.pki.node.certificate_pem, key, why));
	own(&answer, arena);
	answer.pki.node.key_pem = certificate_key_private_pem(key, arena);
	*out = answer;
	return OK;
}
