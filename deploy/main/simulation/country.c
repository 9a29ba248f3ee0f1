#include "deploy/main/simulation/country.h"

#include <stdio.h>

#include "datastore/schema/core.h"
#include "deploy/cluster/node-record.h"
#include "deploy/main/admin/admin.h"
#include "deploy/main/command/data-dir.h"
#include "deploy/main/host/directory.h"
#include "deploy/main/node/layout.h"
#include "deploy/sim/claim.h"
#include "deploy/sim/sayings.h"

#define HOSTS 4U /* of a machine: core, control, node and, if it is isolated, api */
#define DESK "desk"
#define ANSWER_MS 20000U
#define OPEN_MS 120000U

/* What a host's actors are told, once its identity is read. */
struct links {
	struct process *process;
	struct layout *layout;
};

struct machine {
	struct country *country;
	uint32_t number;
	bool is_started;
	struct process processes[HOSTS];
	struct layout layouts[HOSTS];
	struct links links[HOSTS];
	struct act_child children[HOSTS][LAYOUT_CHILDREN_MAX + 2];
	struct act_supervisor roots[HOSTS];
	struct witness witness;
};

struct country {
	struct country_config config;
	struct act_sim *sim;
	struct arena *arena;
	struct annals *annals;
	struct sayings sayings;
	struct machine machines[COUNTRY_MACHINES + 1];
	const struct act_type *const *types;
	uint32_t type_count;
	/* The desk, and who asks there for the test. */
	struct act_child desk[COUNTRY_CITIZENS + 2];
	struct act_supervisor desk_root;
	struct act_ref asker;
	bool is_answered;
	int32_t code;
	struct arena *arena_of_answer;
	struct str body;
};

static const struct facts facts = { .cpus = 16,
				    .memory_bytes = 64ULL * 1024 * MIB,
				    .storage_bytes = 1000ULL * 1024 * MIB,
				    .machine_id = "m1",
				    .system_uuid = "s1",
				    .boot_id = "b1",
				    .kernel = "6.1.0",
				    .os_image = "Debian GNU/Linux 12",
				    .architecture = "amd64" };

/* ---- links: told what the directory knows at first, and of the desk, which no directory knows ---- */

static void learn(struct act *act, const char *name, enum process_host host)
{
	const struct seams_link *link = &act_host_seams(act_host_of(act))->link;
	const struct seams_place place = { .node = process_node_number(str_from(name)),
					   .node_name = str_from(name),
					   .host = (uint16_t)host,
					   .host_name = str_from(process_host_name(host)) };

	CLAIM_OK(link->learn(link->self, &place));
}

/* First of all, as process_load does: the life before may have changed it. */
static enum status read_identity(struct act *act, const struct links *links)
{
	struct process *process = links->process;

	TRY(data_dir_read_identity(&act_seams(act)->files, &process->dir, &process->identity, NULL));
	links->layout->store.is_first = process->identity.is_first;
	return OK;
}

static enum status links_init(struct act *act, void *state, const void *args)
{
	const struct links *links = args;

	(void)state;
	TRY(read_identity(act, links));
	directory_learn_own(act, links->process);
	if (links->process->host == PROCESS_CORE || links->process->host == PROCESS_API)
		learn(act, DESK, PROCESS_CORE);
	return OK;
}

static enum status desk_links_init(struct act *act, void *state, const void *args)
{
	const struct country *country = args;

	(void)state;
	for (uint32_t i = 1; i <= country->config.machines; i++) {
		learn(act, country->machines[i].processes[0].identity.name, PROCESS_CORE);
		if (country->config.is_isolated)
			learn(act, country->machines[i].processes[0].identity.name, PROCESS_API);
	}
	return OK;
}

static enum act_verdict ignore(struct act *act, void *state, const struct act_msg *msg)
{
	(void)act, (void)state, (void)msg;
	return ACT_UNHANDLED;
}

static const struct act_class links_class = { .name = "links",
					      .init = links_init,
					      .receive = ignore };
static const struct act_class desk_links_class = { .name = "links",
						   .init = desk_links_init,
						   .receive = ignore };

/* ---- who asks ---- */

static uint32_t desk_node(void)
{
	return process_node_number(STR(DESK));
}

static enum status asker_init(struct act *act, void *state, const void *args)
{
	struct country *country = (struct country *)(uintptr_t)args;

	*(struct country **)state = country;
	country->asker = act_self(act);
	return OK;
}

static enum act_verdict asker_receive(struct act *act, void *state, const struct act_msg *msg)
{
	struct country *country = *(struct country **)state;

