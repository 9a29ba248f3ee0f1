#include "actors/server/proxy/address.h"

#include <string.h>

#include "actors/kinds/field/ip.h"
#include "actors/server/proxy/rewrite.h"
#include "transport/http/url.h"

bool address_split(struct str id, struct address *out)
{
	struct str parts[3], rest = id, scheme;
	uint32_t count = 0;

	while (rest.at != NULL) {
		if (count == 3)
			return false;
		parts[count++] = str_cut(&rest, ':');
	}
	if (count == 0)
		return false;
	scheme = count == 3 ? parts[0] : STR("");
	*out = (struct address){ .is_tls = str_is(scheme, "https"),
				 .name = parts[count == 3],
				 .port = count > 1 ? parts[count - 1] : STR("") };
	return out->name.len > 0 && (scheme.len == 0 || out->is_tls || str_is(scheme, "http"));
}

uint16_t address_port(struct str text)
{
	uint64_t port;

	if (str_to_u64(text, &port) != OK || port > UINT16_MAX)
		return 0;
	return (uint16_t)port;
}

bool address_is_allowed(struct str text)
{
	static const uint8_t none[16], this_machine[16] = { [15] = 1 };
	struct ip ip;
	const uint8_t *at;

	if (!ip_parse(text, &ip))
		return false;
	at = ip.bytes;
	if (ip.is_v6)
		return memcmp(at, none, 16) != 0 && memcmp(at, this_machine, 16) != 0 &&
		       at[0] != 0xff && !(at[0] == 0xfe && (at[1] & 0xc0) == 0x80);
	at += 12;
	return memcmp(at, none, 4) != 0 && at[0] != 127 && (at[0] & 0xf0) != 0xe0 &&
	       !(at[0] == 169 && at[1] == 254) && memcmp(at, "\xff\xff\xff\xff", 4) != 0;
}

/* As Go encodes paths: what has no meaning of its own there stays. */
static void encode(struct text *out, struct str path)
{
	for (uint32_t i = 0; i < path.len; i++) {
		struct str c = str_slice(path, i, i + 1);

		if (strchr("$&+,/:;=@", c.at[0]) != NULL)
			text_add(out, c);
		else
			url_encode(out, c, true);
	}
}

enum status address_path(struct arena *arena, struct str path, struct str rest, struct str *out)
{
	struct text encoded;
	struct str decoded;

	if (rest.len == 0) {
		*out = str_ends(path, STR("/")) ? STR("/") : STR("");
		return OK;
	}
	TRY(url_decode(arena, rest, &decoded));
	decoded = rewrite_clean(arena, decoded);
	encoded = text_in(arena, 3 * decoded.len + 1);
	encode(&encoded, decoded);
	*out = text_str(&encoded);
	return OK;
}

struct str address_prefix(struct str path, struct str rest)
{
	uint32_t len = path.len - rest.len;

	while (rest.len == 0 && len > 0 && path.at[len - 1] == '/')
		len--;
	return str_slice(path, 0, len);
}
