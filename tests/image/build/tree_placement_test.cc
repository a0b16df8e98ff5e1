#include "image/build/tree_placement.h"

#include <doctest/doctest.h>

#include "tests/image/build/scratch_tree.h"

namespace ikada {
namespace {

Result<void> copy(const ScratchTree& from,
                  const std::string& source,
                  const ScratchTree& to,
                  const std::string& destination,
                  const PlacementOptions& options = {}) {
  const UniqueFd root = from.open();
  const UniqueFd target = to.open();
  IK_LET(trees, find_sources({.root_fd = root.get()}, source));
  TreePlacement placement(target.get(), options);
  for (const SourceTree& each : trees) IK_TRY(placement.copy(each, destination));
  return placement.finish();
}

struct stat status_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status;
}

TEST_CASE("a file goes to the name, or into the directory") {
  const ScratchTree from;
  const ScratchTree to;
  from.write("f", "x");
  to.write("there/old", "");

  REQUIRE(copy(from, "f", to, "/a/b/new").has_value());
  REQUIRE(copy(from, "f", to, "/c/").has_value());
  REQUIRE(copy(from, "f", to, "/there").has_value());

  CHECK(to.read("a/b/new") == "x");
  CHECK(to.read("c/f") == "x");
  CHECK(to.read("there/f") == "x");
}

TEST_CASE("a directory's content is merged, and files are replaced, not written through") {
  const ScratchTree from;
  const ScratchTree to;
  const ScratchTree outside;
  from.write("d/sub/f", "new");
  from.write("d/g", "new");
  outside.write("victim", "old");
  to.write("t/sub/kept", "kept");
  REQUIRE(::symlink(outside.at("victim").c_str(), to.at("t/g").c_str()) == 0);

  REQUIRE(copy(from, "d", to, "/t").has_value());

  CHECK(to.read("t/sub/f") == "new");
  CHECK(to.read("t/sub/kept") == "kept");
  CHECK(to.read("t/g") == "new");
  CHECK(outside.read("victim") == "old");
}

TEST_CASE("symlinks on the way to the destination stay inside the tree") {
  const ScratchTree from;
  const ScratchTree to;
  const ScratchTree outside;
  from.write("f", "x");
  to.write("real/keep", "");
  REQUIRE(::symlink("/real", to.at("absolute").c_str()) == 0);
  REQUIRE(::symlink(outside.path().c_str(), to.at("out").c_str()) == 0);

  REQUIRE(copy(from, "f", to, "/absolute/made/").has_value());
  CHECK(to.read("real/made/f") == "x");
  CHECK_FALSE(copy(from, "f", to, "/out/f").has_value());
  CHECK(outside.read("f") == "(none)");
}

TEST_CASE("modes, times and links are kept; directories that were there keep their time") {
  const ScratchTree from;
  const ScratchTree to;
  from.write("d/f", "x");
  REQUIRE(::link(from.at("d/f").c_str(), from.at("d/g").c_str()) == 0);
  REQUIRE(::symlink("f", from.at("d/s").c_str()) == 0);
  REQUIRE(::chmod(from.at("d/f").c_str(), 0640) == 0);
  const timespec old[2] = {{1000, 5}, {1000, 5}};
  REQUIRE(::utimensat(AT_FDCWD, from.at("d/f").c_str(), old, 0) == 0);
  to.write("t/x", "");
  REQUIRE(::utimensat(AT_FDCWD, to.at("t").c_str(), old, 0) == 0);

  REQUIRE(copy(from, "d", to, "/t").has_value());

  CHECK((status_of(to.at("t/f")).st_mode & 07777) == 0640);
  CHECK(status_of(to.at("t/f")).st_mtim.tv_sec == 1000);
  CHECK(status_of(to.at("t/f")).st_ino == status_of(to.at("t/g")).st_ino);
  CHECK(S_ISLNK(status_of(to.at("t/s")).st_mode));
  CHECK(status_of(to.at("t")).st_mtim.tv_sec == 1000);
}

TEST_CASE("a file does not take a directory's place, nor a directory a file's") {
  const ScratchTree from;
  const ScratchTree to;
  from.write("d/x/y", "");
  from.write("f", "");
  to.write("t/x", "");
  to.write("u/f/z", "");

  CHECK_FALSE(copy(from, "d", to, "/t").has_value());
  CHECK_FALSE(copy(from, "f", to, "/u/").has_value());
}

}  // namespace
}  // namespace ikada
