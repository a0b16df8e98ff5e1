#include "cluster/registry/cluster_registry.h"

#include <time.h>

#include <algorithm>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>

#include "cluster/registry/copy_jobs.h"
#include "cluster/registry/node_answers.h"
#include "cluster/registry/registry_actions.h"
#include "image/registry/answers.h"
#include "image/registry/failure.h"
#include "image/registry/garbage.h"
#include "image/registry/loop.h"
#include "image/registry/respond.h"

namespace ikada {
namespace {

constexpr unsigned kMostThreads = 4;
constexpr std::chrono::minutes kGarbageInterval{30};
constexpr std::chrono::seconds kCopyInterval{10};
constexpr std::chrono::milliseconds kSourcePause{20};
constexpr std::chrono::seconds kSourcePatience{1};
constexpr std::chrono::seconds kJobWord{1};
constexpr size_t kCopyThreads = 4;
constexpr size_t kTalkThreads = 2;
constexpr size_t kApiIdBytes = 16;

std::shared_ptr<const registry::Settings> settings_for(const std::string& directory) {
  auto settings = std::make_shared<registry::Settings>();
  settings->config.root = directory;
  settings->config.access.has_users = true;
  // The one token is the password.
  settings->config.has_tokens = false;
  settings->config.realm = "ikada";
  settings->config.logs_requests = false;
  return settings;
}

}  // namespace

struct ClusterRegistry::Hall {
  Hall(const RegistryKeeper::Ground& ground_of_cluster,
       const Ports& its_ports,
       std::unique_ptr<registry::Site> its_site)
      : ground(ground_of_cluster),
        keeper(ground),
        ports(its_ports),
        site(std::move(its_site)),
        garbage_timer(ground.loop),
        copy_timer(ground.loop) {
    site->set_keeper(&keeper);
    keeper.set_copies({.layout = &site->layout(), .copies = &copies});
    const unsigned count = std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads);
    for (unsigned i = 0; i < count; ++i) {
      loops.push_back(std::make_unique<registry::Loop>(
          [this](registry::ClientSocket& socket, const registry::Yield& yield) {
            serve(socket, yield);
          }));
    }
  }

  void serve(registry::ClientSocket& socket, const registry::Yield& yield) const {
    const std::shared_ptr<const registry::Settings> settings = site->settings();
    registry::serve_connection(socket,
                               {.limits = settings->config.limits,
                                .logs_requests = settings->config.logs_requests,
                                .tls = nullptr,
                                .respond = respond,
                                .is_stopping = is_stopping_function},
                               yield);
  }

  // To the loop that has the fewest clients; closes it if there are too many.
  void place(UniqueFd socket, registry::ConnectedClient who) {
    size_t total = 0;
    registry::Loop* least = loops.front().get();
    for (const auto& loop : loops) {
      total += loop->client_count();
      if (loop->client_count() < least->client_count()) least = loop.get();
    }
    if (total >= site->settings()->config.limits.connections) return;
    least->post_client(std::move(socket), std::move(who));
  }

