#include "actors/kinds/field/ip.h"

#define V4_OFFSET 12U
#define GROUPS 8U

/* ---- reading --------------------------------------------------------------------------------------------------- */

/* Decimal, at most `max`; a leading zero is noted. */
static bool read_decimal(struct str text, uint32_t max, uint32_t *out, bool *has_leading_zeros)
{
	uint64_t value;

	/* Go's sloppy parser takes any number of zeros in front; so many digits are no address. */
	if (text.len == 0 || text.len > 16 || text.at[0] < '0' || text.at[0] > '9' ||
	    str_to_u64(text, &value) != OK || value > max)
		return false;
	*has_leading_zeros |= text.len > 1 && text.at[0] == '0';
	*out = (uint32_t)value;
	return true;
}

static bool parse_v4(struct str text, struct ip *out)
{
	struct str rest = text;
	uint32_t octet;

	for (uint32_t i = 0; i < 4; i++) {
		if (rest.at == NULL ||
		    !read_decimal(str_cut(&rest, '.'), 255, &octet, &out->has_leading_zeros))
			return false;
		out->bytes[V4_OFFSET + i] = (uint8_t)octet;
	}
	return rest.at == NULL;
}

static bool read_group(struct str text, uint32_t *out)
{
	uint32_t value = 0;

	if (text.len == 0 || text.len > 4)
		return false;
	for (uint32_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
				 : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
				 : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
							: 16U;

		if (digit == 16)
			return false;
		value = value << 4 | digit;
	}
	*out = value;
	return true;
}

/* Groups between colons into bytes; an IPv4 address may stand at the end. Gives the number of bytes, or -1. */
static int read_groups(struct str text, uint8_t bytes[16], struct ip *flags)
{
	struct str rest = text;
	uint32_t len = 0, group;

	if (text.len == 0)
		return 0;
	while (rest.at != NULL) {
		struct str part = str_cut(&rest, ':');

		if (rest.at == NULL && str_find_char(part, '.') >= 0) {
			struct ip v4 = { 0 };

			if (len > 12 || !parse_v4(part, &v4))
				return -1;
			memcpy(bytes + len, v4.bytes + V4_OFFSET, 4);
			flags->has_leading_zeros |= v4.has_leading_zeros;
			return (int)len + 4;
		}
		if (len == 16 || !read_group(part, &group))
			return -1;
		bytes[len++] = (uint8_t)(group >> 8);
		bytes[len++] = (uint8_t)group;
	}
	return (int)len;
}

static bool parse_v6(struct str text, struct ip *out)
{
	int64_t gap = str_find(text, STR("::"));
	uint8_t head[16] = { 0 }, tail[16] = { 0 };
	int head_len, tail_len = 0;

	head_len = read_groups(gap < 0 ? text : str_slice(text, 0, (uint32_t)gap), head, out);
	if (gap >= 0)
		tail_len = read_groups(str_slice(text, (uint32_t)gap + 2, text.len), tail, out);
	if (head_len < 0 || tail_len < 0)
		return false;
	/* A gap stands for at least one group. */
	if (gap < 0 ? head_len != 16 : head_len + tail_len > 14)
		return false;
	/* An IPv4 address in front of the gap is none. */
	if (gap >= 0 && str_find_char(str_slice(text, 0, (uint32_t)gap), '.') >= 0)
		return false;
	memcpy(out->bytes, head, (size_t)head_len);
	memcpy(out->bytes + 16 - tail_len, tail, (size_t)tail_len);
	out->is_v6 = true;
	return true;
}

static void unmap(struct ip *ip)
{
	static const uint8_t prefix[V4_OFFSET] = { [10] = 0xff, [11] = 0xff };

	if (memcmp(ip->bytes, prefix, sizeof prefix) != 0)
		return;
	memset(ip->bytes, 0, sizeof prefix);
	ip->is_v6 = false;
	ip->is_mapped = true;
}

bool ip_parse(struct str text, struct ip *out)
{
	struct ip ip = { 0 };

	if (str_find_char(text, ':') < 0) {
		if (!parse_v4(text, &ip))
			return false;
	} else {
		if (!parse_v6(text, &ip))
			return false;
		unmap(&ip);
	}
	*out = ip;
	return true;
}

static void mask(struct ip *ip, uint32_t bits)
{
	uint32_t from = ip->is_v6 ? bits : bits + 8 * V4_OFFSET;

	for (uint32_t i = from; i < 128; i++)
		ip->bytes[i / 8] &= (uint8_t) ~(0x80U >> (i % 8));
}

bool ip_range_parse(struct str text, struct ip_range *out)
{
	struct ip_range range = { 0 };
	struct str rest = text, address = str_cut(&rest, '/');

	if (rest.at == NULL || !ip_parse(address, &range.address))
		return false;
	range.has_leading_zeros = range.address.has_leading_zeros;
	range.is_mapped = range.address.is_mapped;
	if (!read_decimal(rest, range.address.is_v6 || range.is_mapped ? 128 : 32, &range.bits,
			  &range.has_leading_zeros))
		return false;
	if (range.is_mapped)
		range.bits = range.bits < 96 ? 0 : range.bits - 96;
	range.base = range.address;
	mask(&range.base, range.bits);
	*out = range;
	return true;
}

