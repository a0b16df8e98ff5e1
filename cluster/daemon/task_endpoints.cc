#include "cluster/daemon/task_endpoints.h"

#include <algorithm>
#include <thread>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "cluster/agent/task_network.h"
#include "cluster/daemon/protection_endpoint.h"
#include "cluster/engine/container_names.h"
#include "runtime/base/random_id.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr size_t kEndpointThreads = 2;
constexpr double kRequestsPerSecond = 40;
constexpr double kRequestBurst = 60;
constexpr HttpLimits kEndpointLimits{
    .body_bytes = 1024, .connections = 32, .idle = std::chrono::milliseconds(10'000)};
constexpr UnixNanos kRenewBefore = UnixNanos{15 * 60} * 1'000'000'000;
constexpr UnixNanos kSampleAge = UnixNanos{10} * 1'000'000'000;
constexpr std::chrono::milliseconds kSampleApart{100};
const std::pair<std::string, std::string> kHostPlace;

HttpReply endpoint_reply(unsigned status, const Json& body) {
  return {.status = status, .body = body.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

HttpReply plain_error(unsigned status, const char* message) {
  return endpoint_reply(status, message);
}

HttpReply credentials_error(unsigned status, const char* code, const std::string& message) {
  return endpoint_reply(status, {{"code", code}, {"message", message}, {"HTTPErrorCode", status}});
}

// What only a proxy or a web page that was led here sends.
bool is_direct(const HttpRequest& request) {
  const std::string_view host = request.header("host");
  const bool names_us =
      host == kEndpointAddress || host == fmt::format("{}:{}", kEndpointAddress, kEndpointPort);
  return names_us && request.header("x-forwarded-for").empty() &&
         request.header("forwarded").empty() && request.header("via").empty();
}

std::vector<ContainerFacts> look_up(const EngineLayout& layout, const TaskFacts& facts) {
  std::vector<ContainerFacts> all;
  for (const ContainerDefinition& each : facts.definition.container_definitions) {
    const Result<std::string> id =
        find_container(layout, task_container_name(facts.task, each.name));
    if (!id.has_value()) continue;
    Result<ContainerRecord> record = load_record(layout, *id);
    if (!record.has_value()) continue;
    all.push_back({.name = each.name,
                   .record = std::move(*record),
                   .status = live_status(layout, *id),
                   .network = load_network_status(layout, *id)});
  }
  return all;
}

}  // namespace

struct TaskEndpoints::Door {
  std::string task;  // Empty: that of the host's namespace.
  UniqueFd link;
  std::unique_ptr<HttpServer> server;
  RequestRate rate{kRequestsPerSecond, kRequestBurst};
};

Result<std::unique_ptr<TaskEndpoints>> TaskEndpoints::create(boost::asio::io_context& loop,
                                                             TaskEndpointOptions options,
                                                             Assignments& assignments,
                                                             AuditLog& audit) {
  IK_LET(ids, EndpointIds::open(options.key_file));
  return std::unique_ptr<TaskEndpoints>(
      new TaskEndpoints(loop, std::move(options), std::move(ids), assignments, audit));
}

TaskEndpoints::TaskEndpoints(boost::asio::io_context& loop,
                             TaskEndpointOptions options,
                             EndpointIds ids,
                             Assignments& assignments,
                             AuditLog& audit)
    : loop_(loop),
      options_(std::move(options)),
      ids_(std::move(ids)),
      assignments_(assignments),
      audit_(audit),
      gate_(std::make_shared<LoopGate>(loop)),
      pool_(kEndpointThreads) {}

TaskEndpoints::~TaskEndpoints() {
  gate_->close();
  pool_.join();
}

void TaskEndpoints::note_running(const std::string& task,
                                 const std::string& container,
                                 const std::string& id) {
  const std::shared_ptr<const TaskFacts> facts = runner_->facts(task);
  if (facts == nullptr || is_stopped_) return;
  containers_[ids_.of_container(task, container)] = {task, container};
  if (!facts->definition.task_role_arn.value_or("").empty()) {
    roles_[ids_.of_credentials(task)] = task;
  }
  const std::string mode = network_mode_of(facts->definition);
  if (mode == "host") {
    if (doors_.count(kHostPlace) == 0) open_door(kHostPlace, "");
  } else if (mode != "awsvpc" || container == kNetworkHolder) {
    open_door({task, container}, id);
  }
}

void TaskEndpoints::note_ended(const std::string& task, const std::string& container) {
  const auto found = doors_.find({task, container});
  if (found != doors_.end()) {
    if (found->second->server != nullptr) found->second->server->stop();
    doors_.erase(found);
  }
  containers_.erase(ids_.of_container(task, container));
  const bool is_over = std::ranges::none_of(
      containers_, [&](const auto& each) { return each.second.first == task; });
  if (!is_over) return;
  granted_.erase(task);
  roles_.erase(ids_.of_credentials(task));
}

// `id` is the container's whose namespace it is; empty: the host's own.
void TaskEndpoints::open_door(const Place& place, const std::string& id) {
  auto door = std::make_shared<Door>();
  door->task = place.first;
  doors_[place] = door;
  boost::asio::post(pool_, [this, gate = gate_, place, id] {
    const pid_t pid = id.empty() ? 0 : live_status(options_.layout, id).pid;
    Result<SteeredListener> opened =
        !id.empty() && pid == 0
            ? Result<SteeredListener>(make_error(ErrorKind::kNotFound, "it runs no more"))
            : open_task_door(options_.runtime_program, pid);
    auto kept = std::make_shared<Result<SteeredListener>>(std::move(opened));
    gate->post([this, place, kept] { this->opened(place, std::move(*kept)); });
  });
}

void TaskEndpoints::opened(const Place& place, Result<SteeredListener> door) {
  const auto found = doors_.find(place);
  if (found == doors_.end() || is_stopped_) return;
  if (!door.has_value()) {
    if (door.error().kind != ErrorKind::kNotFound) {
      spdlog::warn("task {}: metadata endpoint: {}, ignoring", place.first, door.error().message);
    }
    doors_.erase(found);
    return;
  }
  Door& kept = *found->second;
  kept.link = std::move(door->link);
  const std::weak_ptr<Door> weak = found->second;
  kept.server = std::make_unique<HttpServer>(
      loop_,
      std::move(door->listener),
      kEndpointLimits,
      [this, weak](const HttpRequest& request, const HttpServer::Respond& respond) {
        const std::shared_ptr<Door> asked = weak.lock();
        if (asked != nullptr) return answer(asked, request, respond);
        respond(plain_error(404, "the task has ended"));
      });
  kept.server->start();
}

void TaskEndpoints::stop() {
  is_stopped_ = true;
  for (const auto& [place, door] : doors_) {
    if (door->server != nullptr) door->server->stop();
  }
  doors_.clear();
}

void TaskEndpoints::answer(const std::shared_ptr<Door>& door,
                           const HttpRequest& request,
                           const HttpServer::Respond& respond) {
  if (!is_direct(request)) return respond(plain_error(403, "only direct requests are answered"));
  if (!door->rate.take(RequestRate::Clock::now())) {
    return respond(plain_error(429, "too many requests"));
  }
  const std::string_view path = cut(request.target, '?').before;
  constexpr std::string_view kAgentApi = "/api/";
  const bool is_put = request.method == "PUT" && path.starts_with(kAgentApi);
  if (request.method != "GET" && !is_put) {
    return respond(plain_error(405, "only GET is allowed"));
  }
  constexpr std::string_view kCredentials = "/v2/credentials/";
  const auto is_asked_by = [&](const std::string& task) {
    const std::shared_ptr<const TaskFacts> facts = runner_->facts(task);
    if (facts == nullptr) return false;
    // In the host's namespace there are only tasks of that network mode.
    return door->task.empty() ? network_mode_of(facts->definition) == "host" : door->task == task;
  };
  if (path.starts_with(kCredentials)) {
    const auto found = roles_.find(std::string(path.substr(kCredentials.size())));
    if (found != roles_.end() && is_asked_by(found->second)) {
      return answer_credentials(found->second, request, respond);
    }
    return respond(
        credentials_error(400, "InvalidIdInRequest", "CredentialsV2Request: ID not found"));
  }
  const bool is_of_agent = path.starts_with(kAgentApi);
  if (!is_of_agent && !path.starts_with("/v4/") && !path.starts_with("/v3/")) {
    return respond(plain_error(404, "no such path"));
  }
  const Cut parts = cut(path.substr(is_of_agent ? kAgentApi.size() : 4), '/');
  const auto found = containers_.find(std::string(parts.before));
  if (found == containers_.end() || !is_asked_by(found->second.first)) {
    return respond(plain_error(404, "V4 metadata handler: unable to find the container"));
  }
  if (!is_of_agent) return answer_metadata(found->second, parts.after, respond);
  if (parts.after != "task-protection/v1/state") return respond(plain_error(404, "no such path"));
  answer_protection(found->second, request, respond);
}

void TaskEndpoints::answer_metadata(const Place& asker,
                                    std::string_view what,
                                    const HttpServer::Respond& respond) {
  constexpr std::array<std::string_view, 5> kKnown = {
      "", "task", "taskWithTags", "stats", "task/stats"};
  if (std::find(kKnown.begin(), kKnown.end(), what) == kKnown.end()) {
    return respond(plain_error(404, "no such path"));
  }
  const std::shared_ptr<const TaskFacts> facts = runner_->facts(asker.first);
  const Task* task = runner_->find(asker.first);
  boost::asio::post(pool_,
                    [this,
                     gate = gate_,
                     facts,
                     task = *task,
                     name = asker.second,
                     restarts = runner_->restarts(asker.first),
                     wanted = std::string(what),
                     respond] {
                      const std::vector<ContainerFacts> all = look_up(options_.layout, *facts);
                      const TaskMetadataInputs inputs{.scope = facts->scope,
                                                      .task = task,
                                                      .definition = facts->definition,
                                                      .containers = all,
                                                      .restarts = restarts};
                      Json body;
                      if (wanted.empty()) body = container_metadata(inputs, name);
                      if (wanted == "task") body = task_metadata(inputs, false);
                      if (wanted == "taskWithTags") body = task_metadata(inputs, true);
                      if (wanted == "task/stats") body = Json::object();
                      for (const ContainerFacts& each : all) {
                        if (wanted == "stats" && each.name == name) body = stats_of(each);
                        if (wanted == "task/stats" && each.name != kNetworkHolder) {
                          body[each.record.id] = stats_of(each);
                        }
                      }
                      gate->post([respond, body] { respond(endpoint_reply(200, body)); });
                    });
}

// With what was measured for the last one who asked, or a moment ago.
Json TaskEndpoints::stats_of(const ContainerFacts& container) {
  const std::string& id = container.record.id;
  ContainerSample before;
  {
    const std::lock_guard lock(samples_mutex_);
    const auto found = samples_.find(id);
    if (found != samples_.end() && unix_now() - found->second.taken < kSampleAge) {
      before = found->second;
    }
  }
  if (before.taken == 0) {
    before = sample_container(options_.layout, container.record).value_or(ContainerSample());
    std::this_thread::sleep_for(kSampleApart);
  }
  Result<ContainerSample> now = sample_container(options_.layout, container.record);
  if (!now.has_value()) return {};
  Json stats = container_stats(container.record, before, *now);
  const std::lock_guard lock(samples_mutex_);
  std::erase_if(samples_,
                [&](const auto& each) { return now->taken - each.second.taken > kSampleAge; });
  samples_[id] = std::move(*now);
  return stats;
}

AuditRecord TaskEndpoints::record_of(const std::string& task,
                                     const HttpRequest& request,
                                     const char* name) const {
  const std::shared_ptr<const TaskFacts> facts = runner_->facts(task);
  AuditRecord record;
  record.source = "ikadad";
  record.name = name;
  record.account = facts->scope.account;
  record.region = facts->scope.region;
  record.address = request.peer.address;
  record.user_agent = request.header("user-agent");
  record.request_id = random_hex(16);
  record.is_read_only = request.method == "GET";
  record.resources = {task_arn(facts->scope, facts->task.cluster, task)};
  return record;
}

// A task of its own only: who asks says which it is.
void TaskEndpoints::answer_protection(const Place& asker,
                                      const HttpRequest& request,
                                      const HttpServer::Respond& respond) {
  const char* const name = request.method == "GET" ? "GetTaskProtection" : "UpdateTaskProtection";
  const AuditRecord record = record_of(asker.first, request, name);
  const std::string arn = record.resources.front();
  const auto answer = [this, record, arn, respond](const Result<Json>& answered) {
    const ProtectionReply reply = protection_reply(answered, arn);
    AuditRecord whole = record;
    if (reply.body.contains("error")) {
      whole.error_code = reply.body["error"].value("Code", "");
      whole.error_message = reply.body["error"].value("Message", "");
    }
    audit_.write(std::move(whole), nullptr);
    respond(endpoint_reply(reply.status, reply.body));
  };
  const Result<Json> wanted = protection_request(request.method, request.body);
  if (!wanted.has_value()) return answer(wanted);
  assignments_.protect(asker.first, *wanted, answer);
}

void TaskEndpoints::answer_credentials(const std::string& task,
                                       const HttpRequest& request,
                                       const HttpServer::Respond& respond) {
  const std::shared_ptr<const TaskFacts> facts = runner_->facts(task);
  AuditRecord record = record_of(task, request, "GetTaskCredentials");
  record.resources.push_back(facts->definition.task_role_arn.value_or(""));
  const auto known = granted_.find(task);
  if (known != granted_.end() && known->second.expires_at - unix_now() > kRenewBefore) {
    audit_.write(std::move(record), nullptr);
    return respond(endpoint_reply(200, known->second.body));
  }
  assignments_.ask("credentials", task, [this, task, record, respond](const Result<Json>& body) {
    AuditRecord whole = record;
    if (!body.has_value()) {
      whole.error_code = "CredentialsUnavailable";
      whole.error_message = body.error().message;
      audit_.write(std::move(whole), nullptr);
      return respond(credentials_error(500, "InternalServerError", body.error().message));
    }
    audit_.write(std::move(whole), nullptr);
    const UnixNanos expires_at = parse_rfc3339(body->value("Expiration", "")).value_or(0);
    granted_[task] = {.body = *body, .expires_at = expires_at};
    respond(endpoint_reply(200, *body));
  });
}

}  // namespace ikada
