#include "cluster/engine/image_files.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// Layers as directories of a test, lowest first, beside a file that no look-up may reach.
class Fixture {
 public:
  Fixture() {
    char path[] = "/tmp/ikada-layers-XXXXXX";
    REQUIRE(::mkdtemp(path) != nullptr);
    directory = path;
    write("canary", "secret");
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;
  ~Fixture() { static_cast<void>(remove_tree(directory).has_value()); }

  void write(const std::string& name, const std::string& text) const {
    const std::string path = directory + "/" + name;
    REQUIRE(make_directories(path.substr(0, path.rfind('/')), 0755).has_value());
    REQUIRE(write_file_atomically(path, text, 0644, Durability::kVolatile).has_value());
  }
  void link(const std::string& name, const std::string& target) const {
    const std::string path = directory + "/" + name;
    REQUIRE(make_directories(path.substr(0, path.rfind('/')), 0755).has_value());
    REQUIRE(::symlink(target.c_str(), path.c_str()) == 0);
  }
  std::string layer(const std::string& name) const { return directory + "/" + name; }

  std::string directory;
};

constexpr size_t kLimit = 1 << 16;

}  // namespace

TEST_CASE("the topmost layer's file counts") {
  const Fixture fixture;
  fixture.write("a/etc/passwd", "old");
  fixture.write("a/etc/group", "group");
  fixture.write("b/etc/passwd", "new");

  ImageFiles files({fixture.layer("a"), fixture.layer("b")});

  CHECK(files.read("/etc/passwd", kLimit).value_or("?") == "new");
  CHECK(files.read("/etc/group", kLimit).value_or("?") == "group");
  CHECK(files.read("/etc/none", kLimit).value_or("?") == "");
}

TEST_CASE("links of an image never lead out of it") {
  const Fixture fixture;
  for (const std::string& target : {fixture.directory + "/canary",
                                    std::string("../../canary"),
                                    std::string("../../../../../../etc/hostname"),
                                    std::string("/proc/self/root/etc/hostname")}) {
    CAPTURE(target);
    static_cast<void>(remove_tree(fixture.layer("a")).has_value());
    fixture.link("a/etc/passwd", target);
    ImageFiles files({fixture.layer("a")});
    CHECK(files.read("/etc/passwd", kLimit).value_or("?") == "");
  }
  static_cast<void>(remove_tree(fixture.layer("a")).has_value());
  fixture.link("a/etc", fixture.directory);
  ImageFiles files({fixture.layer("a")});
  CHECK(files.read("/etc/canary", kLimit).value_or("?") == "");
}

TEST_CASE("a link inside an image is followed inside it") {
  const Fixture fixture;
  fixture.write("a/usr/lib/passwd", "text");
  fixture.link("a/etc/passwd", "/usr/lib/passwd");

  ImageFiles files({fixture.layer("a")});

  CHECK(files.read("/etc/passwd", kLimit).value_or("?") == "text");
}

TEST_CASE("what is no regular file reads as nothing, at once") {
  const Fixture fixture;
  fixture.write("a/etc/x", "");
  REQUIRE(::mkfifo((fixture.layer("a") + "/etc/passwd").c_str(), 0600) == 0);

  ImageFiles files({fixture.layer("a")});

  CHECK(files.read("/etc/passwd", kLimit).value_or("?") == "");
  CHECK(files.read("/etc", kLimit).value_or("?") == "");
}

TEST_CASE("a file beyond the limit is refused, sparse or not") {
  const Fixture fixture;
  fixture.write("a/etc/passwd", "");
  REQUIRE(::truncate((fixture.layer("a") + "/etc/passwd").c_str(), off_t{1} << 30) == 0);

  ImageFiles files({fixture.layer("a")});

  CHECK_FALSE(files.read("/etc/passwd", kLimit).has_value());
}

}  // namespace ikada
