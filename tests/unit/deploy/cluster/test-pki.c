#include "deploy/cluster/pki.h"
#include "tests/lib/authority.h"
#include "tests/lib/fake-disk.h"
#include "tests/lib/test.h"

static const struct str node_names[] = { { "10.0.0.5", 8 }, { "node-a.example.org", 18 } };

static struct pki_node make_node(void)
{
	return (struct pki_node){ .name = STR("node-a"), .names = node_names, .names_count = 2 };
}

static struct pki make_cluster(void)
{
	struct pki_node node = make_node();
	struct pki pki;
	bool changed;

	CHECK_STATUS(pki_create(AUTHORITY_NOW, false, test_arena(), &pki, NULL), OK);
	CHECK_STATUS(pki_refresh(&pki, &node, AUTHORITY_NOW, test_arena(), &changed, NULL), OK);
	CHECK(changed);
	return pki;
}

static struct certificate_info read(struct str pem)
{
	struct certificate_info info;

	CHECK_STATUS(certificate_read(pem, test_arena(), &info, NULL), OK);
	return info;
}

static struct wall in_days(int64_t days)
{
	return (struct wall){ AUTHORITY_NOW.ns + days * AUTHORITY_DAY };
}

TEST(the_api_serves_under_every_name_that_a_client_uses)
{
	static const char *const names[] = {
		"kubernetes",
		"kubernetes.default",
		"kubernetes.default.svc",
		"kubernetes.default.svc.cluster.local",
		"localhost",
		"127.0.0.1",
		"::1",
		"10.96.0.1",
		"node-a",
		"10.0.0.5",
		"node-a.example.org",
	};
	struct pki pki = make_cluster();
	struct certificate_info info = read(pki.api_server.certificate_pem);

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		CHECK(certificate_has_name(&info, str_from(names[i])));
	CHECK(!certificate_has_name(&info, STR("node-b")));
	CHECK_STATUS(certificate_verify(pki.api_server.certificate_pem, pki.ca.certificate_pem,
					CERTIFICATE_SERVER, AUTHORITY_NOW, NULL),
		     OK);
	CHECK_STATUS(certificate_verify(pki.api_server.certificate_pem, pki.ca.certificate_pem,
					CERTIFICATE_CLIENT, AUTHORITY_NOW, NULL),
		     UNAUTHORIZED);
}

TEST(a_node_is_known_to_kubernetes_and_to_links)
{
	struct pki pki = make_cluster();
	struct certificate_info info = read(pki.node.certificate_pem);

	CHECK_STR(info.common_name, "system:node:node-a");
	CHECK_STR(info.organizations[0], "system:nodes");
	CHECK(certificate_has_name(&info, STR("node-a.node.troupe.internal")));
	CHECK_EQ(info.usage, CERTIFICATE_SERVER | CERTIFICATE_CLIENT);
	info = read(pki.admin.certificate_pem);
	CHECK_STR(info.common_name, "kubernetes-admin");
	CHECK_STR(info.organizations[0], "system:masters");
	CHECK_EQ(info.usage, CERTIFICATE_CLIENT);
	info = read(pki.kubelet_client.certificate_pem);
	CHECK_STR(info.common_name, "kube-apiserver-kubelet-client");
	CHECK_STR(info.organizations[0], "system:masters");
	CHECK_EQ(info.usage, CERTIFICATE_CLIENT);
	info = read(pki.front_proxy_client.certificate_pem);
	CHECK_STR(info.issuer_name, "kubernetes-front-proxy");
	CHECK(str_ends(pki_chain(&pki, &pki.api_server, test_arena()), pki.ca.certificate_pem));
}

TEST(a_client_is_certified_by_name_and_group)
{
	struct pki pki = make_cluster();
	struct certificate_info info;
	struct pki_leaf leaf;

	CHECK_STATUS(pki_issue_client(&pki, STR("jane"), STR("developers"), AUTHORITY_NOW,
				      test_arena(), &leaf, NULL),
		     OK);
	info = read(leaf.certificate_pem);
	CHECK_STR(info.common_name, "jane");
	CHECK_STR(info.organizations[0], "developers");
	CHECK_EQ(info.usage, CERTIFICATE_CLIENT);
}

