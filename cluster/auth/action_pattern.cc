#include "cluster/auth/action_pattern.h"

#include <ctype.h>

namespace ikada::auth {
namespace {

bool is_same_letter(char a, char b, LetterCase letters) {
  if (letters == LetterCase::kCounts) return a == b;
  return ::tolower(static_cast<unsigned char>(a)) == ::tolower(static_cast<unsigned char>(b));
}

}  // namespace

// The last '*' is the only one to come back to: an earlier one would find nothing that it does not.
bool matches_pattern(std::string_view pattern, std::string_view text, LetterCase letters) {
  size_t in_pattern = 0;
  size_t in_text = 0;
  size_t star = std::string_view::npos;
  size_t behind_star = 0;
  while (in_text < text.size()) {
    const bool is_more = in_pattern < pattern.size();
    if (is_more && pattern[in_pattern] == '*') {
      star = in_pattern++;
      behind_star = in_text;
    } else if (is_more && (pattern[in_pattern] == '?' ||
                           is_same_letter(pattern[in_pattern], text[in_text], letters))) {
      ++in_pattern;
      ++in_text;
    } else if (star != std::string_view::npos) {
      in_pattern = star + 1;
      in_text = ++behind_star;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', in_pattern) == std::string_view::npos;
}

}  // namespace ikada::auth
