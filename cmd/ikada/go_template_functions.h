// The functions a template may call, and how Go prints values.
//
// Source: Go, package text/template, "Functions", and package fmt; docker "Format command and log
// output".
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

// What {{value}} writes: Go's %v; null is "<no value>" there.
std::string print_value(const Json& value);

// False, 0, "", empty and null are false.
bool is_true(const Json& value);

bool is_template_function(std::string_view name);

// kInvalid for a wrong number or kind of arguments. "and" and "or" get all arguments evaluated.
Result<Json> call_template_function(std::string_view name, std::span<const Json> arguments);

}  // namespace ikada
