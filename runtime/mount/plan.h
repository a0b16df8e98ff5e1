// What will be mounted in a container, as a list made before its first process exists.
//
// Sources of binds are opened by the parent, in the host's mount namespace and with its rights;
// everything else is made by the first process, in the namespaces it belongs to.
//
// Source: OCI runtime-spec 1.0.2, config.md "Mounts"; fsopen(2), open_tree(2), overlayfs.rst.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/mount/options.h"
#include "runtime/spec/config.h"
#include "runtime/sys/overlay.h"

namespace ikada {

enum class MountKind {
  kFilesystem,  // A new mount by fsopen.
  kBind,        // A copy of a tree, opened by the parent.
  kOverlay,     // A new mount by mount(2), because fsconfig takes no value beyond 255 bytes; one of
                // very many layers by fsconfig, a layer at a time.
};

struct MountOperation {
  MountKind kind = MountKind::kFilesystem;
  std::string destination;  // In the container; absolute.
  std::string type;         // The kernel's name: "tmpfs", "cgroup2".
  std::string source;
  MountOptions options;
  std::vector<std::pair<std::string, std::string>> parameters;  // fsconfig; empty value: a flag.
  // No symlink may be on the way to the destination: /proc, /sys, /dev and what lies below them.
  bool plain_destination = false;
  bool may_cover_proc = false;  // The destination may lie in a procfs.
  bool is_proc_root = false;    // It is /proc itself.
  bool keeps_mode = false;      // With options.copy_up: the root has a mode of its own.
  // kOverlay: the data of mount(2). If the layers' paths do not fit into it, they are in `overlay`,
  // and the data names them as /proc/self/fd/N; it is empty if they do not fit even so.
  std::string data;
  Overlay overlay;
  // kBind, filled in by open_bind_sources().
  UniqueFd tree;
  bool tree_is_directory = false;
};

// The number of the first of the layers' descriptors in the first process.
constexpr int kFirstLayerFd = 400;

struct MountPlan {
  bool root_is_overlay = false;  // operations[0] is the root filesystem itself.
  std::vector<MountOperation> operations;
};

struct HostView {
  std::string cgroup2_mount;         // Where the host has cgroup v2.
  bool owns_joined_network = false;  // The user namespace that is joined owns the network joined.
};

// kInvalid for mounts that may not be: over /proc or inside it, with options that cannot be.
Result<MountPlan> plan_mounts(const OciConfig& config,
                              const std::string& bundle,
                              const HostView& host);

// Opens the sources of all binds and gives them their attributes.
Result<void> open_bind_sources(MountPlan& plan);

// A detached copy of the tree at `path` with a propagation type, MS_PRIVATE or MS_SLAVE.
Result<UniqueFd> open_root_tree(const std::string& path, std::uint64_t propagation);

}  // namespace ikada
