/*
 * PCRE2 without its compiler to machine code.
 *
 * A pattern has code of its own only if pcre2_jit_compile was called for it, which is done nowhere: so none has, and nothing is to run
 * or to be given back.
 */
#define PCRE2_ERROR_JIT_BADOPTION (-45)

int _pcre2_jit_check_exec_8(const void *code, unsigned options);
void _pcre2_jit_free_8(const void *code, const void *memory);
int pcre2_jit_match_8(const void *pattern);

int _pcre2_jit_check_exec_8(const void *code, unsigned options)
{
	(void)code;
	(void)options;
	return 0;
}

void _pcre2_jit_free_8(const void *code, const void *memory)
{
	(void)code;
	(void)memory;
}

int pcre2_jit_match_8(const void *pattern)
{
	(void)pattern;
	return PCRE2_ERROR_JIT_BADOPTION;
}
