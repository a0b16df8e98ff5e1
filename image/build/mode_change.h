// What --chmod of COPY and ADD does to a file's permissions.
//
// Source: chmod(1); Dockerfile reference, COPY --chmod.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

class ModeChange {
 public:
  // "755", "4750" or as "u=rwX,go=rX", "a-w", "g=u". kInvalid.
  static Result<ModeChange> parse(std::string_view text);

  // The new permissions of a file with the permissions `mode`. No umask counts.
  mode_t apply(mode_t mode, bool is_directory) const;

  const std::string& text() const { return text_; }

 private:
  struct Step {
    mode_t who = 0;              // All bits of those concerned, e.g. 0707 | 04000.
    char operation = '=';        // '=', '+', '-'
    mode_t bits = 0;             // For everybody, e.g. 0444.
    bool if_executable = false;  // X: also 0111 for a directory or what anybody may execute.
    char copied = '\0';          // 'u', 'g', 'o': that one's bits.
  };

  static Result<void> parse_clause(std::string_view clause, ModeChange& change);

  std::string text_;
  std::vector<Step> steps_;
};

}  // namespace ikada
