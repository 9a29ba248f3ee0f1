#include "datastore/cel/library/opaque.h"

#include <arpa/inet.h>

#include "datastore/cel/library/function.h"
#include "datastore/object/name.h"

/*
 * IP addresses and CIDRs. Neither zones nor IPv4 within IPv6 are taken.
 */

struct address {
	struct str text; /* canonical; in front, since equality looks at it */
	unsigned char bytes[16];
	uint32_t len;  /* 4 or 16 */
	uint32_t bits; /* of a CIDR */
};

/* ---- reading --------------------------------------------------------------------------------------------------- */

/* Go's words for what is wrong with a part of an IPv4 address, and where; NULL: nothing. */
static const char *wrong_field(struct str field, const char **at)
{
	uint32_t number = 0;

	for (uint32_t i = 0; i < field.len; i++) {
		*at = field.at + i;
		if (field.at[i] < '0' || field.at[i] > '9')
			return "unexpected character";
		*at = NULL;
		if (i == 1 && field.at[0] == '0')
			return "IPv4 field has octet with leading zero";
		number = number * 10 + (uint32_t)(field.at[i] - '0');
		if (number > 255)
			return "IPv4 field has value >255";
	}
	*at = field.at;
	return field.len == 0 ? "IPv4 field must have at least one digit" : NULL;
}

static struct str wrong_v4(struct str text, struct arena *arena)
{
	struct str rest = text, where;
	uint32_t fields = 0;

	while (rest.at != NULL) {
		const char *at = NULL;
		const char *words = wrong_field(str_cut(&rest, '.'), &at);

		if (words != NULL && at == NULL)
			return str_from(words);
		if (words != NULL) {
			where = str_slice(text, (uint32_t)(at - text.at), text.len);
			return arena_printf(arena, "%s (at " STR_FMT ")", words,
					    STR_ARG(name_quoted(arena, where)));
		}
		if (++fields > 4)
			return STR("IPv4 address too long");
	}
	return fields < 4 ? STR("IPv4 address too short") : STR_NONE;
}

/* The words of a fault, or absent. */
static struct str read_bytes(struct str text, struct arena *arena, struct address *out)
{
	bool is_v6 = str_find_char(text, ':') >= 0;
	struct str wrong = STR_NONE;

	if (!is_v6 && str_find_char(text, '.') < 0)
		return STR("unable to parse IP");
	if (!is_v6)
		wrong = wrong_v4(text, arena);
	if (wrong.at != NULL)
		return wrong;
	out->len = is_v6 ? 16 : 4;
	if (text.len > 64 ||
	    inet_pton(is_v6 ? AF_INET6 : AF_INET, arena_cstr(arena, text), out->bytes) != 1)
		return STR("unable to parse IP");
	return STR_NONE;
}

static bool is_v4_in_v6(const struct address *address)
{
	static const unsigned char prefix[12] = { [10] = 0xff, [11] = 0xff };

	return address->len == 16 && memcmp(address->bytes, prefix, sizeof prefix) == 0;
}

/* RFC 5952, which is how inet_ntop() writes all but addresses that look like IPv4 within IPv6. */
static struct str canonical(const struct address *address, struct arena *arena)
{
	char text[INET6_ADDRSTRLEN];
	struct text out = text_in(arena, 64);
	uint32_t best = 8, best_len = 1;

	if (address->len == 4) {
		inet_ntop(AF_INET, address->bytes, text, sizeof text);
		return arena_str(arena, str_from(text));
	}
	for (uint32_t i = 0; i < 8; i++) {
		uint32_t end = i;

		while (end < 8 && address->bytes[2 * end] == 0 && address->bytes[2 * end + 1] == 0)
			end++;
		if (end - i > best_len) {
			best = i;
			best_len = end - i;
		}
	}
	for (uint32_t i = 0; i < 8; i++) {
		if (i == best) {
			text_lit(&out, "::");
			i += best_len - 1;
			continue;
		}
		if (i > 0 && i != best + best_len)
			text_add_char(&out, ':');
		text_printf(&out, "%x",
			    (unsigned)(address->bytes[2 * i] << 8 | address->bytes[2 * i + 1]));
	}
	return arena_str(arena, text_str(&out));
}

