#include "cluster/api/api_server.h"

#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "cluster/api/acm/certificate_actions.h"
#include "cluster/api/cloudwatch/metric_actions.h"
#include "cluster/api/ecr/ecr_actions.h"
#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/logs/log_actions.h"
#include "runtime/base/clock.h"
#include "runtime/base/random_id.h"

namespace ikada {
namespace {

namespace asio = boost::asio;

constexpr int kMaxLosses = 50;
constexpr std::int64_t kNanosPerMilli = 1'000'000;
constexpr size_t kMaxRegionLength = 64;

bool is_region(std::string_view region) {
  return !region.empty() && region.size() <= kMaxRegionLength &&
         region.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
             std::string_view::npos;
}

Transaction transaction_of(const Proposal& proposal) {
  Transaction transaction;
  for (const RecordGuard& guard : proposal.guards) transaction.expect(guard.key, guard.expected);
  for (const RecordChange& change : proposal.changes) {
    transaction.expect(change.key, change.expected);
    if (change.value.has_value()) {
      transaction.put(change.key, *change.value);
    } else {
      transaction.remove(change.key);
    }
  }
  return transaction;
}

// Waits for the store in the pool.
ApiGround ground_of(asio::io_context& loop, asio::thread_pool& pool, Store& store) {
  ApiGround ground;
  ground.commit = [&loop, &pool, &store](Transaction transaction, ApiGround::Committed then) {
    asio::post(pool,
               [&loop,
                &store,
                transaction = std::make_shared<const Transaction>(std::move(transaction)),
                then = std::move(then),
                guard = asio::make_work_guard(loop)] {
                 auto result = std::make_shared<const Result<Commit>>(store.commit(*transaction));
                 asio::post(loop, [then, result] { then(*result); });
               });
  };
  ground.post = [&loop](std::function<void()> work) { asio::post(loop, std::move(work)); };
  ground.now = [] { return Timestamp{unix_now() / kNanosPerMilli}; };
  ground.random_hex = random_hex;
  ground.seed = static_cast<std::uint64_t>(unix_now());
  return ground;
}

Error not_stored(const Error& why) {
  return is_outcome_unknown(why)
             ? make_error(
                   ErrorKind::kUnavailable,
                   "It is not known whether the change was stored: perhaps a majority of the "
                   "managers cannot be reached. Look before you try again.")
             : make_error(ErrorKind::kUnavailable, "The change could not be stored. Try again.");
}

// The action of "AmazonEC2ContainerServiceV20141113.RunTask", or null.
const ActionEntry* find_target(std::string_view target) {
  if (target.starts_with(kEcsTargetPrefix)) {
    return find_action(target.substr(kEcsTargetPrefix.size()));
  }
  if (target.starts_with(elb::kTargetPrefix)) {
    return elb::find_action(target.substr(elb::kTargetPrefix.size()));
  }
  if (target.starts_with(acm::kTargetPrefix)) {
    return acm::find_action(target.substr(acm::kTargetPrefix.size()));
  }
  if (target.starts_with(logs::kTargetPrefix)) {
    return logs::find_action(target.substr(logs::kTargetPrefix.size()));
  }
  if (target.starts_with(cloudwatch::kTargetPrefix)) {
    return cloudwatch::find_action(target.substr(cloudwatch::kTargetPrefix.size()));
  }
  if (target.starts_with(ecr::kTargetPrefix)) {
    return ecr::find_action(target.substr(ecr::kTargetPrefix.size()));
  }
  if (target.starts_with(ecr::kOwnTargetPrefix)) {
    return ecr::find_own_action(target.substr(ecr::kOwnTargetPrefix.size()));
  }
  return nullptr;
}

// One call on its way.
struct Job {
  Action action = nullptr;
  Json body = {};
  Scope scope = {};
  std::string caller_arn = {};
  std::string host = {};
  bool is_secure = false;
  ApiServer::Respond respond = {};
  std::function<void()> not_leading = {};
  int losses = 0;  // In a row.
};

using Settled = std::function<void(bool made)>;

}  // namespace

struct ApiServer::Server : std::enable_shared_from_this<ApiServer::Server> {
  Server(ApiGround given_ground, StateFeed& followed, ApiOptions given)
      : ground(std::move(given_ground)),
        feed(followed),
        options(std::move(given)),
        placer(ground.seed) {}

