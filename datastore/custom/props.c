#include "datastore/custom/props.h"

#include "runtime/base/collection/sorted.h"

schema_props *props_property(schema_props *schema, struct str name)
{
	const struct apiextensions_json_schema_props_entry *found = sorted_find(
	    schema->properties.at, schema->properties.len, sizeof *schema->properties.at, name);

	return found != NULL ? &found->value : NULL;
}

schema_props *props_items(schema_props *schema)
{
	return schema->items != NULL ? schema->items->schema : NULL;
}

schema_props *props_values(schema_props *schema)
{
	return schema->additional_properties != NULL ? schema->additional_properties->schema : NULL;
}
