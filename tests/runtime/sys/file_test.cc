#include "runtime/sys/file.h"

#include <algorithm>
#include <filesystem>

#include <doctest/doctest.h>

#include "tests/runtime/sys/scratch_directory.h"

namespace ikada {
namespace {

namespace fs = std::filesystem;

Result<std::string> read_in_root(const std::string& root, const std::string& path) {
  IK_LET(root_fd, open_file(root, O_PATH | O_DIRECTORY));
  IK_LET(fd, open_in_root(root_fd.get(), path, O_RDONLY));
  return read_fd(fd.get(), 4096);
}

TEST_CASE("a look-up in a root stays inside, whatever symlinks say") {
  const ScratchDirectory scratch;
  fs::create_directories(scratch.at("root/etc"));
  scratch.write("root/etc/passwd", "inside");
  scratch.write("secret", "outside");
  fs::create_symlink("/etc/passwd", scratch.at("root/absolute"));
  fs::create_symlink("../../../secret", scratch.at("root/etc/up"));

  CHECK(read_in_root(scratch.at("root"), "/etc/passwd").value() == "inside");
  CHECK(read_in_root(scratch.at("root"), "absolute").value() == "inside");
  CHECK(read_in_root(scratch.at("root"), "../../etc/passwd").value() == "inside");
  CHECK(read_in_root(scratch.at("root"), "etc/up").error().kind == ErrorKind::kNotFound);
}

TEST_CASE("a look-up beneath a directory follows no symlink and no way up") {
  const ScratchDirectory scratch;
  scratch.write("file", "x");
  fs::create_symlink("file", scratch.at("link"));
  const UniqueFd dir = open_file(scratch.path, O_PATH | O_DIRECTORY).value();

  CHECK(open_beneath(dir.get(), "file", O_RDONLY).has_value());
  CHECK(!open_beneath(dir.get(), "link", O_RDONLY).has_value());
  CHECK(!open_beneath(dir.get(), "../x", O_RDONLY).has_value());
}

TEST_CASE("directories are made inside the root even through symlinks") {
  const ScratchDirectory scratch;
  fs::create_directories(scratch.at("root/real"));
  fs::create_symlink("/real", scratch.at("root/link"));
  const UniqueFd root = open_file(scratch.at("root"), O_PATH | O_DIRECTORY).value();

  CHECK(make_directories_in_root(root.get(), "/link/a/b", 0755).has_value());

  CHECK(fs::is_directory(scratch.at("root/real/a/b")));
}

TEST_CASE("make_directories makes parents and minds nothing that is there") {
  const ScratchDirectory scratch;

  CHECK(make_directories(scratch.at("a/b/c"), 0700).has_value());
  CHECK(make_directories(scratch.at("a/b/c"), 0700).has_value());
  CHECK(fs::is_directory(scratch.at("a/b/c")));
}

TEST_CASE("a file larger than the limit is refused") {
  const ScratchDirectory scratch;
  scratch.write("file", "12345");

  CHECK(read_file(scratch.at("file"), 5).value() == "12345");
  CHECK(read_file(scratch.at("file"), 4).error().kind == ErrorKind::kInvalid);
  CHECK(read_file(scratch.at("none")).error().kind == ErrorKind::kNotFound);
}

TEST_CASE("a tree is removed without following symlinks") {
  const ScratchDirectory scratch;
  fs::create_directories(scratch.at("tree/deep/deeper"));
  scratch.write("tree/deep/file", "x");
  scratch.write("outside", "kept");
  fs::create_symlink(scratch.at("outside"), scratch.at("tree/link"));
  fs::create_directory_symlink(scratch.path, scratch.at("tree/deep/up"));

  CHECK(remove_tree(scratch.at("tree")).has_value());
  CHECK(!fs::exists(scratch.at("tree")));
  CHECK(fs::exists(scratch.at("outside")));
  CHECK(remove_tree(scratch.at("tree")).has_value());
}

TEST_CASE("a tree deeper than any path can say is removed") {
  const ScratchDirectory scratch;
  fs::create_directories(scratch.at("tree"));
  Result<UniqueFd> current = open_file(scratch.at("tree"), O_PATH | O_DIRECTORY);
  for (int depth = 0; depth < 5000; ++depth) {
    REQUIRE(current.has_value());
    REQUIRE(::mkdirat(current->get(), "d", 0700) == 0);
    current = open_file_at(current->get(), "d", O_PATH | O_DIRECTORY);
  }
  current = UniqueFd();

  CHECK(remove_tree(scratch.at("tree")).has_value());

  CHECK(!fs::exists(scratch.at("tree")));
}

TEST_CASE("the names in a directory come without dots") {
  const ScratchDirectory scratch;
  scratch.write("b", "");
  scratch.write(".a", "");

  std::vector<std::string> names = list_directory(scratch.path).value();
  std::sort(names.begin(), names.end());

  CHECK(names == std::vector<std::string>{".a", "b"});
}

TEST_CASE("a lock is held by one descriptor at a time") {
  const ScratchDirectory scratch;
  {
    const Result<UniqueFd> first = lock_file(scratch.at("lock"), false);
    CHECK(first.has_value());
    CHECK(lock_file(scratch.at("lock"), false).error().kind == ErrorKind::kConflict);
  }

  CHECK(lock_file(scratch.at("lock"), false).has_value());
}

}  // namespace
}  // namespace ikada
