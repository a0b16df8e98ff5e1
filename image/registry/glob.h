// Patterns over repository names and tags, as the configuration file has them.
//
//   *   any characters but '/'
//   **  any characters
//   ?   one character but '/'
//
// "team/**" matches everything below team; "team" itself only if it is named, too.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ikada::registry {

// The time is bounded by the product of both lengths.
bool matches_glob(std::string_view pattern, std::string_view text);

bool matches_any_glob(std::span<const std::string> patterns, std::string_view text);

}  // namespace ikada::registry
