/*
 * Everything of runtime/base that most files need. Any code may include it.
 */
#ifndef RUNTIME_BASE_BASE_H
#define RUNTIME_BASE_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "runtime/base/arena.h"
#include "runtime/base/collection/list.h"
#include "runtime/base/collection/map.h"
#include "runtime/base/collection/vec.h"
#include "runtime/base/fault.h"
#include "runtime/base/hash.h"
#include "runtime/base/limits.h"
#include "runtime/base/mem.h"
#include "runtime/base/status.h"
#include "runtime/base/str.h"
#include "runtime/base/text.h"
#include "runtime/base/time/time.h"

#endif
