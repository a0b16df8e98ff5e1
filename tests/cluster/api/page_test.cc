#include "cluster/api/page.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

std::vector<ListItem> letters(std::string_view text) {
  std::vector<ListItem> items;
  for (const char letter : text) items.push_back({std::string(1, letter), std::string(1, letter)});
  return items;
}

TEST_CASE("pages go on behind the last item, also when it has gone") {
  const Result<Json> first = page_of(letters("dbca"), {.max_results = 2}, "items");
  REQUIRE(first);
  CHECK((*first)["items"] == Json::array({"a", "b"}));

  const auto token = (*first)["nextToken"].get<std::string>();
  const Result<Json> second =
      page_of(letters("acd"), {.next_token = token, .max_results = 2}, "items");
  REQUIRE(second);
  CHECK((*second)["items"] == Json::array({"c", "d"}));
  CHECK_FALSE(second->contains("nextToken"));
}

TEST_CASE("descending pages go the other way") {
  const Result<Json> first = page_of_descending(letters("abc"), {.max_results = 2}, "items");
  REQUIRE(first);
  CHECK((*first)["items"] == Json::array({"c", "b"}));
  const auto token = (*first)["nextToken"].get<std::string>();
  CHECK((*page_of_descending(letters("abc"), {.next_token = token}, "items"))["items"] ==
        Json::array({"a"}));
}

TEST_CASE("wrong tokens and numbers are refused") {
  for (const char* token : {"", "x", "zz", "abc", "AB"}) {
    CAPTURE(token);
    const Result<Json> page = page_of({}, {.next_token = token}, "items");
    REQUIRE_FALSE(page);
    CHECK(page.error().code == "InvalidParameterException");
  }
  CHECK_FALSE(page_of({}, {.max_results = 0}, "items"));
  CHECK_FALSE(page_of({}, {.max_results = 101}, "items"));
  CHECK(page_of({}, {.max_results = 100}, "items"));
}

}  // namespace
}  // namespace ikada
