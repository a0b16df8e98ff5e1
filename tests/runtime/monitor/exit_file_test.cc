#include "runtime/monitor/exit_file.h"

#include <sys/stat.h>

#include <doctest/doctest.h>

#include "runtime/sys/file.h"
#include "tests/runtime/monitor/scratch_directory.h"

namespace ikada {
namespace {

constexpr UnixNanos kLongestTime = INT64_MAX;

int read_exit_code(const std::string& path) {
  const Result<std::string> text = read_file(path);
  REQUIRE(text.has_value());
  const Result<Json> json = parse_json(*text);
  REQUIRE(json.has_value());
  return parse_exit_record(*json).value().exit_code;
}

TEST_CASE("an exit record takes the space that was reserved for it") {
  const ScratchDirectory scratch;
  const std::string path = scratch.file("exit.json");

  REQUIRE(reserve_exit_record(path).has_value());
  struct stat reserved {};
  REQUIRE(::stat((path + ".reserved").c_str(), &reserved) == 0);
  CHECK_FALSE(read_file(path).has_value());
  const ExitRecord record{
      .exit_code = 255, .signal = 64, .oom_killed = true, .finished_at = kLongestTime};
  REQUIRE(write_exit_record(path, record, Durability::kDurable).has_value());

  struct stat written {};
  REQUIRE(::stat(path.c_str(), &written) == 0);
  CHECK(read_exit_code(path) == 255);
  CHECK(written.st_ino == reserved.st_ino);
  CHECK(written.st_size == reserved.st_size);
  CHECK_FALSE(read_file(path + ".reserved").has_value());
}

TEST_CASE("an exit record is written where nothing was reserved") {
  const ScratchDirectory scratch;
  const std::string path = scratch.file("exit.json");

  REQUIRE(write_exit_record(path, {.exit_code = 3}, Durability::kVolatile).has_value());

  CHECK(read_exit_code(path) == 3);
}

}  // namespace
}  // namespace ikada