TEST(leaves_are_made_anew_when_due_or_for_other_names_and_else_kept)
{
	struct pki pki = make_cluster(), before = pki;
	struct pki_node node = make_node();
	bool changed;

	CHECK_STATUS(pki_refresh(&pki, &node, in_days(200), test_arena(), &changed, NULL), OK);
	CHECK(!changed);
	CHECK_EQ(pki_next_due(&pki).ns > in_days(240).ns, true);
	CHECK_EQ(pki_next_due(&pki).ns < in_days(245).ns, true);
	CHECK_STATUS(pki_refresh(&pki, &node, in_days(250), test_arena(), &changed, NULL), OK);
	CHECK(changed);
	CHECK(!str_eq(pki.admin.certificate_pem, before.admin.certificate_pem));
	CHECK(str_eq(pki.ca.certificate_pem, before.ca.certificate_pem));

	before = pki;
	node.names_count = 1; /* fewer names are no reason */
	CHECK_STATUS(pki_refresh(&pki, &node, in_days(251), test_arena(), &changed, NULL), OK);
	CHECK(!changed);
	node.service_address = STR("10.43.0.1");
	CHECK_STATUS(pki_refresh(&pki, &node, in_days(251), test_arena(), &changed, NULL), OK);
	CHECK(changed);
	CHECK(str_eq(pki.admin.certificate_pem, before.admin.certificate_pem));
	CHECK(str_eq(pki.node.certificate_pem, before.node.certificate_pem));
	CHECK(!str_eq(pki.api_server.certificate_pem, before.api_server.certificate_pem));
}

TEST(a_worker_cannot_sign_and_says_what_to_do)
{
	struct pki pki = make_cluster();
	struct pki_node node = make_node();
	struct fault why;
	bool changed;

	pki.ca.key_pem = pki.front_proxy_ca.key_pem = pki.service_account_key_pem = STR_NONE;
	CHECK_STATUS(pki_refresh(&pki, &node, AUTHORITY_NOW, test_arena(), &changed, &why), OK);
	CHECK(!changed);
	CHECK_STATUS(pki_refresh(&pki, &node, in_days(250), test_arena(), &changed, &why),
		     FORBIDDEN);
	CHECK(strstr(why.text, "join again with a new token") != NULL);
}

TEST(names_have_limits)
{
	struct pki pki = make_cluster();
	struct pki_node node = make_node();
	char name[300];
	bool changed;

	memset(name, 'a', sizeof name);
	node.name = str_of(name, sizeof name);
	CHECK_STATUS(pki_refresh(&pki, &node, AUTHORITY_NOW, test_arena(), &changed, NULL), INVALID);
	node = make_node();
	node.names_count = PKI_NAMES_MAX + 1;
	CHECK_STATUS(pki_refresh(&pki, &node, AUTHORITY_NOW, test_arena(), &changed, NULL),
		     TOO_LARGE);
}

/* ---- files ---- */

static struct fake_disk *make_disk(void)
{
	return fake_disk_new(1);
}

TEST(what_is_saved_is_loaded_and_private)
{
	struct fake_disk *disk = make_disk();
	const struct seams_files *files = fake_disk_files(disk);
	struct pki pki = make_cluster(), again;
	struct seams_stat stat;
	uint64_t changes;

	CHECK_STATUS(pki_load(files, "/pki", test_arena(), &again, NULL), NOT_FOUND);
	CHECK_STATUS(pki_save(files, "/pki", &pki, NULL), OK);
	fake_disk_crash(disk);
	CHECK_STATUS(pki_load(files, "/pki", test_arena(), &again, NULL), OK);
	CHECK(str_eq(again.ca.key_pem, pki.ca.key_pem));
	CHECK(str_eq(again.admin.certificate_pem, pki.admin.certificate_pem));
	CHECK(str_eq(again.service_account_key_pem, pki.service_account_key_pem));
	CHECK_STATUS(files->stat(files->self, "/pki/ca.key", &stat), OK);
	CHECK_EQ(stat.mode & 0777, 0600);
	changes = fake_disk_changes(disk);
	CHECK_STATUS(pki_save(files, "/pki", &pki, NULL), OK); /* nothing is new */
	CHECK(fake_disk_changes(disk) <= changes + 1);
	fake_disk_free(disk);
}

TEST(keys_that_were_loaded_before_are_known_to_be_what_is_saved_or_not)
{
	struct fake_disk *disk = make_disk();
	const struct seams_files *files = fake_disk_files(disk);
	struct pki pki = make_cluster(), other, less;

	CHECK(!pki_is_saved(files, "/pki", &pki));
	CHECK_STATUS(pki_save(files, "/pki", &pki, NULL), OK);
	CHECK(pki_is_saved(files, "/pki", &pki));
	other = pki;
	other.node = pki.admin; /* renewed since */
	CHECK(!pki_is_saved(files, "/pki", &other));
	less = pki;
	less.api_server = (struct pki_leaf){ STR_NONE, STR_NONE }; /* there is one now */
	CHECK(!pki_is_saved(files, "/pki", &less));
	fake_disk_free(disk);
}

