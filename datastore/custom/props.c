#include "datastore/custom/props.h"

schema_props *props_property(schema_props *schema, struct str name)
{
	uint32_t low = 0, high = schema->properties.len;

	while (low < high) {
		uint32_t middle = (low + high) / 2;
		int order = str_cmp(schema->properties.at[middle].key, name);

		if (order == 0)
			return &schema->properties.at[middle].value;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

schema_props *props_items(schema_props *schema)
{
	return schema->items != NULL ? schema->items->schema : NULL;
}

schema_props *props_values(schema_props *schema)
{
	return schema->additional_properties != NULL ? schema->additional_properties->schema : NULL;
}
