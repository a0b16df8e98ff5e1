// The sources of a RUN step's --mount, opened and held for as long as the step runs.
//
// A source in a context, stage or image is looked up with that tree's root as the root, and from
// then on known by its descriptor: nothing that is swapped afterwards, and no symlink or "..",
// leads a mount outside. Secrets are files of a tmpfs that only this process and the container see.
//
// Source: Dockerfile reference, RUN --mount.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "image/build/merged_tree.h"
#include "image/build/run_command.h"
#include "image/dockerfile/instruction.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

class RunMounts {
 public:
  // `scratch` is an existing directory of the step's own; `cache_root` is ROOT/build/mounts.
  RunMounts(std::string scratch, std::string cache_root)
      : scratch_(std::move(scratch)), cache_root_(std::move(cache_root)) {}
  RunMounts(const RunMounts&) = delete;
  RunMounts& operator=(const RunMounts&) = delete;
  ~RunMounts();

  // The tree of the layers, mounted until the end; for add_bind() and add_cache().
  Result<int> add_tree(const std::vector<std::string>& layers);

  // `root_fd` is the tree that the source is in. With `rw` the container's changes are dropped.
  Result<void> add_bind(const RunMount& mount, int root_fd);

  // A directory that outlives the build. `initial_fd`, a tree for a new one; -1: empty.
  // Waits for "locked" ones.
  Result<void> add_cache(const RunMount& mount, int initial_fd);

  // kNotFound if `value` is null and the secret is required.
  Result<void> add_secret(const RunMount& mount, const std::string* value);

  // The socket of an ssh agent of this host, and SSH_AUTH_SOCK that names it. kNotFound if `socket`
  // is null and it is required.
  Result<void> add_ssh(const RunMount& mount, const std::string* socket);

  void add_tmpfs(const RunMount& mount);

  // A file of the build's own, for here-documents that are scripts.
  Result<void> add_script(const std::string& destination, const std::string& content);

  // Adds what was collected to the command.
  void apply(RunCommand& command) const;

 private:
  std::string own_path(int fd) const;
  Result<void> make_secrets_directory();
  Result<std::string> new_directory();

  std::string scratch_;
  std::string cache_root_;
  bool has_secrets_ = false;
  int next_ = 0;
  std::vector<MergedTree> trees_;
  std::vector<UniqueFd> held_;
  std::vector<std::string> mounted_;  // In our mount namespace; unmounted at the end.
  std::vector<RunBind> binds_;
  std::vector<RunTmpfs> tmpfs_;
  std::vector<std::string> environment_;
};

}  // namespace ikada
