#include "cluster/auth/access_key.h"

#include <array>
#include <set>

#include <doctest/doctest.h>

namespace ikada::auth {

TEST_CASE("a new key has the form of AWS's") {
  const AccessKey key = generate_access_key(AccessKeyKind::kLongTerm);

  CHECK(key.id.size() == 20);
  CHECK(key.id.starts_with("AKIA"));
  CHECK(key.id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 4) == std::string::npos);
  CHECK(key.secret.reveal().size() == 40);
  CHECK(key.secret.reveal().find_first_not_of(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") ==
        std::string_view::npos);
  CHECK(key.session_token.empty());
  CHECK(key.is_active);
}

TEST_CASE("a temporary key has a token of its own") {
  const AccessKey key = generate_access_key(AccessKeyKind::kTemporary);

  CHECK(key.id.starts_with("ASIA"));
  CHECK(key.session_token.reveal().size() == 128);
}

TEST_CASE("no two keys are the same") {
  std::set<std::string> ids;
  std::set<std::string> secrets;
  for (int i = 0; i < 1000; ++i) {
    const AccessKey key = generate_access_key(AccessKeyKind::kLongTerm);
    ids.insert(key.id);
    secrets.insert(std::string(key.secret.reveal()));
  }
  CHECK(ids.size() == 1000);
  CHECK(secrets.size() == 1000);
}

TEST_CASE("the same bytes give the same key") {
  std::array<std::uint8_t, kAccessKeyEntropyBytes> entropy{};
  for (size_t i = 0; i < entropy.size(); ++i) entropy.at(i) = static_cast<std::uint8_t>(i);

  const AccessKey key = make_access_key(AccessKeyKind::kLongTerm, entropy);

  CHECK(key.id == "AKIAABCDEFGHIJKLMNOP");
  CHECK(key.secret.reveal() == "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");
}

}  // namespace ikada::auth
