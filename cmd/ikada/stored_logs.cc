#include "cmd/ikada/stored_logs.h"

#include <stdio.h>

#include <deque>
#include <optional>
#include <set>

#include "cluster/engine/time_argument.h"
#include "cmd/ikada/api_client.h"
#include "cmd/ikada/task_choice.h"
#include "runtime/base/number.h"

namespace ikada {
namespace {

constexpr UnixNanos kNanosInMs = 1'000'000;

struct StoredLine {
  UnixNanos time = 0;
  std::string text = {};
};

class StoredPrinter {
 public:
  StoredPrinter(bool timestamps, std::optional<std::uint64_t> tail)
      : timestamps_(timestamps), tail_(tail) {}

  void take(const Json& event) {
    StoredLine line{.time = event.value("timestamp", UnixNanos{0}) * kNanosInMs,
                    .text = event.value("message", "")};
    if (!tail_.has_value()) return print(line);
    last_.push_back(std::move(line));
    if (last_.size() > *tail_) last_.pop_front();
  }

  void finish() {
    for (const StoredLine& each : last_) print(each);
    ::fflush(stdout);
  }

 private:
  void print(const StoredLine& line) const {
    const std::string time = timestamps_ ? format_rfc3339(line.time) + " " : "";
    ::printf("%s%s\n", time.c_str(), line.text.c_str());
  }

  bool timestamps_;
  std::optional<std::uint64_t> tail_;
  std::deque<StoredLine> last_;
};

Result<Json> plan_question(const StoredLogWish& wish) {
  Json question = {{"ikadaTask", wish.task}, {"ikadaContainer", wish.container}};
  const UnixNanos now = unix_now();
  if (!wish.since.empty()) {
    IK_LET(since, parse_time_argument(wish.since, now).context("--since"));
    question["startTime"] = since / kNanosInMs;
  }
  if (!wish.until.empty()) {
    IK_LET(until, parse_time_argument(wish.until, now).context("--until"));
    question["endTime"] = until / kNanosInMs - 1;
  }
  return question;
}

}  // namespace

Result<std::optional<std::uint64_t>> parse_tail(const std::string& tail) {
  if (tail.empty() || tail == "all" || tail.starts_with('-')) {
    return std::optional<std::uint64_t>();
  }
  IK_LET(lines, parse_unsigned(tail).context("--tail"));
  return std::optional(lines);
}

Result<bool> print_stored_logs(const Context& context, const StoredLogWish& wish) {
  const ApiClient api(context);
  IK_LET(question, plan_question(wish));
  IK_LET(tail, parse_tail(wish.tail));
  StoredPrinter printer(wish.timestamps, tail);
  std::set<std::string> tasks;
  std::set<std::string> unreachable;
  while (true) {
    IK_LET(page, api.call_logs("FilterLogEvents", question));
    for (const Json& event : page["events"]) {
      tasks.insert(id_of_arn(event.value("logStreamName", "")));
      if (tasks.size() > 1) {
        return make_error(
            ErrorKind::kInvalid, "several tasks have an id that begins with {}", wish.task);
      }
      printer.take(event);
    }
    for (const Json& host : page.value("unreachableHosts", Json::array())) {
      unreachable.insert(host.get<std::string>());
    }
    if (!page.contains("nextToken")) break;
    question["nextToken"] = page["nextToken"];
  }
  printer.finish();
  for (const std::string& host : unreachable) {
    ::fprintf(
        stderr, "host %s cannot be reached: what it has is not shown\n", printable(host).c_str());
  }
  return !tasks.empty();
}

}  // namespace ikada
