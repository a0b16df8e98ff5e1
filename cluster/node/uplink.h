// A node's connection to the leading manager: whichever of those it knows is asked, again as soon
// as it is lost.
//
// The leader's first words are {"tell":"managers"}: from then on it is connected. Another manager
// says {"tell":"leader","body":{"manager"}}, and it goes there; while "manager" is empty that one
// knows of nobody who leads, and it waits with that connection for what is told next, but not for
// long: others may know.
//
// Questions that are open when the connection ends fail with kUnavailable, as those do that are
// asked while there is none. All calls and callbacks are on the loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cluster/node/frames.h"
#include "cluster/node/node_link.h"
#include "runtime/base/loop.h"

namespace ikada {

struct UplinkOptions {
  std::vector<std::string> managers;  // "192.0.2.1:7442"; at least one.
  TlsContext tls;
  NodeLinkLimits limits = {};
  std::chrono::milliseconds retry{200};  // At first; doubled up to
  std::chrono::milliseconds retry_max{5000};
  std::chrono::milliseconds patience{2000};  // With one who does not know who leads.
};

class Uplink {
 public:
  struct Listener {
    std::function<void()> on_connected;
    std::function<void(const Error& why)> on_lost;  // Or not found; once until the next.
    std::function<void(const News&)> on_news;
  };
  using Answered = std::function<void(const Result<Json>& body)>;

  // A connection that is being made to that manager, and to nobody who is none.
  using Dial = std::function<Result<std::shared_ptr<FrameLink>>(const std::string& manager,
                                                                FrameLink::Listener listener)>;

  Uplink(boost::asio::io_context& loop, UplinkOptions options);
  // Over other connections than TLS ones.
  Uplink(std::shared_ptr<Loop> loop, UplinkOptions options, Dial dial);
  ~Uplink();  // stop()s.
  Uplink(const Uplink&) = delete;
  Uplink& operator=(const Uplink&) = delete;

  void start(Listener listener);
  void ask(std::string verb, Json body, Answered then);
  // For the next connections; at least one.
  void set_managers(std::vector<std::string> managers) { options_.managers = std::move(managers); }
  // For the next connections.
  void set_tls(TlsContext tls) { options_.tls = std::move(tls); }
  // Nothing is called back any more.
  void stop();
  // The same, but questions that are open fail first: somebody waits for their answers.
  void give_up(const Error& why);

  bool is_connected() const { return is_connected_; }
  // That it is connected with, or tries to be.
  const std::string& manager() const { return manager_; }

 private:
  void connect();
  Result<std::shared_ptr<FrameLink>> dial_tls(boost::asio::io_context& loop,
                                              const std::string& manager,
                                              FrameLink::Listener listener);
  void follow(const News& news);
  void try_another();
  void lost(const Error& why);
  void take(const Json& json);
  void fail_all(const Error& why);

  std::shared_ptr<Loop> loop_;
  UplinkOptions options_;
  Dial dial_;
  Listener listener_;
  std::shared_ptr<FrameLink> link_;
  std::map<std::int64_t, Answered> open_;
  std::int64_t last_id_ = 0;
  size_t turn_ = 0;
  std::string manager_;
  std::string leader_;  // Whom to try next, as another manager said.
  std::chrono::milliseconds pause_;
  std::unique_ptr<Loop::Timer> timer_;
  bool is_connected_ = false;
  bool was_told_ = false;  // That there is no connection.
  bool is_stopped_ = false;
};

// "192.0.2.1:7442", "[2001:db8::1]:7442". kInvalid for names and for port 0.
Result<NodeLink::Endpoint> parse_node_endpoint(std::string_view text);
std::string to_text(const NodeLink::Endpoint& endpoint);

}  // namespace ikada
