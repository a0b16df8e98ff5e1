// What the build asks of whoever can run containers: the seam between images and the engine.
//
// Source: Dockerfile reference, RUN.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "image/build/tree_placement.h"
#include "runtime/base/result.h"

namespace ikada {

struct RunBind {
  std::string source;       // What a process started by this one can open.
  std::string destination;  // Absolute, in the container.
  bool read_only = true;
};

struct RunTmpfs {
  std::string destination;
  std::uint64_t size_bytes = 0;  // 0: no limit.
};

struct RunCommand {
  std::vector<std::string> layers;  // Lowest first.
  std::string upper;                // Where the changes are to be; not there yet.
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  std::string working_dir;
  std::string user;
  std::string network = "bridge";  // "bridge", "none", "host".
  std::vector<std::string> extra_hosts;
  std::uint64_t shm_bytes = 0;  // 0: the default.
  std::vector<RunBind> binds;
  std::vector<RunTmpfs> tmpfs;
};

// A person's Ctrl-C, or another stage that failed. From any thread.
class BuildCancellation {
 public:
  bool cancelled() const;
  // For a person, for good.
  void cancel();
  // For a stage that failed.
  void give_up();
  // Takes give_up() back, to build again. False if a person has cancelled.
  bool take_back();

  // Calls `action` when the build is cancelled, at once if it is already, until the result dies.
  class Registration {
   public:
    Registration(BuildCancellation& owner, std::uint64_t number) : owner_(owner), number_(number) {}
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    ~Registration();

   private:
    BuildCancellation& owner_;
    std::uint64_t number_;
  };
  Registration on_cancel(std::function<void()> action);

 private:
  void stop(bool for_good);

  mutable std::mutex mutex_;
  bool cancelled_ = false;
  bool for_good_ = false;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, std::function<void()>> actions_;
};

class CommandRunner {
 public:
  virtual ~CommandRunner() = default;

  // Runs the command to its end in a container of its own and returns its exit status, 128 + n for
  // a signal. With 0, the files it changed are at `upper` as an overlay's upper directory has them;
  // otherwise nothing is left of it. From any thread. Ends the container when the build is
  // cancelled: kUnavailable. kSystem with code NO_SPACE if it failed on a full disk.
  virtual Result<int> run(const RunCommand& command,
                          const std::function<void(std::string_view)>& output) = 0;

  // The numbers of "user[:group]" by an image's passwd and group files; a user without a group
  // takes the group of the passwd file, a number the same number.
  virtual Result<FileOwner> find_owner(std::string_view text,
                                       std::string_view passwd,
                                       std::string_view group) = 0;
};

}  // namespace ikada
