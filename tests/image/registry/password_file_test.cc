#include "image/registry/password_file.h"

#include <string>

#include <doctest/doctest.h>

namespace ikada::registry {
namespace {

// htpasswd -nbB -C 4 ada secret
constexpr std::string_view kHash = "$2y$04$abcdefghijklmnopqrstuuPEYWGtqVUUDnNZd3EQ1hJ4A9Vt3vxZS";

TEST_CASE("users are read with comments and blank lines around them") {
  const Result<PasswordFile> file = PasswordFile::parse("# users\n\nada:" + std::string(kHash) +
                                                        "\r\nbob:" + std::string(kHash) + "\n");

  REQUIRE(file.has_value());
  CHECK(file->size() == 2);
  CHECK(file->has_user("ada"));
  CHECK_FALSE(file->has_user("eve"));
  CHECK(file->hash_of("ada") == kHash);
}

TEST_CASE("whatever is not bcrypt is refused with its line") {
  for (const char* bad : {"ada",
                          ":x",
                          "ada:plain",
                          "ada:$apr1$abc$def",
                          "ada:{SHA}abc",
                          "ada:$2y$99$abcdefghijklmnopqrstuuPEYWGtqVUUDnNZd3EQ1hJ4A9Vt3vxZS",
                          "ada:$2y$04$short"}) {
    const Result<PasswordFile> file = PasswordFile::parse("# x\n" + std::string(bad));
    REQUIRE_FALSE(file.has_value());
    CHECK(file.error().message.starts_with("line 2: "));
  }
  CHECK_FALSE(PasswordFile::parse("anonymous:" + std::string(kHash)).has_value());
}

TEST_CASE("nobody's hash costs what a user's does and matches no password") {
  const PasswordFile file = *PasswordFile::parse("ada:" + std::string(kHash));

  const std::string hash = file.hash_of("eve");

  CHECK(hash.starts_with("$2y$04$"));
  CHECK_FALSE(check_password("", hash));
  CHECK_FALSE(check_password("secret", hash));
  CHECK_FALSE(check_password("secret", "*"));
}

}  // namespace
}  // namespace ikada::registry
