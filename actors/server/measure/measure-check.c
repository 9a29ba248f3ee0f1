#include <stdio.h>

#include "actors/server/measure/measure-private.h"
#include "actors/server/server-private.h"
#include "transport/tls/certificate.h"

#define LABELS_MAX 256U

/* From a millisecond on, doubled 14 times. */
static const double check_bounds[] = { 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128,
				       0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384 };
static const double admission_bounds[] = { 0.005, 0.025, 0.1, 0.5, 1, 2.5 };
/* Seconds: from half an hour to a year. */
static const double certificate_bounds[] = { 0,       1800,    3600,     7200,    21600,
					     43200,   86400,   172800,   345600,  604800,
					     2592000, 7776000, 15552000, 31104000 };
#define BOUNDS(table) table, sizeof(table) / sizeof(table)[0]

/* ---- who asks, and may they ----------------------------------------------------------------------------------- */

/* Names are people's: a few that every cluster has are told, of others only what they look like. */
static const char *const user_classes[MEASURE_USERS] = {
	"admin",   "client",   "kube_proxy",
	"kubelet", "email_id", "system:serviceaccount:kube-system:default",
	"other",
};
enum { USER_EMAIL = 4, USER_OTHER = 6 };

static uint32_t user_class(struct str name)
{
	for (uint32_t i = 0; i < USER_OTHER; i++)
		if (i != USER_EMAIL && str_is(name, user_classes[i]))
			return i;
	return str_find_char(name, '@') >= 0 ? USER_EMAIL : USER_OTHER;
}

static void count_user(struct request *r)
{
	uint32_t class = user_class(r->user.name);
	struct metrics_counter **count = &r->server->measures->users[class];
	char labels[LABELS_MAX];

	if (*count == NULL) {
		snprintf(labels, sizeof labels, "username=\"%s\"", user_classes[class]);
		*count = metrics_counter(
		    r->server->metrics, "authenticated_user_requests",
		    "Requests of somebody who is known, by what the name looks like.", labels);
	}
	metrics_add(*count, 1);
}

static void observe_certificate(struct request *r)
{
	struct measures *measures = r->server->measures;
	int64_t left_ns;

	if (r->asked.certificate == NULL)
		return;
	if (measures->certificates == NULL)
		measures->certificates = metrics_histogram(
		    measures->metrics, "apiserver_client_certificate_expiration_seconds",
		    "How long certificates that clients show are still good.", NULL,
		    BOUNDS(certificate_bounds));
	left_ns = r->asked.certificate->not_after.ns - act_wall(r->server->act).ns;
	metrics_observe(measures->certificates, (double)left_ns / TIME_S);
}

static const char *result_labels(const char *name, char buffer[LABELS_MAX])
{
	snprintf(buffer, LABELS_MAX, "result=\"%s\"", name);
	return buffer;
}

void measure_authenticated(struct request *r, enum measure_check result)
{
	static const char *const names[] = { "success", "failure", "failure", "error" };
	struct measures *measures = r->server->measures;
	char labels[LABELS_MAX];

	if (measures->authentications[result] == NULL) {
		result_labels(names[result], labels);
		measures->authentications[result] =
		    metrics_counter(measures->metrics, "authentication_attempts",
				    "Requests by whether it is known who asks.", labels);
		measures->authentication_times[result] = metrics_histogram(
		    measures->metrics, "authentication_duration_seconds",
		    "How long it took to know who asks.", labels, BOUNDS(check_bounds));
	}
	metrics_add(measures->authentications[result], 1);
	metrics_observe(measures->authentication_times[result],
			measure_seconds_since(r, r->check_began));
	if (result != MEASURE_YES)
		return;
	count_user(r);
	observe_certificate(r);
}

void measure_authorized(struct request *r, enum measure_check result)
{
	static const char *const names[] = { "allowed", "denied", "no-opinion", "error" };
	struct measures *measures = r->server->measures;
	char labels[LABELS_MAX];

	if (measures->authorizations[result] == NULL) {
		result_labels(names[result], labels);
		measures->authorizations[result] =
		    metrics_counter(measures->metrics, "authorization_attempts_total",
				    "Requests by what was said of whether they may be.", labels);
		measures->authorization_times[result] =
		    metrics_histogram(measures->metrics, "authorization_duration_seconds",
				      "How long it took to say so.", labels, BOUNDS(check_bounds));
	}
	metrics_add(measures->authorizations[result], 1);
	metrics_observe(measures->authorization_times[result],
			measure_seconds_since(r, r->check_began));
}

/* ---- admission --------------------------------------------------------------------------------------------------- */

/* The operation is one bit. */
static uint32_t operation_index(enum admission_operation operation)
{
	return operation == ADMISSION_CREATE   ? 0
	       : operation == ADMISSION_UPDATE ? 1
	       : operation == ADMISSION_DELETE ? 2
					       : 3;
}

static struct metrics_histogram *make_admission(struct measures *measures, uint32_t index,
						uint32_t operation, bool is_validating,
						bool is_refused)
{
	static const char *const operations[] = { "CREATE", "UPDATE", "DELETE", "CONNECT" };
	bool is_one = index < plugin_count;
	char labels[LABELS_MAX];

	snprintf(labels, sizeof labels, "%s%s%soperation=\"%s\",rejected=\"%s\",type=\"%s\"",
		 is_one ? "name=\"" : "", is_one ? plugins[index]->name : "", is_one ? "\"," : "",
		 operations[operation], is_refused ? "true" : "false",
		 is_validating ? "validate" : "admit");
	return metrics_histogram(
	    measures->metrics,
	    is_one ? "apiserver_admission_controller_admission_duration_seconds"
		   : "apiserver_admission_step_admission_duration_seconds",
	    is_one ? "How long a plug-in of admission took." : "How long a half of admission took.",
	    labels, BOUNDS(admission_bounds));
}

void measure_admitted(struct request *r, uint32_t index, enum admission_operation operation,
		      bool is_validating, bool is_refused, struct mono began)
{
	struct measures *measures = r->server->measures;
	uint32_t at = operation_index(operation);
	struct metrics_histogram **place =
	    &measures->admissions[index].at[is_validating][at][is_refused];

	if (*place == NULL)
		*place = make_admission(measures, index, at, is_validating, is_refused);
	metrics_observe(*place, measure_seconds_since(r, began));
}

/* ---- health ------------------------------------------------------------------------------------------------------ */

void measure_health(struct measures *measures, struct str which, const char *name, bool is_well)
{
	char labels[LABELS_MAX], counted[LABELS_MAX];

	snprintf(labels, sizeof labels, "name=\"%.80s\",type=\"" STR_FMT "\"", name, STR_ARG(which));
	snprintf(counted, sizeof counted, "name=\"%.80s\",status=\"%s\",type=\"" STR_FMT "\"", name,
		 is_well ? "success" : "error", STR_ARG(which));
	metrics_set(metrics_gauge(measures->slis, "kubernetes_healthcheck",
				  "What a check of health said last.", labels),
		    is_well);
	metrics_add(metrics_counter(measures->slis, "kubernetes_healthchecks_total",
				    "Checks of health, by what they said.", counted),
		    1);
}

struct metrics *measure_slis(const struct measures *measures)
{
	return measures->slis;
}
