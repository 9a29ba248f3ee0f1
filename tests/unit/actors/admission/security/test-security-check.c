/*
 * The checks of PodSecurity, each by pods that it lets pass and pods that it does not, in upstream's words.
 */
#include "actors/admission/security/security-check.h"
#include "tests/lib/test.h"
#include "tests/unit/actors/kinds/kind-lab.h"

#define LATEST SECURITY_LATEST

/* Everything that restricted asks of a container and of a pod. */
#define GOOD                                                                                    \
	"'allowPrivilegeEscalation':false,'capabilities':{'drop':['ALL']},'runAsNonRoot':true," \
	"'seccompProfile':{'type':'RuntimeDefault'}"
#define ONE(context) "'containers':[{'name':'a','securityContext':{" context "}}]"
#define TWO(context)                                                                             \
	"'initContainers':[{'name':'i','securityContext':{" context "}}],'containers':[{'name':" \
	"'a'}],'ephemeralContainers':[{'name':'e','securityContext':{" context "}}]"
#define PLAIN "'containers':[{'name':'a'}]"

struct row {
	uint32_t minor;
	const char *spec, *details; /* NULL: allowed */
	const char *metadata;       /* NULL: none */
};

static struct security_verdict judge(enum security_level level, const struct row *row)
{
	const struct core_pod *pod = kind_lab_record(
	    &core_pod_type, arena_printf(test_arena(), "{'metadata':{%s},'spec':{%s}}",
					 row->metadata ? row->metadata : "", row->spec)
				.at);

	return security_check_pod((struct security_bar){ level, row->minor }, test_arena(),
				  pod->metadata, pod->spec);
}

static void check_rows(enum security_level level, const struct row *rows, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		struct security_verdict verdict = judge(level, &rows[i]);

		CHECK_STR(verdict.details, rows[i].details ? rows[i].details : "");
		CHECK_EQ(verdict.is_allowed, rows[i].details == NULL);
	}
}
#define BASELINE(...) CHECK_ROWS(SECURITY_BASELINE, __VA_ARGS__)
#define RESTRICTED(...) CHECK_ROWS(SECURITY_RESTRICTED, __VA_ARGS__)
#define CHECK_ROWS(level, ...)                                           \
	do {                                                             \
		static const struct row rows[] = { __VA_ARGS__ };        \
		check_rows((level), rows, sizeof rows / sizeof rows[0]); \
	} while (0)

/* ---- the table ----------------------------------------------------------------------------------------------- */

TEST(a_privileged_namespace_asks_nothing)
{
	static const struct row row = { LATEST, "'hostNetwork':true," ONE("'privileged':true"),
					NULL, NULL };

	CHECK(judge(SECURITY_PRIVILEGED, &row).is_allowed);
	CHECK(!judge(SECURITY_BASELINE, &row).is_allowed);
	CHECK(!judge(SECURITY_RESTRICTED, &row).is_allowed);
}

TEST(a_pod_that_says_all_that_restricted_asks_passes_in_every_version)
{
	for (uint32_t minor = 0; minor < 45; minor++) {
		struct row row = { minor, ONE(GOOD), NULL, NULL };

		CHECK(judge(SECURITY_RESTRICTED, &row).is_allowed);
	}
}

/* Baseline's by name, then restricted's by name; what restricted says better is not said twice. */
TEST(what_is_wrong_is_told_in_the_order_of_the_checks)
{
	RESTRICTED(
	    { LATEST,
	      "'hostPID':true,'volumes':[{'name':'v','hostPath':{'path':'/'}}],"
	      "'containers':[{'name':'a','ports':[{'containerPort':80,'hostPort':80}],"
	      "'securityContext':{'privileged':true,'capabilities':{'add':['SYS_ADMIN']}}}]",
	      "host namespaces (hostPID=true), hostPort (container \"a\" uses hostPort 80), "
	      "privileged (container \"a\" must not set securityContext.privileged=true), "
	      "allowPrivilegeEscalation != false (container \"a\" must set "
	      "securityContext.allowPrivilegeEscalation=false), unrestricted capabilities "
	      "(container \"a\" must set securityContext.capabilities.drop=[\"ALL\"]; container "
	      "\"a\" must not include \"SYS_ADMIN\" in securityContext.capabilities.add), "
	      "restricted "
	      "volume types (volume \"v\" uses restricted volume type \"hostPath\"), runAsNonRoot "
	      "!= "
	      "true (pod or container \"a\" must set securityContext.runAsNonRoot=true), "
	      "seccompProfile (pod or container \"a\" must set securityContext.seccompProfile.type "
	      "to \"RuntimeDefault\" or \"Localhost\")",
	      NULL });
}

