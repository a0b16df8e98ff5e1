// Questions for names that are not ours, asked of the host's own resolvers.
//
// Each question has a socket and an id of its own, which are the kernel's and a random choice: what
// comes from elsewhere, or answers another question, is ignored. Answers are handed on as they are.
//
// All calls and callbacks are on the loop's thread.
//
// Source: RFC 5452 section 9; resolv.conf(5).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include <boost/asio/io_context.hpp>

namespace ikada {

struct DnsForwarderOptions {
  // The addresses of the resolvers, in their order; asked anew for each question.
  std::function<std::vector<std::string>()> find_resolvers;
  std::uint16_t port = 53;
  size_t max_open = 512;
  std::chrono::milliseconds patience{2000};  // With one resolver.
};

class DnsForwarder {
 public:
  // Empty: nobody has answered.
  using Answered = std::function<void(std::string answer)>;

  DnsForwarder(boost::asio::io_context& loop, DnsForwarderOptions options);
  ~DnsForwarder();  // stop()s.
  DnsForwarder(const DnsForwarder&) = delete;
  DnsForwarder& operator=(const DnsForwarder&) = delete;

  // `query` is a message with one question. Each resolver is asked at most twice.
  void ask(std::string query, bool by_tcp, Answered then);
  // Nothing is called back any more.
  void stop();

 private:
  struct Asking;
  std::shared_ptr<Asking> asking_;
};

}  // namespace ikada
