// What runtime/cgroup does on a kernel with all controllers. Needs root and pure cgroup v2.
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <string>

#include <doctest/doctest.h>

#include "runtime/cgroup/cgroup.h"
#include "runtime/security/default_profile.h"
#include "runtime/sys/file.h"
#include "runtime/sys/spawn.h"

namespace ikada {
namespace {

constexpr std::int64_t kMebibyte = 1 << 20;

void sleep_ms(int milliseconds) {
  const timespec pause = {.tv_sec = milliseconds / 1000,
                          .tv_nsec = (milliseconds % 1000) * 1000000L};
  ::nanosleep(&pause, nullptr);
}

// A child born in the cgroup. Its exit status is what `body` returns.
pid_t start_in(const Cgroup& cgroup, const std::function<int()>& body) {
  clone_args args = {};
  args.flags = CLONE_INTO_CGROUP;
  args.exit_signal = SIGCHLD;
  args.cgroup = static_cast<std::uint64_t>(cgroup.fd());
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof(args)));
  REQUIRE(pid >= 0);
  if (pid == 0) ::_exit(body());
  return pid;
}

int run_in(const Cgroup& cgroup, const std::function<int()>& body) {
  return wait_for_child(start_in(cgroup, body)).value().shell_status();
}

// The cgroup "/ikada-test/NAME" with limits, gone with all that is in it when the test ends.
class TestCgroup {
 public:
  TestCgroup(const std::string& name, const char* resources)
      : path_("/ikada-test/" + name),
        resources_(parse_resources(parse_json(resources).value()).value()),
        writes_(plan_cgroup_writes(resources_).value()),
        cgroup_(make()) {}
  ~TestCgroup() {
    static_cast<void>(cgroup_.kill().has_value());
    while (::waitpid(-1, nullptr, 0) > 0) {
    }
    CHECK(std::move(cgroup_).remove().has_value());
  }
  TestCgroup(const TestCgroup&) = delete;
  TestCgroup& operator=(const TestCgroup&) = delete;

  Cgroup& operator*() { return cgroup_; }
  Cgroup* operator->() { return &cgroup_; }

 private:
  Cgroup make() {
    auto made = Cgroup::create(path_, writes_);
    REQUIRE_MESSAGE(made.has_value(), made.error().message);
    const auto applied = made->apply(writes_);
    REQUIRE_MESSAGE(applied.has_value(), applied.error().message);
    return std::move(*made);
  }

  std::string path_;
  Resources resources_;
  std::vector<CgroupWrite> writes_;
  Cgroup cgroup_;
};

int use_memory(std::int64_t bytes) {
  void* memory = ::mmap(nullptr,
                        static_cast<size_t>(bytes),
                        PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
                        -1,
                        0);
  return memory == MAP_FAILED ? 1 : 0;
}

TEST_CASE("a process that takes more memory than allowed is killed and counted") {
  TestCgroup cgroup("memory", R"({"memory": {"limit": 33554432, "swap": 33554432}})");

  CHECK(run_in(*cgroup, [] { return use_memory(16 * kMebibyte); }) == 0);
  CHECK(cgroup->oom_kills().value() == 0);
  CHECK(run_in(*cgroup, [] { return use_memory(128 * kMebibyte); }) == 128 + SIGKILL);
  CHECK(cgroup->oom_kills().value() == 1);
  CHECK(cgroup->stats().value().memory_limit_bytes == 32 * kMebibyte);
}

TEST_CASE("no more processes are made than allowed") {
  TestCgroup cgroup("pids", R"({"pids": {"limit": 5}})");

  const int made = run_in(*cgroup, [] {
    for (int count = 0; count < 100; ++count) {
      const pid_t pid = ::fork();
      if (pid < 0) return errno == EAGAIN ? count : 255;
      if (pid == 0) {
        ::pause();
        ::_exit(0);
      }
    }
    return 254;
  });

  CHECK(made == 4);
  CHECK(cgroup->stats().value().pids_limit == 5);
  CHECK(cgroup->stats().value().pids_current == 4);
}

TEST_CASE("a process gets its share of the cpu and no more") {
  TestCgroup cgroup("cpu", R"({"cpu": {"quota": 20000, "period": 100000, "shares": 512}})");

  CHECK(run_in(*cgroup, [] {
          timespec start = {};
          timespec now = {};
          ::clock_gettime(CLOCK_MONOTONIC, &start);
          do {
            ::clock_gettime(CLOCK_MONOTONIC, &now);
          } while (now.tv_sec - start.tv_sec < 2);
          return 0;
        }) == 0);

  const CgroupStats stats = cgroup->stats().value();
  CHECK(stats.cpu_throttled_periods >= 10);
  CHECK(stats.cpu_usage_us > 200000);
  CHECK(stats.cpu_usage_us < 900000);
}

