/*
 * IP addresses and ranges as text: what fields of the API may hold, and arithmetic for allocating from a range.
 *
 * Pure. Reads what upstream's sloppy parsers read (leading zeros in IPv4, IPv4 inside IPv6) and says what was odd about
 * it; prints as RFC 5952 asks. An IPv4 address inside IPv6 is an IPv4 address, as in Go.
 */
#ifndef ACTORS_KINDS_FIELD_IP_H
#define ACTORS_KINDS_FIELD_IP_H

#include "actors/kinds/path.h"

struct ip {
	uint8_t bytes[16]; /* IPv4: the last 4, the others are zero */
	bool is_v6;
	bool has_leading_zeros; /* as it was written */
	bool is_mapped;         /* ::ffff:1.2.3.4 */
};

struct ip_range {
	struct ip base;    /* the network's address */
	struct ip address; /* as written */
	uint32_t bits;     /* of the prefix; of IPv4 at most 32 */
	bool has_leading_zeros;
	bool is_mapped;
};

bool ip_parse(struct str text, struct ip *out);
bool ip_range_parse(struct str text, struct ip_range *out);
bool ip_is(struct str text);    /* an address of any family, odd ones too */
bool ip_is_v6(struct str text); /* no address at all is none */
struct str ip_print(const struct ip *ip, struct arena *arena);
struct str ip_range_print(const struct ip_range *range, struct arena *arena); /* 10.96.0.0/16 */
int ip_cmp(const struct ip *a, const struct ip *b);                           /* of one family */
bool ip_range_has(const struct ip_range *range, const struct ip *ip);
/* The address `offset` further on; wraps within the family's width. */
struct ip ip_add(const struct ip *ip, uint64_t offset);
struct ip ip_range_last(const struct ip_range *range);

/* ---- rules, with upstream's words ------------------------------------------------------------------------ */

/* A field that always took more than it should: a text that `old` has is as good as ever. */
bool ip_check_legacy(const struct path *at, struct str text, struct str_list old);
bool ip_check_legacy_range(const struct path *at, struct str text, struct str_list old);
/* A newer field: canonical text only. */
bool ip_check(const struct path *at, struct str text);
bool ip_check_range(const struct path *at, struct str text);
/* An address that an endpoint may have: none of this host or link only. */
bool ip_check_endpoint(const struct path *at, struct str text);

/* What is legal and yet should be written otherwise; absent: nothing to say. A range can have two things. */
struct str ip_warning(struct arena *arena, struct str path, struct str text);
uint32_t ip_range_warnings(struct arena *arena, struct str path, struct str text, struct str out[2]);

#endif