  Result<std::optional<KeyCompare>> find_fence() const {
    return fence ? fence() : Result<std::optional<KeyCompare>>(std::nullopt);
  }

  // Waits for the store, then for the state to come to the commit's revision.
  void commit(const Proposal& proposal,
              const std::optional<KeyCompare>& with,
              ApiGround::Committed then) {
    Transaction transaction = transaction_of(proposal);
    if (with.has_value()) transaction.compares.push_back(*with);
    ground.commit(
        std::move(transaction),
        [self = shared_from_this(), then = std::move(then)](const Result<Commit>& result) {
          if (!result.has_value()) return then(result);
          self->feed.when_at(result->revision, [then, result] { then(result); });
        });
  }

  ApiCall make_call(const Json& body, Scope scope, std::string caller_arn) {
    return {.body = body,
            .scope = std::move(scope),
            .caller_arn = std::move(caller_arn),
            .now = ground.now(),
            .options = options,
            .random_hex = ground.random_hex,
            .placer = &placer,
            .seen = &seen,
            .serving = &sights.serving,
            .metrics = metrics};
  }

  // What may have been made or not is known once the state has come to a commit that began after
  // its answer was lost: one without changes is asked for, again and again until it is answered.
  void settle(const Settled& settled, const Result<Commit>& result) {
    if (!settled) return;
    if (result.has_value() || !is_outcome_unknown(result.error())) {
      return settled(result.has_value() && result->succeeded);
    }
    doubtful.push_back(settled);
    clear_doubts();
  }

  void clear_doubts() {
    if (doubtful.empty() || is_clearing) return;
    is_clearing = true;
    ground.commit(
        {}, [self = shared_from_this(), count = doubtful.size()](const Result<Commit>& result) {
          self->is_clearing = false;
          if (!result.has_value()) return;
          const auto end = self->doubtful.begin() + static_cast<std::ptrdiff_t>(count);
          const std::vector<Settled> cleared(self->doubtful.begin(), end);
          self->doubtful.erase(self->doubtful.begin(), end);
          // Not made; were it, the state has it by now.
          self->feed.when_at(result->revision, [cleared] {
            for (const Settled& settled : cleared) settled(false);
          });
          self->clear_doubts();
        });
  }

  void run(const std::shared_ptr<Job>& job) {
    clear_doubts();
    ApiCall call = make_call(job->body, job->scope, job->caller_arn);
    call.host = job->host;
    call.is_secure = job->is_secure;
    call.losses = job->losses;
    Result<Outcome> outcome = job->action(call, feed.state());
    if (!outcome.has_value()) return job->respond(error_reply(outcome.error()));
    if (outcome->refusal.has_value()) return job->respond(refusal_reply(*outcome->refusal));
    if (!outcome->proposal.has_value()) return job->respond(ok_reply(outcome->answer));
    const Result<std::optional<KeyCompare>> with = find_fence();
    if (!with.has_value()) {
      if (outcome->proposal->settled) outcome->proposal->settled(false);
      return job->not_leading ? job->not_leading() : job->respond(error_reply(with.error()));
    }
    auto proposal = std::make_shared<Proposal>(std::move(*outcome->proposal));
    commit(
        *proposal, *with, [self = shared_from_this(), job, proposal](const Result<Commit>& result) {
          self->finish(job, *proposal, result);
        });
  }

  void finish(const std::shared_ptr<Job>& job,
              const Proposal& proposal,
              const Result<Commit>& result) {
    settle(proposal.settled, result);
    if (!result.has_value()) {
      return job->respond(error_reply(not_stored(result.error())));
    }
    if (result->succeeded && !proposal.again) {
      return job->respond(ok_reply(proposal.then(feed.state())));
    }
    job->losses = result->succeeded ? 0 : job->losses + 1;
    if (job->losses >= kMaxLosses) {
      return job->respond(error_reply(
          make_error(ErrorKind::kUnavailable, "Too many changes at the same time. Try again.")));
    }
    run(job);
  }

