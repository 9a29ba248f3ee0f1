/*
 * What writer and reader of bbolt's files share: the form of a page.
 *
 * A page has a header of 16 bytes (id u64, kind u16, number of elements u16, how many pages it goes on for u32), then one element of 16
 * bytes for each key with the distance from there to the key's bytes, then those. All numbers are little-endian.
 *
 *     branch element   distance u32, key bytes u32, page u64
 *     leaf element     flags u32, distance u32, key bytes u32, value bytes u32; the value stands behind the key
 *     bucket           root page u64, counter u64: the value of an element with that flag. Root 0: its one page stands behind that
 *     meta             magic u32, version u32, page bytes u32, flags u32, bucket of buckets, page of the free list u64, first page that
 *                      there is not u64, transaction u64, checksum u64
 */
#ifndef ACTORS_ETCD_FILE_BOLT_PRIVATE_H
#define ACTORS_ETCD_FILE_BOLT_PRIVATE_H

#include "actors/etcd/file/bolt.h"

#define BOLT_HEADER_BYTES 16U
#define BOLT_ELEMENT_BYTES 16U
#define BOLT_BUCKET_BYTES 16U
#define BOLT_META_BYTES 64U
#define BOLT_MAGIC 0xED0CDAEDU
#define BOLT_VERSION 2U

enum { BOLT_BRANCH = 1, BOLT_LEAF = 2, BOLT_META = 4, BOLT_FREE = 16 };
#define BOLT_IS_BUCKET 1U

/* Of a meta page, over what stands before it. */
uint64_t bolt_checksum(const void *at, size_t len);

#endif
