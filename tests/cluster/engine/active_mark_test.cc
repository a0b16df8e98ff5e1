#include "cluster/engine/active_mark.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <string>

#include <doctest/doctest.h>

#include "cluster/engine/live_status.h"
#include "runtime/base/atomic_file.h"
#include "runtime/monitor/options.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

class Fixture {
 public:
  Fixture() {
    char path[] = "/tmp/ikada-mark-XXXXXX";
    REQUIRE(::mkdtemp(path) != nullptr);
    directory_ = path;
    layout = {.root = directory_ + "/root", .run_root = directory_ + "/run"};
    REQUIRE(layout.prepare().has_value());
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;
  ~Fixture() { static_cast<void>(remove_tree(directory_).has_value()); }

  EngineLayout layout;

 private:
  std::string directory_;
};

}  // namespace

TEST_CASE("a mark that is held is nobody else's") {
  const Fixture fixture;
  Result<ActiveMark> mark = ActiveMark::acquire(fixture.layout, "one");
  REQUIRE(mark.has_value());

  CHECK(is_looked_after(fixture.layout, "one"));
  const Result<ActiveMark> second = ActiveMark::acquire(fixture.layout, "one", 0);
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().kind == ErrorKind::kConflict);
  const auto abandoned = ActiveMark::find_abandoned(fixture.layout, "one");
  REQUIRE(abandoned.has_value());
  CHECK_FALSE(abandoned->has_value());
}

TEST_CASE("a mark whose holder is dead is found with its phase") {
  const Fixture fixture;
  {
    Result<ActiveMark> mark = ActiveMark::acquire(fixture.layout, "one");
    REQUIRE(mark.has_value());
    REQUIRE(mark->set_phase(ActivePhase::kStarted).has_value());
  }

  Result<std::optional<ActiveMark>> found = ActiveMark::find_abandoned(fixture.layout, "one");

  REQUIRE(found.has_value());
  REQUIRE(found->has_value());
  CHECK((*found)->phase() == ActivePhase::kStarted);
  (*found)->remove();
  CHECK(list_active(fixture.layout)->empty());
}

TEST_CASE("removing a mark leaves a later mark of the same container alone") {
  const Fixture fixture;
  Result<ActiveMark> old = ActiveMark::acquire(fixture.layout, "one");
  REQUIRE(old.has_value());
  remove_active_mark(fixture.layout, "one");
  Result<ActiveMark> fresh = ActiveMark::acquire(fixture.layout, "one");
  REQUIRE(fresh.has_value());

  old->remove();

  CHECK(is_looked_after(fixture.layout, "one"));
}

TEST_CASE("condemn makes a held mark one of a half-made container") {
  const Fixture fixture;
  {
    Result<ActiveMark> mark = ActiveMark::acquire(fixture.layout, "one");
    REQUIRE(mark.has_value());
    REQUIRE(mark->set_phase(ActivePhase::kStarted).has_value());
    REQUIRE(condemn(fixture.layout, "one").has_value());
  }

  const auto found = ActiveMark::find_abandoned(fixture.layout, "one");

  REQUIRE(found.has_value());
  REQUIRE(found->has_value());
  CHECK((*found)->phase() == ActivePhase::kCreating);
}

TEST_CASE("a container that somebody is about to start is waited for") {
  const Fixture fixture;
  REQUIRE(::mkdir(fixture.layout.container("one").c_str(), 0700) == 0);
  int pauses = 0;
  const auto start = [&] {
    if (++pauses < 3) return;
    const std::string exit = to_json(ExitRecord{.exit_code = 3, .finished_at = 1}).dump();
    REQUIRE(write_file_atomically(fixture.layout.container_file("one", "exit.json"), exit, 0600)
                .has_value());
  };
  CHECK_FALSE(await_start(fixture.layout, "one", start));
  CHECK(pauses == 0);
  auto mark = ActiveMark::acquire(fixture.layout, "one");
  REQUIRE(mark.has_value());
  CHECK(await_start(fixture.layout, "one", start));
  CHECK(pauses == 3);
  mark->remove();
}

}  // namespace ikada
