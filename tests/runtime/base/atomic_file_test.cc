#include "runtime/base/atomic_file.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include <doctest/doctest.h>

namespace ikada {
namespace {

struct ScratchDirectory {
  std::string path;
  ScratchDirectory() {
    char name[] = "/tmp/ikada-atomic-XXXXXX";
    path = ::mkdtemp(name);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory() { std::filesystem::remove_all(path); }

  std::string content(const std::string& name) const {
    std::ifstream file(path + "/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  auto count() const {
    return std::distance(std::filesystem::directory_iterator(path),
                         std::filesystem::directory_iterator());
  }
};

TEST_CASE("a file is replaced whole, with the mode that was asked for") {
  const ScratchDirectory scratch;
  const std::string path = scratch.path + "/record";

  REQUIRE(write_file_atomically(path, "a longer first content", 0644).has_value());
  REQUIRE(write_file_atomically(path, "second", 0600, Durability::kVolatile).has_value());

  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK(scratch.content("record") == "second");
  CHECK((status.st_mode & 07777) == 0600);
  CHECK(scratch.count() == 1);
}

TEST_CASE("a failure leaves the old file and nothing new") {
  const ScratchDirectory scratch;
  const std::string path = scratch.path + "/directory";
  std::filesystem::create_directory(path);

  CHECK(!write_file_atomically(path, "x", 0644).has_value());
  CHECK(scratch.count() == 1);
  CHECK(!write_file_atomically(scratch.path + "/missing/x", "x", 0644).has_value());
}

TEST_CASE("a failure is told in the same words each time: they name the file that it is to be") {
  const ScratchDirectory scratch;
  const std::string path = scratch.path + "/missing/record";

  const Result<void> first = write_file_atomically(path, "a", 0600);
  const Result<void> second = write_file_atomically(path, "a", 0600);

  REQUIRE_FALSE(first.has_value());
  CHECK(first.error().message == "create " + path + ": No such file or directory");
  CHECK(second.error().message == first.error().message);
}

}  // namespace
}  // namespace ikada
