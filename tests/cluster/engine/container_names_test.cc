#include "cluster/engine/container_names.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <string>

#include <doctest/doctest.h>

#include "runtime/sys/file.h"

namespace ikada {
namespace {

// A layout in a directory of its own.
class Fixture {
 public:
  Fixture() {
    char path[] = "/tmp/ikada-names-XXXXXX";
    REQUIRE(::mkdtemp(path) != nullptr);
    directory_ = path;
    layout = {.root = directory_ + "/root", .run_root = directory_ + "/run"};
    REQUIRE(layout.prepare().has_value());
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;
  ~Fixture() { static_cast<void>(remove_tree(directory_).has_value()); }

  std::string add(const std::string& id) {
    REQUIRE(::mkdir(layout.container(id).c_str(), 0700) == 0);
    return id;
  }

  EngineLayout layout;

 private:
  std::string directory_;
};

const std::string kFirst(64, 'a');
const std::string kSecond = "ab" + std::string(62, 'c');

}  // namespace

TEST_CASE("a name belongs to one container until it is released") {
  Fixture fixture;
  fixture.add(kFirst);
  fixture.add(kSecond);
  REQUIRE(reserve_name(fixture.layout, "web", kFirst).has_value());

  const Result<void> taken = reserve_name(fixture.layout, "web", kSecond);

  REQUIRE_FALSE(taken.has_value());
  CHECK(taken.error().kind == ErrorKind::kConflict);
  CHECK(
      taken.error().message.starts_with("Conflict. The container name \"/web\" is already in use"));
  release_name(fixture.layout, "web", kSecond);
  CHECK_FALSE(reserve_name(fixture.layout, "web", kSecond).has_value());
  release_name(fixture.layout, "web", kFirst);
  CHECK(reserve_name(fixture.layout, "web", kSecond).has_value());
}

TEST_CASE("a name whose container has gone is taken over") {
  Fixture fixture;
  fixture.add(kSecond);
  REQUIRE(reserve_name(fixture.layout, "web", kFirst).has_value());

  CHECK(reserve_name(fixture.layout, "web", kSecond).has_value());
  CHECK(find_container(fixture.layout, "web").value_or("") == kSecond);
}

TEST_CASE("find_container takes names, ids and unambiguous beginnings") {
  Fixture fixture;
  fixture.add(kFirst);
  fixture.add(kSecond);
  REQUIRE(reserve_name(fixture.layout, "ab", kFirst).has_value());

  CHECK(find_container(fixture.layout, "/ab").value_or("") == kFirst);
  CHECK(find_container(fixture.layout, "abc").value_or("") == kSecond);
  CHECK(find_container(fixture.layout, kSecond).value_or("") == kSecond);
  const Result<std::string> ambiguous = find_container(fixture.layout, "a");
  REQUIRE_FALSE(ambiguous.has_value());
  CHECK(ambiguous.error().kind == ErrorKind::kInvalid);
  for (const std::string bad : {"", "/", ".", "..", "../containers", "a/b", "ff", "nope"}) {
    CAPTURE(bad);
    const Result<std::string> none = find_container(fixture.layout, bad);
    REQUIRE_FALSE(none.has_value());
    CHECK(none.error().message == "No such container: " + bad);
  }
}

TEST_CASE("random names are names") {
  for (int i = 0; i < 100; ++i) CHECK(check_container_name(random_container_name()).has_value());
}

}  // namespace ikada
