#include "actors/server/catalog/discovery-page.h"

#include "datastore/object/json.h"
#include "datastore/schema/apidiscovery.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/server/rig.h"
#include "transport/wire/gzip.h"

#define ITEM_BYTES 2000U /* so that a hundred of them are worth packing */
#define AGGREGATED "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
#define CRDS "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

static void write_one(void *arg, const struct discovery_item *item, struct text *out)
{
	(void)arg;
	text_printf(out, "{\"of\":%ju,\"fill\":\"", (uintmax_t)item->stamp);
	for (uint32_t i = 0; i < ITEM_BYTES; i++)
		text_add_char(out, (char)('a' + (item->stamp * 7 + i / 9) % 26));
	text_lit(out, "\"}");
}

static struct discovery_page *page_of(const struct discovery_page *before, uint64_t first,
				      uint32_t count, uint64_t other)
{
	struct discovery_item *items = arena_array(test_arena(), struct discovery_item, count);

	for (uint32_t i = 0; i < count; i++)
		items[i] = (struct discovery_item){ .stamp = first + i, .from = i };
	if (other != 0)
		items[count / 2].stamp = other;
	return discovery_page_new(before, items, count, write_one, NULL);
}

static void check_packed(const struct discovery_page *page)
{
	struct text plain = text_in(test_arena(), 4 * MIB);

	CHECK_STATUS(gzip_unpack(&plain, discovery_page_packed(page)), OK);
	CHECK(str_eq(text_str(&plain), discovery_page_body(page)));
}

/* What is made of an old page is what would be made of none. */
static void check_alike(struct discovery_page *page, struct discovery_page *fresh)
{
	CHECK(str_eq(discovery_page_body(page), discovery_page_body(fresh)));
	CHECK(str_eq(discovery_page_etag(page), discovery_page_etag(fresh)));
	check_packed(page);
	check_packed(fresh);
	discovery_page_unref(page);
	discovery_page_unref(fresh);
}

TEST(of_a_page_of_discovery_only_what_has_changed_is_written_again)
{
	struct discovery_page *first = page_of(NULL, 100, 100, 0), *page;

	CHECK_EQ(discovery_page_written(first), 100);
	page = page_of(first, 100, 100, 0);
	CHECK_EQ(discovery_page_written(page), 0);
	CHECK(str_eq(discovery_page_etag(page), discovery_page_etag(first)));
	discovery_page_unref(page);
	page = page_of(first, 100, 100, 7);
	CHECK_EQ(discovery_page_written(page), 1);
	CHECK(!str_eq(discovery_page_etag(page), discovery_page_etag(first)));
	check_alike(page, page_of(NULL, 100, 100, 7));
	page = page_of(first, 99, 102, 0);
	CHECK_EQ(discovery_page_written(page), 2);
	check_alike(page, page_of(NULL, 99, 102, 0));
	page = page_of(first, 101, 99, 0);
	CHECK_EQ(discovery_page_written(page), 0);
	check_alike(page, page_of(NULL, 101, 99, 0));
	discovery_page_unref(first);
}

TEST(a_small_page_of_discovery_is_not_packed_until_it_has_grown)
{
	struct discovery_page *small = page_of(NULL, 100, 3, 0), *page;

	CHECK(discovery_page_packed(small).at == NULL);
	page = page_of(small, 100, 100, 0);
	CHECK_EQ(discovery_page_written(page), 97);
	check_alike(page, page_of(NULL, 100, 100, 0));
	discovery_page_unref(small);
}

/* Longer than the 4 MiB at which it was once cut. */
TEST(a_large_page_of_discovery_is_whole_and_packed)
{
	struct discovery_page *page = page_of(NULL, 100, 2600, 0);
	struct text plain = text_in(test_arena(), 8 * MIB);

	CHECK(!discovery_page_is_cut(page));
	CHECK(discovery_page_body(page).len > 5 * MIB);
	CHECK_STATUS(gzip_unpack(&plain, discovery_page_packed(page)), OK);
	CHECK(str_eq(text_str(&plain), discovery_page_body(page)));
	discovery_page_unref(page);
}

