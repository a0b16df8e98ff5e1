#include "cluster/daemon/log_desk.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "cluster/api/logs/content_requests.h"
#include "cluster/api/logs/log_actions.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr size_t kAskedAtOnce = 16;
constexpr size_t kScanThreads = 2;
constexpr std::chrono::seconds kLeftAlone{10};

// What came of asking all hosts.
struct Gathered {
  std::vector<Json> answers = {};
  std::vector<std::string> unreachable = {};  // Names.
  std::optional<Error> failure = {};          // Of this host's own store.
};

Error not_reached(const Gathered& gathered) {
  return make_error(ErrorKind::kUnavailable,
                    "The log stream may be on a host that cannot be reached: {}.",
                    join(gathered.unreachable, ", "));
}

// Where it is known: AWS's clients leave out what they do not know.
ApiReply with_unreachable(Json answer, const Gathered& gathered) {
  if (!gathered.unreachable.empty()) answer["unreachableHosts"] = gathered.unreachable;
  return ok_reply(answer);
}

Result<std::vector<StreamSummary>> merged_streams(const Gathered& gathered) {
  std::map<std::string, StreamSummary> by_name;
  for (const Json& each : gathered.answers) {
    IK_LET(streams, parse_stream_summaries(each));
    for (StreamSummary& stream : streams) {
      const auto [known, is_new] = by_name.emplace(stream.name, stream);
      if (!is_new) merge(known->second, stream);
    }
  }
  std::vector<StreamSummary> all;
  all.reserve(by_name.size());
  for (auto& [name, stream] : by_name) all.push_back(std::move(stream));
  return all;
}

}  // namespace

struct LogDesk::Desk : std::enable_shared_from_this<LogDesk::Desk> {
  Desk(boost::asio::io_context& io,
       boost::asio::thread_pool& threads,
       ApiServer& server,
       StateFeed& followed,
       EngineLayout its_layout)
      : loop(io), pool(threads), api(server), feed(followed), layout(std::move(its_layout)) {}

  using Respond = ApiServer::Respond;
  using OnGathered = std::function<void(const Gathered&)>;

  // One question on its way round the hosts.
  struct Round {
    std::string verb;
    Json question;
    std::deque<Node> left;
    size_t open = 0;
    Gathered gathered;
    OnGathered then;
  };

  const ScopeState& home() const {
    const ApiOptions& options = api.options();
    return feed.state().scope({.account = options.account, .region = options.home_region});
  }

  // In the pool, then on the loop.
  template <typename T>
  void in_pool(std::function<T()> work, std::function<void(const T&)> then) {
    boost::asio::post(pool,
                      [&io = loop,
                       work = std::move(work),
                       then = std::move(then),
                       guard = boost::asio::make_work_guard(loop)] {
                        auto result = std::make_shared<const T>(work());
                        boost::asio::post(io, [then, result] { then(*result); });
                      });
  }

  void gather(const std::string& verb, const Json& question, OnGathered then) {
    auto round = std::make_shared<Round>();
    round->verb = verb;
    round->question = question;
    round->then = std::move(then);
    const auto now = std::chrono::steady_clock::now();
    for (const auto& [id, node] : home().nodes) {
      if (id == own_node || !ask) continue;
      const auto alone = left_alone.find(id);
      if (alone != left_alone.end() && alone->second > now) {
        round->gathered.unreachable.push_back(node.value.name);
      } else {
        round->left.push_back(node.value);
      }
    }
    round->open = 1;
    Json own = question;
    own["host"] = own_node;
    in_pool<Result<Json>>(
        [layout = layout, verb, own] { return answer_log_question(layout, verb, own); },
        [self = shared_from_this(), round](const Result<Json>& answer) {
          if (!answer.has_value()) round->gathered.failure = answer.error();
          self->take_answer(round, answer);
        });
    go_on(round);
  }

