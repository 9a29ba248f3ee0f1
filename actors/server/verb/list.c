#include "actors/server/outside/conversions.h"
#include "actors/server/server-private.h"
#include "actors/server/verb/page-token.h"
#include "actors/server/verb/select.h"
#include "datastore/object/record.h"

/*
 * list: the objects of a collection at one revision.
 *
 * From the cache wherever it shows the revision asked for; else (a later page after changes, an exact old revision) page by page
 * from the store's history. A page ends by `limit`; its token names the revision and the next key. Only a list that says Exact sees
 * what was compacted and is kept; everybody else is told that it expired, as upstream does.
 */

#define CHUNK 32U /* objects that are looked at together: as many memory accesses under way */

struct listing {
	struct request *r;
	/* Of those still to be looked at. */
	struct str keys[CHUNK];
	const struct object *chunk[CHUNK];
	uint32_t chunk_len;
	/* Of the cache's, good until the handler returns: the answer is made by then. Those of the store's history are held by the arena. */
	VEC(const struct object *) objects;
	uint64_t revision;
	struct str start; /* relative key where this page begins; absent: at the first */
	struct str last;  /* relative key of the last object taken */
	uint64_t left;    /* objects behind the page: known only without selectors */
	bool is_exact;    /* the revision must be that one */
	bool is_past;     /* though it was compacted */
	bool has_more;
	bool is_from_store;
	struct str key_next; /* of the store's next page */
	const char *unread;  /* why the row with the key unread_key cannot be shown */
	struct str unread_key;
};

static void free_objects(void *arg)
{
	vec_fini(&((struct listing *)arg)->objects);
}

static struct str scope(const struct request *r)
{
	return r->resource->row->is_namespaced && r->route.namespace.len > 0 ? r->route.namespace
									     : STR("");
}

/* The one object that is asked for; absent: it may be any. */
static struct str name_of(const struct request *r)
{
	return scope(r).len > 0 || !r->resource->row->is_namespaced
		   ? selector_exact(&r->options.fields, STR("metadata.name"))
		   : STR_NONE;
}

/* Keys in tokens are relative to the collection asked for, those of the cache to the resource. */
static struct str below(const struct listing *listing, struct str key)
{
	struct str namespace = scope(listing->r);

	return namespace.len > 0 ? str_slice(key, namespace.len + 1, key.len) : key;
}

/* ---- what revision ----------------------------------------------------------------------------------------- */

static enum next bad_version(struct request *r)
{
	return request_fail(r, failure_bad_request(r->arena, "invalid resource version: " STR_FMT,
						   STR_ARG(request_version_words(r))));
}

static enum next continue_at(struct request *r, struct listing *listing)
{
	struct str version = r->options.resource_version;
	struct fault why = { 0 };
	struct page_token token = { 0 };

	if (page_token_parse(r->arena, r->options.continue_token, &token, &why) != OK)
		return request_fail(
		    r, failure_bad_request(r->arena, "invalid continue token: %s", why.text));
	if (version.len > 0 && !str_is(version, "0"))
		return request_fail(
		    r, failure_bad_request(
			   r->arena,
			   "specifying resource version is not allowed when using continue"));
	listing->start = token.start;
	/* What is live has no past: a later page is of what there is then. */
	if (token.revision < 0 || r->resource->live != NULL)
		return r->is_fresh ? NEXT : request_refresh(r);
	listing->is_exact = true;
	listing->is_past = token.is_past;
	listing->revision = (uint64_t)token.revision;
	return request_wait_revision(r, listing->revision);
}

static enum next choose_revision(struct request *r, struct listing *listing)
{
	struct str version = r->options.resource_version;
	struct str match = r->options.resource_version_match;
	uint64_t revision;

	if (r->options.continue_token.len > 0)
		return continue_at(r, listing);
	if (version.len == 0)
		return r->is_fresh ? NEXT : request_refresh(r);
	if (str_to_u64(version, &revision) != OK)
		return bad_version(r);
	if (revision == 0) {
		r->options.limit = 0; /* upstream's cache ignores it then */
		return NEXT;
	}
	listing->is_past = str_is(match, "Exact");
	listing->is_exact = listing->is_past || (match.len == 0 && r->options.limit > 0);
	listing->revision = listing->is_exact ? revision : 0;
	return request_wait_revision(r, revision);
}

/* ---- from the cache ------------------------------------------------------------------------------------------- */

static bool take(void *arg, struct str key, const struct object *object)
{
	struct listing *listing = arg;
	struct request *r = listing->r;
	int64_t limit = r->options.limit;

	if (listing->start.len > 0 && str_cmp(below(listing, key), listing->start) < 0)
		return true;
	if (limit > 0 && listing->objects.len == (uint64_t)limit) {
		listing->has_more = true;
		listing->left++;
		return !listing->is_from_store &&
		       select_is_all(&r->options); /* else nobody counts the rest */
	}
	if (!select_matches(&r->options, object, r->server->scratch))
		return true;
	vec_push(&listing->objects, object);
	listing->last = key;
	return true;
}

