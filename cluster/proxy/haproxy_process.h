// HAProxy's master process in a directory: started, found again, told to read its file anew.
//
// It is not ours to end with us: it serves on while ikadad is away, and the next one finds it by
// the pid file that HAProxy writes, if the process there still runs our file.
//
// Source: haproxy(1), "-W", "-S"; HAProxy 2.6 Management Guide, 4.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "runtime/base/result.h"

namespace ikada {

// Where things are in the directory.
struct HaproxyFiles {
  explicit HaproxyFiles(const std::string& directory);
  std::string config;
  std::string new_config;  // To be tried.
  std::string pid;
  std::string log;  // What HAProxy prints, of its last start.
  std::string runtime_socket;
  std::string master_socket;
  std::string jail;
  std::string requests_socket;  // In the jail.
};

class HaproxyProcess {
 public:
  // `on_end` is called on the loop when the process has ended by itself.
  HaproxyProcess(boost::asio::io_context& loop,
                 std::string program,
                 HaproxyFiles files,
                 std::function<void()> on_end);
  HaproxyProcess(const HaproxyProcess&) = delete;
  HaproxyProcess& operator=(const HaproxyProcess&) = delete;

  bool is_running() const { return pidfd_ != nullptr; }
  pid_t pid() const { return pid_; }

  // Goes on with one that runs already; false if there is none. Its pid file tells of it, or a look
  // at all processes does.
  enum class Search { kPidFile, kAllProcesses };
  bool adopt(Search search);
  // Ends those that run our file beside this one, which somebody started who was ended before he
  // could know of this one.
  void end_others() const;
  Result<void> start();
  // SIGUSR2: a new worker with the new file; the old one ends what it has begun.
  Result<void> reload();
  // Waits until it is gone: half a second in peace. One that hangs is killed with its workers.
  void end();

 private:
  bool adopt_process(pid_t pid);
  Result<void> watch(pid_t pid);
  void kill_all(int master_fd);
  void ended();

  boost::asio::io_context& loop_;
  const std::string program_;
  const HaproxyFiles files_;
  const std::function<void()> on_end_;
  pid_t pid_ = -1;
  bool is_child_ = false;
  std::unique_ptr<boost::asio::posix::stream_descriptor> pidfd_;
  std::shared_ptr<char> life_ = std::make_shared<char>();  // Callbacks see whether we are gone.
};

}  // namespace ikada
