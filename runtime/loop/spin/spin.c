#include "runtime/loop/spin/spin.h"

void spin_init(struct spin *spin, uint32_t limit_us)
{
	*spin = (struct spin){ .limit_ns = (int64_t)limit_us * 1000, .price = SPIN_PRICE_MIN };
}

bool spin_may(const struct spin *spin)
{
	return spin->limit_ns > 0 && spin->earned >= spin->price;
}

void spin_slept(struct spin *spin, int64_t ns)
{
	if (ns >= spin->limit_ns)
		spin->earned = 0;
	else if (spin->earned < SPIN_PRICE_MAX)
		spin->earned++;
}

void spin_hit(struct spin *spin)
{
	if (spin->price > SPIN_PRICE_MIN)
		spin->price /= 2;
}

void spin_missed(struct spin *spin)
{
	spin->earned = 0;
	if (spin->price < SPIN_PRICE_MAX)
		spin->price *= 2;
}
