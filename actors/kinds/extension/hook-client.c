#include "actors/kinds/extension/hook-client.h"

#include "actors/kinds/seen.h"
#include "datastore/object/name.h"

#define URL_FORM "; desired format: https://host[/path]"

static void check_url(const struct path *at, struct str url)
{
	struct str host, rest;
	int64_t scheme = str_find(url, STR("://")), end;

	if (scheme < 0 || !str_eq(str_slice(url, 0, (uint32_t)scheme), STR("https")))
		path_invalid(at, str_slice(url, 0, scheme < 0 ? 0 : (uint32_t)scheme),
			     "'https' is the only allowed URL scheme" URL_FORM);
	rest = scheme < 0 ? STR("") : str_slice(url, (uint32_t)scheme + 3, url.len);
	for (end = 0;
	     end < rest.len && rest.at[end] != '/' && rest.at[end] != '?' && rest.at[end] != '#';
	     end++)
		;
	host = str_slice(rest, 0, (uint32_t)end);
	if (str_find_last(host, '@') >= 0) {
		path_invalid(at, str_slice(host, 0, (uint32_t)str_find_last(host, '@')),
			     "user information is not permitted in the URL");
		host = str_slice(host, (uint32_t)str_find_last(host, '@') + 1, host.len);
	}
	if (host.len == 0)
		path_invalid(at, STR(""), "host must be specified" URL_FORM);
	rest = url;
	str_cut(&rest, '#');
	if (rest.len > 0)
		path_invalid(at, rest, "fragments are not permitted in the URL");
	rest = url;
	rest = str_cut(&rest, '#');
	str_cut(&rest, '?');
	if (rest.len > 0)
		path_invalid(at, rest, "query parameters are not permitted in the URL");
}

static void check_steps(const struct path *at, struct str path)
{
	struct str rest = str_slice(path, 1, path.len), shown = name_quoted(path_arena(at), path);
	uint32_t number = 0;

	if (str_ends(rest, STR("/")))
		rest = str_slice(rest, 0, rest.len - 1);
	for (; rest.at != NULL; number++) {
		struct str step = str_cut(&rest, '/');
		struct str words = rule_words(at, NAME_DNS_SUBDOMAIN, step, "\n");

		if (step.len == 0)
			path_fault(at, FAULT_INVALID, shown, "segment[%u] may not be empty", number);
		else if (words.len > 0)
			path_invalid_lines(
			    at, path, arena_printf(path_arena(at), "segment[%u]: ", number), words);
	}
}

/* That each missing part is told at the other's place is upstream's. */
static void check_service(const struct path *at,
			  const struct admissionregistration_service_reference *service)
{
	const struct path *path = PATH(at, "path");

	if (service->namespace.len == 0)
		path_required(PATH(at, "name"), "service name is required");
	if (service->name.len == 0)
		path_required(PATH(at, "namespace"), "service namespace is required");
	if (service->port < 1 || service->port > 65535)
		path_invalid_number(PATH(at, "port"), service->port,
				    "port is not valid: must be between 1 and 65535, inclusive");
	if (service->path.len == 0 || str_is(service->path, "/"))
		return;
	if (str_is(service->path, "//")) {
		path_invalid(path, service->path, "segment[0] may not be empty");
		return;
	}
	if (!str_starts(service->path, STR("/")))
		path_invalid(path, service->path, "must start with a '/'");
	check_steps(path, service->path);
}

void hook_client_check(const struct path *at, struct str url,
		       const struct admissionregistration_service_reference *service)
{
	if ((url.at == NULL) == (service == NULL))
		path_required(at, "exactly one of url or service is required");
	else if (url.at != NULL)
		check_url(PATH(at, "url"), url);
	else
		check_service(PATH(at, "service"), service);
}

bool hook_client_is_known(struct str_list versions)
{
	return str_list_has(versions, STR("v1")) || str_list_has(versions, STR("v1beta1"));
}

void hook_client_check_versions(const struct path *at, struct str_list versions, const char *needed,
				bool allows_unknown)
{
	struct seen seen = seen_in(path_arena(at));

	if (versions.len == 0) {
		path_required(at, needed);
		return;
	}
	for (uint32_t i = 0; i < versions.len; i++) {
		if (!seen_add(&seen, versions.at[i]))
			path_invalid(PATH_AT(at, i), versions.at[i], "duplicate version");
		else
			rule_name(PATH_AT(at, i), NAME_DNS1035_LABEL, versions.at[i]);
	}
	if (!hook_client_is_known(versions) && !allows_unknown)
		path_fault(at, FAULT_INVALID, path_shown_list(at, versions),
			   "must include at least one of v1, v1beta1");
}
