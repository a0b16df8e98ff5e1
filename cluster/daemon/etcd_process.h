// etcd as a child of ikadad: started, started again when it ends, and ended with us.
//
// All of it is on the loop's thread, which has to be the one that lives as long as the daemon
// (etcd_child.h).
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "runtime/base/result.h"

namespace ikada {

class EtcdProcess {
 public:
  EtcdProcess(boost::asio::io_context& loop,
              std::string program,
              std::vector<std::string> arguments);
  ~EtcdProcess();  // stop()s.
  EtcdProcess(const EtcdProcess&) = delete;
  EtcdProcess& operator=(const EtcdProcess&) = delete;

  void start();
  // Ends it, without waiting, and starts it again; killed if it takes longer than a second.
  void restart();
  // Told of each start.
  void set_on_launch(std::function<void()> on_launch) { on_launch_ = std::move(on_launch); }
  // Asks it to end and waits, up to some seconds; then it is killed.
  void stop();

 private:
  void launch();
  void watch();
  void ended();
  void launch_again();

  boost::asio::io_context& loop_;
  const std::string program_;
  const std::vector<std::string> arguments_;
  pid_t pid_ = -1;
  std::unique_ptr<boost::asio::posix::stream_descriptor> pidfd_;
  boost::asio::steady_timer timer_;
  std::chrono::milliseconds pause_;
  std::chrono::steady_clock::time_point started_;
  std::function<void()> on_launch_;
  bool is_restarting_ = false;
  bool is_stopped_ = false;
};

}  // namespace ikada