TEST(names_of_reasons_alone_are_told_of_many_pods)
{
	static const struct row row = { LATEST, "'hostPID':true," ONE("'privileged':true"), NULL,
					NULL };

	CHECK_STR(judge(SECURITY_BASELINE, &row).reasons, "host namespaces, privileged");
}

/* A row of each check that there is, so that none is forgotten below. */
TEST(the_table_of_checks_is_in_order)
{
	for (uint32_t i = 1; i < security_check_count; i++) {
		const struct security_check *a = &security_checks[i - 1], *b = &security_checks[i];
		int order = strcmp(a->name, b->name);

		CHECK(a->level <= b->level);
		CHECK(a->level < b->level || order <= 0);
		CHECK(order != 0 || a->since < b->since);
		CHECK(b->since <= SECURITY_MINOR_MAX);
	}
	CHECK_EQ(security_check_count, 20);
}

/* ---- baseline ---------------------------------------------------------------------------------------------- */

TEST(app_armor_profiles_are_the_runtimes_or_the_machines)
{
	BASELINE(
	    { 0, ONE("'appArmorProfile':{'type':'RuntimeDefault'}"), NULL, NULL },
	    { 0, ONE("'appArmorProfile':{'type':'Localhost'}"), NULL, NULL },
	    { 0, ONE("'appArmorProfile':{'type':'Unconfined'}"),
	      "forbidden AppArmor profile (container \"a\" must not set AppArmor profile type to "
	      "\"Unconfined\")",
	      NULL },
	    { 0,
	      "'securityContext':{'appArmorProfile':{'type':'Unconfined'}}," TWO(
		  "'appArmorProfile':{'type':'Odd'}"),
	      "forbidden AppArmor profiles (pod and containers \"i\", \"e\" must not set AppArmor "
	      "profile type to \"Odd\", \"Unconfined\")",
	      NULL },
	    { 0, PLAIN, NULL,
	      "'annotations':{'container.apparmor.security.beta.kubernetes.io/a':'localhost/x',"
	      "'container.apparmor.security.beta.kubernetes.io/b':'runtime/default',"
	      "'container.apparmor.security.beta.kubernetes.io/c':''}" },
	    { 0, PLAIN,
	      "forbidden AppArmor profile (annotation must not set AppArmor profile type to "
	      "\"container.apparmor.security.beta.kubernetes.io/a=\"unconfined\"\")",
	      "'annotations':{'container.apparmor.security.beta.kubernetes.io/a':'unconfined'}" });
}

TEST(baseline_lets_containers_add_the_usual_capabilities_only)
{
	BASELINE(
	    { 0, ONE("'capabilities':{'add':['CHOWN','SETUID','NET_BIND_SERVICE']}"), NULL, NULL },
	    { LATEST, ONE("'capabilities':{'add':['NET_RAW','CHOWN','BPF']}"),
	      "non-default capabilities (container \"a\" must not include \"BPF\", \"NET_RAW\" in "
	      "securityContext.capabilities.add)",
	      NULL },
	    { LATEST, TWO("'capabilities':{'add':['chown']}"),
	      "non-default capabilities (containers \"i\", \"e\" must not include \"chown\" in "
	      "securityContext.capabilities.add)",
	      NULL });
}

TEST(namespaces_of_the_machine_are_not_shared)
{
	BASELINE({ 0, "'hostNetwork':false,'hostPID':false,'hostIPC':false," PLAIN, NULL, NULL },
		 { 0, "'hostNetwork':true,'hostPID':true,'hostIPC':true," PLAIN,
		   "host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)", NULL });
}

TEST(paths_of_the_machine_are_not_mounted)
{
	BASELINE(
	    { 0, "'volumes':[{'name':'v','emptyDir':{}}]," PLAIN, NULL, NULL },
	    { 0, "'volumes':[{'name':'v','hostPath':{'path':'/a'}}]," PLAIN,
	      "hostPath volumes (volume \"v\")", NULL },
	    { LATEST,
	      "'volumes':[{'name':'v','hostPath':{'path':'/a'}},{'name':'w','hostPath':{'path':"
	      "'/b'}}]," PLAIN,
	      "hostPath volumes (volumes \"v\", \"w\")", NULL });
}

