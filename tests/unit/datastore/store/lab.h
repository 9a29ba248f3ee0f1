/*
 * A store alone in a host that a test drives by hand: virtual time, a disk that forgets, jobs in between.
 *
 * The test speaks as one actor of the same host: it asks and gets answers, and takes what watches tell.
 */
#ifndef TESTS_UNIT_DATASTORE_STORE_LAB_H
#define TESTS_UNIT_DATASTORE_STORE_LAB_H

#include "datastore/store/store.h"
#include "runtime/actor/act-host.h"
#include "tests/lib/fake-disk.h"

struct lab;

/* Starts a store on the disk, which stays the caller's. history_s 0: the usual time. */
struct lab *lab_open(struct fake_disk *disk, uint32_t history_s);
/* One that keeps so much of what was compacted. */
struct lab *lab_open_keeping(struct fake_disk *disk, uint64_t past_bytes, uint32_t past_s);
/* One of a cluster that it has not joined: nobody leads it. */
struct lab *lab_open_stranger(struct fake_disk *disk);
void lab_close(struct lab *lab);
/* As a crash of the machine: nothing is closed in order, unsynced bytes are lost by chance. */
void lab_crash(struct lab *lab);
void lab_run(struct lab *lab, uint64_t ms);
void lab_hold_jobs(struct lab *lab, bool is_holding);  /* they count as begun and do not end */
void lab_hold_table(struct lab *lab, bool is_holding); /* those of the table's lane */
/* Until the store leads. */
void lab_wait_ready(struct lab *lab);

/* Asks and runs until the answer is there; it is valid until the test ends. NULL: the runtime's refusal, in *status. */
void *lab_ask(struct lab *lab, const struct act_type *type, const void *body, enum status *status);

/* Asks and does not wait; answers to that are counted by what they say. */
void lab_begin(struct lab *lab, const struct act_type *type, const void *body);
uint32_t lab_ended(const struct lab *lab, enum status status);

/* Shorthands; the row or answer as the store gave it. */
struct store_write_answer *lab_put(struct lab *lab, const char *key, const char *value,
				   uint64_t expected);
struct store_write_answer *lab_delete(struct lab *lab, const char *key, uint64_t expected);
struct store_range_answer *lab_range(struct lab *lab, const char *from, const char *end,
				     uint64_t revision);
/* "key=value@mod " each. */
struct str lab_print(const struct store_range_answer *answer);
struct store_status *lab_status(struct lab *lab);

/* What watches told so far, in order; "!STATUS " when one ended. Cleared by reading. */
struct str lab_events(struct lab *lab);
void lab_give_credit(struct lab *lab, bool is_giving); /* by itself for each batch; the default */
void lab_send(struct lab *lab, const struct act_type *type, const void *body);

/* From now on a host of this name can be found beside ours. What is sent to it is counted and goes nowhere. */
void lab_know(struct lab *lab, const char *name);
uint32_t lab_sent(const struct lab *lab);
void lab_lose(struct lab *lab); /* the link to that host breaks */

#endif