/* False: no more are wanted. */
static bool take_chunk(struct listing *listing)
{
	bool goes_on = true;

	if (listing->chunk_len > 1 && !select_is_all(&listing->r->options))
		object_fetch_labels(listing->chunk, listing->chunk_len);
	for (uint32_t i = 0; i < listing->chunk_len && goes_on; i++)
		goes_on = take(listing, listing->keys[i], listing->chunk[i]);
	listing->chunk_len = 0;
	return goes_on;
}

static bool gather(void *arg, struct str key, const struct object *object)
{
	struct listing *listing = arg;

	listing->keys[listing->chunk_len] = key;
	listing->chunk[listing->chunk_len++] = object;
	return listing->chunk_len < CHUNK || take_chunk(listing);
}

static void list_cache(struct request *r, struct listing *listing)
{
	struct str namespace = scope(r);
	struct str name = name_of(r);
	const struct object *object;

	listing->revision = listing->is_exact ? listing->revision : request_shown(r);
	if (name.at != NULL && r->options.continue_token.len == 0) {
		object = cache_get(r->resource->cache, namespace, name);
		if (object != NULL)
			take(listing, name, object);
		return;
	}
	cache_each(r->resource->cache, namespace, STR_NONE, gather, listing);
	take_chunk(listing);
	arena_reset(r->server->scratch);
}

/* ---- from the store's history ------------------------------------------------------------------------------------ */

static struct str prefix_of(struct request *r)
{
	struct str namespace = scope(r);
	struct str prefix = cache_prefix(r->resource->cache);

	return namespace.len == 0
		   ? prefix
		   : request_printf(r, STR_FMT STR_FMT "/", STR_ARG(prefix), STR_ARG(namespace));
}

/* The first key that does not begin with the prefix: its last byte is a slash. */
static struct str end_of(struct arena *arena, struct str prefix)
{
	return arena_printf(arena, "%.*s0", (int)prefix.len - 1, prefix.at);
}

/* The second ends in a NUL that counts. */
static struct str join(struct arena *arena, struct str prefix, struct str start)
{
	char *at = arena_alloc(arena, prefix.len + start.len + 1U);

	memcpy(at, prefix.at, prefix.len);
	if (start.len > 0)
		memcpy(at + prefix.len, start.at, start.len);
	at[prefix.len + start.len] = '\0';
	return str_of(at, prefix.len + start.len);
}

static enum next ask_page(struct request *r, struct listing *listing)
{
	struct arena *arena = request_store_arena(r);
	struct str prefix = prefix_of(r), start = listing->start, name = name_of(r);
	struct store_range range = { .arena = arena,
				     .revision = listing->revision,
				     .is_past = listing->is_past };

	if (name.len > 0 && start.len == 0) {
		range.key = join(arena, prefix, name);
	} else {
		range.key = listing->key_next.at ? join(arena, listing->key_next, STR(""))
						 : join(arena, prefix, start);
		range.end = end_of(arena, prefix);
	}
	listing->is_from_store = true;
	r->store_operation = "list";
	return request_ask(r, &store_range_type, &range);
}

static bool take_row(struct request *r, struct listing *listing, const struct store_row *row)
{
	const char *words = NULL;
	const struct object *object = feed_decode(r->server, r->resource->cache, row, &words);
	struct str key = str_slice(row->key, cache_prefix(r->resource->cache).len, row->key.len);
	bool goes_on;

	if (object == NULL) {
		listing->unread = words;
		listing->unread_key = arena_str(r->arena, row->key);
		return false;
	}
	listing->start = STR_NONE; /* the range began there */
	goes_on = take(listing, arena_str(r->arena, key), object_hold(r->arena, object));
	object_unref(object);
	return goes_on;
}

/* A token whose revision is gone: the client may go on at the newest, with what it has. */
static enum next expired(struct request *r, struct listing *listing)
{
	struct failure *failure;
	struct page_token token = { -1, listing->start, false };

	if (r->options.continue_token.len == 0)
		return request_fail(
		    r, failure_expired(r->arena, "The resourceVersion for the provided list is too "
						 "old."));
	failure = failure_expired(
	    r->arena, "The provided continue parameter is too old to display a consistent list "
		      "result. You can start a new list without the continue parameter, or use the "
		      "continue token in this response to retrieve the remainder of the results. "
		      "Continuing with the provided token results in an inconsistent list - "
		      "objects that were created, modified, or deleted between the time the first "
		      "chunk was returned and now may show up in the list.");
	failure->continue_token = page_token_print(r->arena, &token);
	return request_fail(r, failure);
}

/* A list that would not show all says so. */
static enum next unread(struct request *r, struct str key, const char *words)
{
	return request_fail(r, failure_internal(r->arena,
						"unable to transform key \"" STR_FMT "\": %s",
						STR_ARG(key), words));
}

