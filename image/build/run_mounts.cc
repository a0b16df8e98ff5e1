#include "image/build/run_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/build/merged_tree.h"
#include "image/build/source_tree.h"
#include "image/build/stage_plan.h"
#include "image/digest.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr std::uint32_t kSecretMode = 0400;
constexpr std::uint32_t kCacheMode = 0755;
constexpr int kMaxPrivateCaches = 100;

Result<bool> is_directory(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return errno_error("stat");
  return S_ISDIR(status.st_mode);
}

Result<void> write_owned_file(const std::string& path,
                              std::string_view content,
                              const FileOwner& owner,
                              std::uint32_t mode) {
  IK_LET(fd, open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
  IK_TRY(write_all(fd.get(), content));
  if (::fchown(fd.get(), owner.uid, owner.gid) != 0) return errno_error("chown {}", path);
  if (::fchmod(fd.get(), mode) != 0) return errno_error("chmod {}", path);
  return {};
}

Result<void> copy_into(int from_root, const std::string& source, const std::string& directory) {
  IK_LET(trees, find_sources({.root_fd = from_root}, source.empty() ? "/" : source));
  IK_LET(target, open_file(directory, O_RDONLY | O_DIRECTORY));
  TreePlacement placement(target.get(), {});
  for (const SourceTree& each : trees) IK_TRY(placement.copy(each, "/"));
  return placement.finish();
}

}  // namespace

RunMounts::~RunMounts() {
  for (auto path = mounted_.rbegin(); path != mounted_.rend(); ++path) {
    ::umount2(path->c_str(), MNT_DETACH);
  }
}

// Our descriptor as a program that we start can name it.
std::string RunMounts::own_path(int fd) const {
  return fmt::format("/proc/{}/fd/{}", ::getpid(), fd);
}

Result<std::string> RunMounts::new_directory() {
  std::string path = fmt::format("{}/mount-{}", scratch_, next_++);
  if (::mkdir(path.c_str(), 0700) != 0) return errno_error("mkdir {}", path);
  return path;
}

Result<int> RunMounts::add_tree(const std::vector<std::string>& layers) {
  IK_LET(place, new_directory());
  if (layers.empty()) {
    IK_LET(empty, open_file(place, O_RDONLY | O_DIRECTORY));
    held_.push_back(std::move(empty));
    return held_.back().get();
  }
  IK_LET(tree, open_merged(layers, place));
  trees_.push_back(std::move(tree));
  return trees_.back().fd();
}

Result<void> RunMounts::add_bind(const RunMount& mount, int root_fd) {
  const std::string source = resolve_path("/", mount.source.empty() ? "/" : mount.source);
  Result<UniqueFd> opened = open_in_root(root_fd, source, O_PATH);
  if (!opened.has_value()) return std::move(opened.error());
  const bool read_only = mount.read_only.value_or(true);
  if (read_only) {
    binds_.push_back({.source = own_path(opened->get()), .destination = mount.target});
    held_.push_back(std::move(*opened));
    return {};
  }
  // Changes are allowed and forgotten.
  IK_LET(directory, is_directory(opened->get()));
  IK_LET(place, new_directory());
  if (!directory) {
    const std::string copy = place + "/file";
    const std::string name = fmt::format("/proc/self/fd/{}", opened->get());
    IK_LET(from, open_file(name, O_RDONLY | O_NONBLOCK | O_NOCTTY));
    struct stat status {};
    if (::fstat(from.get(), &status) != 0) return errno_error("stat {}", source);
    IK_TRY(write_owned_file(copy, "", {status.st_uid, status.st_gid}, status.st_mode & 07777));
    IK_LET(to, open_file(copy, O_WRONLY));
    IK_TRY(copy_file_content(from.get(), to.get()));
    binds_.push_back({.source = copy, .destination = mount.target, .read_only = false});
    return {};
  }
  const WritableTree tree{.layers = {},
                          .upper = place + "/upper",
                          .work = place + "/work",
                          .mount_point = place + "/tree"};
  struct stat status {};
  if (::fstat(opened->get(), &status) != 0) return errno_error("stat {}", source);
  for (const std::string& path : {tree.upper, tree.work, tree.mount_point}) {
    if (::mkdir(path.c_str(), 0700) != 0) return errno_error("mkdir {}", path);
  }
  // The overlay's root looks like its upper directory.
  if (::chown(tree.upper.c_str(), status.st_uid, status.st_gid) != 0 ||
      ::chmod(tree.upper.c_str(), status.st_mode & 07777) != 0) {
    return errno_error("chown {}", tree.upper);
  }
  IK_TRY(mount_writable_copy(opened->get(), tree));
  mounted_.push_back(tree.mount_point);
  binds_.push_back({.source = tree.mount_point, .destination = mount.target, .read_only = false});
  return {};
}

