#include "transport/tls/suites.h"

#include <openssl/ssl.h>
#include <stdio.h>

#include "transport/tls/tls-private.h"

/* Those without forward secrecy or authentication are not spoken here; of TLS 1.3 all are, as with Go. */
static enum status read_suites(struct str list, struct text *out, struct fault *why)
{
	char name[80];

	while (list.len > 0) {
		struct str one = str_trim(str_cut(&list, ','));
		bool is_short = str_ends(one, STR("_POLY1305")); /* as Go once called it */
		const char *found;

		snprintf(name, sizeof name, STR_FMT "%s", STR_ARG(one), is_short ? "_SHA256" : "");
		if (str_is_among(str_from(name), SUITES_13, ':'))
			continue;
		found = OPENSSL_cipher_name(name);
		if (!str_starts(one, STR("TLS_ECDHE_")) ||
		    (str_find(one, STR("_GCM_")) < 0 && str_find(one, STR("_POLY1305")) < 0) ||
		    found[0] == '(')
			return fault_set(why, INVALID, "",
					 "Cipher suite " STR_FMT " not supported or doesn't exist",
					 STR_ARG(one));
		text_printf(out, "%s%s", out->len > 0 ? ":" : "", found);
	}
	return OK;
}

enum status suites_check(struct str list, struct fault *why)
{
	struct text wanted = text_new(list.len + 1);
	enum status status = read_suites(list, &wanted, why);

	text_fini(&wanted);
	return status;
}

enum status suites_set(SSL_CTX *library, struct str list, struct fault *why)
{
	struct text wanted = text_new(list.len + 1);
	enum status status = read_suites(list, &wanted, why);

	text_add_char(&wanted, '\0');
	if (status == OK && wanted.len > 1 && SSL_CTX_set_cipher_list(library, wanted.at) != 1)
		status = tls_fault(why, INVALID, "no cipher suite is left");
	text_fini(&wanted);
	return status;
}
