#include "cluster/model/tag.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("tags are checked") {
  CHECK(check_tags(std::vector<Tag>{{"team", "a b"}, {"x", ""}, {"\xc3\xa4", "\xc3\xa4"}}));
  CHECK_FALSE(check_tags(std::vector<Tag>{{"", "a"}}));
  CHECK_FALSE(check_tags(std::vector<Tag>{{"aws:x", "a"}}));
  CHECK_FALSE(check_tags(std::vector<Tag>{{"AWS:x", "a"}}));
  CHECK_FALSE(check_tags(std::vector<Tag>{{"a", "1"}, {"a", "2"}}));
  CHECK_FALSE(check_tags(std::vector<Tag>{{"a*", "1"}}));
  CHECK_FALSE(check_tags(std::vector<Tag>{{"a", "<"}}));
  CHECK(check_tags(std::vector<Tag>{{std::string(128, 'k'), std::string(256, 'v')}}));
  CHECK_FALSE(check_tags(std::vector<Tag>{{std::string(129, 'k'), "v"}}));
  CHECK_FALSE(check_tags(std::vector<Tag>{{"k", std::string(257, 'v')}}));
}

TEST_CASE("a resource has at most 50 tags") {
  std::vector<Tag> tags;
  for (int i = 0; i < 50; ++i) tags.push_back({fmt::format("k{}", i), ""});
  CHECK(check_tags(tags));
  tags.push_back({"one more", ""});

  const Result<void> checked = check_tags(tags);

  REQUIRE_FALSE(checked);
  CHECK(checked.error().code == "InvalidParameterException");
}

TEST_CASE("tags are merged by key and removed by key") {
  std::vector<Tag> tags = {{"a", "1"}, {"b", "2"}};

  merge_tags(tags, std::vector<Tag>{{"b", "3"}, {"c", "4"}});
  CHECK(tags == std::vector<Tag>{{"a", "1"}, {"b", "3"}, {"c", "4"}});

  remove_tags(tags, std::vector<std::string>{"a", "nothing"});
  CHECK(tags == std::vector<Tag>{{"b", "3"}, {"c", "4"}});
}

}  // namespace
}  // namespace ikada
