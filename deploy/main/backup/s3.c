#include "deploy/main/backup/s3.h"

#include <stdio.h>

#include "transport/http/client.h"
#include "transport/http/url.h"

#define CALL_MS 120000U
#define ANSWER_MAX (S3_PART_BYTES + 64U * KIB)
#define PATH_MAX_BYTES (4U * KIB)
#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HEADERS 5U

enum status s3_open(struct act *act, const struct s3_place *place, struct s3 *out, struct fault *why)
{
	struct http_client_config config = { .url = place->url,
					     .tls = place->tls,
					     .connections_max = 1 };
	enum status status;

	*out = (struct s3){ .act = act, .place = place };
	status = act_spawn(act, &http_client_class, &config, NULL, &out->client);
	return status == OK ? OK
			    : fault_set(why, status, "", "%s: %s", place->url, status_text(status));
}

/* ---- one request ---------------------------------------------------------------------------------------------------- */

struct asking {
	const char *method;
	const char *name; /* of the object; NULL: the bucket */
	struct str query; /* encoded, in order of names */
	struct str range; /* absent: all */
	struct str body, hash_hex;
};

/* The text between <tag> and </tag>, the first from *at on, which goes behind it; absent: there is none. */
static struct str cut_tag(struct str *at, const char *tag, struct arena *arena)
{
	struct str open = arena_printf(arena, "<%s>", tag),
		   close = arena_printf(arena, "</%s>", tag);
	int64_t begin = str_find(*at, open), end;
	struct str rest;

	if (begin < 0)
		return STR_NONE;
	rest = str_slice(*at, (uint32_t)begin + open.len, at->len);
	end = str_find(rest, close);
	if (end < 0)
		return STR_NONE;
	*at = str_slice(rest, (uint32_t)end + close.len, rest.len);
	return str_slice(rest, 0, (uint32_t)end);
}

static enum status refused(const struct asking *asking, int code, struct str body,
			   struct arena *arena, struct fault *why)
{
	struct str at = body, name = cut_tag(&at, "Code", arena), words;
	enum status status = code == 404 ? NOT_FOUND : code == 403 ? FORBIDDEN : UNAVAILABLE;

	at = body;
	words = cut_tag(&at, "Message", arena);
	return fault_set(why, status, "", "%s %s: the store says %d " STR_FMT "%s" STR_FMT,
			 asking->method, asking->name != NULL ? asking->name : "the bucket", code,
			 STR_ARG(name), words.len > 0 ? ": " : "", STR_ARG(words));
}

static struct str path_of(const struct s3 *s3, const char *name, struct arena *arena)
{
	struct text out = text_in(arena, PATH_MAX_BYTES);

	text_add_char(&out, '/');
	url_encode(&out, s3->place->bucket, false);
	if (name != NULL) {
		text_add_char(&out, '/');
		url_encode(&out, s3->place->prefix, true);
		url_encode(&out, str_from(name), true);
	}
	return text_str(&out);
}

static uint32_t make_headers(const struct s3 *s3, const struct asking *asking, struct str path,
			     struct http_header out[HEADERS], struct arena *arena)
{
	struct s3_signed request = { .method = asking->method,
				     .host = s3->place->host,
				     .path = path,
				     .query = asking->query,
				     .range = asking->range,
				     .hash_hex = asking->hash_hex,
				     .now = act_wall(s3->act) };
	char *date = arena_alloc(arena, S3_DATE_BYTES);
	uint32_t count = 0;

	s3_date(request.now, date);
	out[count++] = (struct http_header){ STR("x-amz-date"), str_from(date) };
	out[count++] = (struct http_header){ STR("x-amz-content-sha256"), asking->hash_hex };
	if (s3->place->credentials.token.len > 0)
		out[count++] = (struct http_header){ STR("x-amz-security-token"),
						     s3->place->credentials.token };
	if (asking->range.at != NULL)
		out[count++] = (struct http_header){ STR("range"), asking->range };
	out[count++] = (struct http_header){ STR("authorization"),
					     s3_sign(&s3->place->credentials, &request, arena) };
	return count;
}

