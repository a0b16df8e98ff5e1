#include "cluster/store/sealed_value.h"

#include <sys/stat.h>

#include <set>

#include <doctest/doctest.h>

#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"
#include "tests/cluster/store/scratch_directory.h"
#include "tests/cluster/store/store_under_test.h"

namespace ikada {
namespace {

SealingKeys new_keys(const ScratchDirectory& scratch) {
  REQUIRE(SealingKeys::create_file(scratch.path("keys")).has_value());
  return expect_value(SealingKeys::open_file(scratch.path("keys")));
}

TEST_CASE("sealed value: it opens under its own store key and no other") {
  const ScratchDirectory scratch;
  const SealingKeys keys = new_keys(scratch);
  const std::string secret("p\0ssw\xf0rd", 8);

  const std::string sealed = expect_value(keys.seal("/secrets/db", secret));

  CHECK(expect_value(keys.open("/secrets/db", sealed)) == secret);
  CHECK(keys.open("/secrets/other", sealed).error().code == "SEAL_BROKEN");
  CHECK(sealed.find("ssw") == std::string::npos);
  CHECK(sealed.size() == secret.size() + 40);
}

TEST_CASE("sealed value: empty and large values come back") {
  const ScratchDirectory scratch;
  const SealingKeys keys = new_keys(scratch);
  for (const size_t size : {size_t{0}, size_t{1}, size_t{15}, size_t{16}, size_t{1'000'000}}) {
    const std::string plain(size, 'x');
    CHECK(expect_value(keys.open("k", expect_value(keys.seal("k", plain)))) == plain);
  }
}

TEST_CASE("sealed value: the same secret is never sealed to the same bytes") {
  const ScratchDirectory scratch;
  const SealingKeys keys = new_keys(scratch);
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(expect_value(keys.seal("k", "secret")));
  CHECK(seen.size() == 100);
}

TEST_CASE("sealed value: one bit changed anywhere, or an end cut off, is refused") {
  const ScratchDirectory scratch;
  const SealingKeys keys = new_keys(scratch);
  const std::string sealed = expect_value(keys.seal("k", "a secret"));

  for (size_t at = 0; at < sealed.size(); ++at) {
    for (const char bit : {'\x01', '\x80'}) {
      std::string altered = sealed;
      altered[at] = static_cast<char>(altered[at] ^ bit);
      CHECK_FALSE(keys.open("k", altered).has_value());
    }
    CHECK_FALSE(keys.open("k", sealed.substr(0, at)).has_value());
  }
  CHECK_FALSE(keys.open("k", sealed + "x").has_value());
}

TEST_CASE("sealed value: old keys open until they are dropped, the newest seals") {
  const ScratchDirectory scratch;
  const SealingKeys first = new_keys(scratch);
  const std::string old = expect_value(first.seal("k", "secret"));
  REQUIRE(SealingKeys::add_key(scratch.path("keys")).has_value());
  const SealingKeys both = expect_value(SealingKeys::open_file(scratch.path("keys")));
  const std::string sealed = expect_value(both.seal("k", expect_value(both.open("k", old))));
  CHECK(both.is_outdated(old));
  CHECK_FALSE(both.is_outdated(sealed));
  CHECK(first.open("k", sealed).error().kind == ErrorKind::kNotFound);

  REQUIRE(SealingKeys::drop_old_keys(scratch.path("keys")).has_value());

  const SealingKeys last = expect_value(SealingKeys::open_file(scratch.path("keys")));
  CHECK(expect_value(last.open("k", sealed)) == "secret");
  CHECK(last.open("k", old).error().kind == ErrorKind::kNotFound);
}

TEST_CASE("sealed value: a key file that others may open, or that holds no keys, is refused") {
  const ScratchDirectory scratch;
  const std::string path = scratch.path("keys");
  static_cast<void>(new_keys(scratch));
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  CHECK(SealingKeys::create_file(path).error().kind == ErrorKind::kConflict);
  for (const mode_t mode : {0640, 0604, 0660, 0666}) {
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    CHECK(SealingKeys::open_file(path).error().kind == ErrorKind::kDenied);
  }

  const std::string hex(64, 'a');
  for (const std::string& text : {std::string(),
                                  std::string("\n"),
                                  hex.substr(1),
                                  hex + "a",
                                  std::string(64, 'g'),
                                  std::string(64, 'A'),
                                  hex + "\n\n" + hex,
                                  hex + " " + hex}) {
    REQUIRE(write_file_atomically(path, text, 0600).has_value());
    CHECK(SealingKeys::open_file(path).error().kind == ErrorKind::kInvalid);
  }
  CHECK(SealingKeys::open_file(scratch.path("none")).error().kind == ErrorKind::kNotFound);
}

TEST_CASE("sealed value: a key file takes so many keys") {
  const ScratchDirectory scratch;
  static_cast<void>(new_keys(scratch));
  for (int i = 0; i < 7; ++i) CHECK(SealingKeys::add_key(scratch.path("keys")).has_value());
  CHECK(SealingKeys::add_key(scratch.path("keys")).error().kind == ErrorKind::kConflict);
  CHECK(SealingKeys::open_file(scratch.path("keys")).has_value());
}

}  // namespace
}  // namespace ikada