static struct str read_ip(struct str text, struct arena *arena, struct address *out)
{
	struct str quoted = name_quoted(arena, text), address = text, wrong;
	int64_t zone = str_find_char(text, '%');

	if (zone >= 0 && str_find_char(text, ':') >= 0)
		address = str_slice(text, 0, (uint32_t)zone);
	*out = (struct address){ 0 };
	wrong = read_bytes(address, arena, out);
	if (wrong.at != NULL)
		return arena_printf(arena,
				    "IP Address " STR_FMT
				    " parse error during conversion from string: "
				    "ParseAddr(" STR_FMT "): " STR_FMT,
				    STR_ARG(quoted), STR_ARG(quoted), STR_ARG(wrong));
	if (address.len != text.len)
		return arena_printf(arena, "IP address " STR_FMT " with zone value is not allowed",
				    STR_ARG(quoted));
	if (is_v4_in_v6(out))
		return arena_printf(arena, "IPv4-mapped IPv6 address " STR_FMT " is not allowed",
				    STR_ARG(quoted));
	out->text = canonical(out, arena);
	return STR_NONE;
}

static struct str cidr_text(const struct address *address, struct arena *arena)
{
	return arena_printf(arena, STR_FMT "/%u", STR_ARG(canonical(address, arena)), address->bits);
}

static struct str wrong_bits(struct str digits, uint32_t max, struct arena *arena, uint32_t *out)
{
	uint64_t bits = 0;

	if (digits.len == 0 || digits.len > 3 || (digits.len > 1 && digits.at[0] == '0') ||
	    digits.at[0] == '+' || str_to_u64(digits, &bits) != OK)
		return arena_printf(arena, "bad bits after slash: " STR_FMT,
				    STR_ARG(name_quoted(arena, digits)));
	*out = (uint32_t)bits;
	return bits > max ? STR("prefix length out of range") : STR_NONE;
}

static struct str read_cidr(struct str text, struct arena *arena, struct address *out)
{
	int64_t slash = str_find_last(text, '/');
	struct str quoted = name_quoted(arena, text), wrong = STR("no '/'");

	*out = (struct address){ 0 };
	if (slash >= 0)
		wrong = read_bytes(str_slice(text, 0, (uint32_t)slash), arena, out);
	if (wrong.at == NULL)
		wrong = wrong_bits(str_slice(text, (uint32_t)slash + 1, text.len), 8 * out->len,
				   arena, &out->bits);
	if (wrong.at != NULL)
		return arena_printf(arena,
				    "network address parse error during conversion from string: "
				    "network address parse error during conversion from string: "
				    "netip.ParsePrefix(" STR_FMT "): " STR_FMT,
				    STR_ARG(quoted), STR_ARG(wrong));
	if (is_v4_in_v6(out))
		return arena_printf(arena,
				    "network address parse error during conversion from string: "
				    "IPv4-mapped IPv6 address " STR_FMT " is not allowed",
				    STR_ARG(quoted));
	out->text = cidr_text(out, arena);
	return STR_NONE;
}

uint32_t address_prefix_size(struct cel_value cidr)
{
	return (((const struct address *)cidr.opaque)->bits + 7) / 8;
}

static struct cel_value value_of(struct cel_call *call, enum cel_kind kind,
				 const struct address *address, struct str wrong)
{
	if (wrong.at != NULL)
		return cel_value_error(call->arena, STR_FMT, STR_ARG(wrong));
	return (struct cel_value){ .kind = kind,
				   .opaque = arena_copy(call->arena, address, sizeof *address) };
}

