#include "cluster/model/attribute.h"

#include <algorithm>

#include "cluster/model/ecs_error.h"
#include "cluster/model/names.h"

namespace ikada {

void describe(JsonFields& fields, Attribute& attribute) {
  fields.required("name", attribute.name);
  fields.field("value", attribute.value);
  fields.field("targetType", attribute.target_type);
  fields.field("targetId", attribute.target_id);
}

Result<void> check_attribute(const Attribute& attribute) {
  if (!is_attribute_name(attribute.name)) {
    return invalid_parameter("Invalid attribute name '{}'.", attribute.name.substr(0, 128));
  }
  if (attribute.value.has_value() && !is_attribute_value(*attribute.value)) {
    return invalid_parameter("Invalid value of the attribute '{}'.", attribute.name);
  }
  return {};
}

void put_attribute(std::vector<Attribute>& attributes, const Attribute& added) {
  std::erase_if(attributes, [&](const Attribute& each) { return each.name == added.name; });
  attributes.push_back({.name = added.name, .value = added.value});
}

const Attribute* find_attribute(std::span<const Attribute> attributes, std::string_view name) {
  const auto found = std::find_if(attributes.begin(), attributes.end(), [&](const Attribute& each) {
    return each.name == name;
  });
  return found == attributes.end() ? nullptr : &*found;
}

}  // namespace ikada
