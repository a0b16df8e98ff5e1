// Keys that differ from a field's name only in case: {"layers": [], "Layers": []}.
//
// Readers written in Go, and so most registries, scanners and engines, take both for the same field
// and the last one wins; we know only the exact name. A document that means one thing to a scanner
// and another to us is refused.
#pragma once

#include <span>
#include <string_view>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

// kInvalid if a key of `object` is one of `fields` but for the case of ASCII letters. What is no
// object passes.
Result<void> check_key_case(const Json& object, std::span<const std::string_view> fields);

}  // namespace ikada
