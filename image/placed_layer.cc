#include "image/placed_layer.h"

#include <sys/xattr.h>

#include <string>

#include "runtime/base/number.h"

namespace ikada {
namespace {

constexpr const char* kSizeAttribute = "trusted.ikada.layer-bytes";
constexpr const char* kDiffIdAttribute = "trusted.ikada.diff-id";

Result<void> set_attribute(int directory_fd, const char* name, const std::string& value) {
  if (::fsetxattr(directory_fd, name, value.data(), value.size(), 0) == 0) return {};
  return errno_error("setxattr {}", name);
}

Result<std::string> read_attribute(const std::string& path, const char* name) {
  char text[128];
  const ssize_t size = ::getxattr(path.c_str(), name, text, sizeof(text));
  if (size < 0) return errno_error("getxattr {} of {}", name, path);
  return std::string(text, static_cast<size_t>(size));
}

}  // namespace

Result<void> note_placed_layer(int directory_fd, const PlacedLayer& layer) {
  IK_TRY(set_attribute(directory_fd, kSizeAttribute, std::to_string(layer.content_bytes)));
  return set_attribute(directory_fd, kDiffIdAttribute, layer.diff_id.text());
}

Result<PlacedLayer> find_placed_layer(const ImageStore& store, const Digest& blob) {
  IK_LET(content_bytes, layer_content_bytes(store, blob));
  IK_LET(text, read_attribute(store.layer_path(blob), kDiffIdAttribute));
  IK_LET(diff_id, Digest::parse(text));
  return PlacedLayer{.diff_id = std::move(diff_id), .content_bytes = content_bytes};
}

Result<std::uint64_t> layer_content_bytes(const ImageStore& store, const Digest& blob) {
  const std::string path = store.layer_path(blob);
  IK_LET(text, read_attribute(path, kSizeAttribute));
  return parse_unsigned(text).context("{}", path);
}

}  // namespace ikada