  void go_on(const std::shared_ptr<Round>& round) {
    while (!round->left.empty() && round->open < kAskedAtOnce) {
      const Node node = round->left.front();
      round->left.pop_front();
      ++round->open;
      Json question = round->question;
      question["host"] = node.id;
      ask(node,
          round->verb,
          question,
          [self = shared_from_this(), round, node](const Result<Json>& answer) {
            if (!answer.has_value()) {
              round->gathered.unreachable.push_back(node.name);
              self->left_alone[node.id] = std::chrono::steady_clock::now() + kLeftAlone;
            }
            self->take_answer(round, answer);
          });
    }
  }

  void take_answer(const std::shared_ptr<Round>& round, const Result<Json>& answer) {
    if (answer.has_value()) round->gathered.answers.push_back(*answer);
    --round->open;
    go_on(round);
    if (round->open == 0) round->then(round->gathered);
  }

  void answer_events(const Result<logs::EventsPlan>& plan, const Respond& respond) {
    if (!plan.has_value()) return respond(error_reply(plan.error()));
    gather("events", to_json(plan->query), [plan = *plan, respond](const Gathered& gathered) {
      if (gathered.failure.has_value()) return respond(error_reply(*gathered.failure));
      PageBuilder builder(plan.query.range);
      for (const Json& each : gathered.answers) {
        Result<EventPage> page = parse_event_page(each);
        if (!page.has_value()) return respond(error_reply(page.error()));
        builder.add(std::move(*page));
      }
      const EventPage page = builder.take();
      if (plan.must_have_stream && !page.has_streams) {
        return respond(error_reply(gathered.unreachable.empty() ? logs::no_such_stream()
                                                                : not_reached(gathered)));
      }
      respond(with_unreachable(plan.show(page), gathered));
    });
  }

  void answer_streams(const Result<logs::StreamsPlan>& plan, const Respond& respond) {
    if (!plan.has_value()) return respond(error_reply(plan.error()));
    gather("streams", to_json(plan->choice), [plan = *plan, respond](const Gathered& gathered) {
      if (gathered.failure.has_value()) return respond(error_reply(*gathered.failure));
      const Result<std::vector<StreamSummary>> streams = merged_streams(gathered);
      if (!streams.has_value()) return respond(error_reply(streams.error()));
      const Result<Json> shown = plan.show(*streams);
      if (!shown.has_value()) return respond(error_reply(shown.error()));
      respond(with_unreachable(*shown, gathered));
    });
  }

  void put(const Result<logs::PutPlan>& plan, const Respond& respond) {
    if (!plan.has_value()) return respond(error_reply(plan.error()));
    // Mostly it is here, and nobody else has to be asked.
    in_pool<std::vector<StreamSummary>>(
        [layout = layout, choice = plan->choice] { return describe_log_streams(layout, choice); },
        [self = shared_from_this(), plan = *plan, respond](
            const std::vector<StreamSummary>& streams) {
          if (!streams.empty() && !plan.makes_it) return self->append(plan, respond);
          self->put_anywhere(plan, respond);
        });
  }

  void put_anywhere(const logs::PutPlan& plan, const Respond& respond) {
    gather("streams",
           to_json(plan.choice),
           [self = shared_from_this(), plan, respond](const Gathered& gathered) {
             const Result<std::vector<StreamSummary>> streams = merged_streams(gathered);
             const bool is_there = streams.has_value() && !streams->empty();
             if (is_there == !plan.makes_it) return self->append(plan, respond);
             if (is_there) {
               return respond(error_reply(ecs_error("ResourceAlreadyExistsException",
                                                    "The specified log stream already exists")));
             }
             respond(error_reply(gathered.unreachable.empty() ? logs::no_such_stream()
                                                              : not_reached(gathered)));
           });
  }

  void append(const logs::PutPlan& plan, const Respond& respond) {
    const std::int64_t now_ms = api.ground().now().milliseconds;
    in_pool<Result<void>>(
        [layout = layout, plan, now_ms] {
          return append_log_events(layout, plan.facts, plan.events, now_ms);
        },
        [answer = plan.answer, respond](const Result<void>& written) {
          respond(written.has_value() ? ok_reply(answer) : error_reply(written.error()));
        });
  }

