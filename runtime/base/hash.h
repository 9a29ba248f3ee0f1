/*
 * Hashes: a fast one for tables, FNV-1a where Kubernetes prescribes it, CRC-32C for bytes on disk.
 *
 * None of them is a secret: tables that outsiders can fill are bounded by limits instead.
 */
#ifndef RUNTIME_BASE_HASH_H
#define RUNTIME_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/str.h"

uint64_t hash_str(struct str s);
uint64_t hash_bytes(uint64_t seed, const void *at, size_t len);
uint64_t hash_mix(uint64_t a, uint64_t b);
uint32_t hash_fnv32a(uint32_t seed, const void *at,
		     size_t len); /* seed 2166136261 to begin; pod template hashes */
#define HASH_FNV32A_SEED 2166136261U
uint32_t hash_crc32c(uint32_t seed, const void *at, size_t len); /* RFC 3720 B.4; seed 0 to begin */
/* The same without the processor's instruction; hash_crc32c takes it where there is none. */
uint32_t hash_crc32c_by_table(uint32_t seed, const void *at, size_t len);

#endif
