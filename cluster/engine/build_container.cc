#include "cluster/engine/build_container.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "cluster/engine/attach_client.h"
#include "cluster/engine/mount_stubs.h"
#include "cluster/engine/user.h"
#include "runtime/base/number.h"
#include "runtime/base/rollback.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

ContainerSpec plan_spec(const RunCommand& command) {
  ContainerSpec spec;
  spec.entrypoint = std::vector<std::string>();
  spec.command = command.arguments;
  spec.env = command.environment;
  spec.user = command.user;
  spec.working_dir = command.working_dir;
  spec.network.mode = command.network;
  spec.network.extra_hosts = command.extra_hosts;
  if (command.shm_bytes != 0) spec.shm_bytes = command.shm_bytes;
  spec.auto_remove = true;
  spec.attach_stdout = true;
  spec.volatile_rootfs = true;
  for (const RunBind& each : command.binds) {
    spec.mounts.push_back({.type = MountSpec::Type::kBind,
                           .source = each.source,
                           .destination = each.destination,
                           .read_only = each.read_only});
  }
  for (const RunTmpfs& each : command.tmpfs) {
    MountSpec mount{.type = MountSpec::Type::kTmpfs, .destination = each.destination};
    mount.options = {"exec"};
    if (each.size_bytes != 0) mount.options.push_back(fmt::format("size={}", each.size_bytes));
    spec.mounts.push_back(std::move(mount));
  }
  return spec;
}

// Passes on what comes out of a pipe until nobody writes to it any more.
class OutputReader {
 public:
  static Result<std::unique_ptr<OutputReader>> start(
      const std::function<void(std::string_view)>& output) {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("pipe");
    auto reader = std::make_unique<OutputReader>();
    reader->read_end_ = UniqueFd(ends[0]);
    reader->write_end_ = UniqueFd(ends[1]);
    reader->thread_ = std::thread([&output, fd = ends[0]] {
      std::array<char, 16384> buffer;
      while (true) {
        const ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return;
        output({buffer.data(), static_cast<size_t>(got)});
      }
    });
    return reader;
  }

  ~OutputReader() {
    write_end_.reset();
    thread_.join();
  }

  int fd() const { return write_end_.get(); }

 private:
  UniqueFd read_end_;
  UniqueFd write_end_;
  std::thread thread_;
};

std::vector<std::string> mount_destinations(const RunCommand& command) {
  std::vector<std::string> destinations;
  for (const RunBind& each : command.binds) destinations.push_back(each.destination);
  for (const RunTmpfs& each : command.tmpfs) destinations.push_back(each.destination);
  return destinations;
}

// A program says nothing of why it failed, but while its files are there this can be seen.
bool is_disk_full(const std::string& path) {
  constexpr std::uint64_t kNearlyNothing = std::uint64_t{1} << 20;
  struct statvfs disk {};
  return ::statvfs(path.c_str(), &disk) == 0 &&
         std::uint64_t{disk.f_bavail} * disk.f_frsize < kNearlyNothing;
}

Error full_disk(int status) {
  Error error = make_error(ErrorKind::kSystem,
                           "the command returned {} on a full disk: No space left on device",
                           status);
  error.errno_value = ENOSPC;
  error.code = "NO_SPACE";
  return error;
}

Error cancelled() { return make_error(ErrorKind::kUnavailable, "cancelled"); }

}  // namespace

Result<int> BuildContainers::run(const RunCommand& command,
                                 const std::function<void(std::string_view)>& output) {
  if (cancellation_.cancelled()) return cancelled();
  Engine* engine = nullptr;
  {
    const std::lock_guard lock(mutex_);
    IK_LET(opened, open_engine_());
    engine = opened;
  }
  return run_in(*engine, command, output);
}

Result<int> BuildContainers::run_in(Engine& engine,
                                    const RunCommand& command,
                                    const std::function<void(std::string_view)>& output) {
  EngineImage image{.id = "", .name = "build", .config = {}, .layers = command.layers};
  ContainerSpec spec = plan_spec(command);
  spec.ulimits = ulimits_;
  IK_LET(container, engine.create(spec, image));
  Rollback undo;
  undo.add([&]() -> Result<void> {
    engine.discard(container);
    return {};
  });
  IK_LET(stubs,
         MountStubs::find(command.layers,
                          mount_destinations(command),
                          engine.layout().container_file(container.record.id, "rootfs")));
  IK_LET(pair, AttachClient::create_pair());
  AttachClient& client = pair.client;
  IK_TRY(client.take_clean_up());
  IK_TRY(client.stay_lossless());
  IK_TRY(client.tether());
  IK_TRY(engine.start(container.record, container.mark, pair.monitor_end.get()));
  pair.monitor_end.reset();
  undo.commit();

  Result<AttachEnd> end = make_error(ErrorKind::kInternal, "no end");
  {
    const auto kill = cancellation_.on_cancel(
        [&] { static_cast<void>(client.send_signal(SIGKILL).has_value()); });
    IK_LET(reader, OutputReader::start(output));
    AttachOptions attach;
    attach.stdout_fd = reader->fd();
    attach.stderr_fd = reader->fd();
    attach.forward_signals = false;
    end = client.copy(attach, nullptr);
  }
  if (!end.has_value() || !end->exit.has_value()) {
    engine.give_up(container.record, container.mark);
    if (end.has_value()) return make_error(ErrorKind::kSystem, "the container's monitor is gone");
    return std::move(end.error());
  }
  Result<void> taken;
  if (end->exit->exit_code == 0 && !cancellation_.cancelled()) {
    const std::string upper = engine.layout().container_file(container.record.id, "upper");
    taken = stubs.remove_from(upper);
    if (taken.has_value() && ::rename(upper.c_str(), command.upper.c_str()) != 0) {
      taken = errno_error("rename {} to {}", upper, command.upper);
    }
  }
  if (end->exit->exit_code != 0 && is_disk_full(engine.layout().root)) {
    taken = full_disk(end->exit->exit_code);
  }
  // What cannot be cleaned up now is found again by its mark.
  static_cast<void>(engine.clean_up(container.record).has_value());
  if (cancellation_.cancelled()) return cancelled();
  IK_TRY(std::move(taken));
  return end->exit->exit_code;
}

Result<FileOwner> BuildContainers::find_owner(std::string_view text,
                                              std::string_view passwd,
                                              std::string_view group) {
  IK_LET(user, resolve_user(text, {}, passwd, group));
  FileOwner owner{.uid = user.uid, .gid = user.gid};
  // A number that the passwd file does not have names a group of the same number.
  const bool is_number = parse_unsigned(text).has_value();
  if (is_number) owner.gid = owner.uid;
  return owner;
}

}  // namespace ikada
