#include "tests/image/unpack_fixture.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include <doctest/doctest.h>

#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

std::string describe(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return path + " missing\n";
  std::string text = fmt::format("{} {:o} {}:{} {} {} {}\n",
                                 path,
                                 status.st_mode,
                                 status.st_uid,
                                 status.st_gid,
                                 status.st_nlink,
                                 status.st_mtim.tv_sec,
                                 status.st_mtim.tv_nsec);
  if (S_ISREG(status.st_mode)) text += read_file(path).value_or("unreadable") + "\n";
  if (!S_ISDIR(status.st_mode)) return text;
  Result<std::vector<std::string>> names = list_directory(path);
  std::sort(names->begin(), names->end());
  for (const std::string& name : *names) text += describe(path + "/" + name);
  return text;
}

}  // namespace

UnpackFixture::UnpackFixture() {
  std::string pattern = "/tmp/ikada-unpack-XXXXXX";
  directory_ = ::mkdtemp(pattern.data());
  outside_ = directory_ + "/outside";
  layer_ = directory_ + "/layer";
  REQUIRE(make_directories(outside_ + "/etc", 0755).has_value());
  REQUIRE(make_directories(layer_, 0755).has_value());
  for (const char* name : {"/etc/shadow", "/secret"}) {
    REQUIRE(write_file_atomically(outside_ + name, "canary", 0600).has_value());
  }
  before_ = describe_outside();
}

UnpackFixture::~UnpackFixture() { static_cast<void>(remove_tree(directory_).has_value()); }

std::string UnpackFixture::describe_outside() const {
  Result<std::vector<std::string>> names = list_directory(directory_);
  return fmt::format("{} {}", names->size(), describe(outside_));
}

bool UnpackFixture::is_outside_untouched() const { return describe_outside() == before_; }

Result<UnpackedLayer> UnpackFixture::unpack(std::string_view blob,
                                            LayerLimits limits,
                                            size_t piece) {
  IK_LET(directory, open_file(layer_, O_RDONLY | O_DIRECTORY));
  const UniqueFd file(::memfd_create("blob", MFD_CLOEXEC));
  if (!file) return errno_error("memfd_create");
  IK_LET(unpacker,
         LayerUnpacker::start(
             directory.get(), file.get(), {.blob_bytes = blob.size(), .limits = limits}));
  while (!blob.empty()) {
    const std::string_view next = blob.substr(0, piece);
    IK_TRY(write_all(file.get(), next));
    if (!unpacker.advance(next.size())) break;
    blob.remove_prefix(next.size());
  }
  return unpacker.finish({});
}

std::string UnpackFixture::content(std::string_view name) const {
  return read_file(path(name)).value_or("");
}

bool UnpackFixture::exists(std::string_view name) const {
  struct stat status {};
  return ::lstat(path(name).c_str(), &status) == 0;
}

bool can_unpack() {
  if (::geteuid() == 0) return true;
  MESSAGE("skipped: unpacking layers needs root");
  return false;
}

}  // namespace ikada
