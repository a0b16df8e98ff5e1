#include "cluster/auth/action_pattern.h"

#include <doctest/doctest.h>

namespace ikada::auth {
namespace {

TEST_CASE("patterns of actions match as IAM's do") {
  CHECK(matches_pattern("ecs:*", "ecs:RunTask", LetterCase::kCountsNot));
  CHECK(matches_pattern("ecs:Describe*", "ecs:DescribeTasks", LetterCase::kCountsNot));
  CHECK(matches_pattern("ecs:list?asks", "ecs:ListTasks", LetterCase::kCountsNot));
  CHECK(matches_pattern("*Task*", "ecs:StopTask", LetterCase::kCountsNot));
  CHECK(matches_pattern("*", "", LetterCase::kCountsNot));
  CHECK(!matches_pattern("ecs:Describe*", "ecs:RunTask", LetterCase::kCountsNot));
  CHECK(!matches_pattern("ecs:Run", "ecs:RunTask", LetterCase::kCountsNot));
  CHECK(!matches_pattern("", "ecs:RunTask", LetterCase::kCountsNot));
  CHECK(!matches_pattern("*Task", "ecs:RunTasks", LetterCase::kCountsNot));
  CHECK(!matches_pattern("V*", "v1", LetterCase::kCounts));
}

}  // namespace
}  // namespace ikada::auth