	(void)act;
	if (msg->kind != ACT_ANSWER)
		return ACT_UNHANDLED;
	country->is_answered = true;
	country->code = msg->status == OK ? (int32_t)status_http(OK) : 0;
	if (msg->status == OK && ACT_IS(msg, api_answer)) {
		country->code = ACT_AS(msg, api_answer)->code;
		country->body = arena_str(country->arena_of_answer, ACT_AS(msg, api_answer)->body);
	} else if (msg->status == OK && ACT_IS(msg, admin_forgotten)) {
		country->code = status_http(ACT_AS(msg, admin_forgotten)->status);
	} else if (msg->status == OK) {
		country->code = status_http(store_outcome(msg));
	}
	return ACT_OK;
}

static const struct act_class asker_class = { .name = "asker",
					      .state_size = sizeof(struct country *),
					      .init = asker_init,
					      .receive = asker_receive };

static bool is_answered(void *arg)
{
	return ((struct country *)arg)->is_answered;
}

/* False: there is nobody to ask, or no answer. */
static bool ask(struct country *country, void (*send)(struct act *act, void *state, void *arg),
		void *arg)
{
	struct act_host *desk = act_sim_host_of(country->sim, desk_node(), PROCESS_CORE);

	country->is_answered = false;
	country->code = 0;
	return desk && act_host_enter(desk, country->asker, send, arg) &&
	       act_sim_run_for(country->sim, ANSWER_MS + 1000, is_answered, country) ==
		   ACT_SIM_CLAIM &&
	       country->code != 0;
}

struct question {
	uint32_t machine;
	const char *method, *path, *body;
	bool is_apart;
};

static void send_question(struct act *act, void *state, void *arg)
{
	const struct question *question = arg;
	struct citizen citizen = { .is_apart = question->is_apart };
	struct api_call call =
	    citizen_call_new(question->method, str_from(question->path), str_from(question->body));

	(void)state;
	(void)!citizen_call(act, &citizen, question->machine, &call, ANSWER_MS, 1);
}

int32_t country_ask(struct country *country, uint32_t machine, const char *method, const char *path,
		    const char *body, struct arena *arena, struct str *out_body)
{
	struct question question = { machine, method, path, body, country->config.is_isolated };

	country->arena_of_answer = arena;
	country->body = STR_NONE;
	if (!ask(country, send_question, &question))
		return 0;
	if (out_body)
		*out_body = country->body;
	return country->code;
}

struct forgetting {
	uint32_t helper;
	struct admin_forget forget;
};

static void send_forget(struct act *act, void *state, void *arg)
{
	const struct forgetting *forgetting = arg;
	char name[32];

	(void)state;
	snprintf(name, sizeof name, "admin@n%u", forgetting->helper);
	(void)!act_request(act, act_named(act, name), &admin_forget_type, &forgetting->forget,
			   ANSWER_MS, 1);
}

enum status country_forget(struct country *country, uint32_t helper, uint32_t machine)
{
	struct forgetting forgetting = { .helper = helper };

	snprintf(forgetting.forget.name, sizeof forgetting.forget.name, "n%u", machine);
	forgetting.forget.id = country->machines[machine].witness.id;
	if (!ask(country, send_forget, &forgetting))
		return UNAVAILABLE;
	return country->code == 200 ? OK : UNAVAILABLE;
}

/* ---- planning ---- */

static struct node_identity identity_of(uint32_t number)
{
	struct node_identity id = { .cluster = "country",
				    .api_port = 6443,
				    .link_port = 6444,
				    .is_first = number == 1,
				    .role = "auto" };
	size_t len = 0;

	snprintf(id.name, sizeof id.name, "n%u", number);
	snprintf(id.address, sizeof id.address, "10.0.0.%u", number);
	id.node = process_node_number(str_from(id.name));
	for (uint32_t i = 1; i < number; i++)
		len += (size_t)snprintf(id.peers + len, sizeof id.peers - len,
					"%sn%u@10.0.0.%u:6444", i > 1 ? "," : "", i, i);
	return id;
}

static void plan_host(struct machine *machine, uint32_t at)
{
	struct process *process = &machine->processes[at];
	struct layout *layout = &machine->layouts[at];
	struct act_child *children = machine->children[at];
	uint32_t count = 0;

	*process = (struct process){ .host = (enum process_host)(PROCESS_CORE + at),
				     .identity = identity_of(machine->number),
				     .is_isolated = machine->country->config.is_isolated,
				     .arena = machine->country->arena };
	snprintf(process->dir.path, sizeof process->dir.path, "/data");
	process->pki.ca.certificate_pem = STR("a certificate");
	layout_plan(layout, process);
	layout->store.segment_bytes = 256U * KIB;
	layout->store.kept_entries = 500;
	layout->store.past_bytes = 256 * KIB; /* so that bytes and age take their turns */
	layout->store.past_s = 900;
	layout->agent.pods = "hollow";
	layout->agent.facts = &facts;
	machine->links[at] = (struct links){ process, layout };
	children[count++] =
	    (struct act_child){ .id = "links", .class = &links_class, .args = &machine->links[at] };
	memcpy(children + count, layout->children, layout->count * sizeof *children);
	count += layout->count;
	if (process->host == PROCESS_CORE)
		children[count++] = (struct act_child){ .id = "witness",
							.class = &witness_class,
							.args = &machine->witness };
	machine->roots[at] = process_root(children, count);
}

