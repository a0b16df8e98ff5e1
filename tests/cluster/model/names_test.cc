#include "cluster/model/names.h"

#include <string>

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("resource names are letters, digits, hyphens and underscores") {
  for (const char* name : {"a", "web-1", "A_b", "0"}) CHECK(is_resource_name(name));
  for (const char* name : {"", "a b", "a/b", "a.b", "a:1", "\xc3\xa4"}) {
    CHECK_FALSE(is_resource_name(name));
  }
  CHECK(is_resource_name(std::string(255, 'a')));
  CHECK_FALSE(is_resource_name(std::string(256, 'a')));
}

TEST_CASE("attribute values may have spaces inside only") {
  CHECK(is_attribute_value("eu-west-1a"));
  CHECK(is_attribute_value("a b@c:d"));
  CHECK_FALSE(is_attribute_value(" a"));
  CHECK_FALSE(is_attribute_value("a "));
  CHECK_FALSE(is_attribute_value(""));
  CHECK(is_attribute_name("com.amazonaws.ecs.capability.x"));
  CHECK_FALSE(is_attribute_name("a b"));
}

TEST_CASE("ids are 32 hexadecimal digits") {
  CHECK(is_resource_id("0123456789abcdef0123456789abcdef"));
  CHECK_FALSE(is_resource_id("0123456789ABCDEF0123456789abcdef"));
  CHECK_FALSE(is_resource_id("0123456789abcdef0123456789abcde"));
}

TEST_CASE("a client token is up to 64 printable characters") {
  CHECK(is_client_token("!~"));
  CHECK_FALSE(is_client_token(""));
  CHECK_FALSE(is_client_token("a b"));
  CHECK_FALSE(is_client_token(std::string(65, 'a')));
}

}  // namespace
}  // namespace ikada
