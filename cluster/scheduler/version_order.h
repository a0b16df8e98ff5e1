// The order of version numbers, as the cluster query language compares them: "1.9" < "1.10".
//
// Components are separated by '.' or '-'. Two numbers are compared by value, however long; a word
// is less than any number, so "1.0-rc1" < "1.0"; a missing component counts as 0, so "1.2" and
// "1.2.0" are equal. A 'v' in front of a digit is skipped.
#pragma once

#include <compare>
#include <string_view>

namespace ikada::scheduler {

std::weak_ordering compare_versions(std::string_view a, std::string_view b);

}  // namespace ikada::scheduler
