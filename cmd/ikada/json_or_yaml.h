// Input of the cluster's API from a file, as JSON or as YAML.
//
// YAML has the same members. The API is strict about types, so a scalar of YAML is a text where the
// API takes texts: in lists (`command: [sleep, 10]`), as a value of a variable or a map of options
// and labels, as a task's `cpu` and `memory`, as `user`; elsewhere it is what it looks like.
//
// Source: YAML 1.2, "Core Schema"; Amazon ECS API Reference for the types.
#pragma once

#include <string>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

// kInvalid for what is neither, or no object. Text that begins with '{' is JSON.
Result<Json> parse_json_or_yaml(const std::string& text);

// The same of a file; "-" is stdin.
Result<Json> load_json_or_yaml(const std::string& path);

}  // namespace ikada