static struct cel_value ip(struct cel_call *call, const struct cel_value *args)
{
	struct address address;
	struct str wrong = read_ip(args[0].text, call->arena, &address);

	return value_of(call, CEL_IP, &address, wrong);
}

static struct cel_value cidr(struct cel_call *call, const struct cel_value *args)
{
	struct address address;
	struct str wrong = read_cidr(args[0].text, call->arena, &address);

	return value_of(call, CEL_CIDR, &address, wrong);
}

static struct cel_value is_ip(struct cel_call *call, const struct cel_value *args)
{
	struct address address;

	return cel_bool(read_ip(args[0].text, call->arena, &address).at == NULL);
}

static struct cel_value is_cidr(struct cel_call *call, const struct cel_value *args)
{
	struct address address;

	return cel_bool(read_cidr(args[0].text, call->arena, &address).at == NULL);
}

static struct cel_value is_canonical(struct cel_call *call, const struct cel_value *args)
{
	struct cel_value address = ip(call, args);

	if (address.kind == CEL_ERROR)
		return address;
	return cel_bool(str_eq(((const struct address *)address.opaque)->text, args[0].text));
}

static struct cel_value text_of(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_string(((const struct address *)args[0].opaque)->text);
}

/* ---- asking ---------------------------------------------------------------------------------------------------- */

static struct cel_value family(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_int(((const struct address *)args[0].opaque)->len == 4 ? 4 : 6);
}

/* Whether all bytes from `from` on are zero but for the last, which is `last`. */
static bool ends_in(const struct address *address, uint32_t from, unsigned char last)
{
	for (uint32_t i = from; i + 1 < address->len; i++)
		if (address->bytes[i] != 0)
			return false;
	return address->bytes[address->len - 1] == last;
}

static bool unspecified(const struct address *a)
{
	return ends_in(a, 0, 0);
}

static bool loopback(const struct address *a)
{
	return a->len == 4 ? a->bytes[0] == 127 : ends_in(a, 0, 1);
}

static bool link_local_multicast(const struct address *a)
{
	return a->len == 4 ? a->bytes[0] == 224 && a->bytes[1] == 0 && a->bytes[2] == 0
			   : a->bytes[0] == 0xff && (a->bytes[1] & 0x0f) == 2;
}