static struct fake_disk *slow_disk;
static uint32_t begun, begun_at_first_sync;

static void count_begun(void *self, struct seams_file *file)
{
	(void)self;
	(void)file;
	begun++;
}

static enum status note_sync(void *self, struct seams_file *file)
{
	if (begun_at_first_sync == 0)
		begun_at_first_sync = begun;
	return fake_disk_files(slow_disk)->sync(self, file);
}

TEST(all_that_is_saved_waits_for_the_disk_together)
{
	struct seams_files files;
	struct pki pki = make_cluster(), again;

	slow_disk = make_disk();
	files = *fake_disk_files(slow_disk);
	files.begin_sync = count_begun;
	files.sync = note_sync;
	CHECK_STATUS(pki_save(&files, "/pki", &pki, NULL), OK);
	CHECK(begun > 10);
	CHECK_EQ(begun_at_first_sync, begun);
	CHECK_STATUS(pki_load(&files, "/pki", test_arena(), &again, NULL), OK);
	fake_disk_free(slow_disk);
}

TEST(a_renewal_cut_short_anywhere_leaves_what_can_be_loaded_and_renewed)
{
	struct pki first = make_cluster(), second = first;
	struct pki_node node = make_node();
	bool changed;

	CHECK_STATUS(pki_refresh(&second, &node, in_days(250), test_arena(), &changed, NULL), OK);
	for (uint64_t at = 1; at < 60; at++) {
		struct fake_disk *disk = fake_disk_new(at);
		const struct seams_files *files = fake_disk_files(disk);
		enum status status;
		struct pki pki;

		CHECK_STATUS(pki_save(files, "/pki", &first, NULL), OK);
		fake_disk_fail_after(disk, at);
		status = pki_save(files, "/pki", &second, NULL);
		fake_disk_crash(disk);
		CHECK_STATUS(pki_load(files, "/pki", test_arena(), &pki, NULL), OK);
		CHECK(str_eq(pki.ca.key_pem, first.ca.key_pem));
		CHECK_STATUS(pki_refresh(&pki, &node, in_days(250), test_arena(), &changed, NULL),
			     OK);
		CHECK(!pki_is_due(pki.admin.certificate_pem, in_days(250)));
		fake_disk_free(disk);
		if (status == OK)
			return;
	}
	CHECK(!"the disk never held out");
}

TEST(damaged_or_foreign_files_are_named)
{
	struct fake_disk *disk = make_disk();
	const struct seams_files *files = fake_disk_files(disk);
	struct pki pki = make_cluster(), other = make_cluster(), again;
	struct fault why;

	pki.ca.key_pem = other.ca.key_pem;
	CHECK_STATUS(pki_save(files, "/pki", &pki, NULL), OK);
	CHECK_STATUS(pki_load(files, "/pki", test_arena(), &again, &why), INVALID);
	CHECK(strstr(why.text, "/pki/ca.crt and ca.key: ") != NULL);
	fake_disk_free(disk);
}

TEST(a_cluster_that_is_alone_has_the_keys_of_its_api_and_no_others)
{
	struct pki_node node = make_node();
	struct pki pki;
	bool changed;

	node.is_alone = true;
	CHECK_STATUS(pki_create(AUTHORITY_NOW, true, test_arena(), &pki, NULL), OK);
	CHECK_STATUS(pki_refresh(&pki, &node, AUTHORITY_NOW, test_arena(), &changed, NULL), OK);
	CHECK(changed && pki.front_proxy_ca.key_pem.at == NULL);
	CHECK(pki.node.key_pem.at == NULL && pki.front_proxy_client.key_pem.at == NULL);
	CHECK(pki.kubelet_client.key_pem.at == NULL);
	CHECK_STATUS(certificate_verify(pki.api_server.certificate_pem, pki.ca.certificate_pem,
					CERTIFICATE_SERVER, AUTHORITY_NOW, NULL),
		     OK);
	CHECK_STATUS(certificate_verify(pki.admin.certificate_pem, pki.ca.certificate_pem,
					CERTIFICATE_CLIENT, AUTHORITY_NOW, NULL),
		     OK);
	CHECK_STATUS(pki_refresh(&pki, &node, in_days(200), test_arena(), &changed, NULL), OK);
	CHECK(!changed);
}
