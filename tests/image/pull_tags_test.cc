#include "image/pull_tags.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace ikada {

TEST_CASE("companions of images are known by their tags") {
  const std::string digest = "sha256-" + std::string(64, 'a');

  CHECK(is_companion_tag(digest + ".sig"));
  CHECK(is_companion_tag(digest + ".att"));
  CHECK(is_companion_tag(digest));
  CHECK(!is_companion_tag(digest + "a"));
  CHECK(!is_companion_tag("sha256-" + std::string(63, 'a') + ".sig"));
  CHECK(!is_companion_tag("sha256-" + std::string(64, 'A') + ".sig"));
  CHECK(!is_companion_tag("latest"));
  CHECK(!is_companion_tag("1.0.sig"));
}

TEST_CASE("all other tags are images, in their order") {
  const std::vector<std::string> tags = {"b", "sha256-" + std::string(64, '0') + ".sig", "a"};

  CHECK(select_image_tags(tags) == std::vector<std::string>{"b", "a"});
}

}  // namespace ikada
