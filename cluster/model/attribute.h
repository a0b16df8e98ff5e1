// An attribute: what a container instance has, what a task definition asks for.
//
// Source: Amazon ECS API Reference, Attribute, PutAttributes.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cluster/model/json_fields.h"

namespace ikada {

struct Attribute {
  std::string name = {};
  std::optional<std::string> value = {};
  std::optional<std::string> target_type = {};
  std::optional<std::string> target_id = {};
};
void describe(JsonFields& fields, Attribute& attribute);

// InvalidParameterException for a name or value that AWS does not allow.
Result<void> check_attribute(const Attribute& attribute);

// Sets name and value, replacing the one of that name.
void put_attribute(std::vector<Attribute>& attributes, const Attribute& added);

const Attribute* find_attribute(std::span<const Attribute> attributes, std::string_view name);

}  // namespace ikada
