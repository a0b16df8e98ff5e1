#include "image/layer_path.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

using Kind = LayerPath::Kind;

LayerPath parse(std::string_view text) { return parse_layer_path(text).value_or(LayerPath()); }

std::string code(std::string_view text) {
  const Result<LayerPath> path = parse_layer_path(text);
  return path.has_value() ? "" : path.error().code;
}

}  // namespace

TEST_CASE("a name is split into its parent and its last component") {
  CHECK(parse("usr/share/doc").parent == "usr/share");
  CHECK(parse("usr/share/doc").name == "doc");
  CHECK(parse("/usr//./share/").full() == "usr/share");
  CHECK(parse("a/../b").full() == "b");
  CHECK(parse("./").is_root());
  CHECK(parse("/").is_root());
}

TEST_CASE("whiteouts and opaque markers name what they hide") {
  CHECK(parse("etc/.wh.passwd").kind == Kind::kWhiteout);
  CHECK(parse("etc/.wh.passwd").full() == "etc/passwd");
  CHECK(parse("etc/.wh..wh..opq").kind == Kind::kOpaque);
  CHECK(parse("etc/.wh..wh..opq").parent == "etc");
  CHECK(parse(".wh..wh..opq").parent.empty());
  CHECK(parse(".wh..wh.plnk/12.34").kind == Kind::kIgnored);
  CHECK(parse(".wh..hidden").full() == ".hidden");
}

TEST_CASE("names outside the layer or beyond the limits are refused") {
  CHECK(code("") == "LAYER_PATH_INVALID");
  CHECK(code("..") == "LAYER_PATH_INVALID");
  CHECK(code("a/../..") == "LAYER_PATH_INVALID");
  CHECK(code(std::string_view("a\0b", 3)) == "LAYER_PATH_INVALID");
  CHECK(code(std::string(5000, 'a')) == "LAYER_PATH_INVALID");
  CHECK(code(std::string(256, 'a')) == "LAYER_PATH_INVALID");
  CHECK(code(".wh.") == "LAYER_WHITEOUT_INVALID");
  CHECK(code("a/.wh...") == "LAYER_WHITEOUT_INVALID");
}

TEST_CASE("a refusal shows no control characters") {
  const Result<LayerPath> path = parse_layer_path("../\x1b[2Jx");

  REQUIRE(!path.has_value());
  CHECK(path.error().message == "layer entry \"../?[2Jx\": leaves the root");
}

}  // namespace ikada
