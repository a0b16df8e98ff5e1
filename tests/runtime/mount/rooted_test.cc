#include "runtime/mount/rooted.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "runtime/base/unique_fd.h"

namespace ikada {
namespace {

namespace fs = std::filesystem;

// A root with an etc, and beside it what no look-up may reach.
struct Root {
  std::string scratch;
  std::string path;
  UniqueFd fd;

  Root() {
    char name[] = "/tmp/ikada-rooted-XXXXXX";
    scratch = ::mkdtemp(name);
    path = scratch + "/root";
    fs::create_directories(path + "/etc");
    fs::create_directories(scratch + "/canary");
    fd = UniqueFd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  Root(const Root&) = delete;
  Root& operator=(const Root&) = delete;
  ~Root() { fs::remove_all(scratch); }

  void link(const std::string& target, const std::string& name) const {
    fs::create_symlink(target, path + name);
  }
};

int make_file(const Root& root, const char* path) {
  const UniqueFd fd(open_or_make_file(root.fd.get(), path, 0));
  return fd.get() >= 0 ? 0 : fd.get();
}

int make_directory(const Root& root, const char* path) {
  const UniqueFd fd(open_or_make_directory(root.fd.get(), path, 0, 0755));
  return fd.get() >= 0 ? 0 : fd.get();
}

TEST_CASE("a file is made at the end of a dangling symlink, with the directories on its way") {
  const Root root;
  root.link("../run/systemd/resolve/stub-resolv.conf", "/etc/resolv.conf");
  root.link("/var/lib/hosts", "/etc/hosts");
  root.link("other", "/etc/hostname");
  root.link("/data/name", "/etc/other");

  CHECK(make_file(root, "/etc/resolv.conf") == 0);
  CHECK(make_file(root, "/etc/hosts") == 0);
  CHECK(make_file(root, "/etc/hostname") == 0);

  CHECK(fs::is_regular_file(root.path + "/run/systemd/resolve/stub-resolv.conf"));
  CHECK(fs::is_regular_file(root.path + "/var/lib/hosts"));
  CHECK(fs::is_regular_file(root.path + "/data/name"));
}

TEST_CASE("a dangling symlink on the way is followed inside the root") {
  const Root root;
  root.link("/usr/etc", "/conf");
  root.link("../../../..", "/up");

  CHECK(make_file(root, "/conf/deep/file") == 0);
  CHECK(make_directory(root, "/up/canary/new") == 0);

  CHECK(fs::is_regular_file(root.path + "/usr/etc/deep/file"));
  CHECK(fs::is_directory(root.path + "/canary/new"));
  CHECK(fs::is_empty(root.scratch + "/canary"));
}

TEST_CASE("a dangling symlink that names a place outside makes nothing there") {
  const Root root;
  root.link(root.scratch + "/canary/hosts", "/etc/hosts");
  root.link("../../canary/resolv.conf", "/etc/resolv.conf");

  CHECK(make_file(root, "/etc/hosts") == 0);
  CHECK(make_file(root, "/etc/resolv.conf") == 0);

  CHECK(fs::is_empty(root.scratch + "/canary"));
  CHECK(fs::is_regular_file(root.path + root.scratch + "/canary/hosts"));
}

TEST_CASE("symlinks that lead in a circle are an error") {
  const Root root;
  root.link("b", "/etc/a");
  root.link("a", "/etc/b");

  CHECK(make_file(root, "/etc/a") == -ELOOP);
  CHECK(make_directory(root, "/etc/a/x") == -ELOOP);
}

TEST_CASE("a chain of dangling symlinks that is too long is an error") {
  const Root root;
  for (int i = 0; i < 12; ++i) {
    root.link("/d" + std::to_string(i + 1) + "/x", "/d" + std::to_string(i));
  }

  CHECK(make_directory(root, "/d0") == -ELOOP);
}

}  // namespace
}  // namespace ikada
