#include "deploy/main/node/datastore.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "datastore/external/answer.h"
#include "datastore/external/question.h"
#include "deploy/main/migration/remote-call.h"
#include "runtime/loop/loop.h"
#include "transport/wire/proto.h"

/* ---- what is said ---- */

/* Hosts are started elsewhere, so names of files count from the root. */
static enum status take_file(const struct command_line *line, const char *option, char *out,
			     size_t size, struct fault *why)
{
	const char *path = command_text(line, option);
	char whole[PATH_MAX];

	if (path == NULL)
		return OK;
	if (realpath(path, whole) == NULL || strlen(whole) >= size)
		return fault_set(why, NOT_FOUND, option, "--%s: %s cannot be found", option, path);
	snprintf(out, size, "%s", whole);
	return OK;
}

static enum status check_others(const struct command_line *line, struct fault *why)
{
	if (command_text(line, "etcd-listen") != NULL)
		return fault_set(
		    why, INVALID, "--etcd-listen",
		    "--etcd-listen opens this program's own datastore; with --datastore "
		    "clients use that etcd itself");
	if (command_text(line, "backup-dir") != NULL)
		return fault_set(
		    why, INVALID, "--backup-dir",
		    "--backup-dir copies this program's own datastore; with --datastore "
		    "etcdctl snapshot save does");
	if (strcmp(command_text(line, "role"), "witness") == 0)
		return fault_set(
		    why, INVALID, "--role",
		    "a witness votes in this program's own datastore; with --datastore "
		    "there is nothing to vote on");
	return OK;
}

static enum status take_wish(const struct command_line *line, const char *url,
			     struct datastore_place *place, struct fault *why)
{
	struct external_places places;
	struct arena *arena;
	enum status status;

	TRY(take_file(line, "datastore-ca", place->ca, sizeof place->ca, why));
	TRY(take_file(line, "datastore-cert", place->cert, sizeof place->cert, why));
	TRY(take_file(line, "datastore-key", place->key, sizeof place->key, why));
	if ((place->cert[0] == '\0') != (place->key[0] == '\0'))
		return fault_set(why, BAD_REQUEST, "--datastore-cert",
				 "--datastore-cert and --datastore-key belong together");
	if (url == NULL)
		return OK;
	if (strlen(url) >= sizeof place->url)
		return fault_set(why, TOO_LARGE, "--datastore", "--datastore is too long");
	snprintf(place->url, sizeof place->url, "%s", url);
	arena = arena_new(0);
	status = external_places_read(str_from(url), false, arena, &places, NULL);
	arena_free(arena);
	return status == OK ? OK
			    : fault_set(why, status, "--datastore",
					"--datastore wants etcd://HOST:PORT,... with at most %u of "
					"them, not \"%s\"",
					EXTERNAL_PLACES, url);
}

enum status datastore_wish(const struct command_line *line, bool is_new, struct node_identity *id,
			   bool *out_is_changed, struct fault *why)
{
	const char *url = command_text(line, "datastore");
	struct datastore_place before = id->datastore;

	*out_is_changed = false;
	if (url != NULL && !is_new && !datastore_is_external(id))
		return fault_set(why, INVALID, "--datastore",
				 "node %s keeps the data itself; `troupe export` moves it to an "
				 "etcd, and a new --data-dir begins there",
				 id->name);
	if (url == NULL && !datastore_is_external(id)) {
		if (command_text(line, "datastore-ca") || command_text(line, "datastore-cert") ||
		    command_text(line, "datastore-key"))
			return fault_set(why, BAD_REQUEST, "--datastore",
					 "--datastore-ca, -cert and -key want --datastore");
		return OK;
	}
	TRY(check_others(line, why));
	TRY(take_wish(line, url, &id->datastore, why));
	*out_is_changed = memcmp(&before, &id->datastore, sizeof before) != 0;
	return OK;
}

/* ---- reaching it ---- */

static bool has_tls(const struct datastore_place *place)
{
	return place->ca[0] != '\0' || place->cert[0] != '\0';
}

static const char *path_or_null(const char *path)
{
	return path[0] != '\0' ? path : NULL;
}

static enum status reach(const struct datastore_place *place, struct arena *arena,
			 struct external_places *places, struct tls_context **tls, struct fault *why)
{
	struct remote_keys keys = { path_or_null(place->ca), path_or_null(place->cert),
				    path_or_null(place->key) };

	if (has_tls(place))
		TRY(remote_tls(loop_files(), &keys, "--datastore-", arena, tls, why));
	return external_places_read(str_from(place->url), has_tls(place), arena, places, why);
}

/* Of a key that says which cluster is served there. */
static enum status judge(struct str answer, const struct node_identity *id, bool is_joining,
			 struct arena *arena, struct fault *why)
{
	struct store_range_answer found = { .arena = arena };

	if (answer_range(answer, &found) != OK)
		return fault_set(why, INVALID, "--datastore",
				 "--datastore: it does not answer as an etcd does");
	if (is_joining && (found.row_count == 0 || !str_is(found.rows[0].value, id->cluster)))
		return fault_set(why, INVALID, "--datastore",
				 "--datastore: that etcd is not the one that the cluster which "
				 "--join names has");
	if (found.row_count == 0 || str_is(found.rows[0].value, id->cluster))
		return OK;
	return fault_set(why, CONFLICT, "--datastore",
			 "--datastore: that etcd serves a cluster already (" STR_FMT
			 "): --join it, "
			 "or, if all its nodes are gone for good, first etcdctl del " STR_FMT,
			 STR_ARG(found.rows[0].value), STR_ARG(EXTERNAL_CLUSTER));
}

static enum status ask_all(const struct external_places *places, struct tls_context *tls,
			   struct arena *arena, struct str *answer, struct fault *why)
{
	struct store_range range = { .key = EXTERNAL_CLUSTER };
	struct proto_out question = question_range(&range, 0);
	enum status status = UNAVAILABLE;
	struct fault last = { 0 };

	for (uint32_t i = 0; i < places->count && status != OK; i++) {
		struct remote_place place = { places->urls[i], tls };

		status = remote_call(&place, "/etcdserverpb.KV/Range", proto_out_str(&question),
				     arena, answer, &last);
		if (status != OK)
			(void)fault_set(why, status, "--datastore", "--datastore: %s: %s",
					places->urls[i], last.text);
	}
	proto_out_fini(&question);
	return status;
}

enum status datastore_prove(const struct node_identity *id, bool is_joining, struct arena *arena,
			    struct fault *why)
{
	struct external_places places;
	struct tls_context *tls = NULL;
	struct str answer;
	enum status status;

	if (!datastore_is_external(id))
		return OK;
	TRY(reach(&id->datastore, arena, &places, &tls, why));
	status = ask_all(&places, tls, arena, &answer, why);
	tls_context_unref(tls);
	return status == OK ? judge(answer, id, is_joining, arena, why) : status;
}

enum status datastore_configure(struct process *process, struct external_config *out,
				struct fault *why)
{
	const struct node_identity *id = &process->identity;

	out->name = str_from(id->name);
	out->address = process_address(process, id->link_port);
	out->cluster = str_from(id->cluster);
	return reach(&id->datastore, process->arena, &out->places, &out->tls, why);
}
