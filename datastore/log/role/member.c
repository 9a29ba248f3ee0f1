#include "datastore/log/role/member.h"

#include "runtime/base/bytes.h"

/*
 * Layout: version u8, count u8; per member id u64, role u8, weight u32, three strings as u16 length and bytes. Version 2, written only
 * where a witness is among them, so that an older release reads all others: flags u8 behind the role.
 */
#define MEMBERS_VERSION 1
#define MEMBERS_VERSION_WITNESS 2
#define FLAG_WITNESS 1

const char *member_role_name(enum member_role role)
{
	switch (role) {
	case MEMBER_SPARE: return "spare";
	case MEMBER_STANDBY: return "standby";
	case MEMBER_VOTER: return "voter";
	}
	return "unknown";
}

const struct member *members_find(const struct members *members, uint64_t id)
{
	for (uint32_t i = 0; i < members->len; i++)
		if (members->at[i].id == id)
			return &members->at[i];
	return NULL;
}

uint32_t members_count(const struct members *members, enum member_role role)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < members->len; i++)
		count += members->at[i].role == role;
	return count;
}

bool members_is_witness(const struct members *members, uint64_t id)
{
	const struct member *member = members_find(members, id);
	return member && member->is_witness;
}

static bool has_witness(const struct members *members)
{
	for (uint32_t i = 0; i < members->len; i++)
		if (members->at[i].is_witness)
			return true;
	return false;
}

enum status members_put(struct members *members, const struct member *member)
{
	if (member->id == 0 || member->name.len > MEMBER_STRING_MAX ||
	    member->address.len > MEMBER_STRING_MAX || member->domain.len > MEMBER_STRING_MAX)
		return INVALID;
	uint32_t at = 0;
	while (at < members->len && members->at[at].id < member->id)
		at++;
	if (at == members->len || members->at[at].id != member->id) {
		if (members->len == LIMIT_MEMBERS)
			return BUSY;
		memmove(&members->at[at + 1], &members->at[at],
			(members->len - at) * sizeof *members->at);
		members->len++;
	}
	members->at[at] = *member;
	return OK;
}

enum status members_remove(struct members *members, uint64_t id)
{
	const struct member *found = members_find(members, id);
	if (!found)
		return NOT_FOUND;
	uint32_t at = (uint32_t)(found - members->at);
	members->len--;
	memmove(&members->at[at], &members->at[at + 1], (members->len - at) * sizeof *members->at);
	return OK;
}

static bool votes_in(const struct members *members, uint64_t id)
{
	const struct member *member = members_find(members, id);
	return member && member->role == MEMBER_VOTER;
}

bool members_is_one_step(const struct members *now, const struct members *next)
{
	uint32_t differences = 0;
	for (uint32_t i = 0; i < now->len; i++)
		differences += votes_in(now, now->at[i].id) != votes_in(next, now->at[i].id);
	for (uint32_t i = 0; i < next->len; i++)
		if (!members_find(now, next->at[i].id))
			differences += next->at[i].role == MEMBER_VOTER;
	return differences <= 1;
}

static uint32_t count_data_voters(const struct members *members)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < members->len; i++)
		count += members->at[i].role == MEMBER_VOTER && !members->at[i].is_witness;
	return count;
}

static void put_string(struct text *out, struct str s)
{
	assert(s.len <= MEMBER_STRING_MAX);
	char length[2];
	bytes_put_u16(length, (uint16_t)s.len);
	text_add_bytes(out, length, sizeof length);
	text_add(out, s);
}

void members_encode(const struct members *members, struct text *out)
{
	assert(members->len <= LIMIT_MEMBERS);
	bool has_flags = has_witness(members);
	text_add_char(out, has_flags ? MEMBERS_VERSION_WITNESS : MEMBERS_VERSION);
	text_add_char(out, (char)members->len);
	for (uint32_t i = 0; i < members->len; i++) {
		const struct member *member = &members->at[i];
		char fixed[14];
		char *at = bytes_put_u64(fixed, member->id);
		at = bytes_put_u8(at, (uint8_t)member->role);
		if (has_flags)
			at = bytes_put_u8(at, member->is_witness ? FLAG_WITNESS : 0);
		at = bytes_put_u32(at, member->weight);
		text_add_bytes(out, fixed, (size_t)(at - fixed));
		put_string(out, member->name);
		put_string(out, member->address);
		put_string(out, member->domain);
	}
}

static struct str read_string(struct bytes_reader *in)
{
	uint16_t len = bytes_read_u16(in);
	if (len > MEMBER_STRING_MAX)
		in->is_short = true;
	return bytes_read(in, len);
}

enum status members_decode(struct str bytes, uint64_t index, struct members *out, struct fault *why)
{
	struct bytes_reader in = { .rest = bytes };
	uint8_t version = bytes_read_u8(&in);
	if (version != MEMBERS_VERSION && version != MEMBERS_VERSION_WITNESS)
		return fault_set(why, CORRUPT, "", "list of members has version %u, known is %u",
				 version, MEMBERS_VERSION_WITNESS);
	uint8_t count = bytes_read_u8(&in);
	if (count == 0 || count > LIMIT_MEMBERS)
		return fault_set(why, CORRUPT, "", "list of %u members", count);
	struct members members = { .index = index };
	for (uint8_t i = 0; i < count && !in.is_short; i++) {
		struct member *member = &members.at[members.len++];
		member->id = bytes_read_u64(&in);
		uint8_t role = bytes_read_u8(&in), flags = 0;
		if (version == MEMBERS_VERSION_WITNESS)
			flags = bytes_read_u8(&in);
		member->role = (enum member_role)role;
		member->is_witness = flags & FLAG_WITNESS;
		member->weight = bytes_read_u32(&in);
		member->name = read_string(&in);
		member->address = read_string(&in);
		member->domain = read_string(&in);
		if (in.is_short)
			break;
		if (role > MEMBER_VOTER || flags > FLAG_WITNESS)
			return fault_set(why, CORRUPT, "", "member %u has role %u, flags %u", i,
					 role, flags);
		if (member->id == 0 || (i > 0 && member->id <= member[-1].id))
			return fault_set(why, CORRUPT, "", "members are not in order of id");
	}
	if (in.is_short || in.rest.len > 0)
		return fault_set(why, CORRUPT, "", "list of members is cut or too long");
	/* One version, one form. */
	if ((version == MEMBERS_VERSION_WITNESS) != has_witness(&members))
		return fault_set(why, CORRUPT, "", "list of members without a witness");
	if (count_data_voters(&members) == 0)
		return fault_set(why, CORRUPT, "", "list of members has no voter");
	*out = members;
	return OK;
}
