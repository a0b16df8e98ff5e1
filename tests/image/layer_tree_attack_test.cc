// Layers made to mislead the reader of their format: names, links, whiteouts, devices, attributes,
// sizes. A row's number is the case of the project's list of image attacks.
//
// Each row says what becomes of the layer, within a second of processor time and 64 MiB of memory,
// and ends with the check of the files outside.
#include <sys/stat.h>
#include <sys/xattr.h>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/image/compressed_bytes.h"
#include "tests/image/resource_use.h"
#include "tests/image/tar_bytes.h"
#include "tests/image/unpack_fixture.h"

namespace ikada {
namespace {

struct Row {
  std::string what;  // "I-01 …"
  std::string tar;
  std::string code;          // Of the refusal; empty if the layer is taken.
  std::string inside = {};   // A file that is then in the layer, with content "x".
  std::string missing = {};  // A name that is not there.
};

void check(const std::vector<Row>& rows) {
  if (!can_unpack()) return;
  for (const Row& row : rows) {
    CAPTURE(row.what);
    UnpackFixture fixture;
    ResourceUse use;

    const Result<UnpackedLayer> result = fixture.unpack(row.tar);

    CHECK(use.cpu_ms() < 3000);
    CHECK(use.peak_growth_bytes() < (std::uint64_t{64} << 20));
    const std::string message = result.has_value() ? "" : result.error().message;
    CAPTURE(message);
    CHECK((result.has_value() ? "" : result.error().code) == row.code);
    CHECK(message.size() < 500);
    if (!row.inside.empty()) CHECK(fixture.content(row.inside) == "x");
    if (!row.missing.empty()) CHECK(!fixture.exists(row.missing));
    CHECK(fixture.is_outside_untouched());
  }
}

TarItem with_pax(TarItem item, const std::string& key, const std::string& value) {
  item.pax[key] = value;
  return item;
}

TarItem with_prefix(const char* prefix, const char* name) {
  TarItem item = make_file(name);
  item.prefix = prefix;
  return item;
}

// GNU's way of saying a long name or link target: a member before the one it is for.
std::string gnu_long(char type, const std::string& text, const TarItem& item) {
  return make_tar_item({.name = "././@LongLink", .type = type, .content = text + '\0'}) +
         make_tar_item(item);
}

std::string archive(const std::string& items) { return make_tar_of_bytes(items); }
std::string archive(const TarItem& item) { return make_tar({item}); }

std::string repeated(const std::string& bytes, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += bytes;
  return all;
}

std::string broken_checksum() {
  std::string tar = make_tar({make_file("f")});
  tar[148] = '7';
  return tar;
}

// A size in base 256: what the 11 bytes after the mark say.
TarItem with_binary_size(const std::string& low_bytes) {
  TarItem item = make_file("f");
  std::string field(12, '\0');
  field[0] = '\x80';
  field.replace(field.size() - low_bytes.size(), low_bytes.size(), low_bytes);
  item.size_field = field;
  return item;
}

std::string pax_bytes(const std::string& records) {
  return make_tar_item({.name = "PaxHeaders/x", .type = 'x', .content = records}) +
         make_tar_item(make_file("f"));
}

const std::string kPath = "LAYER_PATH_INVALID";
const std::string kEscape = "LAYER_PATH_ESCAPE";
const std::string kLink = "LAYER_LINK_INVALID";
const std::string kWhiteout = "LAYER_WHITEOUT_INVALID";
const std::string kDevice = "LAYER_DEVICE_FORBIDDEN";
const std::string kXattr = "LAYER_XATTR_FORBIDDEN";
const std::string kTar = "LAYER_TAR_INVALID";
const std::string kLarge = "LAYER_TOO_LARGE";

}  // namespace

TEST_CASE("hostile names in every place where a tar can have one") {
  const std::string up = "../outside/secret";
  check({
      {"I-01 parent in the prefix", archive(with_prefix("..", "outside/secret")), kPath},
      {"I-01 absolute prefix", archive(with_prefix("/d", "x")), "", "d/x"},
      {"I-01 prefix that climbs back", archive(with_prefix("a/..", "x")), "", "x"},
      {"I-01 GNU long name with a parent", archive(gnu_long('L', up, make_file("x"))), kPath},
      {"I-01 GNU long name, absolute", archive(gnu_long('L', "/x", make_file("y"))), "", "x"},
      {"I-01 PAX path over a good name", archive(with_pax(make_file("x"), "path", up)), kPath},
      {"I-01 NUL in a PAX path",
       archive(with_pax(make_file("x"), "path", std::string("a\0/../../b", 10))),
       ""},
      {"I-01 PAX path of 5000 bytes",
       archive(with_pax(make_file("x"), "path", repeated("dd/", 1700))),
       kPath},
      {"I-01 PAX path with a component of 256 bytes",
       archive(with_pax(make_file("x"), "path", "a/" + std::string(256, 'c'))),
       kPath},
      {"I-01 a directory that ends at the root as a file", archive(make_file("a/..")), kEscape},
      {"I-01 slash as a file", archive(make_file("/", "")), ""},
      {"I-01 empty name", archive(make_file("")), kPath},
      {"I-01 three dots are a name", archive(make_file(".../x")), "", ".../x"},
      {"I-01 two dots and more are a name", archive(make_file("..a/x")), "", "..a/x"},
      {"I-01 backslashes are bytes", archive(make_file("..\\..\\x")), "", "..\\..\\x"},
      {"I-01 a terminal's commands", archive(make_file("\x1b[2J\r\n/x")), "", "\x1b[2J\r\n/x"},
      {"I-01 dots only after a long way",
       archive(make_file("a/b/c/../../../../outside/secret")),
       kPath},
      {"I-01 parent as a fifo", archive(make_node("..", '6', 0, 0)), kPath},
      {"I-01 parent as a hard link", archive(make_hard_link("../outside/l", "f")), kPath},
      {"I-02 root as a device", archive(make_node("./", '3', 1, 3)), kEscape},
      {"I-02 root as a fifo", archive(make_node("a/..", '6', 0, 0)), kEscape},
      {"I-02 GNU long link target out",
       archive(gnu_long('K', repeated("../", 60) + "etc", make_symlink("s", "t")) +
               make_tar_item(make_file("s/x"))),
       kEscape,
       "",
       "etc"},
      {"I-02 PAX link target out",
       archive(make_tar_item(with_pax(make_symlink("s", "t"), "linkpath", "/")) +
               make_tar_item(make_file("s/x"))),
       "",
       "x"},
      {"I-03 magic link of a process",
       make_tar({make_symlink("a", "/proc/1/root/tmp"), make_file("a/x")}),
       kEscape},
      {"I-03 magic link to a descriptor, relative",
       make_tar({make_symlink("a", "../../proc/self/fd/0"), make_file("a/x")}),
       kEscape},
      {"I-03 the layer brings its own proc",
       make_tar(
           {make_symlink("proc/self", "/"), make_symlink("a", "/proc/self"), make_file("a/x")}),
       "",
       "x"},
  });
}

TEST_CASE("hostile links, whiteouts and devices beyond the plain ones") {
  TarItem with_content = make_hard_link("l", "f");
  with_content.content = "x";
  check({
      {"I-04 PAX link target out",
       make_tar({with_pax(make_hard_link("l", "f"), "linkpath", "../outside/secret")}),
       kLink},
      {"I-04 GNU long link target out",
       archive(gnu_long('K', "../outside/secret", make_hard_link("l", "f"))),
       kLink},
      {"I-04 with content", make_tar({make_file("f"), with_content}), kTar},
      {"I-04 to a link's target after the link changed",
       make_tar({make_directory("d"),
                 make_file("d/f"),
                 make_symlink("s", "d"),
                 make_symlink("s", "../outside"),
                 make_hard_link("l", "s/secret")}),
       kLink},
      {"I-04 below a file", make_tar({make_file("f"), make_hard_link("f/l", "f")}), kPath},
      {"I-04 to a whiteout's marker",
       make_tar({make_file(".wh.f"), make_hard_link("l", ".wh.f")}),
       kLink},
      {"I-04 named as a whiteout",
       make_tar({make_file("f"), make_hard_link(".wh.g", "f")}),
       "",
       "f"},
      {"I-05 mode through a hard link to a symlink",
       make_tar({make_symlink("s", "/outside/secret"),
                 make_hard_link("l", "s"),
                 {.name = "l", .type = '5', .mode = 07777}}),
       ""},
      {"I-07 whiteout of a parent by PAX",
       archive(with_pax(make_file("x"), "path", "../outside/.wh.secret")),
       kPath},
      {"I-07 whiteout of a directory with a slash", archive(make_file(".wh.d/", "")), ""},
      {"I-07 whiteout of a whiteout", archive(make_file(".wh..wh.f")), "", "", ".wh.f"},
      {"I-07 hard link as a whiteout of nothing", archive(make_hard_link(".wh.", "f")), kWhiteout},
      {"I-07 device as a whiteout of itself", archive(make_node(".wh..", '3', 0, 0)), kWhiteout},
      {"I-07 whiteout of root by dots", archive(make_file("a/../.wh..")), kWhiteout},
      {"I-08 opaque mark in a file",
       make_tar({make_file("f"), make_file("f/.wh..wh..opq")}),
       kWhiteout},
      {"I-08 opaque mark through a link to a file",
       make_tar({make_file("f"), make_symlink("s", "f"), make_file("s/.wh..wh..opq")}),
       kWhiteout},
      {"I-08 opaque mark through a link out",
       make_tar({make_symlink("s", "../outside"), make_file("s/.wh..wh..opq")}),
       kEscape},
      {"I-08 opaque mark of the root", archive(make_file(".wh..wh..opq")), ""},
      {"I-08 opaque mark as a directory", archive(make_directory("d/.wh..wh..opq")), ""},
      {"I-08 below an opaque mark", archive(make_file(".wh..wh..opq/x")), "", "", "x"},
      {"I-08 AUFS's directory with content", archive(make_file(".wh..wh.orph/x")), "", "", "x"},
      {"I-09 block 0:0", archive(make_node("b", '4', 0, 0)), ""},
      {"I-09 0:0 by PAX",
       archive(with_pax(
           with_pax(make_node("w", '3', 1, 3), "SCHILY.devmajor", "0"), "SCHILY.devminor", "0")),
       kDevice},
      {"I-09 a major number of 32 bits",
       archive(with_pax(make_node("d", '3', 1, 3), "SCHILY.devmajor", "4294967296")),
       kTar},
      {"I-09 a major number of 13 bits",
       archive(with_pax(make_node("d", '3', 1, 3), "SCHILY.devmajor", "4097")),
       kTar},
      {"I-09 a negative minor number",
       archive(with_pax(make_node("d", '3', 1, 3), "SCHILY.devminor", "-1")),
       kTar},
      {"I-09 a socket", archive(with_pax(make_file("s"), "SCHILY.filetype", "socket")), ""},
      {"I-09 a hard link to a device stays one",
       make_tar({make_node("null", '3', 1, 3), make_hard_link("n", "null")}),
       ""},
  });
}

TEST_CASE("hostile attributes in all spellings") {
  const auto file_with = [](const std::string& key, const std::string& value) {
    return archive(with_pax(make_file("f"), key, value));
  };
  TarItem many = make_file("f");
  for (int i = 0; i < 2000; ++i) many.pax[fmt::format("SCHILY.xattr.trusted.x{}", i)] = "y";
  if (!can_unpack()) return;
  check({
      {"I-11 an attribute of 64 KiB and one",
       file_with("SCHILY.xattr.user.big", std::string(65'537, 'v')),
       kXattr},
      {"I-11 a name of 256 bytes",
       file_with("SCHILY.xattr.user." + std::string(251, 'n'), "v"),
       kXattr},
      {"I-11 a name that ends early", file_with("SCHILY.xattr.user.", "v"), "", "f"},
      {"I-11 no name", file_with("SCHILY.xattr.", "v"), "", "f"},
      {"I-11 2000 that are dropped", archive(many), "", "f"},
      {"I-11 ACLs", file_with("SCHILY.acl.access", "user::rwx,user:0:rwx,mask::rwx"), "", "f"},
      {"I-11 file flags", file_with("SCHILY.fflags", "schg,uchg,immutable"), "", "f"},
      {"I-11 broken base64", file_with("LIBARCHIVE.xattr.user.x", "!!!!"), "", "f"},
      {"I-11 of a symlink",
       make_tar({make_file("f"),
                 with_pax(make_symlink("s", "../outside/secret"), "SCHILY.xattr.user.x", "v")}),
       "",
       "f"},
      {"I-11 of a hard link to a symlink out",
       make_tar({make_symlink("s", "../outside/secret"),
                 with_pax(make_hard_link("l", "s"), "SCHILY.xattr.user.x", "v")}),
       ""},
  });
  for (const std::string spelling : {"SCHILY.xattr.", "LIBARCHIVE.xattr."}) {
    for (const std::string name : {"trusted.overlay.opaque",
                                   "trusted.overlay.metacopy",
                                   "trusted.overlay.redirect",
                                   "user.overlay.whiteout",
                                   "security.selinux",
                                   "security.ima",
                                   "security.evm",
                                   "trusted.ikada.layer-bytes"}) {
      for (const char* item : {"f", "d", "./"}) {
        CAPTURE(spelling + name);
        CAPTURE(item);
        UnpackFixture fixture;
        TarItem entry = item == std::string_view("f") ? make_file(item) : make_directory(item);
        entry.pax[spelling + name] = spelling.starts_with("S") ? "y" : "eQ==";

        CHECK(fixture.unpack(make_tar({entry})).has_value());

        char value[8];
        CHECK(::lgetxattr(fixture.path(item).c_str(), name.c_str(), value, sizeof(value)) < 0);
      }
    }
  }
}

TEST_CASE("hostile sizes and headers") {
  const auto sparse = [](const std::map<std::string, std::string>& records) {
    TarItem item = make_file("s", "0123456789");
    item.pax = records;
    return archive(item);
  };
  const auto map_of = [&](const std::string& map, const std::string& size) {
    return sparse({{"GNU.sparse.map", map}, {"GNU.sparse.size", size}});
  };
  const std::string one_header =
      make_tar_item({.name = "x", .type = 'x', .content = "11 a=bcdef\n"});
  check({
      {"I-12 sparse size of 8 EiB", map_of("0,10", "9223372036854775807"), kLarge},
      {"I-12 sparse size beyond 63 bits", map_of("0,10", "18446744073709551615"), kLarge},
      {"I-12 negative sparse size", map_of("0,10", "-1"), kTar},
      {"I-12 piece beyond the size", map_of("100,10", "50"), kTar},
      {"I-12 pieces that overlap", map_of("0,5,2,5", "10"), kTar},
      {"I-12 pieces that go back", map_of("8,2,0,8", "10"), kTar},
      {"I-12 negative offset", map_of("-5,10", "10"), kTar},
      {"I-12 offset and size overflow", map_of("9223372036854775800,10", "20"), kTar},
      {"I-12 half a pair", map_of("0,10,20", "30"), ""},
      {"I-12 letters", map_of("zero,ten", "30"), kTar},
      {"I-12 100,000 empty pieces", map_of(repeated("0,0,", 99'999) + "0,0", "0"), ""},
      {"I-12 sparse 1.0 without its map",
       sparse({{"GNU.sparse.major", "1"},
               {"GNU.sparse.minor", "0"},
               {"GNU.sparse.name", "s"},
               {"GNU.sparse.realsize", "100"}}),
       kTar},
      {"I-12 sparse of a version that is none",
       sparse({{"GNU.sparse.major", "2"}, {"GNU.sparse.minor", "7"}}),
       kTar},
      {"I-12 a global header does not name files",
       archive(
           make_tar_item({.name = "g", .type = 'g', .content = "30 path=../../outside/secret\n"}) +
           make_tar_item(make_file("f"))),
       "",
       "f"},
      {"I-12 sparse name out",
       sparse({{"GNU.sparse.map", "0,10"},
               {"GNU.sparse.size", "10"},
               {"GNU.sparse.name", "../outside/secret"}}),
       kPath},
      {"I-12 size of all ones in base 256",
       archive(with_binary_size(std::string(11, '\xff'))),
       kTar},
      {"I-12 size of 8 EiB in base 256",
       archive(with_binary_size(std::string("\x7f\xff\xff\xff\xff\xff\xff\xff", 8))),
       kTar},
      {"I-12 size of 11 GiB, nothing behind",
       archive(with_binary_size(std::string("\x02\xc0\x00\x00\x00", 5))),
       kLarge},
      {"I-12 PAX size larger than the file",
       archive(with_pax(make_file("f"), "size", "100000")),
       kTar},
      {"I-12 negative PAX size", archive(with_pax(make_file("f"), "size", "-1")), kTar},
      {"I-12 PAX size in letters", archive(with_pax(make_file("f"), "size", "lots")), kTar},
      {"I-12 checksum", broken_checksum(), kTar},
      {"I-12 a record that is longer than its header", archive(pax_bytes("99999 path=x\n")), kTar},
      {"I-12 a record of length zero", archive(pax_bytes("0 path=x\n")), kTar},
      {"I-12 a record without end", archive(pax_bytes("10 path=xx")), kTar},
      {"I-12 a record without a length", archive(pax_bytes("path=x\n")), kTar},
      {"I-12 a length that overflows",
       archive(pax_bytes("99999999999999999999999999 path=x\n")),
       kTar},
      {"I-12 5000 PAX headers in a row",
       archive(repeated(one_header, 5000) + make_tar_item(make_file("f"))),
       kTar},
      {"I-12 5000 global headers in a row",
       archive(
           repeated(make_tar_item({.name = "g", .type = 'g', .content = "11 a=bcdef\n"}), 5000) +
           make_tar_item(make_file("f"))),
       kTar},
      {"I-12 5000 long names in a row",
       archive(repeated(make_tar_item({.name = "l", .type = 'L', .content = "n"}), 5000)),
       kTar},
      {"I-12 long name of 2 GiB, nothing behind",
       archive({.name = "l", .type = 'L', .size_field = "20000000000"}),
       kTar},
      {"I-12 PAX header of 1 GiB, nothing behind",
       archive({.name = "x", .type = 'x', .size_field = "10000000000"}),
       kTar},
      {"I-12 owner below zero", archive(with_pax(make_file("f"), "uid", "-1")), kTar},
      {"I-12 group that means no change",
       archive(with_pax(make_file("f"), "gid", "4294967295")),
       kTar},
      {"I-12 time before everything",
       archive(with_pax(make_file("f"), "mtime", "-9223372036854775808")),
       "",
       "f"},
      {"I-12 time after everything",
       archive(with_pax(make_file("f"), "mtime", "99999999999999999999.999999999999")),
       "",
       "f"},
      {"I-12 time with a negative part",
       archive(with_pax(make_file("f"), "mtime", "-0.5")),
       "",
       "f"},
      {"I-12 unknown type of member", archive({.name = "f", .type = 'Z', .content = "x"}), "", "f"},
      {"I-12 multi-volume continuation", archive({.name = "f", .type = 'M', .content = "x"}), kTar},
      {"I-12 entries after the end do not count",
       make_tar({make_file("f")}) + make_tar({make_file("late")}),
       "",
       "f",
       "late"},
      {"I-12 one zero block in the middle",
       make_tar_item(make_file("f")) + std::string(512, '\0') + make_tar({make_file("late")}),
       "",
       "f"},
  });
}

}  // namespace ikada
