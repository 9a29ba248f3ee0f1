#include "deploy/main/command/data-dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deploy/cluster/secret-file.h"
#include "runtime/loop/loop.h"

#define IDENTITY_BYTES_MAX 4096
#define RUN_PARENT_MAX 70 /* bytes of a path in which sockets have room */

static enum status refuse(struct fault *why, enum status status, const char *what, const char *path)
{
	return fault_set(why, status, "--data-dir", "%s %s: %s", what, path, strerror(errno));
}

/* One that is empty says nothing. */
static const char *from_environment(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

enum status data_dir_find(const char *given, struct data_dir *out, struct fault *why)
{
	struct data_dir dir = { .lock = -1, .lock_hosts = -1 };
	const char *from = given ? given : from_environment("TROUPE_DATA_DIR");
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char here[DATA_PATH_MAX / 2];
	int n;

	if (given != NULL && given[0] == '\0')
		return fault_set(why, BAD_REQUEST, "--data-dir", "--data-dir wants a path");
	if (from != NULL && from[0] == '/')
		n = snprintf(dir.path, sizeof dir.path, "%s", from);
	else if (from != NULL && getcwd(here, sizeof here) != NULL)
		n = snprintf(dir.path, sizeof dir.path, "%s/%s", here, from);
	else if (geteuid() == 0)
		n = snprintf(dir.path, sizeof dir.path, "/var/lib/troupe");
	else if (state != NULL && state[0] == '/')
		n = snprintf(dir.path, sizeof dir.path, "%s/troupe", state);
	else if (home != NULL && home[0] == '/')
		n = snprintf(dir.path, sizeof dir.path, "%s/.local/state/troupe", home);
	else
		return fault_set(why, BAD_REQUEST, "--data-dir",
				 "neither $HOME nor $XDG_STATE_HOME is set; say --data-dir DIR");
	if (n < 0 || (size_t)n > sizeof dir.path - 64)
		return fault_set(why, BAD_REQUEST, "--data-dir", "the path is too long");
	while (n > 1 && dir.path[n - 1] == '/')
		dir.path[--n] = '\0';
	if (n <= RUN_PARENT_MAX)
		snprintf(dir.run, sizeof dir.run, "%.*s/run", RUN_PARENT_MAX, dir.path);
	else
		snprintf(dir.run, sizeof dir.run, "/tmp/troupe-%u-%08x", (unsigned)geteuid(),
			 (unsigned)hash_crc32c(0, dir.path, (size_t)n));
	*out = dir;
	return OK;
}

/* mkdir -p with 0700 for what is new. */
static enum status make_folders(const char *path, struct fault *why)
{
	char part[DATA_PATH_MAX];
	size_t len = strlen(path);

	assert(len < sizeof part);
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return refuse(why, errno == ENOSPC ? FULL : IO, "cannot make", part);
	}
	return OK;
}

/* A folder in /tmp could have been put there by somebody else: it must be ours alone. */
static enum status make_run(const struct data_dir *dir, struct fault *why)
{
	struct stat st;

	if (mkdir(dir->run, 0700) != 0 && errno != EEXIST)
		return refuse(why, IO, "cannot make", dir->run);
	if (lstat(dir->run, &st) != 0)
		return refuse(why, IO, "cannot look at", dir->run);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return fault_set(
		    why, FORBIDDEN, "--data-dir",
		    "%s is not a private folder of this user; remove it or say another --data-dir",
		    dir->run);
	return OK;
}

/* Writes a block and syncs it, because a full or read-only disk says so only then. */
static enum status prove_writable(const struct data_dir *dir, struct fault *why)
{
	char path[DATA_PATH_MAX + 16], block[4096] = { 0 };
	enum status status = OK;
	int fd;

	snprintf(path, sizeof path, "%s/.probe", dir->path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return refuse(why, errno == ENOSPC ? FULL : IO, "cannot write in", dir->path);
	if (write(fd, block, sizeof block) != (ssize_t)sizeof block || fsync(fd) != 0)
		status = refuse(why, errno == ENOSPC ? FULL : IO, "cannot write in", dir->path);
	close(fd);
	unlink(path);
	return status;
}

static enum status open_lock(const struct data_dir *dir, const char *name, int *out,
			     struct fault *why)
{
	char path[DATA_PATH_MAX + 16];

	snprintf(path, sizeof path, "%s/%s", dir->path, name);
	*out = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return *out >= 0 ? OK
			 : refuse(why, errno == ENOSPC ? FULL : IO, "cannot write in", dir->path);
}

/* Hosts die with their root, but not before what they wait for in the kernel is done. */
static bool is_lock_ours(void *fd)
{
	return flock(*(int *)fd, LOCK_EX | LOCK_NB) == 0;
}

static enum status take_locks(struct data_dir *dir, struct fault *why)
{
	TRY(open_lock(dir, "lock", &dir->lock, why));
	if (flock(dir->lock, LOCK_EX | LOCK_NB) != 0)
		return fault_set(why, BUSY, "--data-dir",
				 "another troupe runs on %s; stop it or say another --data-dir",
				 dir->path);
	TRY(open_lock(dir, "lock-hosts", &dir->lock_hosts, why));
	if (!loop_await(is_lock_ours, &dir->lock_hosts, DATA_DIR_WAIT_MS))
		return fault_set(
		    why, BUSY, "--data-dir",
		    "processes of a troupe that ran on %s have not ended yet; try again", dir->path);
	return OK;
}

struct str data_dir_address(const struct node_identity *identity, uint16_t port, struct arena *arena)
{
	bool is_v6 = strchr(identity->address, ':') != NULL;

