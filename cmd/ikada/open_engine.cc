#include "cmd/ikada/open_engine.h"

#include <stdio.h>
#include <unistd.h>

#include "cluster/engine/container_names.h"

namespace ikada {
EngineLayout engine_layout(const Context& context) {
  return {.root = context.root, .run_root = context.run_root};
}

Result<Engine> open_engine(const Context& context) {
  if (::geteuid() != 0) {
    return make_error(ErrorKind::kDenied, "permission denied: ikada has to run as root");
  }
  IK_LET(self, own_program());
  IK_LET(runtime, find_runtime_program());
  EngineOptions options;
  options.layout = engine_layout(context);
  options.runtime_program = std::move(runtime);
  options.cleanup_command = {
      self, "--root", context.root, "--run-root", context.run_root, "container-cleanup"};
  options.bridge.state_dir = options.layout.network_state();
  return Engine::open(std::move(options));
}

Result<ContainerRecord> find_record(const Engine& engine, const std::string& name_or_id) {
  IK_LET(id, find_container(engine.layout(), name_or_id));
  Result<ContainerRecord> record = load_record(engine.layout(), id);
  // Being made or being removed by another command just now.
  if (!record.has_value() && record.error().kind == ErrorKind::kNotFound) {
    return make_error(ErrorKind::kNotFound, "No such container: {}", name_or_id);
  }
  return record;
}

void for_each_container(
    Context& context,
    const std::vector<std::string>& names,
    const std::function<Result<void>(Engine&, const ContainerRecord&)>& action) {
  Result<Engine> engine = open_engine(context);
  if (!engine.has_value()) return context.finish(engine.error());
  for (const std::string& name : names) {
    const Result<ContainerRecord> record = find_record(*engine, name);
    const Result<void> done = record.has_value() ? action(*engine, *record) : record.error();
    if (done.has_value()) {
      ::printf("%s\n", name.c_str());
    } else {
      context.finish(done);
    }
  }
}

}  // namespace ikada