  ApiGround ground;
  StateFeed& feed;
  ApiOptions options;
  Fence fence;
  Elsewhere elsewhere;
  TaskPlacer placer;
  TargetSights sights;
  SeenTargets seen;  // What they come to.
  const MetricBook* metrics = nullptr;
  std::vector<Settled> doubtful;  // Whose outcome is unknown.
  bool is_clearing = false;
};

ApiServer::ApiServer(asio::io_context& loop,
                     asio::thread_pool& pool,
                     Store& store,
                     StateFeed& feed,
                     ApiOptions options)
    : ApiServer(ground_of(loop, pool, store), feed, std::move(options)) {}

ApiServer::ApiServer(ApiGround ground, StateFeed& feed, ApiOptions options)
    : server_(std::make_shared<Server>(std::move(ground), feed, std::move(options))) {}

ApiServer::~ApiServer() = default;

void ApiServer::note_change(std::string_view key) { server_->placer.note_change(key); }

ApiCall ApiServer::own_call(const Json& body, Scope scope) {
  return server_->make_call(body, std::move(scope), "");
}

const ApiOptions& ApiServer::options() const { return server_->options; }

const ApiGround& ApiServer::ground() const { return server_->ground; }

void ApiServer::set_fence(Fence fence) { server_->fence = std::move(fence); }

bool ApiServer::see_targets(TargetSights sights) {
  const TargetSights before = std::exchange(server_->sights, std::move(sights));
  if (!is_news(before, server_->sights)) return false;
  server_->seen = put_together(server_->sights);
  return true;
}

void ApiServer::set_metrics(const MetricBook* metrics) { server_->metrics = metrics; }

void ApiServer::set_elsewhere(Elsewhere elsewhere) { server_->elsewhere = std::move(elsewhere); }

void ApiServer::handle(const ApiRequest& request, Respond respond) {
  const Elsewhere& elsewhere = server_->elsewhere;
  if (elsewhere.forward && elsewhere.forward(request, respond)) return;
  std::function<void()> not_leading;
  if (elsewhere.wait) {
    not_leading = [server = server_, request, respond] {
      server->elsewhere.wait(request, respond);
    };
  }
  handle_here(request, std::move(respond), std::move(not_leading));
}

void ApiServer::handle_here(const ApiRequest& request,
                            Respond respond,
                            std::function<void()> not_leading) {
  const Respond with_id = [server = server_, respond = std::move(respond)](ApiReply reply) {
    reply.request_id = format_request_id(server->ground.random_hex(16));
    respond(std::move(reply));
  };
  const auto refuse = [&](const Error& error) { with_id(error_reply(error)); };
  const ActionEntry* entry = find_target(request.target);
  if (entry == nullptr) {
    return refuse(ecs_error("UnknownOperationException", "The operation is not known."));
  }
  if (!is_region(request.region)) {
    return refuse(invalid_parameter("Invalid region."));
  }
  Result<Json> body = parse_json(request.body.empty() ? "{}" : request.body);
  if (!body.has_value() || !body->is_object()) {
    return refuse(ecs_error("SerializationException",
                            "{}",
                            body.has_value() ? "expected an object" : body.error().message));
  }
  server_->run(std::make_shared<Job>(
      Job{.action = entry->action,
          .body = std::move(*body),
          .scope = {.account = server_->options.account, .region = request.region},
          .caller_arn = request.caller_arn,
          .host = request.host,
          .is_secure = request.is_secure,
          .respond = with_id,
          .not_leading = std::move(not_leading)}));
}

void ApiServer::propose(const Proposal& proposal, std::function<void(bool)> done) {
  const Result<std::optional<KeyCompare>> with = server_->find_fence();
  if (!with.has_value()) {
    return server_->ground.post([settled = proposal.settled, done = std::move(done)] {
      if (settled) settled(false);
      done(false);
    });
  }
  server_->clear_doubts();
  server_->commit(proposal,
                  *with,
                  [server = server_, settled = proposal.settled, done = std::move(done)](
                      const Result<Commit>& result) {
                    server->settle(settled, result);
                    done(result.has_value() && result->succeeded);
                  });
}

void ApiServer::propose_unfenced(const Proposal& proposal, std::function<void(bool)> done) {
  server_->commit(proposal, std::nullopt, [done = std::move(done)](const Result<Commit>& result) {
    done(result.has_value() && result->succeeded);
  });
}

}  // namespace ikada
