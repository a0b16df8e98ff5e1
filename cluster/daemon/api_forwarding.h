// API calls on a manager that does not lead: they go to the one that does, over the link between
// the two, and its answer comes back.
//
// While nobody is known to lead, what only reads is answered from what this manager knows, and what
// changes something waits, up to kLeaderWait; then it is refused, and nothing was changed. A call
// that was under way when the leader was lost is made again if that does no harm.
//
//   {"ask": "api", "body": {"target", "body", "region", "caller", "host", "secure"}} -> {"status",
//   "body", "requestId"} an error with code NOT_LEADING: nothing was done there
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include <boost/asio/io_context.hpp>

#include "cluster/api/api_server.h"
#include "cluster/node/uplink.h"

namespace ikada {

inline constexpr std::chrono::seconds kLeaderWait{15};
inline constexpr std::string_view kNotLeading = "NOT_LEADING";

// Whether a call of this target, "SERVICE.Action", may be made a second time though the first may
// have been carried out: it only reads, or what it asks for is a state.
bool is_repeatable(std::string_view target);

class ApiForwarding {
 public:
  // Everything outlives it.
  ApiForwarding(boost::asio::io_context& loop,
                ApiServer& api,
                const StateFeed& feed,
                std::function<bool()> leads);
  ~ApiForwarding();
  ApiForwarding(const ApiForwarding&) = delete;
  ApiForwarding& operator=(const ApiForwarding&) = delete;

  // To the leader; null while there is none.
  void set_link(Uplink* link) { link_ = link; }

  // The leader's side of "api".
  using Reply = std::function<void(Result<Json>)>;
  void answer(const Json& body, const Reply& reply);

 private:
  using Respond = ApiServer::Respond;
  struct Waiting;

  bool forward(const ApiRequest& request, const Respond& respond);
  void wait(const ApiRequest& request, const Respond& respond);
  void look(const std::shared_ptr<Waiting>& waiting);

  boost::asio::io_context& loop_;
  ApiServer& api_;
  const StateFeed& feed_;
  std::function<bool()> leads_;
  Uplink* link_ = nullptr;
  std::shared_ptr<bool> is_here_ = std::make_shared<bool>(true);
};

}  // namespace ikada
