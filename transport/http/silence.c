#include "transport/http/silence.h"

static bool is_past(struct mono since, struct mono now, int64_t ms)
{
	return now.ns - since.ns > ms * TIME_MS;
}

enum silence_verdict silence_judge(struct silence *silence, struct mono heard_at, struct mono now)
{
	if (heard_at.ns >= silence->pinged_at.ns)
		silence->pinged_at.ns = 0;
	if (!is_past(heard_at, now, SILENCE_QUIET_MS))
		return SILENCE_FINE;
	if (silence->pinged_at.ns != 0)
		return is_past(silence->pinged_at, now, SILENCE_PONG_MS) ? SILENCE_LOST
									 : SILENCE_FINE;
	silence->pinged_at = now;
	return SILENCE_PING;
}
