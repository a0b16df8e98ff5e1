// Layers that unpack to more than anybody wants: bombs, millions of entries, deep and long names.
// A row's number is the case of the project's list of image attacks.
//
// What a row costs is counted from its first byte to its refusal, on this process's own clock.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/image/compressed_bytes.h"
#include "tests/image/resource_use.h"
#include "tests/image/tar_bytes.h"
#include "tests/image/unpack_fixture.h"

namespace ikada {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

struct Row {
  std::string what;  // "I-13 …"
  std::string blob;
  std::string code;
  LayerLimits limits = {.max_bytes = 64 * kMiB, .max_entries = 2000};
  std::int64_t cpu_ms = 3000;  // A second alone; tests share their machine.
  std::uint64_t memory_bytes = 64 * kMiB;
};

void check(const std::vector<Row>& rows) {
  if (!can_unpack()) return;
  for (const Row& row : rows) {
    CAPTURE(row.what);
    UnpackFixture fixture;
    ResourceUse use;

    const Result<UnpackedLayer> result = fixture.unpack(row.blob, row.limits, 128 << 10);

    CHECK(use.cpu_ms() < row.cpu_ms);
    CHECK(use.peak_growth_bytes() < row.memory_bytes);
    const std::string message = result.has_value() ? "" : result.error().message;
    CAPTURE(message);
    CHECK((result.has_value() ? "" : result.error().code) == row.code);
    CHECK(fixture.is_outside_untouched());
  }
}

std::string repeated(const std::string& bytes, size_t count) {
  std::string all;
  all.reserve(bytes.size() * count);
  for (size_t i = 0; i < count; ++i) all += bytes;
  return all;
}

// g++ 12 takes std::string(n, c) + text for a write out of bounds.
std::string run_then(size_t count, char byte, std::string_view end) {
  std::string text(count, byte);
  return text.append(end);
}

// Source: RFC 8878, 3.1.1: blocks of type 1 are one byte and how often it stands there.
std::string zstd_run_length_bomb(size_t blocks) {
  std::string frame("\x28\xb5\x2f\xfd\x00\x58", 6);  // A window of 2 MiB.
  for (size_t i = 0; i < blocks; ++i) {
    const unsigned size = 128 << 10;
    const unsigned header = size << 3 | 1U << 1 | (i + 1 == blocks ? 1U : 0U);
    for (int shift = 0; shift < 24; shift += 8) frame += static_cast<char>(header >> shift);
    frame += '\0';
  }
  return frame;
}

// Source: RFC 8878, 3.1.2.
std::string skippable_frame(std::uint32_t claimed, std::string_view content) {
  std::string frame("\x50\x2a\x4d\x18", 4);
  for (int shift = 0; shift < 32; shift += 8) frame += static_cast<char>(claimed >> shift);
  return frame + std::string(content);
}

// Source: RFC 1952, 2.3: `flags` say which of name, comment and extra field follow.
std::string gzip_with_header(unsigned char flags, const std::string& more, const std::string& tar) {
  std::string member = gzip(tar);
  member[3] = static_cast<char>(flags);
  return member.substr(0, 10) + more + member.substr(10);
}

const std::string kBudget = "LAYER_BUDGET_EXCEEDED";
const std::string kCompression = "LAYER_COMPRESSION_INVALID";
const std::string kTar = "LAYER_TAR_INVALID";

}  // namespace