/* The answer's call is the caller's to close. Codes from 300 on are refusals. */
static enum status ask(struct s3 *s3, const struct asking *given, struct arena *arena,
		       struct http_call **out, struct fault *why)
{
	struct asking asking = *given;
	struct http_header headers[HEADERS];
	struct str path = path_of(s3, asking.name, arena);
	struct http_request request = { .method = str_from(asking.method),
					.authority = s3->place->host,
					.body = HTTP_BYTES(asking.body),
					.timeout_ms = CALL_MS,
					.answer_max_bytes = ANSWER_MAX };
	struct http_call *call;
	enum status status;

	if (asking.hash_hex.at == NULL)
		asking.hash_hex =
		    asking.body.len > 0 ? s3_hash(asking.body, arena) : STR(EMPTY_HASH);
	request.headers =
	    (struct http_headers){ headers, make_headers(s3, &asking, path, headers, arena) };
	request.path = asking.query.len > 0 ? arena_printf(arena, STR_FMT "?" STR_FMT,
							   STR_ARG(path), STR_ARG(asking.query))
					    : path;
	TRY(http_fetch(s3->act, s3->client, &request, &call, why));
	if (http_call_code(call) >= 300) {
		status = refused(&asking, http_call_code(call), http_call_body(call), arena, why);
		http_call_close(call);
		return status;
	}
	*out = call;
	return OK;
}

/* Where nothing of the answer is wanted but that it went well. */
static enum status tell(struct s3 *s3, const struct asking *asking, struct arena *arena,
			struct fault *why)
{
	struct http_call *call;

	TRY(ask(s3, asking, arena, &call, why));
	http_call_close(call);
	return OK;
}

/* ---- putting ------------------------------------------------------------------------------------------------------- */

/* A part of a file, read and digested off the loop, or written there. */
struct part {
	const struct seams_files *files;
	const char *path;
	uint64_t offset;
	char *at;
	size_t len;
	char hash_hex[65];
	bool is_last;
	enum status status;
};

static void run_read(void *arg)
{
	struct part *part = arg;
	const struct seams_files *files = part->files;
	struct seams_file *file;
	struct arena *arena;
	struct seams_stat stat;

	part->status = files->open(files->self, part->path, SEAMS_READ, 0600, &file);
	if (part->status != OK)
		return;
	part->status =
	    files->read(files->self, file, part->at, S3_PART_BYTES, part->offset, &part->len);
	files->close(files->self, file);
	if (part->status == OK)
		part->status = files->stat(files->self, part->path, &stat);
	if (part->status != OK)
		return;
	part->is_last = part->offset + part->len >= stat.size_bytes;
	arena = arena_new(0);
	snprintf(part->hash_hex, sizeof part->hash_hex, STR_FMT,
		 STR_ARG(s3_hash(str_of(part->at, part->len), arena)));
	arena_free(arena);
}

static enum status read_part(struct s3 *s3, struct part *part, struct fault *why)
{
	act_await(s3->act, NULL, run_read, part);
	return part->status == OK ? OK
				  : fault_set(why, part->status, "", "%s: %s", part->path,
					      status_text(part->status));
}

static enum status begin_upload(struct s3 *s3, const char *name, struct arena *arena,
				struct str *out_id, struct fault *why)
{
	struct asking asking = { .method = "POST", .name = name, .query = STR("uploads=") };
	struct http_call *call;
	struct str body, id;

	TRY(ask(s3, &asking, arena, &call, why));
	body = http_call_body(call);
	id = cut_tag(&body, "UploadId", arena);
	if (id.len > 0) {
		struct text encoded = text_in(arena, KIB);

		url_encode(&encoded, id, false);
		*out_id = text_str(&encoded);
	}
	http_call_close(call);
	return id.len > 0 ? OK
			  : fault_set(why, UNAVAILABLE, "", "the store gives no id for an upload");
}

/* Adds what the list of parts says of it. */
static enum status put_part(struct s3 *s3, const char *name, struct str id, uint32_t number,
			    const struct part *part, struct text *list, struct fault *why)
{
	struct arena *arena = arena_new(0);
	struct asking asking = { .method = "PUT",
				 .name = name,
				 .query = arena_printf(arena, "partNumber=%u&uploadId=" STR_FMT,
						       number, STR_ARG(id)),
				 .body = str_of(part->at, part->len),
				 .hash_hex = str_from(part->hash_hex) };
	struct http_call *call;
	enum status status = ask(s3, &asking, arena, &call, why);

	if (status == OK) {
		text_printf(list, "<Part><PartNumber>%u</PartNumber><ETag>" STR_FMT "</ETag></Part>",
			    number, STR_ARG(http_call_header(call, STR("etag"))));
		http_call_close(call);
	}
	arena_free(arena);
	return status;
}

