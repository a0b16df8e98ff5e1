#include <poll.h>
#include <stdio.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "cluster/engine/time_argument.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/line_source.h"
#include "cmd/ikada/open_engine.h"
#include "cmd/ikada/service_choice.h"
#include "cmd/ikada/stored_logs.h"
#include "cmd/ikada/task_choice.h"
#include "runtime/base/clock.h"

namespace ikada {
namespace {

constexpr size_t kMaxSources = 100;  // A manager carries 128 at once.
constexpr std::chrono::milliseconds kLookForTasks{1000};

struct ServiceLogsOptions {
  ServiceChoice service;
  bool follow = false;
  bool timestamps = false;
  std::string since;
  std::string tail;
};

// One container of one of the service's tasks.
struct LogPlace {
  std::string task;
  std::string container;
  bool is_over = false;

  std::string key() const { return task + "/" + container; }
};

// The log of one, as it is read.
struct Reading {
  LogPlace place;
  LineSource source;
  std::vector<std::string> complaints = {};  // Of `ikada task logs` itself.
};

// Of tasks that run first, then the latest that have stopped.
Result<std::vector<LogPlace>> find_places(const ApiClient& api, const ServiceChoice& service) {
  std::vector<LogPlace> places;
  for (const char* status : {"RUNNING", "STOPPED"}) {
    IK_LET(arns,
           api.list("ListTasks",
                    {{"cluster", service.cluster},
                     {"serviceName", service.name},
                     {"desiredStatus", status}},
                    "taskArns"));
    constexpr size_t kAtOnce = 100;
    for (size_t at = 0; at < arns.size(); at += kAtOnce) {
      Json part = Json::array();
      for (size_t i = at; i < std::min(at + kAtOnce, arns.size()); ++i) part.push_back(arns[i]);
      IK_LET(answer, api.call("DescribeTasks", {{"cluster", service.cluster}, {"tasks", part}}));
      for (const Json& task : answer["tasks"]) {
        for (const Json& container : task["containers"]) {
          if (container.value("runtimeId", "").empty()) continue;
          places.push_back({.task = id_of_arn(task.value("taskArn", "")),
                            .container = container.value("name", ""),
                            .is_over = task.value("lastStatus", "") == "STOPPED"});
        }
      }
    }
  }
  return places;
}

class ServiceLogs {
 public:
  ServiceLogs(const ServiceLogsOptions& options, const Context& context, std::string program)
      : options_(options), context_(context), api_(context), program_(std::move(program)) {}

  Result<void> run() {
    IK_LET(service, find_service(api_, options_.service));
    static_cast<void>(service);
    IK_TRY(look_for_tasks(true));
    while (options_.follow || !readings_.empty()) {
      const auto now = std::chrono::steady_clock::now();
      if (options_.follow && now >= next_look_) IK_TRY(look_for_tasks(false));
      IK_TRY(wait());
      if (!print_lines()) return errno_error("write");
    }
    ::fflush(stdout);
    return {};
  }

 private:
  Result<void> look_for_tasks(bool is_first) {
    next_look_ = std::chrono::steady_clock::now() + kLookForTasks;
    Result<std::vector<LogPlace>> places = find_places(api_, options_.service);
    // A manager may be away for a moment.
    if (!places.has_value() && !is_first) return {};
    if (!places.has_value()) return places.error();
    for (const LogPlace& each : *places) {
      if (started_.count(each.key()) > 0) continue;
      if (readings_.size() >= kMaxSources) {
        if (!std::exchange(has_told_limit_, true)) {
          ::fprintf(stderr, "only %zu containers are shown at once\n", kMaxSources);
        }
        break;
      }
      started_.insert(each.key());
      IK_TRY(begin(each, is_first));
    }
    return {};
  }

  // Of a task that came later all lines are news.
  Result<void> begin(const LogPlace& place, bool is_first) {
    std::vector<std::string> words = {program_,
                                      "--root",
                                      context_.root,
                                      "--run-root",
                                      context_.run_root,
                                      "task",
                                      "logs",
                                      "--timestamps",
                                      "--cluster",
                                      options_.service.cluster,
                                      "--container",
                                      place.container};
    if (options_.follow && !place.is_over) words.emplace_back("--follow");
    const auto last = last_time_.find(place.key());
    if (last != last_time_.end()) {
      words.insert(words.end(), {"--since", last->second});
    } else if (is_first) {
      if (!options_.since.empty()) words.insert(words.end(), {"--since", options_.since});
      if (!options_.tail.empty()) words.insert(words.end(), {"--tail", options_.tail});
    }
    words.push_back(place.task);
    IK_LET(source, LineSource::start(words));
    readings_.push_back(
        std::make_unique<Reading>(Reading{.place = place, .source = std::move(source)}));
    return {};
  }

