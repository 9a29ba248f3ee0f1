#include "deploy/main/api/serving/service-options.h"

#include <arpa/inet.h>

#define RANGE "service-cluster-ip-range"
#define PORTS "service-node-port-range"
/* Upstream's, and so that there are addresses beside the network's own, broadcast and that of the service `kubernetes`. */
#define V6_BITS_MIN 64U
#define V4_BITS_MAX 30U
#define V6_BITS_MAX 126U

struct range {
	uint8_t base[16];
	uint64_t bits;
	bool is_v6;
};

static bool parse(struct str text, struct arena *arena, struct range *out)
{
	struct str rest = text, address = str_cut(&rest, '/');
	uint64_t most;

	out->is_v6 = str_find_char(address, ':') >= 0;
	most = out->is_v6 ? 128 : 32;
	/* An IPv4 address within one of IPv6 is an address of either family, or of none. */
	if ((out->is_v6 && str_find_char(address, '.') >= 0) ||
	    str_to_u64(rest, &out->bits) != OK || out->bits > most ||
	    inet_pton(out->is_v6 ? AF_INET6 : AF_INET, arena_cstr(arena, address), out->base) != 1)
		return false;
	for (uint64_t bit = out->bits; bit < most; bit++)
		out->base[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
	return true;
}

static struct str print(const struct range *range, const uint8_t *address, struct arena *arena)
{
	char text[INET6_ADDRSTRLEN];

	(void)!inet_ntop(range->is_v6 ? AF_INET6 : AF_INET, address, text, sizeof text);
	return arena_str(arena, str_from(text));
}

static enum status take_range(struct str text, struct arena *arena, struct range *out,
			      struct str *out_text, struct fault *why)
{
	struct str base;
	uint32_t most;

	if (!parse(text, arena, out))
		return fault_set(why, BAD_REQUEST, RANGE,
				 "--" RANGE ": \"" STR_FMT "\" is no range, such as 10.96.0.0/16",
				 STR_ARG(text));
	most = out->is_v6 ? V6_BITS_MAX : V4_BITS_MAX;
	if (out->bits > most)
		return fault_set(why, BAD_REQUEST, RANGE,
				 "--" RANGE ": " STR_FMT
				 " is too small; the mask is %u bits at most",
				 STR_ARG(text), most);
	if (out->is_v6 && out->bits < V6_BITS_MIN)
		return fault_set(why, BAD_REQUEST, RANGE,
				 "--" RANGE ": " STR_FMT
				 " is too large; for 128-bit addresses, the mask must be >= %u",
				 STR_ARG(text), V6_BITS_MIN);
	base = print(out, out->base, arena);
	*out_text = arena_printf(arena, STR_FMT "/%ju", STR_ARG(base), (uintmax_t)out->bits);
	return OK;
}

static enum status take_ranges(struct str rest, struct arena *arena, struct service_setting *out,
			       struct fault *why)
{
	struct range ranges[2];

	do {
		if (out->cidr_count == 2)
			return fault_set(why, BAD_REQUEST, RANGE,
					 "--" RANGE " must not contain more than two entries");
		TRY(take_range(str_trim(str_cut(&rest, ',')), arena, &ranges[out->cidr_count],
			       &out->cidrs[out->cidr_count], why));
		out->cidr_count++;
	} while (rest.at != NULL);
	if (out->cidr_count == 2 && ranges[0].is_v6 == ranges[1].is_v6)
		return fault_set(why, BAD_REQUEST, RANGE,
				 "--" RANGE "[0] and --" RANGE
				 "[1] must be of different IP family");
	ranges[0].base[ranges[0].is_v6 ? 15 : 3] |= 1; /* the mask leaves two bits at least */
	out->address = print(&ranges[0], ranges[0].base, arena);
	return OK;
}

/* FIRST-LAST, FIRST+MORE or one port, as upstream reads it. */
static enum status take_ports(struct str text, struct service_setting *out, struct fault *why)
{
	bool is_offset = str_find_char(text, '+') >= 0;
	struct str rest = text, first = str_cut(&rest, is_offset ? '+' : '-');
	uint64_t min, max = 0;
	enum status status = str_to_u64(str_trim(first), &min);

	if (status == OK && rest.at != NULL)
		status = str_to_u64(str_trim(rest), &max);
	if (status == OK)
		max = rest.at == NULL ? min : is_offset && max <= UINT16_MAX ? min + max : max;
	if (status != OK || min < 1 || max < min || max > UINT16_MAX)
		return fault_set(why, BAD_REQUEST, PORTS,
				 "--" PORTS
				 " is FIRST-LAST, of ports from 1 to 65535, not \"" STR_FMT "\"",
				 STR_ARG(text));
	out->port_min = (uint16_t)min;
	out->port_max = (uint16_t)max;
	return OK;
}

enum status service_options_load(const struct command_line *line, struct arena *arena,
				 struct service_setting *out, struct fault *why)
{
	*out = (struct service_setting){ .cidr_count = 0 };
	TRY(take_ranges(str_from(command_text(line, RANGE)), arena, out, why));
	return take_ports(str_from(command_text(line, PORTS)), out, why);
}

void service_options_name(const struct service_setting *setting, struct node_identity *identity)
{
	struct str address = setting->address;

	assert(address.len < sizeof identity->service_address);
	memcpy(identity->service_address, address.at, address.len);
	identity->service_address[address.len] = '\0';
}
