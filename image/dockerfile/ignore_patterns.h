// .dockerignore: which files of a build context do not count.
//
// The last pattern that fits decides; "!pattern" takes files back in. A pattern that fits a
// directory fits all below it. "**" stands for any number of directories, "*", "?" and "[a-z]" for
// characters other than '/'.
//
// Source: docker build reference, ".dockerignore file"; Go filepath.Match.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

class IgnorePatterns {
 public:
  // kInvalid with "LINE: what is wrong" for a pattern that is none.
  static Result<IgnorePatterns> parse(std::string_view text);

  // Whether `path` ("src/main.c") is left out.
  bool ignores(std::string_view path) const;

  // Whether nothing below the ignored directory `path` can be taken back in.
  bool ignores_all_below(std::string_view path) const;

  bool empty() const { return patterns_.empty(); }

 private:
  struct Pattern {
    std::vector<std::string> parts;
    bool negated = false;
  };
  std::vector<Pattern> patterns_;
};

// One path component against one pattern component. A wrong pattern fits nothing.
bool matches_file_pattern(std::string_view pattern, std::string_view name);

// Whether the pattern could be read: brackets are closed, no escape at the end.
bool is_file_pattern(std::string_view pattern);

}  // namespace ikada