TEST_CASE("a frozen process does nothing until it is thawed") {
  TestCgroup cgroup("freeze", "{}");
  auto* counter = static_cast<std::atomic<int>*>(
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  start_in(*cgroup, [counter] {
    while (true) {
      ++*counter;
      sleep_ms(1);
    }
    return 0;
  });

  CHECK(!cgroup->frozen().value());
  REQUIRE(cgroup->freeze().has_value());
  CHECK(cgroup->frozen().value());
  const int before = *counter;
  sleep_ms(200);
  CHECK(*counter == before);
  REQUIRE(cgroup->freeze().has_value());
  REQUIRE(cgroup->thaw().has_value());
  CHECK(!cgroup->frozen().value());
  sleep_ms(200);
  CHECK(*counter > before);
  REQUIRE(cgroup->freeze().has_value());
  // A frozen process can be killed.
}

TEST_CASE("processes of the subtree are listed and killed") {
  TestCgroup cgroup("kill", "{}");
  const pid_t first = start_in(*cgroup, [] { return ::pause(); });
  auto nested = Cgroup::create("/ikada-test/kill/nested/deep");
  REQUIRE_MESSAGE(nested.has_value(), nested.error().message);
  const pid_t second = start_in(*nested, [] { return ::pause(); });

  std::vector<pid_t> expected = {std::min(first, second), std::max(first, second)};
  CHECK(cgroup->processes().value() == expected);
  CHECK(cgroup->populated().value());
  REQUIRE(cgroup->kill().has_value());
  CHECK(cgroup->wait_until_empty(5000).has_value());
  CHECK(wait_for_child(first).value().signal == SIGKILL);
  CHECK(wait_for_child(second).value().signal == SIGKILL);
  CHECK(cgroup->processes().value().empty());
}

TEST_CASE("limits below a cgroup with processes are refused, a plain cgroup is not") {
  TestCgroup cgroup("internal", "{}");
  start_in(*cgroup, [] { return ::pause(); });
  const auto writes =
      plan_cgroup_writes(parse_resources({{"pids", {{"limit", 5}}}}).value()).value();

  const auto limited = Cgroup::create("/ikada-test/internal/limited", writes);
  auto plain = Cgroup::create("/ikada-test/internal/plain");

  REQUIRE(!limited.has_value());
  CHECK(limited.error().kind == ErrorKind::kConflict);
  REQUIRE(plain.has_value());
  CHECK(run_in(*plain, [] { return 7; }) == 7);
}

TEST_CASE("a cgroup is made once, found again and removed for good") {
  auto made = Cgroup::create("/ikada-test/once");
  REQUIRE(made.has_value());
  CHECK(Cgroup::create("/ikada-test/once").error().kind == ErrorKind::kConflict);
  CHECK(Cgroup::open("/ikada-test/once").value().path() == "/ikada-test/once");
  auto again = Cgroup::open("/ikada-test/once");
  CHECK(std::move(*made).remove().has_value());
  CHECK(std::move(*again).remove().has_value());
  CHECK(Cgroup::open("/ikada-test/once").error().kind == ErrorKind::kNotFound);
  for (const char* bad : {"/ikada-test/../x", "/", "", "/a//b", "/a/"}) {
    CAPTURE(bad);
    CHECK(Cgroup::create(bad).error().kind == ErrorKind::kInvalid);
  }
}

TEST_CASE("removing waits a while for a process that is on its way out") {
  TestCgroup cgroup("busy", "{}");
  start_in(*cgroup, [] {
    sleep_ms(100);
    return 0;
  });
  auto same = Cgroup::open("/ikada-test/busy");
  ::signal(SIGCHLD, SIG_IGN);
  CHECK(std::move(*same).remove().has_value());
  ::signal(SIGCHLD, SIG_DFL);
}

TEST_CASE("a missing controller is named") {
  const auto resources = parse_resources(
      parse_json(R"({"hugepageLimits": [{"pageSize": "2MB", "limit": 1}]})").value());
  const auto writes = plan_cgroup_writes(*resources).value();

  const auto made = Cgroup::create("/ikada-test/missing", writes);

  REQUIRE(!made.has_value());
  CHECK(made.error().kind == ErrorKind::kUnavailable);
  CHECK(made.error().message ==
        "huge page limit: cgroup controller hugetlb is not available at /sys/fs/cgroup");
}

// What opening or making a device node gives: 0 or an errno value. A device that the kernel does
// not have gives ENXIO or ENODEV, which comes after the check and counts as allowed.
int try_device(char type, unsigned major, unsigned minor, int flags) {
  const mode_t kind = type == 'b' ? S_IFBLK : S_IFCHR;
  const char* path = "/dev/shm/ikada-device-test";
  ::unlink(path);
  if (::mknod(path, kind | 0600, makedev(major, minor)) < 0) return errno;
  if (flags < 0) return 0;
  const int fd = ::open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  const int result = fd < 0 ? errno : 0;
  ::unlink(path);
  return result == ENXIO || result == ENODEV || result == EIO ? 0 : result;
}

TEST_CASE("D-5: the device program judges opening and making nodes") {
  struct Row {
    char type;
    unsigned major;
    unsigned minor;
    bool open_allowed;
  };
  const std::vector<Row> rows = {
      {'c', 1, 3, true},     {'c', 1, 5, true},     {'c', 1, 7, true},
      {'c', 1, 8, true},     {'c', 1, 9, true},     {'c', 5, 0, true},
      {'c', 5, 2, true},     {'c', 136, 200, true}, {'c', 10, 200, true},
      {'c', 1, 1, false},    {'c', 1, 2, false},    {'c', 1, 4, false},
      {'c', 1, 10, false},   {'c', 1, 11, false},   {'c', 1, 12, false},
      {'c', 4, 0, false},    {'c', 4, 1, false},    {'c', 4, 64, false},
      {'c', 5, 1, false},    {'c', 5, 3, false},    {'c', 7, 0, false},
      {'c', 10, 1, false},   {'c', 10, 130, false}, {'c', 10, 200 + 1, false},
      {'c', 10, 229, false}, {'c', 10, 232, false}, {'c', 10, 237, false},
      {'c', 13, 63, false},  {'c', 29, 0, false},   {'c', 108, 0, false},
      {'c', 226, 0, false},  {'c', 254, 0, false},  {'b', 1, 0, false},
      {'b', 1, 3, false},    {'b', 7, 0, false},    {'b', 8, 0, false},
      {'b', 8, 1, false},    {'b', 98, 0, false},   {'b', 253, 0, false},
      {'b', 254, 0, false}};
  TestCgroup cgroup("devices", "{}");
  const Resources docker = parse_resources({{"devices", default_device_rules()}}).value();
  REQUIRE(cgroup->apply_devices(docker.devices).has_value());

  for (const Row& row : rows) {
    CAPTURE(row.type);
    CAPTURE(row.major);
    CAPTURE(row.minor);
    CHECK(run_in(*cgroup, [&] { return try_device(row.type, row.major, row.minor, -1); }) == 0);
    for (const int flags : {O_RDONLY, O_WRONLY, O_RDWR}) {
      const int result =
          run_in(*cgroup, [&] { return try_device(row.type, row.major, row.minor, flags); });
      // /dev/tty gives ENXIO without a terminal, /dev/pts nodes EIO; both are past the check.
      CHECK((result != EPERM) == row.open_allowed);
    }
  }
}

TEST_CASE("D-5: new device rules take the place of the old ones") {
  TestCgroup cgroup("devices-update", "{}");
  const auto apply = [&](const char* rules) {
    const Json json = {{"devices", parse_json(rules).value()}};
    const auto applied = cgroup->apply_devices(parse_resources(json).value().devices);
    REQUIRE_MESSAGE(applied.has_value(), applied.error().message);
  };
  const auto open_memory = [&](int flags) {
    return run_in(*cgroup, [&] { return try_device('c', 1, 1, flags); });
  };

  apply(R"([{"allow": false}])");
  CHECK(open_memory(O_RDONLY) == EPERM);
  apply(
      R"([{"allow": false}, {"allow": true, "type": "c", "major": 1, "minor": 1, "access": "r"}])");
  CHECK(open_memory(O_RDONLY) == 0);
  CHECK(open_memory(O_RDWR) == EPERM);
  apply(R"([{"allow": true}])");
  CHECK(open_memory(O_RDWR) == 0);
  apply(R"([{"allow": false}])");
  CHECK(open_memory(O_RDONLY) == EPERM);
}

}  // namespace
}  // namespace ikada
