#include "runtime/monitor/options.h"

namespace ikada {

Json to_json(const MonitorOptions& options) {
  return Json{{"id", options.id},
              {"bundle", options.bundle},
              {"state_root", options.state_root},
              {"log_path", options.log_path},
              {"log_max_bytes", options.log_max_bytes},
              {"log_max_files", options.log_max_files},
              {"attach_socket", options.attach_socket},
              {"exit_path", options.exit_path},
              {"terminal", options.terminal},
              {"open_stdin", options.open_stdin},
              {"stdin_once", options.stdin_once},
              {"network", options.network},
              {"cleanup_command", options.cleanup_command}};
}

Result<MonitorOptions> parse_monitor_options(const Json& json) {
  MonitorOptions options;
  JsonReader reader(json, "monitor options");
  reader.require("id", options.id);
  reader.require("bundle", options.bundle);
  reader.require("state_root", options.state_root);
  reader.read("log_path", options.log_path);
  reader.read("log_max_bytes", options.log_max_bytes);
  reader.read("log_max_files", options.log_max_files);
  reader.read("attach_socket", options.attach_socket);
  reader.read("exit_path", options.exit_path);
  reader.read("terminal", options.terminal);
  reader.read("open_stdin", options.open_stdin);
  reader.read("stdin_once", options.stdin_once);
  if (const Json* network = reader.find("network")) options.network = *network;
  reader.read("cleanup_command", options.cleanup_command);
  if (options.log_max_files == 0) reader.fail("log_max_files", "must be at least 1");
  IK_TRY(reader.done());
  return options;
}

Json to_json(const ExitRecord& record) {
  return Json{{"exit_code", record.exit_code},
              {"signal", record.signal},
              {"oom_killed", record.oom_killed},
              {"finished_at", record.finished_at}};
}

Result<ExitRecord> parse_exit_record(const Json& json) {
  ExitRecord record;
  JsonReader reader(json, "exit record");
  reader.require("exit_code", record.exit_code);
  reader.read("signal", record.signal);
  reader.read("oom_killed", record.oom_killed);
  reader.require("finished_at", record.finished_at);
  IK_TRY(reader.done());
  return record;
}

}  // namespace ikada
