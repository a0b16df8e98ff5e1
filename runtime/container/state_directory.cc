#include "runtime/container/state_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/atomic_file.h"
#include "runtime/container/removal.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr mode_t kDirectoryMode = 0700;

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

Json to_json(const ContainerState& state) {
  return {{"id", state.id},
          {"bundle", state.bundle},
          {"rootfs", state.rootfs},
          {"cgroup_path", state.cgroup_path},
          {"pid", state.pid},
          {"pid_start_time", state.pid_start_time},
          {"created", state.created},
          {"owner", state.owner},
          {"has_poststart_hooks", state.has_poststart_hooks},
          {"has_poststop_hooks", state.has_poststop_hooks},
          {"annotations", state.annotations}};
}

Result<ContainerState> parse_state(const Json& json) {
  JsonReader reader(json, "state.json");
  ContainerState state;
  reader.require("id", state.id);
  reader.require("bundle", state.bundle);
  reader.read("rootfs", state.rootfs);
  reader.read("cgroup_path", state.cgroup_path);
  reader.require("pid", state.pid);
  reader.require("pid_start_time", state.pid_start_time);
  reader.require("created", state.created);
  reader.read("owner", state.owner);
  reader.read("has_poststart_hooks", state.has_poststart_hooks);
  reader.read("has_poststop_hooks", state.has_poststop_hooks);
  reader.read("annotations", state.annotations);
  IK_TRY(reader.done());
  return state;
}

// Waits for the lock, or with `wait` false gives up with kConflict.
Result<UniqueFd> lock_directory(const std::string& path, bool wait) {
  IK_LET(fd, open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  while (::flock(fd.get(), wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return make_error(ErrorKind::kConflict, "{} is locked", path);
    if (errno != EINTR) return errno_error("lock {}", path);
  }
  return fd;
}

// Whether the directory that was locked is still the one at the path: another command may have
// removed it while we waited.
bool is_still_there(const UniqueFd& fd) {
  struct stat status {};
  return ::fstat(fd.get(), &status) == 0 && status.st_nlink > 0;
}

Error not_found(const std::string& id) {
  return make_error(ErrorKind::kNotFound, "container {} does not exist", id);
}

Result<ContainerState> load_file(const std::string& path, const std::string& id) {
  Result<std::string> text = read_file(path + "/state.json");
  if (!text.has_value() && text.error().kind == ErrorKind::kNotFound) return not_found(id);
  IK_LET(content, std::move(text));
  IK_LET(json, parse_json(content).context("{}/state.json", path));
  return parse_state(json);
}

}  // namespace

Result<void> check_container_id(std::string_view id) {
  constexpr size_t kMaxId = 1024;
  bool valid = !id.empty() && id.size() <= kMaxId && is_word_character(id[0]);
  for (const char c : id) {
    valid = valid && (is_word_character(c) || c == '_' || c == '+' || c == '-' || c == '.');
  }
  if (valid) return {};
  return make_error(ErrorKind::kInvalid, "invalid container id: \"{}\"", id);
}

Result<StateDirectory> StateDirectory::create(const std::string& state_root,
                                              const std::string& id) {
  IK_TRY(check_container_id(id));
  IK_TRY(make_directories(state_root, kDirectoryMode));
  const std::string path = state_root + "/" + id;
  while (true) {
    const bool is_new = ::mkdir(path.c_str(), kDirectoryMode) == 0;
    if (!is_new && errno != EEXIST) return errno_error("mkdir {}", path);
    Result<UniqueFd> lock = lock_directory(path, false);
    if (!lock.has_value() && lock.error().kind == ErrorKind::kNotFound) continue;
    if (!lock.has_value() && lock.error().kind == ErrorKind::kConflict) {
      return make_error(ErrorKind::kConflict, "container {} exists already", id);
    }
    IK_LET(held, std::move(lock));
    if (!is_still_there(held)) continue;
    StateDirectory directory(path, id, std::move(held));
    if (is_new) return directory;
    const Result<ContainerState> old = directory.load();
    if (old.has_value() && old->pid != 0) {
      return make_error(ErrorKind::kConflict, "container {} exists already", id);
    }
    if (old.has_value()) IK_TRY(remove_remains(*old));
    ::unlink(directory.start_socket().c_str());
    return directory;
  }
}

Result<StateDirectory> StateDirectory::open(const std::string& state_root, const std::string& id) {
  IK_TRY(check_container_id(id));
  const std::string path = state_root + "/" + id;
  Result<UniqueFd> lock = lock_directory(path, true);
  if (!lock.has_value() && lock.error().kind == ErrorKind::kNotFound) return not_found(id);
  IK_LET(held, std::move(lock));
  if (!is_still_there(held)) return not_found(id);
  return StateDirectory(path, id, std::move(held));
}

StateDirectory::~StateDirectory() {
  if (lock_) ::flock(lock_.get(), LOCK_UN);
}

Result<void> StateDirectory::save(const ContainerState& state) const {
  // A path or annotation may be no UTF-8.
  const std::string text = to_json(state).dump(-1, ' ', false, Json::error_handler_t::replace);
  return write_file_atomically(path_ + "/state.json", text, 0600, Durability::kVolatile);
}

Result<ContainerState> StateDirectory::load() const { return load_file(path_, id_); }

Result<void> StateDirectory::remove() const { return remove_tree(path_); }

Result<ContainerState> load_state(const std::string& state_root, const std::string& id) {
  IK_TRY(check_container_id(id));
  return load_file(state_root + "/" + id, id);
}

Result<std::vector<std::string>> list_states(const std::string& state_root) {
  Result<std::vector<std::string>> names = list_directory(state_root);
  if (!names.has_value() && names.error().kind == ErrorKind::kNotFound) {
    return std::vector<std::string>();
  }
  IK_LET(ids, std::move(names));
  std::erase_if(ids, [&](const std::string& id) {
    return ::access((state_root + "/" + id + "/state.json").c_str(), F_OK) != 0;
  });
  return ids;
}

}  // namespace ikada