  void plan_garbage_collection() {
    garbage_timer.expires_after(kGarbageInterval);
    garbage_timer.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      site->pool().start([this] { collect(); });
      plan_garbage_collection();
    });
  }

  // What this manager does not have yet of what is on record.
  void plan_catching_up() {
    copy_timer.expires_after(kCopyInterval);
    copy_timer.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      if (!is_copying.exchange(true)) {
        site->slow_pool().start([this] {
          keeper.catch_up();
          is_copying = false;
        });
      }
      plan_catching_up();
    });
  }

  void collect() {
    if (is_collecting.exchange(true)) return;
    const Result<registry::GarbageReport> report =
        registry::collect_garbage(site->layout(),
                                  site->settings()->config.garbage,
                                  ::time(nullptr),
                                  [this](const std::string& repository, const std::string& digest) {
                                    return keeper.keeps(repository, digest);
                                  });
    is_collecting = false;
    if (!report.has_value()) {
      spdlog::error("registry: garbage collection: {}, retrying later", report.error().message);
    } else if (report->blobs > 0) {
      spdlog::info("registry: garbage collected blobs={} bytes={} manifests={}",
                   report->blobs,
                   report->bytes,
                   report->manifests);
    }
  }

  // What the cluster's hosts may call the registry.
  std::vector<std::string> names() {
    const Result<std::vector<std::string>> managers = keeper.managers();
    std::vector<std::string> names = {fmt::format("127.0.0.1:{}", ports.plain),
                                      fmt::format("localhost:{}", ports.plain)};
    for (const std::string& each : managers.value_or(std::vector<std::string>())) {
      names.push_back(fmt::format("{}:{}", each, ports.tls));
    }
    if (!keeper.configured_name().empty()) names.push_back(keeper.configured_name());
    return names;
  }

  registry::Answer answer(const registry::RequestHead& head,
                          registry::RequestBody& body,
                          const registry::Yield& yield) {
    const bool is_node = head.peer_name.starts_with(kNodeUser);
    if (!is_node || !NodeAnswers::is_ours(head.target)) {
      return registry::respond(*site, head, body, yield);
    }
    const Result<void> admitted = admit(head.peer_name, NodeAnswers::claim_of(head.target), yield);
    if (!admitted.has_value()) return NodeAnswers::result_of(admitted);
    // Copying waits for other managers, which wait for us: what they need waits for nobody but the
    // loop.
    if (NodeAnswers::is_quick(head.target)) return NodeAnswers::give_kept(head, site->layout());
    if (NodeAnswers::is_source(head.target)) return answer_source(head, yield);
    if (NodeAnswers::is_job(head.target)) return answer_job(head.target, yield);
    return talking.run(yield, [this, &head] { return answers.answer(head, node_ground()); });
  }

  // In the pool that waits for nobody but the loop.
  Result<void> admit(const std::string& user,
                     const NodeClaim& claim,
                     const registry::Yield& yield) {
    return talking.run(yield, [this, &user, &claim] { return keeper.admit(user, claim); });
  }

  NodeAnswers::Ground node_ground() {
    return {.layout = site->layout(),
            .copies = copies,
            .names = names(),
            .managers = keeper.other_managers()};
  }

  // Who waits for a copy hears each second that we are at it, or goes to another manager.
  registry::Answer answer_job(const std::string& target, const registry::Yield& yield) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point end = Clock::now() + kJobWord;
    const auto begin = [this, target] {
      copying.start([this, target] {
        Result<void> done = NodeAnswers::run_job(target, node_ground());
        jobs.end(target, Clock::now(), std::move(done));
      });
    };
    boost::asio::steady_timer pause(yield.get_executor());
    while (!is_stopping) {
      const std::optional<Result<void>> over = jobs.look(target, Clock::now(), begin);
      if (over.has_value()) return NodeAnswers::result_of(*over);
      if (Clock::now() >= end) return registry::json_answer(202, "{\"done\":false}\n");
      boost::system::error_code ignored;
      pause.expires_after(kSourcePause);
      pause.async_wait(yield[ignored]);
    }
    return NodeAnswers::result_of(registry::api_error(registry::kNotNow, "this manager stops"));
  }

  // Who has to wait for another host does so here: to ask again and again costs both more.
  registry::Answer answer_source(const registry::RequestHead& head, const registry::Yield& yield) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point end = Clock::now() + kSourcePatience;
    boost::asio::steady_timer pause(yield.get_executor());
    while (true) {
      std::optional<registry::Answer> found =
          answers.answer_source(head, is_stopping || Clock::now() >= end);
      if (found.has_value()) return std::move(*found);
      boost::system::error_code ignored;
      pause.expires_after(kSourcePause);
      pause.async_wait(yield[ignored]);
    }
  }

  ApiReply with_id(ApiReply reply) const {
    reply.request_id = make_request_id(ground.api.ground().random_hex(kApiIdBytes));
    return reply;
  }

  RegistryKeeper::Ground ground;
  RegistryKeeper keeper;
  Ports ports;
  NodeAnswers answers;
  ImageCopies copies;
  CopyJobs jobs;
  registry::BlockingPool copying{kCopyThreads};
  registry::BlockingPool talking{kTalkThreads};
  std::unique_ptr<registry::Site> site;
  std::vector<std::unique_ptr<registry::Loop>> loops;
  std::vector<std::thread> threads;
  boost::asio::steady_timer garbage_timer;
  boost::asio::steady_timer copy_timer;
  std::atomic<bool> is_stopping = false;
  std::atomic<bool> is_collecting = false;
  std::atomic<bool> is_copying = false;
  const std::function<bool()> is_stopping_function = [this] { return is_stopping.load(); };
  const registry::Responder respond = [this](const registry::RequestHead& head,
                                             registry::RequestBody& body,
                                             const registry::Yield& yield) {
    return answer(head, body, yield);
  };
};

