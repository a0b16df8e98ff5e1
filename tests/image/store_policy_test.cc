#include "image/store_policy.h"

#include <doctest/doctest.h>

namespace ikada {

TEST_CASE("the policy is read from the configuration's images") {
  const auto policy =
      parse_image_policy("registries: {}\nimages:\n  keep_days: 30\n  min_free: 10%\n");
  REQUIRE(policy.has_value());
  CHECK(policy->keep_days == 30);
  CHECK(policy->min_free_percent == 10);
  CHECK(policy->min_free_bytes == 0);

  CHECK(parse_image_policy("images: {min_free: 5g}")->min_free_bytes == std::uint64_t{5} << 30);
  CHECK_FALSE(parse_image_policy("")->keep_days.has_value());
  CHECK_FALSE(parse_image_policy("images:")->keep_days.has_value());
}

TEST_CASE("a policy that makes no sense is refused") {
  for (const char* yaml : {"images: 3",
                           "images: {keep_days: soon}",
                           "images: {min_free: 100%}",
                           "images: {min_free: lots}",
                           "images: {colour: red}",
                           "images: [",
                           "images: {keep_days: -1}"}) {
    CAPTURE(yaml);
    CHECK_FALSE(parse_image_policy(yaml).has_value());
  }
}

}  // namespace ikada
