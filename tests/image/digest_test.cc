#include "image/digest.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

// Source: FIPS 180-4, examples.
constexpr const char* kEmpty =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* kAbc =
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST_CASE("Sha256 gives the digests of the standard, also in pieces") {
  CHECK(Digest::of("").text() == kEmpty);
  CHECK(Digest::of("abc").text() == kAbc);

  Sha256 hash;
  hash.update("a");
  hash.update("");
  hash.update("bc");

  CHECK(hash.finish() == Digest::of("abc"));
}

TEST_CASE("a digest is parsed whole or not at all") {
  const std::string digits(64, '0');
  CHECK(Digest::parse("sha256:" + digits)->hex() == digits);

  const std::string rows[] = {
      "",
      "sha256",
      "sha256:",
      digits,
      "sha256:" + digits.substr(1),
      "sha256:" + digits + "0",
      "sha256:" + digits.substr(1) + "A",
      "sha256:" + digits.substr(1) + "g",
      "sha256:" + digits.substr(1) + "\n",
      "SHA256:" + digits,
      "sha256-" + digits,
      "sha256:../../../../../etc/passwd",
      "md5:d41d8cd98f00b204e9800998ecf8427e",
      "sha512:" + digits + digits,
      "sha256+b64:" + digits,
      "sha256:sha256:" + digits,
      " sha256:" + digits,
      "sha256:" + digits + " ",
      std::string(100'000, 'a'),
  };
  for (const std::string& text : rows) {
    CAPTURE(text);
    const Result<Digest> digest = Digest::parse(text);
    REQUIRE(!digest.has_value());
    CHECK(digest.error().code == "DIGEST_INVALID");
    CHECK(digest.error().message.size() < 300);
  }
  CHECK(Digest::parse("sha512:x").error().message.find("not supported") != std::string::npos);
}

TEST_CASE("no digest is empty and smaller than any") {
  CHECK(Digest().empty());
  CHECK(Digest().hex().empty());
  CHECK(Digest() < Digest::of("abc"));
}

}  // namespace
}  // namespace ikada