static enum next page_came(struct request *r, struct listing *listing)
{
	enum status status = store_outcome(r->store_answer);
	const struct store_range_answer *answer = r->store_answer->body;
	bool goes_on = true;

	if (status == EXPIRED)
		return expired(r, listing);
	if (status != OK)
		return request_fail_status(r, status, NULL);
	for (uint32_t i = 0; i < answer->row_count && goes_on; i++) {
		goes_on = take_row(r, listing, &answer->rows[i]);
		if (!goes_on)
			listing->left = answer->count - i;
	}
	if (listing->unread != NULL)
		return unread(r, listing->unread_key, listing->unread);
	if (!answer->more || !goes_on || answer->row_count == 0)
		return NEXT;
	listing->key_next = feed_key_after(r->arena, answer->rows[answer->row_count - 1].key);
	r->store_answer = NULL;
	return ask_page(r, listing);
}

/* ---- the answer ------------------------------------------------------------------------------------------------------ */

static struct list_page page_of(struct request *r, struct listing *listing)
{
	struct page_token token = { (int64_t)listing->revision, STR_NONE, listing->is_past };
	struct list_page page = { .objects = listing->objects.at,
				  .len = listing->objects.len,
				  .revision = listing->revision,
				  .remaining = -1 };

	if (!listing->has_more)
		return page;
	token.start = feed_key_after(r->arena, below(listing, listing->last));
	page.more = page_token_print(r->arena, &token);
	if (select_is_all(&r->options))
		page.remaining = (int64_t)listing->left;
	return page;
}

static bool is_unread(struct request *r, enum next *out)
{
	struct str prefix = cache_prefix(r->resource->cache), key;
	const char *words;

	if (r->resource->row->is_namespaced && r->route.namespace.len > 0)
		prefix = request_printf(r, STR_FMT STR_FMT "/", STR_ARG(prefix),
					STR_ARG(r->route.namespace));
	words = seal_unread_below(r->server, prefix, &key);
	if (words != NULL)
		*out = unread(r, key, words);
	return words != NULL;
}

/* All that there is now, whatever it is. */
static bool is_whole(const struct request *r, const struct listing *listing)
{
	return r->options.limit == 0 && listing->start.len == 0 && !listing->is_exact &&
	       r->resource->live == NULL && select_is_all(&r->options);
}

enum next list_objects(struct request *r, struct list_page *out)
{
	struct listing *listing = r->work;
	bool takes_items = out->takes_items;
	enum next next = NEXT;

	if (r->store_answer != NULL) {
		next = page_came(r, listing);
		if (next == NEXT)
			*out = page_of(r, listing);
		return next;
	}
	if (listing == NULL) {
		listing = r->work = arena_new_of(r->arena, struct listing);
		listing->r = r;
		arena_on_free(r->arena, free_objects, listing);
	}
	next = choose_revision(r, listing);
	if (next != NEXT)
		return next;
	if (r->server->seals.unread.len > 0 && is_unread(r, &next))
		return next;
	if (listing->is_exact && cache_changed(r->resource->cache) > listing->revision)
		return r->resource->live ? expired(r, listing) : ask_page(r, listing);
	if (takes_items && is_whole(r, listing)) {
		out->items = respond_listed(r, scope(r));
		out->revision = request_shown(r);
		if (out->items != NULL)
			return NEXT;
	}
	list_cache(r, listing);
	*out = page_of(r, listing);
	out->is_whole = is_whole(r, listing);
	return NEXT;
}

static enum next list_read(struct request *r)
{
	struct list_page page = { .takes_items = true };
	enum next next = NEXT;

	if (r->conversion != NULL)
		page = page_of(r, r->work);
	else
		next = list_objects(r, &page);
	if (next == NEXT && page.items != NULL) {
		respond_items(r, page.items, page.revision);
		return DONE;
	}
	if (next == NEXT && (r->form.view == VIEW_OBJECT || r->form.view == VIEW_TABLE))
		next = conversion_step(r, page.objects, page.len, r->resource->type);
	if (next != NEXT)
		return next;
	if (page.is_whole)
		respond_whole_list(r, page.objects, page.len, scope(r), page.revision);
	else
		respond_list(r, page.objects, page.len, page.revision, page.more, page.remaining);
	return DONE;
}

static enum next list_check(struct request *r)
{
	struct fault why = { 0 };

	if (r->form.view == VIEW_PARTIAL)
		return request_fail(r, failure_not_acceptable(r->arena, NEGOTIATE_OFFERED));
	if (request_check_table(r) != NEXT)
		return DONE;
	if (select_check(r->type, &r->options.fields, &why) != OK)
		return request_fail(r, failure_bad_request(r->arena, "%s", why.text));
	return NEXT;
}

const struct verb_steps list_steps = {
	.name = "list",
	.decode = list_check,
	.read = list_read,
};
