// Overlays of many layers, made one layer at a time.
//
// mount(2) takes one page of options and fsconfig(2) values of 255 bytes, and the list of layers is
// one option: that is room for some forty layers. Since Linux 6.8 each layer may be an option of
// its own. Overlayfs takes no more than 500.
//
// Source: Linux Documentation/filesystems/overlayfs.rst, "Multiple lower layers"; fsconfig(2).
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace ikada {

constexpr size_t kMaxOverlayLowers = 500;
constexpr size_t kMaxMountData = 4095;  // mount(2): one page with its NUL.

struct Overlay {
  std::vector<std::string> lowers = {};  // Directories, topmost first.
  // "upperdir", "workdir" and so on; an empty value: a flag.
  std::vector<std::pair<std::string, std::string>> parameters = {};
};

// A detached mount with the attributes (MOUNT_ATTR_…); a descriptor or a negative errno value.
// -EINVAL until Linux 6.8, among other reasons. System calls only, so that a container's first
// process may call it.
int create_overlay(const Overlay& overlay, unsigned attributes);

}  // namespace ikada