	return arena_printf(arena, is_v6 ? "[%s]:%u" : "%s:%u", identity->address, port);
}

enum status data_dir_open(struct data_dir *dir, struct fault *why)
{
	enum status status;

	TRY(make_folders(dir->path, why));
	status = take_locks(dir, why);
	if (status == OK)
		status = prove_writable(dir, why);
	if (status == OK)
		status = make_run(dir, why);
	if (status != OK)
		data_dir_close(dir);
	return status;
}

static void close_lock(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void data_dir_close(struct data_dir *dir)
{
	close_lock(&dir->lock_hosts);
	close_lock(&dir->lock);
}

static void copy_text(char *to, size_t size, struct str from)
{
	snprintf(to, size, STR_FMT, STR_ARG(from));
}

static enum status copy_number(struct str from, uint64_t max, uint64_t *out)
{
	uint64_t number;

	TRY(str_to_u64(from, &number));
	if (number > max)
		return INVALID;
	*out = number;
	return OK;
}

static enum status take_line(struct node_identity *id, struct str key, struct str value)
{
	uint64_t number = 0;

	if (str_is(key, "cluster"))
		copy_text(id->cluster, sizeof id->cluster, value);
	else if (str_is(key, "name"))
		copy_text(id->name, sizeof id->name, value);
	else if (str_is(key, "address"))
		copy_text(id->address, sizeof id->address, value);
	else if (str_is(key, "role"))
		copy_text(id->role, sizeof id->role, value);
	else if (str_is(key, "peers"))
		copy_text(id->peers, sizeof id->peers, value);
	else if (str_is(key, "datastore"))
		copy_text(id->datastore.url, sizeof id->datastore.url, value);
	else if (str_is(key, "datastore-ca"))
		copy_text(id->datastore.ca, sizeof id->datastore.ca, value);
	else if (str_is(key, "datastore-cert"))
		copy_text(id->datastore.cert, sizeof id->datastore.cert, value);
	else if (str_is(key, "datastore-key"))
		copy_text(id->datastore.key, sizeof id->datastore.key, value);
	else if (str_is(key, "first"))
		id->is_first = str_is(value, "yes");
	else if (str_is(key, "node")) {
		TRY(copy_number(value, UINT32_MAX, &number));
		id->node = (uint32_t)number;
	} else if (str_is(key, "api-port")) {
		TRY(copy_number(value, UINT16_MAX, &number));
		id->api_port = (uint16_t)number;
	} else if (str_is(key, "link-port")) {
		TRY(copy_number(value, UINT16_MAX, &number));
		id->link_port = (uint16_t)number;
	} else
		return INVALID;
	return OK;
}

static enum status parse_identity(struct str text, struct node_identity *out)
{
	struct node_identity id = { 0 };
	struct str rest = text, line = str_cut(&rest, '\n');

	if (!str_is(line, "troupe-node 1"))
		return CORRUPT;
	while (rest.at != NULL && rest.len > 0) {
		struct str value = str_cut(&rest, '\n'), key = str_cut(&value, ' ');

		if (take_line(&id, key, value.at ? value : STR("")) != OK)
			return CORRUPT;
	}
	if (id.name[0] == '\0' || id.node == 0 || id.cluster[0] == '\0')
		return CORRUPT;
	*out = id;
	return OK;
}

static const char *identity_path(const struct data_dir *dir, char out[DATA_PATH_MAX + 16])
{
	snprintf(out, DATA_PATH_MAX + 16, "%s/node", dir->path);
	return out;
}

enum status data_dir_read_identity(const struct seams_files *files, const struct data_dir *dir,
				   struct node_identity *out, struct fault *why)
{
	char path[DATA_PATH_MAX + 16];
	struct arena *arena = arena_new(0);
	struct str text = STR_NONE;
	enum status status = secret_file_read(files, identity_path(dir, path), arena, &text, why);

	if (status == OK && parse_identity(text, out) != OK)
		status = fault_set(why, CORRUPT, "--data-dir",
				   "%s is damaged or of a newer release; restore it, or remove the "
				   "directory and join anew",
				   path);
	arena_free(arena);
	return status;
}

static void print_identity(const struct node_identity *id, struct text *out)
{
	text_printf(
	    out,
	    "troupe-node 1\ncluster %s\nname %s\naddress %s\nnode %u\napi-port %u\nlink-port %u\n",
	    id->cluster, id->name, id->address, id->node, id->api_port, id->link_port);
	text_printf(out, "first %s\nrole %s\npeers %s\n", id->is_first ? "yes" : "no", id->role,
		    id->peers);
	if (id->datastore.url[0] != '\0') /* older releases refuse lines that they do not know */
		text_printf(
		    out, "datastore %s\ndatastore-ca %s\ndatastore-cert %s\ndatastore-key %s\n",
		    id->datastore.url, id->datastore.ca, id->datastore.cert, id->datastore.key);
}

enum status data_dir_write_identity(const struct seams_files *files, const struct data_dir *dir,
				    const struct node_identity *identity, struct fault *why)
{
	char path[DATA_PATH_MAX + 16];
	struct text text = text_new(IDENTITY_BYTES_MAX);
	enum status status;

	print_identity(identity, &text);
	status = secret_file_write(files, identity_path(dir, path), text_str(&text), why);
	if (status == OK)
		status = secret_file_settle(files, dir->path, why);
	text_fini(&text);
	return status;
}
