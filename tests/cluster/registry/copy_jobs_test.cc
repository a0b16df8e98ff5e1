#include "cluster/registry/copy_jobs.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

struct Asker {
  CopyJobs jobs = {};
  CopyJobs::TimePoint now = {};
  int begun = 0;

  std::optional<Result<void>> look(const std::string& name) {
    return jobs.look(name, now, [&] { ++begun; });
  }
};

TEST_CASE("who asks again joins what is under way, and is told how it ended") {
  Asker asker;

  CHECK(!asker.look("a").has_value());
  CHECK(!asker.look("a").has_value());
  CHECK(asker.begun == 1);
  asker.jobs.end("a", asker.now, make_error(ErrorKind::kUnavailable, "nobody has it"));

  for (int i = 0; i < 2; ++i) {
    const std::optional<Result<void>> told = asker.look("a");
    REQUIRE(told.has_value());
    CHECK(told->error().message == "nobody has it");
  }
  CHECK(asker.begun == 1);
}

TEST_CASE("jobs of other names are others") {
  Asker asker;

  asker.look("a");
  asker.look("b");
  CHECK(asker.begun == 2);
  asker.jobs.end("a", asker.now, {});

  CHECK(!asker.look("b").has_value());
  CHECK(asker.look("a").has_value());
}

TEST_CASE("who comes later than some seconds after the end begins anew") {
  Asker asker;
  asker.look("a");
  asker.jobs.end("a", asker.now, make_error(ErrorKind::kUnavailable, "nobody has it"));

  asker.now += std::chrono::seconds(3);

  CHECK(!asker.look("a").has_value());
  CHECK(asker.begun == 2);
}

}  // namespace
}  // namespace ikada
