/* Protobuf from the first byte to the last, for tests: small messages, put together by hand. */
#ifndef TESTS_UNIT_ACTORS_ETCD_WIRE_LAB_H
#define TESTS_UNIT_ACTORS_ETCD_WIRE_LAB_H

#include "runtime/base/base.h"

struct text wire_lab(void); /* in the test's arena */
void wire_lab_int(struct text *out, uint32_t number, int64_t value);
void wire_lab_str(struct text *out, uint32_t number, struct str value);
/* A message as a field: what wire_lab gave and was filled. */
void wire_lab_in(struct text *out, uint32_t number, struct text inner);

/* Requests of one line each. */
struct text wire_lab_range(const char *key, const char *end);
struct text wire_lab_put(const char *key, const char *value);
struct text wire_lab_delete(const char *key, const char *end);
/* A RequestOp: 1 range, 2 put, 3 delete, 4 txn. */
struct text wire_lab_op(uint32_t kind, struct text request);
/* A message whose field 1 is a number. */
struct text wire_lab_number(int64_t value);

#endif
