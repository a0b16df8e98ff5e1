#include "cluster/auth/canonical_request.h"

#include <doctest/doctest.h>

namespace ikada::auth {

TEST_CASE("paths are made plain and encoded once more") {
  CHECK(canonical_path("") == "/");
  CHECK(canonical_path("/") == "/");
  CHECK(canonical_path("/v1/tags/arn%3Aaws") == "/v1/tags/arn%253Aaws");
  CHECK(canonical_path("/a/b/../c/./d") == "/a/c/d");
  CHECK(canonical_path("//a//b/") == "/a/b/");
  CHECK(canonical_path("/..") == "/");
  CHECK(canonical_path("/../../a/..") == "/");
  CHECK(canonical_path("/a/b/..") == "/a");
  CHECK(canonical_path("/a b") == "/a%20b");
}

TEST_CASE("queries are sorted by encoded names and values") {
  const auto canonical = [](std::string_view query) {
    return canonical_query(parse_query(query).value(), "X-Amz-Signature");
  };
  CHECK(canonical("").empty());
  CHECK(canonical("b=2&a=1") == "a=1&b=2");
  CHECK(canonical("a=2&a=1&a") == "a=&a=1&a=2");
  CHECK(canonical("a&B") == "B=&a=");
  CHECK(canonical("a=b=c") == "a=b%3Dc");
  CHECK(canonical("a=%7e&b=%2f&c=+") == "a=~&b=%2F&c=%2B");
  CHECK(canonical("a-=1&a=2&aa=3") == "a=2&a-=1&aa=3");
  CHECK(canonical("X-Amz-Signature=x&a=1") == "a=1");
  CHECK_FALSE(parse_query("a=%").has_value());
}

TEST_CASE("header values lose the spaces that mean nothing") {
  CHECK(canonical_value("  a \t b   c ") == "a b c");
  CHECK(canonical_value("\"a   b\"") == "\"a b\"");
  CHECK(canonical_value("   ").empty());

  const std::vector<HeaderField> fields = {{.name = "X-B", .value = " 2"},
                                           {.name = "x-a", .value = "1"},
                                           {.name = "X-b", .value = "1"},
                                           {.name = "other", .value = "x"}};
  CHECK(canonical_headers(fields, {"x-a", "x-b"}) == "x-a:1\nx-b:2,1\n");
}

}  // namespace ikada::auth
