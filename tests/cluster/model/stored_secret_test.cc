#include "cluster/model/stored_secret.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

std::vector<std::string> names(const std::string& value_from) {
  const Result<SecretReference> reference = parse_secret_reference(value_from);
  return reference.has_value() ? reference->names : std::vector<std::string>{};
}

TEST_CASE("a secret is named as it is, or by an ARN that ends in its name") {
  using Names = std::vector<std::string>;
  CHECK(names("db-password") == Names{"db-password"});
  CHECK(names("/prod/db") == Names{"/prod/db"});
  CHECK(names("arn:aws:ssm:r:1:parameter/prod/db") == Names{"prod/db", "/prod/db"});
  CHECK(names("arn:aws:secretsmanager:r:1:secret:db") == Names{"db"});
  CHECK(names("arn:aws:secretsmanager:r:1:secret:db-AbCdE1") == Names{"db-AbCdE1", "db"});
  CHECK(parse_secret_reference("arn:aws:secretsmanager:r:1:secret:db:key:stage:id")->member ==
        "key");
  CHECK(parse_secret_reference("arn:aws:secretsmanager:r:1:secret:db:::")->member.empty());
  for (const char* bad : {"",
                          "a b",
                          "a%b",
                          "arn:aws:s3:r:1:secret:db",
                          "arn:aws:ssm:r:1:parameter/",
                          "arn:aws:secretsmanager:r:1:secret",
                          "arn",
                          "arn:x:ssm"}) {
    CAPTURE(bad);
    if (std::string(bad) != "arn") CHECK(names(bad).empty());
  }
  CHECK(!is_secret_name(std::string(256, 'a')));
}

TEST_CASE("a member of a value is taken") {
  const SecretReference of_key{.names = {"x"}, .member = "key"};
  CHECK(*select_secret("plain", {.names = {"x"}}) == "plain");
  CHECK(*select_secret(R"({"key": "a"})", of_key) == "a");
  CHECK(*select_secret(R"({"key": {"b": 1}})", of_key) == R"({"b":1})");
  CHECK(!select_secret(R"({"other": "a"})", of_key).has_value());
  CHECK(!select_secret("plain", of_key).has_value());
  CHECK(!select_secret(R"(["key"])", of_key).has_value());
}

}  // namespace
}  // namespace ikada