  void delete_stream(const Result<StreamChoice>& choice, const Respond& respond) {
    if (!choice.has_value()) return respond(error_reply(choice.error()));
    gather("deleteStream", to_json(*choice), [respond](const Gathered& gathered) {
      if (gathered.failure.has_value()) return respond(error_reply(*gathered.failure));
      const auto any = [&](const char* member) {
        return std::ranges::any_of(gathered.answers,
                                   [&](const Json& each) { return each.value(member, false); });
      };
      if (any("live")) return respond(error_reply(logs::stream_in_use()));
      if (!any("found")) {
        return respond(error_reply(gathered.unreachable.empty() ? logs::no_such_stream()
                                                                : not_reached(gathered)));
      }
      respond(with_unreachable(Json::object(), gathered));
    });
  }

  // First the record, then what lies on the hosts that can be reached. What is left on others is
  // older than a group of that name that is made again.
  void delete_group(const ApiRequest& request, const Json& body, const Respond& respond) {
    const Json question = {{"region", request.region},
                           {"group", body.value("logGroupName", Json())}};
    api.handle(request, [self = shared_from_this(), question, respond](const ApiReply& reply) {
      constexpr unsigned kOk = 200;
      if (reply.status != kOk) return respond(reply);
      self->gather("delete", question, [reply, respond](const Gathered&) { respond(reply); });
    });
  }

  boost::asio::io_context& loop;
  boost::asio::thread_pool& pool;
  ApiServer& api;
  StateFeed& feed;
  EngineLayout layout;
  std::string own_node;
  AskHost ask;
  std::map<std::string, std::chrono::steady_clock::time_point> left_alone;  // By node.
};

LogDesk::LogDesk(boost::asio::io_context& loop,
                 ApiServer& api,
                 StateFeed& feed,
                 EngineLayout layout)
    : pool_(kScanThreads),
      desk_(std::make_shared<Desk>(loop, pool_, api, feed, std::move(layout))) {}

LogDesk::~LogDesk() { pool_.join(); }

void LogDesk::set_hosts(std::string own_node, AskHost ask) {
  desk_->own_node = std::move(own_node);
  desk_->ask = std::move(ask);
}

bool LogDesk::take(const ApiRequest& request, const ApiServer::Respond& respond) {
  if (!request.target.starts_with(logs::kTargetPrefix)) return false;
  const std::string action = request.target.substr(logs::kTargetPrefix.size());
  const bool is_record_action = logs::find_action(action) != nullptr;
  if (is_record_action && action != "DeleteLogGroup") return false;
  const auto with_id = [desk = desk_, respond](ApiReply reply) {
    if (reply.request_id.empty()) {
      reply.request_id = format_request_id(desk->api.ground().random_hex(16));
    }
    respond(std::move(reply));
  };
  const Result<Json> body = parse_json(request.body.empty() ? "{}" : request.body);
  if (!body.has_value() || !body->is_object()) {
    with_id(error_reply(ecs_error("SerializationException", "expected an object")));
    return true;
  }
  if (!desk_->feed.is_ready()) {
    with_id(error_reply(make_error(ErrorKind::kUnavailable, "The manager is starting.")));
    return true;
  }
  if (is_record_action) {
    desk_->delete_group(request, *body, with_id);
    return true;
  }
  const ApiCall call = desk_->api.own_call(
      *body, {.account = desk_->api.options().account, .region = request.region});
  const State& state = desk_->feed.state();
  if (action == "GetLogEvents") {
    desk_->answer_events(logs::plan_get_log_events(call, state), with_id);
  } else if (action == "FilterLogEvents") {
    desk_->answer_events(logs::plan_filter_log_events(call, state), with_id);
  } else if (action == "DescribeLogStreams") {
    desk_->answer_streams(logs::plan_describe_log_streams(call, state), with_id);
  } else if (action == "CreateLogStream") {
    desk_->put(logs::plan_create_log_stream(call, state), with_id);
  } else if (action == "DeleteLogStream") {
    desk_->delete_stream(logs::plan_delete_log_stream(call, state), with_id);
  } else if (action == "PutLogEvents") {
    desk_->put(logs::plan_put_log_events(call, state), with_id);
  } else {
    return false;
  }
  return true;
}

}  // namespace ikada
