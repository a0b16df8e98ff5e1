#include "cluster/engine/path_copy.h"

#include <fcntl.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "runtime/sys/file.h"

namespace ikada {
namespace {

namespace fs = std::filesystem;

// A root with a file, a directory and links that lead to nowhere in it.
class Root {
 public:
  Root() {
    char path[] = "/tmp/ikada-copy-XXXXXX";
    REQUIRE(::mkdtemp(path) != nullptr);
    path_ = path;
    fs::create_directories(path_ + "/root/dir/deep");
    fs::create_directories(path_ + "/canary");
    std::ofstream(path_ + "/root/file") << "text";
    std::ofstream(path_ + "/root/dir/deep/inner") << "inner";
    fs::create_symlink(path_ + "/canary", path_ + "/root/out");
    fs::create_symlink("dir", path_ + "/root/in");
    fd_ = open_file(path_ + "/root", O_PATH | O_DIRECTORY).value();
  }
  Root(const Root&) = delete;
  Root& operator=(const Root&) = delete;
  ~Root() { static_cast<void>(remove_tree(path_).has_value()); }

  CopyPlace at(const std::string& path) const { return {.root_fd = fd_.get(), .path = path}; }
  std::string text(const std::string& path) const {
    return read_file(path_ + "/root" + path).value_or(std::string("(none)"));
  }
  bool canary_is_untouched() const { return fs::is_empty(path_ + "/canary"); }

 private:
  std::string path_;
  UniqueFd fd_;
};

constexpr CopyRules kRules = {.replaces = true};

TEST_CASE("a path is cleaned as text") {
  CHECK(clean_copy_path("/a/./b/../c") == "/a/c");
  CHECK(clean_copy_path("/a//b/") == "/a/b/");
  CHECK(clean_copy_path("/../..") == "/");
  CHECK(clean_copy_path("") == "/");
}

TEST_CASE("a file goes under its own name into a directory, otherwise under the target's") {
  const Root root;

  CHECK(copy_path(root.at("/file"), root.at("/dir"), false, kRules).value() == 4);
  CHECK(copy_path(root.at("/file"), root.at("/dir/other"), false, kRules).has_value());
  CHECK(copy_path(root.at("/file"), root.at("/in/"), false, kRules).has_value());

  CHECK(root.text("/dir/file") == "text");
  CHECK(root.text("/dir/other") == "text");
}

TEST_CASE("a directory goes into one that is there and becomes one that is not") {
  const Root root;

  CHECK(copy_path(root.at("/dir/deep"), root.at("/new"), false, kRules).has_value());
  CHECK(copy_path(root.at("/dir/deep"), root.at("/new"), false, kRules).has_value());
  CHECK(copy_path(root.at("/dir/."), root.at("/new"), false, kRules).has_value());

  CHECK(root.text("/new/inner") == "inner");
  CHECK(root.text("/new/deep/inner") == "inner");
}

TEST_CASE("a symbolic link is copied or followed, but never out of the root") {
  const Root root;

  CHECK(copy_path(root.at("/in"), root.at("/link"), false, kRules).has_value());
  CHECK(copy_path(root.at("/in"), root.at("/followed"), true, kRules).has_value());
  CHECK_FALSE(copy_path(root.at("/file"), root.at("/out/file"), false, kRules).has_value());
  CHECK_FALSE(copy_path(root.at("/out/"), root.at("/got"), false, kRules).has_value());

  CHECK(root.text("/link/deep/inner") == "inner");
  CHECK(root.text("/followed/deep/inner") == "inner");
  CHECK(root.canary_is_untouched());
}

TEST_CASE("what cannot be is refused and changes nothing") {
  const Root root;

  const auto copy = [&](const char* from, const char* to) {
    return copy_path(root.at(from), root.at(to), false, kRules).has_value();
  };
  CHECK_FALSE(copy("/missing", "/dir"));
  CHECK_FALSE(copy("/file", "/no/such"));
  CHECK_FALSE(copy("/file", "/no/"));
  CHECK_FALSE(copy("/dir", "/file"));
  CHECK_FALSE(copy("/file/", "/dir"));

  CHECK(root.text("/file") == "text");
}

}  // namespace
}  // namespace ikada
