#include "image/tar_writer.h"

#include <sys/stat.h>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "image/tar_reader.h"

namespace ikada {
namespace {

TarEntry make_entry(std::string path, mode_t mode, std::uint64_t size = 0) {
  TarEntry entry;
  entry.path = std::move(path);
  entry.mode = mode;
  entry.size_bytes = size;
  entry.mtime.tv_sec = 1'700'000'000;
  return entry;
}

struct Written {
  std::string bytes;
  TarWriter writer{[this](std::string_view piece) -> Result<void> {
    bytes += piece;
    return {};
  }};
};

Result<std::vector<TarEntry>> read_all(std::string_view tar, std::string* content = nullptr) {
  IK_LET(reader, TarReader::create([&tar]() -> Result<std::span<const char>> {
           const std::span<const char> all(tar.data(), tar.size());
           tar = {};
           return all;
         }));
  std::vector<TarEntry> entries;
  while (true) {
    IK_LET(entry, reader.next());
    if (entry == nullptr) return entries;
    entries.push_back(*entry);
    while (true) {
      IK_LET(block, reader.next_block());
      if (!block.has_value()) break;
      if (content != nullptr) *content += block->bytes;
    }
  }
}

}  // namespace

TEST_CASE("a small file is one ustar header, its content and padding") {
  Written tar;

  REQUIRE(tar.writer.add(make_entry("etc/hosts", S_IFREG | 0644, 3)).has_value());
  REQUIRE(tar.writer.write("abc").has_value());
  REQUIRE(tar.writer.finish().has_value());

  CHECK(tar.bytes.size() == 4 * 512);
  CHECK(tar.bytes.substr(0, 10) == std::string("etc/hosts\0", 10));
  CHECK(tar.bytes.substr(100, 8) == std::string("0000644\0", 8));
  CHECK(tar.bytes.substr(124, 12) == std::string("00000000003\0", 12));
  CHECK(tar.bytes.substr(136, 12) == std::string("14524770400\0", 12));
  CHECK(tar.bytes.substr(257, 8) == std::string("ustar\00000", 8));
  CHECK(tar.bytes.substr(512, 4) == std::string("abc\0", 4));
}

TEST_CASE("what ustar has no room for comes back from PAX records") {
  TarEntry entry = make_entry(std::string(150, 'd').append("/").append(200, 'f'), S_IFREG | 04755);
  entry.uid = 4'000'000'000;
  entry.gid = 2'097'152;
  entry.mtime.tv_sec = -5;
  entry.xattrs["user.note"] = std::string("a=b\nc\0d", 7);
  TarEntry link = make_entry("link", S_IFLNK | 0777);
  link.link_target = std::string(300, 't');
  Written tar;

  REQUIRE(tar.writer.add(entry).has_value());
  REQUIRE(tar.writer.add(link).has_value());
  REQUIRE(tar.writer.finish().has_value());
  const auto entries = read_all(tar.bytes);

  REQUIRE(entries.has_value());
  REQUIRE(entries->size() == 2);
  const TarEntry& file = entries->at(0);
  CHECK(file.path == entry.path);
  CHECK(file.mode == entry.mode);
  CHECK(file.uid == entry.uid);
  CHECK(file.gid == entry.gid);
  CHECK(file.mtime.tv_sec == -5);
  CHECK(file.xattrs == entry.xattrs);
  CHECK(entries->at(1).link_target == link.link_target);
}

TEST_CASE("devices, fifos and hard links keep what they are") {
  TarEntry device = make_entry("null", S_IFCHR | 0666);
  device.device_major = 1;
  device.device_minor = 3;
  TarEntry hard = make_entry("second", S_IFREG | 0644, 7);
  hard.is_hard_link = true;
  hard.link_target = "first";
  Written tar;

  REQUIRE(tar.writer.add(device).has_value());
  REQUIRE(tar.writer.add(make_entry("pipe", S_IFIFO | 0600)).has_value());
  REQUIRE(tar.writer.add(make_entry("dir/", S_IFDIR | 01777)).has_value());
  REQUIRE(tar.writer.add(hard).has_value());
  REQUIRE(tar.writer.finish().has_value());
  const auto entries = read_all(tar.bytes);

  REQUIRE(entries.has_value());
  REQUIRE(entries->size() == 4);
  CHECK(S_ISCHR(entries->at(0).mode));
  CHECK(entries->at(0).device_major == 1);
  CHECK(entries->at(0).device_minor == 3);
  CHECK(S_ISFIFO(entries->at(1).mode));
  CHECK(entries->at(2).mode == (S_IFDIR | 01777));
  CHECK(entries->at(3).is_hard_link);
  CHECK(entries->at(3).link_target == "first");
}

TEST_CASE("a socket is refused") {
  Written tar;

  CHECK_FALSE(tar.writer.add(make_entry("s", S_IFSOCK | 0600)).has_value());
}

}  // namespace ikada