bool ip_is(struct str text)
{
	struct ip ip;

	return ip_parse(text, &ip);
}

bool ip_is_v6(struct str text)
{
	struct ip ip;

	return ip_parse(text, &ip) && ip.is_v6;
}

/* ---- printing ------------------------------------------------------------------------------------------------ */

/* The longest run of zero groups, the first of equals, at least two (RFC 5952, 4.2). */
static void find_gap(const uint32_t groups[GROUPS], uint32_t *at, uint32_t *len)
{
	*at = GROUPS;
	*len = 1;
	for (uint32_t i = 0; i < GROUPS; i++) {
		uint32_t run = 0;

		while (i + run < GROUPS && groups[i + run] == 0)
			run++;
		if (run > *len) {
			*at = i;
			*len = run;
		}
	}
}

static struct str print_v6(const struct ip *ip, struct arena *arena)
{
	struct text out = text_in(arena, 64);
	uint32_t groups[GROUPS], gap, gap_len;

	for (uint32_t i = 0; i < GROUPS; i++)
		groups[i] = (uint32_t)ip->bytes[2 * i] << 8 | ip->bytes[2 * i + 1];
	find_gap(groups, &gap, &gap_len);
	for (uint32_t i = 0; i < GROUPS; i++) {
		if (i == gap) {
			text_lit(&out, "::");
			i += gap_len - 1;
			continue;
		}
		if (i > 0 && out.at[out.len - 1] != ':')
			text_add_char(&out, ':');
		text_printf(&out, "%x", groups[i]);
	}
	return text_str(&out);
}

struct str ip_print(const struct ip *ip, struct arena *arena)
{
	const uint8_t *v4 = ip->bytes + V4_OFFSET;

	if (ip->is_v6)
		return print_v6(ip, arena);
	return arena_printf(arena, "%u.%u.%u.%u", v4[0], v4[1], v4[2], v4[3]);
}

struct str ip_range_print(const struct ip_range *range, struct arena *arena)
{
	return arena_printf(arena, STR_FMT "/%u", STR_ARG(ip_print(&range->base, arena)),
			    range->bits);
}

/* ---- arithmetic ------------------------------------------------------------------------------------------------ */

