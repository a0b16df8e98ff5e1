// The option words of an OCI mount, sorted by what the kernel calls they belong to.
//
// Source: OCI runtime-spec 1.1, config.md "Linux mount options"; mount_setattr(2), mount(8).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

struct MountOptions {
  bool bind = false;
  bool recursive = false;      // rbind
  std::uint64_t attr_set = 0;  // MOUNT_ATTR_* of the mount itself.
  std::uint64_t attr_clear = 0;
  std::uint64_t subtree_set = 0;  // MOUNT_ATTR_* of the mount and all below it (rro, rnosuid …).
  std::uint64_t subtree_clear = 0;
  std::uint64_t propagation = 0;  // MS_PRIVATE and so on; 0: not given.
  bool propagation_recursive = false;
  bool copy_up = false;           // tmpcopyup
  std::vector<std::string> data;  // The filesystem's own: "size=64m", "sync".
};

// kInvalid for words this runtime knows and cannot do. Words it does not know are the
// filesystem's, and the kernel judges them.
Result<MountOptions> parse_mount_options(std::span<const std::string> words);

}  // namespace ikada
