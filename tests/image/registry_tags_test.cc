#include "image/registry_tags.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("the next page is the target of rel=next") {
  CHECK(next_link("</v2/web/tags/list?last=b&n=2>; rel=\"next\"") ==
        "/v2/web/tags/list?last=b&n=2");
  CHECK(next_link("<https://r.example.com/a,b>; type=x ; rel=next") == "https://r.example.com/a,b");
  CHECK(next_link("</first>; rel=\"first\", </second>; rel=\"next\"") == "/second");
}

TEST_CASE("a header without a next page gives none") {
  CHECK(next_link("").empty());
  CHECK(next_link("</a>; rel=\"prev\"").empty());
  CHECK(next_link("</a; rel=\"next\"").empty());
  CHECK(next_link("rel=\"next\"").empty());
}

}  // namespace
}  // namespace ikada
