/*
 * What the files that judge Jobs share. Only for job*.c.
 */
#ifndef ACTORS_KINDS_WORKLOAD_JOB_PRIVATE_H
#define ACTORS_KINDS_WORKLOAD_JOB_PRIVATE_H

#include "actors/kinds/workload/job-spec.h"

void job_check_failure_policy(const struct path *at, const struct batch_job_spec *spec);
void job_check_success_policy(const struct path *at, const struct batch_job_spec *spec);
void job_check_status(struct kind_change *change);

/* A condition of the type that has the status. */
bool job_has_condition(const struct batch_job_status *status, const char *type, const char *value);

#endif