Result<void> RunMounts::add_cache(const RunMount& mount, int initial_fd) {
  const std::string id(Digest::of(mount.id).hex());
  std::string path = fmt::format("{}/{}", cache_root_, id);
  // A private cache in use is not waited for: the next build gets another one.
  for (int number = 1; mount.sharing == "private"; ++number) {
    Result<UniqueFd> lock = lock_file(path + ".lock", false);
    if (lock.has_value()) {
      held_.push_back(std::move(*lock));
      break;
    }
    if (lock.error().kind != ErrorKind::kConflict || number == kMaxPrivateCaches) {
      return std::move(lock.error());
    }
    path = fmt::format("{}/{}-{}", cache_root_, id, number);
  }
  if (mount.sharing == "locked") {
    IK_LET(lock, lock_file(path + ".lock"));
    held_.push_back(std::move(lock));
  }
  if (::mkdir(path.c_str(), 0700) == 0) {
    if (initial_fd >= 0) IK_TRY(copy_into(initial_fd, mount.source, path));
    if (::chown(path.c_str(), mount.uid, mount.gid) != 0) return errno_error("chown {}", path);
    const mode_t mode = mount.mode.value_or(kCacheMode);
    if (::chmod(path.c_str(), mode) != 0) return errno_error("chmod {}", path);
  } else if (errno != EEXIST) {
    return errno_error("mkdir {}", path);
  }
  IK_LET(fd, open_file(path, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  binds_.push_back({.source = own_path(fd.get()),
                    .destination = mount.target,
                    .read_only = mount.read_only.value_or(false)});
  held_.push_back(std::move(fd));
  return {};
}

Result<void> RunMounts::make_secrets_directory() {
  if (has_secrets_) return {};
  const std::string path = scratch_ + "/secrets";
  if (::mkdir(path.c_str(), 0700) != 0) return errno_error("mkdir {}", path);
  if (::mount("tmpfs", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") != 0) {
    return errno_error("mount tmpfs at {}", path);
  }
  mounted_.push_back(path);
  has_secrets_ = true;
  return {};
}

Result<void> RunMounts::add_secret(const RunMount& mount, const std::string* value) {
  if (value == nullptr) {
    if (!mount.required) return {};
    return make_error(ErrorKind::kNotFound, "secret {}: not found", mount.id);
  }
  if (!mount.environment.empty()) {
    environment_.push_back(mount.environment + "=" + *value);
    if (mount.target.empty()) return {};
  }
  IK_TRY(make_secrets_directory());
  const std::string path = fmt::format("{}/secrets/{}", scratch_, next_++);
  IK_TRY(write_owned_file(
      path, *value, {.uid = mount.uid, .gid = mount.gid}, mount.mode.value_or(kSecretMode)));
  binds_.push_back({.source = path, .destination = mount.target});
  return {};
}

Result<void> RunMounts::add_ssh(const RunMount& mount, const std::string* socket) {
  if (socket == nullptr) {
    if (!mount.required) return {};
    return make_error(ErrorKind::kNotFound, "no ssh agent {}: give one with --ssh", mount.id);
  }
  IK_LET(fd, open_file(*socket, O_PATH).context("--ssh {}", mount.id));
  const std::string target =
      mount.target.empty() ? fmt::format("/run/buildkit/ssh_agent.{}", next_++) : mount.target;
  binds_.push_back({.source = own_path(fd.get()), .destination = target});
  held_.push_back(std::move(fd));
  environment_.push_back("SSH_AUTH_SOCK=" + target);
  return {};
}

void RunMounts::add_tmpfs(const RunMount& mount) {
  tmpfs_.push_back({.destination = mount.target, .size_bytes = mount.size_bytes});
}

Result<void> RunMounts::add_script(const std::string& destination, const std::string& content) {
  const std::string path = fmt::format("{}/script-{}", scratch_, next_++);
  IK_TRY(write_owned_file(path, content, {}, 0755));
  binds_.push_back({.source = path, .destination = destination});
  return {};
}

void RunMounts::apply(RunCommand& command) const {
  command.binds.insert(command.binds.end(), binds_.begin(), binds_.end());
  command.tmpfs.insert(command.tmpfs.end(), tmpfs_.begin(), tmpfs_.end());
  command.environment.insert(command.environment.end(), environment_.begin(), environment_.end());
}

}  // namespace ikada