TEST(ports_of_the_machine_are_not_taken)
{
	BASELINE(
	    { 0, "'containers':[{'name':'a','ports':[{'containerPort':80},{'containerPort':81,'hostPort':0}]}]",
	      NULL, NULL },
	    { 0,
	      "'initContainers':[{'name':'i','ports':[{'containerPort':80,'hostPort':80}]}],"
	      "'containers':[{'name':'a','ports':[{'containerPort':9,'hostPort':9000},"
	      "{'containerPort':8,'hostPort':80}]}]",
	      "hostPort (containers \"i\", \"a\" use hostPorts 80, 9000)", NULL });
}

TEST(probes_and_handlers_go_to_the_pod_itself)
{
	BASELINE(
	    { 33, "'containers':[{'name':'a','livenessProbe':{'httpGet':{'port':80,'host':'h'}}}]",
	      NULL, NULL },
	    { 34, "'containers':[{'name':'a','livenessProbe':{'httpGet':{'port':80}}}]", NULL,
	      NULL },
	    { 34, "'containers':[{'name':'a','livenessProbe':{'httpGet':{'port':80,'host':'h'}}}]",
	      "probe or lifecycle host (container \"a\" uses probe or lifecycle host \"h\")", NULL },
	    { LATEST,
	      "'initContainers':[{'name':'i','startupProbe':{'tcpSocket':{'port':80,'host':'z'}}}],"
	      "'containers':[{'name':'a','readinessProbe':{'tcpSocket':{'port':80,'host':'h'}},"
	      "'lifecycle':{'preStop':{'httpGet':{'port':80,'host':'k'}},'postStart':{'tcpSocket':"
	      "{'port':80,'host':'h'}}}}]",
	      "probe or lifecycle host (containers \"a\", \"i\" use probe or lifecycle hosts "
	      "\"h\", "
	      "\"k\", \"z\")",
	      NULL });
}

TEST(no_container_is_privileged)
{
	BASELINE(
	    { 0, ONE("'privileged':false"), NULL, NULL },
	    { 0, TWO("'privileged':true"),
	      "privileged (containers \"i\", \"e\" must not set securityContext.privileged=true)",
	      NULL });
}

TEST(proc_stays_masked_but_for_pods_with_users_of_their_own)
{
	static const char words[] = "procMount (container \"a\" must not set "
				    "securityContext.procMount to \"Unmasked\")";

	BASELINE({ 0, ONE("'procMount':'Default'"), NULL, NULL },
		 { 0, "'hostUsers':false," ONE("'procMount':'Unmasked'"), words, NULL },
		 { 34, "'hostUsers':false," ONE("'procMount':'Unmasked'"), words, NULL },
		 { 35, "'hostUsers':false," ONE("'procMount':'Unmasked'"), NULL, NULL },
		 { 35, "'hostUsers':true," ONE("'procMount':'Unmasked'"), words, NULL },
		 { LATEST, ONE("'procMount':'Unmasked'"), words, NULL });
	RESTRICTED({ 34, "'hostUsers':false," ONE(GOOD ",'procMount':'Unmasked'"), words, NULL },
		   { 35, "'hostUsers':false," ONE(GOOD ",'procMount':'Unmasked'"), words, NULL });
}

TEST(selinux_types_are_those_of_containers)
{
	BASELINE(
	    { 0, ONE("'seLinuxOptions':{'type':'container_kvm_t','level':'s0'}"), NULL, NULL },
	    { 30, ONE("'seLinuxOptions':{'type':'container_engine_t'}"),
	      "seLinuxOptions (container \"a\" set forbidden securityContext.seLinuxOptions: type "
	      "\"container_engine_t\")",
	      NULL },
	    { 31, ONE("'seLinuxOptions':{'type':'container_engine_t'}"), NULL, NULL },
	    { LATEST,
	      "'securityContext':{'seLinuxOptions':{'type':'b','role':'r'}}," TWO(
		  "'seLinuxOptions':{'type':'a','user':'u'}"),
	      "seLinuxOptions (pod and containers \"i\", \"e\" set forbidden "
	      "securityContext.seLinuxOptions: types \"a\", \"b\"; user may not be set; role may "
	      "not "
	      "be set)",
	      NULL });
}