ClusterRegistry::ClusterRegistry(std::unique_ptr<Hall> hall) : hall_(std::move(hall)) {}

Result<std::unique_ptr<ClusterRegistry>> ClusterRegistry::create(
    const std::string& directory, const RegistryKeeper::Ground& ground, const Ports& ports) {
  IK_LET(site, registry::Site::open(settings_for(directory)));
  return std::unique_ptr<ClusterRegistry>(
      new ClusterRegistry(std::make_unique<Hall>(ground, ports, std::move(site))));
}

ClusterRegistry::~ClusterRegistry() { stop(); }

void ClusterRegistry::start() {
  for (const auto& loop : hall_->loops) {
    hall_->threads.emplace_back([&loop] { loop->run(); });
  }
  hall_->plan_garbage_collection();
  hall_->plan_catching_up();
}

void ClusterRegistry::stop() {
  if (hall_->is_stopping.exchange(true)) return;
  hall_->garbage_timer.cancel();
  hall_->copy_timer.cancel();
  close();
  for (const auto& loop : hall_->loops) loop->post_finish(true);
  for (std::thread& thread : hall_->threads) thread.join();
  hall_->site->join();
  hall_->copying.join();
  hall_->talking.join();
}

void ClusterRegistry::close() {
  hall_->keeper.close();
  hall_->copies.close();
}

void ClusterRegistry::take(HttpServer::Given given) {
  hall_->place(
      std::move(given.socket),
      {.address = given.peer.address, .name = {}, .early_bytes = std::move(given.early_bytes)});
}

void ClusterRegistry::take_own(UniqueFd socket) {
  hall_->place(std::move(socket), {.address = "unix", .name = std::string(kOwnUser)});
}

bool ClusterRegistry::serves(std::string_view action) {
  return find_registry_action(action) != nullptr;
}

void ClusterRegistry::handle(std::string_view action,
                             const ApiRequest& request,
                             ApiServer::Respond respond) {
  Result<Json> body = parse_json(request.body.empty() ? "{}" : request.body);
  if (!body.has_value() || !body->is_object()) {
    const Error error = ecs_error("SerializationException", "expected an object");
    return respond(hall_->with_id(error_reply(error)));
  }
  hall_->site->slow_pool().start([hall = hall_.get(),
                                  run = find_registry_action(action),
                                  request,
                                  body = std::move(*body),
                                  respond = std::move(respond)] {
    const Result<Json> answer = run({.site = *hall->site,
                                     .keeper = hall->keeper,
                                     .options = hall->ground.api.options(),
                                     .body = body,
                                     .caller = request.caller_arn,
                                     .host = request.host,
                                     .is_secure = request.is_secure});
    ApiReply reply =
        hall->with_id(answer.has_value() ? ok_reply(*answer) : error_reply(answer.error()));
    boost::asio::post(hall->ground.loop, [respond, reply = std::move(reply)] { respond(reply); });
  });
}

const registry::Responder& ClusterRegistry::responder() const { return hall_->respond; }

Result<void> ClusterRegistry::admit(const std::string& peer_name,
                                    const registry::Yield& yield) const {
  return hall_->admit(peer_name, {}, yield);
}

void ClusterRegistry::reach_others(const std::string& address, TlsContext tls, std::uint16_t port) {
  hall_->keeper.set_address(address);
  hall_->copies.use(std::move(tls), port);
}

}  // namespace ikada
