#include "image/registry/glob.h"

#include <algorithm>
#include <vector>

namespace ikada::registry {

// Row by row over the pattern: reach[i] is whether what was read of it can match text[0, i).
bool matches_glob(std::string_view pattern, std::string_view text) {
  std::vector<char> reach(text.size() + 1, 0);
  reach[0] = 1;
  for (size_t at = 0; at < pattern.size(); ++at) {
    std::vector<char> next(text.size() + 1, 0);
    const char c = pattern[at];
    if (c == '*') {
      const bool any = at + 1 < pattern.size() && pattern[at + 1] == '*';
      if (any) ++at;
      next[0] = reach[0];
      for (size_t i = 1; i <= text.size(); ++i) {
        const bool longer = next[i - 1] != 0 && (any || text[i - 1] != '/');
        next[i] = static_cast<char>(reach[i] != 0 || longer);
      }
    } else {
      for (size_t i = 1; i <= text.size(); ++i) {
        const bool same = c == '?' ? text[i - 1] != '/' : text[i - 1] == c;
        next[i] = static_cast<char>(reach[i - 1] != 0 && same);
      }
    }
    reach = std::move(next);
  }
  return reach[text.size()] != 0;
}

bool matches_any_glob(std::span<const std::string> patterns, std::string_view text) {
  return std::ranges::any_of(
      patterns, [&](const std::string& pattern) { return matches_glob(pattern, text); });
}

}  // namespace ikada::registry