TEST(seccomp_is_not_switched_off)
{
	BASELINE(
	    { 18, ONE("'seccompProfile':{'type':'Unconfined'}"), NULL, NULL },
	    { 18, PLAIN,
	      "seccompProfile (forbidden annotations "
	      "container.seccomp.security.alpha.kubernetes.io/a=\"x\", "
	      "seccomp.security.alpha.kubernetes.io/pod=\"unconfined\")",
	      "'annotations':{'seccomp.security.alpha.kubernetes.io/pod':'unconfined',"
	      "'container.seccomp.security.alpha.kubernetes.io/a':'x',"
	      "'container.seccomp.security.alpha.kubernetes.io/other':'x'}" },
	    { 18, PLAIN, NULL,
	      "'annotations':{'seccomp.security.alpha.kubernetes.io/pod':'runtime/default',"
	      "'container.seccomp.security.alpha.kubernetes.io/a':'localhost/x'}" },
	    { 19, PLAIN, NULL,
	      "'annotations':{'seccomp.security.alpha.kubernetes.io/pod':'unconfined'}" },
	    { 19, ONE("'seccompProfile':{'type':'Localhost','localhostProfile':'x'}"), NULL, NULL },
	    { 19,
	      "'securityContext':{'seccompProfile':{'type':'Unconfined'}}," ONE(
		  "'seccompProfile':{'type':'Unconfined'}"),
	      "seccompProfile (pod and container \"a\" must not set "
	      "securityContext.seccompProfile.type to \"Unconfined\")",
	      NULL });
}

