/*
 * Forecasts: what would become of the cluster if a member stopped now. A pure function of what roles.h is shown.
 *
 * It answers for a stop without warning; whoever stops in order hands over first, which only makes it better. "May stop" means that
 * writes go on while it is away. The words are for people, and name numbers and failure domains, never members.
 */
#ifndef DATASTORE_LOG_ROLE_FORECAST_H
#define DATASTORE_LOG_ROLE_FORECAST_H

#include "datastore/log/role/roles.h"

struct forecast {
	bool is_down; /* it has stopped already */
	bool may_stop;
	bool has_vote, is_leader;
	uint32_t voters;   /* as the list of members says */
	uint32_t left;     /* of them, that answer and are caught up, without it */
	uint32_t needed;   /* a majority */
	int32_t tolerance; /* how many more of those may fail meanwhile; negative: writes stop */
	bool is_replaced; /* somebody can take its vote: what may be lost is as before soon after */
	struct str domain; /* whose loss would stop writes meanwhile, and would not now; absent: none */
};

/* `id` is one of the input's members. */
struct forecast forecast_of(const struct roles_input *input, uint64_t id);
void forecast_words(const struct forecast *forecast, struct text *out);

#endif
