// StageBuild: what RUN, COPY, ADD and WORKDIR do to the files.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/build/local_archive.h"
#include "image/build/merged_tree.h"
#include "image/build/run_mounts.h"
#include "image/build/stage_build.h"
#include "image/build/tree_placement.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kMaxAccountFile = size_t{4} << 20;

bool is_remote(const std::string& source) {
  return source.starts_with("http://") || source.starts_with("https://");
}

// The text of a regular file of the tree; empty if there is none.
Result<std::string> read_account_file(int root_fd, const std::string& path) {
  const Result<UniqueFd> found = open_in_root(root_fd, path, O_PATH);
  if (!found.has_value()) return std::string();
  struct stat status {};
  // A FIFO or device is never opened, because that alone can wait or act.
  if (::fstat(found->get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::string();
  IK_LET(fd, open_file(fmt::format("/proc/self/fd/{}", found->get()), O_RDONLY | O_NOCTTY));
  return read_fd(fd.get(), kMaxAccountFile).context("{}", path);
}

// COPY --parents: the source's directories are a part of where it goes.
std::string destination_below(const std::string& destination, const SourceTree& tree) {
  std::string target = destination.ends_with('/') ? destination : destination + "/";
  const size_t slash = tree.path.rfind('/');
  if (tree.is_directory()) return target + tree.path;
  return slash == std::string::npos ? target : target + tree.path.substr(0, slash + 1);
}

}  // namespace

Result<std::optional<FileOwner>> StageBuild::find_owner(int root_fd, const std::string& text) {
  if (text.empty()) return std::optional<FileOwner>();
  IK_LET(passwd, read_account_file(root_fd, "/etc/passwd"));
  IK_LET(group, read_account_file(root_fd, "/etc/group"));
  IK_LET(owner, session_.seams().runner.find_owner(text, passwd, group));
  return std::optional<FileOwner>(owner);
}

Result<std::vector<std::string>> StageBuild::find_source_layers(const std::string& from) {
  const StageSource source = find_source(session_.options().file, stage_, from);
  Result<StageTree> tree = source.stage.has_value() ? session_.wait_for_stage(*source.stage)
                                                    : session_.open_image(source.image, platform_);
  if (!tree.has_value()) return std::move(tree.error());
  return std::move(tree->directories);
}

Result<MergedTree> StageBuild::open_source_root(const std::string& from) {
  IK_LET(layers, find_source_layers(from));
  IK_LET(directory, session_.make_scratch("source"));
  if (layers.empty()) layers.push_back(directory);
  return open_merged(layers, directory);
}

Result<void> StageBuild::perform(const MakeDirectoryStep& make,
                                 const Workplace& place,
                                 StepReport&) {
  IK_TRY(make_upper(place.upper));
  IK_LET(root,
         open_writable({.layers = tree_.directories,
                        .upper = place.upper,
                        .work = place.work,
                        .mount_point = place.mount_point}));
  IK_LET(owner, find_owner(root.fd(), make.user));
  TreePlacement placement(root.fd(), {.owner = owner});
  IK_TRY(placement.make_directory(make.path));
  return placement.finish();
}

// With --link the layer stands alone, but names are still those of what is below.
Result<std::optional<FileOwner>> StageBuild::find_copy_owner(const CopyStep& copy, int root_fd) {
  if (!copy.link || tree_.directories.empty()) return find_owner(root_fd, copy.chown);
  IK_LET(directory, session_.make_scratch("accounts"));
  IK_LET(below, open_merged(tree_.directories, directory));
  return find_owner(below.fd(), copy.chown);
}

Result<void> StageBuild::perform(const CopyStep& copy, const Workplace& place, StepReport&) {
  IK_TRY(make_upper(place.upper));
  WritableTree writable{.layers = tree_.directories,
                        .upper = place.upper,
                        .work = place.work,
                        .mount_point = place.mount_point};
  if (copy.link) writable.layers.clear();
  IK_LET(root, open_writable(writable));
  PlacementOptions options{.mode = copy.chmod};
  if (!copy.chown.empty()) {
    IK_LET(owner, find_copy_owner(copy, root.fd()).context("--chown"));
    options.owner = owner;
  } else if (copy.from.empty()) {
    options.owner = FileOwner{};
  }
  return copy_sources(copy, root.fd(), options);
}

Result<void> StageBuild::copy_sources(const CopyStep& copy,
                                      int root_fd,
                                      const PlacementOptions& options) {
  TreePlacement placement(root_fd, options);
  for (const InlineFile& file : copy.files) {
    IK_TRY(placement.write(file.name, file.content, copy.destination));
  }
  std::optional<MergedTree> other;
  if (!copy.from.empty()) {
    IK_LET(opened, open_source_root(copy.from).context("--from={}", copy.from));
    other.emplace(std::move(opened));
  }
  IK_LET(excluded, IgnorePatterns::parse(join(copy.exclude, "\n")));
  const SourceQuery query{.root_fd = copy.from.empty() ? session_.context_fd() : other->fd(),
                          .ignore = copy.from.empty() ? &session_.options().ignore : nullptr,
                          .exclude = &excluded};
  for (const std::string& source : copy.sources) {
    if (copy.is_add && is_remote(source)) {
      IK_TRY(add_remote(copy, source, placement).context("{}", source));
      continue;
    }
    IK_LET(trees, find_sources(query, source));
    if (trees.size() > 1 && !copy.destination.ends_with('/')) {
      return make_error(ErrorKind::kInvalid,
                        "{} fits several files: the destination must be a directory and end with "
                        "a /",
                        source);
    }
    for (const SourceTree& tree : trees) {
      IK_LET(unpacked, add_archive(copy, tree, root_fd));
      if (unpacked) continue;
      IK_TRY(placement.copy(
          tree, copy.parents ? destination_below(copy.destination, tree) : copy.destination));
    }
  }
  return placement.finish();
}

Result<void> StageBuild::add_remote(const CopyStep& copy,
                                    const std::string& url,
                                    TreePlacement& placement) {
  IK_LET(file, session_.fetch_remote(url));
  if (!copy.checksum.empty() && copy.checksum != file.digest.text()) {
    return make_error(
        ErrorKind::kInvalid, "digest mismatch: got {}, not {}", file.digest.text(), copy.checksum);
  }
  if (file.name.empty() && copy.destination.ends_with('/')) {
    return make_error(ErrorKind::kInvalid, "the URL names no file: give the destination's name");
  }
  const std::string directory = file.path.substr(0, file.path.rfind('/'));
  IK_LET(root, open_file(directory, O_PATH | O_DIRECTORY));
  IK_LET(trees, find_sources({.root_fd = root.get()}, file.path.substr(directory.size() + 1)));
  SourceTree& tree = trees[0];
  tree.name = file.name;
  tree.entries[0].status.st_mtim = {.tv_sec = file.mtime, .tv_nsec = 0};
  return placement.copy(tree, copy.destination);
}

Result<bool> StageBuild::add_archive(const CopyStep& copy, const SourceTree& tree, int root_fd) {
  const bool wanted = copy.is_add && copy.unpack.value_or(true);
  if (!wanted || !S_ISREG(tree.entries[0].status.st_mode)) return false;
  IK_LET(fd, tree.open(tree.entries[0]));
  IK_LET(scratch, session_.make_scratch("packed"));
  IK_LET(archive, is_archive(fd.get(), scratch).context("{}", tree.path));
  if (!archive) return false;
  IK_LET(directory, session_.make_scratch("archive"));
  IK_TRY(unpack_archive(fd.get(), directory).context("{}", tree.path));
  IK_LET(unpacked, open_file(directory, O_PATH | O_DIRECTORY));
  IK_LET(trees, find_sources({.root_fd = unpacked.get()}, "/"));
  // An archive says whose its files are.
  PlacementOptions options{.mode = copy.chmod};
  if (!copy.chown.empty()) {
    IK_LET(owner, find_copy_owner(copy, root_fd));
    options.owner = owner;
  }
  TreePlacement placement(root_fd, options);
  IK_TRY(placement.copy(trees[0], copy.destination));
  IK_TRY(placement.finish());
  return true;
}

Result<void> StageBuild::add_mounts(const RunStep& run, RunMounts& mounts) {
  for (const RunMount& mount : run.mounts) {
    int tree = session_.context_fd();
    if (!mount.from.empty()) {
      IK_LET(layers, find_source_layers(mount.from).context("--mount: from={}", mount.from));
      IK_LET(root, mounts.add_tree(layers).context("--mount: from={}", mount.from));
      tree = root;
    }
    switch (mount.type) {
      case RunMount::Type::kBind:
        if (tree < 0) return make_error(ErrorKind::kInvalid, "there is no build context");
        IK_TRY(mounts.add_bind(mount, tree).context("--mount: {}", mount.target));
        break;
      case RunMount::Type::kCache:
        IK_TRY(mounts.add_cache(mount, mount.from.empty() ? -1 : tree)
                   .context("--mount: {}", mount.target));
        break;
      case RunMount::Type::kTmpfs:
        mounts.add_tmpfs(mount);
        break;
      case RunMount::Type::kSecret: {
        const auto& secrets = session_.options().secrets;
        const auto found = secrets.find(mount.id);
        IK_TRY(mounts.add_secret(mount, found == secrets.end() ? nullptr : &found->second));
        break;
      }
      case RunMount::Type::kSsh: {
        const auto& agents = session_.options().ssh_agents;
        const auto found = agents.find(mount.id);
        IK_TRY(mounts.add_ssh(mount, found == agents.end() ? nullptr : &found->second));
        break;
      }
    }
  }
  if (!run.script_name.empty()) {
    IK_TRY(mounts.add_script("/dev/pipes/" + run.script_name, run.script));
  }
  return {};
}

Result<void> StageBuild::perform(const RunStep& run, const Workplace& place, StepReport& report) {
  if (tree_.directories.empty()) {
    return make_error(ErrorKind::kInvalid, "nothing can run in an empty file system");
  }
  RunMounts mounts(place.directory, cache_mounts_directory(session_.store().root()));
  IK_TRY(add_mounts(run, mounts));
  RunCommand command{.layers = tree_.directories,
                     .upper = place.upper,
                     .arguments = run.arguments,
                     .environment = session_.variables().proxies(),
                     .working_dir = run.working_dir,
                     .user = run.user,
                     .network = run.network == "default" ? session_.options().network : run.network,
                     .extra_hosts = session_.options().extra_hosts,
                     .shm_bytes = session_.options().shm_bytes,
                     .binds = {},
                     .tmpfs = {}};
  command.environment.insert(
      command.environment.end(), run.environment.begin(), run.environment.end());
  mounts.apply(command);
  IK_LET(status,
         session_.seams().runner.run(command, [&](std::string_view text) { report.output(text); }));
  if (status == 0) return {};
  return make_error(ErrorKind::kInvalid,
                    "the command '{}' returned a non-zero code: {}",
                    join(run.arguments, " "),
                    status);
}

}  // namespace ikada
