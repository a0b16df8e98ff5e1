#include "image/build/source_tree.h"

#include <doctest/doctest.h>

#include "tests/image/build/scratch_tree.h"

namespace ikada {
namespace {

std::string find(const ScratchTree& tree,
                 const std::string& pattern,
                 const std::string& ignore = "") {
  const UniqueFd root = tree.open();
  const auto patterns = IgnorePatterns::parse(ignore);
  REQUIRE(patterns.has_value());
  const auto found = find_sources({.root_fd = root.get(), .ignore = &*patterns}, pattern);
  if (!found.has_value()) return "error: " + found.error().message;
  std::string result;
  for (const SourceTree& each : *found) {
    result += each.path + ":";
    for (const SourceEntry& entry : each.entries) {
      if (!entry.path.empty()) result += " " + entry.path;
    }
    result += "\n";
  }
  return result;
}

Digest hash(const ScratchTree& tree, const std::string& pattern) {
  const UniqueFd root = tree.open();
  const auto found = find_sources({.root_fd = root.get()}, pattern);
  REQUIRE(found.has_value());
  Sha256 hash;
  for (const SourceTree& each : *found) REQUIRE(hash_source(each, false, hash).has_value());
  return hash.finish();
}

TEST_CASE("patterns choose files by name, in order") {
  const ScratchTree tree;
  for (const char* name : {"b.c", "a.c", "d/x", "d/e/y"}) tree.write(name, "");

  CHECK(find(tree, "*.c") == "a.c:\nb.c:\n");
  CHECK(find(tree, "/d/../a.c") == "a.c:\n");
  CHECK(find(tree, "d") == "d: e e/y x\n");
  CHECK(find(tree, "*/e/?") == "d/e/y:\n");
  CHECK(find(tree, "none").starts_with("error: file not found in build context"));
  CHECK(find(tree, "*.h").starts_with("error: file not found in build context"));
}

TEST_CASE("ignored files are not there, and directories only for what is taken back") {
  const ScratchTree tree;
  for (const char* name : {"d/x", "d/y", "d/deep/z", "e/x"}) tree.write(name, "");

  CHECK(find(tree, ".", "d\n!d/deep/z") == ": d d/deep d/deep/z e e/x\n");
  CHECK(find(tree, "d", "d").starts_with("error: "));
  CHECK(find(tree, "d/x", "**/x").starts_with("error: "));
}

TEST_CASE("symlinks of a context never lead out of it") {
  const ScratchTree outside;
  outside.write("secret", "secret");
  const ScratchTree tree;
  tree.write("inside/f", "");
  REQUIRE(::symlink(outside.path().c_str(), tree.at("absolute").c_str()) == 0);
  REQUIRE(::symlink("../../../../inside", tree.at("climbing").c_str()) == 0);

  CHECK(find(tree, "absolute/secret").starts_with("error: "));
  CHECK(find(tree, "../inside") == "inside: f\n");
  CHECK(find(tree, "climbing") == "climbing: f\n");
  CHECK(find(tree, ".").find("secret") == std::string::npos);
}

TEST_CASE("content, names and permissions decide a digest; times do not") {
  const ScratchTree tree;
  tree.write("d/a", "1");
  tree.write("d/b", "2");
  const Digest before = hash(tree, "d");
  const timespec times[2] = {{1, 0}, {1, 0}};
  REQUIRE(::utimensat(AT_FDCWD, tree.at("d/a").c_str(), times, 0) == 0);

  CHECK(hash(tree, "d") == before);
  REQUIRE(::chmod(tree.at("d/a").c_str(), 0755) == 0);
  const Digest executable = hash(tree, "d");
  CHECK(executable != before);
  tree.write("d/b", "3");
  CHECK(hash(tree, "d") != executable);
  CHECK(hash(tree, "d/a") != hash(tree, "d/b"));
}

}  // namespace
}  // namespace ikada
