// Layers that try to get out: what each becomes, and that nothing outside is touched.
//
// The situations are those of image attacks known from other container tools; every row ends with
// the check of the files outside.
#include <sys/stat.h>
#include <sys/xattr.h>

#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "runtime/sys/file.h"
#include "tests/image/tar_bytes.h"
#include "tests/image/unpack_fixture.h"

namespace ikada {
namespace {

struct Attack {
  std::string what;
  std::vector<TarItem> items;
  std::string code;         // Of the refusal; empty if the layer is taken.
  std::string inside = {};  // A file that is then in the layer, with content "x".
};

void check(const std::vector<Attack>& attacks) {
  if (!can_unpack()) return;
  for (const Attack& attack : attacks) {
    CAPTURE(attack.what);
    UnpackFixture fixture;

    const Result<UnpackedLayer> result = fixture.unpack(make_tar(attack.items));

    const std::string code = result.has_value() ? "" : result.error().code;
    const std::string message = result.has_value() ? "" : result.error().message;
    CAPTURE(message);
    CHECK(code == attack.code);
    if (!attack.inside.empty()) CHECK(fixture.content(attack.inside) == "x");
    CHECK(fixture.is_outside_untouched());
  }
}

std::string deep_path(size_t depth) {
  std::string path;
  for (size_t i = 0; i < depth; ++i) path += "d/";
  return path + "f";
}

TarItem with_pax_path(const std::string& path) {
  TarItem item = make_file("short");
  item.pax["path"] = path;
  return item;
}

}  // namespace

TEST_CASE("names that leave the layer are refused, and others stay inside") {
  const std::string_view kInvalid = "LAYER_PATH_INVALID";
  check({
      {"parent", {make_file("../x")}, std::string(kInvalid)},
      {"parent after a component", {make_file("a/../../x")}, std::string(kInvalid)},
      {"only a parent", {make_file("..")}, std::string(kInvalid)},
      {"parent as directory", {make_directory("../")}, std::string(kInvalid)},
      {"absolute parent", {make_file("/../../outside/secret")}, std::string(kInvalid)},
      {"parent in PAX", {with_pax_path("../outside/secret")}, std::string(kInvalid)},
      {"whiteout of a parent's file", {make_file("../outside/.wh.secret")}, std::string(kInvalid)},
      {"component of 256 bytes", {make_file(std::string(256, 'n'))}, std::string(kInvalid)},
      {"name of 5000 bytes", {make_file(deep_path(2500))}, std::string(kInvalid)},
      {"nested 600 deep", {make_file(deep_path(600))}, std::string(kInvalid)},
      {"root as a file", {make_file(".")}, "LAYER_PATH_ESCAPE"},
      {"root as a symlink", {make_symlink("./", "/")}, "LAYER_PATH_ESCAPE"},
      {"slash-dot as a symlink", {make_symlink("/.", "../outside")}, "LAYER_PATH_ESCAPE"},
      {"root as a hard link", {make_hard_link(".", "x")}, "LAYER_PATH_ESCAPE"},
      {"below a file", {make_file("a"), make_file("a/b")}, std::string(kInvalid)},
      {"absolute", {make_file("/x")}, "", "x"},
      {"many slashes", {make_file("//a///x")}, "", "a/x"},
      {"dots", {make_directory("./"), make_file("././a/./x")}, "", "a/x"},
      {"parent within", {make_file("a/../x")}, "", "x"},
      {"component of 255 bytes", {make_file(std::string(255, 'n'))}, "", std::string(255, 'n')},
      {"nested 500 deep", {make_file(deep_path(500))}, "", deep_path(500)},
      {"bytes that are no UTF-8", {with_pax_path("caf\xe9")}, "", "caf\xe9"},
      {"UTF-8 in PAX", {with_pax_path("caf\u00e9")}, "", "caf\u00e9"},
      {"decomposed UTF-8 in PAX", {with_pax_path("cafe\u0301")}, "", "cafe\u0301"},
  });
}

TEST_CASE("symlinks of the layer lead nowhere but into the layer") {
  const std::string up = "../../../../../../..";
  check({
      {"absolute link, then below it",
       {make_symlink("a", "/"), make_file("a/etc/shadow")},
       "",
       "etc/shadow"},
      {"relative link up, then below it",
       {make_symlink("a", up), make_file("a/tmp/x")},
       "",
       "tmp/x"},
      {"link to the outside's name",
       {make_directory("outside"), make_symlink("a", "../outside"), make_file("a/secret")},
       "",
       "outside/secret"},
      {"link replaced by a file is not written through",
       {make_file("t", "kept"), make_symlink("a", "t"), make_file("a")},
       "",
       "a"},
      {"link to a link to the root",
       {make_symlink("a", "b"), make_symlink("b", "/"), make_file("a/x")},
       "",
       "x"},
      {"link in a directory to the parent",
       {make_directory("d"), make_symlink("d/up", ".."), make_file("d/up/x")},
       "",
       "x"},
      {"link to itself", {make_symlink("a", "a"), make_file("a/x")}, "LAYER_PATH_ESCAPE"},
      {"two links in a circle",
       {make_symlink("a", "b"), make_symlink("b", "a"), make_file("a/x")},
       "LAYER_PATH_ESCAPE"},
      {"link to nothing", {make_symlink("a", "/none"), make_file("a/x")}, "LAYER_PATH_ESCAPE"},
      {"link to /proc/self/cwd",
       {make_symlink("a", "/proc/self/cwd"), make_file("a/x")},
       "LAYER_PATH_ESCAPE"},
      {"link to /proc/self/root",
       {make_symlink("a", "/proc/self/root"), make_file("a/etc/x")},
       "LAYER_PATH_ESCAPE"},
      {"link to /dev/fd", {make_symlink("a", "/dev/fd/3"), make_file("a/x")}, "LAYER_PATH_ESCAPE"},
      {"directory over a link",
       {make_symlink("a", ".."), make_directory("a"), make_file("a/x")},
       "",
       "a/x"},
      {"directory made a link after files",
       {make_directory("a"),
        make_file("a/x"),
        make_symlink("a", "../outside"),
        make_file("a/secret")},
       "LAYER_PATH_ESCAPE"},
      {"times of a directory that became a link",
       {make_directory("a"), make_symlink("a", "../outside")},
       ""},
      {"link with an empty target", {make_symlink("a", "")}, "LAYER_LINK_INVALID"},
  });
  std::vector<TarItem> chain;
  for (int i = 0; i < 45; ++i)
    chain.push_back(make_symlink(fmt::format("l{}", i), fmt::format("l{}", i + 1)));
  chain.push_back(make_directory("l45"));
  chain.push_back(make_file("l0/x"));
  check({{"a chain of 45 links", chain, "LAYER_PATH_ESCAPE"}});
}

TEST_CASE("a layer nested deeper than a path by links is written and can be removed") {
  if (!can_unpack()) return;
  UnpackFixture fixture;
  std::vector<TarItem> items;
  std::string place;  // What the link before stands for.
  for (int i = 0; i < 8; ++i) {
    const std::string below = deep_path(400).substr(0, 799);
    items.push_back(make_directory(place.empty() ? below : place + "/" + below));
    const std::string link = fmt::format("l{}", i);
    items.push_back(make_symlink(link, place.empty() ? below : place + "/" + below));
    place = link;
  }
  items.push_back(make_file("l7/x"));

  const Result<UnpackedLayer> layer = fixture.unpack(make_tar(items));

  REQUIRE(layer.has_value());
  CHECK(remove_tree(fixture.path("d")).has_value());
  CHECK(!fixture.exists("d"));
}

TEST_CASE("hard links reach files of the layer only") {
  const std::string kInvalid = "LAYER_LINK_INVALID";
  check({
      {"to the host's file", {make_hard_link("l", "/etc/passwd")}, kInvalid},
      {"to a parent's file", {make_hard_link("l", "../outside/secret")}, kInvalid},
      {"up after a component", {make_hard_link("l", "a/../../outside/secret")}, kInvalid},
      {"through a link to the root",
       {make_symlink("a", "/"), make_hard_link("l", "a/etc/passwd")},
       kInvalid},
      {"through a link to the outside",
       {make_symlink("a", "../outside"), make_hard_link("l", "a/secret")},
       kInvalid},
      {"through a circle", {make_symlink("a", "a"), make_hard_link("l", "a/x")}, kInvalid},
      {"to a directory", {make_directory("d"), make_hard_link("l", "d")}, kInvalid},
      {"to the root", {make_hard_link("l", "/")}, kInvalid},
      {"to nothing", {make_hard_link("l", "none")}, kInvalid},
      {"to a file of a lower layer", {make_hard_link("l", "usr/bin/lower")}, kInvalid},
      {"to a whiteout", {make_file(".wh.w"), make_hard_link("l", "w")}, kInvalid},
      {"with an empty target", {make_hard_link("l", "")}, "LAYER_TAR_INVALID"},
      {"into the directory it replaces",
       {make_directory("d"), make_file("d/x"), make_hard_link("d", "d/x")},
       kInvalid},
      {"to a file", {make_file("f"), make_hard_link("l", "f")}, "", "l"},
      {"to an absolute name", {make_file("f"), make_hard_link("l", "/f")}, "", "l"},
      {"through a link inside",
       {make_directory("d"), make_file("d/f"), make_symlink("s", "d"), make_hard_link("l", "s/f")},
       "",
       "l"},
      {"over a file", {make_file("f"), make_file("l", "old"), make_hard_link("l", "f")}, "", "l"},
      {"to itself", {make_file("f"), make_hard_link("f", "f")}, "", "f"},
      {"to a symlink out, then mode and owner through it",
       {make_symlink("s", "../outside/secret"),
        make_hard_link("l", "s"),
        {.name = "l", .type = '1', .link = "s", .mode = 0777, .uid = 1000, .gid = 1000}},
       ""},
      {"to a symlink out, then written over",
       {make_symlink("s", "../outside/secret"), make_hard_link("l", "s"), make_file("l")},
       "",
       "l"},
  });
}

TEST_CASE("whiteouts hide what is nameable and nothing else") {
  const std::string kInvalid = "LAYER_WHITEOUT_INVALID";
  check({
      {"of nothing", {make_file(".wh.")}, kInvalid},
      {"of the directory itself", {make_file(".wh..")}, kInvalid},
      {"of the parent", {make_file(".wh...")}, kInvalid},
      {"of nothing in a directory", {make_file("etc/.wh.")}, kInvalid},
      {"of etc itself", {make_file("etc/.wh..")}, kInvalid},
      {"of etc's parent", {make_file("etc/.wh...")}, kInvalid},
      {"as a directory with content", {make_file(".wh.d/x")}, kInvalid},
      {"with content", {make_file(".wh.f", "content")}, ""},
      {"as a directory", {make_directory(".wh.d")}, ""},
      {"as a symlink", {make_symlink(".wh.s", "../outside/secret")}, ""},
      {"below a symlink out",
       {make_symlink("a", "../outside"), make_file("a/.wh.secret")},
       "LAYER_PATH_ESCAPE"},
      {"of a file of the same layer, before it", {make_file(".wh.f"), make_file("f")}, "", "f"},
      {"of a file of the same layer, after it", {make_file("f"), make_file(".wh.f")}, "", "f"},
      {"of a directory that the layer fills anew",
       {make_file(".wh.d"), make_file("d/x")},
       "",
       "d/x"},
      {"AUFS's own files",
       {make_file(".wh..wh.aufs"), make_directory(".wh..wh.plnk"), make_file(".wh..wh.plnk/1.2")},
       ""},
  });
}

TEST_CASE("devices are made as docker makes them, but not overlayfs's whiteout") {
  check({
      {"character 0:0", {make_node("w", '3', 0, 0)}, "LAYER_DEVICE_FORBIDDEN"},
      {"character 1:3", {make_node("null", '3', 1, 3)}, ""},
      {"block 7:0", {make_node("loop", '4', 7, 0)}, ""},
      {"fifo", {make_node("pipe", '6', 0, 0)}, ""},
      {"device over a link out",
       {make_symlink("a", "../outside/secret"), make_node("a", '3', 1, 3)},
       ""},
  });
}

}  // namespace ikada