static enum status put_parts(struct s3 *s3, const char *name, struct part *part, struct str id,
			     struct text *list, struct fault *why)
{
	for (uint32_t number = 1; number <= S3_PARTS_MAX; number++) {
		TRY(put_part(s3, name, id, number, part, list, why));
		if (part->is_last)
			return OK;
		part->offset += part->len;
		TRY(read_part(s3, part, why));
	}
	return fault_set(why, TOO_LARGE, "", "it has more than %u parts", S3_PARTS_MAX);
}

/* The store answers 200 before it knows whether that will go well. */
static enum status end_upload(struct s3 *s3, const char *name, struct str query, struct text *list,
			      struct arena *arena, struct fault *why)
{
	struct asking asking = {
		.method = "POST", .name = name, .query = query, .body = text_str(list)
	};
	struct http_call *call;
	enum status status = OK;

	text_lit(list, "</CompleteMultipartUpload>");
	if (list->is_cut)
		return fault_set(why, TOO_LARGE, "", "it has too many parts");
	asking.body = text_str(list);
	TRY(ask(s3, &asking, arena, &call, why));
	if (str_find(http_call_body(call), STR("<Error>")) >= 0)
		status = refused(&asking, http_call_code(call), http_call_body(call), arena, why);
	http_call_close(call);
	return status;
}

static enum status put_large(struct s3 *s3, const char *name, struct part *part,
			     struct arena *arena, struct fault *why)
{
	struct text list = text_in(arena, 2U * MIB);
	struct asking drop = { .method = "DELETE", .name = name };
	struct fault ignored;
	struct str id;
	enum status status;

	TRY(begin_upload(s3, name, arena, &id, why));
	drop.query = arena_printf(arena, "uploadId=" STR_FMT, STR_ARG(id));
	text_lit(&list, "<CompleteMultipartUpload>");
	status = put_parts(s3, name, part, id, &list, why);
	if (status == OK)
		status = end_upload(s3, name, drop.query, &list, arena, why);
	if (status != OK)
		(void)!tell(s3, &drop, arena, &ignored); /* else its parts are kept, and paid for */
	return status;
}

enum status s3_put_file(struct s3 *s3, const char *name, const char *path, struct fault *why)
{
	struct arena *arena = arena_new(0);
	struct part part = { .files = &act_seams(s3->act)->files,
			     .path = path,
			     .at = mem_alloc(S3_PART_BYTES) };
	enum status status = read_part(s3, &part, why);

	if (status == OK && part.is_last)
		status = tell(s3,
			      &(struct asking){ .method = "PUT",
						.name = name,
						.body = str_of(part.at, part.len),
						.hash_hex = str_from(part.hash_hex) },
			      arena, why);
	else if (status == OK)
		status = put_large(s3, name, &part, arena, why);
	mem_free(part.at);
	arena_free(arena);
	return status;
}

/* ---- getting -------------------------------------------------------------------------------------------------------- */

static void run_write(void *arg)
{
	struct part *part = arg;
	const struct seams_files *files = part->files;
	uint32_t flags =
	    SEAMS_READ | SEAMS_WRITE | SEAMS_CREATE | (part->offset > 0 ? 0 : SEAMS_TRUNCATE);
	struct seams_file *file;

	part->status = files->open(files->self, part->path, flags, 0600, &file);
	if (part->status != OK)
		return;
	part->status = files->write(files->self, file, part->at, part->len, part->offset);
	if (part->status == OK && part->is_last)
		part->status = files->sync(files->self, file);
	files->close(files->self, file);
}

/* "bytes 0-99/1000": how many there are of it; 0: it does not say so. */
static uint64_t whole_size(struct str range)
{
	struct str rest = range;
	uint64_t size = 0;

	str_cut(&rest, '/');
	return rest.at != NULL && str_to_u64(rest, &size) == OK ? size : 0;
}