  Result<void> wait() {
    std::vector<pollfd> polled;
    std::vector<Reading*> owners;
    for (const auto& each : readings_) {
      for (const int fd : each->source.wanted_fds()) {
        polled.push_back({.fd = fd, .events = POLLIN, .revents = 0});
        owners.push_back(each.get());
      }
    }
    const auto limit = options_.follow ? static_cast<int>(kLookForTasks.count()) : -1;
    if (polled.empty() && !options_.follow) return {};
    if (::poll(polled.data(), polled.size(), limit) < 0) {
      return errno == EINTR ? Result<void>() : errno_error("poll");
    }
    for (size_t i = 0; i < polled.size(); ++i) {
      if (polled[i].revents != 0) owners[i]->source.read(polled[i].fd);
    }
    return {};
  }

  // In the order of their times, as far as that is known: a line may go when every container has
  // shown its next one. What is followed goes as it comes.
  bool print_lines() {
    while (true) {
      Reading* next = nullptr;
      for (const auto& each : readings_) {
        drop_complaints(*each);
        const auto& lines = each->source.lines();
        if (lines.empty()) {
          if (!options_.follow && each->source.is_open()) return finish_some();
          continue;
        }
        if (next == nullptr || lines.front().text < next->source.lines().front().text) {
          next = each.get();
        }
      }
      if (next == nullptr) return finish_some();
      if (!print(*next)) return false;
    }
  }

  // Lines of a log begin with their time.
  static void drop_complaints(Reading& reading) {
    std::deque<SourceLine>& lines = reading.source.lines();
    while (!lines.empty() && lines.front().is_stderr && lines.front().text.starts_with("ikada ")) {
      reading.complaints.push_back(std::move(lines.front().text));
      lines.pop_front();
    }
  }

  bool print(Reading& reading) {
    const SourceLine line = std::move(reading.source.lines().front());
    reading.source.lines().pop_front();
    const size_t space = line.text.find(' ');
    const std::string time = line.text.substr(0, space);
    // Seen before its connection was lost.
    const auto last = last_time_.find(reading.place.key());
    if (resumed_.count(reading.place.key()) > 0 && last != last_time_.end() &&
        time <= last->second) {
      return true;
    }
    last_time_[reading.place.key()] = time;
    std::string text =
        fmt::format("{} {} | ", reading.place.task.substr(0, 8), reading.place.container);
    text +=
        options_.timestamps || space == std::string::npos ? line.text : line.text.substr(space + 1);
    text += '\n';
    FILE* const file = line.is_stderr ? stderr : stdout;
    if (line.is_stderr) ::fflush(stdout);
    const bool is_written = ::fwrite(text.data(), 1, text.size(), file) == text.size();
    return is_written && ::ferror(file) == 0;
  }

  // Those that have ended. One whose connection was lost is taken up again while its task runs.
  bool finish_some() {
    for (auto it = readings_.begin(); it != readings_.end();) {
      Reading& each = **it;
      if (each.source.is_open() || !each.source.lines().empty()) {
        ++it;
        continue;
      }
      const Result<int> status = each.source.finish();
      const bool is_bad = !status.has_value() || *status != 0;
      if (is_bad && options_.follow && !each.place.is_over) {
        started_.erase(each.place.key());
        resumed_.insert(each.place.key());
      } else if (is_bad) {
        for (const std::string& complaint : each.complaints) {
          ::fprintf(stderr,
                    "%s %s: %s\n",
                    each.place.task.substr(0, 8).c_str(),
                    each.place.container.c_str(),
                    printable(complaint).c_str());
        }
      }
      it = readings_.erase(it);
    }
    return ::fflush(stdout) == 0;
  }

  const ServiceLogsOptions& options_;
  const Context& context_;
  ApiClient api_;
  std::string program_;
  std::vector<std::unique_ptr<Reading>> readings_;
  std::set<std::string> started_;
  std::set<std::string> resumed_;
  std::map<std::string, std::string> last_time_;
  std::chrono::steady_clock::time_point next_look_;
  bool has_told_limit_ = false;
};

Result<void> show_service_logs(const ServiceLogsOptions& options, const Context& context) {
  // Before each of the tasks says so.
  if (!options.since.empty()) {
    IK_TRY(parse_time_argument(options.since, unix_now()).context("--since"));
  }
  IK_TRY(parse_tail(options.tail));
  IK_LET(program, own_program());
  return ServiceLogs(options, context, std::move(program)).run();
}

}  // namespace

void add_service_logs_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ServiceLogsOptions>();
  CLI::App* command = group.add_subcommand("logs", "Show what a service's tasks have written");
  command->add_option("service", options->service.name, "Its name")->required();
  command->add_option(
      "--cluster", options->service.cluster, "Name of the cluster, default by default");
  command->add_flag(
      "-f,--follow", options->follow, "Go on, also with tasks that are started later");
  command->add_option("--since", options->since, "Only lines from a time on, as ikada logs");
  command->add_option("-n,--tail", options->tail, "Only so many lines of each from the end");
  command->add_flag("-t,--timestamps", options->timestamps, "Show when each line was written");
  command->callback([options, &context] { context.finish(show_service_logs(*options, context)); });
}

}  // namespace ikada
