/*
 * Claims: what must hold in a simulated cluster. One that does not ends the process, as an assertion does, for nothing that comes
 * after means anything.
 *
 * For deploy/sim and whoever runs simulations. The words, and where they were claimed, are the last line on standard error; the exit code
 * is CLAIM_EXIT. A process runs one simulation, so that whoever started it can start another.
 */
#ifndef DEPLOY_SIM_CLAIM_H
#define DEPLOY_SIM_CLAIM_H

#include "runtime/base/base.h"

#define CLAIM_EXIT 3

#define CLAIM(cond) ((cond) ? (void)0 : claim_fail(__FILE__, __LINE__, "%s", #cond))
/* Two unsigned numbers of up to 64 bits. */
#define CLAIM_EQ(a, b) claim_equal(__FILE__, __LINE__, #a, #b, (uint64_t)(a), (uint64_t)(b))
/* A call that must say OK. */
#define CLAIM_OK(call) claim_ok(__FILE__, __LINE__, #call, (call))

_Noreturn void claim_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void claim_equal(const char *file, int line, const char *a_text, const char *b_text, uint64_t a,
		 uint64_t b);
void claim_ok(const char *file, int line, const char *call, enum status status);

#endif