static enum status get_part(struct s3 *s3, const char *name, struct part *part, struct fault *why)
{
	struct arena *arena = arena_new(0);
	struct asking asking = { .method = "GET",
				 .name = name,
				 .range =
				     arena_printf(arena, "bytes=%ju-%ju", (uintmax_t)part->offset,
						  (uintmax_t)(part->offset + S3_PART_BYTES - 1)) };
	struct http_call *call;
	enum status status = ask(s3, &asking, arena, &call, why);

	if (status == OK) {
		struct str body = http_call_body(call);
		uint64_t size = whole_size(http_call_header(call, STR("content-range")));

		part->at = (char *)(uintptr_t)body.at;
		part->len = body.len;
		/* One that knows no ranges gives all of it. */
		part->is_last = http_call_code(call) == 200 || part->offset + body.len >= size;
		if (body.len == 0 || (http_call_code(call) == 200 && part->offset > 0))
			status = fault_set(why, UNAVAILABLE, "", "%s ends early", name);
	}
	if (status == OK) {
		act_await(s3->act, NULL, run_write, part);
		status = part->status == OK ? OK
					    : fault_set(why, part->status, "", "%s: %s", part->path,
							status_text(part->status));
		http_call_close(call);
	}
	arena_free(arena);
	return status;
}

enum status s3_get_file(struct s3 *s3, const char *name, const char *path, struct fault *why)
{
	const struct seams_files *files = &act_seams(s3->act)->files;
	struct part part = { .files = files, .path = path };
	enum status status;

	do {
		status = get_part(s3, name, &part, why);
		part.offset += part.len;
	} while (status == OK && !part.is_last);
	if (status != OK)
		(void)files->unlink(files->self, path);
	return status;
}

/* ---- listing, removing --------------------------------------------------------------------------------------------- */

struct listing {
	s3_each *each;
	void *arg;
	uint32_t count;
	struct str next; /* encoded; absent: this was the last page */
};

static void take_page(struct s3 *s3, struct str body, struct listing *listing, struct arena *arena)
{
	struct str rest = body, token = body, object;
	struct text encoded = text_in(arena, 4 * KIB);

	while ((object = cut_tag(&rest, "Contents", arena)).at != NULL) {
		struct str at = object, key = cut_tag(&at, "Key", arena), number;
		uint64_t size = 0;

		at = object;
		number = cut_tag(&at, "Size", arena);
		if (number.at != NULL && str_to_u64(number, &size) != OK)
			size = 0;
		if (str_starts(key, s3->place->prefix))
			listing->each(listing->arg, str_slice(key, s3->place->prefix.len, key.len),
				      size);
		listing->count++;
	}
	token = cut_tag(&token, "NextContinuationToken", arena);
	url_encode(&encoded, token, false);
	listing->next = token.len > 0 ? text_str(&encoded) : STR_NONE;
}

static enum status list_page(struct s3 *s3, struct str prefix, struct listing *listing,
			     struct arena *arena, struct fault *why)
{
	struct asking asking = { .method = "GET" };
	struct http_call *call;

	asking.query =
	    listing->next.at != NULL
		? arena_printf(arena, "continuation-token=" STR_FMT "&list-type=2&prefix=" STR_FMT,
			       STR_ARG(listing->next), STR_ARG(prefix))
		: arena_printf(arena, "list-type=2&prefix=" STR_FMT, STR_ARG(prefix));
	TRY(ask(s3, &asking, arena, &call, why));
	take_page(s3, http_call_body(call), listing, arena);
	http_call_close(call);
	return OK;
}

enum status s3_list(struct s3 *s3, const char *begin, s3_each *each, void *arg, struct fault *why)
{
	struct arena *arena = arena_new(0);
	struct listing listing = { .each = each, .arg = arg };
	struct text prefix = text_in(arena, PATH_MAX_BYTES);
	enum status status;

	url_encode(&prefix, s3->place->prefix, false);
	url_encode(&prefix, str_from(begin), false);
	do
		status = list_page(s3, text_str(&prefix), &listing, arena, why);
	while (status == OK && listing.next.at != NULL && listing.count < S3_LIST_MAX);
	arena_free(arena);
	return status;
}

enum status s3_delete(struct s3 *s3, const char *name, struct fault *why)
{
	struct arena *arena = arena_new(0);
	enum status status =
	    tell(s3, &(struct asking){ .method = "DELETE", .name = name }, arena, why);

	arena_free(arena);
	return status == NOT_FOUND ? OK : status;
}