int ip_cmp(const struct ip *a, const struct ip *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

bool ip_range_has(const struct ip_range *range, const struct ip *ip)
{
	struct ip masked = *ip;

	if (ip->is_v6 != range->base.is_v6)
		return false;
	mask(&masked, range->bits);
	return ip_cmp(&masked, &range->base) == 0;
}

struct ip ip_add(const struct ip *ip, uint64_t offset)
{
	struct ip sum = *ip;
	uint32_t lowest = ip->is_v6 ? 0 : V4_OFFSET;
	uint64_t carry = offset;

	for (uint32_t i = 16; i-- > lowest && carry > 0;) {
		uint64_t byte = (carry & 0xff) + sum.bytes[i];

		sum.bytes[i] = (uint8_t)byte;
		carry = (carry >> 8) + (byte >> 8);
	}
	return sum;
}

struct ip ip_range_last(const struct ip_range *range)
{
	struct ip last = range->base;
	uint32_t from = last.is_v6 ? range->bits : range->bits + 8 * V4_OFFSET;

	for (uint32_t i = from; i < 128; i++)
		last.bytes[i / 8] |= (uint8_t)(0x80U >> (i % 8));
	return last;
}

/* ---- rules ---------------------------------------------------------------------------------------------------- */

bool ip_check_legacy(const struct path *at, struct str text, struct str_list old)
{
	struct ip ip;

	if (str_list_has(old, text))
		return true;
	if (!ip_parse(text, &ip))
		return path_invalid(
		    at, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
	if (ip.has_leading_zeros)
		return path_invalid(at, text, "must not have leading 0s");
	if (ip.is_mapped)
		return path_invalid(at, text, "must not be an IPv4-mapped IPv6 address");
	return true;
}

bool ip_check_legacy_range(const struct path *at, struct str text, struct str_list old)
{
	struct ip_range range;

	if (str_list_has(old, text))
		return true;
	if (!ip_range_parse(text, &range))
		return path_invalid(
		    at, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
	if (range.has_leading_zeros)
		return path_invalid(at, text, "must not have leading 0s in IP or prefix length");
	if (range.is_mapped)
		return path_invalid(at, text, "must not have an IPv4-mapped IPv6 address");
	if (ip_cmp(&range.base, &range.address) != 0)
		return path_invalid(at, text, "must not have bits set beyond the prefix length");
	return true;
}

static bool check_canonical(const struct path *at, struct str text, struct str canonical)
{
	if (str_eq(text, canonical))
		return true;
	path_invalid(
	    at, text,
	    arena_cstr(path_arena(at),
		       arena_printf(path_arena(at), "must be in canonical form (\"" STR_FMT "\")",
				    STR_ARG(canonical))));
	return false;
}

bool ip_check(const struct path *at, struct str text)
{
	struct ip ip;

	if (!ip_check_legacy(at, text, (struct str_list){ 0 }))
		return false;
	return ip_parse(text, &ip) && check_canonical(at, text, ip_print(&ip, path_arena(at)));
}

bool ip_check_range(const struct path *at, struct str text)
{
	struct ip_range range;

	if (!ip_check_legacy_range(at, text, (struct str_list){ 0 }))
		return false;
	return ip_range_parse(text, &range) &&
	       check_canonical(at, text, ip_range_print(&range, path_arena(at)));
}

static bool is_zero(const struct ip *ip, uint32_t but_last)
{
	for (uint32_t i = 0; i < 16 - but_last; i++)
		if (ip->bytes[i] != 0)
			return false;
	return true;
}

static bool is_loopback(const struct ip *ip)
{
	if (!ip->is_v6)
		return ip->bytes[V4_OFFSET] == 127;
	return is_zero(ip, 1) && ip->bytes[15] == 1;
}

static bool is_link_local(const struct ip *ip)
{
	if (!ip->is_v6)
		return ip->bytes[12] == 169 && ip->bytes[13] == 254;
	return ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

static bool is_link_local_multicast(const struct ip *ip)
{
	if (!ip->is_v6)
		return ip->bytes[12] == 224 && ip->bytes[13] == 0 && ip->bytes[14] == 0;
	return ip->bytes[0] == 0xff && (ip->bytes[1] & 0x0f) == 0x02;
}

bool ip_check_endpoint(const struct path *at, struct str text)
{
	uint32_t before = path_faults(at)->len;
	struct ip ip;

	if (!ip_parse(text, &ip))
		return path_invalid(at, text, "must be a valid IP address");
	if (is_zero(&ip, 0))
		path_fault(at, FAULT_INVALID,
			   arena_printf(path_arena(at), "\"" STR_FMT "\"", STR_ARG(text)),
			   "may not be unspecified (" STR_FMT ")", STR_ARG(text));
	if (is_loopback(&ip))
		path_invalid(at, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
	if (is_link_local(&ip))
		path_invalid(at, text,
			     "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
	if (is_link_local_multicast(&ip))
		path_invalid(
		    at, text,
		    "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
	return path_faults(at)->len == before;
}

/* ---- warnings --------------------------------------------------------------------------------------------------- */

struct str ip_warning(struct arena *arena, struct str path, struct str text)
{
	struct str canonical;
	struct ip ip;

	if (!ip_parse(text, &ip))
		return STR_NONE;
	canonical = ip_print(&ip, arena);
	if (ip.has_leading_zeros || ip.is_mapped)
		return arena_printf(arena,
				    STR_FMT ": non-standard IP address \"" STR_FMT
					    "\" is invalid: use \"" STR_FMT "\"",
				    STR_ARG(path), STR_ARG(text), STR_ARG(canonical));
	if (!ip.is_v6 || str_eq(text, canonical))
		return STR_NONE;
	return arena_printf(arena,
			    STR_FMT ": IPv6 address \"" STR_FMT
				    "\" should be in RFC 5952 canonical format (\"" STR_FMT "\")",
			    STR_ARG(path), STR_ARG(text), STR_ARG(canonical));
}

uint32_t ip_range_warnings(struct arena *arena, struct str path, struct str text, struct str out[2])
{
	struct ip_range range;
	struct str canonical;
	uint32_t count = 0;

	if (!ip_range_parse(text, &range))
		return 0;
	canonical = ip_range_print(&range, arena);
	if (ip_cmp(&range.base, &range.address) != 0)
		out[count++] = arena_printf(
		    arena,
		    STR_FMT ": CIDR value \"" STR_FMT
			    "\" is ambiguous in this context (should be \"" STR_FMT
			    "\" or \"" STR_FMT "/%u\"?)",
		    STR_ARG(path), STR_ARG(text), STR_ARG(canonical),
		    STR_ARG(ip_print(&range.address, arena)), range.base.is_v6 ? 128U : 32U);
	if (range.has_leading_zeros || range.is_mapped)
		out[count++] = arena_printf(arena,
					    STR_FMT ": non-standard CIDR value \"" STR_FMT
						    "\" is invalid: use \"" STR_FMT "\"",
					    STR_ARG(path), STR_ARG(text), STR_ARG(canonical));
	if (count == 0 && range.base.is_v6 && !str_eq(text, canonical))
		out[count++] = arena_printf(
		    arena,
		    STR_FMT ": IPv6 CIDR value \"" STR_FMT
			    "\" should be in RFC 5952 canonical format (\"" STR_FMT "\")",
		    STR_ARG(path), STR_ARG(text), STR_ARG(canonical));
	return count;
}
