#include "image/unpack.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "runtime/sys/file.h"
#include "tests/image/compressed_bytes.h"
#include "tests/image/tar_bytes.h"
#include "tests/image/unpack_fixture.h"

namespace ikada {
namespace {

struct stat status_of(const UnpackFixture& fixture, std::string_view name) {
  struct stat status {};
  CHECK(::lstat(fixture.path(name).c_str(), &status) == 0);
  return status;
}

std::string xattr_of(const UnpackFixture& fixture, std::string_view name, const char* attribute) {
  char value[256];
  const ssize_t size = ::lgetxattr(fixture.path(name).c_str(), attribute, value, sizeof(value));
  return size < 0 ? "" : std::string(value, static_cast<size_t>(size));
}

std::string code_of(const Result<UnpackedLayer>& result) {
  return result.has_value() ? "" : result.error().code;
}

TarItem with_xattr(const std::string& name, const std::string& value) {
  TarItem item = make_file("f");
  item.pax["SCHILY.xattr." + name] = value;
  return item;
}

std::string capability(unsigned char revision, unsigned char root_id) {
  std::string value(revision == 2 ? 20 : 24, '\0');
  value[3] = static_cast<char>(revision);
  value[5] = 4;  // CAP_NET_BIND_SERVICE
  if (revision == 3) value[20] = static_cast<char>(root_id);
  return value;
}

}  // namespace

TEST_CASE("files keep owner, mode, set-id bits and time") {
  if (!can_unpack()) return;
  UnpackFixture fixture;
  const std::string tar = make_tar({
      {.name = "d", .type = '5', .mode = 02775, .uid = 10, .gid = 20, .mtime = 1111},
      {.name = "d/su", .content = "program", .mode = 04755, .uid = 0, .gid = 5, .mtime = 2222},
      {.name = "d/link", .type = '2', .link = "su", .uid = 7, .gid = 8, .mtime = 3333},
      {.name = "sticky", .type = '5', .mode = 01777},
  });

  const Result<UnpackedLayer> layer = fixture.unpack(tar);

  REQUIRE(layer.has_value());
  CHECK(layer->diff_id == Digest::of(tar));
  CHECK(layer->content_bytes == 7);
  const struct stat directory = status_of(fixture, "d");
  CHECK((directory.st_mode & 07777) == 02775);
  CHECK(directory.st_uid == 10);
  CHECK(directory.st_gid == 20);
  CHECK(directory.st_mtim.tv_sec == 1111);
  const struct stat program = status_of(fixture, "d/su");
  CHECK((program.st_mode & 07777) == 04755);
  CHECK(program.st_gid == 5);
  CHECK(program.st_mtim.tv_sec == 2222);
  const struct stat link = status_of(fixture, "d/link");
  CHECK(link.st_uid == 7);
  CHECK(link.st_mtim.tv_sec == 3333);
  CHECK((status_of(fixture, "sticky").st_mode & 07777) == 01777);
}

TEST_CASE("hard links are one file, devices have their numbers") {
  if (!can_unpack()) return;
  UnpackFixture fixture;

  const Result<UnpackedLayer> layer = fixture.unpack(make_tar({
      make_file("a", "shared"),
      make_hard_link("b", "a"),
      make_node("null", '3', 1, 3),
      make_node("loop", '4', 7, 1),
      make_node("pipe", '6', 0, 0),
  }));

  REQUIRE(layer.has_value());
  CHECK(status_of(fixture, "a").st_ino == status_of(fixture, "b").st_ino);
  CHECK(status_of(fixture, "null").st_rdev == makedev(1, 3));
  CHECK(S_ISBLK(status_of(fixture, "loop").st_mode));
  CHECK(S_ISFIFO(status_of(fixture, "pipe").st_mode));
}

TEST_CASE("whiteouts and opaque directories become overlayfs's, whatever their order") {
  if (!can_unpack()) return;
  UnpackFixture fixture;

  const Result<UnpackedLayer> layer = fixture.unpack(make_tar({
      make_file("etc/.wh.gone"),
      make_file("before/.wh..wh..opq"),
      make_file("before/new"),
      make_file("after/new"),
      make_file("after/.wh..wh..opq"),
      make_file(".wh.replaced"),
      make_directory("replaced"),
      make_directory("kept"),
      make_file(".wh.kept"),
  }));

  REQUIRE(layer.has_value());
  const struct stat gone = status_of(fixture, "etc/gone");
  CHECK(S_ISCHR(gone.st_mode));
  CHECK(gone.st_rdev == makedev(0, 0));
  CHECK(!fixture.exists("etc/.wh.gone"));
  for (const char* name : {"before", "after", "replaced", "kept"}) {
    CAPTURE(name);
    CHECK(xattr_of(fixture, name, "trusted.overlay.opaque") == "y");
  }
  CHECK(fixture.content("before/new") == "x");
}

TEST_CASE("the last entry of a name wins") {
  if (!can_unpack()) return;
  UnpackFixture fixture;

  const Result<UnpackedLayer> layer = fixture.unpack(make_tar({
      make_file("a", "first"),
      make_symlink("a", "b"),
      make_file("a", "last"),
      make_directory("d"),
      make_file("d/lost"),
      make_file("d", "file now"),
      {.name = "e", .type = '5', .mode = 0700, .uid = 5, .mtime = 5},
      make_file("e/kept"),
      {.name = "e", .type = '5', .mode = 0711, .uid = 0, .mtime = 6},
  }));

  REQUIRE(layer.has_value());
  CHECK(fixture.content("a") == "last");
  CHECK(!fixture.exists("b"));
  CHECK(fixture.content("d") == "file now");
  CHECK(fixture.content("e/kept") == "x");
  CHECK((status_of(fixture, "e").st_mode & 07777) == 0711);
  CHECK(status_of(fixture, "e").st_uid == 0);
  CHECK(status_of(fixture, "e").st_mtim.tv_sec == 6);
}

TEST_CASE("of extended attributes only harmless ones are kept") {
  if (!can_unpack()) return;
  struct Case {
    const char* name;
    std::string value;
    bool kept;
  };
  const std::vector<Case> cases = {
      {"user.comment", "hello", true},
      {"user.overlay.opaque", "y", false},
      {"trusted.overlay.opaque", "y", false},
      {"trusted.overlay.redirect", "/etc", false},
      {"trusted.other", "y", false},
      {"security.selinux", "label", false},
      {"security.ima", "hash", false},
      {"system.posix_acl_access", "acl", false},
      {"security.capability", capability(2, 0), true},
      {"security.capability", capability(3, 0), true},
      {"security.capability", capability(3, 7), false},
      {"security.capability", "short", false},
  };
  for (const Case& each : cases) {
    CAPTURE(each.name);
    UnpackFixture fixture;

    const Result<UnpackedLayer> layer =
        fixture.unpack(make_tar({with_xattr(each.name, each.value)}));

    REQUIRE(layer.has_value());
    CHECK((xattr_of(fixture, "f", each.name).empty() == !each.kept));
  }
}

TEST_CASE("an extended attribute that no kernel takes is refused") {
  if (!can_unpack()) return;
  UnpackFixture fixture;

  const Result<UnpackedLayer> layer =
      fixture.unpack(make_tar({with_xattr("user.big", std::string(70'000, 'v'))}));

  CHECK(code_of(layer) == "LAYER_XATTR_FORBIDDEN");
}

TEST_CASE("budgets end a layer before the disk is full") {
  if (!can_unpack()) return;
  const LayerLimits limits{.max_bytes = 1 << 20, .max_entries = 100};
  std::vector<TarItem> many;
  for (int i = 0; i < 200; ++i) many.push_back(make_file(fmt::format("f{}", i), ""));
  TarItem sparse = make_file("sparse", "0\n0\n");
  sparse.pax = {{"GNU.sparse.map", "0,0"}, {"GNU.sparse.size", "9000000000000000000"}};
  TarItem claimed = make_file("claimed");
  claimed.pax["size"] = "9000000000000000000";
  TarItem negative = make_file("negative");
  negative.size_field = std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12);
  struct Case {
    std::string what;
    std::string blob;
    std::string code;
  };
  const std::vector<Case> cases = {
      {"too many entries", make_tar(many), "LAYER_BUDGET_EXCEEDED"},
      {"directories that are only used",
       make_tar({make_file(std::string(200, 'd') + "/x"), make_file("a/b/c/d/e/f/g/h/i/j/k")}),
       ""},
      {"one large file",
       make_tar({make_file("big", std::string(2 << 20, 'b'))}),
       "LAYER_TOO_LARGE"},
      {"several files",
       make_tar({make_file("a", std::string(600 << 10, 'a')),
                 make_file("b", std::string(600 << 10, 'b'))}),
       "LAYER_BUDGET_EXCEEDED"},
      {"gzip bomb", gzip(std::string(64 << 20, '\0')), "LAYER_BUDGET_EXCEEDED"},
      {"zstd bomb",
       zstd(make_tar({make_file("a", "")}) + std::string(64 << 20, '\0')),
       "LAYER_BUDGET_EXCEEDED"},
      {"sparse file of 8 EiB", make_tar({sparse}), "LAYER_TOO_LARGE"},
      {"size of 8 EiB", make_tar({claimed}), "LAYER_TOO_LARGE"},
      {"negative size", make_tar({negative}), "LAYER_TAR_INVALID"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.what);
    UnpackFixture fixture;
    const Result<UnpackedLayer> layer = fixture.unpack(each.blob, limits);
    CHECK(code_of(layer) == each.code);
    CHECK(fixture.is_outside_untouched());
  }
}

TEST_CASE("blobs of every compression unpack, in pieces of every size") {
  if (!can_unpack()) return;
  const std::string tar = make_tar({make_file("a", std::string(100'000, 'a')), make_file("b")});
  const std::string two_members = gzip(tar.substr(0, 7000)) + gzip(tar.substr(7000));
  const std::string two_frames = zstd(tar.substr(0, 7000)) + zstd(tar.substr(7000));
  for (const std::string& blob : {tar, gzip(tar), zstd(tar), two_members, two_frames}) {
    for (const size_t piece : {size_t{7}, size_t{512}, size_t{5000}, size_t{1} << 20}) {
      CAPTURE(blob.size());
      CAPTURE(piece);
      UnpackFixture fixture;

      const Result<UnpackedLayer> layer = fixture.unpack(blob, {}, piece);

      REQUIRE(layer.has_value());
      CHECK(layer->diff_id == Digest::of(tar));
      CHECK(fixture.content("a") == std::string(100'000, 'a'));
      CHECK(fixture.content("b") == "x");
    }
  }
}

// zstd:chunked puts each file into a frame of its own, and behind them a table of contents and a
// footer into skippable frames (containers/storage, "zstd:chunked").
TEST_CASE("zstd:chunked is zstd with frames to skip, wherever they are") {
  if (!can_unpack()) return;
  const std::string tar = make_tar({make_file("a", std::string(3000, 'a')), make_file("b")});
  const auto skippable = [](char kind, const std::string& content) {
    std::string frame = {kind, '\x2a', '\x4d', '\x18'};
    for (size_t i = 0; i < 4; ++i) frame += static_cast<char>(content.size() >> (8 * i));
    return frame + content;
  };
  const std::string content = zstd(tar.substr(0, 1536)) + zstd(tar.substr(1536));
  const std::string toc = skippable('\x50', zstd(R"({"version":1,"entries":[]})"));
  const std::string footer = skippable('\x5f', std::string(64, 'f'));
  for (const std::string& blob :
       {content + toc + footer,
        toc + content,
        zstd(tar.substr(0, 512)) + footer + zstd(tar.substr(512)) + skippable('\x51', "")}) {
    UnpackFixture fixture;

    const Result<UnpackedLayer> layer = fixture.unpack(blob, {}, 100);

    REQUIRE(layer.has_value());
    CHECK(layer->diff_id == Digest::of(tar));
    CHECK(fixture.content("b") == "x");
  }
}

TEST_CASE("damaged and truncated blobs are refused") {
  if (!can_unpack()) return;
  std::string content;
  for (int i = 0; i < 20'000; ++i) content += std::to_string(i * 7919 % 10007);
  const std::string tar = make_tar({make_file("a", content)});
  const std::string zipped = gzip(tar);
  const std::string packed = zstd(tar);
  std::string flipped = zipped;
  flipped[flipped.size() - 6] ^= 1;  // In the checksum.
  std::string broken = packed;
  broken[broken.size() / 2] ^= 0x55;
  struct Case {
    std::string what;
    std::string blob;
    std::string code;
  };
  const std::vector<Case> cases = {
      {"gzip cut", zipped.substr(0, zipped.size() / 2), "LAYER_COMPRESSION_INVALID"},
      {"gzip without its checksum",
       zipped.substr(0, zipped.size() - 8),
       "LAYER_COMPRESSION_INVALID"},
      {"gzip with a wrong checksum", flipped, "LAYER_COMPRESSION_INVALID"},
      {"gzip with garbage behind", zipped + "garbage", "LAYER_COMPRESSION_INVALID"},
      {"zstd cut", packed.substr(0, packed.size() - 3), "LAYER_COMPRESSION_INVALID"},
      {"zstd damaged", broken, "LAYER_COMPRESSION_INVALID"},
      {"zstd with a window of 256 MiB", zstd_with_window(28), "LAYER_COMPRESSION_INVALID"},
      {"tar cut in a file", tar.substr(0, 10'000), "LAYER_TAR_INVALID"},
      {"no tar", std::string(4096, 'z'), "LAYER_TAR_INVALID"},
      {"HTML", "<html>" + std::string(1024, ' '), "LAYER_TAR_INVALID"},
      {"a special header of 2 MiB",
       make_tar({{.name = "p", .type = 'x', .content = std::string(2 << 20, 'p')}}),
       "LAYER_TAR_INVALID"},
      {"a long name of 2 MiB",
       make_tar({{.name = "p", .type = 'L', .content = std::string(2 << 20, 'p')}}),
       "LAYER_TAR_INVALID"},
      {"an owner beyond 32 bits",
       make_tar({{.name = "f", .pax = {{"uid", "4294967296"}}}}),
       "LAYER_TAR_INVALID"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.what);
    UnpackFixture fixture;
    const Result<UnpackedLayer> layer = fixture.unpack(each.blob);
    CHECK(code_of(layer) == each.code);
    CHECK(fixture.is_outside_untouched());
  }
}

TEST_CASE("a tar may end with its last entry, and nowhere else") {
  if (!can_unpack()) return;
  const std::string first = make_tar_item(make_file("a", "first"));
  const std::string full = make_tar_item(make_file("full", std::string(1024, 'f')));
  const std::string last = make_tar_item(make_file("last", "last one"));
  const size_t whole = first.size() + full.size() + 512 + 8;
  const std::string tar = first + full + last;
  const std::vector<size_t> good = {whole, tar.size(), first.size(), first.size() + full.size()};
  // In a header, in a file's content, in what fills its last block.
  const std::vector<size_t> bad = {first.size() + 5,
                                   first.size() + 200,
                                   first.size() + 512,
                                   first.size() + 512 + 512,
                                   first.size() + full.size() - 1,
                                   whole - 1,
                                   whole + 1,
                                   tar.size() - 1};
  const auto unpack = [](UnpackFixture& fixture, const std::string& cut) {
    return fixture.unpack(cut, {}, 100);
  };

  for (const size_t size : good) {
    CAPTURE(size);
    UnpackFixture fixture;
    const Result<UnpackedLayer> layer = unpack(fixture, tar.substr(0, size));
    REQUIRE(layer.has_value());
    CHECK(layer->diff_id == Digest::of(tar.substr(0, size)));
    CHECK(fixture.content("a") == "first");
    CHECK(fixture.exists("full") == (size > first.size()));
    if (size >= whole) CHECK(fixture.content("last") == "last one");
  }
  for (const size_t size : bad) {
    CAPTURE(size);
    UnpackFixture fixture;
    CHECK(code_of(unpack(fixture, tar.substr(0, size))) == "LAYER_TAR_INVALID");
  }
}

TEST_CASE("an empty blob is a layer without entries") {
  if (!can_unpack()) return;
  UnpackFixture fixture;

  const Result<UnpackedLayer> layer = fixture.unpack("");

  REQUIRE(layer.has_value());
  CHECK(layer->diff_id == Digest::of(""));
}

TEST_CASE("a download's error is the unpacker's error") {
  if (!can_unpack()) return;
  UnpackFixture fixture;
  const std::string tar = make_tar({make_file("a", std::string(9000, 'a'))});
  Result<UniqueFd> directory = open_file(fixture.path(""), O_RDONLY | O_DIRECTORY);
  Result<UniqueFd> blob = open_file(fixture.path("../blob"), O_RDWR | O_CREAT, 0600);
  REQUIRE(directory.has_value());
  REQUIRE(blob.has_value());
  Result<LayerUnpacker> unpacker =
      LayerUnpacker::start(directory->get(), blob->get(), {.blob_bytes = tar.size()});
  REQUIRE(unpacker.has_value());
  REQUIRE(write_all(blob->get(), tar.substr(0, 3000)).has_value());

  REQUIRE(unpacker->advance(3000));
  const Result<UnpackedLayer> layer =
      unpacker->finish(make_error(ErrorKind::kUnavailable, "the line is dead"));

  REQUIRE(!layer.has_value());
  CHECK(layer.error().message == "the line is dead");
}

}  // namespace ikada