static uint32_t host_count(const struct country *country)
{
	return country->config.is_isolated ? HOSTS : HOSTS - 1;
}

static void plan_machine(struct country *country, uint32_t number)
{
	struct machine *machine = &country->machines[number];

	machine->country = country;
	machine->number = number;
	machine->witness = (struct witness){ .annals = country->annals,
					     .ledger = country->config.ledger,
					     .machine = number };
	for (uint32_t i = 0; i < host_count(country); i++)
		plan_host(machine, i);
}

static void plan_desk(struct country *country)
{
	uint32_t count = 0;

	country->desk[count++] =
	    (struct act_child){ .id = "links", .class = &desk_links_class, .args = country };
	country->desk[count++] =
	    (struct act_child){ .id = "asker", .class = &asker_class, .args = country };
	CLAIM(country->config.citizen_count <= COUNTRY_CITIZENS);
	for (uint32_t i = 0; i < country->config.citizen_count; i++)
		country->desk[count++] = country->config.citizens[i];
	country->desk_root = process_root(country->desk, count);
}

/* ---- starting ---- */

static void start_host(struct country *country, uint32_t node, uint32_t host,
		       const struct act_supervisor *root)
{
	const struct act_host_config config = { .name = process_host_name((enum process_host)host),
						.host = (uint16_t)host,
						.root = root,
						.types = country->types,
						.type_count = country->type_count };

	CLAIM_OK(act_sim_host(country->sim, node, &config));
}

static void start_machine(struct country *country, uint32_t number)
{
	struct machine *machine = &country->machines[number];
	uint32_t node = country_node(country, number);
	const struct seams_files *files = act_sim_files(country->sim, node);

	CLAIM_OK(files->mkdir(files->self, "/data", 0700));
	CLAIM_OK(data_dir_write_identity(files, &machine->processes[0].dir,
					 &machine->processes[0].identity, NULL));
	for (uint32_t i = 0; i < host_count(country); i++)
		start_host(country, node, PROCESS_CORE + i, &machine->roots[i]);
	machine->is_started = true;
}

struct errand {
	char store[32]; /* of the machine that leads */
	struct node_identity identity;
	uint64_t id;
};

/* As the node does that lets a machine in. */
static void send_record(struct act *act, void *state, void *arg)
{
	const struct errand *errand = arg;
	const struct node_identity *id = &errand->identity;
	struct node_record record = { str_from(id->name), str_from(id->address), id->api_port,
				      id->link_port, str_from(id->role) };
	struct store_write write = { .arena = arena_new(0), .success_count = 1 };
	struct store_op *op = arena_new_of(write.arena, struct store_op);

	(void)state;
	*op = (struct store_op){ .kind = STORE_PUT,
				 .key = node_record_key(record.name, write.arena),
				 .value = node_record_encode(&record, write.arena),
				 .expected = STORE_ANY_REVISION };
	write.success = op;
	if (act_request(act, act_named(act, errand->store), &store_write_type, &write, ANSWER_MS,
			1) != OK)
		arena_free(write.arena);
}

static void send_transfer(struct act *act, void *state, void *arg)
{
	const struct errand *errand = arg;
	struct store_transfer transfer = { .id = errand->id };

	(void)state;
	(void)!act_request(act, act_named(act, errand->store), &store_transfer_type, &transfer,
			   ANSWER_MS, 1);
}

static enum status run_errand(struct country *country, uint32_t machine,
			      void (*send)(struct act *act, void *state, void *arg))
{
	struct errand errand = { .identity = identity_of(machine),
				 .id = country_status(country, machine)->id };

	snprintf(errand.store, sizeof errand.store, "store@n%u", country_leader(country));
	return ask(country, send, &errand) && country->code == 200 ? OK : UNAVAILABLE;
}

enum status country_let_in(struct country *country, uint32_t machine)
{
	TRY(run_errand(country, machine, send_record));
	start_machine(country, machine);
	return OK;
}

enum status country_transfer(struct country *country, uint32_t machine)
{
	return run_errand(country, machine, send_transfer);
}

static bool has_leader(struct country *country)
{
	return country_leader(country) != 0;
}

struct readiness {
	uint32_t ready;
};

static bool count_ready(void *arg, const struct object *object)
{
	const struct core_node *node = object->record;
	const struct core_node_status *status = node->status;

	for (uint32_t i = 0; status && i < status->conditions.len; i++)
		if (str_is(status->conditions.at[i].type, "Ready") &&
		    str_is(status->conditions.at[i].status, "True") && node->spec &&
		    node->spec->taints.len == 0)
			((struct readiness *)arg)->ready++;
	return true;
}

