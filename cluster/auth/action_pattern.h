// Names with wildcards, as policies have them: '*' stands for any letters, '?' for one. Pure.
//
// Source: IAM User Guide, "IAM JSON policy elements: Action".
#pragma once

#include <string_view>

namespace ikada::auth {

enum class LetterCase { kCounts, kCountsNot };

bool matches_pattern(std::string_view pattern, std::string_view text, LetterCase letters);

}  // namespace ikada::auth
