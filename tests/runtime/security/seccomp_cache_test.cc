#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include "runtime/security/seccomp.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// A directory below /tmp that goes away with the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() { REQUIRE(::mkdtemp(path_) != nullptr); }
  ~TemporaryDirectory() { static_cast<void>(remove_tree(path_).has_value()); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string path() const { return path_; }

 private:
  char path_[32] = "/tmp/ikada-seccomp-XXXXXX";
};

Json make_profile(const char* name) {
  return {{"defaultAction", "SCMP_ACT_ERRNO"},
          {"flags", {"SECCOMP_FILTER_FLAG_LOG"}},
          {"syscalls", {{{"names", {name}}, {"action", "SCMP_ACT_ALLOW"}}}}};
}

bool same(const SeccompProgram& a, const SeccompProgram& b) {
  return a.flags == b.flags && a.instructions.size() == b.instructions.size() &&
         std::equal(a.instructions.begin(),
                    a.instructions.end(),
                    b.instructions.begin(),
                    [](const sock_filter& x, const sock_filter& y) {
                      return x.code == y.code && x.jt == y.jt && x.jf == y.jf && x.k == y.k;
                    });
}

std::string only_file_of(const std::string& dir) {
  const auto names = list_directory(dir).value();
  REQUIRE(names.size() == 1);
  return dir + "/" + names[0];
}

TEST_CASE("the cache gives back the program that was compiled") {
  const TemporaryDirectory temporary;
  const std::string cache = temporary.path() + "/seccomp";
  const Json profile = make_profile("read");

  const auto first = load_or_compile_seccomp(profile, cache);
  const auto second = load_or_compile_seccomp(profile, cache);

  REQUIRE(first.has_value());
  REQUIRE(second.has_value());
  CHECK(same(*first, *second));
  CHECK(same(*first, *compile_seccomp(profile)));
  CHECK(list_directory(cache).value().size() == 1);
  struct stat status = {};
  REQUIRE(::stat(only_file_of(cache).c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE("each profile has a file of its own") {
  const TemporaryDirectory temporary;

  CHECK(load_or_compile_seccomp(make_profile("read"), temporary.path()).has_value());
  CHECK(load_or_compile_seccomp(make_profile("write"), temporary.path()).has_value());

  CHECK(list_directory(temporary.path()).value().size() == 2);
}

TEST_CASE("a cache file that anyone could have written or damaged is not used") {
  const TemporaryDirectory temporary;
  const Json profile = make_profile("read");
  const SeccompProgram right = load_or_compile_seccomp(profile, temporary.path()).value();
  const std::string file = only_file_of(temporary.path());
  const std::string good = read_file(file).value();

  SUBCASE("it is restored when any byte of it differs") {
    for (size_t at = 0; at < good.size(); at += 3) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 1);
      std::ofstream(file, std::ios::binary) << bad;
      REQUIRE(::chmod(file.c_str(), 0600) == 0);
      CHECK(same(load_or_compile_seccomp(profile, temporary.path()).value(), right));
      CHECK(read_file(file).value() == good);
    }
  }
  SUBCASE("it is restored when it is cut short or longer") {
    for (const size_t size : {size_t{0}, size_t{10}, good.size() - 8, good.size() - 1}) {
      std::ofstream(file, std::ios::binary) << good.substr(0, size);
      CHECK(same(load_or_compile_seccomp(profile, temporary.path()).value(), right));
      CHECK(read_file(file).value() == good);
    }
    std::ofstream(file, std::ios::binary) << good << "12345678";
    CHECK(same(load_or_compile_seccomp(profile, temporary.path()).value(), right));
    CHECK(read_file(file).value() == good);
  }
  SUBCASE("it is replaced when others may read or write it") {
    REQUIRE(::chmod(file.c_str(), 0666) == 0);
    CHECK(same(load_or_compile_seccomp(profile, temporary.path()).value(), right));
    struct stat status = {};
    REQUIRE(::stat(file.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);
  }
  SUBCASE("a symbolic link in its place is replaced, not followed") {
    const std::string elsewhere = temporary.path() + "/elsewhere";
    std::filesystem::rename(file, elsewhere);
    std::filesystem::create_symlink(elsewhere, file);
    CHECK(same(load_or_compile_seccomp(profile, temporary.path()).value(), right));
    CHECK(!std::filesystem::is_symlink(file));
  }
}

TEST_CASE("a cache directory that others can write is not used") {
  const TemporaryDirectory temporary;
  REQUIRE(::chmod(temporary.path().c_str(), 0777) == 0);

  const auto program = load_or_compile_seccomp(make_profile("read"), temporary.path());

  REQUIRE(program.has_value());
  CHECK(list_directory(temporary.path()).value().empty());
}

TEST_CASE("without a usable cache a profile is compiled all the same") {
  CHECK(load_or_compile_seccomp(make_profile("read"), "/proc/no/such/place").has_value());
}

}  // namespace
}  // namespace ikada