TEST_CASE("hostile compression ends at the budget or at the first wrong byte") {
  const std::string zeros(16 * kMiB, '\0');
  const std::string tar = make_tar({make_file("f")});
  const std::string one_file = make_tar_item(make_file("f", std::string(4 * kMiB, '\0')));
  check({
      {"I-13 gzip, 10 GiB in one member after the other", repeated(gzip(zeros), 640), kBudget},
      {"I-13 zstd, 10 GiB in one frame after the other", repeated(zstd(zeros), 640), kBudget},
      {"I-13 zstd, 12 GiB of one byte", zstd_run_length_bomb(100'000), kBudget},
      {"I-13 gzip, files of zeros", repeated(gzip(one_file), 300), kBudget},
      {"I-13 zstd, files of zeros", repeated(zstd(one_file), 300), kBudget},
      {"I-13 gzip in gzip", gzip(gzip(tar)), kTar},
      {"I-13 zstd in gzip", gzip(zstd(tar)), kTar},
      {"I-13 gzip after zstd", zstd(tar) + gzip(tar), kCompression},
      {"I-13 zstd after gzip", gzip(tar) + zstd(tar), kCompression},
      {"I-13 100,000 empty gzip members", repeated(gzip(""), 100'000), ""},
      {"I-13 100,000 empty zstd frames", repeated(zstd(""), 100'000), ""},
      {"I-13 100,000 skippable frames", repeated(skippable_frame(4, "skip"), 100'000), ""},
      {"I-13 skippable frames around",
       skippable_frame(1, "x") + zstd(tar) + skippable_frame(0, ""),
       ""},
      {"I-13 a skippable frame of 4 GiB that ends early",
       skippable_frame(0xffffffff, "x"),
       kCompression},
      {"I-13 a window of 2 GiB", zstd_with_window(31), kCompression},
      {"I-13 a window of 128 MiB and a byte that is no tar", zstd_with_window(27), kTar},
      {"I-13 a zstd dictionary that nobody has",
       std::string("\x28\xb5\x2f\xfd\x03\x58\xef\xbe\xad\xde\x01\x00\x00", 13),
       kCompression},
      {"I-13 a gzip name of 16 MiB without end",
       gzip_with_header(0x08, std::string(16 * kMiB, 'n'), tar),
       kCompression},
      {"I-13 a gzip name of 1 MiB",
       gzip_with_header(0x08, run_then(kMiB, 'n', {"\0", 1}), tar),
       ""},
      {"I-13 a gzip comment of 1 MiB",
       gzip_with_header(0x10, run_then(kMiB, 'c', {"\0", 1}), tar),
       ""},
      {"I-13 a gzip extra field of 64 KiB",
       gzip_with_header(0x04, "\xff\xff" + std::string(65'535, 'e'), tar),
       ""},
      {"I-13 gzip of a method that is none",
       [&] {
         std::string member = gzip(tar);
         member[2] = '\x07';
         return member;
       }(),
       kCompression},
      {"I-13 only gzip's two magic bytes", "\x1f\x8b", kCompression},
      {"I-13 only zstd's magic bytes", "\x28\xb5\x2f\xfd", kCompression},
      {"I-13 gzip with a zero behind", gzip(tar) + '\0', kCompression},
      {"I-13 zstd with garbage behind", zstd(tar) + "garbage", kCompression},
      {"I-13 bzip2", "BZh91AY&SY" + std::string(2000, '\x31'), kTar},
      {"I-13 xz", std::string("\xfd\x37zXZ\0", 6) + std::string(2000, '\x31'), kTar},
  });
}

TEST_CASE("hostile numbers of entries end at the budget") {
  std::string thousand;
  for (int i = 0; i < 1000; ++i) thousand += make_tar_item(make_file(fmt::format("f{}", i), ""));
  std::string links;
  for (int i = 0; i < 1000; ++i) links += make_tar_item(make_hard_link(fmt::format("l{}", i), "f"));
  std::string implied;
  for (int i = 0; i < 300; ++i) {
    implied += make_tar_item(make_file(fmt::format("i{}/", i) + repeated("d/", 99) + "f", ""));
  }
  std::string far;
  for (int i = 0; i < 200; ++i) {
    far += make_tar_item(make_file(repeated("d/", 500) + fmt::format("{}/f", i), ""));
  }
  std::string long_names;
  const std::string way = repeated(run_then(200, 'n', "/"), 19);
  for (int i = 0; i < 400; ++i) {
    long_names += make_tar_item(make_directory(way + fmt::format("{:05}", i)));
  }
  std::string replaced;
  for (int i = 0; i < 300; ++i) {
    replaced += make_tar_item(make_directory("d")) + make_tar_item(make_file("d/f", "")) +
                make_tar_item(make_file("d", ""));
  }
  const LayerLimits usual;
  check({
      {"I-14 a million empty files", repeated(gzip(thousand), 1000), kBudget},
      {"I-14 a million whiteouts",
       repeated(gzip(repeated(make_tar_item(make_file(".wh.f", "")), 1000)), 1000),
       kBudget},
      {"I-14 a million names that AUFS left",
       repeated(gzip(repeated(make_tar_item(make_file(".wh..wh.aufs", "")), 1000)), 1000),
       kBudget},
      {"I-14 30,000 directories that are only implied", gzip(implied), kBudget},
      {"I-14 100,000 hard links to one file",
       gzip(make_tar_item(make_file("f"))) + repeated(gzip(links), 100),
       kBudget},
      {"I-14 200 files, each at the end of 500 directories", gzip(far), "", usual, 3000},
      {"I-14 names of directories that take too much memory",
       gzip(long_names),
       kBudget,
       {.max_bytes = 64 * kMiB, .max_entries = 20'000}},
      {"I-15 one name, file and directory by turns", gzip(replaced), "", usual, 3000},
  });
}

TEST_CASE("hostile repetitions: the last entry wins and nothing is written through the others") {
  if (!can_unpack()) return;
  const std::string out = "../outside/secret";
  struct Case {
    std::string what;
    std::vector<TarItem> items;
    std::string file;  // With content "x" at the end.
    std::string gone = {};
  };
  const std::vector<Case> cases = {
      {"file, link, file", {make_file("a", "1"), make_symlink("a", out), make_file("a")}, "a"},
      {"link, link, file", {make_symlink("a", "/"), make_symlink("a", out), make_file("a")}, "a"},
      {"hard link to a link out, then file",
       {make_symlink("s", out), make_hard_link("a", "s"), make_file("a")},
       "a"},
      {"directory, link out, directory",
       {make_directory("a"),
        make_file("a/old"),
        make_symlink("a", "../outside"),
        make_directory("a"),
        make_file("a/secret")},
       "a/secret",
       "a/old"},
      {"fifo, file", {make_node("a", '6', 0, 0), make_file("a")}, "a"},
      {"device, file", {make_node("a", '3', 1, 1), make_file("a")}, "a"},
      {"whiteout, file", {make_file(".wh.a"), make_file("a")}, "a"},
      {"file, whiteout, directory, file",
       {make_file("a"), make_file(".wh.a"), make_directory("a"), make_file("a/x")},
       "a/x"},
      {"a hard link's other name does not change",
       {make_file("a"), make_hard_link("b", "a"), make_file("b", "other")},
       "a"},
      {"names that differ in case", {make_file("A", "other"), make_file("a")}, "a"},
      {"names that differ in normal form",
       {make_file("caf\u00e9", "other"), make_file("cafe\u0301")},
       "cafe\u0301"},
      {"a directory listed again keeps what it has",
       {make_directory("a"), make_file("a/x"), make_directory("a/"), make_directory("./a")},
       "a/x"},
  };
  for (const Case& each : cases) {
    CAPTURE("I-15 " + each.what);
    UnpackFixture fixture;

    CHECK(fixture.unpack(make_tar(each.items)).has_value());

    CHECK(fixture.content(each.file) == "x");
    if (!each.gone.empty()) CHECK(!fixture.exists(each.gone));
    CHECK(fixture.is_outside_untouched());
  }
}

}  // namespace ikada
