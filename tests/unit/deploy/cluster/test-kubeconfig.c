#include "deploy/cluster/kubeconfig.h"
#include "tests/lib/fake-disk.h"
#include "tests/lib/test.h"

static const struct str servers[] = { { "10.0.0.1:6443", 13 }, { "[fd00::2]:6443", 14 } };

static struct kubeconfig make_config(void)
{
	return (struct kubeconfig){ .servers = servers,
				    .servers_count = 2,
				    .ca_pem = STR("CA"),
				    .client = { STR("CERT"), STR("KEY") } };
}

TEST(each_server_has_a_context_and_the_first_is_current)
{
	struct kubeconfig config = make_config();
	struct str text;

	CHECK_STATUS(kubeconfig_text(&config, test_arena(), &text, NULL), OK);
	CHECK_STR(text, "apiVersion: v1\n"
			"kind: Config\n"
			"preferences: {}\n"
			"clusters:\n"
			"- cluster:\n"
			"    certificate-authority-data: Q0E=\n"
			"    server: https://10.0.0.1:6443\n"
			"  name: troupe\n"
			"- cluster:\n"
			"    certificate-authority-data: Q0E=\n"
			"    server: https://[fd00::2]:6443\n"
			"  name: troupe-2\n"
			"contexts:\n"
			"- context:\n"
			"    cluster: troupe\n"
			"    user: kubernetes-admin\n"
			"  name: troupe\n"
			"- context:\n"
			"    cluster: troupe-2\n"
			"    user: kubernetes-admin\n"
			"  name: troupe-2\n"
			"current-context: troupe\n"
			"users:\n"
			"- name: kubernetes-admin\n"
			"  user:\n"
			"    client-certificate-data: Q0VSVA==\n"
			"    client-key-data: S0VZ\n");
}

TEST(a_token_takes_the_place_of_a_certificate)
{
	struct kubeconfig config = make_config();
	struct str text;

	config.token = STR("abc.def");
	config.user = STR("jane");
	CHECK_STATUS(kubeconfig_text(&config, test_arena(), &text, NULL), OK);
	CHECK(str_ends(text, STR("- name: jane\n  user:\n    token: abc.def\n")));
}

TEST(what_is_no_server_is_refused)
{
	static const char *const bad[] = { "",        "host",        "host:0",      "host:65536",
					   ":6443",   "a b:6443",    "a\nb:6443",   "x#y:6443",
					   "host:1x", "https://a:1", "fd00::2:6443" };
	struct kubeconfig config = make_config();
	struct str text;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct str server = str_from(bad[i]);

		config.servers = &server;
		config.servers_count = 1;
		CHECK_STATUS(kubeconfig_text(&config, test_arena(), &text, NULL), INVALID);
	}
	config = make_config();
	config.servers_count = 0;
	CHECK_STATUS(kubeconfig_text(&config, test_arena(), &text, NULL), INVALID);
}

TEST(the_file_is_private_and_replaced_in_one_step)
{
	struct fake_disk *disk = fake_disk_new(1);
	const struct seams_files *files = fake_disk_files(disk);
	struct kubeconfig config = make_config();
	struct seams_stat stat;

	CHECK_STATUS(files->mkdir(files->self, "/data", 0700), OK);
	CHECK_STATUS(kubeconfig_write(files, "/data/admin.kubeconfig", &config, test_arena(), NULL),
		     OK);
	CHECK_STATUS(files->stat(files->self, "/data/admin.kubeconfig", &stat), OK);
	CHECK_EQ(stat.mode & 0777, 0600);
	CHECK(stat.size_bytes > 400);
	CHECK_STATUS(files->stat(files->self, "/data/admin.kubeconfig.new", &stat), NOT_FOUND);
	fake_disk_fail_after(disk, 2);
	CHECK_STATUS(kubeconfig_write(files, "/data/admin.kubeconfig", &config, test_arena(), NULL),
		     IO);
	fake_disk_free(disk);
}
