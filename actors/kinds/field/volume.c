#include "actors/kinds/field/volume.h"

#define DRIVER_MAX 63U /* upstream's ValidateCSIDriverName */
#define TENANT_MAX 64U

/* ---- paths --------------------------------------------------------------------------------------------------- */

bool volume_is_without_backsteps(struct str text)
{
	struct str rest = text;

	while (rest.at != NULL)
		if (str_is(str_cut(&rest, '/'), ".."))
			return false;
	return true;
}

bool volume_check_no_backsteps(const struct path *at, struct str text)
{
	return volume_is_without_backsteps(text) || path_invalid(at, text, "must not contain '..'");
}

bool volume_check_path(const struct path *at, struct str text)
{
	bool is_good = true;

	if (str_starts(text, STR("/")))
		is_good = path_invalid(at, text, "must be a relative path");
	return volume_check_no_backsteps(at, text) && is_good;
}

bool volume_check_path_name(const struct path *at, struct str text)
{
	bool is_good = volume_check_path(at, text);

	if (str_starts(text, STR("..")) && !str_starts(text, STR("../")))
		return path_invalid(at, text, "must not start with '..'");
	return is_good;
}

/* ---- members --------------------------------------------------------------------------------------------------- */

enum need {
	NEEDED,    /* text or a list that is not empty */
	PARTITION, /* of a disk */
	LUN,       /* of a SCSI target */
};

static const struct {
	const char *source, *member;
	enum need need;
} members[] = {
	{ "gitRepo", "repository", NEEDED },
	{ "gcePersistentDisk", "pdName", NEEDED },
	{ "gcePersistentDisk", "partition", PARTITION },
	{ "awsElasticBlockStore", "volumeID", NEEDED },
	{ "awsElasticBlockStore", "partition", PARTITION },
	{ "nfs", "server", NEEDED },
	{ "nfs", "path", NEEDED },
	{ "iscsi", "targetPortal", NEEDED },
	{ "iscsi", "lun", LUN },
	{ "glusterfs", "endpoints", NEEDED },
	{ "glusterfs", "path", NEEDED },
	{ "persistentVolumeClaim", "claimName", NEEDED },
	{ "rbd", "monitors", NEEDED },
	{ "rbd", "image", NEEDED },
	{ "cinder", "volumeID", NEEDED },
	{ "cephfs", "monitors", NEEDED },
	{ "flexVolume", "driver", NEEDED },
	{ "azureFile", "secretName", NEEDED },
	{ "azureFile", "shareName", NEEDED },
	{ "vsphereVolume", "volumePath", NEEDED },
	{ "photonPersistentDisk", "pdID", NEEDED },
	{ "portworxVolume", "volumeID", NEEDED },
	{ "azureDisk", "diskName", NEEDED },
	{ "azureDisk", "diskURI", NEEDED },
	{ "scaleIO", "gateway", NEEDED },
	{ "scaleIO", "system", NEEDED },
	{ "scaleIO", "volumeName", NEEDED },
	{ "secret", "secretName", NEEDED },
};

static void check_member(const struct path *at, enum need need, const struct field *field,
			 const void *record)
{
	int32_t number = field->kind == KIND_INT32 ? *(int32_t *)field_at(field, record) : 0;

	switch (need) {
	case NEEDED:
		if (field_is_zero(field, record))
			path_required(at, "");
		break;
	case PARTITION:
		/* Zero is as good as none, whatever the words say. */
		if (number < 0 || number > 255)
			path_invalid_number(at, number, "must be between 1 and 255, inclusive");
		break;
	case LUN: rule_range(at, number, 0, 255); break;
	}
}

void volume_check_members(const struct path *at, const char *source, const struct type *type,
			  const void *record)
{
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		const struct field *field;

		if (strcmp(members[i].source, source) != 0)
			continue;
		field = type_field(type, str_from(members[i].member));
		assert(field != NULL);
		check_member(PATH_NAMED(at, field_name(field)), members[i].need, field, record);
	}
}

/* ---- sources whose members depend on each other ------------------------------------------------------------------ */

