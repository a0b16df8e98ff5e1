#include "image/layer_path.h"

#include <vector>

#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr size_t kMaxPathBytes = 4096;
constexpr size_t kMaxComponentBytes = 255;
constexpr size_t kMaxDepth = 512;
constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kAufs = ".wh..wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";

// Names in messages: bytes that could move a terminal's cursor are shown as '?'.
std::string shown_name(std::string_view text) {
  constexpr size_t kShown = 100;
  std::string shown(text.substr(0, kShown));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  if (text.size() > kShown) shown += "...";
  return shown;
}

Error path_error(std::string_view code, std::string_view what, std::string_view text) {
  Error error = make_error(ErrorKind::kInvalid, "layer entry \"{}\": {}", shown_name(text), what);
  error.code = code;
  return error;
}

Result<std::vector<std::string_view>> clean_components(std::string_view text) {
  constexpr std::string_view kCode = "LAYER_PATH_INVALID";
  if (text.empty()) return path_error(kCode, "empty name", text);
  if (text.size() >= kMaxPathBytes) return path_error(kCode, "name too long", text);
  if (text.find('\0') != std::string_view::npos) return path_error(kCode, "NUL in name", text);
  std::vector<std::string_view> parts;
  for (const std::string_view part : split(text, '/')) {
    if (part.empty() || part == ".") continue;
    if (part.size() > kMaxComponentBytes) return path_error(kCode, "component too long", text);
    if (part == "..") {
      if (parts.empty()) return path_error(kCode, "leaves the root", text);
      parts.pop_back();
      continue;
    }
    parts.push_back(part);
  }
  if (parts.size() > kMaxDepth) return path_error(kCode, "nested too deep", text);
  return parts;
}

LayerPath from_components(const std::vector<std::string_view>& parts) {
  LayerPath path;
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    if (i > 0) path.parent += '/';
    path.parent += parts[i];
  }
  if (!parts.empty()) path.name = parts.back();
  return path;
}

}  // namespace

Result<LayerPath> parse_layer_path(std::string_view text) {
  constexpr std::string_view kCode = "LAYER_WHITEOUT_INVALID";
  IK_LET(parts, clean_components(text));
  LayerPath path = from_components(parts);
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    if (last && parts[i] == kOpaque) continue;
    if (parts[i].starts_with(kAufs)) {
      path.kind = LayerPath::Kind::kIgnored;
      return path;
    }
    if (!last && parts[i].starts_with(kWhiteout)) {
      return path_error(kCode, "below a whiteout", text);
    }
  }
  if (path.name == kOpaque) {
    path.kind = LayerPath::Kind::kOpaque;
    path.name.clear();
    return path;
  }
  if (!path.name.starts_with(kWhiteout)) return path;
  path.kind = LayerPath::Kind::kWhiteout;
  path.name.erase(0, kWhiteout.size());
  if (path.name.empty() || path.name == "." || path.name == "..") {
    return path_error(kCode, "whiteout of nothing", text);
  }
  return path;
}

Result<LayerPath> parse_link_target(std::string_view text) {
  IK_LET(parts, clean_components(text));
  return from_components(parts);
}

}  // namespace ikada
