#include "deploy/embed/version.h"

const char *act_version(void)
{
	return ACT_VERSION;
}
