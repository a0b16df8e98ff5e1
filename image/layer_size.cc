#include "image/layer_size.h"

#include <sys/xattr.h>

#include <string>

#include "runtime/base/number.h"

namespace ikada {
namespace {

constexpr const char* kSizeAttribute = "trusted.ikada.layer-bytes";

}  // namespace

Result<void> note_layer_bytes(int directory_fd, std::uint64_t content_bytes) {
  const std::string text = std::to_string(content_bytes);
  if (::fsetxattr(directory_fd, kSizeAttribute, text.data(), text.size(), 0) == 0) return {};
  return errno_error("setxattr {}", kSizeAttribute);
}

Result<std::uint64_t> layer_content_bytes(const ImageStore& store, const Digest& diff_id) {
  const std::string path = store.layer_path(diff_id);
  char text[32];
  const ssize_t size = ::getxattr(path.c_str(), kSizeAttribute, text, sizeof(text));
  if (size < 0) return errno_error("getxattr {} of {}", kSizeAttribute, path);
  return parse_unsigned({text, static_cast<size_t>(size)}).context("{}", path);
}

}  // namespace ikada
