#include "image/layer_xattr.h"

#include <linux/capability.h>
#include <linux/limits.h>

#include <cstdint>
#include <cstring>

namespace ikada {
namespace {

// All fields are little-endian on disk, see <linux/capability.h>.
std::uint32_t little_endian_32(std::string_view bytes, size_t offset) {
  std::uint32_t value = 0;
  for (size_t i = 0; i < sizeof(value); ++i) {
    value |= std::uint32_t{static_cast<unsigned char>(bytes[offset + i])} << (8 * i);
  }
  return value;
}

bool is_root_capability(std::string_view value) {
  if (value.size() < sizeof(std::uint32_t)) return false;
  const std::uint32_t revision = little_endian_32(value, 0) & VFS_CAP_REVISION_MASK;
  if (revision == VFS_CAP_REVISION_2) return value.size() == XATTR_CAPS_SZ_2;
  if (revision != VFS_CAP_REVISION_3 || value.size() != XATTR_CAPS_SZ_3) return false;
  return little_endian_32(value, offsetof(vfs_ns_cap_data, rootid)) == 0;
}

}  // namespace

Result<bool> keeps_layer_xattr(std::string_view name, std::string_view value) {
  if (value.size() > XATTR_SIZE_MAX || name.size() > XATTR_NAME_MAX) {
    Error error = make_error(ErrorKind::kInvalid, "layer: extended attribute is too large");
    error.code = "LAYER_XATTR_FORBIDDEN";
    return error;
  }
  if (name == "security.capability") return is_root_capability(value);
  return name.starts_with("user.") && name.size() > 5 && !name.starts_with("user.overlay.");
}

}  // namespace ikada
