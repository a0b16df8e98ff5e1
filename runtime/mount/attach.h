// Carrying out a mount plan: in the container's first process, so system calls only.
//
// Everything is done by descriptor. A mount is detached until it is complete, and is attached to a
// descriptor that the rooted look-up gave, never to a path.
//
// Source: fsopen(2), fsconfig(2), fsmount(2), move_mount(2), mount_setattr(2).
#pragma once

#include <string>

#include "runtime/mount/plan.h"

namespace ikada {

enum class MountStep {
  kNone,
  kDestination,  // Looking up or making the destination.
  kNotPlain,     // A symlink is on the way to it.
  kOverProc,     // It lies in a procfs.
  kLayer,        // Opening an overlay's layer.
  kOpen,         // fsopen, fsconfig, fsmount: the filesystem itself.
  kCopyUp,       // Filling it with what it covers.
  kAttach,       // move_mount.
};

struct MountOutcome {
  MountStep step = MountStep::kNone;
  int error = 0;  // errno; 0: done.
};

// What the first process knows of its root while it makes mounts.
struct RootView {
  int root_fd = -1;
  int proc_fd = -1;  // The root of the procfs at /proc, once it is there.
};

// Mounts the overlay of operations[0] over `path` of our own mount namespace.
MountOutcome attach_root_overlay(const MountOperation& operation, const char* path);

MountOutcome attach_mount(const MountOperation& operation, RootView& view);

// "mount tmpfs at /run" and so on: what an outcome was about. For the parent.
std::string describe_mount(const MountOperation& operation, MountStep step);

// A detached mount of `type` without parameters; a descriptor or a negative errno value.
int create_filesystem(const char* type, unsigned attributes);

// Attaches a detached tree to what `target_fd` stands for; 0 or a negative errno value.
int attach_tree(int tree_fd, int target_fd);

}  // namespace ikada
