// Which messages somebody wants: a pattern of terms, as FilterLogEvents takes it.
//
//   ERROR                     messages in which ERROR stands
//   ERROR "disk full"         in which both stand; quotes around what has other characters
//   ?ERROR ?WARN              at least one of them
//   ERROR -debug              but not this
//
// Upper and lower case differ. Optional terms beside required ones change nothing, as with AWS.
// Patterns of JSON members ({ $.level = "x" }), of columns ([a, b]) and regular expressions (%x%)
// are not supported.
//
// Source: Amazon CloudWatch Logs User Guide, "Filter pattern syntax".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

class FilterPattern {
 public:
  // kInvalid for what is none or not supported. "": everything.
  static Result<FilterPattern> parse(std::string_view text);

  bool matches(std::string_view message) const;

 private:
  std::vector<std::string> required_;
  std::vector<std::string> excluded_;
  std::vector<std::string> optional_;
};

}  // namespace ikada
