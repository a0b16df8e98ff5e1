// Where HAProxy tells of requests (cluster/loadbalancing/request_log.h): a datagram socket.
//
// It is read in bursts, and no faster than some 6000 a second, so that no load costs much here:
// what comes beyond finds the socket full, and HAProxy counts it ("DroppedLogs").
//
// Source: unix(7); Linux Documentation/networking/ip-sysctl, "max_dgram_qlen".
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cluster/loadbalancing/request_log.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

class RequestSocket {
 public:
  using OnRequests = std::function<void(const std::vector<RequestRecord>&)>;

  // At `path`, whose directory is there; everybody who reaches it may send. The network namespace's
  // max_dgram_qlen is raised to 512, as systemd does: a socket gets what is set when it is made.
  // Called back on the loop, which outlives it.
  static Result<std::unique_ptr<RequestSocket>> open(boost::asio::io_context& loop,
                                                     const std::string& path,
                                                     OnRequests on_requests);
  ~RequestSocket() { *is_here_ = false; }
  RequestSocket(const RequestSocket&) = delete;
  RequestSocket& operator=(const RequestSocket&) = delete;

 private:
  RequestSocket(boost::asio::io_context& loop, int fd, bool is_long, OnRequests on_requests);

  void wait();
  void read();

  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer pause_;
  bool is_long_;  // Its queue: so that it can be left alone for a while.
  OnRequests on_requests_;
  std::vector<char> buffer_;
  std::shared_ptr<bool> is_here_ = std::make_shared<bool>(true);
};

}  // namespace ikada
