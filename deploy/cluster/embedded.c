#include "deploy/cluster/embedded.h"

#include "transport/wire/gzip.h"

#define UNPACKED_MAX (256U * KIB)

extern const char cluster_objects[], cluster_features[];
extern const unsigned cluster_objects_len, cluster_features_len;

static struct str unpack(const char *at, unsigned len, struct arena *arena)
{
	struct text out = text_in(arena, UNPACKED_MAX);
	enum status status = gzip_unpack(&out, str_of(at, len));

	assert(status == OK);
	return text_str(&out);
}

struct str embedded_objects(struct arena *arena)
{
	return unpack(cluster_objects, cluster_objects_len, arena);
}

struct str embedded_features(struct arena *arena)
{
	return unpack(cluster_features, cluster_features_len, arena);
}