void volume_check_host_path(const struct path *at, const struct core_host_path_volume_source *source)
{
	if (!rule_needed(PATH(at, "path"), source->path, ""))
		return;
	volume_check_no_backsteps(PATH(at, "path"), source->path);
	if (source->type.at != NULL)
		rule_one_of(PATH(at, "type"), source->type, &core_host_path_type_values);
}

void volume_check_flocker(const struct path *at, const struct core_flocker_volume_source *source)
{
	if (source->dataset_name.len == 0 && source->dataset_uuid.len == 0)
		path_required(at, "one of datasetName and datasetUUID is required");
	if (source->dataset_name.len > 0 && source->dataset_uuid.len > 0)
		path_invalid(at, STR("resource"),
			     "datasetName and datasetUUID can not be specified simultaneously");
	if (str_find_char(source->dataset_name, '/') >= 0)
		path_invalid(PATH(at, "datasetName"), source->dataset_name, "must not contain '/'");
}

/* host:port, the host in brackets if it has colons. */
static bool is_host_port(struct str pair)
{
	int64_t colon = str_find_last(pair, ':');
	struct str host;

	if (colon < 0)
		return false;
	host = str_slice(pair, 0, (uint32_t)colon);
	if (str_starts(host, STR("[")))
		return str_ends(host, STR("]"));
	return str_find_char(host, ':') < 0 && str_find_char(host, ']') < 0;
}

void volume_check_quobyte(const struct path *at, const struct core_quobyte_volume_source *source)
{
	static const char words[] =
	    "must be a host:port pair or multiple pairs separated by commas";
	struct str rest = source->registry;

	if (source->registry.len == 0)
		path_required(PATH(at, "registry"), words);
	else if (source->tenant.len > TENANT_MAX)
		path_required(PATH(at, "tenant"),
			      "must be a UUID and may not exceed a length of 64 characters");
	else
		while (rest.at != NULL)
			if (!is_host_port(str_cut(&rest, ',')))
				path_invalid(PATH(at, "registry"), source->registry, words);
	rule_needed(PATH(at, "volume"), source->volume, "");
}

void volume_check_fc(const struct path *at, const struct core_fc_volume_source *source)
{
	const struct path *names = PATH(at, "targetWWNs"), *lun = PATH(at, "lun");

	if (source->target_wwns.len == 0 && source->wwids.len == 0)
		path_required(names, "must specify either targetWWNs or wwids, but not both");
	if (source->target_wwns.len > 0 && source->wwids.len > 0)
		path_fault(names, FAULT_INVALID, path_shown_list(names, source->target_wwns),
			   "targetWWNs and wwids can not be specified simultaneously");
	if (source->target_wwns.len == 0)
		return;
	if (source->has.lun)
		rule_range(lun, source->lun, 0, 255);
	else
		path_required(lun, "lun is required if targetWWNs is specified");
}

