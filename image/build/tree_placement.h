// Putting files into the tree of a stage: where a COPY's sources go, and with which owner and mode.
//
// The tree belongs to an image and may hold any symlinks: directories are looked up with the tree
// as root, files are made new and never written through.
//
// Source: Dockerfile reference, COPY, "Destination".
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "image/build/mode_change.h"
#include "image/build/source_tree.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

struct FileOwner {
  uid_t uid = 0;
  gid_t gid = 0;
};

struct PlacementOptions {
  std::optional<FileOwner> owner = {};  // Unset: as the sources have it.
  std::optional<ModeChange> mode = {};  // Unset: as the sources have it.

  mode_t mode_for(mode_t source, bool is_directory) const {
    return mode.has_value() ? mode->apply(source, is_directory) : source & 07777;
  }
};

class TreePlacement {
 public:
  // `root_fd` is the tree's root, open as a directory.
  TreePlacement(int root_fd, PlacementOptions options)
      : root_fd_(root_fd), options_(std::move(options)) {}

  // Copies one chosen source: a directory's content into `destination`, a file to it or, if it is a
  // directory or ends with '/', into it.
  Result<void> copy(const SourceTree& tree, const std::string& destination);

  // The same for a file that is given as text.
  Result<void> write(const std::string& name,
                     std::string_view content,
                     const std::string& destination);

  // mkdir -p; what is missing is made 0755 with the options' owner.
  Result<void> make_directory(const std::string& path);

  // Sets the times of directories that were there before back to what they were.
  Result<void> finish();

 private:
  struct Place {
    int directory = -1;  // As open_directory() gives it.
    std::string name;
  };

  Result<int> open_directory(const std::string& path);
  Result<Place> place_file(const std::string& name, const std::string& destination);
  Result<void> remember_times(const std::string& path, int fd);
  Result<void> add(const SourceTree& tree, const SourceEntry& entry, const std::string& target);
  Result<void> add_directory(const SourceEntry& entry, const std::string& target);
  Result<void> add_file(const SourceTree& tree,
                        const SourceEntry& entry,
                        const Place& place,
                        const std::string& target);
  Result<void> clear(const Place& place);
  Result<void> set_owner(const Place& place, const struct stat& status) const;
  FileOwner owner_of(const struct stat& status) const;

  int root_fd_;
  PlacementOptions options_;
  // Sources list a directory's content together, so the last one is nearly always the next one.
  std::string last_path_;
  UniqueFd last_;
  std::set<std::string> made_;                            // Directories that were not there.
  std::map<std::string, timespec> times_;                 // Of those that were.
  std::map<std::pair<dev_t, ino_t>, std::string> links_;  // First places of hard-linked files.
};

}  // namespace ikada