static bool is_whole(struct country *country)
{
	struct readiness readiness = { 0 };
	uint32_t voters = 0, started = country->config.machines - country->config.late;

	for (uint32_t i = 1; i <= started; i++) {
		if (country_status(country, i)->role == STORE_NOT_MEMBER)
			return false;
		voters += country_status(country, i)->role == STORE_VOTER;
	}
	annals_each(country->annals, &core_node_type, count_ready, &readiness);
	return readiness.ready == started && voters >= (readiness.ready < 3 ? 1 : 3);
}

/* What citizens need. */
static void furnish(struct country *country)
{
	struct arena *arena = arena_new(0);

	CLAIM_EQ(country_ask(country, 1, "POST", "/api/v1/namespaces",
			     "{\"metadata\":{\"name\":\"r\"}}", arena, NULL),
		 201);
	for (uint32_t i = 0; i < CITIZENS_DEPLOYMENTS; i++)
		CLAIM_EQ(country_ask(country, 1, "POST", "/api/v1/namespaces/default/services",
				     arena_printf(arena,
						  "{\"metadata\":{\"name\":\"d%u\"},\"spec\":{"
						  "\"selector\":{\"app\":\"d%u\"},\"ports\":[{"
						  "\"port\":80,\"targetPort\":\"http\"}]}}",
						  i, i)
					 .at,
				     arena, NULL),
			 201);
	arena_free(arena);
}

/* False: the claim does not hold after so long. Looked at every 100 ms. */
static bool until(struct country *country, uint64_t ms, bool (*claim)(struct country *country))
{
	uint64_t end_ms = act_sim_now_ms(country->sim) + ms;

	while (!claim(country)) {
		if (act_sim_now_ms(country->sim) >= end_ms)
			return false;
		country_run(country, 100);
	}
	return true;
}

struct country *country_open(const struct country_config *config)
{
	struct country *country = mem_new(struct country);

	CLAIM(config->machines <= COUNTRY_MACHINES && config->late < config->machines);
	country->config = *config;
	country->arena = arena_new(0);
	country->annals = annals_new();
	country->sim = act_sim_new(config->seed);
	country->types = layout_types(country->arena, &country->type_count);
	sayings_open(&country->sayings, country->sim, config->log_path);
	for (uint32_t i = 1; i <= config->machines; i++)
		plan_machine(country, i);
	for (uint32_t i = 1; i <= config->machines; i++)
		sayings_name(&country->sayings, country_node(country, i),
			     country->machines[i].processes[0].identity.name);
	plan_desk(country);
	start_machine(country, 1);
	start_host(country, desk_node(), PROCESS_CORE, &country->desk_root);
	CLAIM(until(country, OPEN_MS, has_leader));
	for (uint32_t i = 2; i <= config->machines - config->late; i++)
		CLAIM_OK(country_let_in(country, i));
	CLAIM(until(country, OPEN_MS, is_whole));
	furnish(country);
	return country;
}

void country_close(struct country *country)
{
	act_sim_free(country->sim);
	sayings_close(&country->sayings);
	annals_free(country->annals);
	arena_free(country->arena);
	mem_free(country);
}

/* ---- looking ---- */

struct act_sim *country_sim(struct country *country)
{
	return country->sim;
}

struct annals *country_annals(struct country *country)
{
	return country->annals;
}

uint32_t country_node(const struct country *country, uint32_t machine)
{
	return country->machines[machine].processes[0].identity.node;
}

const struct store_status *country_status(const struct country *country, uint32_t machine)
{
	static const struct store_status none;

	return act_sim_host_of(country->sim, country_node(country, machine), PROCESS_CORE)
		   ? &country->machines[machine].witness.status
		   : &none;
}

uint32_t country_voters(const struct country *country, uint32_t machine)
{
	return country->machines[machine].witness.voters;
}

uint32_t country_leader(const struct country *country)
{
	uint32_t leader = 0;
	uint64_t term = 0;

	for (uint32_t i = 1; i <= country->config.machines; i++) {
		const struct store_status *status = country_status(country, i);

		if (status->is_leader && status->term > term) {
			leader = i;
			term = status->term;
		}
	}
	return leader;
}

uint32_t country_said(const struct country *country, const char *event)
{
	return sayings_count(&country->sayings, event);
}

void country_run(struct country *country, uint64_t ms)
{
	act_sim_run_for(country->sim, ms, NULL, NULL);
}

uint32_t country_buried(const struct country *country)
{
	for (uint32_t i = 1; i <= country->config.machines; i++)
		if (act_sim_is_buried(country->sim, country_node(country, i)))
			return i;
	return 0;
}
