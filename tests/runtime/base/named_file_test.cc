#include "runtime/base/named_file.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include <doctest/doctest.h>

namespace ikada {
namespace {

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("what a person named and is no regular file is written to") {
  char scratch[] = "/tmp/ikada-named-file-XXXXXX";
  REQUIRE(::mkdtemp(scratch) != nullptr);
  const std::string directory = scratch;
  const std::string link = directory + "/link";
  std::ofstream(directory + "/target") << "old and longer";
  std::filesystem::create_symlink(directory + "/target", link);

  REQUIRE(write_named_file(link, "new", 0644).has_value());
  REQUIRE(write_named_file(directory + "/plain", "first", 0644).has_value());
  REQUIRE(write_named_file(directory + "/plain", "second", 0644).has_value());

  CHECK(std::filesystem::is_symlink(link));
  CHECK(content(directory + "/target") == "new");
  CHECK(content(directory + "/plain") == "second");
  CHECK(std::distance(std::filesystem::directory_iterator(directory),
                      std::filesystem::directory_iterator()) == 3);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace ikada
