// The process in which a layer is unpacked: what it can still reach, and what ends it.
#include "image/unpack_child.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/ranges.h>

#include "image/confinement.h"
#include "image/unpack.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"
#include "runtime/sys/spawn.h"
#include "tests/image/tar_bytes.h"
#include "tests/image/unpack_fixture.h"

namespace ikada {
namespace {

constexpr int kDirectoryFd = 3;
// CHOWN, DAC_OVERRIDE, FOWNER, FSETID, MKNOD, SETFCAP.
constexpr std::string_view kCapabilities = "000000008800001b";

// Runs `attempt` in a confined copy of this process that holds a directory at 3; returns how that
// ended.
ExitStatus confined(const UnpackFixture& fixture, const std::function<int()>& attempt) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    Result<UniqueFd> directory = open_file(fixture.path(""), O_RDONLY | O_DIRECTORY);
    Result<UniqueFd> detached = detach_directory(directory->get());
    if (!detached.has_value() || ::dup2(detached->get(), kDirectoryFd) < 0) ::_exit(100);
    const ConfinementLimits limits{.max_file_bytes = 1000, .max_memory_bytes = 1ULL << 30};
    if (!confine(limits, kDirectoryFd).has_value()) ::_exit(101);
    ::_exit(attempt());
  }
  return wait_for_child(pid).value();
}

int errno_of(long result) { return result >= 0 ? 0 : errno; }

std::vector<pid_t> children() {
  std::vector<pid_t> pids;
  const Result<std::string> text =
      read_file(fmt::format("/proc/self/task/{}/children", ::gettid()), 4096);
  for (const std::string_view each : split(trim(*text), ' ')) {
    if (!each.empty()) pids.push_back(std::stoi(std::string(each)));
  }
  return pids;
}

std::string status_field(pid_t pid, std::string_view name) {
  const std::string text = read_file(fmt::format("/proc/{}/status", pid), 65536).value_or("");
  for (const std::string_view line : split(text, '\n')) {
    const Cut field = cut(line, ':');
    if (field.before == name) return std::string(trim(field.after));
  }
  return "";
}

std::string link_of(const std::string& path) {
  std::string target(256, '\0');
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  target.resize(size < 0 ? 0 : static_cast<size_t>(size));
  return target;
}

// A child that waits for the rest of its blob, in the middle of the first header.
struct WaitingChild {
  UniqueFd blob;
  std::optional<LayerUnpacker> unpacker;
  pid_t pid = -1;

  explicit WaitingChild(const UnpackFixture& fixture) {
    const std::string tar = make_tar({make_file("f")});
    blob.reset(::memfd_create("blob", MFD_CLOEXEC));
    REQUIRE(write_all(blob.get(), tar.substr(0, 400)).has_value());
    const UniqueFd directory = open_file(fixture.path(""), O_RDONLY | O_DIRECTORY).value();
    unpacker.emplace(
        LayerUnpacker::start(directory.get(), blob.get(), {.blob_bytes = tar.size()}).value());
    REQUIRE(unpacker->advance(400));
    REQUIRE(children().size() == 1);
    pid = children().front();
    while (status_field(pid, "Seccomp") != "2") REQUIRE(::sched_yield() == 0);
  }
};

}  // namespace

TEST_CASE("a confined process is killed for what unpacking never does") {
  if (!can_unpack()) return;
  struct Attempt {
    std::string what;
    std::function<int()> make;
  };
  const std::vector<Attempt> attempts = {
      {"socket", [] { return errno_of(::socket(AF_INET, SOCK_STREAM, 0)); }},
      {"connect", [] { return errno_of(::connect(0, nullptr, 0)); }},
      {"execve", [] { return errno_of(::execl("/bin/true", "true", nullptr)); }},
      {"fork", [] { return errno_of(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)); }},
      {"a new namespace", [] { return errno_of(::unshare(CLONE_NEWUSER)); }},
      {"mount", [] { return errno_of(::mount("none", "/", "tmpfs", 0, nullptr)); }},
      {"umount", [] { return errno_of(::umount2("/", MNT_DETACH)); }},
      {"chroot", [] { return errno_of(::chroot(".")); }},
      {"kill", [] { return errno_of(::kill(::getppid(), SIGKILL)); }},
      {"ptrace", [] { return errno_of(::syscall(SYS_ptrace, 0, 0, 0, 0)); }},
      {"executable memory",
       [] {
         void* const at =
             ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
         return at == MAP_FAILED ? 1 : 0;
       }},
      {"trusted attributes by hand",
       [] { return errno_of(::syscall(SYS_setxattr, "/", "a", "b", 1, 0)); }},
      {"a file system by handle",
       [] { return errno_of(::syscall(SYS_open_by_handle_at, 3, 0, 0)); }},
  };
  for (const Attempt& attempt : attempts) {
    CAPTURE(attempt.what);
    UnpackFixture fixture;
    CHECK(confined(fixture, attempt.make).signal == SIGSYS);
    CHECK(fixture.is_outside_untouched());
  }
}

