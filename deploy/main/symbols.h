/*
 * Symbols: names for places in this program's own code, read from its file.
 *
 * For `troupe inspect`, whose stacks are of the same program: a place is an offset from where the program was loaded, so that it does not
 * matter where that was. A stripped program has no names; another release's stacks get wrong ones, so compare versions first.
 */
#ifndef DEPLOY_MAIN_SYMBOLS_H
#define DEPLOY_MAIN_SYMBOLS_H

#include "runtime/base/base.h"

struct symbols;

/* NULL: the file has none, or is not one that we can read. */
GIVE struct symbols *symbols_open(const char *program);
void symbols_close(TAKE struct symbols *symbols);
/* `store_apply+0x1c`; a place outside of all functions, and all places if symbols is NULL, as a number. */
void symbols_print(const struct symbols *symbols, uint64_t place, struct text *out);

#endif