static void write_huge(void *arg, const struct discovery_item *item, struct text *out)
{
	(void)item;
	text_add(out, *(const struct str *)arg);
}

TEST(a_page_of_discovery_past_what_an_answer_may_be_says_so)
{
	struct str huge = { arena_alloc(test_arena(), 80 * MIB), 80 * MIB };
	struct discovery_item items[4] = { { 1, 0 }, { 2, 0 }, { 3, 0 }, { 4, 0 } };
	struct discovery_page *page = discovery_page_new(NULL, items, 4, write_huge, &huge);

	CHECK(discovery_page_is_cut(page));
	CHECK(discovery_page_packed(page).at == NULL);
	discovery_page_unref(page);
}

static void make_kind(struct rig *rig, const char *plural, const char *kind)
{
	struct str path = rig_printf(CRDS "/%s.example.com", plural);
	struct str names = rig_printf(
	    "{\"plural\":\"%s\",\"singular\":\"%s\",\"kind\":\"%s\",\"listKind\":\"%sList\"}",
	    plural, plural, kind, kind);

	CHECK_CODE(
	    rig_post(rig, CRDS,
		     rig_printf("{\"metadata\":{\"name\":\"%s.example.com\"},\"spec\":{\"group\":"
				"\"example.com\",\"scope\":\"Namespaced\",\"names\":" STR_FMT
				",\"versions\":[{\"name\":\"v1\",\"served\":true,\"storage\":true,"
				"\"schema\":{\"openAPIV3Schema\":{\"type\":\"object\"}}}]}}",
				plural, STR_ARG(names))
			 .at),
	    201);
	CHECK_CODE(
	    rig_patch(rig, "merge", rig_printf(STR_FMT "/status", STR_ARG(path)).at,
		      rig_printf("{\"status\":{\"acceptedNames\":" STR_FMT
				 ",\"conditions\":[{\"type\":\"NamesAccepted\",\"status\":\"True\","
				 "\"lastTransitionTime\":\"2024-01-01T00:00:00Z\"}]}}",
				 STR_ARG(names))
			  .at),
	    200);
}

/* As a whole record it reads, and writes, the same. */
static struct str whole_page(struct rig *rig, const char *path)
{
	struct str body = rig_ask_of(rig, .method = "GET", .path = path, .accept = AGGREGATED).body;
	const struct type *type = &apidiscovery_api_group_discovery_list_type;
	struct text again = text_in(test_arena(), 4 * MIB);
	void *record = NULL;

	CHECK_STATUS(
	    json_decode(type, body, test_arena(), (struct json_options){ 0 }, &record, NULL), OK);
	json_encode(type, record, &again);
	CHECK_STR(text_str(&again), arena_cstr(test_arena(), body));
	return body;
}

TEST(the_kept_page_of_discovery_shows_what_comes_and_goes)
{
	struct rig *rig = rig_open(NULL);
	struct str before = whole_page(rig, "/apis"), core = whole_page(rig, "/api"), now;

	CHECK(str_find(core, STR("\"configmaps\"")) > 0 && str_find(core, STR("\"apps\"")) < 0);
	CHECK(str_find(before, STR("\"widgets\"")) < 0);
	make_kind(rig, "widgets", "Widget");
	now = whole_page(rig, "/apis");
	CHECK(str_find(now, STR("\"widgets\"")) > 0);
	make_kind(rig, "gadgets", "Gadget");
	now = whole_page(rig, "/apis");
	CHECK(str_find(now, STR("\"widgets\"")) > 0 && str_find(now, STR("\"gadgets\"")) > 0);
	CHECK_CODE(rig_delete(rig, CRDS "/gadgets.example.com", NULL), 200);
	CHECK_CODE(rig_patch(rig, "merge", CRDS "/gadgets.example.com",
			     "{\"metadata\":{\"finalizers\":null}}"),
		   200);
	now = whole_page(rig, "/apis");
	CHECK(str_find(now, STR("\"widgets\"")) > 0 && str_find(now, STR("\"gadgets\"")) < 0);
	CHECK_STR(whole_page(rig, "/api"), arena_cstr(test_arena(), core));
	rig_close(rig);
}
