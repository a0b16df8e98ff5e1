#include "runtime/sys/owner_lock.h"

#include <thread>

#include <doctest/doctest.h>

#include "runtime/sys/file.h"
#include "tests/runtime/sys/scratch_directory.h"

namespace ikada {

TEST_CASE("a lock that somebody keeps is refused") {
  const ScratchDirectory directory;
  const std::string path = directory.at("lock");
  const Result<UniqueFd> owner = lock_file(path, false);
  REQUIRE(owner.has_value());

  const Result<UniqueFd> second = lock_as_owner(path, std::chrono::milliseconds(0));

  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().kind == ErrorKind::kConflict);
}

TEST_CASE("a lock that is free soon is taken over") {
  const ScratchDirectory directory;
  const std::string path = directory.at("lock");
  Result<UniqueFd> dying = lock_file(path, false);
  REQUIRE(dying.has_value());
  std::thread death([&] { dying->reset(); });

  const Result<UniqueFd> next = lock_as_owner(path, std::chrono::minutes(1));

  CHECK(next.has_value());
  death.join();
}

}  // namespace ikada
