#include "cluster/daemon/api_forwarding.h"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/steady_timer.hpp>

namespace ikada {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookForLeader{50};

Error no_leader() {
  return make_error(ErrorKind::kUnavailable,
                    "The managers have no leader: a majority of them cannot be reached. Nothing "
                    "was changed. Try again.");
}

Error lost_leader() {
  return make_error(ErrorKind::kUnavailable,
                    "The leader was lost during the call: it is not known whether it was carried "
                    "out.");
}

ApiReply read_reply(const Json& body) {
  ApiReply reply;
  JsonReader reader(body, "the leader's answer");
  reader.require("status", reply.status);
  reader.require("body", reply.body);
  reader.require("requestId", reply.request_id);
  return reader.done().has_value() ? reply : error_reply(lost_leader());
}

}  // namespace

bool is_repeatable(std::string_view target) {
  constexpr std::array<std::string_view, 4> kReads = {"Describe", "List", "Get", "BatchGet"};
  constexpr std::array<std::string_view, 5> kStates = {"UpdateContainerInstancesState",
                                                       "PutAttributes",
                                                       "DeleteAttributes",
                                                       "TagResource",
                                                       "UntagResource"};
  const std::string_view action = target.substr(target.rfind('.') + 1);
  return std::ranges::any_of(kReads, [&](auto verb) { return action.starts_with(verb); }) ||
         std::ranges::find(kStates, action) != kStates.end();
}

struct ApiForwarding::Waiting {
  explicit Waiting(boost::asio::io_context& loop) : timer(loop) {}

  ApiRequest request;
  Respond respond;
  boost::asio::steady_timer timer;
};

ApiForwarding::ApiForwarding(boost::asio::io_context& loop,
                             ApiServer& api,
                             const StateFeed& feed,
                             std::function<bool()> leads)
    : loop_(loop), api_(api), feed_(feed), leads_(std::move(leads)) {
  api_.set_elsewhere(
      {.forward = [this](const auto& request,
                         const auto& respond) { return forward(request, respond); },
       .wait = [this](const auto& request, const auto& respond) { wait(request, respond); }});
}

ApiForwarding::~ApiForwarding() {
  *is_here_ = false;
  api_.set_elsewhere({});
}

bool ApiForwarding::forward(const ApiRequest& request, const Respond& respond) {
  if (leads_()) return false;
  if (link_ == nullptr || !link_->is_connected()) {
    // As long as nothing is known here not even what only reads can be answered.
    if (feed_.is_ready()) return false;
    wait(request, respond);
    return true;
  }
  link_->ask("api",
             {{"target", request.target},
              {"body", request.body},
              {"region", request.region},
              {"caller", request.caller_arn},
              {"host", request.host},
              {"secure", request.is_secure}},
             [this, is_here = is_here_, request, respond](const Result<Json>& body) {
               if (body.has_value()) return respond(read_reply(*body));
               const bool is_nothing_done = body.error().code == kNotLeading;
               if (!*is_here || (!is_nothing_done && !is_repeatable(request.target))) {
                 return respond(error_reply(lost_leader()));
               }
               if (is_nothing_done) return wait(request, respond);
               // The link is lost: what reads is answered here, what does not waits.
               api_.handle(request, respond);
             });
  return true;
}

void ApiForwarding::wait(const ApiRequest& request, const Respond& respond) {
  auto waiting = std::make_shared<Waiting>(loop_);
  waiting->request = request;
  waiting->respond = respond;
  if (waiting->request.give_up_at == SteadyClock::time_point()) {
    waiting->request.give_up_at = SteadyClock::now() + kLeaderWait;
  }
  look(waiting);
}

void ApiForwarding::look(const std::shared_ptr<Waiting>& waiting) {
  if (SteadyClock::now() >= waiting->request.give_up_at) {
    return waiting->respond(error_reply(no_leader()));
  }
  waiting->timer.expires_after(kLookForLeader);
  waiting->timer.async_wait([this, is_here = is_here_, waiting](const boost::system::error_code&) {
    if (!*is_here) return;
    const bool has_leader = leads_() || (link_ != nullptr && link_->is_connected());
    if (has_leader) return api_.handle(waiting->request, waiting->respond);
    look(waiting);
  });
}

void ApiForwarding::answer(const Json& body, const Reply& reply) {
  ApiRequest request;
  JsonReader reader(body, "call");
  reader.require("target", request.target);
  reader.require("body", request.body);
  reader.require("region", request.region);
  reader.require("caller", request.caller_arn);
  reader.read("host", request.host);
  reader.read("secure", request.is_secure);
  const Result<void> read = reader.done();
  if (!read.has_value()) return reply(read.error());
  Error refusal = no_leader();
  refusal.code = kNotLeading;
  if (!leads_()) return reply(refusal);
  api_.handle_here(
      request,
      [reply](const ApiReply& answered) {
        reply(Json{{"status", answered.status},
                   {"body", answered.body},
                   {"requestId", answered.request_id}});
      },
      [reply, refusal] { reply(refusal); });
}

}  // namespace ikada
