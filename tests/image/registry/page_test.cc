#include "image/registry/page.h"

#include <doctest/doctest.h>

namespace ikada::registry {
namespace {

TEST_CASE("a page begins behind the last name and says whether there is more") {
  const std::vector<std::string> names = {"c", "a", "d", "b"};

  const Page first = take_page(names, {.count = 3, .last = ""});
  const Page rest = take_page(names, {.count = 3, .last = "c"});

  CHECK(first.entries == std::vector<std::string>{"a", "b", "c"});
  CHECK(first.has_more);
  CHECK(rest.entries == std::vector<std::string>{"d"});
  CHECK_FALSE(rest.has_more);
  CHECK_FALSE(take_page(names, {.count = 0, .last = ""}).has_more);
  CHECK(take_page({}, {}).entries.empty());
}

TEST_CASE("the link leads behind the page with what else was asked") {
  const PageRequest request{.count = 2, .last = ""};
  const Page page{.entries = {"a", "b+c"}, .has_more = true};

  CHECK(link_to_next("/v2/x/tags/list", request, page, "") ==
        "</v2/x/tags/list?n=2&last=b%2Bc>; rel=\"next\"");
  CHECK(link_to_next("/r", request, page, "artifactType=t") ==
        "</r?n=2&last=b%2Bc&artifactType=t>; rel=\"next\"");
}

}  // namespace
}  // namespace ikada::registry
