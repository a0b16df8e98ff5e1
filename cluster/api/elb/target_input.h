// A target as the API is given it.
#pragma once

#include <optional>
#include <string>

#include "cluster/model/json_fields.h"

namespace ikada::elb {

struct TargetInput {
  std::string id = {};
  std::optional<std::int32_t> port = {};
};

inline void describe(JsonFields& fields, TargetInput& input) {
  fields.required("Id", input.id);
  fields.field("Port", input.port);
}

}  // namespace ikada::elb