TEST(sysctls_are_those_that_stay_in_the_pod)
{
	static const struct {
		const char *name;
		uint32_t since;
	} cases[] = {
		{ "kernel.shm_rmid_forced", 0 },       { "net.ipv4.ip_local_reserved_ports", 27 },
		{ "net.ipv4.tcp_keepalive_time", 29 }, { "net.ipv4.tcp_rmem", 32 },
		{ "net.ipv4.tcp_notsent_lowat", 37 },  { "kernel.msgmax", UINT32_MAX },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (uint32_t minor = 0; minor < 40; minor++) {
			struct row row = { minor,
					   arena_printf(
					       test_arena(),
					       "'securityContext':{'sysctls':[{'name':'%s'}"
					       "]}," PLAIN,
					       cases[i].name)
					       .at,
					   NULL, NULL };

			CHECK_EQ(judge(SECURITY_BASELINE, &row).is_allowed, minor >= cases[i].since);
		}
	BASELINE({ LATEST, "'securityContext':{'sysctls':[{'name':'b'},{'name':'a'}]}," PLAIN,
		   "forbidden sysctls (b, a)", NULL });
}

TEST(no_windows_container_is_a_process_of_the_machine)
{
	BASELINE({ 0, ONE("'windowsOptions':{'hostProcess':false}"), NULL, NULL },
		 { 0,
		   "'securityContext':{'windowsOptions':{'hostProcess':true}}," TWO(
		       "'windowsOptions':{'hostProcess':true}"),
		   "hostProcess (pod and containers \"i\", \"e\" must not set "
		   "securityContext.windowsOptions.hostProcess=true)",
		   NULL });
}

/* ---- restricted --------------------------------------------------------------------------------------------- */

TEST(escalation_is_given_up)
{
	static const char words[] = "allowPrivilegeEscalation != false (container \"a\" must set "
				    "securityContext.allowPrivilegeEscalation=false)";

	RESTRICTED({ 7, ONE("'runAsNonRoot':true"), NULL, NULL },
		   { 8, ONE("'runAsNonRoot':true"), words, NULL },
		   { 8, ONE("'runAsNonRoot':true,'allowPrivilegeEscalation':true"), words, NULL },
		   { 8, "'os':{'name':'windows'}," ONE("'runAsNonRoot':true"), words, NULL },
		   { 25, "'os':{'name':'windows'}," ONE("'runAsNonRoot':true"), NULL, NULL });
}

TEST(restricted_containers_drop_all_capabilities)
{
	RESTRICTED(
	    { 21,
	      ONE("'allowPrivilegeEscalation':false,'runAsNonRoot':true,'capabilities':{'add':['"
		  "CHOWN']},'seccompProfile':{'type':'Localhost'}"),
	      NULL, NULL },
	    { 22,
	      ONE("'allowPrivilegeEscalation':false,'runAsNonRoot':true,'capabilities':{'add':['"
		  "NET_BIND_SERVICE'],'drop':['CHOWN','ALL']},'seccompProfile':{'type':'Localhost'"
		  "}"),
	      NULL, NULL },
	    { 22,
	      ONE("'allowPrivilegeEscalation':false,'runAsNonRoot':true,'capabilities':{'add':['"
		  "CHOWN']},'seccompProfile':{'type':'Localhost'}"),
	      "unrestricted capabilities (container \"a\" must set "
	      "securityContext.capabilities.drop=[\"ALL\"]; container \"a\" must not include "
	      "\"CHOWN\" in securityContext.capabilities.add)",
	      NULL });
}

TEST(restricted_volumes_are_those_without_a_server_of_their_own)
{
	RESTRICTED(
	    { 0,
	      "'volumes':[{'name':'1','configMap':{'name':'x'}},{'name':'2','csi':{'driver':'d'}},"
	      "{'name':'3','downwardAPI':{}},{'name':'4','emptyDir':{}},{'name':'5','ephemeral':{}}"
	      ","
	      "{'name':'6','image':{}},{'name':'7','persistentVolumeClaim':{'claimName':'c'}},"
	      "{'name':'8','projected':{}},{'name':'9','secret':{}}]," ONE(GOOD),
	      NULL, NULL },
	    { LATEST,
	      "'volumes':[{'name':'1','nfs':{'server':'s','path':'/'}},{'name':'2','gitRepo':{"
	      "'repository':'r'}},{'name':'3','nfs':{'server':'t','path':'/'}}]," ONE(GOOD),
	      "restricted volume types (volumes \"1\", \"2\", \"3\" use restricted volume types "
	      "\"gitRepo\", \"nfs\")",
	      NULL },
	    { LATEST, "'volumes':[{'name':'1','glusterfs':{'endpoints':'e','path':'p'}}]," ONE(GOOD),
	      "restricted volume types (volume \"1\" uses restricted volume type \"glusterfs\")",
	      NULL });
}

#define REST                                                                                   \
	"'allowPrivilegeEscalation':false,'capabilities':{'drop':['ALL']},'seccompProfile':{'" \
	"type':'Localhost'}"

TEST(nobody_runs_as_root)
{
	static const char silent[] = "runAsNonRoot != true (pod or container \"a\" must set "
				     "securityContext.runAsNonRoot=true)";

	RESTRICTED(
	    { 0, "'securityContext':{'runAsNonRoot':true}," ONE(REST), NULL, NULL },
	    { 0, ONE(REST), silent, NULL }, { 34, "'hostUsers':false," ONE(REST), silent, NULL },
	    { 35, "'hostUsers':false," ONE(REST), NULL, NULL },
	    { LATEST, "'securityContext':{'runAsNonRoot':false}," ONE(REST ",'runAsNonRoot':true"),
	      "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)", NULL },
	    { LATEST, "'securityContext':{'runAsNonRoot':true}," ONE(REST ",'runAsNonRoot':false"),
	      "runAsNonRoot != true (container \"a\" must not set "
	      "securityContext.runAsNonRoot=false)",
	      NULL });
}

TEST(nobody_says_that_they_are_user_0)
{
	RESTRICTED(
	    { 22, "'securityContext':{'runAsUser':0}," ONE(GOOD), NULL, NULL },
	    { 23, "'securityContext':{'runAsUser':1000}," ONE(GOOD ",'runAsUser':1"), NULL, NULL },
	    { 23, "'securityContext':{'runAsUser':0}," ONE(GOOD ",'runAsUser':0"),
	      "runAsUser=0 (pod and container \"a\" must not set runAsUser=0)", NULL },
	    { 35, "'hostUsers':false,'securityContext':{'runAsUser':0}," ONE(GOOD), NULL, NULL },
	    { LATEST, ONE(GOOD ",'runAsUser':0"),
	      "runAsUser=0 (container \"a\" must not set runAsUser=0)", NULL });
}

#define UNSAID \
	"'allowPrivilegeEscalation':false,'capabilities':{'drop':['ALL']},'runAsNonRoot':true"

TEST(restricted_pods_say_which_system_calls_they_need)
{
	static const char silent[] = "seccompProfile (pod or container \"a\" must set "
				     "securityContext.seccompProfile.type to "
				     "\"RuntimeDefault\" or \"Localhost\")";

	RESTRICTED(
	    { 18, ONE(UNSAID), NULL, NULL }, { 19, ONE(UNSAID), silent, NULL },
	    { 19, "'securityContext':{'seccompProfile':{'type':'RuntimeDefault'}}," ONE(UNSAID),
	      NULL, NULL },
	    { 24, "'os':{'name':'windows'}," ONE(UNSAID), silent, NULL },
	    { 25, "'os':{'name':'windows'}," ONE(UNSAID), NULL, NULL },
	    { LATEST,
	      "'securityContext':{'seccompProfile':{'type':'Localhost'}}," ONE(
		  UNSAID ",'seccompProfile':{'type':'Unconfined'}"),
	      "seccompProfile (container \"a\" must not set securityContext.seccompProfile.type to "
	      "\"Unconfined\")",
	      NULL });
}