static bool link_local_unicast(const struct address *a)
{
	return a->len == 4 ? a->bytes[0] == 169 && a->bytes[1] == 254
			   : a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

static bool global_unicast(const struct address *a)
{
	bool is_broadcast = a->len == 4 && memcmp(a->bytes, "\xff\xff\xff\xff", 4) == 0;
	bool is_multicast = a->len == 4 ? (a->bytes[0] & 0xf0) == 0xe0 : a->bytes[0] == 0xff;

	return !is_broadcast && !is_multicast && !unspecified(a) && !loopback(a) &&
	       !link_local_unicast(a);
}

#define QUESTION(function, asks)                                                              \
	static struct cel_value function(struct cel_call *call, const struct cel_value *args) \
	{                                                                                     \
		(void)call;                                                                   \
		return cel_bool(asks(args[0].opaque));                                        \
	}
QUESTION(is_unspecified, unspecified)
QUESTION(is_loopback, loopback)
QUESTION(is_link_local_multicast, link_local_multicast)
QUESTION(is_link_local_unicast, link_local_unicast)
QUESTION(is_global_unicast, global_unicast)

/* ---- CIDRs ------------------------------------------------------------------------------------------------------- */

static bool same_bits(const struct address *a, const struct address *b, uint32_t bits)
{
	for (uint32_t i = 0; i < bits; i++)
		if (((a->bytes[i / 8] ^ b->bytes[i / 8]) >> (7 - i % 8) & 1) != 0)
			return false;
	return true;
}

static bool covers(const struct address *cidr, const struct address *other)
{
	return cidr->len == other->len && same_bits(cidr, other, cidr->bits);
}

static struct cel_value contains_ip(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_bool(covers(args[0].opaque, args[1].opaque));
}

/* What is no address has no overload, as upstream says it. */
static struct cel_value contains_ip_text(struct cel_call *call, const struct cel_value *args)
{
	struct address other;

	if (read_ip(args[1].text, call->arena, &other).at != NULL)
		return cel_value_no_overload();
	return cel_bool(covers(args[0].opaque, &other));
}

static bool covers_cidr(const struct address *cidr, const struct address *other)
{
	return cidr->bits <= other->bits && covers(cidr, other);
}

static struct cel_value contains_cidr(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_bool(covers_cidr(args[0].opaque, args[1].opaque));
}

static struct cel_value contains_cidr_text(struct cel_call *call, const struct cel_value *args)
{
	struct address other;

	if (read_cidr(args[1].text, call->arena, &other).at != NULL)
		return cel_value_no_overload();
	return cel_bool(covers_cidr(args[0].opaque, &other));
}

static struct cel_value cidr_ip(struct cel_call *call, const struct cel_value *args)
{
	struct address out = *(const struct address *)args[0].opaque;

	out.text = canonical(&out, call->arena);
	return value_of(call, CEL_IP, &out, STR_NONE);
}

static struct cel_value prefix_length(struct cel_call *call, const struct cel_value *args)
{
	(void)call;
	return cel_int(((const struct address *)args[0].opaque)->bits);
}

static struct cel_value masked(struct cel_call *call, const struct cel_value *args)
{
	struct address out = *(const struct address *)args[0].opaque;

	for (uint32_t i = out.bits; i < 8 * out.len; i++)
		out.bytes[i / 8] &= (unsigned char)~(0x80U >> i % 8);
	out.text = cidr_text(&out, call->arena);
	return value_of(call, CEL_CIDR, &out, STR_NONE);
}

static const struct cel_function rows[] = {
	{ "ip", "(string)IP", ip, PRICE_SCAN },
	{ "ip", ".(CIDR)IP", cidr_ip, PRICE_ONE },
	{ "ip.isCanonical", "(string)bool", is_canonical, PRICE_SCAN_TWICE },
	{ "isIP", "(string)bool", is_ip, PRICE_SCAN },
	{ "string", "(IP)string", text_of, PRICE_ONE },
	{ "family", ".(IP)int", family, PRICE_ONE },
	{ "isUnspecified", ".(IP)bool", is_unspecified, PRICE_ONE },
	{ "isLoopback", ".(IP)bool", is_loopback, PRICE_ONE },
	{ "isLinkLocalMulticast", ".(IP)bool", is_link_local_multicast, PRICE_ONE },
	{ "isLinkLocalUnicast", ".(IP)bool", is_link_local_unicast, PRICE_ONE },
	{ "isGlobalUnicast", ".(IP)bool", is_global_unicast, PRICE_ONE },
	{ "cidr", "(string)CIDR", cidr, PRICE_SCAN },
	{ "isCIDR", "(string)bool", is_cidr, PRICE_SCAN },
	{ "string", "(CIDR)string", text_of, PRICE_ONE },
	{ "containsIP", ".(CIDR,string)bool", contains_ip_text, PRICE_CONTAINS_IP_TEXT },
	{ "containsIP", ".(CIDR,IP)bool", contains_ip, PRICE_CONTAINS_IP },
	{ "containsCIDR", ".(CIDR,string)bool", contains_cidr_text, PRICE_CONTAINS_CIDR_TEXT },
	{ "containsCIDR", ".(CIDR,CIDR)bool", contains_cidr, PRICE_CONTAINS_CIDR },
	{ "prefixLength", ".(CIDR)int", prefix_length, PRICE_ONE },
	{ "masked", ".(CIDR)CIDR", masked, PRICE_ONE },
};
CEL_FUNCTION_TABLE(cel_functions_address, rows);
