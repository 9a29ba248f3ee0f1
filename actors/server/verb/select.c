#include "actors/server/verb/select.h"

#include "datastore/object/record.h"
#include "datastore/schema/core.h"

/* What is said of a field that a kind does not offer, before and after its name; of kinds not named here it is the same. */
static const struct {
	const char *group, *kind, *before, *after;
} refusals[] = {
	{ "batch", "Job", "field label \"", "\" not supported for Job" },
	{ "resource.k8s.io", "ResourceSlice",
	  "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: ", "" },
};

/* Where the value of a selectable field stands, if not at its own name; separated by |: the first that is not empty. */
struct selectable {
	const char *group, *kind;
	const char *fields; /* separated by spaces; name or name=path|path */
};

static const struct selectable selectables[] = {
	{ "", "Pod",
	  "spec.nodeName spec.restartPolicy spec.schedulerName spec.serviceAccountName "
	  "spec.hostNetwork status.phase status.podIP status.podIPs=none "
	  "status.nominatedNodeName spec.host=spec.nodeName" },
	{ "", "Event",
	  "involvedObject.kind involvedObject.namespace involvedObject.name involvedObject.uid "
	  "involvedObject.apiVersion involvedObject.resourceVersion involvedObject.fieldPath "
	  "reason reportingComponent source=source.component|reportingComponent type" },
	{ "events.k8s.io", "Event",
	  "regarding.kind regarding.namespace regarding.name regarding.uid regarding.apiVersion "
	  "regarding.resourceVersion regarding.fieldPath reason reportingController type" },
	{ "", "Node", "spec.unschedulable" },
	{ "", "Namespace", "status.phase" },
	{ "", "Secret", "type" },
	{ "", "Service", "spec.clusterIP spec.type" },
	{ "", "ReplicationController", "status.replicas" },
	{ "batch", "Job", "status.successful=status.succeeded" },
	{ "certificates.k8s.io", "CertificateSigningRequest", "spec.signerName" },
	{ "certificates.k8s.io", "ClusterTrustBundle", "spec.signerName" },
	{ "certificates.k8s.io", "PodCertificateRequest", "spec.signerName" },
	{ "resource.k8s.io", "ResourceSlice", "spec.nodeName spec.driver spec.pool.name" },
	{ "troupe.internal", "Actor",
	  "spec.level spec.node spec.host spec.class spec.parent status.state" },
};

/* Events of the newer group are kept as those of the older one: where their fields stand there. */
static const struct selectable kept_event = {
	"", "Event",
	"regarding.kind=involvedObject.kind regarding.namespace=involvedObject.namespace "
	"regarding.name=involvedObject.name regarding.uid=involvedObject.uid "
	"regarding.apiVersion=involvedObject.apiVersion "
	"regarding.resourceVersion=involvedObject.resourceVersion "
	"regarding.fieldPath=involvedObject.fieldPath reportingController=reportingComponent"
};

static const struct selectable *selectable_of(const struct type *type)
{
	for (size_t i = 0; type && i < sizeof selectables / sizeof selectables[0]; i++)
		if (str_is(type_kind(type), selectables[i].kind) &&
		    str_is(type_group(type), selectables[i].group))
			return &selectables[i];
	return NULL;
}

/* The path of a field, or absent when the kind does not offer it. */
static struct str path_of(const struct selectable *selectable, struct str key)
{
	struct str rest = selectable ? str_from(selectable->fields) : STR_NONE;

	while (rest.at != NULL) {
		struct str path = str_cut(&rest, ' ');
		struct str name = str_cut(&path, '=');

		if (str_eq(name, key))
			return path.at ? path : name;
	}
	return STR_NONE;
}

/* Of custom resources their type says it, and a key is its own path. */
static bool is_of_type(const struct type *type, struct str key)
{
	for (uint32_t i = 0; type != NULL && i < type->selectable_count; i++)
		if (str_eq(type_selectable(type, i), key))
			return true;
	return false;
}