void volume_check_azure_disk(const struct path *at,
			     const struct core_azure_disk_volume_source *source)
{
	const struct path *uri = PATH(at, "diskURI");
	bool is_managed = str_is(source->kind, "Managed");

	if (source->caching_mode.at != NULL)
		rule_one_of(PATH(at, "cachingMode"), source->caching_mode,
			    &core_azure_data_disk_caching_mode_values);
	if (source->kind.at != NULL)
		rule_one_of(PATH(at, "kind"), source->kind, &core_azure_data_disk_kind_values);
	if (is_managed && !str_starts(source->disk_uri, STR("/subscriptions/")))
		path_not_supported(uri, source->disk_uri,
				   "\"/subscriptions/{sub-id}/resourcegroups/{group-name}/"
				   "providers/microsoft.compute/disks/{disk-id}\"");
	if (!is_managed && source->kind.at != NULL && !str_starts(source->disk_uri, STR("https://")))
		path_not_supported(
		    uri, source->disk_uri,
		    "\"https://{account-name}.blob.core.windows.net/{container-name}/"
		    "{disk-name}.vhd\"");
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool all_alnum(struct str text, const char *also)
{
	for (uint32_t i = 0; i < text.len; i++)
		if (!is_alnum(text.at[i]) && strchr(also, text.at[i]) == NULL)
			return false;
	return text.len > 0;
}

/* iqn.2026-01.com.example:any (RFC 3720, 3.2.6.3.1) */
static bool is_iqn(struct str name)
{
	static const char form[] = "iqn.dddd-dd.";
	struct str rest;

	if (name.len < sizeof form - 1)
		return false;
	for (uint32_t i = 0; i < sizeof form - 1; i++) {
		char c = name.at[i];

		if (form[i] == 'd' ? (c < '0' || c > '9') : c != form[i])
			return false;
	}
	rest = str_slice(name, sizeof form - 1, name.len);
	if (!all_alnum(str_cut(&rest, ':'), "-.") || rest.len == 0)
		return false;
	for (uint32_t i = 0; i < rest.len; i++)
		if (strchr(",;*&$| \t\n\f\r", rest.at[i]) != NULL)
			return false;
	return true;
}

/* eui. and naa. with 16 and 32 letters and digits. */
static bool is_extended_name(struct str name, uint32_t digits)
{
	return name.len == 4 + digits && all_alnum(str_slice(name, 4, name.len), "");
}

void volume_check_iscsi_name(const struct path *at, struct str name, bool with_prefix_words)
{
	bool is_good = true;

	if (str_starts(name, STR("iqn")))
		is_good = is_iqn(name);
	else if (str_starts(name, STR("eui")))
		is_good = is_extended_name(name, 16);
	else if (str_starts(name, STR("naa")))
		is_good = is_extended_name(name, 32);
	else
		path_invalid(at, name,
			     with_prefix_words
				 ? "must be valid format starting with iqn, eui, or naa"
				 : "must be valid format");
	if (!is_good)
		path_invalid(at, name, "must be valid format");
}

static bool is_reserved(struct str domain)
{
	return str_eq_nocase(domain, STR("kubernetes.io")) || str_eq_nocase(domain, STR("k8s.io"));
}

static bool is_below_reserved(struct str domain)
{
	static const char *const names[] = { ".kubernetes.io", ".k8s.io" };

	for (size_t i = 0; i < 2; i++) {
		struct str suffix = str_from(names[i]);

		if (domain.len > suffix.len &&
		    str_eq_nocase(str_slice(domain, domain.len - suffix.len, domain.len), suffix))
			return true;
	}
	return false;
}

void volume_check_flex_options(const struct path *at, struct str_map options)
{
	for (uint32_t i = 0; i < options.len; i++) {
		struct str rest = options.at[i].key, domain = str_cut(&rest, '/');

		if (is_reserved(domain) || is_below_reserved(domain))
			path_invalid(PATH_KEY(at, options.at[i].key), options.at[i].key,
				     "kubernetes.io and k8s.io namespaces are reserved");
	}
}

bool volume_check_driver(const struct path *at, struct str driver)
{
	char *lowered;
	struct str words;
	bool is_good;

	if (!rule_needed(at, driver, ""))
		return false;
	is_good = rule_at_most_bytes(at, driver, DRIVER_MAX);
	lowered = arena_cstr(path_arena(at), driver);
	for (uint32_t i = 0; i < driver.len; i++)
		if (lowered[i] >= 'A' && lowered[i] <= 'Z')
			lowered[i] = (char)(lowered[i] - 'A' + 'a');
	words = rule_words(at, NAME_DNS_SUBDOMAIN, str_of(lowered, driver.len), "; ");
	return words.len == 0 ? is_good : path_invalid(at, driver, words.at);
}

void volume_check_access_modes(const struct path *at, struct str_list modes)
{
	bool has_single = false, has_other = false;

	for (uint32_t i = 0; i < modes.len; i++) {
		bool is_known =
		    rule_one_of(at, modes.at[i], &core_persistent_volume_access_mode_values);

		if (str_is(modes.at[i], "ReadWriteOncePod"))
			has_single = true;
		else if (is_known)
			has_other = true;
	}
	if (has_single && has_other)
		path_forbidden(at, "may not use ReadWriteOncePod with other access modes");
}