TEST_CASE("a confined process finds nothing beside the directory it holds") {
  if (!can_unpack()) return;
  UnpackFixture fixture;

  for (const char* path : {"/etc/passwd", "/proc/self", "/tmp", "/dev/null", "../etc"}) {
    CAPTURE(path);
    CHECK(confined(fixture, [&] { return errno_of(::openat(AT_FDCWD, path, O_RDONLY)); }).code ==
          ENOENT);
  }
  CHECK(confined(fixture, [] {
          return errno_of(::openat(kDirectoryFd, "../outside", O_RDONLY));
        }).code == ENOENT);
  CHECK(confined(fixture, [] { return errno_of(::mkdirat(kDirectoryFd, "../made", 0755)); }).code ==
        0);
  CHECK(fixture.exists("made"));  // ".." has led to the directory itself.
  CHECK(confined(fixture, [] { return errno_of(::mkdirat(AT_FDCWD, "made", 0755)); }).code ==
        EROFS);
  CHECK(fixture.is_outside_untouched());
}

TEST_CASE("a confined process cannot open devices, grow files beyond the limit or be opaque") {
  if (!can_unpack()) return;
  UnpackFixture fixture;

  CHECK(confined(fixture, [] {
          if (::mknodat(kDirectoryFd, "null", S_IFCHR | 0666, makedev(1, 3)) != 0) return 1;
          return errno_of(::openat(kDirectoryFd, "null", O_RDWR));
        }).code == EACCES);
  CHECK(confined(fixture, [] {
          const int fd = ::openat(kDirectoryFd, "big", O_WRONLY | O_CREAT, 0600);
          return errno_of(::ftruncate(fd, 1001));
        }).signal == SIGXFSZ);
  CHECK(confined(fixture, [] {
          return errno_of(::fsetxattr(kDirectoryFd, "trusted.overlay.opaque", "y", 1, 0));
        }).code == EPERM);
}

TEST_CASE("the unpacking process has few rights and no way to the host") {
  if (!can_unpack()) return;
  const UnpackFixture fixture;
  WaitingChild child(fixture);
  const std::string proc = fmt::format("/proc/{}", child.pid);

  for (const char* set : {"CapEff", "CapPrm", "CapBnd"}) {
    CAPTURE(set);
    CHECK(status_field(child.pid, set) == kCapabilities);
  }
  CHECK(status_field(child.pid, "CapAmb") == "0000000000000000");
  CHECK(status_field(child.pid, "NoNewPrivs") == "1");
  CHECK(link_of(proc + "/ns/mnt") != link_of("/proc/self/ns/mnt"));
  const std::string mounts = read_file(proc + "/mountinfo", 65536).value();
  CHECK(split(trim(mounts), '\n').size() == 1);
  CHECK(mounts.find(" / / ro,nosuid,nodev,noexec") != std::string::npos);
  std::vector<std::string> fds = list_directory(proc + "/fd").value();
  std::sort(fds.begin(), fds.end());
  CHECK(fmt::format("{}", fmt::join(fds, " ")) == "0 1 2 3 4 5 6");
  struct stat status {};
  CHECK(::stat((proc + "/fd").c_str(), &status) == 0);
  CHECK(link_of(proc + "/fd/1") == "/dev/null");
  CHECK(read_file(proc + "/environ", 65536).value_or("unreadable").empty());
}

TEST_CASE("an unpacking process that dies is an error and leaves no zombie") {
  if (!can_unpack()) return;
  const UnpackFixture fixture;
  WaitingChild child(fixture);

  CHECK(::kill(child.pid, SIGKILL) == 0);
  const Result<UnpackedLayer> layer = child.unpacker->finish({});

  REQUIRE(!layer.has_value());
  CHECK(layer.error().message == "layer: the unpacking process died of signal 9");
  CHECK(children().empty());
}

TEST_CASE("an unpacker that is given up ends its process") {
  if (!can_unpack()) return;
  const UnpackFixture fixture;
  WaitingChild child(fixture);

  child.unpacker.reset();

  CHECK(::kill(child.pid, 0) != 0);
  CHECK(children().empty());
}

TEST_CASE("the unpacking process dies with its parent") {
  if (!can_unpack()) return;
  const UnpackFixture fixture;  // Of ours: the process that is killed removes nothing.
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    const WaitingChild child(fixture);
    if (::write(ends[1], &child.pid, sizeof(child.pid)) < 0) ::_exit(1);
    ::raise(SIGKILL);
  }
  ::close(ends[1]);
  pid_t orphan = -1;
  REQUIRE(::read(ends[0], &orphan, sizeof(orphan)) == sizeof(orphan));
  ::close(ends[0]);
  REQUIRE(wait_for_child(parent)->signal == SIGKILL);

  while (true) {
    const Result<ProcessStat> stat = read_process_stat(orphan);
    if (!stat.has_value() || stat->state == 'Z') break;
    REQUIRE(::sched_yield() == 0);
  }
}

TEST_CASE("the unpacking process refuses to be started by hand") {
  SpawnOptions options;
  options.program = "/proc/self/exe";
  options.arguments = {"ikada", std::string(kUnpackVerb)};
  const Result<pid_t> pid = spawn(options);

  CHECK(wait_for_child(pid.value())->code == 1);
}

}  // namespace ikada