/* Of kinds that lie in no namespace and have fields of their own, nobody asks for one. */
static bool is_name_field(const struct type *type, const struct selectable *selectable,
			  struct str key)
{
	if (str_is(key, "metadata.namespace"))
		return selectable == NULL || (type->flags & TYPE_NAMESPACED) != 0;
	return str_is(key, "metadata.name");
}

static enum status refuse(const struct type *type, const struct selectable *selectable,
			  struct str key, struct fault *why)
{
	for (size_t i = 0; selectable != NULL && i < sizeof refusals / sizeof *refusals; i++)
		if (strcmp(selectable->kind, refusals[i].kind) == 0 &&
		    strcmp(selectable->group, refusals[i].group) == 0)
			return fault_set(why, BAD_REQUEST, "", "%s" STR_FMT "%s",
					 refusals[i].before, STR_ARG(key), refusals[i].after);
	if (selectable != NULL || (type != NULL && type->set != NULL))
		return fault_set(why, BAD_REQUEST, "", "field label not supported: " STR_FMT,
				 STR_ARG(key));
	return fault_set(why, BAD_REQUEST, "",
			 "\"" STR_FMT "\" is not a known field selector: only "
			 "\"metadata.name\", \"metadata.namespace\"",
			 STR_ARG(key));
}

enum status select_check(const struct type *type, const struct selector *fields, struct fault *why)
{
	const struct selectable *selectable = selectable_of(type);

	for (uint32_t i = 0; i < fields->len; i++) {
		struct str key = fields->at[i].key;

		if (!is_name_field(type, selectable, key) && path_of(selectable, key).at == NULL &&
		    !is_of_type(type, key))
			return refuse(type, selectable, key, why);
	}
	return OK;
}

/* The path of a field that was found to be selectable, in what is kept. */
static struct str kept_path(const struct type *type, const struct selectable *selectable,
			    struct str key)
{
	struct str path = type->set != NULL ? key : path_of(selectable, key);

	return path.at == NULL && type == &core_event_type ? path_of(&kept_event, key) : path;
}

struct looking {
	const struct object *object;
	const struct selectable *selectable;
	struct arena *scratch;
};

static struct str value_of(void *arg, struct str key)
{
	const struct looking *looking = arg;
	struct str rest, value = STR_NONE;

	if (str_is(key, "metadata.name"))
		return object_name(looking->object);
	if (str_is(key, "metadata.namespace"))
		return object_namespace(looking->object);
	rest = kept_path(looking->object->type, looking->selectable, key);
	while (rest.at != NULL && value.len == 0)
		value = record_value(looking->object->type, looking->object->record,
				     str_cut(&rest, '|'), looking->scratch);
	if (value.at == NULL && str_is(key, "spec.unschedulable"))
		return STR("false"); /* Go prints what is not there */
	if (value.at == NULL && str_is(key, "spec.hostNetwork"))
		return STR("false");
	if (value.at == NULL &&
	    (str_is(key, "status.replicas") || str_is(key, "status.successful")))
		return STR("0");
	return value.at ? value : STR("");
}

bool select_matches_both(const struct selector *labels, const struct selector *fields,
			 const struct object *object, struct arena *scratch)
{
	struct looking looking = { object, NULL, scratch };

	if (labels->len > 0 || labels->is_nothing) {
		const struct meta_object_meta *meta = object_meta(object);

		if (!selector_matches_labels(labels, meta->labels))
			return false;
	}
	if (fields->len == 0)
		return true;
	looking.selectable = selectable_of(object->type);
	return selector_matches_fields(fields, value_of, &looking);
}

bool select_matches(const struct options *options, const struct object *object,
		    struct arena *scratch)
{
	return select_matches_both(&options->labels, &options->fields, object, scratch);
}

bool select_is_all(const struct options *options)
{
	return options->labels.len == 0 && !options->labels.is_nothing && options->fields.len == 0;
}
