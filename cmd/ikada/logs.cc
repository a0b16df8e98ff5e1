#include <stdio.h>

#include <array>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cluster/engine/log_reader.h"
#include "cluster/engine/time_argument.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/open_engine.h"
#include "cmd/ikada/stored_logs.h"

namespace ikada {
namespace {

struct LogsOptions {
  std::string container;
  bool follow = false;
  bool timestamps = false;
  std::string since;
  std::string until;
  std::string tail = "all";
};

Result<LogQuery> plan_query(const LogsOptions& options) {
  LogQuery query;
  query.follow = options.follow;
  const UnixNanos now = unix_now();
  if (!options.since.empty()) {
    IK_LET(since, parse_time_argument(options.since, now).context("--since"));
    query.since = since;
  }
  if (!options.until.empty()) {
    IK_LET(until, parse_time_argument(options.until, now).context("--until"));
    query.until = until;
  }
  IK_LET(tail, parse_tail(options.tail));
  query.tail = tail;
  return query;
}

// Writes lines to the stream they came from; the parts of a long line in one.
class Printer {
 public:
  explicit Printer(bool timestamps) : timestamps_(timestamps) {}

  bool print(const LogLine& line) {
    const bool is_stdout = line.stream == LogStream::kStdout;
    bool& inside = inside_line_[is_stdout ? 0 : 1];
    text_.clear();
    if (timestamps_ && !inside) {
      text_ = format_rfc3339(line.time);
      text_ += ' ';
    }
    text_ += line.text;
    if (!line.partial) text_ += '\n';
    inside = line.partial;
    FILE* file = is_stdout ? stdout : stderr;
    // stderr is not buffered; where both go to one place, the order stays.
    if (!is_stdout) ::fflush(stdout);
    // What could not be written when we last paused ends it, too.
    return ::fwrite(text_.data(), 1, text_.size(), file) == text_.size() && ::ferror(file) == 0;
  }

 private:
  bool timestamps_;
  std::array<bool, 2> inside_line_{};  // stdout, stderr
  std::string text_;
};

Result<void> logs(const LogsOptions& options, const Context& context) {
  IK_LET(query, plan_query(options));
  IK_LET(engine, open_engine(context));
  IK_LET(record, find_record(engine, options.container));
  Printer printer(options.timestamps);
  const LogSink sink{.take = [&printer](const LogLine& line) { return printer.print(line); },
                     .pause = [] { ::fflush(stdout); }};
  LogReader reader(log_path_of(engine.layout(), record));
  return reader.read(query, sink, [&engine, &record] {
    return !live_status(engine.layout(), record.id).is_running();
  });
}

}  // namespace

void add_logs_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<LogsOptions>();
  CLI::App* command = app.add_subcommand("logs", "Show what a container has written");
  command->add_option("container", options->container, "Name or id of the container")->required();
  command->add_flag("-f,--follow", options->follow, "Go on until the container has ended");
  command->add_option(
      "--since", options->since, "Only lines from a time on: 2026-11-23T21:10:15 or 42m ago");
  command->add_option(
      "-n,--tail", options->tail, "Only so many lines from the end, all by default");
  command->add_flag("-t,--timestamps", options->timestamps, "Show when each line was written");
  command->add_option(
      "--until", options->until, "Only lines before a time: 2026-11-23T21:10:15 or 42m ago");
  command->callback([options, &context] { context.finish(logs(*options, context)); });
}

}  // namespace ikada
