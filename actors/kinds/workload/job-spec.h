/*
 * Job specs: the rules of what a Job is made of, for Jobs and for the templates of those who make them.
 */
#ifndef ACTORS_KINDS_WORKLOAD_JOB_SPEC_H
#define ACTORS_KINDS_WORKLOAD_JOB_SPEC_H

#include "actors/kinds/kind.h"
#include "actors/kinds/pod/pod-spec.h"
#include "actors/kinds/rule.h"
#include "datastore/schema/batch.h"

/* All but the selector, which only a Job has. */
void job_spec_check(const struct path *at, const struct batch_job_spec *spec,
		    const struct pod_tolerance *tolerance);
void job_spec_warn(struct kind_change *change, const struct path *at,
		   const struct batch_job_spec *spec);

bool job_spec_is_indexed(const struct batch_job_spec *spec);

#endif
