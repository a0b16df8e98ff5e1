// A regular expression that must match a whole text, for the operators =~ and !~.
//
// ECS takes Java's syntax. This takes RE2's, which has the same meaning where both have a form, and
// needs time proportional to the text for every pattern. What only backtracking can do
// (look-around, back-references, possessive quantifiers) is refused.
//
// Source: RE2 syntax (re2.h); java.util.regex.Pattern.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace re2 {
class RE2;
}

namespace ikada::scheduler {

class Pattern {
 public:
  // kInvalid with the library's words for what is wrong.
  static Result<Pattern> parse(std::string_view text);

  bool matches(std::string_view text) const;

 private:
  explicit Pattern(std::shared_ptr<const re2::RE2> expression);

  std::shared_ptr<const re2::RE2> expression_;
};

}  // namespace ikada::scheduler
